//! What a person reads first: the answer, its gaps, and why nothing was found.

use std::fs;

use super::Step;
use crate::program::{evidence, file, folder, hunt, json, portcullis, staged, w3c};

pub(super) const STEPS: &[Step] = &[
    ("the answer says since when, what is exposed, what to look at first", the_answer_says_it),
    ("--detected: dwell time counts until then", dwell_time),
    ("gaps in the evidence are named", gaps_are_named),
    ("a hunt that finds nothing explains itself", nothing_is_explained),
    ("NO_COLOR and pipes: no colours; else colours", colours),
];

fn the_answer_says_it() {
    let answer = fs::read_to_string(staged().join("answer.txt")).unwrap();
    let answer = answer.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "signs of an intrusion at least since 24 August 2021",
        "this is exposed",
        "Look first at “",
        "Incident 1 [critical]",
        "stages: initial-access",
        "hosts: ",
        "accounts: ",
        "mailboxes: ",
        "addresses: ",
        "exposed: ",
        "could have been noticed: 2021-08-24",
        "level findings rule",
    ] {
        assert!(answer.contains(part), "no “{part}” in: {answer}");
    }
    let case = json(&staged().join("case/case.json"));
    let main = &case["incidents"][0];
    assert_eq!(main["first"], json(&staged().join("truth.json"))["first_seen"]);
    assert!((1..=10).contains(&main["key"].as_array().unwrap().len()), "{main:#}");
    for list in ["hosts", "accounts", "mailboxes", "addresses", "files", "links", "stages", "exposure"] {
        assert!(!main[list].as_array().unwrap().is_empty(), "{list}");
    }
    for exposure in main["exposure"].as_array().unwrap() {
        assert!(!exposure["findings"].as_array().unwrap().is_empty(), "without its evidence: {exposure}");
    }
}

fn dwell_time() {
    let out = folder("detected");
    let dwell = |options: &str| {
        hunt(&evidence(), &format!("--min-level critical --output {} {options}", out.display()));
        let case = json(&out.join("case.json"));
        (case["detected_given"].as_bool().unwrap(), case["incidents"][0]["dwell_days"].as_i64().unwrap())
    };
    let (given, until_detected) = dwell("--detected 2022-10-15");
    assert!(given && until_detected > 400, "{until_detected}");
    assert_eq!(dwell("--detected 2022-10-25"), (true, until_detected + 10));
    assert!(!dwell("").0);
}

fn gaps_are_named() {
    let case = json(&staged().join("case/case.json"));
    let gaps = case["gaps"].as_array().unwrap();
    let iis = gaps.iter().find(|gap| gap["source"].as_str().unwrap().ends_with("iis")).unwrap();
    assert!(iis["from"].as_str().unwrap().starts_with("2021-09-02"), "{iis}");
    assert!(iis["until"].as_str().unwrap().starts_with("2021-09-20"), "{iis}");
    let answer = fs::read_to_string(staged().join("answer.txt")).unwrap();
    assert!(answer.contains("records between 2021-09-02 and 2021-09-20"), "{answer}");
}

fn nothing_is_explained() {
    let dir = folder("quiet");
    file(&dir, "u_ex.log", w3c(&["GET /index.html"]));
    file(&dir, "hive", [&b"regf"[..], &[1, 0, 0x80, 0xff].repeat(200)].concat());
    let ran = hunt(&dir, "");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answer = ran.answer();
    for part in [
        "No sign of an intrusion",
        "There is 1 source that could only be read in part.",
        "no proof of absence",
        "u_ex.log: 1 record of windows / webserver / iis",
        "rules could apply; fields that no record carries: ",
        "hive: no records (unknown)",
    ] {
        assert!(answer.contains(part), "no “{part}” in: {answer}");
    }
}

fn colours() {
    let dir = folder("colours");
    let log = file(&dir, "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let plain = hunt(&log, "");
    assert!(plain.code == 1 && !plain.out.contains('\u{1b}'), "{}", plain.out);
    let forced = portcullis()
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .arg("hunt")
        .arg(&log)
        .output()
        .unwrap();
    assert!(forced.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&forced.stdout));
    let piped = portcullis().env_remove("NO_COLOR").arg("hunt").arg(&log).output().unwrap();
    assert!(!piped.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&piped.stdout));
}
