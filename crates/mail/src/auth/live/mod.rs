//! Evaluation at the door: SPF, DKIM, DMARC and ARC against the name system.
//!
//! The only part of this room that asks anybody anything. A hunt reads what was evaluated when a
//! message came and starts none of it.

mod bodies;
pub(crate) mod names;

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::op::ResponseCode;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::dmarc::{Dmarc, Policy};
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcResult, DnsError, Error, MessageAuthenticator, Parameters,
    ResolverCache, SpfOutput, SpfResult, Txt,
};

use super::Evaluated;
use super::arc::{self, Chain};
use super::spf::{self, Peer, Verdict};
use names::{Names, Trouble};

pub use names::{Entry, Zone};

/// Signatures whose results are kept.
const SIGNATURES: usize = 20;

/// Why nothing can be evaluated.
#[derive(Debug, thiserror::Error)]
#[error("the name system cannot be asked: {0}")]
pub struct LiveError(String);

/// Evaluates messages at the door.
pub struct Live {
    names: Names,
    authenticator: MessageAuthenticator,
    patience: Duration,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Live {
    /// Asks the name servers that the machine is set up with. One message takes at most `patience`.
    ///
    /// # Errors
    ///
    /// When the machine's configuration cannot be read.
    pub fn of_system(patience: Duration) -> Result<Self, LiveError> {
        Self::of(Names::of_system(each(patience)).map_err(|error| LiveError(error.to_string()))?, patience)
    }

    /// Asks the given name servers. One message takes at most `patience`.
    ///
    /// # Errors
    ///
    /// When no resolver can be made of them.
    pub fn of_servers(servers: &[SocketAddr], patience: Duration) -> Result<Self, LiveError> {
        let names =
            Names::of_servers(servers, each(patience)).map_err(|error| LiveError(error.to_string()))?;
        Self::of(names, patience)
    }

    /// Asks nobody: all there is to know is in `zone`.
    ///
    /// # Errors
    ///
    /// When no resolver can be made.
    pub fn of_zone(zone: Zone) -> Result<Self, LiveError> {
        Self::of(Names::Zone(zone), Duration::from_secs(60))
    }

    fn of(names: Names, patience: Duration) -> Result<Self, LiveError> {
        let authenticator = match &names {
            Names::Servers(servers) => MessageAuthenticator((**servers).clone()),
            Names::Zone(_) => {
                let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
                MessageAuthenticator::new(nobody, ResolverOpts::default())
                    .map_err(|error| LiveError(error.to_string()))?
            }
        };
        Ok(Self { names, authenticator, patience })
    }

    /// SPF alone, with the domain's explanation of a failure; `now_seconds` is for its macros.
    pub async fn spf(&self, peer: &Peer<'_>, now_seconds: u64) -> (Verdict, Option<String>) {
        tokio::time::timeout(self.patience, spf::check(&self.names, peer, Some(now_seconds)))
            .await
            .unwrap_or((Verdict::TempError, None))
    }

    /// The chain of ARC sets alone.
    pub async fn arc(&self, raw: &[u8]) -> Chain {
        let nothing = Chain { state: "temperror", sets: 0 };
        tokio::time::timeout(self.patience, arc::verify(&self.names, raw)).await.unwrap_or(nothing)
    }

    /// Everything about the message `raw`, which `client` delivers under the name `helo` for the
    /// envelope sender `mail_from` (without brackets) to the server `host_name`. Trouble with the
    /// name system shows as `temperror`.
    pub async fn evaluate(
        &self,
        raw: &[u8],
        client: IpAddr,
        helo: &str,
        mail_from: &str,
        host_name: &str,
    ) -> Evaluated {
        let peer = Peer { client, helo, mail_from, host_name };
        let deadline = tokio::time::Instant::now() + self.patience;
        let mut message = AuthenticatedMessage::parse(raw);
        message.iter_mut().for_each(bodies::correct);
        let keys = self.keys(message.as_ref()).await;
        let dkim = async {
            match &message {
                Some(message) => {
                    let asked = Parameters::new(message).with_txt_cache(&keys);
                    self.authenticator.verify_dkim(asked).await
                }
                None => Vec::new(),
            }
        };
        let (spf, chain, dkim) = tokio::join!(
            tokio::time::timeout_at(deadline, spf::check(&self.names, &peer, None)),
            tokio::time::timeout_at(deadline, arc::verify(&self.names, raw)),
            tokio::time::timeout_at(deadline, dkim),
        );
        let (spf, _) = spf.unwrap_or((Verdict::TempError, None));
        let chain = chain.map_or("temperror", |chain| chain.state);
        let (_, domain) = peer.sender();
        let mut evaluated =
            Evaluated { spf: spf.word().to_owned(), arc: chain.to_owned(), ..Evaluated::default() };
        let mut author = String::new();
        match (&message, dkim) {
            (Some(message), Ok(outputs)) => {
                evaluated.dkim = outputs.iter().take(SIGNATURES).map(signature).collect();
                let spf = SpfOutput::new(domain.to_owned()).with_result(theirs(spf));
                let staged = self.staged(policy_names(message, domain, &evaluated.dkim)).await;
                let parameters = DmarcParameters {
                    message,
                    dkim_output: &outputs,
                    dkim2_output: None,
                    rfc5321_mail_from_domain: domain,
                    spf_output: &spf,
                };
                let asked = Parameters::new(parameters).with_txt_cache(&staged);
                match tokio::time::timeout_at(deadline, self.authenticator.verify_dmarc(asked)).await {
                    Ok(output) => {
                        evaluated.dmarc = policy_result(&output.result()).to_owned();
                        if output.dmarc_record().is_some() {
                            evaluated.dmarc_policy = policy(output.policy()).to_owned();
                        }
                        author = output.domain().to_owned();
                    }
                    Err(_) => evaluated.dmarc = "temperror".to_owned(),
                }
            }
            (Some(message), Err(_)) => {
                let all = message.dkim_headers.iter().take(SIGNATURES);
                evaluated.dkim = all
                    .map(|header| ("temperror".to_owned(), header.header.d.clone(), header.header.s.clone()))
                    .collect();
                evaluated.dmarc = "temperror".to_owned();
            }
            (None, _) => evaluated.dmarc = "none".to_owned(),
        }
        evaluated.header = header(&evaluated, &peer, &author);
        evaluated
    }

    async fn keys(&self, message: Option<&AuthenticatedMessage<'_>>) -> Staged {
        let all = message.into_iter().flat_map(|message| message.dkim_headers.iter().take(SIGNATURES));
        let names = all.map(|header| format!("{}._domainkey.{}.", header.header.s, header.header.d));
        self.staged(names.collect()).await
    }

    /// What the library is to find under these names; with real servers it asks them itself.
    async fn staged(&self, names: Vec<String>) -> Staged {
        let mut staged = Staged::default();
        if !matches!(self.names, Names::Zone(_)) {
            return staged;
        }
        for name in names {
            let name = name.to_ascii_lowercase();
            let found = match self.names.texts(&name).await {
                Err(Trouble) => Txt::Error(Error::Dns(DnsError::Resolver("staged".to_owned()))),
                Ok(texts) if texts.is_empty() => {
                    Txt::Error(Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain)))
                }
                Ok(texts) if name.starts_with("_dmarc.") => first::<Dmarc>(&texts),
                Ok(texts) => first::<DomainKey>(&texts),
            };
            staged.0.insert(name.into_boxed_str(), found);
        }
        staged
    }
}

/// The part of the patience that one question may take.
fn each(patience: Duration) -> Duration {
    (patience / 3).max(Duration::from_millis(50))
}

/// The first text that can be read, as the library does it.
fn first<T: TxtRecordParser + Into<Txt>>(texts: &[Vec<u8>]) -> Txt {
    let mut result = Err(Error::Dns(DnsError::InvalidRecordType));
    for text in texts {
        result = T::parse(text);
        if result.is_ok() {
            break;
        }
    }
    result.into()
}

/// Answers prepared for the library.
#[derive(Default)]
struct Staged(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Staged {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// Every name under which the library may look for a policy: each domain and what it lies below.
fn policy_names(
    message: &AuthenticatedMessage<'_>,
    sender: &str,
    dkim: &[(String, String, String)],
) -> Vec<String> {
    let authors = message.from.iter().filter_map(|from| from.rsplit_once('@')).map(|(_, domain)| domain);
    let signers = dkim.iter().map(|(_, domain, _)| domain.as_str());
    let mut names = Vec::new();
    for domain in authors.take(SIGNATURES).chain([sender]).chain(signers) {
        let mut rest = Some(domain);
        // A name has at most 127 labels.
        while let Some(domain) = rest {
            names.push(format!("_dmarc.{domain}."));
            rest = domain.split_once('.').map(|(_, rest)| rest);
        }
    }
    names
}

fn signature(output: &mail_auth::DkimOutput<'_>) -> (String, String, String) {
    let result = match output.result() {
        DkimResult::Pass => "pass",
        DkimResult::Neutral(_) => "neutral",
        DkimResult::Fail(_) => "fail",
        DkimResult::PermError(_) => "permerror",
        DkimResult::TempError(_) => "temperror",
        DkimResult::None => "none",
    };
    let (domain, selector) =
        output.signature().map_or_else(Default::default, |found| (found.d.clone(), found.s.clone()));
    (result.to_owned(), domain, selector)
}

const fn policy_result(result: &DmarcResult) -> &'static str {
    match result {
        DmarcResult::Pass => "pass",
        DmarcResult::Fail(_) => "fail",
        DmarcResult::TempError(_) => "temperror",
        DmarcResult::PermError(_) => "permerror",
        DmarcResult::None => "none",
    }
}

const fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::Quarantine => "quarantine",
        Policy::Reject => "reject",
        Policy::None | Policy::Unspecified => "none",
    }
}

const fn theirs(verdict: Verdict) -> SpfResult {
    match verdict {
        Verdict::None => SpfResult::None,
        Verdict::Neutral => SpfResult::Neutral,
        Verdict::Pass => SpfResult::Pass,
        Verdict::Fail => SpfResult::Fail,
        Verdict::SoftFail => SpfResult::SoftFail,
        Verdict::TempError => SpfResult::TempError,
        Verdict::PermError => SpfResult::PermError,
    }
}

/// The value of the field that says it all.
fn header(evaluated: &Evaluated, peer: &Peer<'_>, author: &str) -> String {
    let mut out = value(peer.host_name);
    let (_, domain) = peer.sender();
    let place = if peer.mail_from.is_empty() { "smtp.helo" } else { "smtp.mailfrom" };
    out += &format!("; spf={} {place}={}", evaluated.spf, value(domain));
    if evaluated.dkim.is_empty() {
        out += "; dkim=none";
    }
    for (result, domain, selector) in &evaluated.dkim {
        out += &format!("; dkim={result}");
        if !domain.is_empty() {
            out += &format!(" header.d={} header.s={}", value(domain), value(selector));
        }
    }
    out += &format!("; dmarc={}", evaluated.dmarc);
    if !author.is_empty() {
        out += &format!(" header.from={}", value(author));
    }
    if !evaluated.dmarc_policy.is_empty() {
        out += &format!(" policy.published-domain-policy={}", evaluated.dmarc_policy);
    }
    out += &format!("; arc={}", evaluated.arc);
    out
}

/// A value as it may stand in the field: what the sender chose must not end it or add to it.
fn value(text: &str) -> String {
    let plain = |found: char| found.is_ascii_alphanumeric() || "-._+@/:[]".contains(found);
    if !text.is_empty()
        && text.len() <= 255
        && text.chars().all(|found| plain(found) && !"/:[]@".contains(found))
    {
        return text.to_owned();
    }
    let kept: String = text.chars().take(255).filter(|&found| plain(found) || found == ' ').collect();
    format!("\"{kept}\"")
}
