//! Judges one event and keeps what is found, by whichever thread.

use std::io;

use detect::{Input, Observed, Partial, Scratch, Suppressor, Target};
use model::{Event, EventRef, Matched, RuleInfo, Time};

use crate::Hunt;
use crate::outcome::Tally;
use crate::part::{By, Entry, StoredRef, Writer};
use crate::sorter::{Key, Sorter};

/// What has no time comes after all that has one.
pub(crate) const NO_TIME: i64 = i64::MAX;

/// Findings with this tag call a message reconnaissance.
pub(crate) const RECONNAISSANCE: &str = "portcullis.verdict.reconnaissance";

/// Where an event stands among all others.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// The first eight bytes of the file's SHA-256.
    pub(crate) hash: u64,
    pub(crate) event_ref: EventRef,
}

impl Spot {
    pub(crate) fn key(&self, by: By) -> Key {
        let EventRef { time, evidence, seq, .. } = &self.event_ref;
        Key {
            time: time.map_or(NO_TIME, Time::micros),
            hash: self.hash,
            file: evidence.file,
            member: evidence.member,
            seq: *seq,
            rule: by.rank(),
        }
    }
}

/// One thread's tools for judging.
pub(crate) struct Judge<'a> {
    hunt: &'a Hunt<'a>,
    pub(crate) findings: Sorter,
    pub(crate) inputs: Sorter,
    pub(crate) observed: Sorter,
    pub(crate) tally: Tally,
    /// Memory for a finding on its way to be spilled.
    bytes: Vec<u8>,
    pub(crate) scratch: Scratch,
    aside: Scratch,
    /// The first error of writing; judging goes on to the end of the file, but the run fails.
    error: Option<io::Error>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(hunt: &'a Hunt<'a>) -> Self {
        let budget = 8 << 20;
        Self {
            hunt,
            findings: Sorter::new(&hunt.config.tmp, budget),
            inputs: Sorter::new(&hunt.config.tmp, budget / 2),
            observed: Sorter::new(&hunt.config.tmp, budget / 4),
            tally: Tally::default(),
            bytes: Vec::new(),
            scratch: Scratch::default(),
            aside: Scratch::default(),
            error: None,
        }
    }

    /// The first error of writing, once.
    pub(crate) fn failure(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// Applies every rule and indicator to `event` and returns whether one of them calls it
    /// reconnaissance.
    pub(crate) fn judge(&mut self, event: &Event, spot: &Spot, part: &mut Option<Writer>) -> bool {
        let hunt = self.hunt;
        let mut reconnaissance = false;
        let mut scratch = std::mem::take(&mut self.scratch);
        hunt.engine.scan(event, &mut scratch, |place, view| {
            let rule = &hunt.engine.rules().rules[place as usize];
            if hunt.feeds[place as usize]
                && let Some(time) = event.time
            {
                self.feed(place, &rule.inputs, time, event, spot, part);
            }
            if hunt.reports[place as usize] {
                let suppressed =
                    self.find(By::Rule(place), &rule.info, event, spot, &view.matched(place), part);
                reconnaissance |= !suppressed && rule.info.tags.iter().any(|tag| tag == RECONNAISSANCE);
            }
        });
        if let Some(indicators) = hunt.indicators {
            let found = indicators.look(event);
            for partial in found.partial {
                self.observe(partial, event, spot, part);
            }
            for (place, matched) in found.matches {
                self.find(By::Indicator(place), indicators.info(place), event, spot, &matched, part);
            }
        }
        self.scratch = scratch;
        reconnaissance
    }

    fn find(
        &mut self,
        by: By,
        rule: &RuleInfo,
        event: &Event,
        spot: &Spot,
        matched: &[Matched],
        part: &mut Option<Writer>,
    ) -> bool {
        let hunt = self.hunt;
        let stored = StoredRef {
            by,
            time: event.time,
            event_ref: &spot.event_ref,
            event: event.facts(),
            matched,
            burst: None,
            suppressed: suppression(hunt.suppressor, rule, event, &mut self.aside),
        };
        let suppressed = stored.suppressed.is_some();
        self.tally.count(by, stored.suppressed);
        let key = spot.key(by);
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let result = postcard::to_extend(&stored, bytes).map_err(io::Error::other).and_then(|bytes| {
            if let Some(part) = part {
                part.write(&Entry::Finding(key, bytes.clone()))?;
            }
            self.findings.push_bytes(key, bytes.as_slice().into())?;
            self.bytes = bytes;
            Ok(())
        });
        hunt.progress.found();
        self.keep(result);
        suppressed
    }

    fn feed(
        &mut self,
        place: u32,
        fields: &[String],
        time: Time,
        event: &Event,
        spot: &Spot,
        part: &mut Option<Writer>,
    ) {
        let input = Input {
            time,
            event: spot.event_ref.clone(),
            target: Target::Rule(place),
            values: fields.iter().map(|field| event.get(field).map(|value| value.text.to_owned())).collect(),
        };
        let key = spot.key(By::Rule(place));
        let mut result = self.inputs.push(key, &input);
        if let (Ok(()), Some(part)) = (&result, part) {
            result = part.write(&Entry::Input(key, input));
        }
        self.keep(result);
    }

    /// Keeps what patterns over several observations ask for; an event without a time has no place
    /// among the others.
    fn observe(&mut self, partial: Partial, event: &Event, spot: &Spot, part: &mut Option<Writer>) {
        let Some(time) = event.time else { return };
        let key = spot.key(By::Indicator(partial.indicator));
        let observed = Observed { time, event: spot.event_ref.clone(), partial };
        let mut result = self.observed.push(key, &observed);
        if let (Ok(()), Some(part)) = (&result, part) {
            result = part.write(&Entry::Observed(key, observed));
        }
        self.keep(result);
    }

    pub(crate) fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
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
