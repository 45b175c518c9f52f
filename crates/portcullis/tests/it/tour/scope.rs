//! What is reported: levels, tags, exclusions, suppressions, times, and one focus.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::Step;
use crate::program::{Ran, evidence, file, folder, hunt, json, staged};

pub(super) const STEPS: &[Step] = &[
    ("--min-level: low if not given", levels),
    ("--tag and --exclude: by tag, id and title", tags_and_exclusions),
    ("--since and --until: together they are everything", times),
    ("--focus: all about one address", focus_on_an_address),
    ("--focus: all about one host", focus_on_a_host),
    ("--focus: all about one account, in any spelling", focus_on_an_account),
    ("--suppress: counted, never silently gone; an expired one says so", suppression),
    ("--suppress: a file that is wrong is said, before anything is read", wrong_suppression),
];

fn lines(options: &str) -> Vec<Value> {
    let ran = hunt(&evidence(), &format!("--format jsonl {options}"));
    assert!(ran.code <= 1, "{}", ran.err);
    assert_eq!(ran.code, i32::from(!ran.out.is_empty()), "{}", ran.err);
    ran.lines()
}

fn count(options: &str) -> usize {
    lines(options).len()
}

fn all() -> Vec<Value> {
    let text = fs::read_to_string(staged().join("case/findings.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn levels() {
    let of = |level: &str| all().iter().filter(|finding| finding["level"] == level).count();
    assert_eq!(count("--min-level critical"), of("critical"));
    assert_eq!(count("--min-level high"), of("critical") + of("high"));
    assert_eq!(count("--min-level low"), all().len());
    assert_eq!(of("informational"), 0);
    let ran = hunt(&evidence(), "--min-level grave");
    assert!(ran.code == 2 && ran.err.contains("--min-level"), "{}", ran.err);
}

fn tags_and_exclusions() {
    let findings = all();
    let tag = "attack.t1505.003";
    let tagged =
        findings.iter().filter(|finding| finding["rule"]["tags"].as_array().unwrap().contains(&tag.into()));
    let tagged = tagged.count();
    assert!(tagged > 0 && tagged < findings.len());
    assert_eq!(count(&format!("--tag {tag}")), tagged);
    assert_eq!(count(&format!("--exclude {tag}")), findings.len() - tagged);
    let id = findings[0]["rule"]["id"].as_str().unwrap();
    let same = findings.iter().filter(|finding| finding["rule"]["id"] == id).count();
    assert_eq!(count(&format!("--exclude {id}")), findings.len() - same);
    let title = findings[0]["rule"]["title"].as_str().unwrap().to_owned();
    let words =
        ["hunt".into(), evidence().display().to_string(), "--format=jsonl".into(), "--exclude".into(), title];
    assert_eq!(crate::program::run(&words).lines().len(), findings.len() - same);
}

fn times() {
    let total = all().len();
    // A correlation whose window spans the cut can be on either side or on none.
    let rules = |findings: Vec<Value>| findings.iter().filter(|finding| finding["kind"] == "rule").count();
    let whole = rules(all());
    assert_eq!(rules(lines("--until 2021-10-28")) + rules(lines("--since 2021-10-28")), whole);
    assert!(count("--since 2021-10-28T09:00:00Z --until 2021-10-28T18:00:00Z") < total);
    assert_eq!(count("--since 2023-06-01"), 0);
}

/// Every finding that a focus on `value` gives, after it was made sure that each names the value.
fn focused(value: &str) -> Vec<Value> {
    let findings = lines(&format!("--focus {value}"));
    assert!(findings.iter().any(|finding| finding["rule"]["title"] == format!("Names {value}")));
    for finding in &findings {
        let event = finding["event"].to_string().to_lowercase();
        let about = finding["kind"] == "correlation" || event.contains(&value.to_lowercase());
        assert!(about, "not about {value}: {finding}");
    }
    findings
}

fn focus_on_an_address() {
    let truth = json(&staged().join("truth.json"));
    let address = truth["addresses"][0].as_str().unwrap();
    let findings = focused(address);
    assert!(findings.iter().any(|finding| finding["level"] == "high"), "{}", findings.len());
    // What a focus names is not a part of a longer address.
    let (start, _) = address.split_at(address.len() - 1);
    let shorter = lines(&format!("--focus {start}"));
    assert!(!shorter.iter().any(|finding| finding["event"].to_string().contains(&format!("\"{address}\""))
        && !finding["event"].to_string().contains(&format!("\"{start}\""))));
}

fn focus_on_a_host() {
    let truth = json(&staged().join("truth.json"));
    let host = truth["hosts"]["FS"].as_str().unwrap();
    let upper = focused(host);
    let lower = focused(&host.to_lowercase());
    assert_eq!(upper.len(), lower.len());
}

fn focus_on_an_account() {
    let truth = json(&staged().join("truth.json"));
    let account = truth["accounts"][0].as_str().unwrap();
    assert!(focused(account).iter().any(|finding| finding["kind"] == "rule"));
}

fn suppressed(entries: &[(&str, &str, &str)]) -> Ran {
    let mut text = String::new();
    for (rule, reason, expires) in entries {
        let _ =
            writeln!(text, "[[suppress]]\nrule = \"{rule}\"\nreason = \"{reason}\"\nexpires = \"{expires}\"");
    }
    let file = file(&folder("suppressed"), "known.toml", text);
    let out = file.with_file_name("case");
    hunt(&evidence(), &format!("--suppress {} --output {}", file.display(), out.display()))
}

fn suppression() {
    let findings = all();
    let of = |id: &Value| findings.iter().filter(|finding| &finding["rule"]["id"] == id).count();
    let rules: Vec<&Value> = findings.iter().filter(|f| f["kind"] == "rule").map(|f| &f["rule"]).collect();
    let first = rules[0];
    let second = rules.iter().find(|rule| rule["id"] != first["id"]).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ran = suppressed(&[
        (&text(&first["id"]), "drill", "2999-01-01"),
        (&text(&second["title"]), "ticket-7", "2020-01-01"),
    ]);
    let count = of(&first["id"]);
    assert!(ran.out.contains(&format!("suppressed: {count} findings (drill)")), "{}", ran.out);
    assert!(ran.err.contains("the suppression “ticket-7” has expired and does not count"), "{}", ran.err);
    let case = crate::program::place("suppressed/case");
    assert_eq!(json(&case.join("case.json"))["suppressed"]["drill"], count);
    let setting = json(&case.join("manifest.json"))["settings"]["suppress"].clone();
    assert_eq!(setting.as_str().unwrap().len(), 64, "{setting}");
    let left = fs::read_to_string(case.join("findings.jsonl")).unwrap();
    assert_eq!(left.lines().count(), findings.len() - count);
    assert!(left.contains(&text(&second["id"])) && !left.contains(&text(&first["id"])));
    assert!(fs::read_to_string(case.join("report.html")).unwrap().contains("drill"));
}

fn wrong_suppression() {
    let dir = folder("wrong-suppression");
    for (text, said) in [
        ("[[suppress]]\nreason = \"x\"\nexpires = \"soon\"\n", "suppression 1 (“x”)"),
        ("[[suppress]]\nrule = \"x\"\nexpires = \"2999-01-01\"\n", "reason"),
        ("[[suppress]]\nreason = \"x\"\nexpires = \"2999-01-01\"\nrlue = \"y\"\n", "rlue"),
    ] {
        let path = file(&dir, "known.toml", text);
        let ran = hunt(&dir, &format!("--suppress {}", path.display()));
        assert!(ran.code == 2 && ran.err.contains(said) && ran.out.is_empty(), "{}: {}", ran.code, ran.err);
    }
    assert_eq!(hunt(&dir, "--suppress /no/such/file").code, 2);
}
