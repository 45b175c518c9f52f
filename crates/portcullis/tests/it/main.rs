//! The program as people use it: a tour of every command and option on a small staged incident.

// Tests say what they expect by failing, and what they leave out by printing it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod tour;
