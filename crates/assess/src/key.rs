use std::collections::{BTreeMap, BTreeSet};

use model::{Exposed, ExposureKind, Finding, KeyFinding, Level, Time};

use crate::Kind;
use crate::incident::span_of;
use crate::plan::{Placed, Plan, points};
use crate::weigh::WHOLE;

/// The first finding of each rule of an incident: among them are those that matter most.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    first: BTreeMap<u32, Candidate>,
}

#[derive(Debug)]
struct Candidate {
    key: KeyFinding,
    began: Option<Time>,
    /// The worst that it shows, and what it was done to.
    exposes: Option<(ExposureKind, Exposed)>,
    count: u64,
}

/// How many findings a reader is pointed to.
const MOST_KEY: usize = 10;
/// How many characters of a command line or path one line takes.
const LONGEST: usize = 160;

impl Candidates {
    pub(crate) fn add(&mut self, plan: &Plan, finding: &Finding, placed: &Placed, rule: u32) {
        if let Some(known) = self.first.get_mut(&rule) {
            known.count += 1;
            return;
        }
        let key = KeyFinding {
            finding: finding.id.clone(),
            time: finding.time,
            level: finding.level,
            title: finding.rule.title.clone(),
            author: finding.rule.author.clone(),
            what: in_one_line(plan, finding, placed),
            why: String::new(),
            event: finding.event_ref.clone(),
        };
        let exposes = finding.rule.exposes.iter().map(|measure| (measure.how, measure.what)).max();
        self.first.insert(rule, Candidate { key, began: span_of(finding).0, exposes, count: 1 });
    }

    /// The titles of the rules, of the most serious first.
    pub(crate) fn titles(&self) -> Vec<(Level, String)> {
        let mut titles: Vec<(Level, String)> =
            self.first.values().map(|one| (one.key.level, one.key.title.clone())).collect();
        titles.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        titles
    }

    /// The first trace on which a person could have acted, and the ten findings that matter most.
    pub(crate) fn choose(
        &self,
        plan: &Plan,
        detected: Option<Time>,
    ) -> (Option<KeyFinding>, Vec<KeyFinding>) {
        let serious = |one: &&Candidate| one.key.level >= Level::Medium;
        let first = self.first.values().filter(serious).min_by_key(|one| (one.began, &one.key.finding));
        let actionable =
            first.map(|one| KeyFinding { why: why_actionable(one, detected), ..one.key.clone() });
        let leaders = self.leaders(plan);
        let mut ranked: Vec<(i64, KeyFinding)> = self
            .first
            .iter()
            .map(|(&rule, one)| {
                let is_first = first.is_some_and(|first| first.key.finding == one.key.finding);
                let (value, reasons) = judge(plan, rule, one, is_first, leaders.get(&rule));
                (value, KeyFinding { why: sentence(&reasons), ..one.key.clone() })
            })
            .collect();
        ranked.sort_by(|a, b| {
            b.0.cmp(&a.0).then_with(|| (a.1.time, &a.1.finding).cmp(&(b.1.time, &b.1.finding)))
        });
        ranked.truncate(MOST_KEY);
        (actionable, ranked.into_iter().map(|(_, key)| key).collect())
    }

    /// Rule → the tactics of which it is the first sign.
    fn leaders(&self, plan: &Plan) -> BTreeMap<u32, BTreeSet<String>> {
        let mut first: BTreeMap<&str, (Option<Time>, u32)> = BTreeMap::new();
        for (&rule, one) in self.first.iter().filter(|(_, one)| one.key.level >= Level::Medium) {
            for tactic in &plan.rules[rule as usize].purpose.tactics {
                let known = first.entry(&tactic.name).or_insert((one.began, rule));
                *known = (*known).min((one.began, rule));
            }
        }
        let mut leaders: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        for (tactic, (_, rule)) in first {
            leaders.entry(rule).or_default().insert(tactic.replace('-', " "));
        }
        leaders
    }
}

/// What a finding is worth to a reader, and the reasons in words.
fn judge(
    plan: &Plan,
    rule: u32,
    one: &Candidate,
    is_first: bool,
    leads: Option<&BTreeSet<String>>,
) -> (i64, Vec<String>) {
    let quiet = plan.quiet[rule as usize];
    let mut value = points(one.key.level) * (WHOLE / 10 + quiet) / 100;
    let mut reasons = Vec::new();
    if is_first {
        value += 600;
        reasons.push("the first serious trace".to_owned());
    }
    if let Some(leads) = leads {
        value += 150 * leads.len().min(2) as i64;
        let leads: Vec<&str> = leads.iter().map(String::as_str).collect();
        let article = if is_first { "" } else { "the " };
        reasons.push(format!("{article}first sign of {}", leads.join(" and ")));
    }
    match one.exposes {
        Some((ExposureKind::Taken, Exposed::Account)) => {
            value += 250;
            reasons.push("shows an account taken over".to_owned());
        }
        Some((ExposureKind::Taken, _)) => {
            value += 250;
            reasons.push("shows what was taken".to_owned());
        }
        Some((ExposureKind::Read, _)) => {
            value += 120;
            reasons.push("shows what was read".to_owned());
        }
        Some((ExposureKind::CouldRead, _)) => {
            value += 60;
            reasons.push("shows what could be read".to_owned());
        }
        None => {}
    }
    if quiet == WHOLE {
        reasons.push("rare in this evidence".to_owned());
    }
    match one.count {
        0 | 1 => {}
        2 => reasons.push("seen twice".to_owned()),
        count => reasons.push(format!("seen {count} times")),
    }
    (value, reasons)
}

fn why_actionable(one: &Candidate, detected: Option<Time>) -> String {
    let days = one.began.zip(detected).and_then(|(began, detected)| began.whole_days_until(detected));
    let before = match days {
        None | Some(0) => String::new(),
        Some(1) => "; it came 1 day before detection".to_owned(),
        Some(days) => format!("; it came {days} days before detection"),
    };
    format!("Nothing of this incident at medium or above is older{before}.")
}

/// `reasons` as one sentence.
fn sentence(reasons: &[String]) -> String {
    let joined =
        if reasons.is_empty() { "it belongs to the incident".to_owned() } else { reasons.join("; ") };
    let mut letters = joined.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => joined,
    }
}

/// Host, account and what was done, in one line that no control character can break.
fn in_one_line(plan: &Plan, finding: &Finding, placed: &Placed) -> String {
    let mentions = &placed.mentions.all;
    let host = mentions.iter().find(|mention| mention.own);
    let who = [Kind::Account, Kind::Mailbox, Kind::Address]
        .into_iter()
        .find_map(|kind| mentions.iter().find(|mention| mention.kind == kind && !mention.own));
    // The machine by its best name; who acted as the record has it.
    let host = host.map(|host| plan.known_name(host.kind, &host.key).unwrap_or(&host.name));
    let subject: Vec<&str> = host.into_iter().chain(who.map(|mention| mention.name.as_str())).collect();
    let what = plan.tables.telling(finding).map_or("", |(_, text)| text);
    let mut line = subject.join(", ");
    if !line.is_empty() && !what.is_empty() {
        line.push_str(": ");
    }
    line.push_str(what);
    let plain: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}
