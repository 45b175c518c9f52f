//! Input that is wrong, torn or hostile, as it meets the command line: a problem in the manifest or
//! an error that says what, the rest processed, the exit code as documented. Each format cut and
//! flipped at every byte is a test of the readers.

mod contents;
mod files;
#[cfg(unix)]
mod gate;
mod surroundings;
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{file, hunt, piece, w3c};

/// Hunts a folder in which, beside what is bad, lies a log with one finding for everybody to see;
/// gives the folder of the case.
fn hunt_beside_a_good_log(dir: &Path) -> PathBuf {
    file(dir, "good.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let case = dir.with_extension("case");
    let ran = hunt(dir, &format!("--output {}", case.display()));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert_eq!(piece(&case, "good.log")["records"], 1);
    assert!(fs::read_to_string(case.join("findings.jsonl")).unwrap().contains("good.log"));
    case
}

fn problems(piece: &Value) -> String {
    assert!(piece["problems_total"].as_u64() > Some(0), "no problem: {piece}");
    piece["problems"].to_string()
}
