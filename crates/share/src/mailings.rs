//! Mailings that were called reconnaissance, and who opened them, told to people.

use std::collections::BTreeMap;

use model::{Facts, Finding, Time};

use crate::dates::stamp;
use crate::fields;
use crate::text::{clip, count, join};

/// Mailings that are kept.
const MAILINGS: usize = 500;
/// Mailboxes of one mailing of which it is kept who opened it.
const OPENED: usize = 1_000;
/// Mailboxes that a reader at a terminal is told of one mailing.
const NAMED: usize = 3;
/// Findings with this tag call a mailing reconnaissance.
const RECONNAISSANCE: &str = "portcullis.verdict.reconnaissance";
/// Fields in which records of the network name the program that asked.
const AGENTS: [&str; 3] = ["c-useragent", "cs-user-agent", "user_agent.original"];

/// What is known of reconnaissance mail in a case, by the mailing's name.
#[derive(Clone, Debug, Default)]
pub struct Mailings(BTreeMap<String, Mailing>);

/// One mailing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailing {
    /// Its facts, as the finding on it carries them; `None` where only records of its opening were seen.
    pub(crate) facts: Option<Facts>,
    /// Mailbox → its first opening.
    pub(crate) opened: BTreeMap<String, Opening>,
}

/// The first record that shows that a message was opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opening {
    pub(crate) time: Option<Time>,
    /// From which address of the network; empty where the record does not say.
    pub(crate) from: String,
    /// The program that asked; empty where the record does not say.
    pub(crate) agent: String,
    /// Records of the same mailbox.
    pub(crate) records: u64,
}

impl Mailings {
    /// Takes a finding in where it is about a mailing.
    pub fn add(&mut self, finding: &Finding) {
        if let Some(name) = finding.get("opened.mailing").filter(|name| !name.is_empty()) {
            let Some(mailing) = self.entry(name) else { return };
            let mailbox = finding.get("opened.mailbox").unwrap_or_default();
            if mailing.opened.len() < OPENED || mailing.opened.contains_key(mailbox) {
                mailing.opened.entry(mailbox.to_owned()).or_default().add(finding);
            }
        } else if let Some(name) = finding.get("mailing.id")
            && finding.rule.tags.iter().any(|tag| tag == RECONNAISSANCE)
            && let Some(mailing) = self.entry(name)
        {
            mailing.facts.get_or_insert_with(|| finding.event.clone());
        }
    }

    fn entry(&mut self, name: &str) -> Option<&mut Mailing> {
        if self.0.len() >= MAILINGS && !self.0.contains_key(name) {
            return None;
        }
        Some(self.0.entry(name.to_owned()).or_default())
    }

    /// The mailings that a finding is about, the one to the most mailboxes first.
    pub(crate) fn told(&self) -> Vec<(&str, &Facts, &Mailing)> {
        let known = self.0.iter();
        let mut all: Vec<_> =
            known.filter_map(|(name, one)| Some((name.as_str(), one.facts.as_ref()?, one))).collect();
        all.sort_by_key(|(name, facts, _)| (std::cmp::Reverse(figure(facts, "mailboxes")), *name));
        all
    }

    /// What a reader at a terminal is told: a heading, then for each of the `most` largest mailings what it
    /// is and who opened it. Nothing where there is none. Values of logs are made visible and cut.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let all = self.told();
        if all.is_empty() {
            return Vec::new();
        }
        let opened: usize = all.iter().map(|(_, _, mailing)| mailing.opened.len()).sum();
        let seen = match opened as u64 {
            0 => "no record shows that one was opened".to_owned(),
            opened => format!("{} opened one, as far as records show", count(opened, "mailbox")),
        };
        let mut lines =
            vec![format!("Reconnaissance by mail: {}; {seen}.", count(all.len() as u64, "mailing"))];
        for (_, facts, mailing) in all.iter().take(most) {
            let told = clip(facts.get("mailing.explanation").unwrap_or_default(), 900);
            lines.push(match mailing.who() {
                who if who.is_empty() => told,
                who => format!("{told} Opened by {who}."),
            });
        }
        if all.len() > most {
            let more = count((all.len() - most) as u64, "more mailing");
            lines.push(format!("The report tells of {more}."));
        }
        lines
    }
}

/// A number that a mailing's finding carries.
pub(crate) fn figure(facts: &Facts, name: &str) -> u64 {
    facts.get(&format!("mailing.{name}")).and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Mailing {
    /// Who opened it, the first ones by name and moment.
    fn who(&self) -> String {
        let mut all: Vec<(&String, &Opening)> = self.opened.iter().collect();
        all.sort_by_key(|(name, opening)| (opening.time, *name));
        let names: Vec<String> = all
            .iter()
            .map(|(name, opening)| match opening.time {
                Some(time) => format!("{} ({} UTC)", clip(name, 80), stamp(time)),
                None => clip(name, 80),
            })
            .collect();
        let more = names.len().saturating_sub(NAMED);
        let mut shown = names.into_iter().take(NAMED).collect::<Vec<_>>();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        join(&shown)
    }
}

impl Opening {
    fn add(&mut self, finding: &Finding) {
        self.records += 1;
        let earlier =
            self.records == 1 || finding.time.is_some_and(|time| self.time.is_none_or(|old| time < old));
        if earlier {
            self.time = finding.time;
        }
        // A name server sees the question only; a proxy says by whom and with what.
        if self.from.is_empty() {
            let values = fields::values(&finding.event, &fields::observables().address).next();
            self.from = values.unwrap_or_default().to_owned();
        }
        if self.agent.is_empty() {
            self.agent = AGENTS.iter().find_map(|name| finding.get(name)).unwrap_or_default().to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Fact, Kind, Level, RuleInfo};

    fn finding(time: &str, facts: &[(&str, &str)]) -> Finding {
        let tags = vec![RECONNAISSANCE.to_owned()];
        let rule = RuleInfo { id: "r".into(), tags, ..RuleInfo::default() };
        let mut finding = crate::sample::finding(time, time, Level::High, rule);
        finding.event = facts.iter().map(|&(field, text)| Fact { field, kind: Kind::Str, text }).collect();
        finding
    }

    #[test]
    fn mailings_are_told_with_those_who_opened_them() {
        let mut mailings = Mailings::default();
        assert!(mailings.lines(3).is_empty());
        for (name, mailboxes) in [("a", "5"), ("b", "40")] {
            let told = format!("This is {name}.");
            let facts =
                [("mailing.id", name), ("mailing.mailboxes", mailboxes), ("mailing.explanation", &told)];
            mailings.add(&finding("2021-03-01T08:00:00Z", &facts));
        }
        for (time, mailbox) in
            [("2021-03-02T10:00:00Z", "x@parl.example"), ("2021-03-01T10:00:00Z", "x@parl.example")]
        {
            let facts = [("opened.mailing", "b"), ("opened.mailbox", mailbox), ("c-ip", "192.0.2.7")];
            mailings.add(&finding(time, &facts));
        }
        insta::assert_snapshot!(mailings.lines(1).join("\n"), @r"
        Reconnaissance by mail: 2 mailings; 1 mailbox opened one, as far as records show.
        This is b. Opened by x@parl.example (2021-03-01 10:00:00 UTC).
        The report tells of 1 more mailing.
        ");
        let (_, _, largest) = mailings.told()[0];
        assert_eq!(
            (largest.opened["x@parl.example"].records, largest.opened["x@parl.example"].from.as_str()),
            (2, "192.0.2.7")
        );
    }
}
