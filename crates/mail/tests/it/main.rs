//! The room from outside.

// Tests say what they expect by failing, and what they leave out by printing it.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod hostile;
mod mail_auth;
mod rules;
