//! Whether a server may send for a domain (RFC 7208).
//!
//! Ours rather than that of the library that verifies DKIM and DMARC: all 203 tests of the published
//! suite come out, and names that only tests and intruders think of never leave the bounds set here.

mod macros;
mod record;

use std::net::IpAddr;
use std::pin::Pin;

use ipnet::IpNet;

use super::live::names::{Names, Trouble};
use macros::Template;
use record::{Mechanism, Record, Says};

/// Terms that ask the name system, in one evaluation (section 4.6.4).
const LOOKUPS: usize = 10;
/// Questions that may come back empty.
const VOID: usize = 2;
/// Exchangers and names of an address that are looked at.
const HOSTS: usize = 10;

/// What SPF says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no policy.
    None,
    /// The policy says nothing of this server.
    Neutral,
    /// The server may send for the domain.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// The name system did not answer.
    TempError,
    /// The policy cannot be understood.
    PermError,
}

impl Verdict {
    /// As it is written in `Authentication-Results`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// Who asks to deliver, and who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// The address that the connection comes from.
    pub client: IpAddr,
    /// What it called itself in `HELO` or `EHLO`.
    pub helo: &'a str,
    /// The envelope sender without brackets, empty for a bounce.
    pub mail_from: &'a str,
    /// The name of the server that asks.
    pub host_name: &'a str,
}

impl Peer<'_> {
    /// Local part and domain that are judged; the name in `HELO` where there is no sender.
    pub(crate) fn sender(&self) -> (&str, &str) {
        match self.mail_from.rsplit_once('@') {
            Some(("", domain)) => ("postmaster", domain),
            Some((local, domain)) => (local, domain),
            None if self.mail_from.is_empty() => ("postmaster", self.helo),
            None => ("postmaster", self.mail_from),
        }
    }
}

/// The address as macros write it, and the label of its reverse tree.
pub(super) fn dotted(address: IpAddr) -> (String, &'static str) {
    match address {
        IpAddr::V4(four) => (four.to_string(), "in-addr"),
        IpAddr::V6(six) => {
            let nibbles: Vec<String> = six
                .octets()
                .iter()
                .flat_map(|octet| [format!("{:X}", octet >> 4), format!("{:X}", octet & 15)])
                .collect();
            (nibbles.join("."), "ip6")
        }
    }
}

/// Judges a peer. With `explain`, the moment in seconds since 1970, the domain's explanation of a
/// failure comes with it.
pub(crate) async fn check(names: &Names, peer: &Peer<'_>, explain: Option<u64>) -> (Verdict, Option<String>) {
    let client = match peer.client {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(peer.client, IpAddr::V4),
        IpAddr::V4(_) => peer.client,
    };
    let (local, domain) = peer.sender();
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let ascii = idna::domain_to_ascii(domain).ok().filter(|_| !domain.is_ascii());
    let domain = ascii.as_deref().unwrap_or(domain);
    let mut check = Check { names, peer, client, local, domain, lookups: 0, void: 0 };
    let (verdict, explanation) = check.host(domain.to_owned()).await;
    let explanation = match (verdict, explain, explanation) {
        (Verdict::Fail, Some(now), Some((template, domain))) => check.explain(&template, &domain, now).await,
        _ => None,
    };
    (verdict, explanation)
}

/// A verdict, and the explanation that its record names with the domain of that record.
type Outcome = (Verdict, Option<(Template, String)>);

struct Check<'a> {
    names: &'a Names,
    peer: &'a Peer<'a>,
    client: IpAddr,
    local: &'a str,
    domain: &'a str,
    lookups: usize,
    void: usize,
}

impl Check<'_> {
    /// Judges by the record of `domain`. Boxed because records lead to records; the number of terms
    /// that do is bounded, and with it the depth.
    fn host(&mut self, domain: String) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(async move {
            if !is_domain(&domain) {
                return (Verdict::None, None);
            }
            let Ok(texts) = self.names.texts(&domain).await else { return (Verdict::TempError, None) };
            let mut records = texts.iter().filter(|text| record::is_record(text));
            let record = match (records.next(), records.next()) {
                (None, _) => return (Verdict::None, None),
                (Some(text), None) => record::parse(text),
                (Some(_), Some(_)) => None,
            };
            let Some(record) = record else { return (Verdict::PermError, None) };
            match self.judge(record, domain).await {
                Ok(outcome) => outcome,
                Err(verdict) => (verdict, None),
            }
        })
    }

    async fn judge(&mut self, record: Record, domain: String) -> Result<Outcome, Verdict> {
        for (says, mechanism) in &record.mechanisms {
            if self.matches(mechanism, &domain).await? {
                let verdict = match says {
                    Says::Pass => Verdict::Pass,
                    Says::Fail => Verdict::Fail,
                    Says::SoftFail => Verdict::SoftFail,
                    Says::Neutral => Verdict::Neutral,
                };
                return Ok((verdict, record.explanation.map(|template| (template, domain))));
            }
        }
        let Some(redirect) = &record.redirect else { return Ok((Verdict::Neutral, None)) };
        self.count()?;
        let target = self.target(Some(redirect), &domain).await;
        match self.host(target).await {
            (Verdict::None, _) => Err(Verdict::PermError),
            outcome => Ok(outcome),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Verdict> {
        match mechanism {
            Mechanism::All => return Ok(true),
            Mechanism::Four(network, length) => return Ok(self.inside((*network).into(), *length)),
            Mechanism::Six(network, length) => return Ok(self.inside((*network).into(), *length)),
            _ => self.count()?,
        }
        let six = self.client.is_ipv6();
        match mechanism {
            Mechanism::Include(of) => {
                let target = self.target(Some(of), domain).await;
                match self.host(target).await.0 {
                    Verdict::Pass => Ok(true),
                    Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => Ok(false),
                    Verdict::TempError => Err(Verdict::TempError),
                    Verdict::PermError | Verdict::None => Err(Verdict::PermError),
                }
            }
            Mechanism::Address { of, four, six: length } => {
                let target = self.target(of.as_ref(), domain).await;
                let found = self.names.addresses(&target, six).await;
                let found = self.known(found)?;
                Ok(found.into_iter().any(|address| self.inside(address, if six { *length } else { *four })))
            }
            Mechanism::Exchanger { of, four, six: length } => {
                let target = self.target(of.as_ref(), domain).await;
                let found = self.names.exchangers(&target).await;
                let hosts = self.known(found)?;
                if hosts.len() > HOSTS {
                    return Err(Verdict::PermError);
                }
                for host in hosts {
                    let found =
                        self.names.addresses(&host, six).await.map_err(|Trouble| Verdict::TempError)?;
                    if found
                        .into_iter()
                        .any(|address| self.inside(address, if six { *length } else { *four }))
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Mechanism::Pointer(of) => {
                let target = self.target(of.as_ref(), domain).await;
                // Trouble with names of an address is no match: their owner need not be the sender.
                let Ok(found) = self.names.pointers(self.client).await else { return Ok(false) };
                let hosts = self.known(Ok(found))?;
                for host in hosts.iter().take(HOSTS).filter(|host| within(host, &target)) {
                    if self.leads_back(host).await {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Mechanism::Exists(of) => {
                let target = self.target(Some(of), domain).await;
                let found = self.names.addresses(&target, false).await;
                Ok(!self.known(found)?.is_empty())
            }
            Mechanism::All | Mechanism::Four(..) | Mechanism::Six(..) => Ok(false),
        }
    }

    fn count(&mut self) -> Result<(), Verdict> {
        self.lookups += 1;
        if self.lookups > LOOKUPS { Err(Verdict::PermError) } else { Ok(()) }
    }

    /// What was answered, with empty answers counted.
    fn known<T>(&mut self, found: Result<Vec<T>, Trouble>) -> Result<Vec<T>, Verdict> {
        let found = found.map_err(|Trouble| Verdict::TempError)?;
        if found.is_empty() {
            self.void += 1;
            if self.void > VOID {
                return Err(Verdict::PermError);
            }
        }
        Ok(found)
    }

    fn inside(&self, network: IpAddr, length: u8) -> bool {
        IpNet::new(network, length).is_ok_and(|network| network.contains(&self.client))
    }

    async fn leads_back(&self, host: &str) -> bool {
        let found = self.names.addresses(host, self.client.is_ipv6()).await;
        found.is_ok_and(|addresses| addresses.contains(&self.client))
    }

    async fn target(&self, of: Option<&Template>, domain: &str) -> String {
        let Some(template) = of else { return domain.to_owned() };
        let validated = self.validated(template, domain).await;
        macros::name(&template.expand(|letter| self.value(letter, domain, &validated, 0)))
    }

    /// The name of the client for `p`, asked for only where it is used.
    async fn validated(&self, template: &Template, domain: &str) -> String {
        const UNKNOWN: &str = "unknown";
        if !template.uses(b'p') {
            return UNKNOWN.to_owned();
        }
        let Ok(mut hosts) = self.names.pointers(self.client).await else { return UNKNOWN.to_owned() };
        hosts.truncate(HOSTS);
        let plain = |host: &String| host.strip_suffix('.').unwrap_or(host).to_owned();
        let mut hosts: Vec<String> = hosts.iter().map(plain).collect();
        // The domain itself before names below it before others.
        hosts.sort_by_key(|host| {
            if host.eq_ignore_ascii_case(domain) { 0 } else { 1 + u8::from(!within(host, domain)) }
        });
        for host in hosts {
            if self.leads_back(&host).await {
                return host;
            }
        }
        UNKNOWN.to_owned()
    }

    fn value(&self, letter: u8, domain: &str, validated: &str, now: u64) -> String {
        match letter {
            b's' => format!("{}@{}", self.local, self.domain),
            b'l' => self.local.to_owned(),
            b'o' => self.domain.to_owned(),
            b'd' => domain.to_owned(),
            b'i' => dotted(self.client).0,
            b'p' => validated.to_owned(),
            b'v' => dotted(self.client).1.to_owned(),
            b'h' => self.peer.helo.to_owned(),
            b'c' => self.client.to_string(),
            b'r' => self.peer.host_name.to_owned(),
            b't' => now.to_string(),
            _ => String::new(),
        }
    }

    /// The domain's own words; trouble of any kind leaves them out (section 6.2).
    async fn explain(&self, template: &Template, domain: &str, now: u64) -> Option<String> {
        let target = self.target(Some(template), domain).await;
        let texts = self.names.texts(&target).await.ok()?;
        let [text] = &texts[..] else { return None };
        let text = str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
        let template = Template::parse(text, true)?;
        let validated = self.validated(&template, domain).await;
        Some(template.expand(|letter| self.value(letter, domain, &validated, now)))
    }
}

/// Whether `host` is `domain` or lies below it.
fn within(host: &str, domain: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let domain = domain.strip_suffix('.').unwrap_or(domain).as_bytes();
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    host[start..].eq_ignore_ascii_case(domain) && (start == 0 || host[start - 1] == b'.')
}

/// Whether a name has more than one label, each of a length that can be asked for (section 4.3).
fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253
        && name.contains('.')
        && !name.starts_with('[')
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
}
