//! What the tests use beside Rust: independent readers of what Portcullis writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::root;

/// Python's own environment below `target/`, which the tests look for.
pub(crate) fn venv() -> PathBuf {
    root().join("target/venv")
}

/// Packages of the Python index: other people's readers, as judges.
const JUDGES: [&str; 7] =
    ["python-evtx", "stix2-validator", "jsonschema", "dkimpy", "authres", "extract-msg", "html5lib"];

/// Debian's programs that tests drive: a program that each brings, and the package.
const PROGRAMS: [(&str, &str); 2] = [("/usr/sbin/postfix", "postfix"), ("/usr/bin/chromium", "chromium")];

/// What drives the browser, from the npm registry.
const DRIVER: &str = "playwright-core";

pub(crate) fn run() -> Result<(), String> {
    programs();
    driver();
    judges()
}

/// Installs what is missing where that is allowed: by the superuser of a Debian.
fn programs() {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !Path::new(program).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return;
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    let install = || {
        let mut args = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
        args.extend(&missing);
        // Asked first without the lists: they may be there.
        quiet("apt-get", &args) || (quiet("apt-get", &["update", "--quiet"]) && quiet("apt-get", &args))
    };
    if !root || !install() {
        println!("left out: {} (tests that drive them say so)", missing.join(", "));
    }
}

/// Installs what drives the browser below `target/`, where the tests look for it.
fn driver() {
    let folder = root().join("target/node");
    if folder.join("node_modules").join(DRIVER).exists() {
        return;
    }
    let made = std::fs::create_dir_all(&folder).is_ok();
    let prefix = folder.to_string_lossy().into_owned();
    if !made
        || !quiet("npm", &["install", "--silent", "--no-audit", "--no-fund", "--prefix", &prefix, DRIVER])
    {
        println!("left out: {DRIVER} (tests in a browser say so)");
    }
}

fn judges() -> Result<(), String> {
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
    let mut command = Command::new(program);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let status = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
