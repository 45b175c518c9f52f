//! What a `#Fields` line says of the records below it.

use model::SourceId;

use super::{MAX_COLUMNS, Sources};

/// What has to be done with a column beyond keeping it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Text as it stands.
    Plain,
    /// The calendar date.
    Date,
    /// The time of day.
    Clock,
    /// A whole number, as a rule.
    Number,
    /// A URI or a part of one that may hold percent escapes.
    Escaped,
    /// Part of a web server's request target, whose parts are added together.
    Target,
    /// A header in which blanks were written as `+`; its aliases get the blanks back.
    Header,
}

/// One column of a W3C log.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// As the file names it, and the further names under which rules look for it.
    pub(super) names: Vec<String>,
    /// What to do with its values.
    pub(super) role: Role,
}

/// What a log with these columns is a log of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A web server.
    Web,
    /// A web proxy.
    Proxy,
    /// A packet filter.
    Firewall,
    /// Something else.
    Other,
}

/// The columns that a `#Fields` line announces, and where those lie that are put together.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) all: Vec<Column>,
    pub(super) shape: Shape,
    pub(super) source: SourceId,
    pub(super) date: Option<usize>,
    pub(super) clock: Option<usize>,
    /// Whether date and time are those of the server's zone, by their names.
    pub(super) local: bool,
    pub(super) stem: Option<usize>,
    pub(super) query: Option<usize>,
    pub(super) uri: Option<usize>,
    pub(super) scheme: Option<usize>,
    pub(super) host: Option<usize>,
    pub(super) port: Option<usize>,
    pub(super) path: Option<usize>,
    pub(super) extension: Option<usize>,
}

/// The fields that IIS logs unless told otherwise (IIS 7 to 10).
pub(super) const IIS_DEFAULT: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
     cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";

/// Columns that only a proxy has.
const PROXY_MARKS: &[&str] = &[
    "r-host",
    "r-ip",
    "r-dns",
    "c-uri",
    "s-action",
    "s-operation",
    "s-hierarchy",
    "s-supplier-name",
    "s-object-source",
    "cs-categories",
    "sc-filter-result",
    "x-exception-id",
    "cs-uri-scheme",
];

/// Column → role and the further names under which rules look for it, for web servers.
const WEB: &[(&str, Role, &[&str])] = &[
    ("cs(User-Agent)", Role::Header, &["cs-user-agent"]),
    ("cs(Referer)", Role::Plain, &["cs-referer"]),
    ("cs(Cookie)", Role::Plain, &["cs-cookie"]),
    ("cs(Host)", Role::Plain, &["cs-host"]),
    ("cs(Content-Type)", Role::Plain, &["cs-content-type"]),
    ("cs-uri-stem", Role::Target, &[]),
    ("cs-uri-query", Role::Target, &[]),
];

/// The same for proxies.
const PROXY: &[(&str, Role, &[&str])] = &[
    ("cs(User-Agent)", Role::Header, &["c-useragent", "cs-user-agent"]),
    ("c-agent", Role::Header, &["c-useragent", "cs-user-agent"]),
    ("c-useragent", Role::Header, &["cs-user-agent"]),
    ("cs(Referer)", Role::Plain, &["cs-referer"]),
    ("cs-referred", Role::Plain, &["cs-referer"]),
    ("cs(Cookie)", Role::Plain, &["cs-cookie"]),
    ("cs(Host)", Role::Plain, &["cs-host"]),
    ("r-host", Role::Plain, &["cs-host"]),
    ("r-ip", Role::Plain, &["dst_ip"]),
    ("s-operation", Role::Plain, &["cs-method"]),
    ("cs-uri", Role::Escaped, &["c-uri"]),
    ("c-uri", Role::Escaped, &["cs-uri"]),
    ("cs-uri-query", Role::Escaped, &["c-uri-query"]),
    ("cs-uri-extension", Role::Plain, &["c-uri-extension"]),
];

/// The same for packet filters.
const FIREWALL: &[(&str, Role, &[&str])] = &[
    ("src-ip", Role::Plain, &["src_ip"]),
    ("dst-ip", Role::Plain, &["dst_ip"]),
    ("src-port", Role::Number, &["src_port"]),
    ("dst-port", Role::Number, &["dst_port"]),
];

/// Columns that hold numbers whatever wrote them.
const NUMBERS: &[&str] = &[
    "sc-status",
    "sc-substatus",
    "sc-win32-status",
    "sc-bytes",
    "cs-bytes",
    "time-taken",
    "s-port",
    "c-port",
    "r-port",
    "cs-uri-port",
    "size",
];

impl Columns {
    /// Reads the part after `#Fields:` of a log that was written by `software`.
    pub(super) fn parse(line: &str, software: &str, sources: &Sources) -> Self {
        let names: Vec<&str> = line.split_ascii_whitespace().take(MAX_COLUMNS).collect();
        let shape = shape(&names);
        let table = match shape {
            Shape::Web | Shape::Other => WEB,
            Shape::Proxy => PROXY,
            Shape::Firewall => FIREWALL,
        };
        let mut all: Vec<Column> = names.iter().map(|name| column(name, table)).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| is_one_of(name, wanted));
        let (stem, uri) = (find(&["cs-uri-stem"]), find(&["cs-uri", "c-uri"]));
        if let (Shape::Web, None, Some(uri)) = (shape, stem, uri) {
            // HTTP.sys logs the target in one piece.
            all[uri].role = Role::Target;
        }
        Self {
            all,
            shape,
            source: sources.of(shape, software),
            date: find(&["date"]).or(find(&["date-local"])),
            clock: find(&["time"]).or(find(&["time-local"])),
            local: find(&["time"]).is_none() && find(&["time-local"]).is_some(),
            stem,
            query: find(&["cs-uri-query"]),
            uri,
            scheme: find(&["cs-uri-scheme", "cs-protocol"]),
            host: find(&["cs-host", "cs-uri-host", "cs(Host)", "r-host"]),
            port: find(&["cs-uri-port"]),
            path: find(&["cs-uri-path"]),
            extension: find(&["c-uri-extension", "cs-uri-extension"]),
        }
    }
}

fn is_one_of(name: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn shape(names: &[&str]) -> Shape {
    let has = |wanted: &[&str]| names.iter().any(|name| is_one_of(name, wanted));
    if has(PROXY_MARKS) {
        Shape::Proxy
    } else if has(&["cs-method", "cs-uri-stem", "cs-uri"]) {
        Shape::Web
    } else if has(&["src-ip"]) && has(&["dst-ip"]) {
        Shape::Firewall
    } else {
        Shape::Other
    }
}

fn column(name: &str, table: &'static [(&str, Role, &[&str])]) -> Column {
    let known = table.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
    let (role, also) = match known {
        Some((_, role, also)) => (*role, *also),
        None if name.eq_ignore_ascii_case("date") => (Role::Date, &[][..]),
        None if name.eq_ignore_ascii_case("time") => (Role::Clock, &[][..]),
        None if is_one_of(name, NUMBERS) => (Role::Number, &[][..]),
        None => (Role::Plain, &[][..]),
    };
    // Rules match names exactly, so a known column takes the spelling that they use.
    let name = known.map_or(name, |(known, ..)| known);
    Column { names: std::iter::once(&name).chain(also).map(|name| (*name).to_owned()).collect(), role }
}
