use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use detect::{Engine, Scratch};
use mail::events::{self, Sources};
use mail::{About, Child, Inspection, Inspector};
use model::{Event, Facts, Kind};
use observe::{Collector, Format, LogSources, Message};
use serde_json::{Map, Value, json};

use crate::Result;
use crate::failure::Failure;
use crate::rulesource::{RuleArgs, RuleTexts};
use crate::terminal;

/// Look into messages, and make them harmless.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the facts of messages: who, authentication, what loads, where links lead, what lies in it.
    ///
    /// FILE is a message or a mailbox of any kind that a hunt reads. What needs more than one message
    /// (who wrote before, who else got it) is told by a hunt. Exit code 1: a rule held.
    ///
    /// Examples:
    ///   portcullis mail inspect suspicious.eml
    ///   portcullis mail inspect --format json inbox.mbox | jq '.beacons[].url'
    #[command(verbatim_doc_comment)]
    Inspect(Inspect),
    /// Make a message harmless: nothing loads when it is opened, no link leads out unseen.
    ///
    /// Reads a message from FILE, or from standard input for “-”, and writes it to standard output or
    /// to --output. A message in which nothing loads and nothing links comes back byte for byte.
    ///
    /// Examples:
    ///   portcullis mail neutralise suspicious.eml --output safe.eml
    ///   portcullis mail neutralise - --notice https://gate.example/notice < in.eml > out.eml
    #[command(verbatim_doc_comment)]
    Neutralise(Neutralise),
    /// List the facts that rules can ask for, with meaning, type and example.
    ///
    /// Example: portcullis mail facts | grep beacon
    #[command(verbatim_doc_comment)]
    Facts(FactsArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// Messages and mailboxes
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    about: AboutArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// What goes to standard output: text is for people, json is one object a message
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Shape {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// What is known of the institution; of several commands.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AboutArgs {
    /// What is known of the institution: its domains, hosts, protected people, outlets (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Mail")]
    pub(crate) institution: Option<PathBuf>,
    /// Believe Authentication-Results of this server alone, such as mx.parliament.example. Repeat for
    /// more
    #[arg(long, value_name = "ID", help_heading = "Mail")]
    pub(crate) authserv_id: Vec<String>,
}

impl AboutArgs {
    /// The settings of mail inspection.
    pub(crate) fn settings(&self) -> Result<mail::Settings> {
        let mut settings = match &self.institution {
            None => mail::Settings::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::usage(format!("cannot read {}", path.display())).because(&error)
                })?;
                mail::Settings::parse(&text).map_err(|error| {
                    Failure::usage(format!("{} cannot be used", path.display())).because(&error)
                })?
            }
        };
        settings.authserv_ids.extend(self.authserv_id.iter().map(|id| id.to_lowercase()));
        Ok(settings)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Neutralise {
    /// The message; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write it; standard output if not given
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Address of the notice page that links lead through; without it links are taken off and their
    /// target is shown
    #[arg(long, value_name = "URL")]
    notice: Option<String>,
    /// The gate's key, so that the notice page can tell its own links from others (PEM)
    #[arg(long, value_name = "FILE", requires = "notice")]
    notice_key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FactsArgs {
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Inspect(args) => inspect(args),
        Command::Neutralise(args) => neutralise(args),
        Command::Facts(args) => facts(args),
    }
}

fn inspect(args: &Inspect) -> Result<ExitCode> {
    let settings = args.about.settings()?;
    let sources = LogSources::builtin();
    let set = RuleTexts::read(&args.rules)?.load();
    let engine = Engine::new(std::sync::Arc::new(set), sources.all());
    let reading = terminal::reading("UTC", None)?;
    let mut show = Show {
        inspector: Inspector::new(&settings),
        engine: &engine,
        scratch: Scratch::default(),
        children: Sources::new(|name| sources.named(name)),
        event: Event::default(),
        shape: args.format,
        path: String::new(),
        messages: 0,
        held: 0,
        said: Ok(()),
    };
    let mut unread = 0;
    for file in &args.files {
        let shown = file.display().to_string();
        if let Err(error) = observe::read_file(file, &shown, None, &reading, &sources, &mut show) {
            terminal::note(&format!("cannot read {shown}: {error}"));
            unread += 1;
        }
    }
    show.said?;
    if show.messages == 0 {
        let what = if unread == args.files.len() { "nothing could be read" } else { "no message was found" };
        return Err(Failure::io(what).hint("give a message (.eml, .msg) or a mailbox"));
    }
    Ok(ExitCode::from(u8::from(show.held > 0)))
}

/// Prints each message of a file.
struct Show<'a> {
    inspector: Inspector<'a>,
    engine: &'a Engine,
    scratch: Scratch,
    children: Sources,
    event: Event,
    shape: Shape,
    path: String,
    messages: u64,
    held: u64,
    /// Whether standard output could be written to.
    said: Result<()>,
}

impl Show<'_> {
    /// The rules that hold on a message or on what lies in it.
    fn held(&mut self, event: &Event, found: &Inspection) -> Vec<(model::Level, String)> {
        let mut held = BTreeSet::new();
        let engine = self.engine;
        let scratch = &mut self.scratch;
        events::each(event, &found.children, &self.children, &mut self.event, |event, _| {
            engine.scan(event, scratch, |place, _| {
                let rule = &engine.rules().rules[place as usize];
                if rule.reports {
                    held.insert((std::cmp::Reverse(rule.level()), rule.info.title.clone()));
                }
            });
        });
        held.into_iter().map(|(level, title)| (level.0, title)).collect()
    }
}

impl Collector for Show<'_> {
    fn begin(&mut self, path: &str) {
        path.clone_into(&mut self.path);
    }
    fn format(&mut self, _: Format) {}
    fn event(&mut self, _: &mut Event) {}
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}

    fn problem(&mut self, problem: model::Problem) {
        terminal::note(&format!("{}: problem {}: {}", self.path, problem.place, problem.what));
    }

    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        let about = About { mailbox: message.mailbox, folder: message.folder, ..About::default() };
        let found = self.inspector.inspect(message.raw, &about, event);
        let held = self.held(event, &found);
        self.messages += 1;
        self.held += held.len() as u64;
        if self.said.is_ok() {
            self.said = match self.shape {
                Shape::Json => terminal::say(&format!("{}\n", as_json(&self.path, event, &found, &held))),
                Shape::Text => terminal::say(&as_text(&self.path, event, &found, &held)),
            };
        }
    }
}

fn as_json(path: &str, event: &Event, found: &Inspection, held: &[(model::Level, String)]) -> Value {
    let of = |child| {
        let facts = found.children.iter().filter(|(kind, _)| *kind == child);
        facts.map(|(_, facts)| object(facts, child.prefix())).collect::<Vec<_>>()
    };
    json!({
        "file": path,
        "record": event.record,
        "time": event.time.map(|time| time.to_string()),
        "rules": held.iter().map(|(level, title)| json!({"level": level, "title": title})).collect::<Vec<_>>(),
        "facts": object(event.facts(), ""),
        "beacons": of(Child::Beacon),
        "links": of(Child::Link),
        "attachments": of(Child::Attachment),
    })
}

/// Facts as an object; what stands several times is a list.
fn object(facts: &Facts, prefix: &str) -> Value {
    let mut out: Map<String, Value> = Map::new();
    for fact in facts.iter() {
        let value = match fact.kind {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(fact.text == "true"),
            Kind::Int | Kind::Float => {
                serde_json::from_str(fact.text).unwrap_or_else(|_| Value::String(fact.text.to_owned()))
            }
            Kind::Str => Value::String(fact.text.to_owned()),
        };
        let name = fact.field.strip_prefix(prefix).unwrap_or(fact.field);
        match out.get_mut(name) {
            None => _ = out.insert(name.to_owned(), value),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Value::Object(out)
}

fn as_text(path: &str, event: &Event, found: &Inspection, held: &[(model::Level, String)]) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}{}{bold:#}", terminal::visible(path));
    if event.record > 1 {
        text += &format!(", message {}", event.record);
    }
    text.push('\n');
    for (level, title) in held {
        let style = super::answer::colour(*level);
        text += &format!("  {style}{level}{style:#} {}\n", terminal::visible(title));
    }
    text += &lines(event.facts(), "");
    for (number, (child, facts)) in found.children.iter().enumerate() {
        text += &format!("  {} {}\n", child.word(), number + 1);
        text += &lines(facts, "  ");
    }
    text.push('\n');
    text
}

fn lines(facts: &Facts, indent: &str) -> String {
    let mut text = String::new();
    let mut last = "";
    for fact in facts.iter() {
        let name = if fact.field == last { "" } else { fact.field };
        last = fact.field;
        text += &format!("  {indent}{name:<32} {}\n", terminal::visible(fact.text));
    }
    text
}

fn neutralise(args: &Neutralise) -> Result<ExitCode> {
    let raw = read_message(&args.file)?;
    let settings = mail::neutralise::Settings {
        notice: args.notice.clone(),
        key: args.notice_key.as_deref().map(read_key).transpose()?,
        ..mail::neutralise::Settings::default()
    };
    let done = mail::neutralise::neutralise(&raw, &settings);
    match &args.output {
        Some(path) => std::fs::write(path, &done.bytes)
            .map_err(|error| Failure::io(format!("cannot write {}", path.display())).because(&error))?,
        None => std::io::stdout()
            .write_all(&done.bytes)
            .map_err(|error| Failure::io("cannot write to standard output").because(&error))?,
    }
    if done.changed {
        terminal::note(&format!(
            "{} taken out, {} led through the notice page or taken off, {} disabled",
            share::count(done.loads_removed.into(), "remote part"),
            share::count(done.links_wrapped.into(), "link"),
            share::count(done.forms_disabled.into(), "form")
        ));
    } else {
        terminal::note("nothing in it loads or links; it is as it was");
    }
    for (part, why) in &done.untouched {
        terminal::note(&format!("part {part} was left as it is: {why}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn read_key(path: &Path) -> Result<std::sync::Arc<mail::neutralise::Key>> {
    let pem = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}", path.display())).because(&error))?;
    let key = mail::neutralise::Key::from_pem(&pem).map_err(|reason| {
        Failure::usage(format!("{} cannot be used: {reason}", path.display()))
            .hint("a P-256 key in PKCS#8, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` writes it")
    })?;
    Ok(key.into())
}

fn read_message(path: &Path) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut raw).map(|_| ())
    } else {
        std::fs::read(path).map(|bytes| raw = bytes)
    };
    read.map_err(|error| Failure::io(format!("cannot read {}", path.display())).because(&error))?;
    Ok(raw)
}

fn facts(args: &FactsArgs) -> Result<ExitCode> {
    for fact in mail::facts() {
        let line = if args.json {
            serde_json::to_string(&fact).unwrap_or_default()
        } else {
            format!("{:<34} {:<13} {}", fact.name, fact.kind, fact.meaning)
        };
        terminal::say(&format!("{line}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
