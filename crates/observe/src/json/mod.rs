//! Logs whose records are JSON objects: one a line, one after the other, in a list, or in a list
//! within one wrapping object.
//!
//! A window moves over the evidence ([`crate::window`]), each object in it becomes flat fields in one pass
//! ([`flatten`]), and the names that are there tell what kind of record it is ([`shape`]), which
//! gives log source, time and the second names that rules use. What is known of names lies in
//! `data/json-shapes.toml` ([`table`]); a new kind of log is a few lines there.
//!
//! Numbers are kept as they are written, and the position after each record is known, which is why
//! the pull parser `jiter` stands here instead of a deserialiser.

mod clock;
mod flatten;
mod known;
mod mend;
mod names;
mod pairs;
mod reader;
mod resync;
mod shape;
mod slots;
mod table;

use std::io::BufRead;

use jiter::{Jiter, Peek};
use model::Event;

use self::flatten::Flattener;
use self::reader::Reader;
use self::shape::Settler;
use self::table::Table;
use crate::{Collector, Context};

/// Whether a text that begins like `head` is a log of JSON objects.
pub(crate) fn recognise(head: &str) -> bool {
    let head = head.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n', '\u{1e}', '\0']);
    if begins_record(head) {
        return true;
    }
    // The first line of a log that was cut when it was rotated is the end of a record.
    let mut further = head.lines().skip(1).filter(|line| !line.trim().is_empty()).take(8).peekable();
    further.peek().is_some_and(|line| begins_record(line)) && further.all(|line| line.starts_with("{\""))
}

/// Whether `text` begins with an object of at least one member, or with a list of such.
fn begins_record(text: &str) -> bool {
    let object = text.strip_prefix('[').map_or(text, str::trim_start);
    let mut jiter = Jiter::new(object.as_bytes());
    if !matches!(jiter.peek(), Ok(Peek::Object)) {
        return false;
    }
    match jiter.known_object() {
        Ok(Some(_)) => jiter.peek().is_ok(),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Reads every record of `input`.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut settler = Settler::new(Table::shared(), context);
    Reader::new(input, &mut settler, out).run();
    if settler.assumed_zone {
        let zone = context.settings.zone.iana_name().unwrap_or("the zone given");
        out.assumed(format!("times without an offset are in {zone}"));
    }
}

/// Reads single records that another format holds.
pub(crate) struct Records<'a> {
    flat: Flattener,
    settler: Settler<'a>,
}

impl<'a> Records<'a> {
    /// A reader for the records of one piece of evidence.
    pub(crate) fn new(context: &Context<'a>) -> Self {
        let table = Table::shared();
        Self { flat: Flattener::new(table), settler: Settler::new(table, context) }
    }

    /// Adds the fields of the object in `json` to `event`, and gives it time and log source. What
    /// was read before a fault stays.
    pub(crate) fn add(&mut self, json: &str, event: &mut Event) -> Result<(), String> {
        let outcome = self.flat.record(json.as_bytes(), event);
        self.settler.settle(&mut self.flat, event);
        outcome.map(|_| ()).map_err(|fault| format!("{} at byte {} of the object", fault.what, fault.at))
    }

    /// Adds the fields of the object in `json` to `event`; tells whether it was whole.
    pub(crate) fn embed(&mut self, json: &str, event: &mut Event) -> bool {
        self.flat.record(json.as_bytes(), event).is_ok()
    }

    /// Gives time and log source to an event that another reader has filled with the names that the
    /// same program uses in JSON.
    pub(crate) fn settle(&mut self, event: &mut Event) {
        self.flat.adopt(event);
        self.settler.settle(&mut self.flat, event);
    }
}

#[cfg(test)]
mod exports;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
