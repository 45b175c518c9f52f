use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use gate::config::Config;
use gate::quarantine::{Act, Entry, Filter, Quarantine, QuarantineError, State, What};
use gate::{Release, release};
use model::Time;

use crate::Result;
use crate::command::gate::{outside, runtime};
use crate::failure::Failure;
use crate::terminal;

/// Look into the gate's quarantine, release from it, delete in it.
///
/// Works beside a running gate, as a user who may read the quarantine's folder. Who reads, releases or deletes
/// what is written down.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gate's configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/portcullis/gate.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List deliveries, the latest first. Exit code 1: there are some.
    ///
    /// Examples:
    ///   portcullis quarantine list --state held --since 2026-03-01
    ///   portcullis quarantine list --format json | jq -r .id
    #[command(verbatim_doc_comment)]
    List(List),
    /// Show a delivery with everything that was done with it; --raw gives the original, which is written down.
    ///
    /// Example: portcullis quarantine show 20260325120000-18bd308d21 --raw | portcullis mail neutralise -
    #[command(verbatim_doc_comment)]
    Show(Show),
    /// Send an original on, past the gate. Without --to it goes to those whom it was kept for.
    ///
    /// Example: portcullis quarantine release 20260325120000-18bd308d21 --to archive@parliament.example
    #[command(verbatim_doc_comment)]
    Release(ReleaseArgs),
    /// Delete originals. The entries stay for a while and say so.
    ///
    /// Example: portcullis quarantine delete --older-than 30
    #[command(verbatim_doc_comment)]
    Delete(Delete),
}

#[derive(Debug, clap::Args)]
struct List {
    /// held, released or deleted
    #[arg(long)]
    state: Option<State>,
    /// Not before this day or moment
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// text is for people, json is one object a delivery
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
    /// At most so many; 0 is all
    #[arg(long, default_value_t = 1000)]
    limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Shape {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The delivery
    id: String,
    /// Write the original to standard output
    #[arg(long, conflicts_with = "format")]
    raw: bool,
    /// text is for people, json is one object
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
}

#[derive(Debug, clap::Args)]
struct ReleaseArgs {
    /// The deliveries
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Send it to this address in place of those whom it was kept for. Repeat for more
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Delete {
    /// The deliveries
    #[arg(value_name = "ID", required_unless_present = "older_than")]
    ids: Vec<String>,
    /// All that came more than so many days ago
    #[arg(long, value_name = "DAYS", conflicts_with = "ids")]
    older_than: Option<u32>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = Config::read(&args.config).map_err(|error| {
        let failure = Failure::usage(error.to_string());
        std::error::Error::source(&error).map(|source| failure_because(&error, source)).unwrap_or(failure)
    })?;
    let mut quarantine = Quarantine::existing(&config.quarantine.dir).map_err(|error| failed(&error))?;
    match &args.command {
        Command::List(list) => say_list(&quarantine, list),
        Command::Show(show) => say_one(&quarantine, show),
        Command::Release(what) => send(&config, &mut quarantine, what),
        Command::Delete(what) => delete(&mut quarantine, what),
    }
}

fn failure_because(error: &dyn std::error::Error, source: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string())
        .because(source)
        .hint("--config names the gate's configuration; docs/gate.md lists everything that it can hold")
}

fn failed(error: &QuarantineError) -> Failure {
    let said = error.to_string();
    let failure = match error {
        QuarantineError::Unknown(_) | QuarantineError::Deleted(_) => {
            Failure::usage(said).hint("portcullis quarantine list shows the ids")
        }
        _ => Failure::io(said),
    };
    match std::error::Error::source(error) {
        Some(source) => failure.because(source),
        None => failure,
    }
}

fn say_list(quarantine: &Quarantine, list: &List) -> Result<ExitCode> {
    let since = list.since.as_deref().map(time).transpose()?;
    let filter = Filter { state: list.state, since, limit: list.limit, ..Filter::default() };
    let entries = quarantine.list(&filter).map_err(|error| failed(&error))?;
    let mut text = String::new();
    for entry in &entries {
        match list.format {
            Shape::Json => text += &(serde_json::to_string(entry).unwrap_or_default() + "\n"),
            Shape::Text => {
                let (time, level) = (entry.time.to_string(), &entry.level);
                text += &format!(
                    "{}  {}  {:<8} {:<11} {level:<13} {} → {}\n",
                    entry.id,
                    time.get(..16).unwrap_or(&time).replace('T', " "),
                    entry.state.as_str(),
                    entry.why.as_str(),
                    terminal::visible(&entry.mail_from),
                    terminal::visible(&entry.recipients.join(", ")),
                );
                text += &format!("    {}\n", terminal::visible(&entry.subject));
            }
        }
    }
    terminal::say(&text)?;
    if list.format == Shape::Text && entries.is_empty() {
        terminal::note("nothing is in quarantine that fits");
    }
    Ok(ExitCode::from(u8::from(!entries.is_empty())))
}

fn time(text: &str) -> Result<Time> {
    Time::parse(text).map_err(|error| {
        Failure::usage(format!("“{text}” is no time"))
            .because(&error)
            .hint("write 2026-03-25 or 2026-03-25T12:00:00Z")
    })
}

fn say_one(quarantine: &Quarantine, show: &Show) -> Result<ExitCode> {
    let who = user();
    let act = Act { time: (outside().now)(), who: &who, what: What::Read, note: "" };
    if show.raw {
        let raw = quarantine.read(&show.id, &act).map_err(|error| failed(&error))?;
        std::io::stdout()
            .write_all(&raw)
            .map_err(|error| Failure::io("cannot write to standard output").because(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    let entry = quarantine.entry(&show.id).map_err(|error| failed(&error))?;
    // Subject, addresses and verdict are of the message too.
    quarantine.note(&show.id, &Act { note: "the entry alone", ..act }).map_err(|error| failed(&error))?;
    let acts = quarantine.acts(&show.id).map_err(|error| failed(&error))?;
    if show.format == Shape::Json {
        let acts: Vec<_> = acts
            .iter()
            .map(|(time, who, what, note)| {
                serde_json::json!({"time": time.to_string(), "who": who, "what": what, "note": note})
            })
            .collect();
        let mut object = serde_json::to_value(&entry).unwrap_or_default();
        object["acts"] = acts.into();
        terminal::say(&format!("{object}\n"))?;
    } else {
        terminal::say(&as_text(&entry, &acts))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(entry: &Entry, acts: &[(Time, String, String, String)]) -> String {
    let mut text = String::new();
    let by = if entry.by.is_empty() { String::new() } else { format!(" by {}", entry.by) };
    let state = format!("{}{by}, because it was {}", entry.state.as_str(), entry.why.as_str());
    let original = format!("{} bytes, shared by {}", entry.size, share::count(entry.shared, "delivery"));
    for (name, value) in [
        ("id", entry.id.clone()),
        ("time", entry.time.to_string()),
        ("state", state),
        ("client", entry.client.clone()),
        ("envelope sender", entry.mail_from.clone()),
        ("recipients", entry.recipients.join(", ")),
        ("from", entry.sender.clone()),
        ("subject", entry.subject.clone()),
        ("level", entry.level.clone()),
        ("rules", entry.rules.join("; ")),
        ("why", entry.explanation.clone()),
        ("sha256", entry.sha256.clone()),
        ("original", original),
    ] {
        text += &format!("{name:<16} {}\n", terminal::visible(&value));
    }
    for (time, who, what, note) in acts {
        text += &format!("{:<16} {time} {} {}\n", what, terminal::visible(who), terminal::visible(note));
    }
    text
}

fn send(config: &Config, quarantine: &mut Quarantine, args: &ReleaseArgs) -> Result<ExitCode> {
    let runtime = runtime()?;
    let who = user();
    for id in &args.ids {
        let what = Release { id, to: &args.to, who: &who };
        let to = runtime.block_on(release(config, quarantine, &what, &outside())).map_err(|error| {
            let failure = Failure::io(format!("{id} was not released")).because(&error);
            match error {
                gate::ReleaseError::NoHop => failure.hint("set [release] next_hop in the configuration"),
                gate::ReleaseError::Nobody(_) => failure.hint("name an address by --to"),
                _ => failure.hint("it stays in quarantine as it was"),
            }
        })?;
        terminal::say(&format!("{id} was sent to {}\n", terminal::visible(&to.join(", "))))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn delete(quarantine: &mut Quarantine, args: &Delete) -> Result<ExitCode> {
    let who = user();
    let now = (outside().now)();
    let act = Act { time: now, who: &who, what: What::Delete, note: "" };
    let mut deleted = 0;
    if let Some(days) = args.older_than {
        let before = now.plus_micros(-i64::from(days) * 86_400_000_000);
        deleted =
            quarantine.expire(before, Time::from_micros(i64::MIN), &act).map_err(|error| failed(&error))?;
    }
    for id in &args.ids {
        quarantine.delete(id, &act).map_err(|error| failed(&error))?;
        deleted += 1;
    }
    terminal::say(&format!("{} deleted\n", share::count(deleted, "original")))?;
    Ok(ExitCode::SUCCESS)
}

/// The user of the operating system, by number and name, and who became that user by sudo.
fn user() -> String {
    #[cfg(unix)]
    let number = {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").map(|data| data.uid().to_string()).ok()
    };
    #[cfg(not(unix))]
    let number = None;
    let Some(number) = number else { return std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned()) };
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    });
    let mut who = name.unwrap_or(number);
    if let Ok(before) = std::env::var("SUDO_USER") {
        who += &format!(" (by sudo from {before})");
    }
    who
}
