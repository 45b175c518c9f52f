//! What the tests use beside Rust: independent readers of what Portcullis writes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::steps::root;

/// Python's own environment below `target/`, which the tests look for.
pub(crate) fn venv() -> PathBuf {
    root().join("target/venv")
}

/// Packages of the Python index: other people's readers, as judges.
const JUDGES: [&str; 3] = ["python-evtx", "stix2-validator", "jsonschema"];

pub(crate) fn run() -> Result<(), String> {
    let venv = venv();
    if !venv.join("bin/python3").exists() && !quiet("python3", &["-m", "venv", &venv.to_string_lossy()]) {
        println!("left out: Python's venv (tests against {} say so)", JUDGES.join(", "));
        return Ok(());
    }
    let pip = venv.join("bin/pip").to_string_lossy().into_owned();
    for judge in JUDGES {
        let here = quiet(&pip, &["show", "--quiet", judge]);
        if !here && !quiet(&pip, &["install", "--quiet", "--disable-pip-version-check", judge]) {
            println!("left out: {judge} could not be installed");
        }
    }
    Ok(())
}

fn quiet(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
