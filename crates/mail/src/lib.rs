//! A message to facts, and a message made harmless.
//!
//! An `Inspector` reads one message (RFC 5322) and states what it sees: who it says it is from and
//! whether that fits, what loads by itself when it is opened, where its links lead, what lies in it.
//! It judges nothing: rules do. The facts are those of `docs/mail-facts.md`, and the same whether a message
//! was found in a mailbox years later or comes through the door now.
//!
//! What cannot be seen in one message, that the same template went to many mailboxes with a
//! different token in each, is found by [`recon`], which takes the trace of each
//! inspected message in order of time.

pub mod auth;
pub mod content;
pub mod css;
pub mod documents;
pub mod events;
mod facts;
pub mod history;
pub mod html;
mod inspect;
pub mod links;
pub mod neutralise;
pub mod recon;
mod settings;
pub mod who;

pub use facts::{Fact, facts};
pub use inspect::{About, Child, Inspection, Inspector};
pub use settings::{Person, Settings};
