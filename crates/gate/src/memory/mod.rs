//! What the gate remembers of earlier messages: who wrote to whom, and which mailings are under way.
//!
//! Both are kept in files, so that a gate that was stopped goes on where it was. Mailings are joined in
//! memory, from the traces of the latest messages; when there are too many the oldest are left out.

mod recent;
mod traces;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mail::events;
use mail::history::{History, HistoryError, Known};
use mail::recon::{Detector, Mailing, Trace};
use model::{Event, Time};

use recent::{Key, Recent};
use traces::Traces;

/// Recipients of one message that are remembered each; more are as good as none.
const RECIPIENTS: usize = 100;
const DAY: i64 = 86_400_000_000;

/// Why nothing can be remembered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The history cannot be used.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The traces of mailings cannot be used.
    #[error("the traces of mailings in {path} cannot be used")]
    Traces {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// What is remembered, for all threads.
#[derive(Debug)]
pub(crate) struct Memory {
    inner: Mutex<Inner>,
    path: PathBuf,
    most: usize,
}

#[derive(Debug)]
struct Inner {
    history: History,
    traces: Traces,
    detector: Detector,
    /// Traces in the detector.
    taken: usize,
    recent: Recent,
}

/// How long things are remembered, in days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    /// A sender nobody heard of.
    pub(crate) history: u32,
    /// A message of a mailing.
    pub(crate) mailings: u32,
}

impl Memory {
    /// Opens the files, and joins the mailings of the last days again: at most `most` messages.
    pub(crate) fn open(file: &Path, days: Days, most: usize, now: Time) -> Result<Self, MemoryError> {
        let history = History::open(file)?;
        let path = file.with_extension("mailings.sqlite");
        let since = now.plus_micros(-i64::from(days.mailings) * DAY);
        let named = |source| MemoryError::Traces { path: path.clone(), source };
        let traces = Traces::open(&path).map_err(named)?;
        let (detector, taken, _) = join(&traces, since, most).map_err(named)?;
        let inner = Inner { history, traces, detector, taken, recent: Recent::default() };
        Ok(Self { inner: Mutex::new(inner), path, most })
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        // What a panic left is at worst a message that was counted half.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message in, for each of its `recipients`, and adds what others say of it to `whole`. The number
    /// is that of its mailing.
    pub(crate) fn take(
        &self,
        trace: &Trace,
        recipients: &[String],
        message_id: &str,
        whole: &mut Event,
    ) -> Result<Option<u32>, MemoryError> {
        let mut inner = self.inner();
        let mut least: Option<Known> = None;
        let mut mailing = None;
        for recipient in recipients.iter().take(RECIPIENTS) {
            let own = Trace { mailbox: recipient.to_lowercase(), ..trace.clone() };
            let key = Key::of(&own, message_id);
            let (known, number) = match inner.recent.get(&key) {
                Some(before) => before,
                None => {
                    let known = inner.history.look(&own)?;
                    inner.history.note(&own)?;
                    let number = inner.add(&own).map_err(|source| self.failed(source))?;
                    inner.recent.put(key, (known, number));
                    (known, number)
                }
            };
            mailing = mailing.or(number);
            // What one recipient does not know is unknown.
            if least.is_none_or(|least| {
                (known.pair.count, known.answered.count) < (least.pair.count, least.answered.count)
            }) {
                least = Some(known);
            }
        }
        let inner = &mut *inner;
        let of = mailing.and_then(|number| inner.detector.mailing(number));
        events::push_context(&least.unwrap_or_default(), of, trace.time, whole);
        Ok(mailing)
    }

    /// Notes that somebody of the institution wrote to `recipients`.
    pub(crate) fn sent(&self, trace: &Trace, recipients: &[String]) -> Result<(), MemoryError> {
        let written_to = recipients.iter().take(RECIPIENTS).map(|to| to.to_lowercase()).collect();
        let own = Trace { mailbox: trace.sender.clone(), written_to, ..trace.clone() };
        Ok(self.inner().history.note(&own)?)
    }

    /// Calls `with` with the mailing of that number.
    pub(crate) fn mailing<T>(&self, number: u32, with: impl FnOnce(&Mailing) -> T) -> Option<T> {
        self.inner().detector.mailing(number).map(with)
    }

    /// Makes what was taken in lasting.
    pub(crate) fn keep(&self) -> Result<(), MemoryError> {
        let mut inner = self.inner();
        inner.history.keep()?;
        inner.traces.keep().map_err(|source| self.failed(source))
    }

    /// Forgets what is older than `days`.
    pub(crate) fn forget(&self, days: Days, now: Time) -> Result<(), MemoryError> {
        let since = |days: u32| now.plus_micros(-i64::from(days) * DAY);
        let mut inner = self.inner();
        inner.history.forget(since(days.history))?;
        inner.traces.forget(since(days.mailings)).map_err(|source| self.failed(source))
    }

    /// How many messages the mailings in memory were joined from.
    pub(crate) fn taken(&self) -> usize {
        self.inner().taken
    }

    /// Whether mailings hold so many messages that the oldest have to go.
    pub(crate) fn is_full(&self) -> bool {
        self.taken() >= self.most
    }

    /// Joins the mailings again from the newer half of what was taken. Messages are judged meanwhile: the
    /// joining reads the file on its own, and only what came since is added with the door held.
    pub(crate) fn renew(&self) -> Result<(), MemoryError> {
        self.keep()?;
        let failed = |source| self.failed(source);
        let aside = Traces::open(&self.path).map_err(failed)?;
        let (mut detector, mut taken, last) =
            join(&aside, Time::from_micros(i64::MIN), self.most / 2).map_err(failed)?;
        let mut inner = self.inner();
        inner.traces.keep().map_err(failed)?;
        taken += inner
            .traces
            .after(last, |trace| {
                detector.add(&trace);
            })
            .map_err(failed)?;
        (inner.detector, inner.taken, inner.recent) = (detector, taken, Recent::default());
        Ok(())
    }

    fn failed(&self, source: rusqlite::Error) -> MemoryError {
        MemoryError::Traces { path: self.path.clone(), source }
    }
}

impl Inner {
    fn add(&mut self, trace: &Trace) -> rusqlite::Result<Option<u32>> {
        let number = self.detector.add(trace);
        if number.is_some() {
            self.traces.add(trace)?;
            self.taken += 1;
        }
        Ok(number)
    }
}

/// The mailings of the latest `most` messages since a moment, how many those were, and the last one's number.
fn join(traces: &Traces, since: Time, most: usize) -> rusqlite::Result<(Detector, usize, i64)> {
    let mut detector = Detector::default();
    let last = traces.last()?;
    let first = traces.place_from_end(most)?;
    let taken = traces.between(first, last, |trace| {
        if trace.time >= Some(since) {
            detector.add(&trace);
        }
    })?;
    Ok((detector, taken, last))
}

#[cfg(test)]
mod tests;
