use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use detect::{Engine, Suppressor};
use hunt::{Config, Hunt, HuntError, Progress};
use model::{Case, Level, Time, Tlp};
use observe::LogSources;
use sha2::{Digest, Sha256};

use crate::Result;
use crate::command::mail::AboutArgs;
use crate::command::{answer, output};
use crate::failure::Failure;
use crate::rulesource::{self, RuleArgs, RuleTexts};
use crate::terminal;

/// Read evidence, apply every rule, and answer what happened, since when, and what is exposed.
///
/// PATH is a file or a folder; formats are recognised by content and archives are looked into.
/// Evidence is opened for reading only. The answer goes to the terminal; --output writes the report
/// and everything that other tools take.
///
/// Examples:
///   portcullis hunt ./evidence
///   portcullis hunt ./evidence --output case --detected 2022-10-15
///   portcullis hunt ./evidence --rules ./sigma/rules --min-level medium
///   portcullis hunt ./evidence --format jsonl | jq 'select(.level == "critical")'
///   portcullis hunt ./evidence --focus 203.0.113.7 --since 2021-08-01 --until 2021-09-01
#[derive(Clone, Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Files and folders of evidence
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Indicators: a STIX 2.1 bundle, JSON lines, CSV, or a plain list of addresses, domains,
    /// hashes and URLs. Repeat for more
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub(crate) indicators: Vec<PathBuf>,
    /// Report findings from this level on
    #[arg(long, value_name = "LEVEL", default_value = "low", help_heading = "Rules")]
    pub(crate) min_level: Level,
    /// Report only rules with this tag, such as attack.t1190. Repeat for more
    #[arg(long, value_name = "TAG", help_heading = "Rules")]
    pub(crate) tag: Vec<String>,
    /// Report no rule with this id, title or tag. Repeat for more
    #[arg(long, value_name = "RULE", help_heading = "Rules")]
    pub(crate) exclude: Vec<String>,
    /// Findings that are known and not to be reported, with reason and expiry (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub(crate) suppress: Option<PathBuf>,

    /// Only records at or after this time, such as 2021-08-24 or 2021-08-24T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Time::parse, help_heading = "Scope")]
    pub(crate) since: Option<Time>,
    /// Only records before this time
    #[arg(long, value_name = "TIME", value_parser = Time::parse, help_heading = "Scope")]
    pub(crate) until: Option<Time>,
    /// Only records that name this host, account or address
    #[arg(long, value_name = "VALUE", help_heading = "Scope")]
    pub(crate) focus: Option<String>,
    /// When the intrusion was detected; dwell time counts until then, else until the last record
    #[arg(long, value_name = "TIME", value_parser = Time::parse, help_heading = "Scope")]
    pub(crate) detected: Option<Time>,

    /// Zone of times that carry no offset
    #[arg(long, value_name = "ZONE", default_value = "UTC", help_heading = "Reading")]
    pub(crate) zone: String,
    /// Year of times that carry none; else that of each file's date
    #[arg(long, value_name = "YEAR", help_heading = "Reading")]
    pub(crate) year: Option<i16>,
    /// Correct a wrong clock: times in evidence whose path holds PART are moved by seconds, as in
    /// fileserver=-90
    #[arg(long, value_name = "PART=SECONDS", value_parser = clock, help_heading = "Reading")]
    pub(crate) clock: Vec<(String, i64)>,

    #[command(flatten)]
    pub(crate) mail: AboutArgs,
    /// Keep who has written to whom in this file, and go on from what earlier hunts put there
    #[arg(long, value_name = "FILE", help_heading = "Mail")]
    pub(crate) history: Option<PathBuf>,

    /// Workers; as many as there are processors if not given
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub(crate) threads: Option<usize>,
    /// Keep what each file came to in this folder, and take it from there next time
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) resume: Option<PathBuf>,
    /// Where to put temporary data
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) tmp: Option<PathBuf>,
    /// Make problems in single inputs an error (exit code 3)
    #[arg(long, help_heading = "Running")]
    pub(crate) strict: bool,

    /// Write report.html, findings.jsonl, timeline.csv, timeline.jsonl, navigator.json,
    /// case.stix.json, case.json and manifest.json to this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// What goes to standard output: text is the answer, jsonl is one finding a line
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    pub(crate) format: Format,
    /// Marking of what is written: clear, green, amber, amber+strict, red
    #[arg(long, value_name = "TLP", default_value = "amber+strict", help_heading = "Output")]
    pub(crate) tlp: Tlp,
}

/// What goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// The answer, for people.
    Text,
    /// One finding a line, for pipes.
    Jsonl,
}

fn clock(text: &str) -> std::result::Result<(String, i64), String> {
    let (part, seconds) = text.rsplit_once('=').ok_or("write PART=SECONDS, such as fileserver=-90")?;
    let seconds: f64 = seconds.parse().map_err(|_| format!("“{seconds}” is no number of seconds"))?;
    Ok((part.to_owned(), (seconds * 1e6).round() as i64))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let case = hunt(args)?;
    let problems = problems(&case);
    if problems > 0 {
        terminal::note(&format!(
            "{} in single inputs; {}",
            share::count(problems, "problem"),
            match &args.output {
                Some(dir) => format!("{} lists them", dir.join("manifest.json").display()),
                None => "--output DIR lists them in manifest.json".to_owned(),
            }
        ));
        if args.strict {
            return Ok(ExitCode::from(3));
        }
    }
    let found: u64 = case.findings.values().sum();
    Ok(ExitCode::from(u8::from(found > 0)))
}

/// Inputs that could not be read, and problems in those that could.
fn problems(case: &Case) -> u64 {
    let within: u64 = case.manifest.evidence.iter().map(|evidence| evidence.problems_total).sum();
    within + case.manifest.unreadable.len() as u64
}

/// Hunts, prints, writes, and returns the case.
pub(crate) fn hunt(args: &Args) -> Result<Case> {
    if let Some(dir) = &args.output {
        output::make_dir(dir)?;
    }
    if let Some(dir) = &args.resume {
        output::make_dir(dir)?;
    }
    let sources = LogSources::builtin();
    let texts = RuleTexts::read(&args.rules)?;
    let mut set = texts.load();
    if !set.rejected.is_empty() {
        terminal::note(&format!(
            "{} rules could not be loaded; portcullis rules check says which and why",
            set.rejected.len()
        ));
    }
    set.remarks.iter().filter(|remark| !remark.title.is_empty()).for_each(|remark| {
        terminal::note(&format!("note: {}: “{}” {}", remark.source, remark.title, remark.reason));
    });
    if let Some(focus) = &args.focus {
        set.add_mention(focus);
    }
    let engine = Engine::new(Arc::new(set), sources.all());
    let suppressor = suppressor(args)?;
    let indicators = indicators(&args.indicators)?;
    let spill = terminal::spill_dir(args.tmp.as_ref())?;
    let config = config(args, spill.path())?;
    let progress = Progress::default();
    let hunt = Hunt::new(&config, &engine, &sources, &suppressor, indicators.as_ref(), &progress);
    let mut outcome = terminal::with_progress(&progress, || hunt.run()).map_err(explain)?;
    // What the hunt itself is handed ready for use, and what comes after it.
    let looked_for = indicators.as_ref().map(|found| format!("{}, {}", found.infos().len(), found.sha256()));
    let known = (!suppressor.is_empty()).then(|| model::hex(&Sha256::digest(suppressor.key())));
    let detected = args.detected.map(|time| time.to_string());
    for (name, value) in [("indicators", looked_for), ("suppress", known), ("detected", detected)] {
        outcome.manifest.settings.insert(name.to_owned(), value.unwrap_or_else(|| "none".to_owned()));
    }
    let assessed = answer::assess(&mut outcome, args.detected, &sources)?;
    let rule_text = |source: &str| texts.text(source).map(str::to_owned);
    output::write(args, &mut outcome, &assessed, &rule_text)?;
    if args.format == Format::Text {
        answer::print(&assessed, &outcome, args.output.as_deref())?;
    }
    Ok(assessed.case)
}

fn explain(error: HuntError) -> Failure {
    let (what, hint) = match &error {
        HuntError::NothingRead { paths, reason } => (
            format!(
                "nothing could be read below {}{}",
                paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
                reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
            ),
            "give a file or folder that exists and that you may read",
        ),
        _ => {
            return Failure::io("temporary data could not be written")
                .because(&error)
                .hint("--tmp DIR or --resume DIR names a folder with room");
        }
    };
    Failure::io(what).hint(hint)
}

fn config(args: &Args, spill: &Path) -> Result<Config> {
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if threads == 0 {
        return Err(Failure::usage("--threads needs at least 1"));
    }
    let mut reading = terminal::reading(&args.zone, args.year)?;
    reading.tmp = spill.to_owned();
    Ok(Config {
        paths: args.paths.clone(),
        threads,
        reading,
        since: args.since,
        until: args.until,
        min_level: args.min_level,
        tags: args.tag.iter().cloned().collect(),
        exclude: args.exclude.iter().cloned().collect::<BTreeSet<_>>(),
        focus: args.focus.clone(),
        clocks: args.clock.clone(),
        mail: args.mail.settings()?,
        history: args.history.clone(),
        tmp: spill.to_owned(),
        resume: args.resume.clone(),
        program: concat!("portcullis ", env!("CARGO_PKG_VERSION")).to_owned(),
    })
}

fn suppressor(args: &Args) -> Result<Suppressor> {
    let entries = rulesource::suppressions(args.suppress.as_ref())?;
    let today = Time::from_micros(jiff::Timestamp::now().as_microsecond());
    let (suppressor, expired) = Suppressor::new(&entries, today)
        .map_err(|error| Failure::usage("the suppression file cannot be used").because(&error))?;
    for reason in expired {
        terminal::note(&format!("note: the suppression “{reason}” has expired and does not count"));
    }
    Ok(suppressor)
}

fn indicators(paths: &[PathBuf]) -> Result<Option<detect::Indicators>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut loader = detect::IndicatorLoader::default();
    for path in paths {
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::usage(format!("cannot read indicators from {}", path.display())).because(&error)
        })?;
        loader.add(&path.display().to_string(), &bytes);
    }
    let indicators = loader.finish();
    for rejected in indicators.rejected().iter().take(20) {
        terminal::note(&format!("note: {}:{}: {}", rejected.source, rejected.line, rejected.reason));
    }
    let more = indicators.rejected().len().saturating_sub(20);
    if more > 0 {
        terminal::note(&format!("note: {more} more indicators could not be read or are not evaluated"));
    }
    if indicators.infos().is_empty() {
        return Err(Failure::usage("no indicator could be read from what --indicators names")
            .hint("a STIX 2.1 bundle, JSON lines, CSV, or one value a line"));
    }
    Ok(Some(indicators))
}
