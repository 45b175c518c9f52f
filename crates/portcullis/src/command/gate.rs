use std::path::PathBuf;
use std::process::ExitCode;

use gate::{Outside, RunError, Signal};
use tokio::sync::mpsc;

use crate::Result;
use crate::failure::Failure;
use crate::rulesource::{RuleArgs, RuleTexts};
use crate::terminal;

/// Stand in the door of a mail server: judge what comes, and pass, tag, neutralise, keep back or reject it.
///
/// The gate speaks the milter protocol, or stands between two servers as an SMTP or LMTP proxy. SIGHUP reads the
/// configuration again without dropping a connection, SIGTERM ends what is open and stops. Where the gate cannot
/// judge, the sender comes again, unless the configuration says otherwise: no mail is lost.
///
/// Examples:
///   portcullis gate --config /etc/portcullis/gate.toml --check
///   portcullis gate --config /etc/portcullis/gate.toml --log json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The configuration (TOML); docs/gate.md lists everything that it can hold
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Look whether the configuration can be used, say what it comes to, and end
    #[arg(long)]
    check: bool,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Log {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.check {
        let told = gate::check(&args.config, &outside()).map_err(|error| failed(&error))?;
        for rule in &told.rejected {
            terminal::note(&format!("a rule cannot be used: {rule}"));
        }
        for remark in &told.remarks {
            terminal::note(remark);
        }
        terminal::say(&format!("{} can be used; {} judge mail\n", args.config.display(), rules(told.rules)))?;
        return Ok(ExitCode::SUCCESS);
    }
    log(args.log);
    runtime()?.block_on(async {
        let signals = signals().map_err(|error| Failure::io("signals cannot be heard").because(&error))?;
        gate::run(&args.config, outside(), signals).await.map_err(|error| failed(&error))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn rules(count: usize) -> String {
    share::count(count as u64, "rule")
}

/// Clock, randomness and rules for the gate.
pub(crate) fn outside() -> Outside {
    Outside {
        now: || model::Time::from_micros(jiff::Timestamp::now().as_microsecond()),
        random: |bytes| {
            use ring::rand::SecureRandom;
            // Names and secrets that could be guessed are worse than none: without randomness nothing goes on.
            ring::rand::SystemRandom::new().fill(bytes).expect("the system gives random bytes");
        },
        rules: |builtin, paths| {
            let args = RuleArgs { rules: paths.to_vec(), no_builtin: !builtin, placeholders: None };
            RuleTexts::read(&args).map(|texts| texts.load()).map_err(|failure| failure.words())
        },
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::io("the gate's threads cannot be started").because(&error))
}

#[cfg(unix)]
fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (to, from) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let told = tokio::select! {
                _ = hangup.recv() => Signal::Reload,
                _ = terminate.recv() => Signal::Drain,
                _ = interrupt.recv() => Signal::Drain,
            };
            if to.send(told).await.is_err() {
                return;
            }
        }
    });
    Ok(from)
}

#[cfg(not(unix))]
fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    let (to, from) = mpsc::channel(4);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = to.send(Signal::Drain).await;
        }
    });
    Ok(from)
}

fn log(kind: Log) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PORTCULLIS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match kind {
        Log::Text => builder.with_ansi(false).init(),
        Log::Json => builder.json().flatten_event(true).with_current_span(false).init(),
    }
}

fn failed(error: &RunError) -> Failure {
    let said = error.to_string();
    let kind = match error {
        RunError::Setup(_) => Failure::usage(said),
        _ => Failure::io(said),
    };
    let kind = match std::error::Error::source(error) {
        Some(source) => kind.because(source),
        None => kind,
    };
    match error {
        RunError::Setup(_) => kind.hint("docs/gate.md lists everything that the configuration can hold"),
        RunError::Listen { .. } => kind.hint("is another gate running, or may the user not listen there?"),
        _ => kind,
    }
}
