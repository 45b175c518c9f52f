//! `gate` and `quarantine`: every treatment, reload, end, and who may read what.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::Step;
use super::mail::key;
use crate::door::{Door, message};
use crate::program::{Ran, run};

pub(super) const STEPS: &[Step] = &[
    ("gate --check: what is wrong is told with its line", checked),
    ("gate: pass, tag, neutralise, quarantine, reject", treatments),
    ("quarantine: list, show, release and delete; reading is written down", quarantine),
    ("quarantine and history are their owner's alone", owner_alone),
    ("gate: protected people, an allow list with expiry", people),
    ("gate: dry run; SIGHUP takes over what is in order and nothing else", reload),
    ("gate: SIGTERM ends what is open and stops; --log text", ends),
    ("gate: live, ready, metrics and the notice page", pages),
];

const MP: &str = "mp@parl.example";

fn checked() {
    let door = Door::new("", "");
    let config = door.config().display().to_string();
    let ran = run(&["gate", "--check", "--config", &config]);
    assert!(ran.code == 0 && ran.out.contains("4 rules judge mail"), "{}{}", ran.out, ran.err);
    door.configure("", "[limits]\nconections = 5\n");
    let ran = run(&["gate", "--check", "--config", &config]);
    assert!(ran.code == 2 && ran.err.contains("conections"), "{}", ran.err);
    assert_eq!(run(&["gate", "--config", &config]).code, 2, "nor does it start");
}

/// Sends a message of each treatment; the answers and what arrived.
fn send(door: &Door, treatment: &str, to: &[&str]) -> (Vec<String>, Vec<(Vec<String>, String)>) {
    let before = door.taken().len();
    let answers = door.lmtp().mail(to, message(treatment));
    let mut taken = door.taken();
    let new = taken.split_off(before).into_iter();
    (answers, new.map(|(to, raw)| (to, String::from_utf8_lossy(&raw).into_owned())).collect())
}

fn treatments() {
    let mut door = Door::new("", "");
    door.start();
    let (answers, taken) = send(&door, "", &[MP]);
    assert!(answers[0].starts_with("250 ") && taken[0].1 == message(""), "{answers:?} {taken:?}");
    let (_, taken) = send(&door, "tag", &[MP]);
    assert!(taken[0].1.ends_with(&message("tag")), "{taken:?}");
    assert!(taken[0].1.starts_with("X-Portcullis-Verdict: medium; tagged;"), "{taken:?}");
    let (_, taken) = send(&door, "neutralise", &[MP]);
    assert!(taken[0].1.contains("Dear colleague") && !taken[0].1.contains("<img src=http:"), "{taken:?}");
    assert!(taken[0].1.contains("X-Portcullis-Neutralised: loads=1;"), "{taken:?}");
    let (answers, taken) = send(&door, "quarantine", &[MP]);
    assert!(answers[0].starts_with("250 ") && taken.is_empty(), "{answers:?} {taken:?}");
    let (answers, taken) = send(&door, "reject", &[MP]);
    assert!(answers[0].starts_with("550 5.7.1 ") && taken.is_empty(), "{answers:?} {taken:?}");
    door.stop();
    assert!(!door.log().contains("Dear colleague") && !door.log().contains("Subject"), "no text in the log");
}

fn ask(door: &Door, words: &[&str]) -> Ran {
    let config = door.config().display().to_string();
    run(&[&["quarantine"], &words[..1], &["--config", &config], &words[1..]].concat())
}

fn quarantine() {
    let mut door = Door::new("", "");
    door.start();
    assert_eq!(ask(&door, &["list"]).code, 0, "nothing lies there");
    for treatment in ["quarantine", "neutralise"] {
        send(&door, treatment, &[MP]);
    }
    let all =
        ask(&door, &["list", "--format", "json", "--since", "2026-01-01", "--state", "held", "--limit", "0"]);
    assert!(all.code == 1 && all.lines().len() == 2, "{}{}", all.out, all.err);
    assert_eq!(ask(&door, &["list", "--limit", "1", "--format", "json"]).lines().len(), 1);
    assert!(ask(&door, &["list"]).out.contains("a quarantine"));
    assert_eq!(ask(&door, &["list", "--since", "yesterday"]).code, 2);
    let kept = all.lines().into_iter().find(|one| one["why"] == "quarantined").unwrap();
    let id = kept["id"].as_str().unwrap();
    let raw = ask(&door, &["show", id, "--raw"]);
    assert_eq!(raw.out, message("quarantine"), "the original is what was sent");
    assert!(ask(&door, &["show", id]).out.contains("Test quarantine"));
    let shown = &ask(&door, &["show", id, "--format", "json"]).lines()[0];
    let acts: Vec<_> =
        shown["acts"].as_array().unwrap().iter().map(|act| (&act["what"], &act["note"])).collect();
    assert!(acts.iter().any(|act| act.0 == "read" && act.1 == ""), "reading is written down: {acts:?}");
    assert!(shown["acts"][0]["who"].as_str().is_some_and(|who| !who.is_empty()), "{shown:#}");
    // It goes by the next hop here, past the gate; the mark is for a gate that stands behind it.
    let before = door.taken().len();
    let sent = ask(&door, &["release", id, "--to", "archive@parl.example"]);
    assert!(sent.code == 0 && sent.out.contains("archive@parl.example"), "{}{}", sent.out, sent.err);
    let (to, marked) = door.taken().remove(before);
    assert_eq!(to, ["archive@parl.example"]);
    let mark = String::from_utf8_lossy(&marked).into_owned();
    assert!(mark.contains("X-Portcullis-Release:") && mark.ends_with(&message("quarantine")), "{mark}");
    // Through the gate it passes once, without its mark; a second time, or changed, it is judged.
    let mut talk = door.lmtp();
    assert!(talk.mail(&["archive@parl.example"], mark.replace("Dear", "Dead"))[0].starts_with("250 "));
    assert_eq!(door.taken().len(), before + 1, "a changed one is kept back");
    assert!(talk.mail(&["archive@parl.example"], &marked)[0].starts_with("250 "));
    assert_eq!(door.taken()[before + 1].1, message("quarantine").into_bytes());
    assert!(talk.mail(&["archive@parl.example"], &marked)[0].starts_with("250 "));
    assert_eq!(door.taken().len(), before + 2, "a mark is used once");
    assert_eq!(ask(&door, &["list", "--state", "released", "--format", "json"]).lines().len(), 1);
    let gone = ask(&door, &["delete", id]);
    assert!(gone.code == 0 && ask(&door, &["show", id, "--raw"]).code == 2, "{}", gone.err);
    assert!(ask(&door, &["delete", "--older-than", "30"]).out.starts_with("0 "));
    assert_eq!(ask(&door, &["show", "nothing"]).code, 2);
    door.stop();
}

fn owner_alone() {
    let mut door = Door::new("", "[history]\nfile = \"quarantine/known/history.sqlite\"\n");
    fs::create_dir_all(door.path("quarantine/known")).unwrap();
    door.start();
    send(&door, "quarantine", &[MP]);
    send(&door, "", &[MP]);
    // Of the databases also what SQLite writes beside them.
    let open: Vec<_> =
        door.open_to_others().into_iter().filter(|path| !path.ends_with("quarantine/known")).collect();
    assert!(open.is_empty(), "others may read {open:?}");
    assert!(door.path("quarantine/known/history.sqlite").exists());
    door.stop();
    let open: Vec<_> = door.open_to_others().into_iter().filter(|path| path.is_file()).collect();
    assert!(open.is_empty(), "others may read {open:?}");
}

fn people() {
    let group = "[[group]]\nname = \"protected\"\nrecipients = [\"chair@parl.example\"]\npolicy = { medium = \"quarantine\" }\n";
    let allow =
        "[[allow]]\ndomain = \"press.example\"\nreason = \"press review\"\nunproven = true\nexpires = ";
    let mut door = Door::new("", group);
    door.start();
    let (answers, taken) = send(&door, "tag", &[MP, "chair@parl.example"]);
    assert!(answers.iter().all(|answer| answer.starts_with("250 ")), "{answers:?}");
    assert!(taken.len() == 1 && taken[0].0 == [MP] && taken[0].1.contains("; tagged;"), "{taken:?}");
    door.stop();
    for (day, passes) in [("\"2099-12-31\"", true), ("\"2020-12-31\"", false)] {
        door.configure("", &format!("{allow}{day}\n"));
        door.start();
        let (_, taken) = send(&door, "quarantine", &[MP]);
        assert_eq!(taken.len(), usize::from(passes), "{day}");
        door.stop();
    }
    let log = door.log();
    assert!(log.contains("allowed: press review") && log.contains("expired on 2020-12-31"), "{log}");
}

fn reload() {
    let mut door = Door::new("", "");
    door.start();
    let mut open = door.lmtp();
    open.ask("MAIL FROM:<ann@press.example>", 250);
    door.configure("dry_run = true", "");
    door.signal("HUP");
    door.logged("the configuration was taken over");
    let (_, taken) = send(&door, "quarantine", &[MP]);
    assert!(taken.len() == 1 && taken[0].1 == message("quarantine"), "delivered as it came: {taken:?}");
    assert!(door.log().contains("quarantine for mp@parl.example"), "what would be done: {}", door.log());
    fs::write(door.config(), "dry_run = maybe").unwrap();
    door.signal("HUP");
    door.logged("the old one stays");
    assert_eq!(send(&door, "quarantine", &[MP]).1.len(), 1);
    // The connection of before is still there.
    open.ask("RCPT TO:<mp@parl.example>", 250);
    open.ask("RSET", 250);
    assert!(open.mail(&[MP], message(""))[0].starts_with("250 "));
    door.stop();
}

fn ends() {
    let mut door = Door::new("", "");
    door.start();
    let mut open = door.lmtp();
    open.ask("MAIL FROM:<ann@press.example>", 250);
    open.ask("RCPT TO:<mp@parl.example>", 250);
    door.signal("TERM");
    door.logged("the gate closes");
    open.ask("DATA", 354);
    open.send(format!("{}.\r\n", message("")));
    open.code(250);
    assert!(door.ended() && door.taken().len() == 1, "{}", door.log());
    let config = door.config().display().to_string();
    // What cannot listen says so, as text.
    fs::remove_file(door.path("lmtp")).unwrap();
    fs::write(door.path("lmtp"), "no socket").unwrap();
    let ran = run(&["gate", "--log", "text", "--config", &config]);
    assert!(ran.code == 3 && ran.err.contains("cannot listen"), "{}", ran.err);
}

fn pages() {
    let port = |_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let [http, public] = [0, 1].map(port);
    let notice = format!(
        "[http]\nlisten = \"{http}\"\n[notice]\nurl = \"https://gate.parl.example/notice\"\nkey = \"{}\"\nlisten = \"{public}\"\n",
        key()
    );
    let mut door = Door::new("", &notice);
    door.start();
    send(&door, "quarantine", &[MP]);
    let (_, taken) = send(&door, "neutralise", &[MP]);
    assert!(!taken.is_empty());
    let get = |address: &str, path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for path in ["/live", "/ready"] {
        assert!(get(&http, path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    let metrics = get(&http, "/metrics");
    assert!(metrics.contains("quarantine") && metrics.contains("# TYPE"), "{metrics}");
    let page = get(&public, "/metrics");
    assert!(
        page.contains("default-src 'none'") && page.contains("<html"),
        "the notice page and nothing else: {page}"
    );
    assert!(
        get(&http, "/notice").contains("default-src 'none'") && get(&http, "/x").starts_with("HTTP/1.1 404")
    );
    door.stop();
}
