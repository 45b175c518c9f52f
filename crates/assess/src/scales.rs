//! What it takes to weigh a tie between two runs.

use model::Level;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Kind;
use crate::linker::Linker;
use crate::runs::{Run, RunId};
use crate::things::ThingId;
use crate::tie::Tie;
use crate::weigh::{WHOLE, middle, rareness, rarity, steepen};

const HALF_HOURS_A_DAY: u64 = 48;
/// Days and machines that every rule and value is granted, for little evidence to compare well.
const SLACK_DAYS: u64 = 30;
const SLACK_MACHINES: u64 = 8;
const SPREAD: i64 = 1600;

/// How common everything is.
#[derive(Debug)]
pub(crate) struct Scales<'a> {
    pub(crate) linker: &'a Linker,
    /// For each thing, the thing that it is another name of, or itself.
    pub(crate) canonical: Vec<ThingId>,
    /// For each run, how quiet its rule and actors are; 0 for the noisiest.
    pub(crate) quiet: Vec<i64>,
    /// For each run its things under their one name, each once; and whether it acts, where it is
    /// an account.
    things: Vec<Vec<(ThingId, bool)>>,
    /// For each thing, how rare it is among the days.
    rare: Vec<i64>,
    /// For each machine, how seldom a run stands there that could be near another by chance.
    idle: FxHashMap<ThingId, i64>,
    /// On how many days a machine has records.
    active: FxHashMap<ThingId, u64>,
    days: u64,
}

impl<'a> Scales<'a> {
    pub(crate) fn new(linker: &'a Linker) -> Self {
        let canonical = canonical(linker);
        let days = linker.volumes.days().max(linker.days);
        let mut scales = Self {
            linker,
            quiet: Vec::new(),
            things: linker.runs.list.iter().map(|run| things(linker, &canonical, run)).collect(),
            rare: rare(linker, &canonical, days),
            idle: FxHashMap::default(),
            active: active(linker, &canonical),
            days,
            canonical,
        };
        scales.quiet = scales.quiet_runs();
        scales.idle = scales.idle_machines();
        scales
    }

    pub(crate) fn run(&self, id: RunId) -> &'a Run {
        &self.linker.runs.list[id as usize]
    }

    /// The machine on which a run stands.
    pub(crate) fn own(&self, id: RunId) -> Option<ThingId> {
        self.run(id).own.map(|own| self.canonical[own as usize])
    }

    /// What a run names.
    pub(crate) fn things(&self, id: RunId) -> impl Iterator<Item = ThingId> + '_ {
        self.things[id as usize].iter().map(|&(thing, _)| thing)
    }

    /// The tactics of a run's rule.
    pub(crate) fn mask(&self, id: RunId) -> u32 {
        self.linker.rules[self.run(id).rule as usize].mask
    }

    /// Whether a run may bring others together: a judgement that matters by a rule that is no
    /// background noise.
    pub(crate) fn brings(&self, id: RunId) -> bool {
        self.run(id).level >= Level::Medium && self.quiet[id as usize] >= self.linker.tables.links.noisy
    }

    /// How strongly `thing` ties a run to another, which belongs to its incident as firmly as
    /// `belongs` says. What only `follows` brings nothing together, so its own noise does no harm
    /// where the value is telling.
    pub(crate) fn tie(
        &self,
        id: RunId,
        other: RunId,
        thing: ThingId,
        follows: bool,
        belongs: i64,
    ) -> (Tie, i64) {
        let apart = apart(self.run(id), self.run(other));
        let tie = self.tie_kind(id, other, thing, apart);
        let weight = tie.weight(&self.linker.tables.links);
        let same_rule = self.run(id).rule == self.run(other).rule;
        let mut sum = weight.weight * WHOLE * weight.left_after(apart) / 100;
        if !(same_rule && tie.is_one_story()) {
            let own = if follows && weight.strong { WHOLE } else { self.quiet[id as usize] };
            let both = middle(own, self.quiet[other as usize]);
            let quiet = if weight.strong { middle(WHOLE, both) } else { both };
            sum = sum * self.rarity(tie, thing) / WHOLE * quiet / WHOLE * belongs / WHOLE;
        }
        if !weight.strong {
            sum = sum * (stress(self.run(id).level) + stress(self.run(other).level)) / (2 * WHOLE);
        }
        (tie, sum / WHOLE)
    }

    /// How strongly one and the same record ties two runs.
    pub(crate) fn record_tie(&self, id: RunId, other: RunId) -> i64 {
        let quiet = middle(self.quiet[id as usize], self.quiet[other as usize]);
        self.linker.tables.links.record.weight * quiet / WHOLE
    }

    fn tie_kind(&self, id: RunId, other: RunId, thing: ThingId, apart: i64) -> Tie {
        let (own, others_own) = (self.own(id) == Some(thing), self.own(other) == Some(thing));
        let found = self.linker.things.get(thing);
        match found.kind {
            _ if own && others_own => {
                let (mask, others) = (self.mask(id), self.mask(other));
                let close = self.linker.tables.links.time.left_after(apart) > 0;
                if close && mask != others && mask != 0 && others != 0 { Tie::Time } else { Tie::Host }
            }
            // What came from a machine leads back to what happened there; what else happens on the
            // machine leads to where it went no better than to anything on the machine itself.
            _ if own => Tie::Host,
            _ if others_own => Tie::Peer,
            Kind::Host => Tie::Peer,
            Kind::Address if found.inside => Tie::Inside,
            Kind::Address => Tie::Outside,
            Kind::Account | Kind::Sender if self.acts(id, thing) && self.acts(other, thing) => Tie::Account,
            Kind::Account | Kind::Sender | Kind::Target | Kind::Mailbox => Tie::Mailbox,
            Kind::Contact => Tie::Contact,
            Kind::Mailing => Tie::Mailing,
            Kind::Process => Tie::Process,
            Kind::Pid => Tie::Pid,
            Kind::Session => Tie::Session,
            Kind::File => Tie::File,
            Kind::Share => Tie::Share,
        }
    }

    /// Whether an account acts in a run, and is not only what something is done to.
    fn acts(&self, id: RunId, thing: ThingId) -> bool {
        self.things[id as usize].binary_search(&(thing, true)).is_ok()
    }

    fn rarity(&self, tie: Tie, thing: ThingId) -> i64 {
        let share = match tie {
            Tie::Host | Tie::Time | Tie::Held => self.idle.get(&thing).copied().unwrap_or(WHOLE),
            _ => self.rare[thing as usize],
        };
        steepen(share, tie.weight(&self.linker.tables.links).spread)
    }

    /// How quiet each run is: its rule on all machines, and its rule with the same actors.
    fn quiet_runs(&self) -> Vec<i64> {
        let linker = self.linker;
        let fired_on = linker.rules.iter().flat_map(|rule| rule.machines.keys().copied());
        let machines = fired_on.collect::<FxHashSet<_>>().len().max(self.active.len()) as u64;
        let rules: Vec<i64> = linker
            .rules
            .iter()
            .map(|rule| {
                let fired = rule.machines.values().map(|&(days, _)| days).sum();
                let could = rule.machines.keys().map(|&machine| self.active_days(machine)).sum();
                let by_day = rarity(fired, could, SLACK_DAYS, SPREAD);
                by_day.min(rarity(rule.machines.len() as u64, machines, SLACK_MACHINES, SPREAD))
            })
            .collect();
        let of = |run: &Run| {
            let days = u64::from(linker.runs.groups[run.group as usize].days);
            let group = rarity(days, self.active_days(run.own), SLACK_DAYS, SPREAD);
            middle(rules[run.rule as usize], group)
        };
        linker.runs.list.iter().map(of).collect()
    }

    fn active_days(&self, machine: Option<ThingId>) -> u64 {
        let known = machine.and_then(|own| self.active.get(&self.canonical[own as usize]));
        known.copied().unwrap_or(self.days)
    }

    fn idle_machines(&self) -> FxHashMap<ThingId, i64> {
        let mut busy: FxHashMap<ThingId, u64> = FxHashMap::default();
        for run in (0..self.quiet.len() as RunId).filter(|&run| self.brings(run)) {
            if let Some(own) = self.own(run) {
                *busy.entry(own).or_default() += 1;
            }
        }
        let half_hours = |machine| self.active_days(Some(machine)) * HALF_HOURS_A_DAY;
        busy.into_iter().map(|(own, runs)| (own, rareness(runs, half_hours(own), SLACK_DAYS))).collect()
    }
}

/// How much a level counts where the value itself tells little.
pub(crate) fn stress(level: Level) -> i64 {
    match level {
        Level::Informational => 400,
        Level::Low => 600,
        Level::Medium => 850,
        Level::High => 1000,
        Level::Critical => 1100,
    }
}

/// Microseconds between the end of one run and the start of the other; 0 where they overlap. What
/// has no time is near to nothing but what has none either.
fn apart(a: &Run, b: &Run) -> i64 {
    match (a.first, a.last, b.first, b.last) {
        (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => {
            let gap = (a_first.micros().saturating_sub(b_last.micros()))
                .max(b_first.micros().saturating_sub(a_last.micros()));
            gap.max(0)
        }
        (None, _, None, _) => 0,
        _ => i64::MAX,
    }
}

/// For each thing the one that stands for it: the machine for its address, the account for a mailbox
/// or target of its name.
fn canonical(linker: &Linker) -> Vec<ThingId> {
    let mut one: Vec<ThingId> = (0..linker.things.len() as ThingId).collect();
    for (name, stands_for_it) in linker.machines().into_iter().chain(linker.things.same_people()) {
        one[name as usize] = stands_for_it;
    }
    one
}

fn things(linker: &Linker, canonical: &[ThingId], run: &Run) -> Vec<(ThingId, bool)> {
    let acts = |thing: ThingId| matches!(linker.things.get(thing).kind, Kind::Account | Kind::Sender);
    let mut things: Vec<(ThingId, bool)> =
        run.things.iter().map(|&thing| (canonical[thing as usize], acts(thing))).collect();
    things.sort_unstable_by_key(|&(thing, acts)| (thing, !acts));
    things.dedup_by_key(|&mut (thing, _)| thing);
    things
}

fn rare(linker: &Linker, canonical: &[ThingId], days: u64) -> Vec<i64> {
    let mut named_on = vec![0_u64; linker.things.len()];
    for (id, &one) in canonical.iter().enumerate() {
        let known = &mut named_on[one as usize];
        *known = u64::from(linker.things.get(id as ThingId).days).max(*known);
    }
    named_on.into_iter().map(|named| rareness(named, days, SLACK_DAYS)).collect()
}

fn active(linker: &Linker, canonical: &[ThingId]) -> FxHashMap<ThingId, u64> {
    let mut active: FxHashMap<ThingId, u64> = FxHashMap::default();
    for (key, days) in linker.volumes.active_days() {
        for kind in [Kind::Host, Kind::Address] {
            if let Some(id) = linker.things.find(kind, key) {
                let known = active.entry(canonical[id as usize]).or_default();
                *known = (*known).max(days);
            }
        }
    }
    active
}
