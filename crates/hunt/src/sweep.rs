//! Judges messages once all are read: with what was known of their senders when they came, and with
//! all that is known of their mailings now.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use mail::events::{self, Sources};
use mail::history::{History, HistoryError, Known};
use mail::recon::{Detector, Mailing};
use model::{Event, EventRef, SourceId, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Hunt;
use crate::judge::{Judge, Spot};
use crate::mails::Kept;
use crate::outcome::Tally;
use crate::part::Seen;
use crate::sorter::{Sorted, Sorter};

/// A mailing is one from so many mailboxes on.
const MAILBOXES: usize = 3;
/// Messages on their way to the threads that judge them, for each.
const WAITING: usize = 64;

/// What judging the messages came to.
#[derive(Default)]
pub(crate) struct Swept {
    pub(crate) findings: Vec<Sorter>,
    pub(crate) inputs: Vec<Sorter>,
    pub(crate) observed: Vec<Sorter>,
    pub(crate) tally: Tally,
    /// File → what was seen of it.
    pub(crate) coverage: Vec<(u32, Seen)>,
    /// Tokens of messages that were called reconnaissance.
    pub(crate) tokens: Vec<Marked>,
}

/// A token of a message that was called reconnaissance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Marked {
    pub(crate) token: String,
    pub(crate) mailbox: String,
    pub(crate) sender: String,
    pub(crate) message_id: String,
    pub(crate) received: Option<Time>,
    pub(crate) mailing: String,
}

/// A message with what the others say of it.
struct Ready {
    kept: Kept,
    known: Known,
    mailing: Option<std::sync::Arc<Mailing>>,
}

/// Judges every message that was kept.
pub(crate) fn sweep(hunt: &Hunt<'_>, kept: Vec<Sorter>) -> io::Result<Swept> {
    let mut sorted = Sorter::merge(kept, &hunt.config.tmp)?;
    let mut detector = Detector::default();
    let mut numbers = Vec::new();
    for item in sorted.read::<Kept>()? {
        numbers.push(detector.add(&item?.1.trace));
    }
    let mut swept = Swept::default();
    if numbers.is_empty() {
        return Ok(swept);
    }
    let mut mailings = Mailings::new(detector);
    let threads = hunt.config.threads.max(1);
    std::thread::scope(|scope| {
        let mut lanes = Vec::new();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (to, from) = sync_channel(WAITING);
                lanes.push(to);
                scope.spawn(move || Lane::new(hunt).run(&from))
            })
            .collect();
        let told = hand_out(hunt, &mut sorted, &numbers, &mut mailings, &lanes);
        drop(lanes);
        for worker in workers {
            let lane = worker.join().map_err(|_| io::Error::other("a thread that judges mail stopped"))?;
            swept.join(lane?);
        }
        told
    })?;
    let mut lane = Lane::new(hunt);
    mailings.judge(&mut lane);
    swept.join(lane.finish()?);
    swept.tokens.sort();
    Ok(swept)
}

/// Reads the messages in order of time once more and gives each to a lane with what was known when it
/// came.
fn hand_out(
    hunt: &Hunt<'_>,
    sorted: &mut Sorted,
    numbers: &[Option<u32>],
    mailings: &mut Mailings,
    lanes: &[SyncSender<Ready>],
) -> io::Result<()> {
    let mut history = match &hunt.config.history {
        Some(path) => History::for_hunt(path),
        None => Ok(History::in_memory()),
    }
    .map_err(history_failed)?;
    for (place, (item, number)) in sorted.read::<Kept>()?.zip(numbers).enumerate() {
        let (_, kept) = item?;
        let known = history.look(&kept.trace).map_err(history_failed)?;
        history.note(&kept.trace).map_err(history_failed)?;
        let mailing = number.and_then(|number| mailings.of(number, &kept));
        if kept.judged {
            let lane = &lanes[place % lanes.len()];
            lane.send(Ready { kept, known, mailing })
                .map_err(|_| io::Error::other("a thread that judges mail stopped"))?;
        }
    }
    history.keep().map_err(history_failed)
}

fn history_failed(error: HistoryError) -> io::Error {
    io::Error::other(error)
}

/// The mailings of all messages, and where each came to its third mailbox.
struct Mailings {
    detector: Detector,
    shared: FxHashMap<u32, std::sync::Arc<Mailing>>,
    raised: FxHashMap<u32, Raised>,
}

#[derive(Default)]
struct Raised {
    mailboxes: FxHashSet<String>,
    at: Option<(Spot, EventRef)>,
}

impl Mailings {
    fn new(detector: Detector) -> Self {
        Self { detector, shared: FxHashMap::default(), raised: FxHashMap::default() }
    }

    fn of(&mut self, number: u32, kept: &Kept) -> Option<std::sync::Arc<Mailing>> {
        let root = self.detector.root(number);
        let raised = self.raised.entry(root).or_default();
        if raised.at.is_none() && kept.judged {
            raised.mailboxes.insert(kept.trace.mailbox.clone());
            if raised.mailboxes.len() >= MAILBOXES {
                raised.at = Some((kept.spot(), kept.event_ref.clone()));
                raised.mailboxes = FxHashSet::default();
            }
        }
        if !self.shared.contains_key(&root) {
            let mailing = self.detector.mailing(root)?.clone();
            self.shared.insert(root, mailing.into());
        }
        self.shared.get(&root).cloned()
    }

    /// Judges each mailing as an event of its own, at the place where it came to its third mailbox.
    fn judge(&self, lane: &mut Lane<'_>) {
        for (root, mailing) in self.detector.mailings() {
            let Some(Raised { at: Some((spot, event_ref)), .. }) = self.raised.get(&root) else { continue };
            let mut event = Event::default();
            (event.time, event.record, event.source) =
                (event_ref.time, event_ref.record, lane.sources.mailing);
            events::mailing(mailing, &mut event);
            lane.judge.judge(&event, spot, &mut None);
            lane.cover(&event, event_ref);
        }
    }
}

/// One thread that judges messages.
struct Lane<'a> {
    hunt: &'a Hunt<'a>,
    judge: Judge<'a>,
    sources: Sources,
    event: Event,
    coverage: FxHashMap<(u32, u32, SourceId), (u64, Vec<bool>)>,
    tokens: Vec<Marked>,
}

impl<'a> Lane<'a> {
    fn new(hunt: &'a Hunt<'a>) -> Self {
        Self {
            hunt,
            judge: Judge::new(hunt),
            sources: Sources::new(|name| hunt.sources.named(name)),
            event: Event::default(),
            coverage: FxHashMap::default(),
            tokens: Vec::new(),
        }
    }

    fn run(mut self, messages: &Receiver<Ready>) -> io::Result<Swept> {
        while let Ok(ready) = messages.recv() {
            self.message(ready);
        }
        self.finish()
    }

    fn message(&mut self, Ready { kept, known, mailing }: Ready) {
        let mut spot = kept.spot();
        let mut whole = Event::default();
        (whole.time, whole.source) = (kept.event_ref.time, kept.source);
        (whole.record, whole.offset) = (kept.event_ref.record, kept.offset);
        whole.extend(&kept.facts);
        events::push_context(&known, mailing.as_deref(), kept.event_ref.time, &mut whole);
        let mut event = std::mem::take(&mut self.event);
        let sources = self.sources;
        let mut reconnaissance = false;
        events::each(&whole, &kept.children, &sources, &mut event, |event, child| {
            spot.event_ref.seq += u64::from(child.is_some());
            reconnaissance |= self.judge.judge(event, &spot, &mut None);
            self.cover(event, &spot.event_ref);
        });
        self.event = event;
        if reconnaissance {
            self.mark(&kept, mailing.as_deref());
        }
    }

    fn mark(&mut self, kept: &Kept, mailing: Option<&Mailing>) {
        let name = mailing.map(Detector::name).unwrap_or_default();
        let message_id = kept.facts.get("mail.message_id").unwrap_or_default();
        self.tokens.extend(kept.trace.tokens.iter().map(|token| Marked {
            token: token.clone(),
            mailbox: kept.trace.mailbox.clone(),
            sender: kept.trace.sender.clone(),
            message_id: message_id.to_owned(),
            received: kept.trace.time,
            mailing: name.clone(),
        }));
    }

    fn cover(&mut self, event: &Event, event_ref: &EventRef) {
        let engine = self.hunt.engine;
        let at = (event_ref.evidence.file, event_ref.evidence.member, event.source);
        let (records, seen) = self.coverage.entry(at).or_insert_with(|| (0, vec![false; engine.fields()]));
        *records += 1;
        if !engine.rules_for(event.source).is_empty() {
            self.judge.scratch.fields_seen().for_each(|slot| seen[slot as usize] = true);
        }
    }

    fn finish(mut self) -> io::Result<Swept> {
        self.judge.failure()?;
        let slots = |seen: Vec<bool>| {
            seen.into_iter().enumerate().filter(|(_, seen)| *seen).map(|(slot, _)| slot as u32).collect()
        };
        let coverage = self.coverage.into_iter().map(|((file, member, source), (records, seen))| {
            (file, ((member, source), (records, slots(seen))))
        });
        Ok(Swept {
            findings: vec![self.judge.findings],
            inputs: vec![self.judge.inputs],
            observed: vec![self.judge.observed],
            tally: self.judge.tally,
            coverage: coverage.collect(),
            tokens: self.tokens,
        })
    }
}

impl Swept {
    fn join(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.inputs.extend(other.inputs);
        self.observed.extend(other.observed);
        self.tally.join(other.tally);
        self.coverage.extend(other.coverage);
        self.tokens.extend(other.tokens);
    }
}
