//! The `portcullis` program: one file a command. It alone prints, reads the environment and knows
//! the clock; everything else is in the libraries.

// Messages for people and data for pipes are what this crate is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod command;
mod failure;
mod rulesource;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// From evidence to statement: what hit us, since when, and what is exposed.
///
/// Portcullis reads a folder of evidence (event logs, web and mail server logs, cloud audit exports,
/// syslog, mailboxes, archives of all of them), applies every rule to every record, and answers what
/// happened, in which order, since when, and what to look at first. It needs no network and no
/// server, and it never changes the evidence.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    after_help = "Exit codes: 0 nothing found, 1 findings, 2 usage, 3 nothing could be read or output \
                  could not be written.\n\nBegin with:\n  portcullis exercise run commission      \
                  a staged intrusion, hunted and scored\n  portcullis hunt ./evidence --output case   \
                  your own evidence"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Hunt(Box<command::hunt::Args>),
    #[command(subcommand)]
    Rules(command::rules::Command),
    #[command(subcommand)]
    Mail(command::mail::Command),
    Gate(command::gate::Args),
    Quarantine(command::quarantine::Args),
    #[command(subcommand)]
    Exercise(command::exercise::Command),
    Completions(command::pages::Completions),
    Manual(command::pages::Manual),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Hunt(args) => command::hunt::run(&args),
        Command::Rules(command) => command::rules::run(&command),
        Command::Mail(command) => command::mail::run(&command),
        Command::Gate(args) => command::gate::run(&args),
        Command::Quarantine(args) => command::quarantine::run(&args),
        Command::Exercise(command) => command::exercise::run(&command),
        Command::Completions(args) => command::pages::completions(&args),
        Command::Manual(args) => command::pages::manual(&args),
    };
    match result {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

type Result<T> = std::result::Result<T, Failure>;
