//! How fast messages are inspected and judged, as the gate does it, and how much memory that takes.
//!
//! `inspect_rate DIR [--runs N]` reads every message below DIR into memory and prints messages a CPU second
//! (the best run) and the 99th percentile of the time for one; `--senders N` puts so many senders into a
//! history first and prints the peak of memory while the messages are read one by one.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use detect::{Engine, Loader, Scratch};
use mail::events::{self, Sources};
use mail::history::History;
use mail::recon::{Detector, Trace};
use mail::{About, Inspector, Settings};
use model::{Event, Time};
use observe::LogSources;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    let files = files(Path::new(words.first().expect("a folder of messages")));
    match number("--senders") {
        Some(senders) => memory(&files, senders),
        None => rate(&files, number("--runs").unwrap_or(3)),
    }
}

fn rate(files: &[PathBuf], runs: u64) {
    let messages: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let (mut best, mut slowest) = (f64::MAX, 0.0);
    for _ in 0..runs {
        let mut bench = Bench::new(History::in_memory());
        let before = cpu_seconds();
        let mut times: Vec<f64> = messages.iter().map(|raw| bench.one(raw)).collect();
        let took = cpu_seconds() - before;
        times.sort_by(f64::total_cmp);
        if took < best {
            (best, slowest) = (took, times[times.len() * 99 / 100] * 1e3);
        }
    }
    let count = messages.len();
    println!(
        "| inspection with all facts and rules: {count} messages, {} MB | {:.0} messages a CPU second, p99 {slowest:.1} ms |",
        bytes >> 20,
        count as f64 / best
    );
}

fn memory(files: &[PathBuf], senders: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(&folder.path().join("history.sqlite")).unwrap();
    for number in 0..senders {
        let trace = Trace {
            time: Some(Time::from_micros(1_600_000_000_000_000 + number as i64 * 1_000_000)),
            sender: format!("sender{number}@domain{}.example", number % 50_000),
            domain: format!("domain{}.example", number % 50_000),
            mailbox: format!("member{}@parliament.example", number % 400),
            ..Trace::default()
        };
        history.note(&trace).unwrap();
    }
    history.keep().unwrap();
    let mut bench = Bench::new(history);
    for file in files {
        bench.one(&std::fs::read(file).unwrap());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let peak: u64 = peak.trim_end_matches(" kB").parse().unwrap();
    println!("| peak memory, a history of {senders} senders | {} MB |", peak >> 10);
}

/// Everything that judging a message takes.
struct Bench {
    settings: Settings,
    engine: Engine,
    sources: Sources,
    scratch: Scratch,
    history: History,
    detector: Detector,
    held: u64,
}

impl Bench {
    fn new(history: History) -> Self {
        let logs = LogSources::builtin();
        let mut loader = Loader::default();
        for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")) {
            if file.extension().is_some_and(|end| end == "yml") {
                loader.add(&file.display().to_string(), &std::fs::read_to_string(&file).unwrap());
            }
        }
        let engine = Engine::new(Arc::new(loader.finish()), logs.all());
        Self {
            settings: Settings::default(),
            engine,
            sources: Sources::new(|name| logs.named(name)),
            scratch: Scratch::default(),
            history,
            detector: Detector::default(),
            held: 0,
        }
    }

    /// Inspects and judges one message and returns how many seconds that took.
    fn one(&mut self, raw: &[u8]) -> f64 {
        let start = Instant::now();
        let mut whole = Event::default();
        whole.source = self.sources.mail;
        let found = Inspector::new(&self.settings).inspect(raw, &About::default(), &mut whole);
        let known = self.history.look(&found.trace).unwrap();
        self.history.note(&found.trace).unwrap();
        let number = self.detector.add(&found.trace);
        let mailing = number.and_then(|number| self.detector.mailing(number));
        events::push_context(&known, mailing, whole.time, &mut whole);
        let mut event = Event::default();
        let (engine, scratch, held) = (&self.engine, &mut self.scratch, &mut self.held);
        events::each(&whole, &found.children, &self.sources, &mut event, |event, _| {
            engine.scan(event, scratch, |_, _| *held += 1);
        });
        start.elapsed().as_secs_f64()
    }
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { all.push(path) }
        }
    }
    all.sort();
    all
}

/// Seconds that this process spent on a processor.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
