//! What leaves the program: the shape of each output, its bytes twice the same, and hostile values
//! that must not come out as anything but text.

// Helpers of tests stand outside of test functions, where clippy.toml does not reach.
#![allow(clippy::unwrap_used)]

mod sample;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use model::{Case, Fact, Finding, Kind, Tlp};
use serde_json::Value;
use share::{
    CsvTimeline, JsonTimeline, ReportSettings, RulePattern, StixSettings, Tally, TimelineCount,
    write_finding, write_navigator, write_report, write_stix,
};

const SCRIPT: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
const TERMINAL: &str = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{202e}txt.exe\u{0}";
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"open\")";

fn line(finding: &Finding, incident: Option<&str>) -> String {
    let mut out = Vec::new();
    write_finding(&mut out, finding, incident, &sample::origin).unwrap();
    String::from_utf8(out).unwrap()
}

fn tally(case: &Case) -> Tally {
    let mut tally = Tally::new(case);
    for (finding, incident) in sample::findings() {
        tally.add(&finding, incident);
    }
    tally
}

fn report(case: &Case, tally: &Tally) -> String {
    let mut out = Vec::new();
    write_report(&mut out, case, tally, &sample::origin, &ReportSettings::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn stix(case: &Case) -> String {
    let text = |id: &str| {
        id.starts_with("0000")
            .then_some(RulePattern { language: "sigma", text: "title: sample\ndetection:\n  a: b" })
    };
    let settings = StixSettings { tlp: Tlp::AmberStrict, created: None, rule_text: &text };
    let mut out = Vec::new();
    write_stix(&mut out, case, &tally(case), &settings).unwrap();
    String::from_utf8(out).unwrap()
}

/// The sample with every text that stems from a log or a file name replaced by `value`.
fn hostile(value: &str) -> (Case, Tally) {
    let mut case = sample::case();
    for incident in &mut case.incidents {
        incident.title = value.into();
        let lists = [
            &mut incident.hosts,
            &mut incident.accounts,
            &mut incident.mailboxes,
            &mut incident.addresses,
            &mut incident.files,
        ];
        lists.into_iter().flatten().for_each(|thing| thing.name = value.into());
        for key in incident.key.iter_mut().chain(&mut incident.first_actionable) {
            (key.title, key.what, key.why, key.author) =
                (value.into(), value.into(), value.into(), value.into());
        }
        incident.links.iter_mut().for_each(|link| link.value = value.into());
        incident.exposure.iter_mut().for_each(|thing| thing.name = value.into());
        for stage in &mut incident.stages {
            stage.techniques.insert(value.into(), 1);
        }
    }
    case.rules.values_mut().for_each(|rule| (rule.title, rule.author) = (value.into(), value.into()));
    case.activity.iter_mut().for_each(|day| day.host = value.into());
    case.gaps.iter_mut().for_each(|gap| gap.source = value.into());
    case.notes.push(value.into());
    case.suppressed.insert(value.into(), 1);
    case.manifest.settings.insert(value.into(), value.into());
    case.manifest.unreadable.insert(value.into(), value.into());
    case.manifest.program = value.into();
    for evidence in &mut case.manifest.evidence {
        (evidence.path, evidence.sha256, evidence.format) = (value.into(), value.into(), value.into());
        evidence.assumed.push(value.into());
        evidence.problems.iter_mut().for_each(|problem| problem.what = value.into());
    }
    let mut tally = Tally::new(&case);
    for (mut finding, incident) in sample::findings() {
        finding
            .matched
            .iter_mut()
            .for_each(|m| (m.field, m.value, m.wanted) = (value.into(), value.into(), value.into()));
        finding.group.iter_mut().for_each(|(field, group)| (*field, *group) = (value.into(), value.into()));
        tally.add(&finding, incident);
    }
    (case, tally)
}

#[test]
fn a_finding_line_has_the_keys_of_its_schema() {
    let findings = sample::findings();
    let (rule, incident) = findings.iter().find(|(f, _)| f.rule.title.starts_with("ProxyShell")).unwrap();
    insta::assert_snapshot!(line(rule, *incident), @r##"{"id":"0000000004b857f0","kind":"rule","time":"2021-08-24T08:00:00Z","level":"critical","rule":{"id":"00000000-0000-4000-8000-000000000000","title":"ProxyShell request to the Autodiscover front end","tags":["attack.initial-access","attack.t1190"],"author":"Portcullis","source":"builtin/sample/0.yml"},"evidence":{"path":"evidence/iis-2021.zip!W3SVC1/u_ex210824.log","sha256":"1b2f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605","record":10000},"event":{"c-ip":"203.0.113.57","cs-method":"POST","cs-uri-stem":"/autodiscover/autodiscover.json","cs-uri-query":"@evil.example/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dz&Email=autodiscover/autodiscover.json%3F@evil.example","cs-username":null,"sc-status":200},"matched":[{"field":"sc-status","value":"200","wanted":"contains 200"}],"incident":"5f1c9a0e77d24b18"}"##);
    let (correlation, incident) = findings.iter().find(|(f, _)| f.rule.title.starts_with("Many")).unwrap();
    insta::assert_snapshot!(line(correlation, *incident), @r##"{"id":"0700000008062f18","kind":"correlation","time":"2021-08-26T09:11:31Z","level":"high","rule":{"id":"00000000-0000-4000-8000-000000000007","title":"Many files of one share read in a short time","tags":["attack.collection","attack.t1039"],"author":"Portcullis","source":"builtin/sample/7.yml"},"evidence":{"path":"evidence/fs01/Security.evtx","sha256":"5f6f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605","record":17000},"event":{"Computer":"FS01.commission.example","SubjectUserName":"svc-backup","ShareName":"\\\\*\\registers","RelativeTargetName":"2021\\full\\district-014.csv"},"matched":[{"field":"RelativeTargetName","value":"2021\\full\\district-014.csv","wanted":"contains 2021\\full\\di"}],"incident":"5f1c9a0e77d24b18","window":{"first":"2021-08-26T08:11:31Z","last":"2021-08-26T09:11:31Z"},"group":{"Computer":"FS01.commission.example"},"events_total":240,"events":[{"evidence":{"path":"evidence/fs01/Security.evtx","sha256":"5f6f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"},"record":17000,"time":"2021-08-26T09:11:31Z"},{"evidence":{"path":"evidence/fs01/Security.evtx","sha256":"5f6f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"},"record":17001,"time":"2021-08-26T09:11:31Z"}]}"##);
}

#[test]
fn every_line_keeps_to_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/schema/finding.schema.json")).unwrap();
    let known: BTreeSet<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let required: BTreeSet<&str> =
        schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (finding, incident) in sample::findings() {
        let value: Value = serde_json::from_str(&line(&finding, incident)).unwrap();
        let keys: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.is_subset(&known), "{keys:?}");
        assert!(required.is_subset(&keys), "{keys:?}");
    }
}

#[test]
fn a_case_keeps_to_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/schema/case.schema.json")).unwrap();
    let case = serde_json::to_value(sample::case()).unwrap();
    check(&schema, &schema, &case, "case");
}

/// Checks keys and plain types against the part of JSON Schema that our schemas use.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let part = root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name}"));
        return check(root, part, value, at);
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) {
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(object.contains_key(required), "{at} lacks {required}");
        }
        for (key, inner) in object {
            let part = properties.get(key).unwrap_or_else(|| panic!("{at}.{key} is not in the schema"));
            check(root, part, inner, &format!("{at}.{key}"));
        }
    } else if let Some(object) = value.as_object() {
        object.iter().for_each(|(key, inner)| {
            check(root, &schema["additionalProperties"], inner, &format!("{at}.{key}"))
        });
    }
    for inner in value.as_array().into_iter().flatten() {
        check(root, &schema["items"], inner, &format!("{at}[]"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(wanted) => assert_eq!(wanted, kind, "{at}"),
        Value::Array(wanted) => assert!(wanted.iter().any(|w| w == kind), "{at} is {kind}"),
        _ => {}
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value}");
    }
}

#[test]
fn the_timeline_has_what_timesketch_asks_for() {
    let (mut csv_bytes, mut json_bytes) = (Vec::new(), Vec::new());
    let mut csv = CsvTimeline::new(&mut csv_bytes).unwrap();
    let mut json = JsonTimeline::new(&mut json_bytes);
    let mut findings = sample::findings();
    findings[0].0.time = None;
    for (finding, incident) in &findings {
        csv.push(finding, *incident, &sample::origin).unwrap();
        json.push(finding, *incident, &sample::origin).unwrap();
    }
    let counted = TimelineCount { written: findings.len() as u64 - 1, left_out: 1 };
    assert_eq!((csv.finish().unwrap(), json.finish().unwrap()), (counted, counted));

    let text = String::from_utf8(csv_bytes).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    for column in ["message", "datetime", "timestamp_desc", "timestamp", "tag", "rule_author"] {
        assert!(header.contains(&column), "{column}");
    }
    let dates: BTreeSet<usize> =
        text.lines().skip(1).map(|line| line.split(",20").nth(1).unwrap().find("+00:00").unwrap()).collect();
    assert_eq!(dates.len(), 1, "one date format for the whole file");
    for line in String::from_utf8(json_bytes).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(["message", "datetime", "timestamp_desc"].iter().all(|key| row[key].is_string()), "{line}");
        assert!(row["timestamp"].is_i64() && row["tag"].is_array());
    }
}

#[test]
fn no_cell_of_the_timeline_begins_a_formula() {
    let (mut finding, incident) = sample::findings().swap_remove(3);
    finding.event = [("Computer", FORMULA), ("User", "@SUM(1)")]
        .into_iter()
        .map(|(field, text)| Fact { field, kind: Kind::Str, text })
        .collect();
    finding.rule = std::sync::Arc::new(model::RuleInfo {
        title: "+cmd|' /C calc'!A0".into(),
        author: "\t=1".into(),
        ..(*finding.rule).clone()
    });
    let mut bytes = Vec::new();
    let mut csv = CsvTimeline::new(&mut bytes).unwrap();
    csv.push(&finding, incident, &sample::origin).unwrap();
    csv.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let row = text.split_once('\n').unwrap().1;
    for cell in ["'+cmd", "'=HYPERLINK", "'@SUM", "'\t=1"] {
        assert!(row.contains(cell), "{row}");
    }
    assert!(
        !row.starts_with(['=', '+', '-', '@'])
            && [",=", ",+", ",-", ",@", ",\"=", ",\"+", ",\"@"].iter().all(|start| !row.contains(start)),
        "{row}"
    );
}

#[test]
fn a_report_shows_hostile_values_as_text() {
    let clean = report(&sample::case(), &tally(&sample::case()));
    for value in [SCRIPT, TERMINAL] {
        let (case, tally) = hostile(value);
        let page = report(&case, &tally);
        assert!(!page.contains("<script") && !page.contains("<img"), "a tag came through");
        assert!(
            !page.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "a control character came through"
        );
        assert!(!page.contains("\"&gt;&lt;img"), "a quotation mark came through");
    }
    assert!(clean.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the value is still shown");
    assert!(clean.contains("default-src 'none'"), "no script may run");
}

#[test]
fn a_report_needs_nothing_else() {
    let page = report(&sample::case(), &tally(&sample::case()));
    for outside in ["<script", "<link", "<iframe", "@import", "url(http", "src=\"http", "href=\"http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let sections: Vec<&str> =
        page.split("<section id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    assert_eq!(
        sections,
        ["timeline", "activity", "attack", "incidents", "exposure", "rules", "gaps", "evidence", "method"]
    );
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "ids are unique");
}

#[test]
fn a_report_of_nothing_or_of_very_much_is_still_a_page() {
    let quiet = sample::quiet_case();
    let page = report(&quiet, &Tally::new(&quiet));
    assert!(page.contains("No sign of an intrusion") && page.ends_with("</html>"));
    let empty = report(&Case::default(), &Tally::default());
    assert!(empty.ends_with("</html>"));

    let mut large = sample::case();
    let one = large.incidents[1].clone();
    large.incidents.extend((0..5_000).map(|n| model::Incident { id: format!("{n:016x}"), ..one.clone() }));
    let file = large.manifest.evidence[3].clone();
    large.manifest.evidence.extend(std::iter::repeat_n(file, 20_000));
    let page = report(&large, &tally(&large));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("manifest.json"));
}

#[test]
fn stix_objects_point_at_each_other_and_stay_the_same() {
    let case = sample::case();
    let text = stix(&case);
    assert_eq!(text, stix(&case), "the same case gives the same bytes");
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let ids: BTreeSet<&str> = objects.iter().filter_map(|object| object["id"].as_str()).collect();
    assert_eq!(ids.len(), objects.len(), "each id stands once");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for object in objects {
        *kinds.entry(object["type"].as_str().unwrap()).or_default() += 1;
        for (key, value) in object.as_object().unwrap() {
            let references: Vec<&Value> = match key.as_str() {
                key if key.ends_with("_ref") => vec![value],
                key if key.ends_with("_refs") => value.as_array().unwrap().iter().collect(),
                _ => continue,
            };
            assert!(references.iter().all(|id| ids.contains(id.as_str().unwrap())), "{key} of {object}");
        }
    }
    assert_eq!((kinds["incident"], kinds["grouping"], kinds["marking-definition"]), (2, 2, 1));
    assert_eq!(kinds["indicator"], 14, "the rule without a text has no indicator");
    let sighting = objects.iter().find(|o| o["type"] == "sighting" && o["count"] == 58).unwrap();
    assert_eq!(sighting["first_seen"], "2021-08-24T08:00:00.000Z");
}

#[test]
fn the_bundle_passes_the_validator_of_oasis() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, case) in
        [("plain", sample::case()), ("hostile", hostile(TERMINAL).0), ("quiet", sample::quiet_case())]
    {
        let path = folder.join(format!("{name}.stix.json"));
        std::fs::write(&path, stix(&case)).unwrap();
        let Ok(checked) = Command::new("stix2_validator").args(["--version", "2.1"]).arg(&path).output()
        else {
            println!("left out: the_bundle_passes_the_validator_of_oasis (stix2_validator is not installed)");
            return;
        };
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(
            checked.status.success() && said.contains("Valid") && !said.contains("[!]"),
            "{name}: {said}"
        );
    }
}

#[test]
fn the_layer_names_every_technique() {
    let mut out = Vec::new();
    write_navigator(&mut out, &sample::case()).unwrap();
    let layer: Value = serde_json::from_slice(&out).unwrap();
    let named: BTreeSet<&str> =
        layer["techniques"].as_array().unwrap().iter().filter_map(|t| t["techniqueID"].as_str()).collect();
    for technique in ["T1190", "T1505.003", "T1505", "T1110.003", "T1053.005"] {
        assert!(named.contains(technique), "{technique}");
    }
}
