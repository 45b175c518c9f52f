use std::fmt;

/// What a piece of evidence was recognised as, by its content alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Windows event log.
    Evtx,
    /// W3C extended log, as IIS writes it.
    W3c,
    /// Access or error log of Apache httpd or nginx.
    Combined,
    /// Log of Microsoft Exchange in comma-separated values with a `#Log-type` or its columns.
    Exchange,
    /// JSON: one document, one object a line, or a list of objects.
    Json,
    /// Zeek's log in columns.
    Zeek,
    /// Values separated by commas, semicolons or tabs under a header.
    Csv,
    /// Syslog, RFC 3164 or RFC 5424.
    Syslog,
    /// Log of the Linux audit daemon.
    Auditd,
    /// One mail message, RFC 5322.
    Message,
    /// Mail messages one after the other, each after a line `From `.
    Mbox,
    /// A message as Apple Mail keeps it: its length, the message, and a property list.
    Emlx,
    /// A message that Outlook saved, MS-OXMSG.
    Msg,
    /// A message in Outlook's transport format, MS-OXTNEF.
    Tnef,
    /// A mailbox of Outlook, MS-PST: a PST or an OST.
    Pst,
    /// Zip archive.
    Zip,
    /// Tar archive.
    Tar,
    /// 7z archive.
    SevenZip,
    /// Compressed by gzip, RFC 1952.
    Gzip,
    /// Compressed by Zstandard, RFC 8878.
    Zstd,
    /// Compressed by xz.
    Xz,
    /// Compressed by bzip2.
    Bzip2,
    /// Text of no known shape.
    Text,
    /// Nothing at all: no bytes, or NUL bytes alone.
    Empty,
    /// Nothing that is known here.
    Unknown,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 25] = [
        Self::Evtx,
        Self::W3c,
        Self::Combined,
        Self::Exchange,
        Self::Json,
        Self::Zeek,
        Self::Csv,
        Self::Syslog,
        Self::Auditd,
        Self::Message,
        Self::Mbox,
        Self::Emlx,
        Self::Msg,
        Self::Tnef,
        Self::Pst,
        Self::Zip,
        Self::Tar,
        Self::SevenZip,
        Self::Gzip,
        Self::Zstd,
        Self::Xz,
        Self::Bzip2,
        Self::Text,
        Self::Empty,
        Self::Unknown,
    ];

    /// The short name that stands in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evtx => "evtx",
            Self::W3c => "w3c",
            Self::Combined => "combined",
            Self::Exchange => "exchange",
            Self::Json => "json",
            Self::Zeek => "zeek",
            Self::Csv => "csv",
            Self::Syslog => "syslog",
            Self::Auditd => "auditd",
            Self::Message => "message",
            Self::Mbox => "mbox",
            Self::Emlx => "emlx",
            Self::Msg => "msg",
            Self::Tnef => "tnef",
            Self::Pst => "pst",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::SevenZip => "7z",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it holds other pieces of evidence and no records of its own.
    pub const fn is_container(self) -> bool {
        matches!(
            self,
            Self::Zip | Self::Tar | Self::SevenZip | Self::Gzip | Self::Zstd | Self::Xz | Self::Bzip2
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
