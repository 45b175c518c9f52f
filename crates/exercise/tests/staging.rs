//! What is staged repeats, differs by seed, keeps its story at every scale, and can be read.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use evtx::{EvtxParser, ParserSettings};
use exercise::{Difficulty, ScoredFinding, Truth, score, stage};
use model::Level;

const SMALL: f64 = 0.001;

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn staged(seed: u64, scale: f64) -> (tempfile::TempDir, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let truth = stage("commission", seed, scale, Difficulty::Easy, folder.path(), &mut |_| {}).unwrap();
    (folder, truth)
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_does_not() {
    let (first, truth) = staged(5, SMALL);
    let (second, _) = staged(5, SMALL);
    assert!(files(first.path()) == files(second.path()));
    let (_other, other) = staged(6, SMALL);
    assert_ne!(truth.first_seen, other.first_seen);
    assert_ne!(truth.addresses, other.addresses);
    assert_ne!(truth.hosts, other.hosts);
}

#[test]
fn the_scale_changes_ordinary_traffic_alone() {
    let (_small, small) = staged(7, SMALL);
    let (_large, large) = staged(7, 4.0 * SMALL);
    let story = |truth: &Truth| {
        let records = truth.records.hostile.iter();
        records.map(|record| (record.time, record.technique.clone(), record.fact.clone())).collect::<Vec<_>>()
    };
    let (mut one, mut other) = (story(&small), story(&large));
    one.sort();
    other.sort();
    assert_eq!(one, other);
    assert_eq!(small.exposure, large.exposure);
    assert!(large.background.records > small.background.records);
}

#[test]
fn the_story_is_whole() {
    let (_folder, truth) = staged(8, SMALL);
    let techniques: BTreeSet<&str> =
        truth.records.hostile.iter().map(|record| record.technique.as_str()).collect();
    assert_eq!(techniques.len(), 18, "{techniques:?}");
    assert!((1500..=4000).contains(&truth.records.hostile.len()));
    let first = truth.first_seen.unwrap();
    assert_eq!(first.to_string().split('T').next(), Some("2021-08-24"));
    assert_eq!(truth.records.hostile.iter().map(|record| record.time).min(), Some(first));
    for technique in &techniques {
        let known = &truth.lookalikes[*technique];
        assert!(known.count >= 5, "{technique} has {} look-alikes", known.count);
    }
    let places: BTreeSet<_> =
        truth.records.hostile.iter().map(|record| (&record.path, record.record)).collect();
    assert_eq!(places.len(), truth.records.hostile.len(), "no record is listed twice");
}

#[test]
fn lines_of_the_truth_are_the_lines_of_the_file() {
    let (folder, truth) = staged(9, SMALL);
    let mut seen = 0;
    for record in truth.records.hostile.iter().filter(|record| !record.path.contains('!')) {
        let path = folder.path().join("evidence").join(&record.path);
        let wanted = match record.technique.as_str() {
            "webshell-used" => ".aspx",
            "samba-bulk-read" => "|open|ok|r|",
            "spam-from-own-server" if record.path.contains("MSGTRK") => "Originating",
            _ => continue,
        };
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().nth(record.record as usize - 1).unwrap();
        assert!(line.contains(wanted), "{} line {}: {line}", record.path, record.record);
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn event_logs_are_read_without_an_error_and_hold_the_records_of_the_truth() {
    let (folder, truth) = staged(10, SMALL);
    let mut logs = 0;
    for (path, bytes) in files(&folder.path().join("evidence")) {
        let name = path.to_string_lossy().into_owned();
        let torn = name.contains("DC") && name.ends_with("System.evtx");
        if !name.ends_with(".evtx") || torn {
            continue;
        }
        let settings = ParserSettings::default().validate_checksums(true);
        let mut parser = EvtxParser::from_buffer(bytes).unwrap().with_configuration(settings);
        assert!(parser.header().validate_checksum(), "{name}");
        let records: BTreeMap<u64, serde_json::Value> = parser
            .records_json_value()
            .map(Result::unwrap)
            .map(|record| (record.event_record_id, record.data))
            .collect();
        let first = *records.keys().next().unwrap();
        assert!(records.keys().copied().eq(first..first + records.len() as u64), "{name}");
        for hostile in truth.records.hostile.iter().filter(|hostile| hostile.path == name) {
            assert!(records.contains_key(&hostile.record), "{name} {}", hostile.record);
        }
        logs += 1;
    }
    assert!(logs > 50, "{logs}");
}

#[test]
fn findings_of_all_and_only_hostile_records_score_one() {
    let (_folder, truth) = staged(11, SMALL);
    let all = truth.records.hostile.iter().map(|record| ScoredFinding {
        level: Level::High,
        records: vec![(record.path.clone(), record.record)],
        time: Some(record.time),
        incident: Some("a".to_owned()),
        reconnaissance: false,
    });
    let result = score(&truth, all.clone(), None);
    assert_eq!((result.records.recall, result.records.precision), (1.0, 1.0));
    assert_eq!((result.incidents.found, result.incidents.main), (1, 1.0));
    assert_eq!(result.first_seen.found, truth.first_seen);

    let half = all.clone().step_by(2).map(|finding| ScoredFinding { level: Level::Medium, ..finding });
    let low = all.clone().map(|finding| ScoredFinding { level: Level::Low, ..finding });
    let wrong = ScoredFinding {
        level: Level::High,
        records: (1..=100).map(|number| ("nowhere.log".to_owned(), number)).collect(),
        time: None,
        incident: None,
        reconnaissance: false,
    };
    let result = score(&truth, half.chain(low).chain([wrong.clone(), wrong]), None);
    assert_eq!(result.records.found, truth.records.hostile.len().div_ceil(2) as u64);
    assert_eq!(result.records.reported, result.records.found + 100);
    assert!((result.records.recall - 0.5).abs() < 0.01);
}

#[test]
fn what_cannot_be_staged_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = stage("nothing", 1, 1.0, Difficulty::Easy, folder.path(), &mut |_| {}).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no exercise “nothing”; there is commission, alliance");
    assert!(stage("commission", 1, f64::NAN, Difficulty::Easy, folder.path(), &mut |_| {}).is_err());
    assert!(stage("commission", 1, 0.0, Difficulty::Easy, folder.path(), &mut |_| {}).is_err());
}
