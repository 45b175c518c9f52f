//! Messages that are malformed on purpose: each is read, made harmless, and the other reader finds nothing left.
//!
//! Every table entry is a shape by name, so that the list of what is tried can be read. The page in them would load
//! from `beacon.example`; what counts is that no reader of the result would.

mod mime;
mod pages;
mod sizes;

use mail::neutralise::{Done, Settings, neutralise, passes};
use mail::{About, Inspector};
use model::Event;

/// What loads when a reader takes it for a page.
const PAGE: &str = "<p>Dear colleague</p><img src=\"http://beacon.example/o?t=4f9a\">";

/// Children and facts of one message have bounds of their own; this is above their sum.
const FACTS: usize = 20_000;

fn settings() -> Settings {
    Settings { notice: Some("https://gate.example/notice".to_owned()), ..Settings::default() }
}

/// Inspects `raw` and makes it harmless, and looks whether that can be relied on.
fn survived(name: &str, raw: &[u8]) -> (Event, Done) {
    let known = mail::Settings::default();
    let mut event = Event::default();
    let found = Inspector::new(&known).inspect(raw, &About::default(), &mut event);
    let facts = event.facts().iter().count()
        + found.children.iter().map(|(_, facts)| facts.iter().count()).sum::<usize>();
    assert!(facts < FACTS, "{name}: {facts} facts");
    let done = neutralise(raw, &settings());
    assert!(passes(&done.bytes, &settings()), "{name}: {}", String::from_utf8_lossy(&done.bytes));
    assert!(done.changed || done.bytes == raw, "{name}: changed without saying so");
    let again = neutralise(&done.bytes, &settings());
    assert!(passes(&again.bytes, &settings()), "{name}: a second pass opens what the first closed");
    (event, done)
}

/// A page by a message, with what its header says of it.
fn page(header: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}
