//! Windows event logs, from Vista on.
//!
//! A log is a header and chunks of 64 KiB that stand for themselves. [`stream`] finds the chunks,
//! also where the header is missing or bytes are lost, and holds one at a time. [`chunk`] walks a
//! chunk's records. A record is a template of XML, kept once a chunk, and values: [`template`]
//! compiles the template into a [`program`], [`store`] keeps that for the chunks to come, and
//! [`fill`] runs it over the values of each record and so writes the facts straight into the event.
//! That is several times cheaper than a tree or a text of JSON for every record. What does not
//! compile goes through the `evtx` crate's renderer and [`json`]; [`naming`] gives both the same
//! names.
//!
//! Stale records in the unused part of a chunk are left alone: their templates are mostly
//! overwritten, and what they seem to say is then not what was logged.

mod chunk;
mod fill;
mod json;
mod moment;
mod naming;
mod program;
mod store;
mod stream;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod wire;

use std::cell::Cell;
use std::io::BufRead;

use crate::{Collector, Context};

/// Whether `head`, the first bytes of a file, are of a Windows event log.
pub(crate) fn is_evtx(head: &[u8]) -> bool {
    stream::is_evtx(head)
}

/// Reads a Windows event log.
pub(crate) fn read(input: &mut dyn BufRead, _context: &Context<'_>, out: &mut dyn Collector) {
    read_with(input, false, out);
}

thread_local! {
    static STORE: Cell<store::Store> = Cell::default();
}

fn read_with(input: &mut dyn BufRead, slow_only: bool, out: &mut dyn Collector) {
    let mut chunks = stream::Chunks::new(input);
    // A collection of logs is many small files with the same few hundred templates, so what was
    // compiled serves the next file of the same thread. It changes no result.
    let mut reader = chunk::Reader::new(STORE.take(), slow_only);
    let mut buffer = Vec::new();
    while let Some(found) = chunks.next(buffer, &mut |problem| out.problem(problem)) {
        buffer = reader.read(found, out);
    }
    STORE.set(reader.into_store());
}
