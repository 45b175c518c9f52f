//! One template in many mailboxes, with a different token in each.
//!
//! Nobody who looks at one reconnaissance mail can tell it from a newsletter. What gives it away is
//! the set: who got the same text, from whom, and what in it was made for each of them. A
//! [`Detector`] takes a [`Trace`] of every message in order of time, joins those of one sender or of
//! one text into a *mailing*, and says of each message what is known of its mailing: over an
//! archive at the end, at the door at that moment.
//!
//! It judges nothing. Newsletters are mailings too; rules tell them apart.

mod detector;
mod explain;
mod mailing;
mod shingle;
mod trace;

pub use detector::Detector;
pub use explain::explain;
pub use mailing::Mailing;
pub use shingle::Signature;
pub(crate) use shingle::{hash, mix};
pub use trace::Trace;
