//! The SMTP and LMTP proxy: it stands between two mail servers, or between one and a store.
//!
//! The connection to the next hop opens with `MAIL`, and the next hop's answers to `MAIL` and `RCPT` are the sender's.
//! At the end of data the message is judged as a whole; only when the next hop took a copy over for every
//! recipient, or quarantine has it, is the sender told `250`.
//!
//! Nothing can be smuggled: one sequence of bytes, CRLF dot CRLF, ends a message, commands end by CRLF alone, and
//! a CR or an LF that stands alone never reaches the next hop (see [`data`]).

pub mod client;
pub mod command;
pub mod data;
pub mod reader;
mod relay;
pub mod reply;
mod server;
mod settings;
pub mod tls;
mod transaction;

pub use server::serve;
pub use settings::{BareNewline, Limits, NextHop, Protocol, Settings, Timeouts};
