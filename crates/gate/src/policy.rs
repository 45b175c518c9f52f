//! What is done with a message for each of its recipients.

use std::net::IpAddr;

use mail::auth::Evaluated;
use model::{Level, Time};
use serde::{Deserialize, Serialize};

use crate::config::{Day, Network, Pattern};
use crate::verdict::Verdict;

/// What is done, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// It goes on as it came.
    Pass,
    /// It goes on with a header field that says what was found.
    Tag,
    /// It goes on made harmless.
    Neutralise,
    /// It is kept back.
    Quarantine,
    /// The sender is told that it is not wanted.
    Reject,
}

impl Treatment {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Tag => "tag",
            Self::Neutralise => "neutralise",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// What is done with parts that nobody can look into or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealed {
    /// The message goes on with what could be made harmless, and a tag.
    Tag,
    /// The message is kept back.
    Quarantine,
}

/// What is done by level. What is not set is as the default says, or for a group as the policy of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Where the highest rule that held is informational; by default `pass`.
    pub informational: Option<Treatment>,
    /// Low; by default `pass`.
    pub low: Option<Treatment>,
    /// Medium; by default `tag`.
    pub medium: Option<Treatment>,
    /// High; by default `neutralise`.
    pub high: Option<Treatment>,
    /// Critical; by default `quarantine`.
    pub critical: Option<Treatment>,
    /// Where a rule calls it reconnaissance, at least this; by default `neutralise`.
    pub reconnaissance: Option<Treatment>,
    /// Where what is to be made harmless is sealed (S/MIME, PGP, encrypted); by default `quarantine`.
    pub sealed: Option<Sealed>,
    /// Whether the originals of messages that were made harmless are kept; by default they are.
    pub keep_neutralised: Option<bool>,
    /// Whether the originals of messages that were rejected are kept; by default they are not.
    pub keep_rejected: Option<bool>,
}

impl Policy {
    /// This policy, and `base` where it says nothing.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            informational: self.informational.or(base.informational),
            low: self.low.or(base.low),
            medium: self.medium.or(base.medium),
            high: self.high.or(base.high),
            critical: self.critical.or(base.critical),
            reconnaissance: self.reconnaissance.or(base.reconnaissance),
            sealed: self.sealed.or(base.sealed),
            keep_neutralised: self.keep_neutralised.or(base.keep_neutralised),
            keep_rejected: self.keep_rejected.or(base.keep_rejected),
        }
    }

    fn of_level(&self, level: Option<Level>) -> Treatment {
        match level {
            None => Treatment::Pass,
            Some(Level::Informational) => self.informational.unwrap_or(Treatment::Pass),
            Some(Level::Low) => self.low.unwrap_or(Treatment::Pass),
            Some(Level::Medium) => self.medium.unwrap_or(Treatment::Tag),
            Some(Level::High) => self.high.unwrap_or(Treatment::Neutralise),
            Some(Level::Critical) => self.critical.unwrap_or(Treatment::Quarantine),
        }
    }

    fn choose(&self, verdict: &Verdict) -> Choice {
        let recon = self.reconnaissance.unwrap_or(Treatment::Neutralise);
        let by_level = self.of_level(verdict.level);
        Choice {
            treatment: if verdict.reconnaissance { by_level.max(recon) } else { by_level },
            sealed: self.sealed.unwrap_or(Sealed::Quarantine),
            keep: Keep {
                neutralised: self.keep_neutralised.unwrap_or(true),
                rejected: self.keep_rejected.unwrap_or(false),
            },
        }
    }
}

/// Which originals are kept beside those in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keep {
    /// Of messages that were made harmless.
    pub neutralised: bool,
    /// Of messages that were rejected.
    pub rejected: bool,
}

/// What was chosen for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// What is done.
    pub treatment: Treatment,
    /// What is done where it cannot be made harmless.
    pub sealed: Sealed,
    /// What is kept.
    pub keep: Keep,
}

/// Recipients who are treated otherwise than the others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What people call it.
    pub name: String,
    /// Addresses, domains and patterns.
    pub recipients: Vec<Pattern>,
    /// What differs from the policy of all.
    #[serde(default)]
    pub policy: Policy,
}

/// What is done for `recipient`: by the policies of all groups that it is in the strictest, else by that of
/// all.
pub fn choose(base: &Policy, groups: &[Group], recipient: &str, verdict: &Verdict) -> Choice {
    groups
        .iter()
        .filter(|group| group.recipients.iter().any(|pattern| pattern.fits(recipient)))
        .map(|group| group.policy.over(base).choose(verdict))
        .max()
        .unwrap_or_else(|| base.choose(verdict))
}

/// A sender that passes in any case, for a reason and until a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The address in `From`.
    #[serde(default)]
    pub sender: Option<String>,
    /// Its domain, with everything below.
    #[serde(default)]
    pub domain: Option<String>,
    /// The address outside that the message came from.
    #[serde(default)]
    pub client: Option<Network>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Day,
    /// Count even where the sender did not prove to be who `From` says. Anybody can then use it.
    #[serde(default)]
    pub unproven: bool,
}

impl Allow {
    /// Whether it lets a message pass.
    pub fn counts(
        &self,
        sender: &str,
        client: Option<IpAddr>,
        evaluated: Option<&Evaluated>,
        now: Time,
    ) -> bool {
        if self.expires.is_over(now) {
            return false;
        }
        if let Some(net) = &self.client {
            return client.is_some_and(|client| net.contains(client));
        }
        let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain);
        let named = match (&self.sender, &self.domain) {
            (Some(address), _) => address.eq_ignore_ascii_case(sender),
            (None, Some(allowed)) => is_below(domain, allowed),
            (None, None) => false,
        };
        named && (self.unproven || evaluated.is_some_and(|results| proven(domain, results)))
    }
}

/// Whether the sender proved to be of `domain`: by DMARC, or by a signature of the domain or of one above.
fn proven(domain: &str, results: &Evaluated) -> bool {
    let signed = |(result, by, _): &(String, String, String)| result == "pass" && is_below(domain, by);
    results.dmarc == "pass" || results.dkim.iter().any(signed)
}

fn is_below(domain: &str, above: &str) -> bool {
    let (domain, above) = (domain.to_lowercase(), above.to_lowercase());
    above.contains('.')
        && (domain == above || domain.strip_suffix(&above).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(level: Option<Level>, reconnaissance: bool) -> Verdict {
        Verdict { level, reconnaissance, ..Verdict::default() }
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn levels_have_their_defaults() {
        let base = Policy::default();
        for (level, reconnaissance, wanted) in [
            (None, false, Treatment::Pass),
            (Some(Level::Informational), false, Treatment::Pass),
            (Some(Level::Low), false, Treatment::Pass),
            (Some(Level::Medium), false, Treatment::Tag),
            (Some(Level::High), false, Treatment::Neutralise),
            (Some(Level::Critical), false, Treatment::Quarantine),
            (Some(Level::Medium), true, Treatment::Neutralise),
            (Some(Level::Critical), true, Treatment::Quarantine),
        ] {
            let choice = choose(&base, &[], "ann@parl.example", &verdict(level, reconnaissance));
            assert_eq!(choice.treatment, wanted, "{level:?} {reconnaissance}");
            assert_eq!(choice.sealed, Sealed::Quarantine);
        }
    }

    #[test]
    fn of_several_groups_the_strictest_counts() {
        let base = Policy { medium: Some(Treatment::Tag), ..Policy::default() };
        let group = |name: &str, recipients: &str, medium| Group {
            name: name.to_owned(),
            recipients: vec![pattern(recipients)],
            policy: Policy { medium, ..Policy::default() },
        };
        let groups = [
            group("all", "parl.example", Some(Treatment::Pass)),
            group("protected", "ann@*", Some(Treatment::Quarantine)),
            group("press", "press@parl.example", None),
        ];
        let of =
            |recipient| choose(&base, &groups, recipient, &verdict(Some(Level::Medium), false)).treatment;
        assert_eq!(of("ann@parl.example"), Treatment::Quarantine);
        assert_eq!(of("bob@parl.example"), Treatment::Pass, "a group may be milder");
        assert_eq!(of("press@parl.example"), Treatment::Tag, "what a group does not say is as for all");
        assert_eq!(of("else@other.example"), Treatment::Tag);
    }

    fn allow(text: &str) -> Allow {
        toml::from_str(&format!("{text}\nreason = \"test\"\nexpires = \"2026-12-31\"")).unwrap()
    }

    #[test]
    fn an_allowed_sender_has_to_prove_who_it_is() {
        let now = Time::parse("2026-06-01").unwrap();
        let proven = Evaluated { dmarc: "pass".to_owned(), ..Evaluated::default() };
        let signed = Evaluated {
            dkim: vec![("pass".to_owned(), "press.example".to_owned(), "s".to_owned())],
            ..Evaluated::default()
        };
        let failed = Evaluated { dmarc: "fail".to_owned(), ..Evaluated::default() };
        let domain = allow("domain = \"press.example\"");
        for (sender, evaluated, counts) in [
            ("a@press.example", Some(&proven), true),
            ("a@mail.press.example", Some(&signed), true),
            ("a@evilpress.example", Some(&proven), false),
            ("a@press.example", Some(&failed), false),
            ("a@press.example", None, false),
            ("", Some(&proven), false),
        ] {
            assert_eq!(domain.counts(sender, None, evaluated, now), counts, "{sender} {evaluated:?}");
        }
        assert!(allow("sender = \"a@press.example\"\nunproven = true").counts(
            "A@press.example",
            None,
            None,
            now
        ));
        assert!(!domain.counts("a@press.example", None, Some(&proven), Time::parse("2027-01-01").unwrap()));
    }

    #[test]
    fn an_allowed_client_is_known_by_its_address() {
        let now = Time::parse("2026-06-01").unwrap();
        let client = allow("client = \"192.0.2.0/28\"");
        assert!(client.counts("anybody@x.example", "192.0.2.5".parse().ok(), None, now));
        assert!(!client.counts("anybody@x.example", "192.0.2.99".parse().ok(), None, now));
        assert!(!client.counts("anybody@x.example", None, None, now));
    }
}
