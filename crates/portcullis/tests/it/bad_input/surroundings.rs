//! What is around a hunt: the disk that it writes to, its reader, its rules and other files.

use std::fs;

use crate::program::{evidence, file, folder, hunt, portcullis, rule, run, w3c};

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let log = file(&folder("bad/full"), "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for format in ["text", "jsonl"] {
        let mut command = portcullis();
        command.arg("hunt").arg(&log).args(["--format", format]).stdout(full.try_clone().unwrap());
        let output = command.output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{format}: {err}");
        assert!(err.contains("cannot write") && !err.contains("panicked"), "{err}");
    }
    for name in [
        "case.json",
        "case.stix.json",
        "findings.jsonl",
        "manifest.json",
        "navigator.json",
        "report.html",
        "timeline.csv",
        "timeline.jsonl",
    ] {
        let case = folder("bad/full/case");
        std::os::unix::fs::symlink("/dev/full", case.join(name)).unwrap();
        let ran = hunt(&log, &format!("--output {}", case.display()));
        assert_eq!(ran.code, 3, "{name}: {}", ran.err);
        assert!(ran.err.contains("cannot write") && ran.err.contains("No space left"), "{name}: {}", ran.err);
    }
    for words in [
        &["completions", "bash"][..],
        &["rules", "list"],
        &["rules", "list", "--json"],
        &["exercise", "list"],
    ] {
        let output = portcullis().args(words).stdout(full.try_clone().unwrap()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && err.contains("cannot write"), "{words:?}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let evidence = evidence();
    for words in
        [&["hunt", &evidence.display().to_string(), "--format", "jsonl"][..], &["rules", "list", "--json"]]
    {
        let mut child = portcullis()
            .args(words)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(0) && !err.contains("panicked"),
            "{words:?}: {:?} {err}",
            output.status
        );
    }
}

#[test]
fn rules_that_would_take_forever() {
    let dir = folder("bad/rules");
    let log = file(&dir, "u_ex.log", w3c(&[&format!("GET /{}!", "a".repeat(50_000))]));
    let rules = folder("bad/rules/own");
    file(&rules, "steep.yml", rule("Steep", "1", "cs-uri-stem|re: '^/(a+)+$'"));
    file(&rules, "huge.yml", rule("Huge", "2", "cs-uri-stem|re: '((a{1000}){1000}){1000}'"));
    file(&rules, "ahead.yml", rule("Ahead", "3", "cs-uri-stem|re: '(?=a)a'"));
    file(
        &rules,
        "deep.yml",
        rule("Deep", "4", "cs-uri-stem: /x")
            .replace("condition: s", &format!("condition: {}s{}", "(".repeat(30_000), ")".repeat(30_000))),
    );
    file(
        &rules,
        "not.yml",
        rule("Not", "5", "cs-uri-stem: /x")
            .replace("condition: s", &format!("condition: {}s", "not ".repeat(16_000))),
    );
    file(
        &rules,
        "nest.yml",
        rule("Nest", "6", &format!("cs-uri-stem: {}{}", "[".repeat(2_000), "]".repeat(2_000))),
    );
    let laughs: String =
        (1..30).map(|n| format!("  l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 9].join(","))).collect();
    file(
        &rules,
        "laughs.yml",
        format!("title: Laughs\ndetection:\n  l0: &l0 [x]\n{laughs}  condition: l29\n"),
    );
    let ran = hunt(&log, &format!("--no-builtin --rules {} --format jsonl", rules.display()));
    assert!(ran.code == 0, "{}: {}", ran.code, ran.err);
    assert!(ran.err.contains("rules could not be loaded"), "{}", ran.err);
    let check = run(&["rules", "check", &rules.display().to_string()]);
    for name in ["huge.yml", "ahead.yml", "deep.yml", "laughs.yml"] {
        assert!(
            check.out.lines().any(|line| line.contains(name) && line.contains("error")),
            "{name}: {}",
            check.out
        );
    }
}

#[test]
fn what_the_command_line_names_may_be_broken_too() {
    let dir = folder("bad/named");
    let log = file(&dir, "u_ex.log", w3c(&["GET /x.aspx"]));
    let bytes = file(&dir, "bytes", [0xff, 0xfe, 0x00, 0x80, 0x1b].repeat(1000));
    let deep = file(&dir, "deep.json", "[".repeat(100_000));
    for (option, codes) in [("--suppress", 2), ("--placeholders", 2), ("--indicators", 2)] {
        for path in [&bytes, &deep] {
            let ran = hunt(&log, &format!("{option} {}", path.display()));
            assert_eq!(ran.code, codes, "{option} {}: {}{}", path.display(), ran.out, ran.err);
            assert!(ran.err.contains("error: ") && !ran.err.contains("panicked"), "{}", ran.err);
        }
    }
    let occupied = hunt(&log, &format!("--output {}", bytes.display()));
    assert!(occupied.code == 3 && occupied.err.contains("cannot make the folder"), "{}", occupied.err);
}
