use std::collections::BTreeMap;

use model::{Activity, Case, Finding, Gap, Incident, Level, Manifest, RuleCount, Time};

use crate::incident::Gathering;
use crate::plan::{Placed, Plan};
use crate::things::ThingId;
use crate::volume::FoundGap;

/// The second pass over the findings: counts them into their incidents.
#[derive(Debug)]
pub struct Collector<'a> {
    plan: &'a Plan,
    findings: BTreeMap<Level, u64>,
    rules: BTreeMap<String, RuleCount>,
    /// Day and machine → highest level and count.
    activity: BTreeMap<(i64, Option<ThingId>), (Level, u64)>,
    incidents: Vec<Gathering>,
}

/// What the assessment answers: the parts of a [`Case`] that follow from its findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// When the intrusion was detected: as given, else the last record.
    pub detected: Option<Time>,
    /// Whether that was given.
    pub detected_given: bool,
    /// Findings by level.
    pub findings: BTreeMap<Level, u64>,
    /// Findings by rule.
    pub rules: BTreeMap<String, RuleCount>,
    /// What belongs together, what matters most first.
    pub incidents: Vec<Incident>,
    /// Findings by day and host.
    pub activity: Vec<Activity>,
    /// Silent spans, those that matter most first.
    pub gaps: Vec<Gap>,
    /// Bounds that were reached.
    pub notes: Vec<String>,
}

/// How many gaps are told.
const MOST_GAPS: usize = 200;
/// Machine-days of the chart of activity that are kept.
const MOST_ACTIVITY: usize = 100_000;

impl<'a> Collector<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            findings: BTreeMap::new(),
            rules: BTreeMap::new(),
            activity: BTreeMap::new(),
            incidents: plan.outlines.iter().map(Gathering::new).collect(),
        }
    }

    /// Takes the next finding, in the order of the first pass and with the same default host, and
    /// says to which of [`Answer::incidents`] it belongs.
    pub fn add(&mut self, finding: &Finding, default_host: Option<&str>) -> Option<u32> {
        let placed = self.plan.place(finding, default_host);
        *self.findings.entry(finding.level).or_default() += 1;
        self.count_rule(finding);
        self.count_activity(finding, &placed);
        let incident = placed.incident?;
        if let (Some(rule), Some(gathering)) = (placed.rule, self.incidents.get_mut(incident as usize)) {
            gathering.add(self.plan, finding, &placed, rule);
        }
        Some(incident)
    }

    /// The answer, once every finding was added.
    pub fn finish(self) -> Answer {
        let plan = self.plan;
        let detected = plan.settings.detected.or(plan.last);
        let hosts: Vec<Vec<ThingId>> = self.incidents.iter().map(Gathering::own_hosts).collect();
        let outlines = plan.outlines.iter();
        let mut incidents: Vec<Incident> = self
            .incidents
            .into_iter()
            .zip(outlines)
            .map(|(gathering, outline)| gathering.finish(plan, outline, detected))
            .collect();
        let gaps = order_gaps(plan, &mut incidents, &hosts);
        let name = |machine: Option<ThingId>| match machine {
            Some(machine) => plan.things.get(machine).name.to_string(),
            None => "unknown".to_owned(),
        };
        let mut activity: Vec<Activity> = self
            .activity
            .into_iter()
            .map(|((day, machine), (level, count))| Activity { day, host: name(machine), level, count })
            .collect();
        activity.sort();
        Answer {
            detected,
            detected_given: plan.settings.detected.is_some(),
            findings: self.findings,
            rules: self.rules,
            incidents,
            activity,
            gaps,
            notes: plan.notes.clone(),
        }
    }

    fn count_rule(&mut self, finding: &Finding) {
        if let Some(known) = self.rules.get_mut(&finding.rule.id) {
            known.count += 1;
            known.level = known.level.max(finding.level);
            return;
        }
        let rule = &finding.rule;
        let count = RuleCount {
            title: rule.title.clone(),
            level: finding.level,
            author: rule.author.clone(),
            tags: rule.tags.clone(),
            count: 1,
        };
        self.rules.insert(rule.id.clone(), count);
    }

    fn count_activity(&mut self, finding: &Finding, placed: &Placed) {
        let Some(time) = finding.time else { return };
        let own = placed.named.own.map(|own| self.plan.canonical[own as usize]);
        let machine = own.or_else(|| self.plan.places.get(&finding.event_ref.evidence).copied());
        let full = self.activity.len() >= MOST_ACTIVITY;
        let key = (time.day(), machine.filter(|_| !full));
        let known = self.activity.entry(key).or_insert((finding.level, 0));
        *known = (known.0.max(finding.level), known.1 + 1);
    }
}

impl Answer {
    /// The whole case, with what only the hunt knows.
    pub fn into_case(self, suppressed: BTreeMap<String, u64>, manifest: Manifest) -> Case {
        Case {
            schema: 1,
            detected: self.detected,
            detected_given: self.detected_given,
            findings: self.findings,
            suppressed,
            rules: self.rules,
            incidents: self.incidents,
            activity: self.activity,
            gaps: self.gaps,
            notes: self.notes,
            manifest,
        }
    }
}

/// Orders the gaps: those within an incident on one of its own hosts first, then by how many
/// records are missing; and tells each incident which are its own.
fn order_gaps(plan: &Plan, incidents: &mut [Incident], hosts: &[Vec<ThingId>]) -> Vec<Gap> {
    let touches = |found: &FoundGap, incident: &Incident, own: &[ThingId]| {
        let machine = [crate::Kind::Host, crate::Kind::Address]
            .into_iter()
            .find_map(|kind| plan.things.find(kind, &found.host))
            .map(|machine| plan.canonical[machine as usize]);
        machine.is_some_and(|machine| own.contains(&machine))
            && incident.first.is_some_and(|first| first <= found.gap.until)
            && incident.last.is_some_and(|last| last >= found.gap.from)
    };
    let mut ranked: Vec<(bool, &FoundGap)> = plan
        .gaps
        .iter()
        .map(|found| {
            let any = incidents.iter().zip(hosts).any(|(incident, own)| touches(found, incident, own));
            (any, found)
        })
        .collect();
    ranked.sort_by(|(a_in, a), (b_in, b)| {
        let missing = |found: &FoundGap| found.gap.usual.saturating_mul(found.gap.days.unsigned_abs());
        b_in.cmp(a_in).then(missing(b).cmp(&missing(a))).then(a.gap.cmp(&b.gap))
    });
    ranked.truncate(MOST_GAPS);
    for (incident, own) in incidents.iter_mut().zip(hosts) {
        let within = |&(_, (_, found)): &(usize, &(bool, &FoundGap))| touches(found, incident, own);
        let places: Vec<u32> =
            ranked.iter().enumerate().filter(within).map(|(place, _)| place as u32).collect();
        incident.gaps = places;
    }
    ranked.into_iter().map(|(_, found)| found.gap.clone()).collect()
}
