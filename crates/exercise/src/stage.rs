//! Stages an exercise: plans the story, then writes each stream day by day.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use model::Time;

use crate::ExerciseError;
use crate::alliance::{self, Difficulty};
use crate::background;
use crate::batch::Batch;
use crate::calendar::{DAY, SECOND, is_free, midnight};
use crate::catalogue::Catalogue;
use crate::context::Context;
use crate::dice::Dice;
use crate::evtx_writer::Layout;
use crate::honest::Honest;
use crate::scenario::{Every, Names, Packing, Scenario, Shape, StreamSpec, named};
use crate::sink::Sink;
use crate::store::{Store, Target};
use crate::story::{self, Mark, Plan};
use crate::truth::{Background, Hostile, Lookalikes, Missing, Truth, TruthRecords};
use crate::world::World;

/// Writes `out/evidence/…` and `out/truth.json` for the scenario called `name`.
///
/// A `scale` of 1 gives the full volume of ordinary traffic; what is hostile and what looks like it
/// stay the same at every scale; `difficulty` is asked only by scenarios that have one. `progress` is told how many bytes of evidence have been written
/// since it was last told. The same name, seed and scale give the same bytes.
pub fn stage(
    name: &str,
    seed: u64,
    scale: f64,
    difficulty: Difficulty,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, ExerciseError> {
    if !(0.0001..=100.0).contains(&scale) {
        return Err(ExerciseError::Scale { scale });
    }
    let truth = if name == alliance::NAME {
        alliance::stage(seed, scale, difficulty, out, progress)?
    } else {
        scripted(name, seed, scale, out, progress)?
    };
    write_truth(&truth, out)?;
    Ok(truth)
}

/// Writes `truth.json`.
pub(crate) fn write_truth(truth: &Truth, out: &Path) -> Result<(), ExerciseError> {
    let path = out.join("truth.json");
    let text = serde_json::to_vec_pretty(truth).map_err(|source| ExerciseError::Json {
        path: path.clone(),
        line: 0,
        source,
    })?;
    fs::write(&path, text).map_err(ExerciseError::io(&path))
}

/// Stages a scenario that is a story of steps.
fn scripted(
    name: &str,
    seed: u64,
    scale: f64,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, ExerciseError> {
    let scenario = named(name)?;
    let catalogue = Catalogue::built_in()?;
    let world = World::new(&scenario, Names::built_in()?, seed);
    let honest = Honest::built_in()?;
    let plan = story::plan(&scenario, &world, &catalogue, &honest, seed)?;
    let mut stage = Stage {
        scenario: &scenario,
        world: &world,
        catalogue: &catalogue,
        honest: &honest,
        seed,
        scale,
        store: Store::new(&out.join("evidence"), progress)?,
        hostile: Vec::new(),
        lookalikes: BTreeMap::new(),
        records: 0,
    };
    for spec in &scenario.stream {
        stage.stream(spec, &plan)?;
    }
    stage.finish(&plan)
}

struct Stage<'a> {
    scenario: &'a Scenario,
    world: &'a World,
    catalogue: &'a Catalogue,
    honest: &'a Honest,
    seed: u64,
    scale: f64,
    store: Store<'a>,
    hostile: Vec<Hostile>,
    lookalikes: BTreeMap<String, Lookalikes>,
    records: u64,
}

/// The files of a stream, one after the other.
struct Files<'a> {
    spec: &'a StreamSpec,
    plan: &'a Plan,
    layouts: &'a [Layout],
    /// Number of the next record of an event log.
    next: u64,
    open: Option<Open<'a>>,
}

/// A file of a stream that is being written.
struct Open<'a> {
    sink: Sink<'a>,
    target: Target,
    last: i64,
}

impl Stage<'_> {
    fn stream(&mut self, spec: &StreamSpec, plan: &Plan) -> Result<(), ExerciseError> {
        if spec.shape == Shape::Csv {
            return self.registers(spec);
        }
        let layouts = match spec.shape {
            Shape::Evtx => self.catalogue.layouts(&self.world.hosts.role(&spec.host).fqdn),
            _ => Vec::new(),
        };
        let mut dice = Dice::new(self.seed, &spec.id);
        let context = Context { world: self.world, catalogue: self.catalogue, honest: self.honest };
        let empty = Batch::default();
        let planned = plan.batches.get(&spec.id).unwrap_or(&empty);
        let days = self.days(spec);
        let whole: f64 = days.iter().map(|day| self.share(spec, *day)).sum();
        let wanted = spec.records as f64 * self.scale;
        let (mut done, mut produced) = (0.0, 0);
        let (mut batch, mut late) = (Batch::default(), Batch::default());
        let next = 1 + dice.within(1000..4_000_000);
        let mut files = Files { spec, plan, layouts: &layouts, next, open: None };
        for day in days {
            done += self.share(spec, day);
            let target = (wanted * done / whole).round() as u64;
            let start = midnight(day);
            batch.clear();
            late.entries.iter().for_each(|entry| batch.copy(&late, entry));
            late.clear();
            let due = target.saturating_sub(produced) as usize;
            background::fill(spec, &context, &mut dice, start, due, &mut batch);
            produced += batch.entries.len() as u64;
            let story = planned.entries.iter().filter(|entry| (start..start + DAY).contains(&entry.micros));
            story.for_each(|entry| batch.copy(planned, entry));
            if let Some(what) = batch.fault.take() {
                return Err(ExerciseError::Data { file: "windows.toml", what });
            }
            batch.sort();
            let after = batch.entries.partition_point(|entry| entry.micros < start + DAY);
            batch.entries[after..].iter().for_each(|entry| late.copy(&batch, entry));
            self.day(&mut files, day, &batch, after)?;
        }
        match files.open.take() {
            Some(file) => self.close(spec, file, true).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Writes the first `count` records of `batch`, which are those of `day`.
    fn day<'f>(
        &mut self,
        files: &mut Files<'f>,
        day: Date,
        batch: &Batch,
        count: usize,
    ) -> Result<(), ExerciseError>
    where
        Self: 'f,
    {
        let spec = files.spec;
        let of_day = self.target(spec, day, 0);
        for entry in &batch.entries[..count] {
            let own = (spec.shape == Shape::Maildir).then(|| self.target(spec, day, entry.micros));
            let target = own.as_ref().unwrap_or(&of_day);
            if files.open.as_ref().is_none_or(|open| open.target != *target) {
                if let Some(file) = files.open.take() {
                    files.next = self.close(spec, file, false)?;
                }
                let sink = match spec.shape {
                    Shape::Evtx => Sink::evtx(files.next, files.layouts),
                    shape => Sink::text(shape, entry.micros),
                };
                files.open = Some(Open { sink, target: target.clone(), last: entry.micros });
            }
            let Some(file) = &mut files.open else { continue };
            let number = file.sink.write(entry, batch.payload(entry)).map_err(|source| {
                ExerciseError::Event { kind: self.catalogue.name(entry.kind).to_owned(), source }
            })?;
            file.last = entry.micros;
            self.records += 1;
            if let Some(mark) = files.plan.marks.get(entry.mark as usize) {
                self.trace(spec, &file.target, number, entry.micros, mark);
            }
        }
        Ok(())
    }

    /// Notes what a record of the story is.
    fn trace(&mut self, spec: &StreamSpec, target: &Target, record: u64, micros: i64, mark: &Mark) {
        if !mark.hostile {
            if !mark.technique.is_empty() {
                let known = self.lookalikes.entry(mark.technique.clone()).or_default();
                known.count += 1;
                *known.kinds.entry(mark.fact.clone()).or_default() += 1;
            }
            return;
        }
        let resolution = spec.shape.resolution(&spec.id);
        self.hostile.push(Hostile {
            path: target.evidence_path(),
            record,
            time: Time::from_micros(micros.div_euclid(resolution) * resolution),
            technique: mark.technique.clone(),
            fact: mark.fact.clone(),
            mail: None,
        });
    }

    fn close(&mut self, spec: &StreamSpec, open: Open<'_>, last: bool) -> Result<u64, ExerciseError> {
        let (mut bytes, next) = open.sink.finish();
        if let (Some(kept), true) = (spec.torn, last) {
            bytes.truncate((bytes.len() as f64 * kept) as usize);
        }
        self.store.put(&open.target, &bytes, open.last)?;
        Ok(next)
    }

    /// The days on which the stream has records.
    fn days(&self, spec: &StreamSpec) -> Vec<Date> {
        let month = |day: &Date| format!("{:04}-{:02}", day.year(), day.month());
        let lost = |day: &Date| {
            self.scenario.gap.iter().any(|gap| gap.stream == spec.id && (gap.from..=gap.until).contains(day))
        };
        self.scenario
            .begin
            .series(1.day())
            .take_while(|day| *day < self.scenario.end)
            .filter(|day| !lost(day))
            .filter(|day| spec.months.is_empty() || spec.months.contains(&month(day)))
            .filter(|day| !spec.other_months.contains(&month(day)))
            .collect()
    }

    fn share(&self, spec: &StreamSpec, day: Date) -> f64 {
        spec.rhythm.share(is_free(day, &self.scenario.holidays))
    }

    fn target(&self, spec: &StreamSpec, day: Date, micros: i64) -> Target {
        let (year, month) = (day.year(), day.month());
        let period = match (spec.every, spec.shape) {
            _ if spec.shape == Shape::Maildir => {
                let seconds = micros.div_euclid(SECOND);
                format!("{seconds}.M{}P{}.mail:2,S", micros.rem_euclid(SECOND), 1000 + seconds % 7000)
            }
            (Every::Day, _) => format!("{:02}{month:02}{:02}", year % 100, day.day()),
            (Every::Month, Shape::HttpProxy | Shape::Tracking) => format!("{year:04}{month:02}0100"),
            (Every::Month, _) => format!("{year:04}-{month:02}"),
            (Every::Quarter, _) => format!("{year:04}Q{}", (month - 1) / 3 + 1),
            (Every::Whole, _) => String::new(),
        };
        let path = spec.path.replace("{host}", &self.world.hosts.role(&spec.host).name);
        let path = path.replace("-{period}", if period.is_empty() { "" } else { "-{period}" });
        let path = path.replace("{period}", &period);
        let of_month = format!("{year:04}-{month:02}");
        let archive = self
            .scenario
            .archive
            .iter()
            .find(|archive| archive.month == of_month && archive.streams.contains(&spec.id))
            .map(|archive| match (&archive.path, archive.kind) {
                (Some(at), kind) => (kind, self.roles(at)),
                (None, _) => (Packing::Gzip, format!("{path}.gz")),
            });
        Target { path, archive }
    }

    /// Puts names of hosts in place of `{EX}` and the like.
    fn roles(&self, path: &str) -> String {
        ["EX", "FS", "DC", "NAS", "GW", "PX", "WS"].iter().fold(path.to_owned(), |path, role| {
            path.replace(&format!("{{{role}}}"), &self.world.hosts.role(role).name)
        })
    }

    fn registers(&mut self, spec: &StreamSpec) -> Result<(), ExerciseError> {
        let rows = (spec.records as f64 * self.scale).ceil() as u64;
        let mut dice = Dice::new(self.seed, &spec.id);
        for file in crate::registers::files(self.world, &mut dice, rows, midnight(self.scenario.begin)) {
            let path = spec.path.replace("{period}", &file.path);
            self.records += file.rows;
            self.store.put(&Target { path, archive: None }, &file.bytes, file.micros)?;
        }
        Ok(())
    }

    fn finish(mut self, plan: &Plan) -> Result<Truth, ExerciseError> {
        self.hostile.sort_by(|a, b| (a.time, &a.path, a.record).cmp(&(b.time, &b.path, b.record)));
        let bytes = self.store.finish()?;
        let (world, scenario) = (self.world, self.scenario);
        let roles = ["EX", "FS", "DC", "NAS", "GW", "PX"];
        let hosts = roles.iter().map(|role| ((*role).to_owned(), world.hosts.role(role).name.clone()));
        let intruder = &world.intruder;
        let missing = scenario.gap.iter().map(|gap| Missing {
            host: world.hosts.ex.name.clone(),
            log: gap.stream.clone(),
            from: Time::from_micros(midnight(gap.from)),
            until: Time::from_micros(midnight(gap.until) + DAY),
        });
        Ok(Truth {
            schema: 1,
            scenario: scenario.name.clone(),
            seed: self.seed,
            scale: self.scale,
            difficulty: None,
            organisation: world.organisation.clone(),
            first_seen: self.hostile.first().map(|record| record.time),
            detected: Time::from_micros(midnight(scenario.detected)),
            hosts: hosts.collect(),
            addresses: [&intruder.entry, &intruder.operator, &intruder.cloud, &intruder.collector]
                .map(Clone::clone)
                .into(),
            accounts: vec![world.services.stolen.sam.clone(), intruder.account.clone()],
            background: Background { records: self.records - self.hostile.len() as u64, bytes },
            records: TruthRecords { hostile: self.hostile },
            lookalikes: self.lookalikes,
            exposure: plan.risks.iter().cloned().collect(),
            incidents: 1,
            gaps: missing.collect(),
        })
    }
}
