//! Every file of `--output`, held against its documentation and against other people's judges.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Step;
use crate::program::{evidence, folder, hunt, json, judge, piece, staged};

pub(super) const STEPS: &[Step] = &[
    ("--output: these files and no others", the_files),
    ("findings.jsonl: every documented key, one line a finding", findings),
    ("findings and case hold to their JSON schemas", schemas),
    ("timeline.csv and .jsonl: the columns that Timesketch requires", timelines),
    ("navigator.json: a layer with scored techniques", navigator),
    ("case.stix.json: valid STIX 2.1", stix),
    ("manifest.json: every file and member with hash, format, records, times", manifest),
    ("report.html: one file, without script, with every part", report),
    ("--tlp marks report and bundle", markings),
    ("--format jsonl: the same lines as findings.jsonl", lines_on_standard_output),
];

fn case(name: &str) -> std::path::PathBuf {
    staged().join("case").join(name)
}

fn all_findings() -> Vec<Value> {
    let text = fs::read_to_string(case("findings.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn the_files() {
    let found: BTreeSet<String> = fs::read_dir(staged().join("case"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let wanted = [
        "case.json",
        "case.stix.json",
        "findings.jsonl",
        "manifest.json",
        "navigator.json",
        "report.html",
        "timeline.csv",
        "timeline.jsonl",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

fn findings() {
    let findings = all_findings();
    let mut ids = BTreeSet::new();
    for finding in &findings {
        for key in ["/id", "/kind", "/level", "/rule/id", "/rule/title", "/rule/author", "/rule/source"] {
            let value = finding.pointer(key).and_then(Value::as_str).unwrap_or_default();
            assert!(!value.is_empty(), "{key} in {finding}");
        }
        assert!(finding["rule"]["tags"].is_array() && finding["event"].is_object(), "{finding}");
        assert!(ids.insert(finding["id"].to_string()), "twice: {finding}");
        if finding["kind"] == "correlation" {
            let total = finding["events_total"].as_u64().unwrap();
            let events = finding["events"].as_array().unwrap();
            assert!(total >= events.len() as u64 && !events.is_empty(), "{finding}");
            assert!(finding["window"]["first"].as_str() <= finding["window"]["last"].as_str(), "{finding}");
            assert!(finding["group"].is_object(), "{finding}");
            assert!(events.iter().all(|event| event["evidence"]["sha256"].is_string()), "{finding}");
        } else {
            assert!(!finding["matched"].as_array().unwrap().is_empty(), "{finding}");
        }
    }
    let member = |finding: &&Value| finding["evidence"]["path"].as_str().unwrap().contains(".zip!");
    assert!(findings.iter().any(|finding| member(&finding)), "no finding within an archive");
    let times: Vec<&str> = findings.iter().filter_map(|finding| finding["time"].as_str()).collect();
    assert!(times.is_sorted_by_key(|time| time.parse::<jiff::Timestamp>().unwrap()));
}

fn schemas() {
    let Some(python) = judge("python3").filter(|_| judge("jsonschema").is_some()) else { return };
    let script = "import json, sys, jsonschema\n\
        folder, case = sys.argv[1:]\n\
        read = lambda path: json.load(open(path, encoding='utf-8'))\n\
        judge = lambda name: jsonschema.Draft202012Validator(read(f'{folder}/{name}.schema.json'))\n\
        judge('case').validate(read(f'{case}/case.json'))\n\
        finding = judge('finding')\n\
        for line in open(f'{case}/findings.jsonl', encoding='utf-8'): finding.validate(json.loads(line))\n";
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let said =
        Command::new(python).arg("-c").arg(script).arg(schemas).arg(staged().join("case")).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

fn timelines() {
    let csv = fs::read_to_string(case("timeline.csv")).unwrap();
    let columns: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    for column in ["message", "datetime", "timestamp_desc"] {
        assert!(columns.contains(&column), "{columns:?}");
    }
    let count = all_findings().len();
    assert_eq!(csv.matches(",Rule matched,").count() + csv.matches(",Correlation completed,").count(), count);
    let lines = fs::read_to_string(case("timeline.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), count);
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        // What lies in no incident has no such key.
        let mut there = columns.iter().filter(|column| **column != "incident");
        assert!(there.all(|column| !row[column].is_null()), "{line}");
        let time: jiff::Timestamp = row["datetime"].as_str().unwrap().parse().unwrap();
        assert_eq!(row["timestamp"].as_i64(), Some(time.as_microsecond()), "{line}");
    }
}

fn navigator() {
    let layer = json(&case("navigator.json"));
    assert_eq!(
        (layer["domain"].as_str(), layer["versions"]["layer"].as_str()),
        (Some("enterprise-attack"), Some("4.5"))
    );
    assert!(layer["name"].is_string() && layer["gradient"]["colors"].is_array(), "{layer}");
    let techniques = layer["techniques"].as_array().unwrap();
    let exploited = techniques.iter().find(|technique| technique["techniqueID"] == "T1190").unwrap();
    assert!(exploited["score"].as_u64().unwrap() > 100 && exploited["color"].is_string(), "{exploited}");
    for technique in techniques {
        let id = technique["techniqueID"].as_str().unwrap();
        assert!(id.starts_with('T') && id[1..].starts_with(|c: char| c.is_ascii_digit()), "{technique}");
    }
}

fn stix() {
    let bundle = json(&case("case.stix.json"));
    let objects = bundle["objects"].as_array().unwrap();
    for kind in
        ["incident", "sighting", "observed-data", "indicator", "attack-pattern", "identity", "grouping"]
    {
        assert!(objects.iter().any(|object| object["type"] == kind), "no {kind}");
    }
    let Some(validator) = judge("stix2_validator") else { return };
    let said =
        Command::new(validator).args(["--version", "2.1"]).arg(case("case.stix.json")).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

fn manifest() {
    let manifest = json(&case("manifest.json"));
    assert!(manifest["program"].as_str().unwrap().starts_with("portcullis "));
    assert_eq!(manifest["rules_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(manifest["settings"]["min-level"], "low");
    assert!(manifest["settings"]["detected"].as_str().unwrap().starts_with("2022-10-15"));
    assert_eq!(manifest["settings"]["indicators"], "none");
    let evidence = manifest["evidence"].as_array().unwrap();
    let formats: BTreeSet<&str> = evidence.iter().map(|piece| piece["format"].as_str().unwrap()).collect();
    for format in
        ["evtx", "w3c", "exchange", "syslog", "auditd", "mbox", "message", "json", "csv", "zip", "gzip"]
    {
        assert!(formats.contains(format), "no {format} in {formats:?}");
    }
    for piece in evidence {
        assert_eq!(piece["sha256"].as_str().unwrap().len(), 64, "{piece}");
        let timed = piece["first"].is_string() && piece["first"].as_str() <= piece["last"].as_str();
        assert!(timed || (piece["first"].is_null() && piece["last"].is_null()), "{piece}");
    }
    // The exercise has files that end within a record, as evidence does.
    let torn =
        evidence.iter().filter(|piece| piece["problems"].to_string().contains("the record is cut off"));
    let read: u64 = evidence.iter().map(|piece| piece["records"].as_u64().unwrap()).sum();
    let records = read + torn.count() as u64;
    let truth = json(&staged().join("truth.json"));
    let hostile = truth["records"]["hostile"].as_array().unwrap().len() as u64;
    assert_eq!(records, truth["background"]["records"].as_u64().unwrap() + hostile);
    assert!(
        piece(&staged().join("case"), "Security-2021-12.zip!Security-2021-12.evtx")["records"].as_u64()
            > Some(0)
    );
}

fn report() {
    let report = fs::read_to_string(case("report.html")).unwrap();
    assert!(report.starts_with("<!DOCTYPE html>") && report.contains("Content-Security-Policy"));
    assert!(!report.to_lowercase().contains("<script"));
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!report.contains(outside), "{outside}");
    }
    for part in ["<svg", "@media print", "AMBER+STRICT", "Exposure", "Evidence", "T1505.003", "Portcullis"] {
        assert!(report.contains(part), "no {part}");
    }
}

fn markings() {
    let dir = folder("marked");
    for (tlp, label) in [("clear", "CLEAR"), ("green", "GREEN"), ("amber", "AMBER"), ("red", "RED")] {
        let out = dir.join(tlp);
        let said = hunt(&evidence().join("mail"), &format!("--tlp {tlp} --output {}", out.display()));
        assert!(said.code <= 1, "{}", said.err);
        let report = fs::read_to_string(out.join("report.html")).unwrap();
        assert!(report.contains(&format!("TLP:{label}")) && !report.contains("TLP:AMBER+STRICT"));
        let bundle = fs::read_to_string(out.join("case.stix.json")).unwrap();
        assert!(bundle.contains(&format!("\"TLP:{label}\"")), "{bundle}");
    }
    assert_eq!(hunt(&evidence().join("mail"), "--tlp pink").code, 2);
}

fn lines_on_standard_output() {
    let ran = hunt(&evidence(), "--format jsonl --detected 2022-10-15");
    assert_eq!(ran.code, 1);
    assert!(ran.out == fs::read_to_string(case("findings.jsonl")).unwrap(), "they differ");
    let text = hunt(&evidence().join("mail"), "--format text");
    assert!(!text.out.starts_with('{'), "{}", text.out);
}
