//! The program as people use it: a tour of every command and option, and input that is bad.

// Tests say what they expect by failing, and what they leave out by printing it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod alliance;
mod bad_input;
#[cfg(unix)]
mod door;
mod program;
mod tour;
