use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

/// The program, away from the user's cache and without colours.
fn portcullis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env("NO_COLOR", "1").env("XDG_CACHE_HOME", staged().join("cache"));
    command
}

fn run(args: &[&str]) -> Output {
    portcullis().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One exercise for all tests: staged, hunted and scored once.
fn staged() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tour");
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let out = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .env("XDG_CACHE_HOME", dir.join("cache"))
            .args(["exercise", "run", "commission", "--seed", "5", "--scale", "0.01", "--out"])
            .arg(dir.join("run"))
            .output()
            .unwrap();
        fs::write(dir.join("answer.txt"), &out.stdout).unwrap();
        fs::write(dir.join("code"), format!("{:?} {}", out.status.code(), text(&out.stderr))).unwrap();
        dir
    })
}

fn evidence() -> String {
    staged().join("run/evidence").display().to_string()
}

fn read(path: &str) -> String {
    fs::read_to_string(staged().join(path)).unwrap()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

fn folder(name: &str) -> String {
    let dir = staged().join(name);
    let _ = fs::remove_dir_all(&dir);
    dir.display().to_string()
}

#[test]
fn the_staged_incident_is_found() {
    let score = json("run/score.json");
    assert!(score["records"]["recall"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert!(score["records"]["precision"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert!(score["incidents"]["main"].as_f64().unwrap() >= 0.95, "{score:#}");
    assert_eq!(score["first_seen"]["truth"], score["first_seen"]["found"], "{score:#}");
    assert!(score["exposure"]["recall"].as_f64().unwrap() >= 1.0, "{score:#}");
    assert!(read("code").starts_with("Some(0)"), "{}", read("code"));
}

#[test]
fn every_output_is_written() {
    let case = json("run/case/case.json");
    assert_eq!(case["schema"], 1);
    assert!(!case["gaps"].as_array().unwrap().is_empty());
    let lines = read("run/case/findings.jsonl");
    let wanted = ["id", "kind", "time", "level", "rule", "evidence", "event", "matched"];
    for line in lines.lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        let keys: BTreeSet<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(wanted.iter().all(|key| keys.contains(key)), "{line}");
        if finding["kind"] == "correlation" {
            assert!(
                finding["events_total"].as_u64().unwrap() >= 1 && finding["window"]["first"].is_string(),
                "{line}"
            );
        }
    }
    assert!(read("run/case/timeline.csv").lines().next().unwrap().contains("timestamp_desc"));
    assert_eq!(read("run/case/timeline.jsonl").lines().count(), lines.lines().count());
    assert!(!json("run/case/navigator.json")["techniques"].as_array().unwrap().is_empty());
    assert_eq!(json("run/case/case.stix.json")["type"], "bundle");
    assert!(json("run/case/manifest.json")["rules_sha256"].as_str().unwrap().len() == 64);
    let report = read("run/case/report.html");
    assert!(report.starts_with("<!DOCTYPE html>") && !report.contains("<script src"));
}

#[test]
fn the_answer_is_the_same_for_any_number_of_threads_and_after_a_kill() {
    let parts = folder("parts");
    let hunt = |name: &str, options: &[&str]| {
        let out = folder(name);
        let code =
            portcullis().arg("hunt").arg(evidence()).args(["--output", &out]).args(options).output().unwrap();
        assert_eq!(code.status.code(), Some(1), "{}", text(&code.stderr));
        out
    };
    let one = hunt("one", &["--threads", "1"]);
    let two = hunt("two", &["--threads", "2"]);
    // Killed at several points; what was finished by then is taken up.
    for millis in [40, 120, 250, 500] {
        let mut child = portcullis()
            .args(["hunt", &evidence(), "--resume", &parts])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let resumed = hunt("resumed", &["--resume", &parts]);
    let kept = hunt("kept", &["--resume", &parts]);
    assert!(fs::read_dir(&parts).unwrap().count() > 10);
    for entry in fs::read_dir(&one).unwrap() {
        let name = entry.unwrap().file_name();
        let first = fs::read(Path::new(&one).join(&name)).unwrap();
        for other in [&two, &resumed, &kept] {
            assert!(
                first == fs::read(Path::new(other).join(&name)).unwrap(),
                "{} in {other}",
                name.display()
            );
        }
    }
}

#[test]
fn a_hunt_that_finds_nothing_explains_itself() {
    let dir = staged().join("quiet");
    fs::create_dir_all(&dir).unwrap();
    fs::write(
        dir.join("u_ex.log"),
        "#Fields: date time s-ip cs-method cs-uri-stem sc-status\n\
         2021-08-24 09:00:00 10.0.0.5 GET /index.html 200\n",
    )
    .unwrap();
    let out = run(&["hunt", &dir.display().to_string()]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    // Broken over lines as the width asks for.
    let answer = text(&out.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(answer.contains("No sign of an intrusion"), "{answer}");
    assert!(answer.contains("1 records of"), "{answer}");
    assert!(answer.contains("rules could apply"), "{answer}");
    assert!(answer.contains("fields that no record carries: "), "{answer}");
}

#[test]
fn findings_are_filtered_suppressed_and_focused() {
    let all = run(&["hunt", &evidence(), "--format", "jsonl"]);
    assert_eq!(all.status.code(), Some(1));
    let findings: Vec<Value> =
        text(&all.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |options: &[&str]| {
        let out =
            portcullis().args(["hunt", &evidence(), "--format", "jsonl"]).args(options).output().unwrap();
        text(&out.stdout).lines().count()
    };
    let critical = findings.iter().filter(|finding| finding["level"] == "critical").count();
    assert_eq!(count(&["--min-level", "critical"]), critical);
    let tagged = count(&["--tag", "attack.t1505.003"]);
    assert!(tagged > 0 && tagged < findings.len());
    assert_eq!(tagged + count(&["--exclude", "attack.t1505.003"]), findings.len());
    assert_eq!(count(&["--until", "2021-08-01"]) + count(&["--since", "2021-08-01"]), findings.len());
    assert_eq!(count(&["--since", "2023-06-01"]), 0);

    let rule = findings.iter().find(|finding| finding["kind"] == "rule").unwrap();
    let same = findings.iter().filter(|finding| finding["rule"]["id"] == rule["rule"]["id"]).count();
    let file = staged().join("suppress.toml");
    let id = rule["rule"]["id"].as_str().unwrap();
    fs::write(
        &file,
        format!("[[suppress]]\nrule = \"{id}\"\nreason = \"drill\"\nexpires = \"2999-01-01\"\n"),
    )
    .unwrap();
    let out = run(&["hunt", &evidence(), "--suppress", &file.display().to_string()]);
    assert!(
        text(&out.stdout).contains(&format!("suppressed: {same} findings (drill)")),
        "{}",
        text(&out.stdout)
    );
    fs::write(
        &file,
        format!("[[suppress]]\nrule = \"{id}\"\nreason = \"drill\"\nexpires = \"2020-01-01\"\n"),
    )
    .unwrap();
    assert_eq!(count(&["--suppress", &file.display().to_string()]), findings.len());

    let truth = json("run/truth.json");
    let address = truth["addresses"][0].as_str().unwrap();
    let focused = run(&["hunt", &evidence(), "--focus", address, "--format", "jsonl"]);
    let lines = text(&focused.stdout);
    assert!(lines.lines().any(|line| line.contains("\"mention\"")), "{lines}");
    for line in lines.lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        let about = finding["kind"] == "correlation" || finding["event"].to_string().contains(address);
        assert!(about, "{line}");
    }
}

#[test]
fn clocks_zones_and_years_are_corrected() {
    let dir = staged().join("clock");
    fs::create_dir_all(&dir).unwrap();
    let log = dir.join("messages");
    fs::write(
        &log,
        "Aug 24 10:00:00 nas01 sshd[9]: Failed password for invalid user a from 203.0.113.7 port 22 ssh2\n",
    )
    .unwrap();
    let first = |options: &[&str]| {
        let out = folder("clocked");
        portcullis().arg("hunt").arg(&log).args(["--output", &out]).args(options).output().unwrap();
        let manifest: Value =
            serde_json::from_str(&fs::read_to_string(format!("{out}/manifest.json")).unwrap()).unwrap();
        manifest["evidence"][0]["first"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(first(&["--year", "2021"]), "2021-08-24T10:00:00Z");
    assert_eq!(first(&["--year", "2021", "--zone", "Europe/London"]), "2021-08-24T09:00:00Z");
    assert_eq!(first(&["--year", "2021", "--clock", "messages=-90"]), "2021-08-24T09:58:30Z");
}

#[test]
fn rules_are_checked_listed_and_explained() {
    let dir = staged().join("rules");
    fs::create_dir_all(&dir).unwrap();
    let rule = dir.join("page.yml");
    fs::write(
        &rule,
        "title: A page\nid: 5d3f6f2e-6d6c-4b3e-9d51-111111111111\nlogsource: {category: webserver}\n\
         detection:\n  s:\n    cs-uri-stem|endswith: .aspx\n  condition: s\nlevel: high\n",
    )
    .unwrap();
    fs::write(
        dir.join("wrong.yml"),
        "title: Wrong\nlogsource: {category: webserver}\ndetection:\n  s:\n    a|re: '(?=x)'\n  condition: s\n",
    )
    .unwrap();
    fs::write(dir.join("notes.yml"), "just: notes\n").unwrap();
    let path = dir.display().to_string();
    let check = run(&["rules", "check", &path]);
    assert_eq!(check.status.code(), Some(1));
    let said = text(&check.stdout);
    assert!(said.contains("wrong.yml:5: error: Wrong: regular expression"), "{said}");
    assert!(said.contains("notes.yml:1: note: skipped"), "{said}");
    let list = run(&["rules", "list", "--no-builtin", "--rules", &path, "--json"]);
    let line: Value = serde_json::from_str(text(&list.stdout).lines().next().unwrap()).unwrap();
    assert_eq!((line["title"].as_str(), line["level"].as_str()), (Some("A page"), Some("high")));
    assert!(text(&run(&["rules", "list"]).stdout).lines().count() > 60);

    let log = dir.join("u_ex.log");
    fs::write(
        &log,
        "#Fields: date time cs-method cs-uri-stem sc-status\n2021-08-24 09:00:00 POST /x.aspx 200\n\
         2021-08-24 09:00:01 GET /x.html 200\n",
    )
    .unwrap();
    let test = run(&["rules", "test", &rule.display().to_string(), &log.display().to_string()]);
    let said = text(&test.stdout);
    assert_eq!(test.status.code(), Some(1), "{said}{}", text(&test.stderr));
    assert!(
        said.contains("holds") && said.contains("does not hold") && said.contains("endswith .aspx"),
        "{said}"
    );

    let hunt =
        run(&["hunt", &log.display().to_string(), "--no-builtin", "--rules", &path, "--format", "jsonl"]);
    assert_eq!(text(&hunt.stdout).lines().count(), 1);
    assert!(text(&hunt.stderr).contains("1 rules could not be loaded"), "{}", text(&hunt.stderr));
}

#[test]
fn errors_say_what_why_and_what_to_do() {
    for (args, code, part) in [
        (&["hunt", "/no/such/place"][..], 3, "nothing could be read"),
        (&["hunt", ".", "--rules", "/no/such/rules"], 2, "there are no rules at"),
        (&["hunt", ".", "--zone", "Mars/North"], 2, "is no time zone"),
        (&["hunt", ".", "--since", "yesterday"], 2, "is not a time"),
        (&["hunt"], 2, "PATH"),
        (&["exercise", "stage", "nothing", "--out", "/tmp/portcullis-no-such"], 2, "exercise"),
        (&["exercise", "score", "/no/such", "/no/such"], 3, "could not be scored"),
    ] {
        let out = run(args);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {}", text(&out.stderr));
        assert!(text(&out.stderr).contains(part), "{args:?}: {}", text(&out.stderr));
    }
}

#[test]
fn a_full_disk_is_an_error_of_one_line() {
    if !Path::new("/dev/full").exists() {
        println!("left out: this system has no /dev/full");
        return;
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let out = portcullis().args(["hunt", &evidence(), "--format", "jsonl"]).stdout(full).output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("cannot write"), "{}", text(&out.stderr));
}

#[test]
fn problems_are_counted_and_only_strict_makes_them_an_error() {
    let dir = staged().join("torn");
    fs::create_dir_all(&dir).unwrap();
    let mut torn = b"PK\x03\x04".to_vec();
    torn.extend([0; 60]);
    fs::write(dir.join("torn.zip"), torn).unwrap();
    fs::write(dir.join("u_ex.log"), "#Fields: date time cs-method\n2021-08-24 09:00:00 GET\n").unwrap();
    let path = dir.display().to_string();
    let out = run(&["hunt", &path]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("problems in single inputs"), "{}", text(&out.stderr));
    assert_eq!(run(&["hunt", &path, "--strict"]).status.code(), Some(3));
}

#[test]
fn pages_for_shells_and_readers() {
    assert!(text(&run(&["completions", "bash"]).stdout).contains("portcullis"));
    let man = folder("man");
    fs::create_dir_all(&man).unwrap();
    assert!(run(&["manual", &man]).status.success());
    assert!(fs::read_to_string(format!("{man}/portcullis-hunt.1")).unwrap().contains("Examples"));
    assert!(text(&run(&["exercise", "list"]).stdout).contains("commission"));
}
