//! Rules against events: the oracle, the built-in rules' own samples, the published corpus.

// Tests say what they expect by failing, and what they leave out by printing it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod builtin;
mod corpus;
mod features;
mod oracle;
