//! The live mail door: milter, SMTP and LMTP proxy, quarantine.
//!
//! A protocol ([`milter`], [`smtp`]) takes a message with its [`door::Envelope`] off a socket ([`listen`]),
//! asks a [`door::Judge`], and does what the [`door::Decision`] says. It knows no rule and no policy. A sender is
//! told that a message was accepted only after the next server took it over or quarantine has it on disk;
//! everything that goes wrong before is answered by "come again".

pub mod copies;
pub mod door;
pub mod fields;
pub mod listen;
pub mod milter;
pub mod smtp;
pub mod wire;
