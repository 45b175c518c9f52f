//! The gate's configuration: one TOML file, read and checked as a whole before any of it counts.

mod address;
mod check;
mod kinds;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use address::{Address, Hop};
pub use check::Problem;
pub use kinds::{Day, Network, Pattern, WrongValue};

use crate::policy::{Allow, Group, Policy};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name under which the gate signs its `Authentication-Results` (RFC 8601), such as
    /// `gate.parliament.example`; without it none are added.
    #[serde(default)]
    pub id: Option<String>,
    /// Judge and log, and deliver everything as it came.
    #[serde(default)]
    pub dry_run: bool,
    /// What becomes of a message that could not be judged.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Doors for a mail server that speaks the milter protocol.
    #[serde(default)]
    pub milter: Vec<MilterDoor>,
    /// Doors that stand between two mail servers.
    #[serde(default)]
    pub smtp: Vec<SmtpDoor>,
    /// What is known of the institution: a table, or a file with one.
    #[serde(default)]
    pub institution: Institution,
    /// Which rules judge.
    #[serde(default)]
    pub rules: Rules,
    /// What is done with whom.
    #[serde(default)]
    pub policy: Policy,
    /// Recipients who are treated otherwise.
    #[serde(default)]
    pub group: Vec<Group>,
    /// Senders that pass in any case.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// Where originals lie.
    pub quarantine: Quarantine,
    /// Who wrote before.
    #[serde(default)]
    pub history: Option<History>,
    /// Where released messages go.
    #[serde(default)]
    pub release: Option<Release>,
    /// The page that links lead through.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// The key for ARC sets on changed messages.
    #[serde(default)]
    pub arc: Option<Arc>,
    /// Name servers.
    #[serde(default)]
    pub dns: Dns,
    /// Readiness, liveness and metrics.
    #[serde(default)]
    pub http: Option<Http>,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// What becomes of a message that could not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The sender comes again.
    #[default]
    Tempfail,
    /// It goes on as it came.
    Pass,
}

/// A milter door.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MilterDoor {
    /// Where the mail server connects to.
    pub listen: Address,
}

/// A proxy door.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpDoor {
    /// Where the server before the gate connects to.
    pub listen: Address,
    /// The server behind the gate.
    pub next_hop: Hop,
    /// LMTP (RFC 2033) in place of ESMTP: each recipient is answered apart.
    #[serde(default)]
    pub lmtp: bool,
    /// The name in greetings.
    #[serde(default)]
    pub hostname: Option<String>,
    /// Who may hand over a client's address by XFORWARD or XCLIENT; by default the networks of this machine.
    #[serde(default)]
    pub trusted: Vec<Network>,
    /// Certificate and key for STARTTLS.
    #[serde(default)]
    pub tls: Option<Tls>,
}

/// Certificate and key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, own certificate first (PEM).
    pub certificate: PathBuf,
    /// The private key (PEM).
    pub key: PathBuf,
}

/// What is known of the institution.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Institution {
    /// A file with such a table.
    File(PathBuf),
    /// The table itself.
    Here(toml::Table),
}

impl Default for Institution {
    fn default() -> Self {
        Self::Here(toml::Table::new())
    }
}

/// Which rules judge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Whether the built-in rules count.
    pub builtin: bool,
    /// Files, and folders that are searched for `*.yml` and `*.yaml`.
    pub paths: Vec<PathBuf>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { builtin: true, paths: Vec::new() }
    }
}

/// Where originals lie.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// A folder of the gate's own, on a disk that keeps what it was given.
    pub dir: PathBuf,
    /// After so many days an original is deleted.
    #[serde(default = "retention")]
    pub retention_days: u32,
}

/// Who wrote before, and which mailings are under way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The file (SQLite). Traces of mailings lie in a second one beside it.
    pub file: PathBuf,
    /// After so many days without a message a sender is forgotten.
    #[serde(default = "history_retention")]
    pub retention_days: u32,
    /// After so many days a message no longer counts for its mailing.
    #[serde(default = "retention")]
    pub mailing_days: u32,
}

/// Where released messages go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The mail server that takes them: `host:port`, or `unix:/path`.
    pub next_hop: Hop,
}

/// The notice page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its address as readers' browsers see it.
    pub url: String,
    /// The key that signs targets (P-256, PKCS#8, PEM).
    pub key: PathBuf,
    /// Where the gate serves it, for the web server that faces the readers; nothing else is served there.
    #[serde(default)]
    pub listen: Option<std::net::SocketAddr>,
}

/// The key for ARC sets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arc {
    /// The domain that signs.
    pub domain: String,
    /// The selector under which its public key stands in the DNS.
    pub selector: String,
    /// The private key (PEM: RSA, or Ed25519 in PKCS#8).
    pub key: PathBuf,
}

/// Name servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// Their addresses; those of the machine where none are given.
    pub servers: Vec<std::net::SocketAddr>,
    /// Ask nobody: SPF, DKIM and DMARC are left out, and what rules say of them does not hold.
    pub off: bool,
}

/// Readiness, liveness and metrics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// A local address.
    pub listen: std::net::SocketAddr,
}

/// Bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest message in bytes.
    pub message_bytes: usize,
    /// Connections at once, over all doors.
    pub connections: usize,
    /// Seconds for judging a message, waiting included.
    pub judge_seconds: u64,
    /// Messages that are judged at once; 0: as many as the machine has processors.
    pub judges: usize,
    /// Seconds that a drain waits for connections at the end.
    pub drain_seconds: u64,
    /// Messages that mailings are joined from in memory, about 1 KiB each; the oldest are left out.
    pub mailings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 50 << 20,
            connections: 1_000,
            judge_seconds: 60,
            judges: 0,
            drain_seconds: 30,
            mailings: 100_000,
        }
    }
}

const fn retention() -> u32 {
    90
}

const fn history_retention() -> u32 {
    730
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no TOML, or holds what is not known.
    #[error("{path} cannot be used")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What was wrong, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// What it says does not fit together.
    #[error("{path} cannot be used: {}", Problem::list(.problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Everything that was found.
        problems: Vec<Problem>,
    },
}

impl Config {
    /// Reads the file at `path`. Relative paths in it are seen from its folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no such file, or holds what does not fit together.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut config = Self::parse(&text)
            .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: source.into() })?;
        config.root(path.parent().unwrap_or(Path::new("")));
        let problems = check::check(&config, &text);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Wrong { path: path.to_owned(), problems })
        }
    }

    /// Reads a configuration without looking whether it fits together.
    ///
    /// # Errors
    ///
    /// With line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What is known of the institution.
    ///
    /// # Errors
    ///
    /// When its file cannot be read, or the table holds what is not known.
    pub fn institution(&self, path: &Path) -> Result<mail::Settings, ConfigError> {
        let wrong =
            |path: &Path, source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) };
        let mut settings = match &self.institution {
            Institution::Here(table) => {
                mail::Settings::deserialize(table.clone()).map_err(|source| wrong(path, source))?
            }
            Institution::File(file) => {
                let text = std::fs::read_to_string(file)
                    .map_err(|source| ConfigError::Read { path: file.clone(), source })?;
                mail::Settings::parse(&text).map_err(|source| wrong(file, source))?
            }
        };
        // The gate evaluates for itself; what stands in a message under its own name is a forgery.
        settings.authserv_ids.retain(|id| self.id.as_ref().is_none_or(|own| !own.eq_ignore_ascii_case(id)));
        Ok(settings)
    }

    /// Relative paths are seen from the folder of the configuration.
    fn root(&mut self, folder: &Path) {
        let seen = |path: &mut PathBuf| *path = folder.join(&*path);
        seen(&mut self.quarantine.dir);
        self.rules.paths.iter_mut().for_each(seen);
        self.history.iter_mut().for_each(|history| seen(&mut history.file));
        self.notice.iter_mut().for_each(|notice| seen(&mut notice.key));
        self.arc.iter_mut().for_each(|arc| seen(&mut arc.key));
        for tls in self.smtp.iter_mut().filter_map(|door| door.tls.as_mut()) {
            seen(&mut tls.certificate);
            seen(&mut tls.key);
        }
        if let Institution::File(file) = &mut self.institution {
            seen(file);
        }
    }
}

#[cfg(test)]
mod tests;
