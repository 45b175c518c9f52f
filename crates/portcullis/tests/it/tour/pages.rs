//! Help, completions, manual pages, exit codes; and from the help every command with its options.

use std::collections::BTreeSet;
use std::fs;

use super::Step;
use crate::program::{file, folder, hunt, run, w3c};

pub(super) const STEPS: &[Step] = &[
    ("--help and -h of every command, --version", helps),
    ("completions: every shell, every option", completions),
    ("manual: a page a command", manual),
    ("exit codes 0, 1, 2 and 3", exit_codes),
];

/// The words after which clap asks for a command; all of them, leaves and groups.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while next < found.len() {
        let words: Vec<String> = found[next].clone();
        let help = run(&[words.clone(), vec!["--help".to_owned()]].concat()).out;
        let listed = help.split("Commands:\n").nth(1).map(|rest| rest.split("\n\n").next().unwrap());
        for line in listed.unwrap_or_default().lines() {
            // Names stand in the third column; what is further in goes on with the line above.
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
            let name = name.and_then(|rest| rest.split_whitespace().next()).filter(|name| *name != "help");
            found.extend(name.map(|name| [words.clone(), vec![name.to_owned()]].concat()));
        }
        next += 1;
    }
    found
}

/// Every command with no option, and every command with each of its long options.
pub(super) fn options() -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for words in commands() {
        let help = run(&[words.clone(), vec!["-h".to_owned()]].concat()).out;
        let command = words.join(" ");
        if help.contains("Commands:\n") {
            continue;
        }
        all.insert((command.clone(), String::new()));
        for line in help.lines().map(str::trim_start).filter(|line| line.starts_with('-')) {
            let long = line.split_whitespace().find(|word| word.starts_with("--")).unwrap();
            all.insert((command.clone(), long.to_owned()));
        }
    }
    all
}

fn helps() {
    let commands = commands();
    assert!(commands.len() >= 13, "{commands:?}");
    for words in &commands {
        let long = run(&[words.clone(), vec!["--help".to_owned()]].concat());
        let short = run(&[words.clone(), vec!["-h".to_owned()]].concat());
        assert!(long.code == 0 && short.code == 0 && long.err.is_empty(), "{words:?}: {}", long.err);
        assert!(long.out.contains("Usage: portcullis"), "{words:?}: {}", long.out);
        // A person who is lost needs an example.
        let group = long.out.contains("Commands:\n");
        let plain = words.join(" ") == "exercise list";
        assert!(group || plain || long.out.contains("Example"), "{words:?}: {}", long.out);
    }
    let version = run(&["--version"]);
    assert!(version.code == 0 && version.out.starts_with("portcullis "), "{}", version.out);
    assert_eq!(run::<&str>(&[]).code, 2);
}

fn completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for (command, option) in options() {
            let name = option.trim_start_matches('-');
            assert!(ran.out.contains(name), "{shell} does not know {option} of {command}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"]).code, 2);
}

fn manual() {
    let dir = folder("manual");
    let ran = run(&["manual", &dir.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in commands() {
        let name = ["portcullis".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join("-");
        let page = fs::read_to_string(dir.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH NAME"), "{name}");
    }
    assert!(fs::read_to_string(dir.join("portcullis-hunt.1")).unwrap().contains("Examples"));
    let missing = run(&["manual", "/no/such/folder"]);
    assert!(missing.code == 3 && missing.err.contains("cannot write manual pages"), "{}", missing.err);
}

fn exit_codes() {
    let dir = folder("codes");
    let quiet = file(&dir, "quiet.log", w3c(&["GET /index.html"]));
    let loud = file(&dir, "loud.log", w3c(&["POST /aspnet_client/x.aspx"]));
    for (path, options, code) in [
        (quiet.as_path(), "", 0),
        (&loud, "", 1),
        (&loud, "--min-level", 2),
        ("/no/such/place".as_ref(), "", 3),
        (&loud, "--output /dev/null/case", 3),
        (&loud, "--resume /dev/null/parts", 3),
    ] {
        let ran = hunt(path, options);
        assert_eq!(ran.code, code, "{options}: {}", ran.err);
        // What, and mostly why and what to do; never a panic.
        assert!(code < 2 || (ran.err.starts_with("error: ") && !ran.err.contains("panicked")), "{}", ran.err);
    }
    let unscored = run(&["exercise", "score", "/no/such", "/no/such"]);
    assert!(unscored.code == 3 && unscored.err.contains("could not be scored"), "{}", unscored.err);
    let unknown = run(&["exercise", "stage", "nothing", "--out", &dir.join("x").display().to_string()]);
    assert!(unknown.code == 2 && unknown.err.contains("exercise list"), "{}", unknown.err);
}
