//! Events a second of the Windows event log reader alone, on the shared samples.
//!
//! Every file is hashed as it is read, and the samples hold four times as many bytes a record as a
//! full log does; `sha256_alone` is the share of that, to be taken off. `cargo bench -p observe
//! --bench evtx`; says by name what it leaves out where the samples are
//! missing.

#![expect(clippy::print_stdout, reason = "a bench says what it left out")]

use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use model::{Event, Problem};
use observe::{Collector, Format, LogSources, Settings};
use sha2::{Digest as _, Sha256};

fn main() {
    divan::main();
}

/// Counts what it is given.
#[derive(Default)]
struct Count {
    events: usize,
    bytes: usize,
}

impl Collector for Count {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, event: &mut Event) {
        self.events += 1;
        self.bytes += event.text().len();
    }
    fn problem(&mut self, _: Problem) {}
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

fn samples(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            samples(&path, files);
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("evtx")) {
            files.push(path);
        }
    }
}

/// The samples; none where they are missing.
fn logs() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/evtx-attack-samples");
    let mut files = Vec::new();
    samples(&folder, &mut files);
    if files.is_empty() {
        println!("left out: no logs at ../shared/data/evtx-attack-samples");
    }
    files.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

fn read(logs: &[Vec<u8>], settings: &Settings, sources: &LogSources) -> Count {
    let mut count = Count::default();
    for log in logs {
        observe::read_bytes(log, "sample.evtx", settings, sources, &mut count);
    }
    count
}

/// Reads every sample once, recognition and SHA-256 included.
#[divan::bench(min_time = 3)]
fn read_and_hash(bencher: Bencher<'_, '_>) {
    let (logs, settings, sources) = (logs(), Settings::default(), LogSources::builtin());
    bencher
        .counter(ItemsCount::new(read(&logs, &settings, &sources).events))
        .counter(BytesCount::new(logs.iter().map(Vec::len).sum::<usize>()))
        .bench_local(|| divan::black_box(read(&logs, &settings, &sources).bytes));
}

/// Hashes every sample once.
#[divan::bench(min_time = 1)]
fn sha256_alone(bencher: Bencher<'_, '_>) {
    let logs = logs();
    bencher
        .counter(BytesCount::new(logs.iter().map(Vec::len).sum::<usize>()))
        .bench_local(|| logs.iter().map(|log| Sha256::digest(log)[0]).fold(0, u8::wrapping_add));
}
