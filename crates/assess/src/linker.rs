use std::sync::Arc;

use model::{Finding, Level, RuleInfo, Time};
use rustc_hash::FxHashMap;

use crate::mention::Mentions;
use crate::plan::Plan;
use crate::runs::{RuleId, Runs, Sighting};
use crate::tables::{BadTable, Tables};
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
    rule_ids: FxHashMap<Box<str>, RuleId>,
    pub(crate) volumes: Volumes,
    /// Address → the machine that has it; `None` where several claim it.
    pub(crate) machines: FxHashMap<ThingId, Option<ThingId>>,
    /// On how many days there is a finding.
    pub(crate) days: u64,
    last_day: i64,
    pub(crate) last: Option<Time>,
}

/// What the first pass learns of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) level: Level,
    /// Its tactics, as bits.
    pub(crate) mask: u32,
    /// On how many days it fires, by machine, and the last of them.
    pub(crate) machines: FxHashMap<Option<ThingId>, (u64, i64)>,
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
            days: 0,
            last_day: i64::MIN,
            last: None,
        })
    }

    /// Takes the next finding, in order of time, evidence and record. `default_host` names the
    /// machine of a record that does not say.
    pub fn see(&mut self, finding: &Finding, default_host: Option<&str>) {
        let mentions = self.tables.mentions(finding, default_host);
        let matters = finding.level >= Level::Medium;
        let named = Named::new(&mentions, |mention| self.things.note(mention, matters));
        let day = finding.time.map_or(i64::MIN, Time::day);
        if finding.level > Level::Informational {
            for &thing in named.all.iter().filter(|&&thing| Some(thing) != named.own) {
                self.things.named_on(thing, day);
            }
        }
        self.learn_machine(&mentions, &named);
        if day != self.last_day {
            self.last_day = day;
            self.days += 1;
        }
        self.last = self.last.max(finding.time);
        let rule = self.rule(finding);
        let fired = self.rules[rule as usize].machines.entry(named.own).or_insert((0, i64::MIN));
        if fired.0 == 0 || fired.1 != day {
            *fired = (fired.0 + 1, day);
        }
        let (time, level, id) = (finding.time, finding.level, finding.id.as_str());
        self.runs.add(&Sighting { rule, named: &named, time, level, id });
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

    /// The number that `rule` was given, if it was seen.
    pub(crate) fn rule_ids(&mut self) -> FxHashMap<Box<str>, RuleId> {
        std::mem::take(&mut self.rule_ids)
    }

    fn rule(&mut self, finding: &Finding) -> RuleId {
        if let Some(&known) = self.rule_ids.get(finding.rule.id.as_str()) {
            return known;
        }
        let id = self.rules.len() as RuleId;
        self.rules.push(Rule {
            info: Arc::clone(&finding.rule),
            level: finding.level,
            mask: self.tables.tactics.of(&finding.rule).mask(),
            machines: FxHashMap::default(),
        });
        self.rule_ids.insert(finding.rule.id.as_str().into(), id);
        id
    }

    /// Learns which machine has which address: a record gives both of its own machine, or names
    /// one other machine and one address inside.
    fn learn_machine(&mut self, mentions: &Mentions, named: &Named) {
        if let (Some(own), Some(address)) = (named.own, &mentions.other_address) {
            if let Some(address) = self.things.note(address, true) {
                self.claim(address, own);
            }
            return;
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

    fn claim(&mut self, address: ThingId, host: ThingId) {
        let known = self.machines.entry(address).or_insert(Some(host));
        if *known != Some(host) {
            *known = None;
        }
    }
}
