//! How a hunt runs: workers, resume, temporary data, strictness.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Step;
use crate::program::{evidence, file, folder, hunt, json, place, portcullis, w3c};

pub(super) const STEPS: &[Step] = &[
    ("--threads and --resume: the same bytes, also after kills", the_same_bytes),
    ("--resume: other rules, options or bytes are read again", stale_parts),
    ("--tmp: used, and empty afterwards", temporary_data),
    ("--strict: a problem in one input is exit code 3", strict),
    ("evidence is left as it was", evidence_is_left_alone),
];

fn hunted(name: &str, options: &str) -> PathBuf {
    let out = folder(name);
    let ran = hunt(&evidence(), &format!("--output {} {options}", out.display()));
    assert_eq!(ran.code, 1, "{}", ran.err);
    out
}

fn same(one: &Path, other: &Path) {
    for entry in fs::read_dir(one).unwrap() {
        let name = entry.unwrap().file_name();
        let equal = fs::read(one.join(&name)).unwrap() == fs::read(other.join(&name)).unwrap();
        assert!(equal, "{} differs in {}", name.display(), other.display());
    }
}

fn the_same_bytes() {
    let parts = folder("parts");
    let one = hunted("one", "--threads 1");
    same(&one, &hunted("two", "--threads 2"));
    // Killed at several points; what was finished by then is taken up.
    for millis in [30, 90, 200, 400] {
        let mut child = portcullis()
            .arg("hunt")
            .arg(evidence())
            .arg("--resume")
            .arg(&parts)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let resume = format!("--resume {}", parts.display());
    same(&one, &hunted("resumed", &resume));
    same(&one, &hunted("kept", &resume));
    let kept = fs::read_dir(&parts).unwrap().count();
    assert!(kept > 10, "{kept}");
}

fn stale_parts() {
    let dir = folder("stale");
    let log = file(&dir, "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let parts = place("stale-parts");
    let _ = fs::remove_dir_all(&parts);
    let count = |options: &str| {
        hunt(&log, &format!("--format jsonl --resume {} {options}", parts.display())).lines().len()
    };
    let all = count("");
    assert!(all > 0);
    assert_eq!(count("--no-builtin"), 0);
    assert_eq!(count("--since 2022-01-01"), 0);
    assert_eq!(count(""), all);
    file(&dir, "u_ex.log", w3c(&["GET /index.html"]));
    assert_eq!(count(""), 0);
    // A torn part is as good as none.
    for entry in fs::read_dir(&parts).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    file(&dir, "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    assert_eq!(count(""), all);
}

fn temporary_data() {
    let dir = folder("spill");
    hunted("spilled", &format!("--tmp {}", dir.display()));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    let missing = hunt(&evidence(), "--tmp /no/such/folder");
    assert!(missing.code == 3 && missing.err.contains("--tmp"), "{} {}", missing.code, missing.err);
}

fn strict() {
    let dir = folder("strict");
    let log = w3c(&["GET /index.html"]);
    file(&dir, "u_ex.log", log);
    assert_eq!(hunt(&dir, "--strict").code, 0);
    let torn = [&b"PK\x03\x04"[..], &[0; 60]].concat();
    file(&dir, "torn.zip", torn);
    let lenient = hunt(&dir, "");
    assert!(lenient.code == 0 && lenient.err.contains("1 problem in single inputs"), "{}", lenient.err);
    assert_eq!(hunt(&dir, "--strict").code, 3);
}

fn evidence_is_left_alone() {
    let out = folder("left-alone");
    let file = evidence().join("mail/2021Q4.mbox");
    let before = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    hunt(&evidence(), &format!("--output {}", out.display()));
    assert!(before == (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap()));
    let manifest = json(&out.join("manifest.json"));
    assert_eq!(manifest["unreadable"], serde_json::json!({}));
}
