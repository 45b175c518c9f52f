use std::collections::BTreeMap;

use model::{EvidenceId, Finding, Level, Time};
use rustc_hash::FxHashMap;

use crate::collect::Collector;
use crate::linker::{Linker, Rule};
use crate::mention::Mentions;
use crate::runs::{Run, RunId, Runs};
use crate::sids::Sids;
use crate::tables::Tables;
use crate::things::{Named, ThingId, Things};
use crate::volume::FoundGap;
use crate::weave::{Woven, weave};
use crate::weigh::{WHOLE, log2};
use crate::{Kind, Settings};

/// What belongs together, as the first pass found it; the second pass looks findings up in it.
#[derive(Debug)]
pub struct Plan {
    pub(crate) settings: Settings,
    pub(crate) tables: Tables,
    pub(crate) things: Things,
    pub(crate) rules: Vec<Rule>,
    /// How quiet each rule is at its quietest.
    pub(crate) quiet: Vec<i64>,
    pub(crate) canonical: Vec<ThingId>,
    pub(crate) outlines: Vec<Outline>,
    pub(crate) gaps: Vec<FoundGap>,
    pub(crate) last: Option<Time>,
    pub(crate) notes: Vec<String>,
    /// The one machine whose records a piece of evidence holds.
    pub(crate) places: BTreeMap<EvidenceId, ThingId>,
    /// Security identifier → account's name.
    pub(crate) sids: Sids,
    rule_ids: FxHashMap<Box<str>, u32>,
    runs: Runs,
    /// For each run its incident.
    incident: Vec<u32>,
}

/// What the first pass knows of an incident.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) id: String,
    pub(crate) score: u64,
    /// Word, thing and weight of what held it together, the most telling first.
    pub(crate) links: Vec<(&'static str, ThingId, u32)>,
    /// How many unlinked occurrences of one rule it lists together; 0 for an incident whose
    /// findings are linked.
    pub(crate) unlinked: u64,
}

/// A finding as the second pass looks it up.
pub(crate) struct Placed {
    pub(crate) mentions: Mentions,
    pub(crate) named: Named,
    pub(crate) rule: Option<u32>,
    pub(crate) incident: Option<u32>,
}

const NO_INCIDENT: u32 = u32::MAX;
/// How many incidents are told; beyond that no reader follows.
const MOST_INCIDENTS: usize = 500;
/// How many links of an incident are told.
const MOST_LINKS: usize = 50;
/// More unlinked occurrences of one rule than this are told as one.
const MOST_ALIKE: usize = 5;

impl Plan {
    pub(crate) fn new(linker: Linker) -> Self {
        let woven = weave(&linker);
        let clusters = clusters(&linker, &woven);
        let mut incident = vec![NO_INCIDENT; linker.runs.list.len()];
        let mut outlines = Vec::new();
        let mut left_out = 0_u64;
        for cluster in clusters {
            if outlines.len() == MOST_INCIDENTS {
                left_out += 1;
                continue;
            }
            for &run in &cluster.runs {
                incident[run as usize] = outlines.len() as u32;
            }
            let id = format!("{:016x}", linker.runs.list[cluster.runs[0] as usize].first_id);
            outlines.push(Outline {
                id,
                score: cluster.score,
                links: Vec::new(),
                unlinked: cluster.unlinked,
            });
        }
        add_links(&woven, &incident, &mut outlines);
        let mut quiet = vec![0; linker.rules.len()];
        for (run, &value) in linker.runs.list.iter().zip(&woven.quiet) {
            quiet[run.rule as usize] = value.max(quiet[run.rule as usize]);
        }
        let gaps = linker.volumes.gaps();
        let last = linker.volumes.last().max(linker.last);
        let notes = notes(&linker, left_out);
        let Woven { canonical, .. } = woven;
        let places = linker.places(&canonical);
        let Linker { settings, tables, things, rules, runs, rule_ids, sids, .. } = linker;
        let mut plan = Self {
            settings,
            tables,
            things,
            rules,
            quiet,
            canonical,
            outlines,
            gaps,
            last,
            notes,
            places,
            sids,
            rule_ids,
            runs,
            incident,
        };
        plan.name_gaps();
        plan
    }

    /// The id of the incident to which a finding of the first pass belongs. `default_host` must be
    /// what it was then.
    pub fn incident_of(&self, finding: &Finding, default_host: Option<&str>) -> Option<&str> {
        let incident = self.place(finding, default_host).incident?;
        self.incident_id(incident)
    }

    /// The id of the incident at a place of [`crate::Answer::incidents`].
    pub fn incident_id(&self, incident: u32) -> Option<&str> {
        self.outlines.get(incident as usize).map(|outline| outline.id.as_str())
    }

    /// Whether an address belongs to a machine that is known by name.
    pub(crate) fn is_named_machine(&self, thing: ThingId) -> bool {
        self.machine_name(thing).is_some()
    }

    /// The name of the machine that has an address, as far as it is known.
    fn machine_name(&self, thing: ThingId) -> Option<&str> {
        let machine = self.things.get(self.canonical[thing as usize]);
        (self.things.get(thing).kind == Kind::Address && machine.kind == Kind::Host).then_some(&*machine.name)
    }

    /// What a reader should call the machine that its records know as `key`.
    pub(crate) fn known_name(&self, kind: Kind, key: &str) -> Option<&str> {
        let thing = self.things.find(kind, key)?;
        Some(&self.things.get(self.canonical[thing as usize]).name)
    }

    /// Gaps name a machine as findings do, also where its log gives an address alone.
    fn name_gaps(&mut self) {
        for at in 0..self.gaps.len() {
            let found = &self.gaps[at];
            let thing = self.things.find(Kind::Address, &found.host);
            let Some(name) = thing.and_then(|thing| self.machine_name(thing)) else { continue };
            let source = match found.gap.source.split_once(' ') {
                Some((_, log)) => format!("{name} {log}"),
                None => name.to_owned(),
            };
            self.gaps[at].gap.source = source;
        }
    }

    /// Begins the second pass.
    pub fn collect(&self) -> Collector<'_> {
        Collector::new(self)
    }

    pub(crate) fn place(&self, finding: &Finding, default_host: Option<&str>) -> Placed {
        let mentions = self.tables.mentions(finding, default_host);
        let rule = self.rule_ids.get(finding.rule.id.as_str()).copied();
        let crowded = rule.is_some_and(|rule| self.rules[rule as usize].is_crowded(finding.time));
        let named = Named::new(&mentions, crowded, |mention| self.things.find(mention.kind, &mention.key));
        let run = rule.and_then(|rule| self.runs.find(rule, &named, finding.time));
        let incident = run.map(|run| self.incident[run as usize]).filter(|&incident| incident != NO_INCIDENT);
        Placed { mentions, named, rule, incident }
    }
}

struct Cluster {
    /// Its runs in order of time.
    runs: Vec<RunId>,
    score: u64,
    unlinked: u64,
}

/// Runs that stand together, the weightiest first; only those with a finding that matters.
fn clusters(linker: &Linker, woven: &Woven) -> Vec<Cluster> {
    let runs = &linker.runs.list;
    let mut by_root: BTreeMap<RunId, Vec<RunId>> = BTreeMap::new();
    for (run, &root) in woven.root.iter().enumerate() {
        by_root.entry(root).or_default().push(run as RunId);
    }
    let matters = |ids: &Vec<RunId>| ids.iter().any(|&id| runs[id as usize].level >= Level::Medium);
    let (mut kept, mut alone) = (Vec::new(), BTreeMap::<u32, Vec<Vec<RunId>>>::new());
    for ids in by_root.into_values().filter(matters) {
        let rule = runs[ids[0] as usize].rule;
        if ids.iter().all(|&id| runs[id as usize].rule == rule) {
            alone.entry(rule).or_default().push(ids);
        } else {
            kept.push((ids, 0));
        }
    }
    for alike in alone.into_values() {
        if alike.len() > MOST_ALIKE {
            let count = alike.len() as u64;
            kept.push((alike.concat(), count));
        } else {
            kept.extend(alike.into_iter().map(|ids| (ids, 0)));
        }
    }
    let mut clusters: Vec<Cluster> = kept
        .into_iter()
        .map(|(mut ids, unlinked)| {
            ids.sort_by_key(|&id| (runs[id as usize].first, id));
            Cluster { score: score(linker, woven, &ids), runs: ids, unlinked }
        })
        .collect();
    clusters.sort_by_key(|cluster| {
        let first = cluster.runs[0];
        (std::cmp::Reverse(cluster.score), runs[first as usize].first, first)
    });
    clusters
}

/// How much an incident matters: each rule once by its level and how quiet it is, somewhat more
/// for many findings, times the breadth of tactics and machines.
fn score(linker: &Linker, woven: &Woven, ids: &[RunId]) -> u64 {
    let mut rules: BTreeMap<u32, (Level, i64, u64)> = BTreeMap::new();
    let mut mask = 0_u32;
    let mut machines: Vec<ThingId> = Vec::new();
    for &id in ids {
        let run: &Run = &linker.runs.list[id as usize];
        let known = rules.entry(run.rule).or_insert((run.level, 0, 0));
        *known = (known.0.max(run.level), known.1.max(woven.quiet[id as usize]), known.2 + run.count);
        if run.level >= Level::Medium {
            mask |= linker.rules[run.rule as usize].mask;
            machines.extend(run.own.map(|own| woven.canonical[own as usize]));
        }
    }
    machines.sort_unstable();
    machines.dedup();
    let points: i64 = rules
        .values()
        .map(|&(level, quiet, count)| {
            points(level) * (WHOLE / 10 + quiet) * (8 * 1024 + log2(count)) / (8 * 1024)
        })
        .sum();
    let breadth = 4 + u64::from(mask.count_ones()) + log2(machines.len() as u64 + 1) as u64 / 1024;
    points.max(0) as u64 * breadth / 1000
}

pub(crate) fn points(level: Level) -> i64 {
    match level {
        Level::Informational => 0,
        Level::Low => 1,
        Level::Medium => 5,
        Level::High => 20,
        Level::Critical => 50,
    }
}

fn add_links(woven: &Woven, incident: &[u32], outlines: &mut [Outline]) {
    let mut best: BTreeMap<(u32, &'static str, ThingId), i64> = BTreeMap::new();
    for joined in &woven.joined {
        let of = incident[joined.run as usize];
        if of != NO_INCIDENT {
            let known = best.entry((of, joined.tie.as_str(), joined.thing)).or_default();
            *known = joined.weight.max(*known);
        }
    }
    for ((of, kind, thing), weight) in best {
        outlines[of as usize].links.push((kind, thing, weight.clamp(0, 100) as u32));
    }
    for outline in outlines {
        outline.links.sort_by_key(|&(kind, thing, weight)| (std::cmp::Reverse(weight), kind, thing));
        outline.links.truncate(MOST_LINKS);
    }
}

fn notes(linker: &Linker, left_out: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |count: u64, what: &str| {
        if count > 0 {
            notes.push(format!("{count} {what}"));
        }
    };
    note(
        linker.things.refused,
        "mentions of hosts, accounts, addresses or files were too many to be kept; they link nothing and are not listed",
    );
    note(
        linker.runs.coarse,
        "findings were told apart by rule and host alone, since they name too many accounts and addresses",
    );
    note(linker.volumes.refused, "days of logs were too many to be searched for gaps");
    note(left_out, "incidents of the least score are not told; their findings stand in the list of findings");
    notes
}
