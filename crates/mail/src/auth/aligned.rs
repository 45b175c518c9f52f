//! Results of authentication, whose they are, and whether they speak of the sender that is shown.

use mail_parser::{HeaderName, Message};
use model::Event;

use super::hops::Route;
use super::results::{self, Results};
use crate::{About, Settings};

/// Signatures, sets and domains that become facts.
const MOST: usize = 20;
/// Fields with results that are read.
const FIELDS: usize = 50;

/// Adds results, alignment, and the signatures that are there.
pub(super) fn read(
    message: &Message<'_>,
    raw: &[u8],
    route: &Route,
    settings: &Settings,
    about: &About<'_>,
    event: &mut Event,
) {
    let found = Found::of(message, raw, route, settings);
    if let Some(evaluated) = about.evaluated {
        event.push_str("mail.auth.source", "door");
        let mut said = Said {
            spf: evaluated.spf.clone(),
            dkim: evaluated.dkim.iter().map(|(result, domain, _)| (result.clone(), domain.clone())).collect(),
            dmarc: evaluated.dmarc.clone(),
            policy: evaluated.dmarc_policy.clone(),
            arc: evaluated.arc.clone(),
            ..Said::default()
        };
        let mut header = Said::default();
        header.add(&results::parse(evaluated.header.as_bytes()));
        said.spf_domain = header.spf_domain;
        said.push(message, event);
    } else if found.trusted.is_empty() {
        event.push_str("mail.auth.source", "none");
    } else {
        event.push_str("mail.auth.source", "trusted-results");
        let mut said = Said::default();
        for results in &found.trusted {
            said.add(results);
        }
        said.push(message, event);
    }
    if found.forged {
        event.push_bool("mail.auth.forged_results", true);
    }
    event.push_bool("mail.dkim.signed", !found.signatures.is_empty());
    for (domain, selector) in &found.signatures {
        event.push_str("mail.dkim.signing_domain", domain);
        event.push_str("mail.dkim.selector", selector);
    }
    event.push_uint("mail.arc.sets", found.seals);
}

/// What the header holds of it.
#[derive(Default)]
struct Found {
    trusted: Vec<Results>,
    forged: bool,
    /// Domain and selector of each DKIM signature.
    signatures: Vec<(String, String)>,
    seals: u64,
}

impl Found {
    /// One pass over the fields.
    ///
    /// Results count where the institution's servers put them: before the first `Received` that an
    /// outsider wrote, and before the first field that the author's program wrote. Servers put theirs
    /// on top, so that those of a sender who forges the name stand lower.
    fn of(message: &Message<'_>, raw: &[u8], route: &Route, settings: &Settings) -> Self {
        let mut found = Self::default();
        let mut authored = false;
        let mut read = 0;
        for (number, header) in message.headers().iter().enumerate() {
            let value =
                || raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
            match &header.name {
                HeaderName::From
                | HeaderName::To
                | HeaderName::Subject
                | HeaderName::Date
                | HeaderName::MessageId
                | HeaderName::MimeVersion => authored = true,
                HeaderName::DkimSignature if found.signatures.len() < MOST => {
                    found.signatures.extend(signer(value()));
                }
                HeaderName::ArcSeal => found.seals += 1,
                name if name.as_str().eq_ignore_ascii_case("ARC-Seal") => found.seals += 1,
                name if name.as_str().eq_ignore_ascii_case("Authentication-Results") => {
                    read += 1;
                    if settings.authserv_ids.is_empty() || read > FIELDS {
                        continue;
                    }
                    let results = results::parse(value());
                    let wanted = |id: &String| {
                        id.eq_ignore_ascii_case(&results.server) || results.server.is_empty() && id == "-"
                    };
                    if !settings.authserv_ids.iter().any(wanted) {
                        continue;
                    }
                    let contradicts = found.trusted.iter().any(|above| contradict(above, &results));
                    if authored || number > route.foreign || contradicts {
                        found.forged = true;
                    } else {
                        found.trusted.push(results);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// Whether both speak of one method and say different things; several filters of one server share the
/// work, they do not argue.
fn contradict(above: &Results, below: &Results) -> bool {
    below.all.iter().any(|one| {
        let mut same = above.all.iter().filter(|other| other.method == one.method).peekable();
        same.peek().is_some() && same.all(|other| other.result != one.result)
    })
}

/// Domain and selector of a signature, read without judging it.
fn signer(value: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(&value[..value.len().min(4096)]);
    let tag = |name: &str| {
        let tag =
            text.split(';').filter_map(|tag| tag.split_once('=')).find(|(found, _)| found.trim() == name);
        tag.map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    Some((tag("d")?, tag("s").unwrap_or_default()))
}

/// Results in one form, wherever they come from.
#[derive(Default)]
struct Said {
    spf: String,
    spf_domain: String,
    /// Result and domain of each signature.
    dkim: Vec<(String, String)>,
    dmarc: String,
    policy: String,
    arc: String,
    composite: String,
}

impl Said {
    /// Adds what a field says; what a field above said stands.
    fn add(&mut self, results: &Results) {
        let first = self.dkim.is_empty();
        for one in &results.all {
            let result = &one.result;
            match one.method.as_str() {
                "spf" if self.spf.is_empty() => {
                    self.spf.clone_from(result);
                    let sender = one.get(&["smtp.mailfrom", "smtp.mfrom", "smtp.mail", "smtp.helo"]);
                    self.spf_domain = domain(sender.unwrap_or_default());
                }
                "dkim" if first && self.dkim.len() < MOST => {
                    let signer = one.get(&["header.d", "header.i"]).unwrap_or_default();
                    self.dkim.push((result.clone(), domain(signer)));
                }
                "dmarc" if self.dmarc.is_empty() => {
                    self.dmarc.clone_from(result);
                    self.policy = policy(one);
                }
                "arc" if self.arc.is_empty() => self.arc.clone_from(result),
                "compauth" if self.composite.is_empty() => self.composite.clone_from(result),
                _ => {}
            }
        }
    }

    fn push(&self, message: &Message<'_>, event: &mut Event) {
        for (name, value) in [
            ("mail.auth.spf", &self.spf),
            ("mail.auth.spf_domain", &self.spf_domain),
            ("mail.auth.dmarc", &self.dmarc),
            ("mail.auth.dmarc_policy", &self.policy),
            ("mail.auth.arc", &self.arc),
            ("mail.auth.compauth", &self.composite),
        ] {
            if !value.is_empty() {
                event.push_str(name, value);
            }
        }
        for (result, _) in &self.dkim {
            event.push_str("mail.auth.dkim", result);
        }
        let passed = || self.dkim.iter().filter(|(result, _)| result == "pass").map(|(_, domain)| domain);
        for domain in passed().filter(|domain| !domain.is_empty()) {
            event.push_str("mail.auth.dkim_domain", domain);
        }
        let author = author(message);
        let spf = self.spf == "pass" && same_owner(&self.spf_domain, &author);
        let dkim = passed().any(|domain| same_owner(domain, &author));
        event.push_bool("mail.auth.spf_aligned", spf);
        event.push_bool("mail.auth.dkim_aligned", dkim);
        event.push_bool("mail.auth.authenticated", self.dmarc == "pass" || spf || dkim);
    }
}

/// The policy, where each of the large servers puts it: a property, or the comment.
fn policy(one: &results::One) -> String {
    let named = one.get(&["policy.published-domain-policy", "policy.dmarc", "header.p", "p"]);
    let comment = || one.comment.split_whitespace().find_map(|word| word.strip_prefix("p="));
    let policy = named.or_else(comment).unwrap_or_default();
    let policy = policy.trim_end_matches([',', ';']).to_ascii_lowercase();
    if ["none", "quarantine", "reject"].contains(&policy.as_str()) { policy } else { String::new() }
}

/// The domain of an address, or a domain as it is, in lower case.
fn domain(text: &str) -> String {
    let domain = text.rsplit_once('@').map_or(text, |(_, domain)| domain);
    domain.trim_matches(['<', '>', '.', ' ']).to_ascii_lowercase()
}

/// The domain that people see as the sender's.
fn author(message: &Message<'_>) -> String {
    let address = message.from().and_then(|from| from.first()).and_then(|first| first.address());
    domain(address.unwrap_or_default())
}

/// The part of a name that somebody registered.
pub(super) fn registered(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

/// Whether two names belong to one registered domain, which is DMARC's relaxed alignment.
pub(super) fn same_owner(one: &str, other: &str) -> bool {
    let ascii = |name: &str| {
        if name.is_ascii() { name.to_owned() } else { idna::domain_to_ascii(name).unwrap_or_default() }
    };
    let (one, other) = (ascii(one), ascii(other));
    !one.is_empty() && registered(&one) == registered(&other)
}
