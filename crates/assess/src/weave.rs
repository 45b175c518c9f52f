//! Which runs belong together.

use model::{Level, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Kind;
use crate::linker::Linker;
use crate::runs::{Run, RunId};
use crate::tables::{Links, Weight};
use crate::things::ThingId;
use crate::weigh::{WHOLE, middle, rareness, rarity, steepen};

/// What kind of link two runs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tie {
    Host,
    Time,
    Held,
    Peer,
    Inside,
    Outside,
    Account,
    Mailbox,
    Process,
    Pid,
    Session,
    File,
    Share,
}

impl Tie {
    /// The word of [`model::Link::kind`].
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Host | Self::Held | Self::Peer => "host",
            Self::Time => "time",
            Self::Inside | Self::Outside => "address",
            Self::Account => "account",
            Self::Mailbox => "mailbox",
            Self::Process | Self::Pid => "process",
            Self::Session => "session",
            Self::File => "file",
            Self::Share => "share",
        }
    }

    /// Ties of one slot count once, by the most telling.
    fn slot(self) -> usize {
        match self {
            Self::Host | Self::Time | Self::Held => 0,
            Self::Peer => 1,
            Self::Inside | Self::Outside => 2,
            Self::Account | Self::Mailbox => 3,
            Self::Process | Self::Pid | Self::Session => 4,
            Self::File => 5,
            Self::Share => 6,
        }
    }

    fn weight(self, links: &Links) -> &Weight {
        match self {
            Self::Host => &links.host,
            Self::Time => &links.time,
            Self::Held => &links.held,
            Self::Peer => &links.peer,
            Self::Inside => &links.inside,
            Self::Outside => &links.outside,
            Self::Account => &links.account,
            Self::Mailbox => &links.mailbox,
            Self::Process => &links.process,
            Self::Pid => &links.pid,
            Self::Session => &links.session,
            Self::File => &links.file,
            Self::Share => &links.share,
        }
    }

    /// Whether one rule on one such value is one story, however often it fires.
    fn is_one_story(self) -> bool {
        matches!(self, Self::Outside | Self::Process | Self::Session | Self::File)
    }
}

const SLOTS: usize = 7;
/// How many earlier runs with the same value are compared.
const LOOK_BACK: usize = 64;
/// How many ties between incidents that wait for another are looked through.
const LOOK_BACK_PENDING: usize = 256;
/// How many tactics at high an incident shows on a machine before that counts as held.
const HELD_TACTICS: u32 = 3;
/// How quiet a rule must be for its finding to join by a held machine alone.
const HELD_QUIET: i64 = 700;
const HALF_HOURS_A_DAY: u64 = 48;
/// Days and machines that every rule and value is granted, for little evidence to compare well.
const SLACK_DAYS: u64 = 30;
const SLACK_MACHINES: u64 = 8;
const SPREAD: i64 = 1600;

/// A link by which a run joined: between `run` and the rest of its incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joined {
    pub(crate) run: RunId,
    pub(crate) tie: Tie,
    pub(crate) thing: ThingId,
    pub(crate) weight: i64,
}

/// Which runs belong together, and why.
pub(crate) struct Woven {
    /// For each run the first run of what it belongs to, itself where alone.
    pub(crate) root: Vec<RunId>,
    pub(crate) joined: Vec<Joined>,
    /// For each run, how quiet its rule and actors are; 0 for the noisiest.
    pub(crate) quiet: Vec<i64>,
    /// For each thing, the thing that it is another name of, or itself.
    pub(crate) canonical: Vec<ThingId>,
}

/// The best tie of each slot between a run and one candidate.
#[derive(Clone, Copy, Debug, Default)]
struct Ballot {
    best: [Option<(i64, Tie, ThingId)>; SLOTS],
}

impl Ballot {
    fn offer(&mut self, weight: i64, tie: Tie, thing: ThingId) {
        let slot = &mut self.best[tie.slot()];
        if slot.is_none_or(|known| known.0 < weight) {
            *slot = Some((weight, tie, thing));
        }
    }

    fn sum(&self) -> i64 {
        self.best.iter().flatten().map(|best| best.0).sum()
    }

    /// The sum without what only says that both stand on one machine.
    fn beside_machine(&self) -> i64 {
        self.best.iter().skip(1).flatten().map(|best| best.0).sum()
    }
}

struct Weaver<'a> {
    linker: &'a Linker,
    canonical: Vec<ThingId>,
    quiet: Vec<i64>,
    /// For each run its things under their one name, each once; and whether it acts, where it is
    /// an account.
    things: Vec<Vec<(ThingId, bool)>>,
    /// For each thing, how rare it is among the days; and how rare runs on a machine are among its
    /// half hours.
    rare: Vec<i64>,
    idle: FxHashMap<ThingId, i64>,
    active: FxHashMap<ThingId, u64>,
    days: u64,
    /// Thing → the quiet runs that name it, in order of time.
    seen: FxHashMap<ThingId, Vec<RunId>>,
    parent: Vec<RunId>,
    /// Root → machine → tactics shown there at high, and when last.
    shown: FxHashMap<RunId, FxHashMap<ThingId, (u32, Option<Time>)>>,
    /// Machine → a run of each incident that holds it.
    held: FxHashMap<ThingId, Vec<RunId>>,
    /// How firmly each run belongs to its incident.
    belongs: Vec<i64>,
    /// Pairs of incidents that a run of some day ties, not firmly enough to make them one.
    pending: Vec<(RunId, RunId, Option<i64>)>,
    joined: Vec<Joined>,
}

/// Weaves the runs of `linker` together.
pub(crate) fn weave(linker: &Linker) -> Woven {
    let mut weaver = Weaver::new(linker);
    let runs = &linker.runs.list;
    let mut order: Vec<RunId> = (0..runs.len() as RunId).collect();
    order.sort_by_key(|&run| (runs[run as usize].first, run));
    let (bring, follow): (Vec<RunId>, Vec<RunId>) = order.into_iter().partition(|&run| weaver.brings(run));
    for &run in &bring {
        weaver.bring(run);
    }
    for &run in &follow {
        weaver.follow(run);
    }
    weaver.gather_groups(&follow);
    let root = (0..runs.len() as RunId).map(|run| weaver.find(run)).collect();
    let Weaver { joined, quiet, canonical, .. } = weaver;
    Woven { root, joined, quiet, canonical }
}

impl<'a> Weaver<'a> {
    fn new(linker: &'a Linker) -> Self {
        let canonical = canonical(linker);
        let names = |run: &Run| {
            let acts = |thing: ThingId| linker.things.get(thing).kind == Kind::Account;
            let mut things: Vec<(ThingId, bool)> =
                run.things.iter().map(|&thing| (canonical[thing as usize], acts(thing))).collect();
            things.sort_unstable_by_key(|&(thing, acts)| (thing, !acts));
            things.dedup_by_key(|&mut (thing, _)| thing);
            things
        };
        let things = linker.runs.list.iter().map(names).collect();
        let days = linker.volumes.days().max(linker.days);
        let mut named_on = vec![0_u64; linker.things.len()];
        for (id, &one) in canonical.iter().enumerate() {
            let known = &mut named_on[one as usize];
            *known = u64::from(linker.things.get(id as ThingId).days).max(*known);
        }
        let rare = named_on.into_iter().map(|named| rareness(named, days, SLACK_DAYS)).collect();
        let mut active: FxHashMap<ThingId, u64> = FxHashMap::default();
        for (key, days) in linker.volumes.active_days() {
            for kind in [Kind::Host, Kind::Address] {
                if let Some(id) = linker.things.find(kind, key) {
                    let known = active.entry(canonical[id as usize]).or_default();
                    *known = (*known).max(days);
                }
            }
        }
        let mut weaver = Self {
            linker,
            quiet: Vec::new(),
            things,
            rare,
            idle: FxHashMap::default(),
            active,
            days,
            seen: FxHashMap::default(),
            parent: (0..linker.runs.list.len() as RunId).collect(),
            shown: FxHashMap::default(),
            held: FxHashMap::default(),
            belongs: vec![WHOLE; linker.runs.list.len()],
            pending: Vec::new(),
            joined: Vec::new(),
            canonical,
        };
        weaver.quiet = weaver.quiet_runs();
        weaver.idle = weaver.idle_machines();
        weaver
    }

    /// How quiet each run is: its rule on all machines, and its rule with the same actors.
    fn quiet_runs(&self) -> Vec<i64> {
        let linker = self.linker;
        let machines: FxHashSet<Option<ThingId>> =
            linker.rules.iter().flat_map(|rule| rule.machines.keys().copied()).collect();
        let machines = (machines.len() as u64).max(self.active.len() as u64);
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

    /// For each machine, how seldom a run stands there that could be near another by chance.
    fn idle_machines(&self) -> FxHashMap<ThingId, i64> {
        let mut busy: FxHashMap<ThingId, u64> = FxHashMap::default();
        for run in (0..self.parent.len() as RunId).filter(|&run| self.brings(run)) {
            if let Some(own) = self.own(run) {
                *busy.entry(own).or_default() += 1;
            }
        }
        let half_hours = |machine| self.active_days(Some(machine)) * HALF_HOURS_A_DAY;
        busy.into_iter().map(|(own, runs)| (own, rareness(runs, half_hours(own), SLACK_DAYS))).collect()
    }

    fn run(&self, id: RunId) -> &'a Run {
        &self.linker.runs.list[id as usize]
    }

    fn own(&self, id: RunId) -> Option<ThingId> {
        self.run(id).own.map(|own| self.canonical[own as usize])
    }

    /// Whether a run may bring others together: a judgement that matters by a rule that is no
    /// background noise.
    fn brings(&self, id: RunId) -> bool {
        self.run(id).level >= Level::Medium && self.quiet[id as usize] >= self.linker.tables.links.noisy
    }

    fn find(&mut self, mut run: RunId) -> RunId {
        while self.parent[run as usize] != run {
            self.parent[run as usize] = self.parent[self.parent[run as usize] as usize];
            run = self.parent[run as usize];
        }
        run
    }

    /// Compares a run with every earlier one that shares something, and joins what it joins.
    fn bring(&mut self, id: RunId) {
        let mut ballots: FxHashMap<RunId, Ballot> = FxHashMap::default();
        for place in 0..self.things[id as usize].len() {
            let thing = self.things[id as usize][place].0;
            let earlier: Vec<RunId> =
                self.seen.get(&thing).map_or(&[][..], Vec::as_slice).iter().rev().take(LOOK_BACK).copied().collect();
            self.vote(id, thing, &earlier, false, &mut ballots);
        }
        self.vote_held(id, &mut ballots);
        let mut ballots: Vec<(RunId, Ballot)> =
            ballots.into_iter().filter(|(_, ballot)| ballot.sum() >= self.linker.tables.links.join).collect();
        let links = &self.linker.tables.links;
        let firm = |ballot: &Ballot| ballot.beside_machine() >= links.join || ballot.sum() >= links.bridge;
        ballots.sort_unstable_by_key(|(root, ballot)| {
            (ballot.beside_machine() < links.join, std::cmp::Reverse(ballot.sum()), *root)
        });
        let mut first_is_firm = None;
        for (root, ballot) in ballots {
            match first_is_firm {
                None => {
                    self.belongs[id as usize] = self.belonging(ballot.sum());
                    first_is_firm = Some(firm(&ballot));
                }
                Some(first) if (first && firm(&ballot)) || self.confirmed(id, root) => {}
                Some(_) => continue,
            }
            self.note_joined(id, &ballot);
            self.union(root, id);
        }
        for &(thing, _) in &self.things[id as usize] {
            self.seen.entry(thing).or_default().push(id);
        }
        self.show(id);
    }

    /// How firmly a run belongs to what it has `sum` with.
    fn belonging(&self, sum: i64) -> i64 {
        let links = &self.linker.tables.links;
        let (above, span) = (sum - links.join, (links.firm - links.join).max(1));
        (links.barely + (WHOLE - links.barely) * above / span).clamp(0, WHOLE)
    }

    /// Whether a run of another day has tied the incident of `id` and that of `root` before; notes
    /// the tie where none has.
    fn confirmed(&mut self, id: RunId, root: RunId) -> bool {
        let day = self.run(id).first.map(Time::day);
        let pair = [self.find(id), self.find(root)];
        let from = self.pending.len().saturating_sub(LOOK_BACK_PENDING);
        let recent = self.pending[from..].to_vec();
        let confirmed = recent.into_iter().any(|(a, b, other_day)| {
            let known = [self.find(a), self.find(b)];
            other_day != day && (known == pair || known == [pair[1], pair[0]])
        });
        if !confirmed {
            self.pending.push((id, root, day));
        }
        confirmed
    }

    /// Lets a run that brings nothing together join the best of what was brought together.
    fn follow(&mut self, id: RunId) {
        let mut ballots: FxHashMap<RunId, Ballot> = FxHashMap::default();
        for place in 0..self.things[id as usize].len() {
            let thing = self.things[id as usize][place].0;
            let Some(seen) = self.seen.get(&thing) else { continue };
            let first = self.run(id).first;
            let middle = seen.partition_point(|&other| self.run(other).first <= first);
            let from = middle.saturating_sub(LOOK_BACK / 2);
            let near = seen[from..seen.len().min(middle + LOOK_BACK / 2)].to_vec();
            self.vote(id, thing, &near, true, &mut ballots);
        }
        let best = ballots
            .into_iter()
            .filter(|(_, ballot)| ballot.sum() >= self.linker.tables.links.join)
            .max_by_key(|&(root, ballot)| (ballot.sum(), std::cmp::Reverse(root)));
        if let Some((root, ballot)) = best {
            self.note_joined(id, &ballot);
            self.parent[id as usize] = root;
        }
    }

    fn vote(
        &mut self,
        id: RunId,
        thing: ThingId,
        others: &[RunId],
        follows: bool,
        ballots: &mut FxHashMap<RunId, Ballot>,
    ) {
        for &other in others {
            let (tie, weight) = self.tie(id, other, thing, follows);
            if weight >= self.linker.tables.links.least {
                ballots.entry(self.find(other)).or_default().offer(weight, tie, thing);
            }
        }
    }

    /// How strongly `thing` ties two runs.
    fn tie(&self, id: RunId, other: RunId, thing: ThingId, follows: bool) -> (Tie, i64) {
        let apart = apart(self.run(id), self.run(other));
        let tie = self.tie_kind(id, other, thing, apart);
        let weight = tie.weight(&self.linker.tables.links);
        let same_rule = self.run(id).rule == self.run(other).rule;
        let mut sum = weight.weight * WHOLE * weight.left_after(apart) / 100;
        if !(same_rule && tie.is_one_story()) {
            // What only follows brings nothing together, so its own noise does no harm where the
            // value is telling.
            let own = if follows && weight.strong { WHOLE } else { self.quiet[id as usize] };
            let other_quiet = self.quiet[other as usize];
            let both = middle(own, other_quiet);
            let quiet = if weight.strong { middle(WHOLE, both) } else { both };
            sum = sum * self.rarity(tie, thing) / WHOLE * quiet / WHOLE;
            sum = sum * self.belongs[other as usize] / WHOLE;
        }
        if !weight.strong {
            sum = sum * (stress(self.run(id).level) + stress(self.run(other).level)) / (2 * WHOLE);
        }
        (tie, sum / WHOLE)
    }

    fn tie_kind(&self, id: RunId, other: RunId, thing: ThingId, apart: i64) -> Tie {
        let (own, others_own) = (self.own(id) == Some(thing), self.own(other) == Some(thing));
        let found = self.linker.things.get(thing);
        match found.kind {
            _ if own && others_own => {
                let mask = |run: RunId| self.linker.rules[self.run(run).rule as usize].mask;
                let differ = mask(id) != mask(other) && mask(id) != 0 && mask(other) != 0;
                let close = self.linker.tables.links.time.left_after(apart) > 0;
                if differ && close { Tie::Time } else { Tie::Host }
            }
            // What came from a machine leads back to what happened there; what else happens on the
            // machine leads to where it went no better than to anything on the machine itself.
            _ if own => Tie::Host,
            _ if others_own => Tie::Peer,
            Kind::Host => Tie::Peer,
            Kind::Address if found.inside => Tie::Inside,
            Kind::Address => Tie::Outside,
            Kind::Account if self.acts(id, thing) && self.acts(other, thing) => Tie::Account,
            Kind::Account | Kind::Target | Kind::Mailbox => Tie::Mailbox,
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
        let spread = tie.weight(&self.linker.tables.links).spread;
        let share = match tie {
            Tie::Host | Tie::Time | Tie::Held => self.idle.get(&thing).copied().unwrap_or(WHOLE),
            _ => self.rare[thing as usize],
        };
        steepen(share, spread)
    }

    /// A machine in foreign hands: what is serious and unusual there is likely of the same actor.
    fn vote_held(&mut self, id: RunId, ballots: &mut FxHashMap<RunId, Ballot>) {
        let serious = self.run(id).level >= Level::High && self.quiet[id as usize] >= HELD_QUIET;
        let Some(own) = self.own(id).filter(|_| serious) else { return };
        let Some(first) = self.run(id).first else { return };
        let weight = &self.linker.tables.links.held;
        for run in self.held.get(&own).cloned().unwrap_or_default() {
            let root = self.find(run);
            let Some(&(_, Some(last))) = self.shown.get(&root).and_then(|shown| shown.get(&own)) else {
                continue;
            };
            let apart = (first.micros() - last.micros()).max(0);
            let sum = weight.weight * weight.left_after(apart) / 100 * stress(self.run(id).level) / WHOLE;
            ballots.entry(root).or_default().offer(sum, Tie::Held, own);
        }
    }

    fn note_joined(&mut self, run: RunId, ballot: &Ballot) {
        for &(weight, tie, thing) in ballot.best.iter().flatten() {
            self.joined.push(Joined { run, tie, thing, weight });
        }
    }

    fn union(&mut self, a: RunId, b: RunId) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return;
        }
        let (keep, lose) = (a.min(b), a.max(b));
        self.parent[lose as usize] = keep;
        let Some(lost) = self.shown.remove(&lose) else { return };
        let shown = self.shown.entry(keep).or_default();
        for (machine, (mask, last)) in lost {
            let known = shown.entry(machine).or_default();
            *known = (known.0 | mask, known.1.max(last));
            if known.0.count_ones() >= HELD_TACTICS {
                self.held.entry(machine).or_default().push(keep);
            }
        }
    }

    /// Notes what a serious run shows of its incident on its machine.
    fn show(&mut self, id: RunId) {
        let run = self.run(id);
        let Some(own) = self.own(id).filter(|_| run.level >= Level::High) else { return };
        let root = self.find(id);
        let known = self.shown.entry(root).or_default().entry(own).or_default();
        let held_before = known.0.count_ones() >= HELD_TACTICS;
        *known = (known.0 | self.linker.rules[run.rule as usize].mask, known.1.max(run.last));
        if !held_before && known.0.count_ones() >= HELD_TACTICS {
            self.held.entry(own).or_default().push(root);
        }
    }

    /// Noise that joined nothing stands together by rule and actors.
    fn gather_groups(&mut self, follow: &[RunId]) {
        let mut first_of: FxHashMap<u32, RunId> = FxHashMap::default();
        for &id in follow {
            if self.parent[id as usize] == id {
                let first = *first_of.entry(self.run(id).group).or_insert(id);
                self.parent[id as usize] = first;
            }
        }
    }
}

/// How much a level counts where the value itself tells little.
fn stress(level: Level) -> i64 {
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
    for (&address, &machine) in &linker.machines {
        if let Some(machine) = machine {
            one[address as usize] = machine;
        }
    }
    for (other_name, account) in linker.things.same_people() {
        one[other_name as usize] = account;
    }
    one
}
