//! A collector for the tests of readers of text.

use std::io::BufRead;

use model::{Event, Problem, Time};

use crate::{Collector, Context, Format, LogSources, Message, Settings};

/// A reader as every format offers it.
pub(crate) type Read = fn(&mut dyn BufRead, &Context<'_>, &mut dyn Collector);

/// What a reader told.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) events: Vec<Event>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) assumed: Vec<String>,
}

impl Collector for Probe {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, event: &mut Event) {
        self.events.push(event.clone());
    }
    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        event.push_str("raw", &String::from_utf8_lossy(message.raw));
        self.event(event);
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
    fn assumed(&mut self, what: String) {
        self.assumed.push(what);
    }
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

/// What `read` makes of `bytes`, with times without offset in UTC.
pub(crate) fn probe(read: Read, bytes: &[u8]) -> Probe {
    probe_with(read, bytes, &Settings::default(), None)
}

/// What `read` makes of `bytes`, under `settings`, in a file last changed at `modified`.
pub(crate) fn probe_with(read: Read, bytes: &[u8], settings: &Settings, modified: Option<&str>) -> Probe {
    let sources = LogSources::builtin();
    let modified = modified.map(|time| Time::parse(time).unwrap());
    let context = Context { settings, sources: &sources, modified, path: "evidence" };
    let mut probe = Probe::default();
    read(&mut &bytes[..], &context, &mut probe);
    probe
}

/// The texts under `name`, `∅` for a value that is null.
pub(crate) fn values(event: &Event, name: &str) -> Vec<String> {
    let text = |value: model::Value<'_>| match value.kind {
        model::Kind::Null => "∅".to_owned(),
        _ => value.text.to_owned(),
    };
    event.get_all(name).map(text).collect()
}

/// Asserts that `event` has exactly these `values` under these names, several of one name joined
/// by ` | `, and none under names whose expectation is empty.
#[track_caller]
pub(crate) fn expect(event: &Event, expected: &[(&str, &str)]) {
    for (name, wanted) in expected {
        assert_eq!(
            values(event, name).join(" | "),
            *wanted,
            "{name} of {:#?}",
            event.fields().collect::<Vec<_>>()
        );
    }
}

/// The name of the log source of `event`, as a person reads it.
pub(crate) fn source(event: &Event) -> String {
    LogSources::builtin().get(event.source).to_string()
}

/// The time of `event`, or `-`.
pub(crate) fn time(event: &Event) -> String {
    event.time.map_or("-".to_owned(), |time| time.to_string())
}

/// Checks that `read` takes every beginning of `sample` and `sample` with each byte changed, makes
/// the same of it twice, and never panics.
pub(crate) fn torment(read: Read, sample: &[u8]) {
    for end in 0..=sample.len() {
        probe(read, &sample[..end]);
    }
    let mut bytes = sample.to_vec();
    for at in 0..sample.len() {
        for flip in [0x01, 0x20, 0x80, 0xFF] {
            bytes[at] ^= flip;
            probe(read, &bytes);
            bytes[at] ^= flip;
        }
    }
    let (once, twice) = (probe(read, sample), probe(read, sample));
    assert_eq!(format!("{:?}", once.events), format!("{:?}", twice.events));
    assert_eq!(once.problems, twice.problems);
}
