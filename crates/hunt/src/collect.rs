//! Takes in what one file holds and judges every record.

use std::io;

use detect::{Engine, Input, Observed, Partial, Scratch, Suppressor, Target};
use model::{Event, EventRef, Evidence, EvidenceId, Matched, Problem, RuleInfo, SourceId, Time};
use observe::{Collector, Format};
use rustc_hash::FxHashMap;

use crate::Hunt;
use crate::outcome::Tally;
use crate::part::{By, Counted, Entry, StoredRef, Volume, Writer};
use crate::sorter::{Key, Sorter};

/// What has no time comes after all that has one.
pub(crate) const NO_TIME: i64 = i64::MAX;

/// One thread's tools, kept from file to file.
pub(crate) struct Worker<'a> {
    pub(crate) hunt: &'a Hunt<'a>,
    pub(crate) findings: Sorter,
    pub(crate) inputs: Sorter,
    pub(crate) observed: Sorter,
    pub(crate) tally: Tally,
    /// Memory for the bytes of a small file, kept from file to file.
    pub(crate) buffer: Vec<u8>,
    /// Memory for a finding on its way to be spilled.
    bytes: Vec<u8>,
    scratch: Scratch,
    aside: Scratch,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(hunt: &'a Hunt<'a>) -> Self {
        let budget = 8 << 20;
        Self {
            hunt,
            findings: Sorter::new(&hunt.config.tmp, budget),
            inputs: Sorter::new(&hunt.config.tmp, budget / 2),
            observed: Sorter::new(&hunt.config.tmp, budget / 4),
            tally: Tally::default(),
            buffer: Vec::new(),
            bytes: Vec::new(),
            scratch: Scratch::default(),
            aside: Scratch::default(),
        }
    }
}

/// Collects one file.
pub(crate) struct FileCollector<'w, 'a> {
    worker: &'w mut Worker<'a>,
    file: u32,
    hash: u64,
    part: Option<Writer>,
    evidence: Vec<Evidence>,
    open: Vec<usize>,
    offset: i64,
    seq: u64,
    volumes: FxHashMap<(String, SourceId, i64), Volume>,
    coverage: FxHashMap<(u32, SourceId), (u64, Vec<bool>)>,
    last_volume: Option<((String, SourceId, i64), Volume)>,
    /// Which field named the host of the last event: most often it is the same of the next.
    host_field: usize,
    /// The first error of writing; reading goes on to its end, but the run fails.
    error: Option<io::Error>,
}

impl<'w, 'a> FileCollector<'w, 'a> {
    pub(crate) fn new(worker: &'w mut Worker<'a>, file: u32, hash: &[u8; 32], part: Option<Writer>) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        worker.scratch.forget();
        Self {
            worker,
            file,
            hash: u64::from_be_bytes(first),
            part,
            evidence: Vec::new(),
            open: Vec::new(),
            offset: 0,
            seq: 0,
            volumes: FxHashMap::default(),
            coverage: FxHashMap::default(),
            last_volume: None,
            host_field: 0,
            error: None,
        }
    }

    /// What the file came to.
    pub(crate) fn finish(mut self) -> io::Result<(Vec<Evidence>, Counted)> {
        self.flush_volume();
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut counted = Counted {
            volumes: self.volumes.into_iter().collect(),
            coverage: self
                .coverage
                .into_iter()
                .map(|(at, (records, seen))| {
                    let fields =
                        seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(slot, _)| slot as u32);
                    (at, (records, fields.collect()))
                })
                .collect(),
        };
        counted.volumes.sort();
        counted.coverage.sort();
        if let Some(mut part) = self.part {
            part.write(&Entry::End { evidence: self.evidence.clone(), counted: counted.clone() })?;
            part.finish()?;
        }
        Ok((self.evidence, counted))
    }

    fn current(&mut self) -> Option<&mut Evidence> {
        let open = *self.open.last()?;
        self.evidence.get_mut(open)
    }

    fn event_ref(&self, event: &Event) -> EventRef {
        let member = self.open.last().copied().unwrap_or(0) as u32;
        EventRef {
            time: event.time,
            evidence: EvidenceId { file: self.file, member },
            record: event.record,
            seq: self.seq,
        }
    }

    fn key(&self, event_ref: &EventRef, by: By) -> Key {
        Key {
            time: event_ref.time.map_or(NO_TIME, Time::micros),
            hash: self.hash,
            file: self.file,
            member: event_ref.evidence.member,
            seq: self.seq,
            rule: by.rank(),
        }
    }

    fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn judge(&mut self, event: &Event) {
        let hunt = self.worker.hunt;
        let event_ref = self.event_ref(event);
        let mut scratch = std::mem::take(&mut self.worker.scratch);
        hunt.engine.scan(event, &mut scratch, |place, view| {
            let rule = &hunt.engine.rules().rules[place as usize];
            if hunt.feeds[place as usize]
                && let Some(time) = event.time
            {
                self.feed(place, &rule.inputs, time, event, &event_ref);
            }
            if hunt.reports[place as usize] {
                self.find(By::Rule(place), &rule.info, event, &event_ref, &view.matched(place));
            }
        });
        if let Some(indicators) = hunt.indicators {
            let found = indicators.look(event);
            for partial in found.partial {
                self.observe(partial, event, &event_ref);
            }
            for (place, matched) in found.matches {
                self.find(By::Indicator(place), indicators.info(place), event, &event_ref, &matched);
            }
        }
        self.cover(event.source, &scratch, hunt.engine);
        self.worker.scratch = scratch;
    }

    fn find(&mut self, by: By, rule: &RuleInfo, event: &Event, event_ref: &EventRef, matched: &[Matched]) {
        let hunt = self.worker.hunt;
        let stored = StoredRef {
            by,
            time: event.time,
            event_ref,
            event: event.facts(),
            matched,
            burst: None,
            suppressed: suppression(hunt.suppressor, rule, event, &mut self.worker.aside),
        };
        self.worker.tally.count(by, stored.suppressed);
        let key = self.key(event_ref, by);
        let mut bytes = std::mem::take(&mut self.worker.bytes);
        bytes.clear();
        let result = postcard::to_extend(&stored, bytes).map_err(io::Error::other).and_then(|bytes| {
            if let Some(part) = &mut self.part {
                part.write(&Entry::Finding(key, bytes.clone()))?;
            }
            self.worker.findings.push_bytes(key, bytes.as_slice().into())?;
            self.worker.bytes = bytes;
            Ok(())
        });
        hunt.progress.found();
        self.keep(result);
    }

    fn feed(&mut self, place: u32, fields: &[String], time: Time, event: &Event, event_ref: &EventRef) {
        let input = Input {
            time,
            event: event_ref.clone(),
            target: Target::Rule(place),
            values: fields.iter().map(|field| event.get(field).map(|value| value.text.to_owned())).collect(),
        };
        let key = self.key(event_ref, By::Rule(place));
        let mut result = self.worker.inputs.push(key, &input);
        if let (Ok(()), Some(part)) = (&result, &mut self.part) {
            result = part.write(&Entry::Input(key, input));
        }
        self.keep(result);
    }

    /// Keeps what patterns over several observations ask for; an event without a time has no place
    /// among the others.
    fn observe(&mut self, partial: Partial, event: &Event, event_ref: &EventRef) {
        let Some(time) = event.time else { return };
        let key = self.key(event_ref, By::Indicator(partial.indicator));
        let observed = Observed { time, event: event_ref.clone(), partial };
        let mut result = self.worker.observed.push(key, &observed);
        if let (Ok(()), Some(part)) = (&result, &mut self.part) {
            result = part.write(&Entry::Observed(key, observed));
        }
        self.keep(result);
    }

    fn cover(&mut self, source: SourceId, scratch: &Scratch, engine: &Engine) {
        let member = self.open.last().copied().unwrap_or(0) as u32;
        let (records, seen) =
            self.coverage.entry((member, source)).or_insert_with(|| (0, vec![false; engine.fields()]));
        *records += 1;
        if engine.rules_for(source).is_empty() {
            return;
        }
        for slot in scratch.fields_seen() {
            seen[slot as usize] = true;
        }
    }

    fn count(&mut self, event: &Event) {
        let Some(time) = event.time else { return };
        let host = host(event, &mut self.host_field);
        let one = Volume { records: 1, first: time, last: time };
        if let Some(((last_host, source, day), volume)) = &mut self.last_volume
            && *last_host == host
            && *source == event.source
            && *day == time.day()
        {
            volume.join(one);
            return;
        }
        let key = (host.to_owned(), event.source, time.day());
        self.flush_volume();
        self.last_volume = Some((key, one));
    }

    fn flush_volume(&mut self) {
        if let Some((key, volume)) = self.last_volume.take() {
            self.volumes.entry(key).and_modify(|known| known.join(volume)).or_insert(volume);
        }
    }
}

fn suppression<'s>(
    suppressor: &'s Suppressor,
    rule: &RuleInfo,
    event: &Event,
    scratch: &mut Scratch,
) -> Option<&'s str> {
    if suppressor.is_empty() { None } else { suppressor.reason(rule, event, scratch) }
}

/// Fields that name the host which an event is of, the first that is there.
const HOST_FIELDS: [&str; 5] = ["Computer", "s-computername", "host", "server-hostname", "s-ip"];

/// The host that an event is of, as its format calls it; empty where it does not say. `hint` is the
/// place of the field that said it of the last event.
fn host<'e>(event: &'e Event, hint: &mut usize) -> &'e str {
    let fields = event.raw_fields();
    if let Some(field) = fields.get(*hint)
        && event.name(field) == HOST_FIELDS[0]
    {
        return event.value(field).text;
    }
    let place =
        HOST_FIELDS.iter().find_map(|name| fields.iter().position(|field| event.name(field) == *name));
    place.map_or("", |place| {
        *hint = place;
        event.value(&fields[place]).text
    })
}

impl Collector for FileCollector<'_, '_> {
    fn begin(&mut self, path: &str) {
        self.open.push(self.evidence.len());
        self.evidence.push(Evidence {
            path: path.to_owned(),
            format: "unknown".to_owned(),
            ..Evidence::default()
        });
        self.seq = 0;
        self.offset = self
            .worker
            .hunt
            .config
            .clocks
            .iter()
            .filter(|(part, _)| path.contains(part.as_str()))
            .map(|(_, by)| by)
            .sum();
    }

    fn format(&mut self, format: Format) {
        if let Some(evidence) = self.current() {
            evidence.format = format.to_string();
        }
    }

    fn event(&mut self, event: &mut Event) {
        self.seq += 1;
        if self.offset != 0 {
            event.time = event.time.map(|time| time.plus_micros(self.offset));
        }
        let time = event.time;
        if let Some(evidence) = self.current() {
            evidence.records += 1;
            evidence.saw(time);
        }
        self.worker.hunt.progress.read();
        self.count(event);
        let config = &self.worker.hunt.config;
        let outside = time.is_some_and(|time| {
            config.since.is_some_and(|since| time < since) || config.until.is_some_and(|until| time >= until)
        });
        if !outside && self.worker.hunt.in_focus(event) {
            self.judge(event);
        }
    }

    fn problem(&mut self, problem: Problem) {
        if let Some(evidence) = self.current() {
            evidence.problem(problem);
        }
    }

    fn assumed(&mut self, what: String) {
        if let Some(evidence) = self.current()
            && !evidence.assumed.contains(&what)
        {
            evidence.assumed.push(what);
        }
    }

    fn progress(&mut self, bytes: u64) {
        self.worker.hunt.progress.bytes(bytes);
    }

    fn end(&mut self, sha256: [u8; 32], size: u64) {
        if let Some(evidence) = self.current() {
            evidence.sha256 = model::hex(&sha256);
            evidence.size = size;
        }
        self.open.pop();
    }
}
