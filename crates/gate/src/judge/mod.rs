//! The judge of a running gate.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use detect::Scratch;
use mail::auth::{self, Evaluated};
use mail::events;
use mail::{About, Inspector};
use model::{Event, Level, Time};
use tokio::sync::Semaphore;

use crate::config::OnFailure;
use crate::door::{Action, Copy, Decision, Envelope};
use crate::memory::{Memory, MemoryError};
use crate::metrics::Metrics;
use crate::quarantine::Quarantine;
use crate::setup::Setup;
use crate::treat::{self, Judged, Treated};
use crate::verdict::{self, Verdict};
use crate::{Outside, headers, mark, release};

/// From so many mailboxes on the rules on mailings are asked.
const MAILBOXES: u64 = 3;

/// What all doors share.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) outside: Outside,
    pub(crate) setup: RwLock<Arc<Setup>>,
    pub(crate) memory: Memory,
    pub(crate) quarantine: Mutex<Quarantine>,
    pub(crate) secret: [u8; 32],
    pub(crate) metrics: Metrics,
    /// Messages that may be judged at once.
    pub(crate) slots: Arc<Semaphore>,
    scratches: Mutex<Vec<Scratch>>,
    /// Mailings of which the log has told.
    told: Mutex<std::collections::BTreeSet<String>>,
}

/// The judge at one kind of door.
#[derive(Debug)]
pub(crate) struct At {
    pub(crate) room: Arc<Room>,
    /// `milter`, `smtp` or `lmtp`.
    pub(crate) protocol: &'static str,
}

/// Why a message could not be judged.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("judging took longer than {0} seconds")]
    Late(u64),
    #[error("judging broke off: {0}")]
    Broke(#[from] tokio::task::JoinError),
    #[error("what is known of earlier messages cannot be used")]
    Memory(#[from] MemoryError),
    #[error("the gate ends")]
    Ends(#[from] tokio::sync::AcquireError),
}

/// A message on its way through judging.
struct Work {
    id: String,
    now: Time,
    setup: Arc<Setup>,
    envelope: Envelope,
    raw: Arc<[u8]>,
}

/// What judging came to.
struct Done {
    treated: Vec<Treated>,
    verdict: Verdict,
    /// Why it was let through unjudged or in spite of the verdict; empty where it was not.
    note: String,
    /// In a dry run, what would have been done.
    would: String,
}

impl crate::door::Judge for At {
    async fn judge(&self, envelope: &Envelope, raw: Arc<[u8]>) -> Decision {
        let room = &self.room;
        let began = Instant::now();
        let setup = room.setup();
        let work = Work {
            id: room.outside.name(),
            now: (room.outside.now)(),
            setup: setup.clone(),
            envelope: envelope.clone(),
            raw,
        };
        let (id, size) = (work.id.clone(), work.raw.len());
        let seconds = setup.config.limits.judge_seconds;
        let judging = Judging::new(room);
        let done = match tokio::time::timeout(Duration::from_secs(seconds), room.clone().judge(work)).await {
            Ok(done) => done,
            Err(_) => Err(Trouble::Late(seconds)),
        };
        drop(judging);
        let took = began.elapsed();
        room.metrics.took(took);
        let done = done.unwrap_or_else(|trouble| failed(room, &setup, envelope, &id, &trouble));
        for treated in &done.treated {
            room.metrics.copy(treated.word, done.verdict.level_word(), self.protocol);
            log(&id, self.protocol, envelope, size, took, treated, &done);
        }
        Decision { id, copies: done.treated.into_iter().map(|treated| treated.copy).collect() }
    }

    async fn deliver(&self, envelope: &Envelope, copy: Vec<u8>) -> std::io::Result<()> {
        let room = &self.room;
        let setup = room.setup();
        let Some(to) = &setup.config.release else {
            return Err(std::io::Error::other("[release] next_hop is not set"));
        };
        let name = room.outside.name();
        let (value, expires) = mark::make(&room.secret, &name, &copy, (room.outside.now)());
        let aside = room.clone();
        let noted = tokio::task::spawn_blocking(move || aside.quarantine().marked(&name, expires)).await;
        noted.map_err(std::io::Error::other)?.map_err(std::io::Error::other)?;
        let marked = release::marked(&value, &copy);
        let hostname = setup.id().unwrap_or("portcullis.invalid");
        release::send(&to.next_hop, hostname, &envelope.mail_from, &envelope.recipients, &marked).await
    }
}

impl Room {
    pub(crate) fn new(
        outside: Outside,
        setup: Setup,
        memory: Memory,
        quarantine: Quarantine,
        secret: [u8; 32],
    ) -> Self {
        let slots = Arc::new(Semaphore::new(setup.judges()));
        Self {
            outside,
            setup: RwLock::new(Arc::new(setup)),
            memory,
            quarantine: Mutex::new(quarantine),
            secret,
            metrics: Metrics::default(),
            slots,
            scratches: Mutex::default(),
            told: Mutex::default(),
        }
    }

    pub(crate) fn setup(&self) -> Arc<Setup> {
        self.setup.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn quarantine(&self) -> std::sync::MutexGuard<'_, Quarantine> {
        self.quarantine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn judge(self: Arc<Self>, work: Work) -> Result<Done, Trouble> {
        if work.raw.len() > work.setup.config.limits.message_bytes {
            let text = format!("The message is larger than is taken here ({})", work.id);
            return Ok(Done::all(&work.envelope, "reject", Action::Reject { code: "5.3.4", text }));
        }
        let client = work.client();
        let evaluated = match (&work.setup.live, client, work.setup.id()) {
            (Some(live), Some(client), Some(id)) => {
                let Envelope { helo, mail_from, .. } = &work.envelope;
                Some(live.evaluate(&work.raw, client, helo, mail_from, id).await)
            }
            _ => None,
        };
        let place = self.slots.clone().acquire_owned().await?;
        let room = self.clone();
        tokio::task::spawn_blocking(move || {
            // Held to the end, also where nobody waits any more: what runs is bounded by what was asked for.
            let _place = place;
            room.decide(&work, client, evaluated.as_ref())
        })
        .await?
    }

    /// All of judging that needs the processor or the disk.
    fn decide(
        &self,
        work: &Work,
        client: Option<IpAddr>,
        evaluated: Option<&Evaluated>,
    ) -> Result<Done, Trouble> {
        if let Some(done) = self.released(work) {
            return Ok(done);
        }
        let Work { setup, envelope, raw, now, .. } = work;
        let mut whole = Event::default();
        (whole.time, whole.source, whole.record) = (Some(*now), setup.sources.mail, 1);
        let mailbox = envelope.recipients.first().map(String::as_str);
        let about = About { mailbox, folder: None, client, evaluated };
        let mut found = Inspector::new(&setup.institution).inspect(raw, &about, &mut whole);
        // At the door a message has come now, whatever its `Received` say.
        (whole.time, found.trace.time) = (Some(*now), Some(*now));
        let (message_id, subject) = named(raw);
        let trace = &found.trace;
        if self.is_outgoing(setup, envelope, &trace.domain, &trace.sender) {
            self.memory.sent(trace, &envelope.recipients)?;
        }
        let mailing = self.memory.take(trace, &envelope.recipients, &message_id, &mut whole)?;
        let mut scratch = self.scratches().pop().unwrap_or_default();
        let Setup { engine, sources, .. } = &**setup;
        let mut verdict = verdict::judge(engine, sources, &whole, &found, &mut scratch);
        if let Some(number) = mailing {
            self.on_mailing(setup, number, &mut verdict, &mut scratch);
        }
        self.scratches().push(scratch);
        let allow = &setup.config.allow;
        let allowed = allow.iter().find(|entry| entry.counts(&trace.sender, client, evaluated, *now));
        let judged = Judged {
            id: &work.id,
            now: *now,
            envelope,
            raw,
            verdict: &verdict,
            evaluated,
            client,
            sender: &trace.sender,
            subject: &subject,
            allowed: allowed.map(|entry| entry.reason.as_str()),
        };
        let treated = treat::treat(setup, &judged, &mut treat::keeper(&self.quarantine, raw));
        let would = if setup.config.dry_run { treat::would(setup, &judged) } else { String::new() };
        let note = allowed.map(|entry| format!("allowed: {}", entry.reason)).unwrap_or_default();
        Ok(Done { treated, note, would, verdict })
    }

    /// What becomes of a message that was released from quarantine; `None` where it was not.
    fn released(&self, work: &Work) -> Option<Done> {
        let found = mark::find(&self.secret, &work.raw, work.now)?;
        let used = self.quarantine().use_mark(&found.name, &work.envelope.recipients, work.now);
        if !used
            .inspect_err(|error| tracing::error!(%error, "a release cannot be looked up"))
            .unwrap_or(false)
        {
            tracing::warn!(
                id = work.id,
                mark = found.name,
                "the mark of a release was used before; it is judged"
            );
            return None;
        }
        self.metrics.released.fetch_add(1, Ordering::Relaxed);
        // What else bears our name was put there by the gate that sent it.
        let ours = headers::fields(&work.raw, |name| name.eq_ignore_ascii_case(headers::RELEASE));
        let remove = ours.iter().map(|field| (field.name.to_owned(), field.nth)).collect();
        let mut done = Done::all(
            &work.envelope,
            "released",
            Action::Deliver { prepend: Vec::new(), remove, changed: None },
        );
        done.note = format!("released: {}", found.name);
        Some(done)
    }

    /// Explains what is reconnaissance, and tells the log once of a mailing that rules call something.
    fn on_mailing(&self, setup: &Setup, number: u32, verdict: &mut Verdict, scratch: &mut Scratch) {
        let seen = self.memory.mailing(number, |mailing| {
            let mut event = Event::default();
            if mailing.mailboxes() >= MAILBOXES {
                (event.time, event.source) = (mailing.last, setup.sources.mailing);
                events::mailing(mailing, &mut event);
            }
            (event, verdict.reconnaissance.then(|| mail::recon::explain(mailing)))
        });
        let Some((event, explained)) = seen else { return };
        if let Some(text) = explained {
            verdict.explanation = text;
        }
        let Some(name) = event.get("mailing.id").map(|id| id.text.to_owned()) else { return };
        let held = verdict::of_event(&setup.engine, &event, scratch);
        if held.is_empty() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() > 10_000 {
            told.clear();
        }
        if told.insert(name.clone()) {
            let text = event.get("mailing.explanation").map_or("", |value| value.text);
            for rule in held {
                tracing::warn!(mailing = name, level = %rule.level, rule = rule.title, explanation = text, "mailing");
            }
        }
    }

    /// Whether one of the institution's own servers sends it for one of its own people.
    fn is_outgoing(&self, setup: &Setup, envelope: &Envelope, domain: &str, sender: &str) -> bool {
        let own = |client: IpAddr| setup.institution.relays.iter().any(|net| net.contains(&client));
        let host = sender.rsplit_once('@').map_or("", |(_, host)| host);
        envelope.client.is_some_and(own)
            && setup.institution.domains.iter().any(|name| name == domain || name.eq_ignore_ascii_case(host))
    }

    fn scratches(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    /// The address outside: what the protocol says, else the first hop outside the relays.
    fn client(&self) -> Option<IpAddr> {
        let inside = |client: &IpAddr| {
            client.is_loopback() || self.setup.institution.relays.iter().any(|net| net.contains(client))
        };
        match self.envelope.client.map(|client| client.to_canonical()) {
            Some(client) if !inside(&client) => Some(client),
            _ => auth::outside(&self.raw, &self.setup.institution),
        }
    }
}

impl Done {
    /// One action for all, without a verdict.
    fn all(envelope: &Envelope, word: &'static str, action: Action) -> Self {
        let copy = Copy { recipients: (0..envelope.recipients.len()).collect(), action };
        Self {
            treated: vec![Treated { copy, word }],
            verdict: Verdict::default(),
            note: String::new(),
            would: String::new(),
        }
    }
}

/// The message's own name and its subject.
fn named(raw: &[u8]) -> (String, String) {
    let header = mail_parser::MessageParser::default().parse_headers(raw);
    let Some(header) = header else { return Default::default() };
    let text = |text: Option<&str>| text.unwrap_or_default().chars().take(500).collect();
    (text(header.message_id()), text(header.subject()))
}

fn failed(room: &Room, setup: &Setup, envelope: &Envelope, id: &str, trouble: &Trouble) -> Done {
    room.metrics.failures.fetch_add(1, Ordering::Relaxed);
    let cause = std::error::Error::source(trouble).map(ToString::to_string).unwrap_or_default();
    tracing::error!(id, queue_id = envelope.queue_id, error = %trouble, cause, "a message could not be judged");
    match setup.config.on_failure {
        OnFailure::Pass => Done::all(envelope, "unjudged", treat::as_it_came()),
        OnFailure::Tempfail => {
            let text = format!("The message cannot be judged now, please try again later ({id})");
            Done::all(envelope, "defer", Action::Defer { text })
        }
    }
}

fn log(
    id: &str,
    protocol: &str,
    envelope: &Envelope,
    size: usize,
    took: Duration,
    treated: &Treated,
    done: &Done,
) {
    let to: Vec<&str> = treated
        .copy
        .recipients
        .iter()
        .filter_map(|&at| Some(envelope.recipients.get(at)?.as_str()))
        .collect();
    let rules: Vec<&str> = done.verdict.rules.iter().map(|rule| rule.title.as_str()).collect();
    let client = envelope.client.map(|client| client.to_string());
    let (ms, level) = (took.as_millis() as u64, done.verdict.level_word());
    let (rules, to) = (rules.join("; "), to.join(" "));
    let (from, queue_id) = (&envelope.mail_from, &envelope.queue_id);
    // What only says that nothing was found is of interest to few.
    if done.verdict.level >= Some(Level::Medium) || treated.word != "pass" {
        tracing::info!(
            id,
            protocol,
            queue_id,
            client,
            from,
            to,
            size,
            ms,
            level,
            rules,
            reconnaissance = done.verdict.reconnaissance,
            action = treated.word,
            would = done.would,
            note = done.note,
            "message"
        );
    } else {
        tracing::info!(
            id,
            protocol,
            queue_id,
            client,
            from,
            to,
            size,
            ms,
            level,
            action = treated.word,
            "message"
        );
    }
}

/// Counts a message as being judged as long as it lives.
struct Judging<'a>(&'a Room);

impl<'a> Judging<'a> {
    fn new(room: &'a Room) -> Self {
        room.metrics.judging.fetch_add(1, Ordering::Relaxed);
        Self(room)
    }
}

impl Drop for Judging<'_> {
    fn drop(&mut self) {
        self.0.metrics.judging.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
