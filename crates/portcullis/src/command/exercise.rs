use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use exercise::{ExerciseError, Score, Truth};
use indicatif::{ProgressBar, ProgressStyle};

use crate::Result;
use crate::command::{hunt, output};
use crate::failure::Failure;
use crate::rulesource::RuleArgs;
use crate::terminal;

/// Rehearse on staged intrusions, and measure how well they are found.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the exercises.
    List,
    /// Stage an exercise: write its evidence and, beside it, the truth.
    ///
    /// Example: portcullis exercise stage commission --seed 7 --out rehearsal
    Stage(Stage),
    /// Stage an exercise, hunt it, print the answer and how much of the truth was found.
    ///
    /// The exit code is 0 when the goals are met: 95 of 100 hostile records found, 95 of 100 reported
    /// records hostile, the first trace exact, everything exposed named. Of mail they are: 99 of 100
    /// mails that are called reconnaissance hostile, 95 of 100 hostile ones found (hard: 90), and every
    /// wave raised by the third mailbox that it reached.
    ///
    /// Example: portcullis exercise run commission --seed 7
    Run(Run),
    /// Deliver a folder of messages to many mailboxes, to see how many newsletters are called reconnaissance.
    ///
    /// FROM holds messages, one a file. What looks like bulk mail goes to 3 to 40 mailboxes with tokens
    /// of their own, as bulk-mail services set them; everything else goes to one. Nothing is hostile.
    ///
    /// Example: portcullis exercise mailboxes corpus --out held-out --owners 50
    Mailboxes(Mailboxes),
    /// Score findings of any tool against the truth of a staged exercise.
    ///
    /// FINDINGS is JSON lines as `portcullis hunt --format jsonl` writes them; a case.json beside it is
    /// used for incidents and exposure.
    ///
    /// Example: portcullis exercise score rehearsal case/findings.jsonl
    Score(ScoreArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Stage {
    /// Name of the exercise, as `exercise list` shows it
    name: String,
    /// Names, hosts, addresses and times are drawn from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much ordinary traffic: 1 is about two million records
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How well the intruder hides, where the exercise has that: easy, medium or hard
    #[arg(long, value_enum, default_value_t = Difficulty::Easy)]
    difficulty: Difficulty,
    /// Where to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// How well the intruder hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Difficulty {
    /// One text for each sender.
    Easy,
    /// Several texts in turn.
    Medium,
    /// Every text in other words, changing hosts.
    Hard,
}

impl From<Difficulty> for exercise::Difficulty {
    fn from(difficulty: Difficulty) -> Self {
        match difficulty {
            Difficulty::Easy => Self::Easy,
            Difficulty::Medium => Self::Medium,
            Difficulty::Hard => Self::Hard,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Name of the exercise
    name: String,
    /// Names, hosts, addresses and times are drawn from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much ordinary traffic: 1 is about two million records
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How well the intruder hides, where the exercise has that: easy, medium or hard
    #[arg(long, value_enum, default_value_t = Difficulty::Easy)]
    difficulty: Difficulty,
    /// Where to write evidence, truth, report and score; exercise-NAME-SEED if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Workers; as many as there are processors if not given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    rules: RuleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Mailboxes {
    /// Folder of messages
    from: PathBuf,
    /// Where to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many mailboxes there are
    #[arg(long, value_name = "N", default_value_t = 50)]
    owners: usize,
    /// Owners, times and tokens are drawn from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScoreArgs {
    /// Folder of the staged exercise
    dir: PathBuf,
    /// Findings as JSON lines
    findings: PathBuf,
}

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::List => list(),
        Command::Stage(args) => {
            stage(&args.name, args.seed, args.scale, args.difficulty, &args.out)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(args) => rehearse(args),
        Command::Mailboxes(args) => mailboxes(args),
        Command::Score(args) => score(args),
    }
}

fn list() -> Result<ExitCode> {
    for scenario in exercise::list().map_err(|error| failure(&error))? {
        terminal::say(&format!("{:<16} {}\n", scenario.name, scenario.title))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn failure(error: &ExerciseError) -> Failure {
    let failure = match error {
        ExerciseError::Unknown { .. } | ExerciseError::Scale { .. } | ExerciseError::Owners { .. } => {
            Failure::usage("the exercise cannot be staged")
        }
        _ => Failure::io("the exercise could not be brought to its end"),
    };
    failure.because(error).hint("portcullis exercise list shows the exercises")
}

fn stage(name: &str, seed: u64, scale: f64, difficulty: Difficulty, out: &Path) -> Result<Truth> {
    clear(out)?;
    output::make_dir(out)?;
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("staging {bytes} {bytes_per_sec}") {
        bar.set_style(style);
    }
    let truth = exercise::stage(name, seed, scale, difficulty.into(), out, &mut |bytes| bar.inc(bytes))
        .map_err(|error| failure(&error));
    bar.finish_and_clear();
    let truth = truth?;
    terminal::note(&format!(
        "staged {} (seed {seed}): {} records, {} of them hostile, in {}",
        truth.scenario,
        truth.background.records + truth.records.hostile.len() as u64,
        truth.records.hostile.len(),
        out.join("evidence").display()
    ));
    Ok(truth)
}

fn mailboxes(args: &Mailboxes) -> Result<ExitCode> {
    clear(&args.out)?;
    output::make_dir(&args.out)?;
    let truth = exercise::mailboxes(&args.from, args.owners, args.seed, &args.out, &mut |_| {})
        .map_err(|error| failure(&error))?;
    terminal::note(&format!(
        "delivered {} messages to {} mailboxes, in {}",
        truth.background.records,
        args.owners,
        args.out.join("evidence").display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Removes an earlier exercise from the folder, and refuses to touch anything else.
fn clear(out: &Path) -> Result<()> {
    let empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if empty {
        return Ok(());
    }
    if !out.join("truth.json").is_file() {
        return Err(Failure::usage(format!("{} is not empty and holds no exercise", out.display()))
            .hint("--out DIR names another folder"));
    }
    fs::remove_dir_all(out.join("evidence"))
        .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        .map_err(|error| Failure::io(format!("cannot empty {}", out.display())).because(&error))
}

/// The options of a hunt that are not given, at their defaults.
#[derive(Debug, Parser)]
struct Defaults {
    #[command(flatten)]
    args: hunt::Args,
}

fn rehearse(args: &Run) -> Result<ExitCode> {
    let out =
        args.out.clone().unwrap_or_else(|| PathBuf::from(format!("exercise-{}-{}", args.name, args.seed)));
    let truth = stage(&args.name, args.seed, args.scale, args.difficulty, &out)?;
    let mut hunting = Defaults::parse_from(["hunt", "."]).args;
    hunting.paths = vec![out.join("evidence")];
    hunting.rules = args.rules.clone();
    hunting.detected = Some(truth.detected);
    hunting.threads = args.threads;
    hunting.output = Some(out.join("case"));
    let institution = out.join("institution.toml");
    hunting.mail.institution = institution.is_file().then_some(institution);
    hunt::hunt(&hunting)?;
    let findings = out.join("case/findings.jsonl");
    let score = scored(&out, &findings)?;
    write_score(&out.join("score.json"), &score)?;
    terminal::say(&told(&score, &out.join("score.json")))?;
    Ok(verdict(&score))
}

fn score(args: &ScoreArgs) -> Result<ExitCode> {
    let score = scored(&args.dir, &args.findings)?;
    let beside = args.findings.parent().unwrap_or(Path::new(".")).join("score.json");
    write_score(&beside, &score)?;
    terminal::say(&told(&score, &beside))?;
    Ok(verdict(&score))
}

fn scored(dir: &Path, findings: &Path) -> Result<Score> {
    let case = findings.parent().map(|parent| parent.join("case.json")).filter(|case| case.is_file());
    exercise::score_files(dir, findings, case.as_deref()).map_err(|error| {
        Failure::io("the findings could not be scored")
            .because(&error)
            .hint("DIR is the folder of a staged exercise")
    })
}

fn write_score(path: &Path, score: &Score) -> Result<()> {
    let failure = |error: &dyn std::error::Error| {
        Failure::io(format!("cannot write {}", path.display())).because(error)
    };
    let mut text = serde_json::to_string_pretty(score).map_err(|error| failure(&error))?;
    text.push('\n');
    fs::write(path, text).map_err(|error| failure(&error))
}

fn told(score: &Score, file: &Path) -> String {
    let records = &score.records;
    let time = |time: Option<model::Time>| time.map_or_else(|| "none".to_owned(), |time| time.to_string());
    let mut text = format!(
        "\nHow well the staged truth was found:\n  \
         hostile records  {} of {} found (recall {:.3})\n  \
         reported records {} at medium and above (precision {:.3})\n  \
         incidents        {} found, {:.3} of what was found lies in the main one\n  \
         first trace      {} (truth: {})\n",
        records.found,
        records.hostile,
        records.recall,
        records.reported,
        records.precision,
        score.incidents.found,
        score.incidents.main,
        time(score.first_seen.found),
        time(score.first_seen.truth)
    );
    if score.mail.is_none() {
        let exposure = &score.exposure;
        text += &format!(
            "  exposure         recall {:.3}, precision {:.3}\n",
            exposure.recall, exposure.precision
        );
    }
    if let Some(mail) = &score.mail {
        text += &format!(
            "  reconnaissance   {} of {} mails found (recall {:.3}), {} called so (precision {:.3})\n  \
             waves            {} of {} raised by the third mailbox\n  \
             newsletters      {} called reconnaissance\n",
            mail.found,
            mail.hostile,
            mail.recall,
            mail.reported,
            mail.precision,
            mail.raised(),
            mail.raised_by.len(),
            mail.newsletters_called
        );
    }
    let missed: Vec<String> = score
        .techniques
        .iter()
        .filter(|(_, technique)| technique.found < technique.hostile)
        .map(|(name, technique)| format!("{name} {}/{}", technique.found, technique.hostile))
        .collect();
    if !missed.is_empty() {
        text += &format!("  not fully found  {}\n", missed.join(", "));
    }
    text + &format!("score: {}\n", file.display())
}

/// The goals of an exercise.
fn verdict(score: &Score) -> ExitCode {
    const GOAL: f64 = 0.95;
    if let Some(mail) = &score.mail {
        return ExitCode::from(u8::from(!mail.is_met()));
    }
    let met = score.records.recall >= GOAL
        && score.records.precision >= GOAL
        && score.incidents.main >= GOAL
        && score.first_seen.found == score.first_seen.truth
        && score.exposure.recall >= 1.0;
    ExitCode::from(u8::from(!met))
}
