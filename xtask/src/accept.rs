//! The acceptance points of the hunt and of mail, each a script that anyone can run.
//!
//! `cargo xtask accept hunt` runs all of the hunt at their full size and goes on after one that fails;
//! `cargo xtask accept mail 4 7` runs two of mail. A script says what it saw in its last line, and what
//! it left out in lines that begin so. `cargo xtask check`, and so CI, runs a small version of each.
//!
//! Of the hunt:
//!
//! | point | test in CI |
//! | --- | --- |
//! | 1 | `portcullis` `tour::tour`, steps of `exercise` (scale 0.01); CI itself runs `cargo xtask check` |
//! | 2 | `detect` `corpus` (where the shared corpora are) and `builtin` (each rule's own samples) |
//! | 3 | `detect` `corpus`; `portcullis` `tour::tour`, steps of `rules check` and `--rules` |
//! | 4 | `portcullis` `tour::tour`, steps of `--threads` and `--resume` |
//! | 5 | `portcullis` `tour::tour`, steps of `exercise`; `exercise` `staging` (EVTX by other readers) |
//! | 6 | none: machines differ; the figures are in the README with their command |
//! | 7 | `portcullis` `tour::tour`, steps of `outputs`; `share` `outputs` |
//! | 8 | `observe` `it` and `portcullis` `bad_input`; the readers' corpus in `observe` `corpus` |
//! | 9 | `portcullis` `tour::tour` |
//! | 10 | `xtask` `dist` (what is static, what an archive depends on) |

use std::process::Command;
use std::time::Instant;

use crate::steps::root;

/// Point, what was asked, and the script below `benches/accept`.
type Point = (&'static str, &'static str, &'static str);

const HUNT: [Point; 10] = [
    ("1", "the first command on a fresh clone, in under 10 minutes", "fresh.sh"),
    ("2", "every rule of expected.csv holds on its file", "regression.sh"),
    ("3", "every rule loads or is reported with a reason", "rules.sh"),
    ("4", "the same bytes with 1 and 2 threads, and twice", "same.sh"),
    ("5", "the staged incident is found, by every seed", "exercise.sh"),
    ("6", "figures of speed and memory", "speed.sh"),
    ("7", "STIX, timeline and JSON are valid to others", "formats.sh"),
    ("8", "bad input is told, the rest processed", "bad_input.sh"),
    ("9", "the tour of every command and option", "tour.sh"),
    ("10", "a static program; Windows where it can be checked", "dist.sh"),
];

const MAIL: [Point; 10] = [
    ("1", "nothing loads in a browser after neutralising", "browser.sh"),
    ("1d", "documents that load are listed", "documents.sh"),
    ("2", "the campaign is found and newsletters are not", "alliance.sh"),
    ("3", "clean mail byte for byte; DKIM holds; ARC verifies", "mail_clean.sh"),
    ("4", "SPF and ARC suites", "mail_auth.sh"),
    ("5", "Postfix: nothing is lost while the gate is killed", "postfix/kill.sh"),
    ("6", "figures of speed and memory", "mail_speed.sh"),
    ("7", "counts of mailboxes agree with other readers", "mailboxes.sh"),
    ("8", "bad input is told, the rest processed", "mail_bad_input.sh"),
    ("9", "the tour of every command and policy; the package", "mail_tour.sh"),
];

/// Runs the points of `room` that are named, or all, and prints the table.
pub(crate) fn run(room: &str, wanted: &[&str]) -> Result<(), String> {
    let points = match room {
        "hunt" => HUNT,
        "mail" => MAIL,
        _ => return Err(format!("there are no points of {room}; say hunt or mail")),
    };
    if let Some(unknown) = wanted.iter().find(|name| !points.iter().any(|(point, ..)| point == *name)) {
        return Err(format!("there is no point {unknown} of {room}"));
    }
    let chosen = points.iter().filter(|(point, ..)| wanted.is_empty() || wanted.contains(point));
    let mut failed = Vec::new();
    println!("{:>5}  {:<7}  {:<56}  seen", "point", "verdict", "asked");
    for (point, asked, script) in chosen {
        let seen = seen(script)?;
        println!("{point:>5}  {:<7}  {asked:<56}  {}", seen.verdict, seen.figure);
        for left_out in seen.left_out {
            println!("{:>16}{left_out}", "");
        }
        if seen.verdict == "FAILS" {
            eprintln!("{}", seen.text);
            failed.push(*point);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("points {} do not hold", failed.join(", "))) }
}

struct Seen {
    verdict: &'static str,
    figure: String,
    left_out: Vec<String>,
    text: String,
}

fn seen(script: &str) -> Result<Seen, String> {
    let path = root().join("benches/accept").join(script);
    let start = Instant::now();
    let output = Command::new("bash")
        .arg(&path)
        .current_dir(root())
        .output()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let is_left_out = |line: &&str| line.starts_with("left out");
    let last = said.lines().last().unwrap_or_default();
    let verdict = match (output.status.success(), is_left_out(&last)) {
        (false, _) => "FAILS",
        (true, true) => "not run",
        (true, false) => "holds",
    };
    let left_out = said.lines().filter(is_left_out).filter(|line| *line != last).map(str::to_owned).collect();
    let text = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(Seen { verdict, figure: format!("{last} [{} s]", start.elapsed().as_secs()), left_out, text })
}
