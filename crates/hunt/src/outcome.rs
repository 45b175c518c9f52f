//! What a hunt came to, joined over all files.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use detect::{
    Burst, Combined, Combiner, Correlator, Indicators, Input, Observed, RuleSet, Suppressor, Target,
};
use model::{
    EventRef, Evidence, EvidenceId, Facts, Finding, FindingKind, Level, LogSource, Manifest, RuleInfo,
    SourceId, Time, Window,
};
use sha2::{Digest, Sha256};

use crate::judge::NO_TIME;
use crate::part::{By, Counted, Stored, Volume};
use crate::sorter::{Key, Sorted, Sorter};
use crate::{Hunt, wanted};

/// What a hunt came to. Findings lie sorted on disk and can be read again and again.
#[derive(Debug)]
pub struct Outcome {
    /// What was read, and how.
    pub manifest: Manifest,
    /// For each file or member and log source: how much was read and which rules could apply.
    pub coverage: Vec<Covered>,
    /// (host, log source, day) → records.
    pub volumes: BTreeMap<(String, SourceId, i64), Volume>,
    /// Reason → suppressed findings.
    pub suppressed: BTreeMap<String, u64>,
    /// Findings by level, without suppressed ones.
    pub levels: BTreeMap<Level, u64>,
    evidence: BTreeMap<EvidenceId, u32>,
    findings: Sorted,
    infos: Infos,
}

/// How well the rules fit what one piece of evidence holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Which piece of evidence, as an index into [`Manifest::evidence`].
    pub evidence: u32,
    /// The log source of these records.
    pub source: LogSource,
    /// How many there are.
    pub records: u64,
    /// How many rules could apply.
    pub rules: u64,
    /// Fields that those rules look at and that no record carries, with the number of rules that
    /// look at them; most wanted first.
    pub missing: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Infos {
    rules: Vec<Arc<RuleInfo>>,
    correlations: Vec<Arc<RuleInfo>>,
    indicators: Vec<Arc<RuleInfo>>,
}

impl Infos {
    fn new(set: &RuleSet, indicators: Option<&Indicators>) -> Self {
        Self {
            rules: set.rules.iter().map(|rule| Arc::new(rule.info.clone())).collect(),
            correlations: set.correlations.iter().map(|rule| Arc::new(rule.info.clone())).collect(),
            indicators: indicators.map(|all| all.infos().to_vec()).unwrap_or_default(),
        }
    }

    fn of(&self, by: By) -> (&Arc<RuleInfo>, FindingKind) {
        match by {
            By::Rule(place) => (&self.rules[place as usize], FindingKind::Rule),
            By::Correlation(place) => (&self.correlations[place as usize], FindingKind::Correlation),
            By::Indicator(place) => (&self.indicators[place as usize], FindingKind::Indicator),
        }
    }
}

impl Outcome {
    /// Every finding that is not suppressed, in order of time, evidence hash and record.
    pub fn findings(&mut self) -> io::Result<impl Iterator<Item = io::Result<Finding>>> {
        let (infos, evidence, manifest) = (&self.infos, &self.evidence, &self.manifest);
        Ok(self.findings.read::<Stored>()?.filter_map(move |item| match item {
            Ok((_, stored)) if stored.suppressed.is_some() => None,
            Ok((_, stored)) => Some(Ok(finding(stored, infos, evidence, manifest))),
            Err(error) => Some(Err(error)),
        }))
    }

    /// The piece of evidence that `id` means.
    pub fn evidence(&self, id: EvidenceId) -> Option<&Evidence> {
        self.manifest.evidence.get(*self.evidence.get(&id)? as usize)
    }

    /// Each piece of evidence by its id.
    pub fn evidence_by_id(&self) -> BTreeMap<EvidenceId, Evidence> {
        self.evidence
            .iter()
            .map(|(id, place)| (*id, self.manifest.evidence[*place as usize].clone()))
            .collect()
    }
}

/// Which rules some correlation counts.
pub(crate) fn fed(set: &RuleSet) -> Vec<bool> {
    let mut fed = vec![false; set.rules.len()];
    for target in set.correlations.iter().flat_map(|correlation| correlation.targets()) {
        if let Target::Rule(place) = target {
            fed[place as usize] = true;
        }
    }
    fed
}

pub(crate) fn join(
    hunt: &Hunt<'_>,
    parts: Vec<(Vec<Evidence>, Counted)>,
    mut findings: Vec<Sorter>,
    (inputs, observed): (Vec<Sorter>, Vec<Sorter>),
    mut tally: Tally,
    unreadable: BTreeMap<String, String>,
) -> io::Result<Outcome> {
    let set = hunt.engine.rules();
    findings.push(correlate(hunt, inputs, &mut tally)?);
    findings.push(combine(hunt, observed, &mut tally)?);
    let findings = Sorter::merge(findings, &hunt.config.tmp)?;
    let infos = Infos::new(set, hunt.indicators);
    let levels = tally.levels(&infos);
    let suppressed = tally.suppressed;
    let mut evidence = BTreeMap::new();
    let mut listed = Vec::new();
    let mut coverage = Vec::new();
    let mut volumes: BTreeMap<_, Volume> = BTreeMap::new();
    let mut asked: BTreeMap<SourceId, Vec<Asked>> = BTreeMap::new();
    for (file, (members, counted)) in parts.into_iter().enumerate() {
        let first = listed.len() as u32;
        for member in 0..members.len() as u32 {
            evidence.insert(EvidenceId { file: file as u32, member }, first + member);
        }
        listed.extend(members);
        coverage.extend(counted.coverage.into_iter().map(|((member, source), (records, seen))| {
            let asked = asked.entry(source).or_insert_with(|| asked_of(hunt, source));
            covered(hunt, first + member, source, records, asked, &seen)
        }));
        for (key, volume) in counted.volumes {
            volumes.entry(key).and_modify(|known| known.join(volume)).or_insert(volume);
        }
    }
    let manifest = Manifest {
        program: hunt.config.program.clone(),
        rules_sha256: set.sha256.clone(),
        rules: (set.rules.len() + set.correlations.len()) as u64,
        settings: hunt.config.settings(),
        evidence: listed,
        unreadable,
    };
    Ok(Outcome { manifest, coverage, volumes, suppressed, levels, evidence, findings, infos })
}

/// Runs the correlations, depth by depth, over the sorted inputs.
fn correlate(hunt: &Hunt<'_>, inputs: Vec<Sorter>, tally: &mut Tally) -> io::Result<Sorter> {
    let set = hunt.engine.rules();
    let mut sorted = Sorter::merge(inputs, &hunt.config.tmp)?;
    let mut out = Sorter::new(&hunt.config.tmp, 12 << 20);
    // Bursts of lower depths, which deeper correlations count; few beside the inputs.
    let mut below: Vec<Burst> = Vec::new();
    for depth in 0..Correlator::depths(set) {
        let mut correlator = Correlator::new(set, depth);
        let mut lower: Vec<Input> = below.iter().filter_map(Burst::input).collect();
        lower.sort();
        let mut lower = lower.into_iter().peekable();
        for item in sorted.read::<Input>()? {
            let (_, input) = item?;
            while let Some(earlier) = lower.next_if(|lower| lower.time <= input.time) {
                correlator.see(&earlier);
            }
            correlator.see(&input);
        }
        lower.for_each(|input| correlator.see(&input));
        let bursts = correlator.finish();
        for burst in &bursts {
            report(hunt, burst, &mut out, tally)?;
        }
        below.extend(bursts);
    }
    Ok(out)
}

/// Judges the indicators over several observations.
fn combine(hunt: &Hunt<'_>, observed: Vec<Sorter>, tally: &mut Tally) -> io::Result<Sorter> {
    let mut sorted = Sorter::merge(observed, &hunt.config.tmp)?;
    let mut out = Sorter::new(&hunt.config.tmp, 12 << 20);
    let Some(indicators) = hunt.indicators else { return Ok(out) };
    let mut combiner = Combiner::new(indicators);
    for item in sorted.read::<Observed>()? {
        combiner.see(&item?.1);
    }
    for Combined { indicator, burst, matched, event } in combiner.finish() {
        let Some(last) = burst.events.last().cloned() else { continue };
        let by = By::Indicator(indicator);
        let suppressed = suppressed(hunt.suppressor, indicators.info(indicator), &event);
        tally.count(by, suppressed.as_deref());
        let key = place(burst.window.last, &last, by);
        let time = Some(burst.window.last);
        let stored = Stored { by, time, event_ref: last, event, matched, suppressed, burst: Some(burst) };
        out.push(key, &stored)?;
    }
    Ok(out)
}

/// Where a finding over several events stands among the others.
fn place(time: Time, last: &EventRef, by: By) -> Key {
    Key {
        time: time.micros(),
        hash: 0,
        file: last.evidence.file,
        member: last.evidence.member,
        seq: last.seq,
        rule: by.rank(),
    }
}

fn report(hunt: &Hunt<'_>, burst: &Burst, out: &mut Sorter, tally: &mut Tally) -> io::Result<()> {
    let correlation = &hunt.engine.rules().correlations[burst.correlation as usize];
    if !correlation.reports || !wanted(hunt.config, &correlation.info, correlation.level()) {
        return Ok(());
    }
    let Some(last) = burst.events.last() else { return Ok(()) };
    let by = By::Correlation(burst.correlation);
    let key = place(burst.window.last, last, by);
    let event = shown(burst, &correlation.inputs);
    let stored = Stored {
        by,
        time: Some(burst.window.last),
        event_ref: last.clone(),
        suppressed: suppressed(hunt.suppressor, &correlation.info, &event),
        event,
        matched: counted(burst, &correlation.measured),
        burst: Some(burst.clone()),
    };
    tally.count(by, stored.suppressed.as_deref());
    out.push(key, &stored)
}

/// Of a correlation's last event, the group it is of and what the correlation carries.
fn shown(burst: &Burst, inputs: &[String]) -> Facts {
    let group = burst.group.iter().map(|(field, text)| (field, text));
    let carried = inputs
        .iter()
        .zip(&burst.values)
        .filter(|(field, _)| burst.group.iter().all(|(known, _)| known != *field))
        .filter_map(|(field, value)| Some((field, value.as_ref()?)));
    group.chain(carried).map(|(field, text)| model::Fact { field, kind: model::Kind::Str, text }).collect()
}

/// The values that a correlation counted, as the facts that made it hold.
fn counted(burst: &Burst, measured: &[String]) -> Vec<model::Matched> {
    let Some(field) = measured.first() else { return Vec::new() };
    let values = burst.counted.iter();
    values
        .map(|value| model::Matched {
            field: field.clone(),
            value: value.clone(),
            wanted: "counted".to_owned(),
        })
        .collect()
}

/// What a suppression can ask for is what the finding shows.
fn suppressed(suppressor: &Suppressor, info: &RuleInfo, facts: &Facts) -> Option<String> {
    if suppressor.is_empty() {
        return None;
    }
    let mut event = model::Event::default();
    facts.iter().for_each(|fact| event.push_str(fact.field, fact.text));
    suppressor.reason(info, &event, &mut detect::Scratch::default()).map(str::to_owned)
}

/// How many findings each rule made, and how many were suppressed for each reason.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    found: BTreeMap<By, u64>,
    suppressed: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn count(&mut self, by: By, suppressed: Option<&str>) {
        match suppressed {
            None => *self.found.entry(by).or_default() += 1,
            Some(reason) => match self.suppressed.get_mut(reason) {
                Some(count) => *count += 1,
                None => _ = self.suppressed.insert(reason.to_owned(), 1),
            },
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (by, count) in other.found {
            *self.found.entry(by).or_default() += count;
        }
        for (reason, count) in other.suppressed {
            *self.suppressed.entry(reason).or_default() += count;
        }
    }

    fn levels(&self, infos: &Infos) -> BTreeMap<Level, u64> {
        let mut levels = BTreeMap::new();
        for (&by, count) in &self.found {
            *levels.entry(infos.of(by).0.level.unwrap_or(Level::Medium)).or_default() += count;
        }
        levels
    }
}

/// A field that rules for a log source look at, its place in the engine, and how many rules do.
type Asked = (String, Option<u32>, u64);

fn asked_of(hunt: &Hunt<'_>, source: SourceId) -> Vec<Asked> {
    let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
    for &rule in hunt.engine.rules_for(source) {
        for field in hunt.engine.rules().rules[rule as usize].fields() {
            *asked.entry(field).or_default() += 1;
        }
    }
    let mut asked: Vec<Asked> =
        asked.into_iter().map(|(field, rules)| (field.to_owned(), hunt.engine.field(field), rules)).collect();
    asked.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    asked
}

fn covered(
    hunt: &Hunt<'_>,
    evidence: u32,
    source: SourceId,
    records: u64,
    asked: &[Asked],
    seen: &[u32],
) -> Covered {
    let absent = |slot: &Option<u32>| slot.is_none_or(|slot| seen.binary_search(&slot).is_err());
    // A person reads the first few; of thousands of files the rest would fill the memory.
    const MOST: usize = 8;
    let missing = asked.iter().filter(|(_, slot, _)| absent(slot)).take(MOST);
    Covered {
        evidence,
        source: hunt.sources.get(source).clone(),
        records,
        rules: hunt.engine.rules_for(source).len() as u64,
        missing: missing.map(|(field, _, rules)| (field.clone(), *rules)).collect(),
    }
}

fn finding(
    stored: Stored,
    infos: &Infos,
    evidence: &BTreeMap<EvidenceId, u32>,
    manifest: &Manifest,
) -> Finding {
    let (rule, kind) = infos.of(stored.by);
    let sha256 = evidence
        .get(&stored.event_ref.evidence)
        .and_then(|place| manifest.evidence.get(*place as usize))
        .map_or("", |evidence| evidence.sha256.as_str());
    let (events, events_total, window, group) = match stored.burst {
        Some(burst) => (burst.events, burst.total, Some(burst.window), burst.group),
        None => (Vec::new(), 0, None, Vec::new()),
    };
    Finding {
        id: id(rule, sha256, &stored.event_ref, &group, window),
        kind,
        time: stored.time,
        level: rule.level.unwrap_or(Level::Medium),
        rule: Arc::clone(rule),
        event_ref: stored.event_ref,
        event: stored.event,
        matched: stored.matched,
        events,
        events_total,
        window,
        group,
    }
}

/// Stable over runs, machines and paths: rule, evidence, place, and of what counts several events
/// the group and the window.
fn id(
    rule: &RuleInfo,
    sha256: &str,
    event: &EventRef,
    group: &model::Group,
    window: Option<Window>,
) -> String {
    let mut hash = Sha256::new();
    let since = window.map(|window| window.first.micros());
    hash.update(format!(
        "{}\0{sha256}\0{}\0{}\0{}\0{group:?}\0{since:?}",
        rule.id,
        event.record,
        event.seq,
        event.time.map_or(NO_TIME, Time::micros)
    ));
    model::hex(&hash.finalize()[..16])
}
