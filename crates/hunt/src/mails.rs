//! Messages on their way through a hunt.
//!
//! What a message says of itself is read where it is found. Who wrote before and who else got the
//! same is known only when all messages are read, so messages are kept, in order of time, and judged
//! in [`crate::sweep`].

use std::io;

use mail::recon::Trace;
use mail::{About, Child, Inspector};
use model::{Event, EventRef, Facts, SourceId};
use observe::Message;
use serde::{Deserialize, Serialize};

use crate::Hunt;
use crate::judge::Spot;
use crate::part::By;
use crate::sorter::{Key, Sorter};

/// A message that waits to be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) event_ref: EventRef,
    /// The first eight bytes of the file's SHA-256.
    pub(crate) hash: u64,
    /// Byte offset in its evidence.
    pub(crate) offset: u64,
    pub(crate) source: SourceId,
    /// Whether it lies in what the hunt is about; else it only counts for the others.
    pub(crate) judged: bool,
    pub(crate) facts: Facts,
    /// Beacons, links and attachments, each with its own facts alone.
    pub(crate) children: Vec<(Child, Facts)>,
    pub(crate) trace: Trace,
}

impl Kept {
    pub(crate) fn spot(&self) -> Spot {
        Spot { hash: self.hash, event_ref: self.event_ref.clone() }
    }

    pub(crate) fn key(&self) -> Key {
        self.spot().key(By::Rule(0))
    }
}

/// One thread's tools for messages.
pub(crate) struct Mails<'a> {
    inspector: Inspector<'a>,
    pub(crate) kept: Sorter,
}

impl<'a> Mails<'a> {
    pub(crate) fn new(hunt: &'a Hunt<'a>) -> Self {
        Self { inspector: Inspector::new(&hunt.config.mail), kept: Sorter::new(&hunt.config.tmp, 8 << 20) }
    }

    /// Adds what `message` says of itself to `event`; what lies in it comes back.
    pub(crate) fn inspect(&mut self, message: &Message<'_>, event: &mut Event) -> mail::Inspection {
        let about = About { mailbox: message.mailbox, folder: message.folder, ..About::default() };
        self.inspector.inspect(message.raw, &about, event)
    }

    pub(crate) fn keep(&mut self, kept: &Kept) -> io::Result<()> {
        self.kept.push(kept.key(), kept)
    }
}
