//! Writes every output of a made-up case into a folder, to look at while working on them:
//! `cargo run -p share --example sample -- FOLDER`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::error::Error;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::Path;

use model::Tlp;
use share::{
    CsvTimeline, JsonTimeline, ReportSettings, RulePattern, StixSettings, Tally, write_finding,
    write_navigator, write_report, write_stix,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    create_dir_all(folder)?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);

    let case = sample::case();
    let mut tally = Tally::new(&case);
    let mut lines = create("findings.jsonl")?;
    let mut csv = CsvTimeline::new(create("timeline.csv")?)?;
    let mut jsonl = JsonTimeline::new(create("timeline.jsonl")?);
    for (finding, incident) in sample::findings() {
        tally.add(&finding, incident);
        write_finding(&mut lines, &finding, incident, &sample::origin)?;
        csv.push(&finding, incident, &sample::origin)?;
        jsonl.push(&finding, incident, &sample::origin)?;
    }
    lines.flush()?;
    csv.finish()?;
    jsonl.finish()?;
    serde_json::to_writer_pretty(create("case.json")?, &case)?;
    write_navigator(create("navigator.json")?, &case)?;
    let pattern = |_: &str| Some(RulePattern { language: "sigma", text: "title: a rule" });
    let settings = StixSettings { tlp: Tlp::Amber, created: None, rule_text: &pattern };
    write_stix(create("case.stix.json")?, &case, &tally, &settings)?;
    let settings = ReportSettings { tlp: Tlp::AmberStrict, title: None };
    write_report(create("report.html")?, &case, &tally, &sample::origin, &settings)?;
    let quiet = sample::quiet_case();
    write_report(create("quiet.html")?, &quiet, &Tally::new(&quiet), &sample::origin, &settings)?;
    Ok(())
}
