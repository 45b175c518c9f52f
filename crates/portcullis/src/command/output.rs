//! Everything that a hunt writes to files and to standard output for pipes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hunt::Outcome;
use model::EvidenceId;
use share::{CsvTimeline, JsonTimeline, ReportSettings, RulePattern, StixSettings, Tally};

use crate::Result;
use crate::command::answer::Assessed;
use crate::command::hunt::{Args, Format};
use crate::failure::Failure;

pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| {
        Failure::io(format!("cannot make the folder {}", dir.display()))
            .because(&error)
            .hint("name a folder that you may write to")
    })
}

/// Writes findings as they come and the rest when all are known.
pub(crate) fn write(
    args: &Args,
    outcome: &mut Outcome,
    assessed: &Assessed,
    rule_text: &dyn Fn(&str) -> Option<String>,
) -> Result<()> {
    if args.output.is_none() && args.format != Format::Jsonl {
        return Ok(());
    }
    let cannot = |what: &str, error: &io::Error| Failure::io(format!("cannot write {what}")).because(error);
    let evidence = outcome.evidence_by_id();
    let origins = |id: EvidenceId| {
        evidence.get(&id).map_or(("", ""), |found| (found.path.as_str(), found.sha256.as_str()))
    };
    let mut tally = Tally::new(&assessed.case);
    let mut rule_sources: BTreeMap<String, String> = BTreeMap::new();
    let mut files = args.output.as_deref().map(Files::create).transpose()?;
    let mut lines = (args.format == Format::Jsonl).then(|| BufWriter::new(io::stdout().lock()));
    let findings = outcome.findings().map_err(|error| cannot("findings", &error))?;
    for finding in findings {
        let finding = finding.map_err(|error| cannot("findings", &error))?;
        let incident = assessed.incident(&finding);
        if let Some(lines) = &mut lines {
            share::write_finding(lines, &finding, incident, &origins)
                .map_err(|error| cannot("to standard output", &error))?;
        }
        if let Some(files) = &mut files {
            files
                .add(&finding, incident, &origins)
                .map_err(|error| cannot("findings and timeline", &error))?;
        }
        tally.add(&finding, incident);
        if !rule_sources.contains_key(&finding.rule.id) {
            rule_sources.insert(finding.rule.id.clone(), finding.rule.source.clone());
        }
    }
    if let Some(mut lines) = lines {
        lines.flush().map_err(|error| cannot("to standard output", &error))?;
    }
    let (Some(files), Some(dir)) = (files, args.output.as_deref()) else { return Ok(()) };
    let left_out = files.finish().map_err(|error| cannot("findings and timeline", &error))?;
    if left_out > 0 {
        anstream::eprintln!("note: {left_out} findings without a time are not in the timelines");
    }
    let texts: BTreeMap<String, String> =
        rule_sources.into_iter().filter_map(|(id, source)| Some((id, rule_text(&source)?))).collect();
    summaries(args, dir, assessed, &tally, &origins, &texts)
}

struct Files {
    findings: BufWriter<File>,
    csv: CsvTimeline<BufWriter<File>>,
    json: JsonTimeline<BufWriter<File>>,
}

impl Files {
    fn create(dir: &Path) -> Result<Self> {
        let csv = CsvTimeline::new(create(dir, "timeline.csv")?);
        Ok(Self {
            findings: create(dir, "findings.jsonl")?,
            csv: csv.map_err(|error| Failure::io("cannot write timeline.csv").because(&error))?,
            json: JsonTimeline::new(create(dir, "timeline.jsonl")?),
        })
    }

    fn add(
        &mut self,
        finding: &model::Finding,
        incident: Option<&str>,
        origins: &share::Origins<'_>,
    ) -> io::Result<()> {
        share::write_finding(&mut self.findings, finding, incident, origins)?;
        self.csv.push(finding, incident, origins)?;
        self.json.push(finding, incident, origins)
    }

    fn finish(mut self) -> io::Result<u64> {
        self.findings.flush()?;
        self.json.finish()?;
        Ok(self.csv.finish()?.left_out)
    }
}

fn create(dir: &Path, name: &str) -> Result<BufWriter<File>> {
    let path = dir.join(name);
    let file = File::create(&path)
        .map_err(|error| Failure::io(format!("cannot write {}", path.display())).because(&error))?;
    Ok(BufWriter::with_capacity(1 << 16, file))
}

fn summaries(
    args: &Args,
    dir: &Path,
    assessed: &Assessed,
    tally: &Tally,
    origins: &share::Origins<'_>,
    texts: &BTreeMap<String, String>,
) -> Result<()> {
    let case = &assessed.case;
    let pattern = |id: &str| texts.get(id).map(|text| RulePattern { language: "sigma", text });
    let file = |name: &str, fill: &mut dyn FnMut(&mut BufWriter<File>) -> io::Result<()>| -> Result<()> {
        let mut out = create(dir, name)?;
        fill(&mut out).and_then(|()| out.flush()).map_err(|error| {
            Failure::io(format!("cannot write {}", dir.join(name).display())).because(&error)
        })
    };
    file("navigator.json", &mut |out| share::write_navigator(out, case))?;
    file("case.stix.json", &mut |out| {
        let settings = StixSettings { tlp: args.tlp, created: None, rule_text: &pattern };
        share::write_stix(out, case, tally, &settings)
    })?;
    file("case.json", &mut |out| json(out, case))?;
    file("manifest.json", &mut |out| json(out, &case.manifest))?;
    file("report.html", &mut |out| {
        let settings = ReportSettings { tlp: args.tlp, title: None };
        share::write_report(out, case, tally, origins, &settings)
    })
}

fn json(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
