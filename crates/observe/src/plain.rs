//! Text of no known shape: every line is a record with its text under `message`, so that keywords
//! and indicators find it.

use std::io::BufRead;

use model::Event;

use crate::text::Lines;
use crate::{Collector, Context};

/// Reads a text line by line.
pub(crate) fn read(input: &mut dyn BufRead, _context: &Context<'_>, out: &mut dyn Collector) {
    let mut event = Event::default();
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(out) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        event.clear();
        event.record = line.number;
        event.offset = line.offset;
        event.push_str("message", text);
        out.event(&mut event);
    }
}
