use std::collections::BTreeMap;

use model::{Finding, Incident, Level, Link, Stage, Time, Touched};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Kind;
use crate::exposure::Exposures;
use crate::key::Candidates;
use crate::plan::{Outline, Placed, Plan};
use crate::things::ThingId;
use crate::title::{self, Subject};

/// First time, last time and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) first: Option<Time>,
    pub(crate) last: Option<Time>,
    pub(crate) count: u64,
}

impl Span {
    /// Widens the span to something that began at `from` and ended at `until`.
    pub(crate) fn add(&mut self, from: Option<Time>, until: Option<Time>) {
        self.first = match (self.first, from) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last = self.last.max(until);
        self.count += 1;
    }
}

/// When a finding began and ended: a correlation began with the first event that it counts.
pub(crate) fn span_of(finding: &Finding) -> (Option<Time>, Option<Time>) {
    match &finding.window {
        Some(window) => (Some(window.first), Some(window.last)),
        None => (finding.time, finding.time),
    }
}

/// One incident while its findings come in.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    findings: BTreeMap<Level, u64>,
    span: Span,
    touched: FxHashMap<ThingId, Span>,
    /// Machines that wrote a record of it.
    own: FxHashSet<ThingId>,
    rules: BTreeMap<u32, Span>,
    /// Machine and rule → first time of what matters, for the title.
    shown: BTreeMap<(ThingId, u32), Option<Time>>,
    /// How many findings name what the incident is linked by.
    links: FxHashMap<ThingId, u64>,
    exposures: Exposures,
    candidates: Candidates,
}

/// How many hosts, accounts or files are told, each.
const MOST_TOUCHED: usize = 200;
/// How many things of one incident are counted; what is named first has the room.
const MOST_COUNTED: usize = 20_000;

impl Gathering {
    /// An incident without findings yet.
    pub(crate) fn new(outline: &Outline) -> Self {
        let links = outline.links.iter().map(|&(_, thing, _)| (thing, 0)).collect();
        Self { links, ..Self::default() }
    }

    pub(crate) fn add(&mut self, plan: &Plan, finding: &Finding, placed: &Placed, rule: u32) {
        let (from, until) = span_of(finding);
        *self.findings.entry(finding.level).or_default() += 1;
        self.span.add(from, until);
        let (touched, ones) = names(plan, &placed.named.all);
        for thing in touched {
            if self.touched.len() < MOST_COUNTED || self.touched.contains_key(&thing) {
                self.touched.entry(thing).or_default().add(from, until);
            }
        }
        for one in ones {
            if let Some(count) = self.links.get_mut(&one) {
                *count += 1;
            }
        }
        let own = placed.named.own.map(|own| plan.canonical[own as usize]);
        self.own.extend(own);
        self.rules.entry(rule).or_default().add(from, until);
        if let (Some(own), true) = (own, finding.level >= Level::Medium) {
            let first = self.shown.entry((own, rule)).or_insert(from);
            *first = (*first).min(from);
        }
        self.exposures.add(plan, finding, placed);
        self.candidates.add(plan, finding, placed, rule);
    }

    /// The machines that wrote its records.
    pub(crate) fn own_hosts(&self) -> Vec<ThingId> {
        self.own.iter().copied().collect()
    }

    pub(crate) fn finish(self, plan: &Plan, outline: &Outline, detected: Option<Time>) -> Incident {
        let touched = |kind: Kind| self.touched(plan, kind);
        let [hosts, accounts, mailboxes, addresses, files] =
            [Kind::Host, Kind::Account, Kind::Mailbox, Kind::Address, Kind::File].map(touched);
        let exposure = self.exposures.list();
        let subject = Subject {
            plan,
            shown: self.shown_tactics(plan),
            exposure: &exposure,
            span: self.span,
            rules: self.candidates.titles(),
            unlinked: outline.unlinked,
        };
        let title = title::of(&subject);
        let links = self.list_links(plan, outline);
        let (first_actionable, key) = self.candidates.choose(plan, detected);
        Incident {
            id: outline.id.clone(),
            title,
            level: self.findings.keys().copied().max().unwrap_or(Level::Medium),
            score: outline.score,
            first: self.span.first,
            last: self.span.last,
            dwell_days: self
                .span
                .first
                .zip(detected)
                .and_then(|(first, until)| first.whole_days_until(until)),
            findings: self.findings,
            hosts,
            accounts,
            mailboxes,
            addresses,
            files,
            stages: stages(plan, &self.rules),
            key,
            first_actionable,
            links,
            exposure,
            gaps: Vec::new(),
        }
    }

    /// Things of one kind, most findings first; addresses of machines that are known by name come
    /// after the others. What wrote the records counts as a host even where only its address is
    /// known.
    fn touched(&self, plan: &Plan, kind: Kind) -> Vec<Touched> {
        let mut found: Vec<(bool, Touched)> = self
            .touched
            .iter()
            .filter(|&(&thing, _)| {
                let is = plan.things.get(thing).kind;
                let bare = is == Kind::Address && self.own.contains(&thing);
                let listed = match is {
                    Kind::Address if bare => Kind::Host,
                    Kind::Target => Kind::Account,
                    Kind::Sender => Kind::Mailbox,
                    Kind::Contact => Kind::Address,
                    other => other,
                };
                listed == kind
            })
            .map(|(&thing, span)| {
                let touched = Touched {
                    name: plan.things.get(thing).name.to_string(),
                    first: span.first,
                    last: span.last,
                    findings: span.count,
                };
                (kind == Kind::Address && plan.is_named_machine(thing), touched)
            })
            .collect();
        found.sort_by(|(a_own, a), (b_own, b)| {
            (a_own, b.findings, &a.name).cmp(&(b_own, a.findings, &b.name))
        });
        found.truncate(MOST_TOUCHED);
        found.into_iter().map(|(_, touched)| touched).collect()
    }

    /// Machine and tactic's place → first time.
    fn shown_tactics(&self, plan: &Plan) -> BTreeMap<(ThingId, usize), Option<Time>> {
        let mut shown = BTreeMap::new();
        for (&(machine, rule), &first) in &self.shown {
            for tactic in &plan.rules[rule as usize].purpose.tactics {
                let known = shown.entry((machine, tactic.place)).or_insert(first);
                *known = (*known).min(first);
            }
        }
        shown
    }

    fn list_links(&self, plan: &Plan, outline: &Outline) -> Vec<Link> {
        let made = outline.links.iter().map(|&(kind, thing, weight)| Link {
            kind: kind.to_owned(),
            value: plan.things.get(thing).name.to_string(),
            weight,
            findings: self.links.get(&thing).copied().unwrap_or_default(),
        });
        made.collect()
    }
}

/// What a finding touches, as lists tell it, and the same under the one name of each. An address
/// counts for itself and for its machine, a mailbox for itself alone, a target as the account.
fn names(plan: &Plan, all: &[ThingId]) -> (Vec<ThingId>, Vec<ThingId>) {
    let mut touched = Vec::new();
    let mut ones = Vec::new();
    for &thing in all {
        let one = plan.canonical[thing as usize];
        ones.push(one);
        match plan.things.get(thing).kind {
            Kind::Target => touched.push(one),
            Kind::Address => touched.extend([thing, one]),
            Kind::Host | Kind::Account | Kind::Mailbox | Kind::Sender | Kind::Contact | Kind::File => {
                touched.push(thing);
            }
            Kind::Mailing | Kind::Process | Kind::Pid | Kind::Session | Kind::Share => {}
        }
    }
    for list in [&mut touched, &mut ones] {
        list.sort_unstable();
        list.dedup();
    }
    (touched, ones)
}

fn stages(plan: &Plan, rules: &BTreeMap<u32, Span>) -> Vec<Stage> {
    let mut found: BTreeMap<(usize, &str), Stage> = BTreeMap::new();
    for (&rule, span) in rules {
        for tactic in &plan.rules[rule as usize].purpose.tactics {
            let stage = found.entry((tactic.place, &tactic.name)).or_insert_with(|| Stage {
                tactic: tactic.name.clone(),
                first: span.first,
                last: span.last,
                techniques: BTreeMap::new(),
                findings: 0,
            });
            stage.first = stage.first.into_iter().chain(span.first).min();
            stage.last = stage.last.max(span.last);
            stage.findings += span.count;
            for technique in &tactic.techniques {
                *stage.techniques.entry(technique.clone()).or_default() += span.count;
            }
        }
    }
    let mut stages: Vec<Stage> = found.into_values().collect();
    // Stable: tactics that begin together stay in the order of the matrix.
    stages.sort_by_key(|stage| stage.first);
    stages
}
