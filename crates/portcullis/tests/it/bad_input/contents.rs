//! Evidence whose bytes are torn, swollen, nested or out of order.

use std::fs;
use std::io::Write;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::{hunt_beside_a_good_log, problems};
use crate::program::{evidence, file, folder, hunt, json, piece, w3c};

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Sets the flag “encrypted” of the first member, in its header and in the directory.
fn encrypted(mut zip: Vec<u8>) -> Vec<u8> {
    let find = |zip: &[u8], magic: &[u8]| zip.windows(4).position(|window| window == magic).unwrap();
    let (local, central) = (find(&zip, b"PK\x03\x04"), find(&zip, b"PK\x01\x02"));
    zip[local + 6] |= 1;
    zip[central + 8] |= 1;
    zip
}

#[test]
fn bombs_torn_and_encrypted_archives() {
    let dir = folder("bad/archives");
    let log = w3c(&["POST /aspnet_client/y.aspx"]);
    file(&dir, "bomb.zip", zipped(&[("zeros", &vec![0; 100 << 20]), ("after.log", log.as_bytes())]));
    let two = zipped(&[("secret.log", log.as_bytes()), ("open.log", log.as_bytes())]);
    file(&dir, "torn.zip", &two[..two.len() / 2]);
    file(&dir, "locked.zip", encrypted(two));
    file(&dir, "rar.rar", b"Rar!\x1a\x07\x01\0rest of it");
    let case = hunt_beside_a_good_log(&dir);
    let bomb = problems(&piece(&case, "bomb.zip!zeros"));
    assert!(bomb.contains("250"), "{bomb}");
    let manifest = fs::read_to_string(case.join("manifest.json")).unwrap();
    assert!(manifest.contains("encrypted"), "{manifest}");
    assert_eq!(piece(&case, "locked.zip!open.log")["records"], 1);
    let torn = json(&case.join("manifest.json"));
    let torn: u64 = torn["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|piece| piece["path"].as_str().unwrap().contains("torn.zip"))
        .map(|piece| piece["problems_total"].as_u64().unwrap())
        .sum();
    assert!(torn > 0);
    problems(&piece(&case, "rar.rar"));
}

#[test]
fn long_lines_nul_bytes_and_utf_16() {
    let dir = folder("bad/bytes");
    let log = w3c(&["POST /aspnet_client/x.aspx", "GET /index.html"]);
    file(&dir, "long.log", format!("{log}{}\n{}", "x".repeat(10 << 20), &log[log.find('\n').unwrap() + 1..]));
    file(&dir, "hole.log", [&[0; 5000][..], log.as_bytes(), &[0; 5000]].concat());
    file(&dir, "nul.log", log.replace("index", "in\0dex"));
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(log.encode_utf16()).flat_map(order).collect()
    };
    file(&dir, "little.log", wide(u16::to_le_bytes));
    file(&dir, "big.log", wide(u16::to_be_bytes));
    file(
        &dir,
        "latin.log",
        [log.as_bytes(), b"2021-08-24 09:01:00 10.0.0.5 GET /caf\xe9 203.0.113.7 200\n"].concat(),
    );
    let case = hunt_beside_a_good_log(&dir);
    for (name, records) in [
        ("long.log", 5),
        ("hole.log", 2),
        ("nul.log", 2),
        ("little.log", 2),
        ("big.log", 2),
        ("latin.log", 3),
    ] {
        let piece = piece(&case, name);
        assert_eq!(
            (&piece["format"], piece["records"].as_u64().unwrap()),
            (&"w3c".into(), records),
            "{piece}"
        );
    }
    problems(&piece(&case, "long.log"));
}

#[test]
fn evidence_that_is_nested_without_end() {
    let dir = folder("bad/nested");
    file(&dir, "lists.json", "[".repeat(200_000));
    file(&dir, "objects.json", format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)));
    let nested = (0..12)
        .fold(w3c(&["POST /aspnet_client/x.aspx"]).into_bytes(), |inner, _| zipped(&[("in.zip", &inner)]));
    file(&dir, "deep.zip", nested);
    let message = format!(
        "From: a@a.example\nTo: b@b.example\nSubject: x\nMIME-Version: 1.0\n{}",
        (0..5000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
            .collect::<String>()
    );
    file(&dir, "mail.eml", message);
    let case = hunt_beside_a_good_log(&dir);
    assert!(fs::read_to_string(case.join("manifest.json")).unwrap().contains("8"), "the depth is told");
}

#[test]
fn record_numbers_twice_and_torn_chunks() {
    let dir = folder("bad/evtx");
    let mut path =
        fs::read_dir(evidence()).unwrap().map(|entry| entry.unwrap().path().join("evtx/System.evtx"));
    let log = fs::read(path.find(|path| path.exists()).unwrap()).unwrap();
    let (head, chunk) = log.split_at(4096);
    // A chunk takes 64 KiB, of which the last one's unused part need not be written.
    let chunks = [chunk, &vec![0; 65_536 - chunk.len()]].concat();
    file(&dir, "whole.evtx", &log);
    file(&dir, "twice.evtx", [head, &chunks, &chunks].concat());
    file(&dir, "carved.bin", &chunks);
    file(&dir, "torn.evtx", &log[..log.len() - 40_000]);
    let mut flipped = log.clone();
    (5000..log.len()).step_by(3000).for_each(|at| flipped[at] ^= 0x55);
    file(&dir, "flipped.evtx", flipped);
    let case = hunt_beside_a_good_log(&dir);
    let records = |name: &str| piece(&case, name)["records"].as_u64().unwrap();
    let whole = records("whole.evtx");
    assert!(whole > 10);
    assert_eq!(records("twice.evtx"), 2 * whole);
    assert_eq!(records("carved.bin"), whole);
    assert!((1..whole).contains(&records("torn.evtx")), "{}", records("torn.evtx"));
    problems(&piece(&case, "torn.evtx"));
    problems(&piece(&case, "flipped.evtx"));
}

#[test]
fn clocks_that_jump() {
    let dir = folder("bad/jumps");
    let mut log = "#Fields: date time s-ip cs-method cs-uri-stem c-ip sc-status\n".to_owned();
    for day in [
        "2021-08-24",
        "1601-01-01",
        "9999-12-31",
        "0001-01-01",
        "1970-01-01",
        "2021-08-23",
        "2021-02-30",
        "99999-01-01",
        "2038-01-20",
    ] {
        log += &format!("{day} 23:59:60 10.0.0.5 POST /aspnet_client/x.aspx 203.0.113.7 200\n");
        log += &format!("{day} 09:00:00 10.0.0.5 POST /aspnet_client/x.aspx 203.0.113.7 200\n");
    }
    file(&dir, "jumps.log", log);
    file(
        &dir,
        "epochs.json",
        "{\"eventTime\":\"9999999999999999\",\"eventName\":\"a\"}\n{\"eventTime\":\"-1\",\"eventName\":\"a\"}\n{\"eventTime\":1e300,\"eventName\":\"a\"}\n",
    );
    let case = hunt_beside_a_good_log(&dir);
    let findings = fs::read_to_string(case.join("findings.jsonl")).unwrap();
    assert!(findings.lines().filter(|line| line.contains("jumps.log")).count() >= 16, "{findings}");
    for since in ["0001-01-01", "1601-01-01", "9999-12-30"] {
        let ran = hunt(&dir, &format!("--since {since} --detected {since} --clock jumps=99999999999"));
        assert!((0..=1).contains(&ran.code), "{since}: {}", ran.err);
    }
}
