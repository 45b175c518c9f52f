//! What the evidence does not say and the command line does: zone, year, clock.

use std::path::Path;

use super::Step;
use crate::program::{file, folder, hunt, piece};

pub(super) const STEPS: &[Step] = &[
    ("--year, --zone: of logs that name neither", zones_and_years),
    ("--clock: only the evidence whose path holds the part is moved", clocks),
    ("wrong zones, clocks, times and threads are said", wrong_values),
];

const LINE: &str =
    "Aug 24 10:00:00 nas01 sshd[9]: Failed password for invalid user a from 203.0.113.7 port 22 ssh2\n";

/// First time of the evidence whose path ends in `end`, and what was assumed of it.
fn first(dir: &Path, end: &str, options: &str) -> (String, String) {
    let out = folder("read-as");
    hunt(dir, &format!("--output {} {options}", out.display()));
    let piece = piece(&out, end);
    (piece["first"].as_str().unwrap_or_default().to_owned(), piece["assumed"].to_string())
}

fn zones_and_years() {
    let dir = folder("zones");
    file(&dir, "messages", LINE);
    let (time, assumed) = first(&dir, "messages", "--year 2021");
    assert_eq!(time, "2021-08-24T10:00:00Z");
    assert!(assumed.contains("UTC") && assumed.contains("2021"), "{assumed}");
    let (time, assumed) = first(&dir, "messages", "--year 2021 --zone Europe/London");
    assert_eq!(time, "2021-08-24T09:00:00Z");
    assert!(assumed.contains("Europe/London"), "{assumed}");
}

fn clocks() {
    let dir = folder("clocks");
    file(&dir, "nas01.log", LINE);
    file(&dir, "nas02.log", LINE);
    let options = "--year 2021 --clock nas01=-90 --clock nas01=0.5 --clock nas03=7";
    assert_eq!(first(&dir, "nas01.log", options).0, "2021-08-24T09:58:30.5Z");
    assert_eq!(first(&dir, "nas02.log", options).0, "2021-08-24T10:00:00Z");
    let manifest = crate::program::json(&crate::program::place("read-as/manifest.json"));
    let clock = manifest["settings"]["clock"].as_str().unwrap();
    assert!(clock.contains("nas01=-90s") && clock.contains("nas01=+0.5s"), "{clock}");
    assert_eq!(manifest["settings"]["year"], "2021");
}

fn wrong_values() {
    let dir = folder("wrong");
    file(&dir, "messages", LINE);
    for (options, said) in [
        ("--zone Mars/North", "is no time zone"),
        ("--clock nas01", "PART=SECONDS"),
        ("--clock nas01=late", "is no number of seconds"),
        ("--since yesterday", "is not a time"),
        ("--until 2021-13-01", "is not a time"),
        ("--detected soon", "is not a time"),
        ("--year then", "--year"),
        ("--threads 0", "--threads needs at least 1"),
        ("--threads many", "--threads"),
        ("--format xml", "--format"),
    ] {
        let ran = hunt(&dir, options);
        assert!(ran.code == 2 && ran.err.contains(said), "{options}: {} {}", ran.code, ran.err);
        assert!(ran.out.is_empty(), "{options}: {}", ran.out);
    }
}
