//! What people see while a hunt runs and when it ends.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use hunt::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;

use crate::Result;
use crate::failure::Failure;

/// Text of a log as it may be printed: control characters that would move a cursor, change colours
/// or reverse the direction are made visible.
pub(crate) fn visible(text: &str) -> String {
    share::visible(text).into_owned()
}

/// Text of several lines as it may be printed.
pub(crate) fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Writes to standard output what a command was asked for.
pub(crate) fn say(text: &str) -> Result<()> {
    anstream::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::io("cannot write to standard output").because(&error))
}

/// Tells a person something on standard error; may hold text from evidence, rules and indicators.
pub(crate) fn note(text: &str) {
    // Where nobody can be told there is nobody to tell that either.
    let _ = writeln!(anstream::stderr(), "{}", visible_lines(text));
}

/// How evidence is read, from the options that several commands share.
pub(crate) fn reading(zone: &str, year: Option<i16>) -> Result<observe::Settings> {
    let zone = TimeZone::get(zone).map_err(|error| {
        Failure::usage(format!("“{zone}” is no time zone"))
            .because(&error)
            .hint("use a name such as Europe/London or UTC")
    })?;
    Ok(observe::Settings {
        zone,
        year,
        limits: observe::Limits { depth: 8, ratio: 250, unpacked: 64 << 30, members: 1_000_000 },
        tmp: std::env::temp_dir(),
    })
}

/// A folder for spilled data that is emptied when the value is dropped.
pub(crate) fn spill_dir(under: Option<&PathBuf>) -> Result<tempfile::TempDir> {
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("portcullis-");
        builder
    };
    let made = match under {
        Some(dir) => builder().tempdir_in(dir),
        None => builder().tempdir(),
    };
    made.map_err(|error| {
        Failure::io("cannot make a folder for temporary data")
            .because(&error)
            .hint("name one with room by --tmp DIR")
    })
}

/// Draws `progress` on standard error until `work` is done; draws nothing where nobody looks.
pub(crate) fn with_progress<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| draw(progress, &done));
        let result = work();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        result
    })
}

fn draw(progress: &Progress, done: &std::sync::atomic::AtomicBool) {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template(
        "{bar:24} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}  {msg}  {eta}",
    );
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━╸─"));
    }
    while !done.load(std::sync::atomic::Ordering::Relaxed) {
        let now = progress.snapshot();
        bar.set_length(now.bytes_expected);
        bar.set_position(now.bytes);
        bar.set_message(format!(
            "{}/{} files, {} records, {} findings",
            now.files, now.files_expected, now.records, now.findings
        ));
        std::thread::sleep(Duration::from_millis(100));
    }
    bar.finish_and_clear();
}

/// The width to wrap at: the terminal's, else 100.
pub(crate) fn width() -> usize {
    if std::io::stdout().is_terminal() {
        comfy_table::Table::new().width().map_or(100, usize::from)
    } else {
        100
    }
}

/// `text` broken at blanks to `width` columns, each line after `indent` blanks.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = width;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column + 1 + length > width {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
