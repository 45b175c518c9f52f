//! Errors as a person meets them: what happened, the cause, a hint.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use crate::terminal;

/// Whose fault it is decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line or a file that it names is wrong: 2.
    Usage,
    /// Nothing could be read, or output could not be written: 3.
    Io,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, what: what.into(), causes: Vec::new(), hint: None }
    }

    pub(crate) fn io(what: impl Into<String>) -> Self {
        Self { kind: Kind::Io, what: what.into(), causes: Vec::new(), hint: None }
    }

    /// Adds an error and everything beneath it.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// All of it in one line, for a log.
    pub(crate) fn words(&self) -> String {
        std::iter::once(&self.what).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// Whether it is no more than a reader that has gone, such as `head`.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.causes.iter().any(|cause| cause.contains("Broken pipe"))
    }

    /// Tells it on standard error.
    pub(crate) fn tell(&self) -> ExitCode {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let mut text = format!("{red}error{red:#}: {}", terminal::visible_lines(&self.what));
        for cause in &self.causes {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n  cause: {}", terminal::visible_lines(cause));
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\n  hint: {}", terminal::visible_lines(hint));
        }
        let _ = writeln!(anstream::stderr(), "{text}");
        ExitCode::from(match self.kind {
            Kind::Usage => 2,
            Kind::Io => 3,
        })
    }
}
