//! Records of one serial number, brought together.
//!
//! The kernel writes several records for one system call, and those of others come between. An
//! event is complete with the record that the kernel writes last; where that is missing, when the
//! log has moved on.

use std::collections::VecDeque;

use model::Problem;

use super::record::Record;
use crate::Collector;
use crate::text::Line;
use crate::w3c::clock::SECOND;

/// How many events may be open; `auditd` itself interleaves a handful.
const MAX_OPEN: usize = 64;
/// How long an event stays open in the time of the log, as `ausearch` has it.
const MAX_AGE: i64 = 2 * SECOND;
/// How much text one event may have.
const MAX_TEXT: usize = 4 << 20;
/// How much text all open events may have.
const MAX_TEXT_OPEN: usize = 16 << 20;
/// What an event leaves allocated for the next.
const KEPT: usize = 64 << 10;

/// Records that programs write, each an event of its own.
const ALONE: &[&str] = &[
    "USER",
    "CRED_",
    "SERVICE_",
    "SYSTEM_",
    "DAEMON_",
    "ACCT_",
    "ADD_",
    "DEL_",
    "GRP_",
    "CHGRP_",
    "CHUSER_",
    "CRYPTO_",
    "VIRT_",
    "ROLE_",
    "TRUSTED_APP",
    "SOFTWARE_UPDATE",
    "TEST",
    "LABEL_",
    "RESP_",
];

/// An event whose records are still coming.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) node: String,
    pub(super) time: i64,
    pub(super) serial: u64,
    /// Where its first record begins.
    pub(super) line: u64,
    pub(super) offset: u64,
    text: String,
    /// Where each record's type and body lie in the text.
    records: Vec<[usize; 3]>,
}

impl Open {
    /// Type and body of each record.
    pub(super) fn records(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.records.iter().map(|[start, body, end]| (&self.text[*start..*body], &self.text[*body..*end]))
    }

    fn begin(&mut self, record: &Record<'_>, line: &Line<'_>) {
        record.node.clone_into(&mut self.node);
        (self.time, self.serial) = (record.time, record.serial);
        (self.line, self.offset) = (line.number, line.offset);
        self.text.clear();
        self.records.clear();
    }

    fn add(&mut self, record: &Record<'_>) {
        let start = self.text.len();
        self.text.push_str(record.kind);
        let body = self.text.len();
        self.text.push_str(record.body);
        self.records.push([start, body, self.text.len()]);
    }

    fn is_of(&self, record: &Record<'_>) -> bool {
        self.serial == record.serial && self.time == record.time && self.node == record.node
    }
}

/// The events that are open, the one that began first in front.
#[derive(Debug, Default)]
pub(super) struct Window {
    open: VecDeque<Open>,
    spare: Vec<Open>,
    /// Bytes of text of all open events.
    size: usize,
}

impl Window {
    /// Takes a record in; each event that is thereby complete goes to `done`.
    pub(super) fn add(
        &mut self,
        record: &Record<'_>,
        line: &Line<'_>,
        out: &mut dyn Collector,
        done: &mut dyn FnMut(&Open, &mut dyn Collector),
    ) {
        let late = |first: &Open| record.time - first.time > MAX_AGE;
        while self.open.front().is_some_and(late) || self.open.len() > MAX_OPEN || self.size > MAX_TEXT_OPEN {
            self.finish(0, out, done);
        }
        let place = match self.open.iter().rposition(|open| open.is_of(record)) {
            Some(place) => place,
            // The mark of an end whose event is already complete.
            None if record.kind == "EOE" => return,
            None => {
                let mut open = self.spare.pop().unwrap_or_default();
                open.begin(record, line);
                self.open.push_back(open);
                self.open.len() - 1
            }
        };
        if record.kind != "EOE" {
            self.open[place].add(record);
            self.size += record.kind.len() + record.body.len();
        }
        let too_long = self.open[place].text.len() > MAX_TEXT;
        if too_long {
            let what = "an event of more than 4 MiB; its further records stand apart";
            out.problem(Problem::new(line.place(), what));
        }
        if too_long || is_last(record.kind) {
            self.finish(place, out, done);
        }
    }

    /// Ends every event that is open.
    pub(super) fn drain(&mut self, out: &mut dyn Collector, done: &mut dyn FnMut(&Open, &mut dyn Collector)) {
        while !self.open.is_empty() {
            self.finish(0, out, done);
        }
    }

    fn finish(
        &mut self,
        place: usize,
        out: &mut dyn Collector,
        done: &mut dyn FnMut(&Open, &mut dyn Collector),
    ) {
        if let Some(open) = self.open.remove(place) {
            done(&open, out);
            self.size -= open.text.len();
            if open.text.capacity() <= KEPT {
                self.spare.push(open);
            }
        }
    }
}

/// Whether nothing follows a record of this type.
fn is_last(kind: &str) -> bool {
    matches!(kind, "EOE" | "PROCTITLE") || ALONE.iter().any(|begin| kind.starts_with(begin))
}
