use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use detect::Engine;
use mail::auth::ArcKey;
use mail::auth::live::Live;
use mail::events::Sources;
use mail::neutralise;
use mail::neutralise::notice::{NoticePage, page};
use model::Time;

use crate::Outside;
use crate::config::{Config, ConfigError};

/// For all name lookups of one message.
const LOOKUPS: Duration = Duration::from_secs(15);

/// Everything that judges a message, made of one configuration. A message keeps the setup that it began with.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) institution: mail::Settings,
    pub(crate) engine: Engine,
    pub(crate) sources: Sources,
    pub(crate) live: Option<Live>,
    pub(crate) arc: Option<ArcKey>,
    pub(crate) neutralise: neutralise::Settings,
    pub(crate) notice: Option<NoticePage>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Why a configuration cannot be put to work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key or the rules cannot be used.
    #[error("{what} cannot be used: {why}")]
    Part {
        /// Which.
        what: String,
        /// Why.
        why: String,
    },
}

/// What a configuration comes to, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Rules that judge messages.
    pub rules: usize,
    /// Rules that could not be used: where, and why.
    pub rejected: Vec<String>,
    /// What is in order and may surprise all the same.
    pub remarks: Vec<String>,
}

impl Setup {
    /// Reads the configuration at `path`, and all that it names.
    pub(crate) fn read(path: &Path, outside: &Outside) -> Result<(Self, Told), SetupError> {
        let config = Config::read(path)?;
        let institution = config.institution(path)?;
        let rules = (outside.rules)(config.rules.builtin, &config.rules.paths)
            .map_err(|why| SetupError::Part { what: "the rules".to_owned(), why })?;
        let log = observe::LogSources::builtin();
        let sources = Sources::new(|name| log.named(name));
        let rejected =
            rules.rejected.iter().map(|one| format!("{}:{}: {}", one.source, one.line, one.reason));
        let mut told = Told { rejected: rejected.collect(), ..Told::default() };
        let engine = Engine::new(Arc::new(rules), log.all());
        told.rules = engine.rules_for(sources.mail).len();
        told.remarks = remarks(&config, told.rules, (outside.now)());
        let live = match &config.dns {
            dns if dns.off || config.id.is_none() => None,
            dns if dns.servers.is_empty() => Some(Live::of_system(LOOKUPS)),
            dns => Some(Live::of_servers(&dns.servers, LOOKUPS)),
        };
        let live = live
            .transpose()
            .map_err(|error| SetupError::Part { what: "[dns]".to_owned(), why: error.to_string() })?;
        let arc = match &config.arc {
            None => None,
            Some(arc) => {
                let key = ArcKey::from_pem(&arc.domain, &arc.selector, &text(&arc.key)?);
                Some(key.map_err(|error| part(&arc.key, error))?)
            }
        };
        let mut neutralise = neutralise::Settings::default();
        let mut notice = None;
        if let Some(set) = &config.notice {
            let key = neutralise::Key::from_pem(&text(&set.key)?).map_err(|error| part(&set.key, error))?;
            let public = key.public_key().map_err(|error| part(&set.key, error))?;
            let name = institution.domains.first().map_or("", String::as_str);
            notice = Some(page(&public, name));
            neutralise.notice = Some(set.url.clone());
            neutralise.key = Some(Arc::new(key));
        }
        Ok((Self { config, institution, engine, sources, live, arc, neutralise, notice }, told))
    }

    /// Whose setting this is: the name for `Authentication-Results`, where there is one.
    pub(crate) fn id(&self) -> Option<&str> {
        self.config.id.as_deref()
    }

    /// How many messages are judged at once.
    pub(crate) fn judges(&self) -> usize {
        match self.config.limits.judges {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2),
            set => set,
        }
    }
}

/// What is in order and may surprise all the same.
fn remarks(config: &Config, rules: usize, now: Time) -> Vec<String> {
    let mut all = Vec::new();
    for allow in config.allow.iter().filter(|allow| allow.expires.is_over(now)) {
        all.push(format!(
            "an entry of the allow list expired on {} and does not count: {}",
            allow.expires, allow.reason
        ));
    }
    if config.dry_run {
        all.push("dry run: everything is delivered as it came".to_owned());
    }
    if rules == 0 {
        all.push("no rule is for mail: everything passes".to_owned());
    }
    if config.id.is_none() && !config.dns.off {
        all.push("no id is set: SPF, DKIM and DMARC are not evaluated".to_owned());
    }
    if config.notice.is_none() {
        all.push("no notice page is set: links of what is neutralised are taken off".to_owned());
    }
    if !config.milter.is_empty() && !config.group.is_empty() && config.release.is_none() {
        all.push(
            "[release] is not set: where a milter's message is to be changed for some recipients alone, its \
             sender is told to come again"
                .to_owned(),
        );
    }
    all
}

fn text(path: &PathBuf) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.clone(), source })
}

fn part(path: &Path, error: impl fmt::Display) -> SetupError {
    SetupError::Part { what: path.display().to_string(), why: error.to_string() }
}
