//! Takes in what one file holds and judges every record.

use std::io;

use mail::recon::Trace;
use model::{Event, EventRef, Evidence, EvidenceId, Problem, SourceId};
use observe::{Collector, Format, Message};
use rustc_hash::FxHashMap;

use crate::Hunt;
use crate::judge::{Judge, Spot};
use crate::mails::{Kept, Mails};
use crate::part::{Counted, Entry, Volume, Writer};

/// One thread's tools, kept from file to file.
pub(crate) struct Worker<'a> {
    pub(crate) hunt: &'a Hunt<'a>,
    pub(crate) judge: Judge<'a>,
    pub(crate) mails: Mails<'a>,
    /// Memory for the bytes of a small file, kept from file to file.
    pub(crate) buffer: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(hunt: &'a Hunt<'a>) -> Self {
        Self { hunt, judge: Judge::new(hunt), mails: Mails::new(hunt), buffer: Vec::new() }
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
}

impl<'w, 'a> FileCollector<'w, 'a> {
    pub(crate) fn new(worker: &'w mut Worker<'a>, file: u32, hash: &[u8; 32], part: Option<Writer>) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        worker.judge.scratch.forget();
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
        }
    }

    /// What the file came to.
    pub(crate) fn finish(mut self) -> io::Result<(Vec<Evidence>, Counted)> {
        self.flush_volume();
        self.worker.judge.failure()?;
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

    /// Counts a record, and says whether it is in what the hunt is about.
    fn admit(&mut self, event: &mut Event) -> bool {
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
        !outside && self.worker.hunt.in_focus(event)
    }

    fn judge(&mut self, event: &Event) {
        let spot = Spot { hash: self.hash, event_ref: self.event_ref(event) };
        self.worker.judge.judge(event, &spot, &mut self.part);
        self.cover(event.source);
    }

    fn cover(&mut self, source: SourceId) {
        let Judge { scratch, .. } = &self.worker.judge;
        let engine = self.worker.hunt.engine;
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
        self.offset = self.worker.hunt.clock_of(path);
    }

    fn format(&mut self, format: Format) {
        if let Some(evidence) = self.current() {
            evidence.format = format.to_string();
        }
    }

    fn event(&mut self, event: &mut Event) {
        self.seq += 1;
        if self.admit(event) {
            self.judge(event);
        }
    }

    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        self.seq += 1;
        let found = self.worker.mails.inspect(message, event);
        let judged = self.admit(event);
        let kept = Kept {
            event_ref: self.event_ref(event),
            hash: self.hash,
            offset: event.offset,
            source: event.source,
            judged,
            facts: event.take_facts(),
            children: found.children,
            trace: Trace { time: event.time, ..found.trace },
        };
        // Each of them is an event of its own.
        self.seq += kept.children.len() as u64;
        let mut result = self.worker.mails.keep(&kept);
        if let (Ok(()), Some(part)) = (&result, &mut self.part) {
            result = part.write(&Entry::Message(Box::new(kept)));
        }
        self.worker.judge.keep(result);
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
