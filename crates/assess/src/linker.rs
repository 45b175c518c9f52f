use std::collections::BTreeMap;

use model::{EventRef, EvidenceId, Finding, Level, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::mention::Mentions;
use crate::plan::Plan;
use crate::runs::{RuleId, RunId, Runs, Sighting};
use crate::sids::Sids;
use crate::tables::{BadTable, Tables};
use crate::tactic::Purpose;
use crate::things::{Named, ThingId, Things};
use crate::volume::{Volume, Volumes};
use crate::{Kind, Settings, normal};

/// The first pass over the findings: learns what there is and how common it is.
#[derive(Debug)]
pub struct Linker {
    pub(crate) tables: Tables,
    pub(crate) settings: Settings,
    pub(crate) things: Things,
    pub(crate) runs: Runs,
    pub(crate) rules: Vec<Rule>,
    pub(crate) rule_ids: FxHashMap<Box<str>, RuleId>,
    pub(crate) volumes: Volumes,
    /// Address → the machine that has it; `None` where several claim it.
    machines: FxHashMap<ThingId, Option<ThingId>>,
    /// Address → what the caller calls a machine that gives its address alone.
    called: FxHashMap<ThingId, ThingId>,
    /// Runs that hold on one and the same record.
    pub(crate) same_record: FxHashSet<(RunId, RunId)>,
    /// The last record on which a finding held, and the runs of its findings.
    last_record: (Option<EventRef>, Vec<RunId>),
    /// Evidence → the machines, at most two, of its records.
    written_by: BTreeMap<EvidenceId, [Option<ThingId>; 2]>,
    /// Names of accounts that records name by number too.
    pub(crate) sids: Sids,
    /// On how many days there is a finding.
    pub(crate) days: u64,
    last_day: i64,
    pub(crate) last: Option<Time>,
}

/// What the first pass learns of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// What it is a sign of.
    pub(crate) purpose: Purpose,
    /// Its tactics, as bits.
    pub(crate) mask: u32,
    /// On how many days it fires, by machine, and the last of them.
    pub(crate) machines: FxHashMap<Option<ThingId>, (u64, i64)>,
    /// How many accounts, addresses and the like it named first, and how many other things.
    named_first: [usize; 2],
    /// The time after which its findings are told apart by machine alone, since it names too many.
    crowded_after: Option<Option<Time>>,
}

/// How many things of either sort one rule may name first: one noisy rule must not fill the room in
/// which all others are linked.
const MOST_NAMED_FIRST: usize = 5_000;

/// How many pairs of runs on one record are kept, and how many runs of one record are compared.
const MOST_PAIRS: usize = 60_000;
const MOST_ON_ONE_RECORD: usize = 16;

impl Rule {
    /// Whether a finding of `time` comes after the rule named too many actors.
    pub(crate) fn is_crowded(&self, time: Option<Time>) -> bool {
        self.crowded_after.is_some_and(|after| time > after)
    }
}

impl Linker {
    /// A linker with the tables that the crate carries.
    pub fn new(settings: &Settings) -> Result<Self, BadTable> {
        Ok(Self {
            tables: Tables::built_in()?,
            settings: settings.clone(),
            things: Things::default(),
            runs: Runs::default(),
            rules: Vec::new(),
            rule_ids: FxHashMap::default(),
            volumes: Volumes::default(),
            machines: FxHashMap::default(),
            called: FxHashMap::default(),
            same_record: FxHashSet::default(),
            last_record: (None, Vec::new()),
            written_by: BTreeMap::new(),
            sids: Sids::default(),
            days: 0,
            last_day: i64::MIN,
            last: None,
        })
    }

    /// Takes the next finding, in order of time, evidence and record. `default_host` names the
    /// machine of a record that does not say.
    pub fn see(&mut self, finding: &Finding, default_host: Option<&str>) {
        let mentions = self.tables.mentions(finding, default_host);
        let rule = self.rule(finding);
        let named = self.note(finding, rule, &mentions);
        let day = finding.time.map_or(i64::MIN, Time::day);
        if finding.level > Level::Informational {
            for &thing in named.all.iter().filter(|&&thing| Some(thing) != named.own) {
                self.things.named_on(thing, day);
            }
        }
        self.learn_machine(&mentions, &named);
        self.learn_place(finding, named.own);
        self.sids.learn(finding);
        if day != self.last_day {
            self.last_day = day;
            self.days += 1;
        }
        self.last = self.last.max(finding.time);
        let fired = self.rules[rule as usize].machines.entry(named.own).or_insert((0, i64::MIN));
        if fired.0 == 0 || fired.1 != day {
            *fired = (fired.0 + 1, day);
        }
        let (time, level, id) = (finding.time, finding.level, finding.id.as_str());
        let run = self.runs.add(&Sighting { rule, named: &named, time, level, id });
        self.compare_record(finding, run);
    }

    /// Takes the records that `log` (a format or channel, such as `w3c`) of `host` holds on one
    /// day. May be told in any order and several times for one day; tells how common a finding
    /// is, and where evidence is missing.
    pub fn volume(&mut self, host: &str, log: &str, volume: Volume) {
        let (key, name) = match normal::host(&self.tables, host) {
            Some(named) => (named.key, named.name),
            None => (String::new(), String::new()),
        };
        self.volumes.add((&key, &name), log, volume);
    }

    /// Decides what belongs together.
    pub fn link(self) -> Plan {
        Plan::new(self)
    }

    /// Gives a number to all that a finding names, as far as there is room.
    fn note(&mut self, finding: &Finding, rule: RuleId, mentions: &Mentions) -> Named {
        let matters = finding.level >= Level::Medium;
        let rule = &mut self.rules[rule as usize];
        let crowded = rule.is_crowded(finding.time);
        let things = &mut self.things;
        let named = Named::new(mentions, crowded, |mention| {
            let sort = usize::from(!mention.kind.tells_actors_apart());
            let before = things.len();
            let room = matters || before < Things::MOST / 2;
            let full = crowded || !room || (sort == 1 && rule.named_first[sort] >= MOST_NAMED_FIRST);
            let id = if full && !mention.own {
                things.find_or_refuse(mention.kind, &mention.key)
            } else {
                things.note(mention)
            };
            rule.named_first[sort] += things.len() - before;
            id
        });
        if rule.named_first[0] >= MOST_NAMED_FIRST && rule.crowded_after.is_none() {
            rule.crowded_after = Some(finding.time);
        }
        named
    }

    fn rule(&mut self, finding: &Finding) -> RuleId {
        if let Some(&known) = self.rule_ids.get(finding.rule.id.as_str()) {
            return known;
        }
        let id = self.rules.len() as RuleId;
        let purpose = self.tables.tactics.of(&finding.rule);
        self.rules.push(Rule {
            mask: purpose.mask(),
            purpose,
            named_first: [0; 2],
            crowded_after: None,
            machines: FxHashMap::default(),
        });
        self.rule_ids.insert(finding.rule.id.as_str().into(), id);
        id
    }

    /// The machine of each address, as far as one is known.
    pub(crate) fn machines(&self) -> Vec<(ThingId, ThingId)> {
        let claimed = self.machines.iter().filter_map(|(&address, &machine)| Some((address, machine?)));
        // The caller's name counts where records use it too, and nothing speaks against it.
        let called =
            self.called.iter().map(|(&address, &called)| (address, called)).filter(|&(address, called)| {
                self.things.get(called).stated && !self.machines.contains_key(&address)
            });
        claimed.chain(called).collect()
    }

    /// Notes the runs of one record. Findings on one record come one after another.
    fn compare_record(&mut self, finding: &Finding, run: RunId) {
        let (last, runs) = &mut self.last_record;
        if last.as_ref() != Some(&finding.event_ref) {
            *last = Some(finding.event_ref.clone());
            runs.clear();
        }
        for &other in runs.iter().filter(|&&other| other != run) {
            if self.same_record.len() < MOST_PAIRS {
                self.same_record.insert((other.min(run), other.max(run)));
            }
        }
        if runs.len() < MOST_ON_ONE_RECORD && !runs.contains(&run) {
            runs.push(run);
        }
    }

    /// Learns which machine has which address: a record gives both of its own machine, or names
    /// one other machine and one address inside.
    fn learn_machine(&mut self, mentions: &Mentions, named: &Named) {
        let own = &mentions.own;
        if let (true, Some(machine)) = (own.stated, named.own) {
            self.things.state(machine);
        }
        if let (Some(machine), Some(address)) = (named.own, &own.address) {
            if let Some(address) = self.things.note(address) {
                self.claim(address, machine);
            }
            return;
        }
        if let (Some(address), Some(called)) = (named.own, &own.called)
            && let Some(called) = self.things.note(called)
        {
            self.called.insert(address, called);
        }
        let others = named.all.iter().copied().filter(|&thing| Some(thing) != named.own);
        let mut hosts = others.clone().filter(|&thing| self.things.get(thing).kind == Kind::Host);
        let mut addresses = others.filter(|&thing| self.things.get(thing).kind == Kind::Address);
        if let (Some(host), None, Some(address), None) =
            (hosts.next(), hosts.next(), addresses.next(), addresses.next())
            && self.things.get(address).inside
        {
            self.claim(address, host);
        }
    }

    fn learn_place(&mut self, finding: &Finding, own: Option<ThingId>) {
        let Some(own) = own else { return };
        let known = self.written_by.entry(finding.event_ref.evidence).or_default();
        if !known.contains(&Some(own))
            && let Some(free) = known.iter_mut().find(|place| place.is_none())
        {
            *free = Some(own);
        }
    }

    /// The machine of each piece of evidence whose records are all of one.
    pub(crate) fn places(&self, canonical: &[ThingId]) -> BTreeMap<EvidenceId, ThingId> {
        let one = |thing: &ThingId| canonical[*thing as usize];
        let single = |(&evidence, known): (&EvidenceId, &[Option<ThingId>; 2])| {
            let mut machines = known.iter().flatten().map(one);
            let first = machines.next()?;
            machines.all(|other| other == first).then_some((evidence, first))
        };
        self.written_by.iter().filter_map(single).collect()
    }

    fn claim(&mut self, address: ThingId, host: ThingId) {
        let known = self.machines.entry(address).or_insert(Some(host));
        if *known != Some(host) {
            *known = None;
        }
    }
}
