//! The milter protocol, version 6, as Postfix and Sendmail speak it with their filters.
//!
//! A packet is a length of four bytes, a command letter and its data. The mail server tells us of the client, the
//! sender, the recipients, each header field and the body, and asks at the end of the message. We ask it not to wait
//! for an answer before that end, so that a message costs one round trip. Header fields come with their blanks
//! ([`command::steps::LEADING_SPACE`]), so that the message can be put together byte for byte.
//!
//! A milter gives a message one content. Where recipients are to get different ones, some are taken off and served by
//! [`crate::door::Judge::deliver`].

pub mod command;
pub mod message;
pub mod packet;
pub mod reply;
mod session;

pub use session::{Limits, Settings, Timeouts, serve};
