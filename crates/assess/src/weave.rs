//! Which runs belong together.

use std::cmp::Reverse;

use model::{Level, Time};
use rustc_hash::FxHashMap;

use crate::linker::Linker;
use crate::runs::{Run, RunId};
use crate::scales::{Scales, stress};
use crate::things::ThingId;
use crate::tie::{Ballot, Tie};
use crate::weigh::WHOLE;

/// How many earlier runs with the same value are compared.
const LOOK_BACK: usize = 64;
/// How many ties between incidents that wait for another are looked through.
const LOOK_BACK_PENDING: usize = 256;
/// How many tactics at high an incident shows on a machine before that counts as held.
const HELD_TACTICS: u32 = 3;
/// How quiet a rule must be for its finding to join by a held machine alone.
const HELD_QUIET: i64 = 700;

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

struct Weaver<'a> {
    scales: Scales<'a>,
    /// Thing → the quiet runs that name it, in order of time.
    seen: FxHashMap<ThingId, Vec<RunId>>,
    /// Run → the runs that hold on one of its records.
    same_record: FxHashMap<RunId, Vec<RunId>>,
    parent: Vec<RunId>,
    /// Root → machine → tactics shown there at high, and when last.
    shown: FxHashMap<RunId, FxHashMap<ThingId, (u32, Option<Time>)>>,
    /// Machine → a run of each incident that holds it.
    held: FxHashMap<ThingId, Vec<RunId>>,
    /// How firmly each run belongs to its incident.
    belongs: Vec<i64>,
    /// Whether a run brought what it could, so that others may join it.
    brought: Vec<bool>,
    /// Pairs of incidents that a run of some day ties, not firmly enough to make them one.
    pending: Vec<(RunId, RunId, Option<i64>)>,
    joined: Vec<Joined>,
}

type Ballots = FxHashMap<RunId, Ballot>;

/// Weaves the runs of `linker` together.
pub(crate) fn weave(linker: &Linker) -> Woven {
    let mut weaver = Weaver::new(linker);
    let runs = &linker.runs.list;
    let mut order: Vec<RunId> = (0..runs.len() as RunId).collect();
    order.sort_by_key(|&run| (runs[run as usize].first, run));
    let (bring, follow): (Vec<RunId>, Vec<RunId>) =
        order.into_iter().partition(|&run| weaver.scales.brings(run));
    for &run in &bring {
        weaver.bring(run);
    }
    for &run in &follow {
        weaver.follow(run);
    }
    weaver.gather_groups(&follow);
    let root = (0..runs.len() as RunId).map(|run| weaver.find(run)).collect();
    let Weaver { joined, scales: Scales { quiet, canonical, .. }, .. } = weaver;
    Woven { root, joined, quiet, canonical }
}

impl<'a> Weaver<'a> {
    fn new(linker: &'a Linker) -> Self {
        let runs = linker.runs.list.len();
        let mut same_record: FxHashMap<RunId, Vec<RunId>> = FxHashMap::default();
        for &(a, b) in &linker.same_record {
            same_record.entry(a).or_default().push(b);
            same_record.entry(b).or_default().push(a);
        }
        same_record.values_mut().for_each(|runs| runs.sort_unstable());
        Self {
            scales: Scales::new(linker),
            seen: FxHashMap::default(),
            same_record,
            parent: (0..runs as RunId).collect(),
            shown: FxHashMap::default(),
            held: FxHashMap::default(),
            belongs: vec![WHOLE; runs],
            brought: vec![false; runs],
            pending: Vec::new(),
            joined: Vec::new(),
        }
    }

    fn run(&self, id: RunId) -> &'a Run {
        self.scales.run(id)
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
        let mut ballots = Ballots::default();
        let things: Vec<ThingId> = self.scales.things(id).collect();
        for &thing in &things {
            let seen = self.seen.get(&thing).map_or(&[][..], Vec::as_slice);
            let earlier = seen[seen.len().saturating_sub(LOOK_BACK)..].to_vec();
            self.vote(id, thing, &earlier, false, &mut ballots);
        }
        self.vote_record(id, &mut ballots);
        self.vote_held(id, &mut ballots);
        self.join(id, ballots);
        for thing in things {
            self.seen.entry(thing).or_default().push(id);
        }
        self.brought[id as usize] = true;
        self.show(id);
    }

    /// Joins the incident that a run fits best, and makes others one with it.
    fn join(&mut self, id: RunId, ballots: Ballots) {
        let links = &self.scales.linker.tables.links;
        let (join, bridge) = (links.join, links.bridge);
        let firm = |ballot: &Ballot| ballot.beside_machine() >= join || ballot.sum() >= bridge;
        let mut ballots: Vec<(RunId, Ballot)> =
            ballots.into_iter().filter(|(_, ballot)| ballot.sum() >= join).collect();
        ballots.sort_unstable_by_key(|(root, ballot)| {
            (ballot.beside_machine() < join, Reverse(ballot.sum()), *root)
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
    }

    /// How firmly a run belongs to what it has `sum` with.
    fn belonging(&self, sum: i64) -> i64 {
        let links = &self.scales.linker.tables.links;
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
        let mut ballots = Ballots::default();
        let first = self.run(id).first;
        for thing in self.scales.things(id).collect::<Vec<_>>() {
            let Some(seen) = self.seen.get(&thing) else { continue };
            let middle = seen.partition_point(|&other| self.run(other).first <= first);
            let from = middle.saturating_sub(LOOK_BACK / 2);
            let near = seen[from..seen.len().min(middle + LOOK_BACK / 2)].to_vec();
            self.vote(id, thing, &near, true, &mut ballots);
        }
        self.vote_record(id, &mut ballots);
        let join = self.scales.linker.tables.links.join;
        let best = ballots
            .into_iter()
            .filter(|(_, ballot)| ballot.sum() >= join)
            .max_by_key(|&(root, ballot)| (ballot.sum(), Reverse(root)));
        if let Some((root, ballot)) = best {
            self.note_joined(id, &ballot);
            self.parent[id as usize] = root;
        }
    }

    fn vote(&mut self, id: RunId, thing: ThingId, others: &[RunId], follows: bool, ballots: &mut Ballots) {
        for &other in others {
            let belongs = self.belongs[other as usize];
            let (tie, weight) = self.scales.tie(id, other, thing, follows, belongs);
            if weight >= self.scales.linker.tables.links.least {
                ballots.entry(self.find(other)).or_default().offer(weight, tie, thing);
            }
        }
    }

    /// Two rules on one record speak of one thing.
    fn vote_record(&mut self, id: RunId, ballots: &mut Ballots) {
        let Some(shown) = self.scales.own(id).or_else(|| self.scales.things(id).next()) else { return };
        for other in self.same_record.get(&id).cloned().unwrap_or_default() {
            if self.brought[other as usize] {
                let weight = self.scales.record_tie(id, other);
                ballots.entry(self.find(other)).or_default().offer(weight, Tie::Record, shown);
            }
        }
    }

    /// A machine in foreign hands: what is serious and unusual there is likely of the same actor.
    fn vote_held(&mut self, id: RunId, ballots: &mut Ballots) {
        let serious = self.run(id).level >= Level::High && self.scales.quiet[id as usize] >= HELD_QUIET;
        let Some(own) = self.scales.own(id).filter(|_| serious) else { return };
        let Some(first) = self.run(id).first else { return };
        let weight = &self.scales.linker.tables.links.held;
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
        for (weight, tie, thing) in ballot.best() {
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
        let Some(own) = self.scales.own(id).filter(|_| run.level >= Level::High) else { return };
        let root = self.find(id);
        let known = self.shown.entry(root).or_default().entry(own).or_default();
        let held_before = known.0.count_ones() >= HELD_TACTICS;
        *known = (known.0 | self.scales.mask(id), known.1.max(run.last));
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
