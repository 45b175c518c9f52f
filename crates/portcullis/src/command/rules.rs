use std::path::PathBuf;
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use detect::{Engine, RuleSet};
use mail::{About, Inspector};
use model::Event;
use observe::{Collector, Format, LogSources, Message};

use crate::Result;
use crate::failure::Failure;
use crate::rulesource::{RuleArgs, RuleTexts};
use crate::terminal;

/// Look at rules: check them, list them, see why one held or not.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check rules and say what is wrong with them, by file and line.
    ///
    /// Example: portcullis rules check ./our-rules
    Check(Check),
    /// List the rules that a hunt would use, with level, door and technique.
    ///
    /// Example: portcullis rules list --rules ./sigma/rules
    List(List),
    /// Show, record by record, why a rule held on a file or did not.
    ///
    /// Example: portcullis rules test ./our-rules/webshell.yml ./evidence/u_ex210824.log
    Test(Test),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Sigma files or folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Values for placeholders of `expand`
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    rules: RuleArgs,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The rule's file
    rule: PathBuf,
    /// A file of evidence
    file: PathBuf,
    /// Show this many records on which it did not hold
    #[arg(long, default_value_t = 3)]
    misses: usize,
    /// Zone of times that carry no offset
    #[arg(long, default_value = "UTC")]
    zone: String,
}

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check(args),
        Command::List(args) => list(args),
        Command::Test(args) => test(args),
    }
}

fn load(args: &RuleArgs) -> Result<RuleSet> {
    Ok(RuleTexts::read(args)?.load())
}

fn check(args: &Check) -> Result<ExitCode> {
    let set = load(&RuleArgs {
        rules: args.paths.clone(),
        no_builtin: true,
        placeholders: args.placeholders.clone(),
    })?;
    for (word, found) in [("error", &set.rejected), ("note", &set.remarks)] {
        for one in found {
            let title = if one.title.is_empty() { String::new() } else { format!("{}: ", one.title) };
            let line = format!("{}:{}: {word}: {title}{}", one.source, one.line, one.reason);
            terminal::say(&format!("{}\n", terminal::visible_lines(&line)))?;
        }
    }
    let count = set.rules.len() + set.correlations.len();
    let (cannot, notes) = (set.rejected.len(), set.remarks.len());
    terminal::note(&format!(
        "{count} rules can be used, {cannot} cannot, {}",
        share::count(notes as u64, "note")
    ));
    Ok(if set.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn list(args: &List) -> Result<ExitCode> {
    let set = load(&args.rules)?;
    let rules =
        set.rules.iter().map(|rule| (&rule.info, rule.level(), &rule.door, rule.logsource.to_string()));
    let correlations =
        set.correlations.iter().map(|rule| (&rule.info, rule.level(), &rule.door, "correlation".to_owned()));
    let all = rules.chain(correlations);
    if args.json {
        for (info, level, door, source) in all {
            let line = serde_json::json!({
                "id": info.id, "title": info.title, "level": level, "door": door, "logsource": source,
                "techniques": techniques(&info.tags), "tags": info.tags, "author": info.author,
                "source": info.source,
            });
            terminal::say(&format!("{line}\n"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["level", "door", "technique", "title", "for"]);
    for (info, level, door, source) in all {
        table.add_row([
            level.to_string(),
            door.clone(),
            techniques(&info.tags).join(" "),
            terminal::visible(&info.title),
            source,
        ]);
    }
    terminal::say(&format!("{table}\n"))?;
    terminal::note(&format!(
        "{} rules and {} correlations; {} could not be loaded (portcullis rules check says why)",
        set.rules.len(),
        set.correlations.len(),
        set.rejected.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn techniques(tags: &[String]) -> Vec<String> {
    tags.iter()
        .filter_map(|tag| tag.strip_prefix("attack."))
        .filter(|tag| tag.starts_with('t') && tag[1..].starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_uppercase)
        .collect()
}

fn test(args: &Test) -> Result<ExitCode> {
    let set = load(&RuleArgs { rules: vec![args.rule.clone()], no_builtin: true, placeholders: None })?;
    if let Some(rejected) = set.rejected.first() {
        return Err(Failure::usage(format!("{}:{}: {}", rejected.source, rejected.line, rejected.reason)));
    }
    if set.rules.is_empty() {
        return Err(Failure::usage(format!("{} holds no detection rule", args.rule.display())));
    }
    let sources = LogSources::builtin();
    let engine = Engine::new(std::sync::Arc::new(set), sources.all());
    let settings = mail::Settings::default();
    let mut tester = Tester {
        engine: &engine,
        sources: &sources,
        mail: Inspector::new(&settings),
        mail_sources: mail::events::Sources::new(|name| sources.named(name)),
        held: 0,
        missed: 0,
        elsewhere: 0,
        misses: args.misses,
        said: Ok(()),
    };
    let reading = terminal::reading(&args.zone, None)?;
    let shown = args.file.display().to_string();
    observe::read_file(&args.file, &shown, None, &reading, &sources, &mut tester)
        .map_err(|error| Failure::io(format!("cannot read {shown}")).because(&error))?;
    tester.said?;
    let asks = |field: &str| OF_OTHERS.iter().any(|front| field.starts_with(front));
    if tester.held == 0 && engine.rules().rules.iter().any(|rule| rule.fields().into_iter().any(asks)) {
        terminal::note(
            "note: the rule asks what other messages say of one (mail.mailing.…, mail.from.known_days and the \
             like), which only a hunt and the gate know; use hunt --rules with --no-builtin to try it",
        );
    }
    terminal::note(&format!(
        "held {} times, did not hold {} times; {} records are of other log sources",
        tester.held, tester.missed, tester.elsewhere
    ));
    Ok(if tester.held > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// How facts begin that rest on more than one message.
const OF_OTHERS: [&str; 5] =
    ["mail.mailing.", "mailing.", "mail.from.known_days", "mail.pair.", "mail.from.first_seen"];

/// Explains the rules of one file on every record.
struct Tester<'a> {
    engine: &'a Engine,
    sources: &'a LogSources,
    mail: Inspector<'a>,
    mail_sources: mail::events::Sources,
    held: u64,
    missed: u64,
    elsewhere: u64,
    misses: usize,
    /// Whether standard output could be written to.
    said: Result<()>,
}

impl Collector for Tester<'_> {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}

    fn problem(&mut self, problem: model::Problem) {
        terminal::note(&format!("problem {}: {}", problem.place, problem.what));
    }

    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        let about = About { mailbox: message.mailbox, folder: message.folder, ..About::default() };
        let found = self.mail.inspect(message.raw, &about, event);
        let mut child = Event::default();
        let sources = self.mail_sources;
        mail::events::each(event, &found.children, &sources, &mut child, |event, _| self.judge(event));
    }

    fn event(&mut self, event: &mut Event) {
        self.judge(event);
    }
}

impl Tester<'_> {
    fn judge(&mut self, event: &Event) {
        for place in 0..self.engine.rules().rules.len() as u32 {
            let rule = &self.engine.rules().rules[place as usize];
            if !self.engine.rules_for(event.source).contains(&place) {
                self.elsewhere += 1;
                if self.elsewhere == 1 {
                    let source =
                        self.sources.all().get(usize::from(event.source.0)).cloned().unwrap_or_default();
                    let wanted = &rule.logsource;
                    terminal::note(&format!(
                        "record {} is of {source}, the rule is for {wanted}",
                        event.record
                    ));
                }
                continue;
            }
            let explanation = self.engine.explain(place, event);
            if explanation.holds {
                self.held += 1;
            } else {
                self.missed += 1;
                if self.missed > self.misses as u64 {
                    continue;
                }
            }
            let verdict = if explanation.holds { "holds" } else { "does not hold" };
            let title = terminal::visible(&rule.info.title);
            let mut text = format!("record {}: “{title}” {verdict}\n", event.record);
            for (depth, holds, line) in explanation.lines {
                let mark = if holds { "✓" } else { "✗" };
                text += &format!("{}{mark} {}\n", "  ".repeat(depth + 1), terminal::visible(&line));
            }
            if self.said.is_ok() {
                self.said = terminal::say(&text);
            }
        }
    }
}
