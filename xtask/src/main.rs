//! Set-up, checks and distribution of the project itself: `cargo xtask`.

// A task runner talks to the person who runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod accept;
mod deb;
mod dist;
mod licences;
mod notices;
mod setup;
mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check              set up what the tests need, then format, lints, tests, licences
cargo xtask accept hunt [N...] run the acceptance points of the hunt (or points N) and print a table
cargo xtask accept mail [N...] the same of mail
cargo xtask dist               a static program with its pages and notices, and a Debian package, in
                               target/distribution
cargo xtask setup              only set up what the tests need";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => check(),
        ["setup"] => setup::run(),
        ["accept", room, points @ ..] => accept::run(room, points),
        ["dist"] => dist::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), String> {
    setup::run()?;
    steps::step("format", &["fmt", "--all", "--check"], &[])?;
    steps::step("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    steps::step("tests", &["test", "--workspace", "--no-fail-fast"], &[])?;
    licences::check()
}
