//! `mail inspect`, `neutralise`, `facts`; what a hunt is told of mail; messages delivered to many mailboxes.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::Step;
use crate::program::{file, folder, hunt, portcullis, run};

pub(super) const STEPS: &[Step] = &[
    ("mail facts: text and --json list the same", facts),
    ("mail inspect: facts, what lies in a message, rules", inspect),
    ("mail inspect: institution, trusted results, rules and placeholders", inspect_for_somebody),
    ("mail neutralise: to a file and through a pipe", neutralise),
    ("mail neutralise: links lead through a signed notice", notice),
    ("hunt --institution --authserv-id --history", hunt_with_mail),
    ("exercise mailboxes, stage --difficulty", mailboxes),
];

const MESSAGE: &str = "Received: from mx.press.example (mx.press.example [192.0.2.25]) by mx.parl.example; Wed, 25 Mar 2026\r\n\
    \t12:00:00 +0000\r\nAuthentication-Results: mx.parl.example; spf=pass smtp.mailfrom=press.example; dkim=none\r\n\
    From: Jane Doe <jane@press.example>\r\nTo: mp@parl.example\r\nSubject: A question\r\nDate: Wed, 25 Mar 2026 12:00:00 +0000\r\n\
    Message-ID: <1@press.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Dear colleague</p>\r\n\
    <img src=\"https://img.press.example/o?t=4f9a81c2\" width=1 height=1><a href=\"https://press.example/read\">read</a>\r\n";

fn message() -> String {
    file(&folder("mail"), "one.eml", MESSAGE).display().to_string()
}

fn facts() {
    let text = run(&["mail", "facts"]);
    assert_eq!(text.code, 0, "{}", text.err);
    let all = run(&["mail", "facts", "--json"]).lines();
    assert_eq!(all.len(), text.out.lines().count());
    for (fact, line) in all.iter().zip(text.out.lines()) {
        let name = fact["name"].as_str().unwrap();
        assert!(line.starts_with(name) && !fact["meaning"].as_str().unwrap().is_empty(), "{line}");
    }
    assert!(all.len() > 50, "{}", all.len());
}

fn inspect() {
    let message = message();
    let text = run(&["mail", "inspect", &message]);
    assert!(text.code <= 1 && text.out.contains("img.press.example"), "{}{}", text.out, text.err);
    let json = run(&["mail", "inspect", "--format", "json", &message]);
    let one = &json.lines()[0];
    assert_eq!(json.code, i32::from(!one["rules"].as_array().unwrap().is_empty()));
    assert_eq!(one["beacons"][0]["host"], "img.press.example", "{one:#}");
    assert_eq!(one["links"][0]["host"], "press.example", "{one:#}");
    assert_eq!(run(&["mail", "inspect", "nowhere.eml"]).code, 3);
}

fn inspect_for_somebody() {
    let dir = folder("mail-known");
    let message = message();
    let known = "domains = [\"parl.example\"]\n[[people]]\nname = \"Jane Doe\"\naddresses = [\"jane.doe@parl.example\"]\n";
    let institution = file(&dir, "institution.toml", known).display().to_string();
    let rules = file(&dir, "named.yml", RULE).display().to_string();
    let who = file(&dir, "who.toml", "wanted = [\"jane@press.example\"]\n").display().to_string();
    let words =
        ["mail", "inspect", "--format", "json", "--no-builtin", "--rules", &rules, "--placeholders", &who];
    let plain = run(&[&words[..], &[&message]].concat());
    assert_eq!(plain.code, 1, "{}", plain.err);
    let plain = &plain.lines()[0];
    assert_eq!(plain["rules"][0]["title"], "From somebody wanted", "{plain:#}");
    assert!(plain["facts"]["mail.auth.spf"].is_null(), "nobody's results are believed: {plain:#}");
    let more = ["--institution", &institution, "--authserv-id", "mx.parl.example", &message];
    let told = run(&[&words[..], &more].concat());
    let told = &told.lines()[0];
    assert_eq!(told["facts"]["mail.auth.spf"], "pass", "{told:#}");
    assert!(told["facts"].to_string().contains("Jane Doe"), "{told:#}");
    let wrong = file(&dir, "wrong.toml", "domain = 1\n").display().to_string();
    let ran = run(&["mail", "inspect", "--institution", &wrong, &message]);
    assert!(ran.code == 2 && ran.err.contains("wrong.toml"), "{}", ran.err);
}

const RULE: &str = "title: From somebody wanted\nid: 5d3f6f2e-6d6c-4b3e-9d51-00000000a001\nlogsource:\n    product: mail\n    \
    category: mail\ndetection:\n    selection:\n        mail.from.address|expand: '%wanted%'\n    condition: selection\nlevel: high\n";

fn neutralise() {
    let dir = folder("mail-safe");
    let message = message();
    let out = dir.join("safe.eml");
    let ran = run(&["mail", "neutralise", &message, "--output", &out.display().to_string()]);
    assert!(ran.code == 0 && ran.err.contains("taken out"), "{}", ran.err);
    let safe = fs::read_to_string(&out).unwrap();
    assert!(safe.contains("Dear colleague") && !safe.contains("src=\"https://img.press.example"), "{safe}");
    let mut child = portcullis()
        .args(["mail", "neutralise", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(MESSAGE.as_bytes()).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, safe.as_bytes());
    // What is harmless comes back byte for byte.
    let clean = "From: a@b.example\r\nSubject: x\r\n\r\nNothing to see.\r\n";
    let clean = file(&dir, "clean.eml", clean).display().to_string();
    let ran = run(&["mail", "neutralise", &clean]);
    assert_eq!(ran.out.as_bytes(), fs::read(&clean).unwrap());
    assert_eq!(run(&["mail", "neutralise", "nowhere.eml"]).code, 3);
}

fn notice() {
    let message = message();
    let url = "https://gate.parl.example/notice";
    let plain = run(&["mail", "neutralise", &message, "--notice", url]);
    assert!(plain.out.contains(&format!("{url}#")), "{}", plain.out);
    let signed = run(&["mail", "neutralise", &message, "--notice", url, "--notice-key", &key()]);
    assert!(signed.code == 0 && signed.out.contains(&format!("{url}#")), "{}", signed.err);
    assert_ne!(plain.out, signed.out, "the target is signed");
    assert_eq!(run(&["mail", "neutralise", &message, "--notice-key", &key()]).code, 2);
    let ran = run(&["mail", "neutralise", &message, "--notice", url, "--notice-key", &message]);
    assert!(ran.code == 2 && ran.err.contains("openssl"), "{}", ran.err);
}

/// A key that is for tests alone.
pub(super) fn key() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail/data/tests/notice-key.pem").display().to_string()
}

fn hunt_with_mail() {
    let dir = folder("mail-hunt");
    let evidence = dir.join("evidence");
    fs::create_dir(&evidence).unwrap();
    file(&evidence, "one.eml", MESSAGE);
    let institution = file(&dir, "institution.toml", "domains = [\"parl.example\"]\n");
    let rule = "title: Passed\nid: 5d3f6f2e-6d6c-4b3e-9d51-00000000a002\nlogsource:\n    product: mail\n    category: mail\n\
        detection:\n    selection:\n        mail.auth.spf: pass\n    condition: selection\nlevel: high\n";
    let rules = file(&dir, "passed.yml", rule);
    let history = dir.join("history.sqlite");
    let options = format!("--no-builtin --rules {} --format jsonl", rules.display());
    assert_eq!(hunt(&evidence, &options).out, "");
    let known = format!(
        "{options} --institution {} --authserv-id mx.parl.example --history {}",
        institution.display(),
        history.display()
    );
    let told = hunt(&evidence, &known);
    assert!(told.code == 1 && told.lines()[0]["rule"]["title"] == "Passed", "{}{}", told.out, told.err);
    assert!(fs::metadata(&history).unwrap().len() > 0);
    assert_eq!(hunt(&evidence, &known).out, told.out, "what a history knows already changes no verdict here");
}

fn mailboxes() {
    let dir = folder("mail-owners");
    let from = dir.join("from");
    fs::create_dir(&from).unwrap();
    let bulk = MESSAGE
        .replace("Subject: ", "List-Unsubscribe: <https://press.example/u>\r\nPrecedence: bulk\r\nSubject: ");
    file(&from, "newsletter.eml", bulk);
    file(&from, "letter.eml", MESSAGE);
    let out = dir.join("out").display().to_string();
    let from = from.display().to_string();
    let ran = run(&["exercise", "mailboxes", &from, "--out", &out, "--owners", "20", "--seed", "3"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let again = dir.join("again").display().to_string();
    run(&["exercise", "mailboxes", &from, "--out", &again, "--owners", "20", "--seed", "3"]);
    let truth = |out: &str| fs::read(Path::new(out).join("truth.json")).unwrap();
    assert_eq!(truth(&out), truth(&again));
    let staged = dir.join("staged").display().to_string();
    let words =
        ["exercise", "stage", "alliance", "--scale", "0.01", "--difficulty", "hard", "--out", &staged];
    assert_eq!(run(&words).code, 0);
    let out = dir.join("ran").display().to_string();
    let words = ["exercise", "run", "alliance", "--scale", "0.01", "--difficulty", "medium", "--out", &out];
    let ran = run(&words);
    assert!(ran.code <= 1 && ran.out.contains("hostile"), "{}{}", ran.out, ran.err);
}
