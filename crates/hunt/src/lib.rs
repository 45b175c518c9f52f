//! One run: walk, read, detect, collect, in parallel and within bounds.
//!
//! [`Hunt::run`] reads every file below the given paths with as many workers as asked for, judges
//! every record, and returns an [`Outcome`] whose findings lie sorted on disk: memory follows the
//! work in flight, not the size of the evidence. Workers take files in any order; everything that
//! depends on order (correlation, the order of findings) is computed afterwards in order of time,
//! evidence hash and record, so that the result is the same for any number of workers.
//!
//! With [`Config::resume`] every finished file leaves a part behind, and a second run with the same
//! bytes, rules, options and program takes the parts instead of reading the files again.

mod collect;
mod config;
mod judge;
mod mails;
mod opened;
mod outcome;
mod part;
mod progress;
mod sorter;
mod sweep;
mod walk;

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use detect::{Engine, Indicators, Suppressor};
use model::{Event, Evidence};
use observe::LogSources;

pub use config::Config;
pub use outcome::{Covered, Outcome};
pub use part::Volume;
pub use progress::{Progress, Snapshot};

use collect::{FileCollector, Worker};
use outcome::Tally;
use part::{Counted, Entry, Stored};
use sorter::Sorter;
use walk::Input;

/// A hunt that is ready to run.
#[derive(Debug)]
pub struct Hunt<'a> {
    config: &'a Config,
    engine: &'a Engine,
    sources: &'a LogSources,
    suppressor: &'a Suppressor,
    indicators: Option<&'a Indicators>,
    progress: &'a Progress,
    /// Rule → whether its findings are reported, and whether a correlation counts them.
    reports: Vec<bool>,
    feeds: Vec<bool>,
    focus: Option<String>,
}

/// Why a hunt could not be brought to its end. Unreadable evidence is never among the reasons.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HuntError {
    /// Nothing at all could be read: the paths are wrong.
    #[error("nothing could be read below {}", paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    NothingRead {
        /// The paths as given.
        paths: Vec<PathBuf>,
        /// The first reason that the system gave.
        reason: Option<String>,
    },
    /// The folder for spilled data, or the one for `resume`, cannot be used.
    #[error("cannot write to {}", dir.display())]
    Spill {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What the workers came to.
#[derive(Default)]
struct ReadAll {
    done: Vec<Done>,
    findings: Vec<Sorter>,
    /// What correlations count.
    inputs: Vec<Sorter>,
    /// What indicators over several observations count.
    observed: Vec<Sorter>,
    /// Messages, which are judged when all are read.
    kept: Vec<Sorter>,
    tally: Tally,
}

/// What one file came to.
struct Done {
    file: u32,
    evidence: Vec<Evidence>,
    counted: Counted,
    unreadable: Option<String>,
}

impl<'a> Hunt<'a> {
    /// A hunt by `engine`, which must know the log sources in `sources`.
    pub fn new(
        config: &'a Config,
        engine: &'a Engine,
        sources: &'a LogSources,
        suppressor: &'a Suppressor,
        indicators: Option<&'a Indicators>,
        progress: &'a Progress,
    ) -> Self {
        let set = engine.rules();
        let reports =
            set.rules.iter().map(|rule| rule.reports && wanted(config, &rule.info, rule.level())).collect();
        let feeds = outcome::fed(set);
        let focus = config.focus.as_ref().map(|text| text.to_lowercase());
        Self { config, engine, sources, suppressor, indicators, progress, reports, feeds, focus }
    }

    /// Reads and judges everything.
    pub fn run(&self) -> Result<Outcome, HuntError> {
        let (inputs, mut unreadable) = walk::walk(&self.config.paths);
        if inputs.is_empty() {
            let reason = unreadable.into_values().next();
            return Err(HuntError::NothingRead { paths: self.config.paths.clone(), reason });
        }
        self.progress.expect(inputs.len() as u64, inputs.iter().map(|input| input.size).sum());
        let ReadAll { mut done, mut findings, inputs: mut counted, mut observed, mut tally, kept } =
            self.read_all(&inputs)?;
        done.sort_by_key(|done| done.file);
        if done.iter().all(|done| done.unreadable.is_some()) {
            let reason = done.into_iter().find_map(|done| done.unreadable);
            return Err(HuntError::NothingRead { paths: self.config.paths.clone(), reason });
        }
        for done in &done {
            if let Some(reason) = &done.unreadable {
                unreadable.insert(inputs[done.file as usize].shown.clone(), reason.clone());
            }
        }
        let spill = |source| HuntError::Spill { dir: self.config.tmp.clone(), source };
        let swept = sweep::sweep(self, kept).map_err(spill)?;
        findings.extend(swept.findings);
        counted.extend(swept.inputs);
        observed.extend(swept.observed);
        tally.join(swept.tally);
        let opened = opened::look(self, &inputs, &done, &swept.tokens).map_err(spill)?;
        for judge in opened {
            findings.push(judge.findings);
            counted.push(judge.inputs);
            observed.push(judge.observed);
            tally.join(judge.tally);
        }
        for (file, seen) in swept.coverage {
            if let Some(done) = done.iter_mut().find(|done| done.file == file) {
                done.counted.coverage.push(seen);
            }
        }
        let parts = done.into_iter().map(|done| (done.evidence, done.counted)).collect();
        outcome::join(self, parts, findings, (counted, observed), tally, unreadable).map_err(spill)
    }

    fn read_all(&self, inputs: &[Input]) -> Result<ReadAll, HuntError> {
        // The largest first: a worker that gets a large file last would leave the others idle.
        let mut order: Vec<u32> = (0..inputs.len() as u32).collect();
        order.sort_by_key(|&file| std::cmp::Reverse(inputs[file as usize].size));
        let next = AtomicUsize::new(0);
        let all = Mutex::new(ReadAll::default());
        let failed = Mutex::new(None);
        let work = || {
            let mut worker = Worker::new(self);
            let mut done = Vec::new();
            while let Some(&file) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.read_one(&mut worker, file, &inputs[file as usize]) {
                    Ok(one) => done.push(one),
                    Err(error) => {
                        // The others stop at their next file.
                        next.store(order.len(), Ordering::Relaxed);
                        lock(&failed).get_or_insert(error);
                        return;
                    }
                }
                self.progress.file();
            }
            let mut all = lock(&all);
            all.done.extend(done);
            all.findings.push(worker.judge.findings);
            all.inputs.push(worker.judge.inputs);
            all.observed.push(worker.judge.observed);
            all.tally.join(worker.judge.tally);
            all.kept.push(worker.mails.kept);
        };
        std::thread::scope(|scope| {
            for _ in 0..self.config.threads.max(1) {
                scope.spawn(work);
            }
        });
        match lock(&failed).take() {
            Some(error) => Err(error),
            None => Ok(all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
        }
    }

    fn read_one(&self, worker: &mut Worker<'_>, file: u32, input: &Input) -> Result<Done, HuntError> {
        let cannot = |reason: io::Error| Done {
            file,
            evidence: vec![Evidence {
                path: input.shown.clone(),
                format: "unreadable".to_owned(),
                size: input.size,
                ..Evidence::default()
            }],
            counted: Counted::default(),
            unreadable: Some(reason.to_string()),
        };
        let known = match observe::hash_file(&input.path, std::mem::take(&mut worker.buffer)) {
            Ok(known) => known,
            Err(error) => return Ok(cannot(error)),
        };
        let hash = known.sha256;
        let dir = self.config.resume.as_deref();
        let spill = |source| HuntError::Spill { dir: dir.unwrap_or(&self.config.tmp).to_owned(), source };
        let mut part = None;
        if let Some(dir) = dir {
            let name = self.part_name(input, &hash);
            if let Some((evidence, counted)) = take_part(worker, file, dir, &name).map_err(spill)? {
                self.progress.bytes(input.size);
                return Ok(Done { file, evidence, counted, unreadable: None });
            }
            part = Some(part::Writer::create(dir, &name).map_err(spill)?);
        }
        let mut collector = FileCollector::new(worker, file, &hash, part);
        let read = observe::read_file(
            &input.path,
            &input.shown,
            Some(&known),
            &self.config.reading,
            self.sources,
            &mut collector,
        );
        let collected = collector.finish();
        worker.buffer = known.into_buffer();
        match read {
            Ok(()) => {
                let (evidence, counted) = collected.map_err(spill)?;
                Ok(Done { file, evidence, counted, unreadable: None })
            }
            Err(error) => Ok(cannot(error)),
        }
    }

    fn part_name(&self, input: &Input, hash: &[u8; 32]) -> String {
        let hash = model::hex(hash);
        let settings = format!("{:?}", self.config.settings());
        let modified = std::fs::metadata(&input.path).and_then(|data| data.modified());
        let rules = &self.engine.rules().sha256;
        let indicators = self.indicators.map_or("", |indicators| indicators.sha256());
        part::name(&[
            &hash,
            &input.shown,
            rules,
            indicators,
            &settings,
            &self.config.program,
            &format!("{modified:?}"),
            self.suppressor.key(),
        ])
    }

    /// By how many microseconds the clock that wrote `path` was wrong.
    fn clock_of(&self, path: &str) -> i64 {
        let wrong = self.config.clocks.iter().filter(|(part, _)| path.contains(part.as_str()));
        wrong.map(|(_, by)| by).sum()
    }

    fn in_focus(&self, event: &Event) -> bool {
        let Some(focus) = &self.focus else { return true };
        event.fields().any(|(_, value)| names(value.text, focus))
    }
}

/// Whether a value names what the hunt is about: as a whole, or between characters that cannot be
/// part of a name, so that `10.1.2.3` is not found in `10.1.2.30`.
fn names(value: &str, focus: &str) -> bool {
    if value.len() < focus.len() {
        return false;
    }
    let value = value.to_lowercase();
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    value.match_indices(focus).any(|(at, found)| {
        let before = value[..at].chars().next_back();
        let mut after = value[at + found.len()..].chars();
        let next = after.next();
        // A dot followed by more of a name goes on with it: `ex01.` ends one, `10.1.2.3.4` does not.
        let goes_on = next.is_some_and(part)
            || (next == Some('.')
                && found.ends_with(|c: char| c.is_ascii_digit())
                && after.next().is_some_and(|c| c.is_ascii_digit()));
        !before.is_some_and(part) && !goes_on
    })
}

/// Whether findings of a rule are asked for.
pub(crate) fn wanted(config: &Config, rule: &model::RuleInfo, level: model::Level) -> bool {
    let has = |texts: &std::collections::BTreeSet<String>| rule.tags.iter().any(|tag| texts.contains(tag));
    if rule.id == detect::MENTION {
        return true;
    }
    level >= config.min_level
        && (config.tags.is_empty() || has(&config.tags))
        && !(config.exclude.contains(&rule.id)
            || config.exclude.contains(&rule.title)
            || has(&config.exclude))
}

fn take_part(
    worker: &mut Worker<'_>,
    file: u32,
    dir: &std::path::Path,
    name: &str,
) -> io::Result<Option<(Vec<Evidence>, Counted)>> {
    let mut end = None;
    let taken = part::read(dir, name, |entry| match entry {
        Entry::Finding(mut key, bytes) => {
            key.file = file;
            let mut stored: Stored = postcard::from_bytes(&bytes).map_err(io::Error::other)?;
            stored.event_ref.evidence.file = file;
            worker.judge.tally.count(stored.by, stored.suppressed.as_deref());
            worker.judge.findings.push(key, &stored)
        }
        Entry::Input(mut key, mut input) => {
            key.file = file;
            input.event.evidence.file = file;
            worker.judge.inputs.push(key, &input)
        }
        Entry::Observed(mut key, mut observed) => {
            key.file = file;
            observed.event.evidence.file = file;
            worker.judge.observed.push(key, &observed)
        }
        Entry::Message(mut kept) => {
            kept.event_ref.evidence.file = file;
            worker.mails.keep(&kept)
        }
        Entry::End { evidence, counted } => {
            end = Some((evidence, counted));
            Ok(())
        }
    })?;
    Ok(taken.and(end))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_found_in_a_longer_one() {
        for (value, focus, found) in [
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.30", "10.1.2.3", false),
            ("110.1.2.3", "10.1.2.3", false),
            ("10.1.2.3:443", "10.1.2.3", true),
            ("10.1.2.3.4", "10.1.2.3", false),
            (r"CORP\Ann", "ann", true),
            ("annabel", "ann", false),
            ("EX01.corp.example", "ex01", true),
            ("ann@corp.example", "ann@corp.example", true),
        ] {
            assert_eq!(names(value, focus), found, "{focus} in {value}");
        }
    }
}
