//! What the columns of Exchange logs mean.

/// Which log of Exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    HttpProxy,
    MessageTracking,
    SmtpReceive,
    SmtpSend,
    Other,
}

/// What has to be done with a column beyond keeping it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// When the record was written.
    Time,
    /// A whole number, as a rule.
    Number,
    /// Several values separated by semicolons.
    List,
    /// The path of a request.
    Stem,
    /// The query of a request, with its question mark or without.
    Query,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    /// As the file names it.
    pub(super) name: String,
    pub(super) role: Role,
    /// The name that W3C logs give to the same fact.
    pub(super) also: Option<&'static str>,
}

/// HttpProxy's columns that W3C logs know by another name.
const HTTP_PROXY: &[(&str, Role, Option<&str>)] = &[
    ("DateTime", Role::Time, None),
    ("Method", Role::Plain, Some("cs-method")),
    ("UrlHost", Role::Plain, Some("cs-host")),
    ("UrlStem", Role::Stem, None),
    ("UrlQuery", Role::Query, None),
    ("HttpStatus", Role::Number, Some("sc-status")),
    ("ClientIpAddress", Role::Plain, Some("c-ip")),
    ("UserAgent", Role::Plain, Some("cs-user-agent")),
    ("AuthenticatedUser", Role::Plain, Some("cs-username")),
    ("ServerHostName", Role::Plain, Some("s-computername")),
    ("RequestBytes", Role::Number, Some("cs-bytes")),
    ("ResponseBytes", Role::Number, Some("sc-bytes")),
    ("BackEndStatus", Role::Number, None),
    ("ProxyTime", Role::Number, None),
    ("TotalRequestTime", Role::Number, None),
];

/// Columns of the transport logs that are more than text.
const TRANSPORT: &[(&str, Role, Option<&str>)] = &[
    ("date-time", Role::Time, None),
    ("Timestamp", Role::Time, None),
    ("recipient-address", Role::List, None),
    ("recipient-status", Role::List, None),
    ("reference", Role::List, None),
    ("total-bytes", Role::Number, None),
    ("recipient-count", Role::Number, None),
    ("internal-message-id", Role::Number, None),
    ("sequence-number", Role::Number, None),
];

impl Log {
    /// The log that a `#Log-type` line names.
    pub(super) fn named(log_type: &str) -> Self {
        match log_type {
            "HttpProxy Logs" | "HttpProxy Log" | "HttpProxy" => Self::HttpProxy,
            "Message Tracking Log" => Self::MessageTracking,
            "SMTP Receive Protocol Log" => Self::SmtpReceive,
            "SMTP Send Protocol Log" => Self::SmtpSend,
            _ => Self::Other,
        }
    }

    /// The log that has columns of these names, where the names alone tell.
    pub(super) fn of_names<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Option<Self> {
        let has = |wanted: &str| names.clone().any(|name| name == wanted);
        match names.clone().next()? {
            "DateTime" if has("RequestId") && has("UrlStem") => Some(Self::HttpProxy),
            "date-time" if has("event-id") && has("recipient-address") => Some(Self::MessageTracking),
            _ => None,
        }
    }
}

/// Whether `name` is no value but what Exchange calls its first column.
pub(super) fn is_first_column(name: &str) -> bool {
    matches!(name, "DateTime" | "date-time" | "Timestamp")
}

/// The columns called `names`.
pub(super) fn columns<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Column> {
    let mut names = names.peekable();
    // Every log of the web front ends begins like this and shares the names below.
    let table = if names.peek() == Some(&"DateTime") { HTTP_PROXY } else { TRANSPORT };
    names
        .map(|name| {
            let known = table.iter().find(|(known, ..)| *known == name);
            let (role, also) = known.map_or((Role::Plain, None), |(_, role, also)| (*role, *also));
            Column { name: name.to_owned(), role, also }
        })
        .collect()
}
