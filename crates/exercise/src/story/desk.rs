use std::collections::{BTreeMap, BTreeSet};

use model::{Exposed, ExposureKind};
use serde::Deserialize;

use crate::ExerciseError;
use crate::batch::Batch;
use crate::calendar::SECOND;
use crate::context::Context;
use crate::dice::Dice;
use crate::truth::Risk;

/// What the intruder types, read from `exercises/intruder.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    pub commands: Vec<[String; 3]>,
    pub discovery: Vec<[String; 3]>,
    pub hives: Vec<[String; 3]>,
    pub web_logs: Vec<[String; 3]>,
    pub spam_subjects: Vec<String>,
    pub spam_bounces: Vec<String>,
}

impl Tools {
    pub(crate) fn built_in() -> Result<Self, ExerciseError> {
        toml::from_str(include_str!("../../../../exercises/intruder.toml"))
            .map_err(|error| ExerciseError::Data { file: "intruder.toml", what: error.to_string() })
    }
}

/// What a record is in the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The technique that it belongs to, or looks like.
    pub technique: String,
    /// What an expert would say of it; of a look-alike, what it really is.
    pub fact: String,
    /// Whether the intruder caused it.
    pub hostile: bool,
}

/// The records of the story, by stream.
#[derive(Default)]
pub(crate) struct Plan {
    pub batches: BTreeMap<String, Batch>,
    /// What marks mean; the first stands for ordinary traffic.
    pub marks: Vec<Mark>,
    /// What was put at risk.
    pub risks: BTreeSet<Risk>,
    mark: u32,
}

impl Plan {
    /// The records of a stream; those that are added carry the current mark.
    pub(crate) fn out(&mut self, stream: &str) -> &mut Batch {
        let batch = self.batches.entry(stream.to_owned()).or_default();
        batch.mark = self.mark;
        batch
    }

    fn set(&mut self, mark: Mark) {
        if self.marks.is_empty() {
            self.marks.push(Mark { technique: String::new(), fact: String::new(), hostile: false });
        }
        let known = self.marks.iter().position(|known| *known == mark);
        self.mark = known.unwrap_or_else(|| {
            self.marks.push(mark);
            self.marks.len() - 1
        }) as u32;
    }
}

/// The intruder's desk: the clock, the dice, and what has been done so far.
pub(crate) struct Desk<'a> {
    pub cx: Context<'a>,
    pub tools: &'a Tools,
    pub dice: Dice,
    pub plan: Plan,
    /// The moment of the next record.
    pub now: i64,
    /// Web shells so far: address below the site, folder, file.
    pub shells: Vec<Shell>,
    /// Counts process numbers.
    pub next_pid: u64,
    /// Mailboxes that were exported as files: address below the site, folder and name.
    pub exports: Vec<(String, String)>,
    /// Archives that were packed: path on the file server.
    pub archives: Vec<String>,
}

/// A web shell.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    /// Address below the site.
    pub stem: String,
    /// Folder on disk.
    pub folder: String,
    /// Name of the file.
    pub file: String,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub(crate) fn new(cx: Context<'a>, tools: &'a Tools, seed: u64) -> Self {
        Self {
            cx,
            tools,
            dice: Dice::new(seed, "story"),
            plan: Plan::default(),
            now: i64::MIN,
            shells: Vec::new(),
            next_pid: 1000,
            exports: Vec::new(),
            archives: Vec::new(),
        }
    }

    /// Records from now on are hostile and belong to `technique`.
    pub(crate) fn hostile(&mut self, technique: &str, fact: &str) {
        self.plan.set(Mark { technique: technique.to_owned(), fact: fact.to_owned(), hostile: true });
    }

    /// Records from now on only look like `technique`; `kind` says what they are.
    pub(crate) fn honest(&mut self, technique: &str, kind: &str) {
        self.plan.set(Mark { technique: technique.to_owned(), fact: kind.to_owned(), hostile: false });
    }

    /// Lets between `from` and `to` seconds pass.
    pub(crate) fn wait(&mut self, from: u64, to: u64) -> i64 {
        self.now += self.dice.within(from * SECOND as u64..to * SECOND as u64) as i64;
        self.now
    }

    /// A new process number.
    pub(crate) fn pid(&mut self) -> u64 {
        self.next_pid = (self.next_pid + 4 * (1 + self.dice.within(0..300))) % 60_000 + 400;
        self.next_pid / 4 * 4
    }

    /// Notes what was put at risk; of one thing the worst counts.
    pub(crate) fn at_risk(&mut self, what: Exposed, name: &str, how: ExposureKind) {
        let same = |risk: &&Risk| risk.what == what && risk.name.eq_ignore_ascii_case(name);
        match self.plan.risks.iter().find(same).cloned() {
            Some(known) if known.how >= how => return,
            Some(known) => {
                self.plan.risks.remove(&known);
            }
            None => {}
        }
        self.plan.risks.insert(Risk { what, name: name.to_owned(), how });
    }

    /// The folder in which the intruder keeps tools.
    pub(crate) fn temp(&self) -> &'static str {
        const FOLDERS: [&str; 3] = ["C:\\Windows\\Temp", "C:\\PerfLogs", "C:\\Users\\Public"];
        FOLDERS[self.cx.world.intruder.password.len() % 3]
    }

    /// Fills in a command of the tables.
    pub(crate) fn filled(&self, text: &str) -> String {
        let world = self.cx.world;
        let page = self.shells.last().map_or("C:\\inetpub\\wwwroot\\aspnet_client", |shell| &shell.folder);
        text.replace("{page}", page)
            .replace("{temp}", self.temp())
            .replace("{fs}", &world.hosts.fs.name)
            .replace("{nas}", &world.hosts.nas.name)
            .replace("{dc}", &world.hosts.dc.name)
            .replace("{realm}", &world.realm)
            .replace("{tool}", &world.intruder.tools[0])
            .replace("{address}", &world.intruder.operator)
    }
}
