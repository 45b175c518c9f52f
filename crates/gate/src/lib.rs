//! The live mail door: milter, SMTP and LMTP proxy, quarantine.
//!
//! A protocol ([`milter`], [`smtp`]) takes a message with its [`door::Envelope`] off a socket ([`listen`]),
//! asks a [`door::Judge`], and does what the [`door::Decision`] says. It knows no rule and no policy. A sender is
//! told that a message was accepted only after the next server took it over or quarantine has it on disk;
//! everything that goes wrong before is answered by "come again".
//!
//! The judge of a running gate is made of one [`config::Config`]: facts of the message and of earlier ones, the
//! rules' verdict, then the [`policy`] for each recipient. [`run`] puts all of it to work; clock, randomness and
//! signals come from the program ([`Outside`], [`Signal`]).

pub mod config;
pub mod copies;
pub mod door;
pub mod fields;
mod files;
mod headers;
mod http;
mod judge;
pub mod listen;
mod mark;
mod memory;
mod metrics;
pub mod milter;
mod outside;
pub mod policy;
pub mod quarantine;
mod release;
mod run;
mod setup;
pub mod smtp;
mod treat;
mod verdict;
pub mod wire;

pub use memory::MemoryError;
pub use outside::Outside;
pub use release::{Release, ReleaseError, release};
pub use run::{RunError, Signal, check, run};
pub use setup::{SetupError, Told};
pub use verdict::{Held, Verdict};
