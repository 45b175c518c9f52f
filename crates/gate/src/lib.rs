//! The live mail door: milter, SMTP and LMTP proxy, quarantine.

pub mod config;
pub mod door;
mod files;
mod headers;
mod outside;
pub mod policy;
pub mod quarantine;
mod verdict;

pub use outside::Outside;
pub use verdict::{Held, Verdict};
