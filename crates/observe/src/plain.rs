//! Text of no known shape: every line is a record with its text under `message`, so that keywords
//! and indicators find it, and its time where it begins with one in ISO 8601.

use std::io::BufRead;

use model::Event;

use crate::text::Lines;
use crate::w3c::clock::{self, LocalClock};
use crate::{Collector, Context};

/// Reads a text line by line.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut clock = LocalClock::new(&context.settings.zone);
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
        let dated = text.trim_start_matches(['[', '(', '<', '"']);
        event.time = clock::iso(dated.as_bytes()).and_then(|(stamp, _)| clock.time(stamp));
        event.push_str("message", text);
        out.event(&mut event);
    }
    if let Some(assumption) = clock.assumption() {
        out.assumed(assumption);
    }
}
