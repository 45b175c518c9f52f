//! Files that are not there, lead in circles, are closed to us, or change while they are read.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::{hunt_beside_a_good_log, problems};
use crate::program::{Ran, file, folder, hunt, json, piece, portcullis, w3c};

#[test]
fn nothing_to_read_is_an_error() {
    let empty = folder("bad/empty");
    for (path, said) in
        [(empty.as_path(), "nothing could be read"), (Path::new("/no/such/place"), "No such file")]
    {
        let ran = hunt(path, "");
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains(said) && ran.err.contains("hint: "), "{}", ran.err);
    }
    file(&empty, "nothing.log", "");
    let ran = hunt(&empty, "");
    assert!(ran.code == 0 && ran.out.contains("no records (empty)"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_path_that_is_not_there_does_not_hide_the_others() {
    let log = file(&folder("bad/beside"), "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let ran = hunt(&log, "/no/such/place");
    assert!(ran.code == 1 && ran.err.contains("1 problem in single inputs"), "{}", ran.err);
    assert_eq!(hunt(&log, "/no/such/place --strict").code, 3);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_named_and_passed_over() {
    use std::os::unix::fs::symlink;
    let dir = folder("bad/links");
    symlink(&dir, dir.join("round")).unwrap();
    symlink("b", dir.join("a")).unwrap();
    symlink("a", dir.join("b")).unwrap();
    symlink("/no/such/place", dir.join("dangling")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.join("pipe")).status();
    let case = hunt_beside_a_good_log(&dir);
    let unreadable = json(&case.join("manifest.json"))["unreadable"].clone();
    for name in ["round", "a", "b", "dangling"] {
        let reason = &unreadable[dir.join(name).display().to_string()];
        assert!(reason.as_str().unwrap().contains("symbolic link"), "{name}: {unreadable}");
    }
    if made.is_ok_and(|status| status.success()) {
        let reason = &unreadable[dir.join("pipe").display().to_string()];
        assert_eq!(reason, "neither a file nor a folder", "{unreadable}");
    }
    let circle = hunt(&dir.join("a"), "");
    assert!(circle.code == 3 && circle.err.contains("symbolic links"), "{}", circle.err);
}

/// The program as a user to whom nothing is open that is not open to all, also where tests run as root.
#[cfg(unix)]
fn as_a_stranger(words: &[&str]) -> Ran {
    use std::os::unix::process::CommandExt;
    let ours = portcullis().args(words).uid(65_534).gid(65_534).output();
    // Who is not root is a stranger already, and may not become another.
    ours.or_else(|_| portcullis().args(words).output()).unwrap().into()
}

#[cfg(unix)]
#[test]
fn what_one_may_not_read_or_write() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder("bad/locked");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    file(&dir, "good.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let locked = file(&dir, "locked.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let within = folder("bad/locked/within");
    file(&within, "more.log", w3c(&["GET /"]));
    let path = dir.display().to_string();
    let open = as_a_stranger(&["hunt", &path]);
    if open.code != 1 || open.err.contains("problems") {
        println!("left out: nobody else may run the program here ({open:?})");
        return;
    }
    mode(&locked, 0o000);
    mode(&within, 0o000);
    let ran = as_a_stranger(&["hunt", &path]);
    assert!(ran.code == 1 && ran.err.contains("2 problems in single inputs"), "{} {}", ran.code, ran.err);
    assert_eq!(as_a_stranger(&["hunt", &path, "--strict"]).code, 3);
    let alone = as_a_stranger(&["hunt", &locked.display().to_string()]);
    assert!(alone.code == 3 && alone.err.contains("Permission denied"), "{}", alone.err);
    let case = folder("bad/locked-case");
    mode(&case, 0o555);
    for option in ["--output", "--resume", "--tmp"] {
        let ran = as_a_stranger(&["hunt", &path, option, &case.display().to_string()]);
        assert!(ran.code == 3 && ran.err.contains("Permission denied"), "{option}: {} {}", ran.code, ran.err);
    }
    [&locked, &within, &case].into_iter().for_each(|path| mode(path, 0o755));
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let dir = folder("bad/growing");
    let line = "2021-08-24 09:00:00 10.0.0.5 GET /index.html 203.0.113.7 200\n";
    let log = file(&dir, "u_ex.log", w3c(&[]) + &line.repeat(100_000));
    let case = dir.join("case");
    let mut child = portcullis().arg("hunt").arg(&log).arg("--output").arg(&case).spawn().unwrap();
    let mut grown = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let code = loop {
        grown.write_all(line.as_bytes()).unwrap();
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    assert_eq!(code, Some(0));
    let piece = piece(&case, "u_ex.log");
    assert!(piece["records"].as_u64() >= Some(100_000), "{piece}");
    assert!(problems(&piece).contains("grew"), "{piece}");
}
