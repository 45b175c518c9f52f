//! `exercise list`, `stage`, `run`, `score`.

use std::fs;

use super::Step;
use crate::program::{evidence, folder, json, run, staged};

pub(super) const STEPS: &[Step] = &[
    ("exercise run: the staged incident is found", the_incident_is_found),
    ("exercise list, stage: the same seed gives the same evidence", staging_is_repeatable),
    ("exercise score: findings of a plain hunt are scored", findings_are_scored),
    ("exercise run with other rules: the score says what they miss", other_rules),
    ("exercise: what holds something else is not emptied", what_is_not_ours_stays),
];

fn the_incident_is_found() {
    let score = json(&staged().join("score.json"));
    assert!(score["records"]["recall"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert!(score["records"]["precision"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert!(score["incidents"]["main"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert_eq!(score["first_seen"]["truth"], score["first_seen"]["found"], "{score:#}");
    assert!(score["exposure"]["recall"].as_f64().unwrap() >= 1.0, "{score:#}");
}

fn staging_is_repeatable() {
    let list = run(&["exercise", "list"]);
    assert!(list.code == 0 && list.out.contains("commission"), "{}", list.out);
    let dir = folder("again");
    let out = dir.display().to_string();
    let words = ["exercise", "stage", "commission", "--seed", "5", "--scale", "0.01", "--out", &out];
    assert_eq!(run(&words).code, 0);
    assert_eq!(fs::read(staged().join("truth.json")).unwrap(), fs::read(dir.join("truth.json")).unwrap());
    let truth = json(&dir.join("truth.json"));
    for record in truth["records"]["hostile"].as_array().unwrap().iter().step_by(97) {
        // A member of an archive is named with the archive in front.
        let path = record["path"].as_str().unwrap().split('!').next().unwrap();
        assert_eq!(
            fs::read(dir.join("evidence").join(path)).unwrap(),
            fs::read(evidence().join(path)).unwrap(),
            "{path}"
        );
    }
    // Once more into the same folder: what an exercise left there is replaced.
    assert_eq!(run(&["exercise", "stage", "commission", "--scale", "0.01", "--out", &out]).code, 0);
    assert_ne!(fs::read(staged().join("truth.json")).unwrap(), fs::read(dir.join("truth.json")).unwrap());
}

fn findings_are_scored() {
    let dir = folder("scored");
    let staged = staged().display().to_string();
    let whole = fs::read(format!("{staged}/case/findings.jsonl")).unwrap();
    fs::write(dir.join("findings.jsonl"), &whole).unwrap();
    fs::copy(format!("{staged}/case/case.json"), dir.join("case.json")).unwrap();
    let findings = dir.join("findings.jsonl").display().to_string();
    let all = run(&["exercise", "score", &staged, &findings]);
    assert_eq!(all.code, 0, "{}{}", all.out, all.err);
    assert_eq!(json(&dir.join("score.json")), json(&crate::program::staged().join("score.json")));
    // Every second finding is as if half the rules were missing: the goal is not met.
    let half: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').step_by(2).collect();
    fs::write(dir.join("findings.jsonl"), half.concat()).unwrap();
    let part = run(&["exercise", "score", &staged, &findings]);
    assert_eq!(part.code, 1, "{}{}", part.out, part.err);
    assert!(part.out.contains("not fully found"), "{}", part.out);
}

fn other_rules() {
    let dir = folder("other-rules");
    let rules = dir.join("rules");
    fs::create_dir_all(&rules).unwrap();
    let text = "title: Known tool\nid: 5d3f6f2e-6d6c-4b3e-9d51-000000000077\nlogsource: {category: webserver}\n\
                detection:\n  s:\n    cs-uri-stem|expand: '%pages%'\n  condition: s\nlevel: high\n";
    fs::write(rules.join("known.yml"), text).unwrap();
    let values = dir.join("values.toml");
    fs::write(&values, "pages = [\"/autodiscover/autodiscover.json\"]\n").unwrap();
    let (out, rules, values) =
        (dir.join("out").display().to_string(), rules.display().to_string(), values.display().to_string());
    let exercise = ["exercise", "run", "commission", "--seed", "5", "--scale", "0.01", "--out", &out];
    let with = ["--no-builtin", "--rules", &rules, "--placeholders", &values];
    let ran = run(&[&exercise[..], &with].concat());
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let recall = json(&dir.join("out/score.json"))["records"]["recall"].as_f64().unwrap();
    assert!(recall > 0.0 && recall < 0.5, "{recall}");
}

fn what_is_not_ours_stays() {
    let dir = folder("not-ours");
    fs::write(dir.join("thesis.txt"), "years of work").unwrap();
    let ran = run(&["exercise", "stage", "commission", "--out", &dir.display().to_string()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not empty and holds no exercise"), "{}", ran.err);
    assert!(dir.join("thesis.txt").exists());
}
