//! The plain types that every room of Portcullis speaks.
//!
//! Evidence becomes [`Event`]s, rules turn events into [`Finding`]s, and findings that belong
//! together become [`Incident`]s with an [`Exposure`]. Nothing here does input or output, reads a
//! clock or draws a random number: a value of these types depends on the evidence and the rules
//! alone, which is what lets two runs produce the same bytes.
//!
//! ```
//! use model::{Event, Time};
//!
//! let mut event = Event::default();
//! event.time = Some(Time::parse("2021-08-24T09:12:00Z").unwrap());
//! event.push_str("cs-method", "POST");
//! event.push_uint("sc-status", 200);
//! assert_eq!(event.get("cs-method").unwrap().text, "POST");
//! assert_eq!(event.get("sc-status").unwrap().text, "200");
//! ```

mod case;
mod event;
mod evidence;
mod finding;
mod level;
mod source;
mod time;

pub use case::{
    Activity, Case, Exposed, Exposure, ExposureKind, Gap, Incident, KeyFinding, Link, Measure, RuleCount,
    Stage, Touched,
};
pub use event::{Event, Fact, Facts, Field, Fields, Kind, Value};
pub use evidence::{Evidence, EvidenceId, Manifest, Place, Problem, Settings};
pub use finding::{EventRef, Finding, FindingKind, Group, Matched, RuleInfo, Window};
pub use level::{Level, Tlp, UnknownLevel};
pub use source::{LogSource, SourceId};
pub use time::{Time, TimeError};

/// Bytes in lower-case hexadecimal, as hashes are written.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}
