//! The gate among peers that are hostile, and on a disk that is full. Whatever they do, the next message is served and
//! nothing is lost: it is delivered, in quarantine, or still with its sender.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Instant;

use crate::door::{Door, PATIENCE, Talk, message};
use crate::program::run;

/// A message passes as it should. It is told from those that a peer sent before and that are still on their way.
fn serves(door: &Door) {
    const MARK: &[u8] = b"X-Asked: does it serve\r\n";
    let passed =
        || door.taken().iter().filter(|(_, raw)| raw.windows(MARK.len()).any(|found| found == MARK)).count();
    let before = passed();
    let answers = door.lmtp().mail(&["mp@parl.example"], [MARK, message("").as_bytes()].concat());
    assert!(answers[0].starts_with("250"), "{answers:?}\n{}", door.log());
    assert_eq!(passed(), before + 1);
}

fn held(door: &Door) -> usize {
    let ran =
        run(&["quarantine", "--config", &door.config().display().to_string(), "list", "--format", "json"]);
    assert!(ran.code <= 1, "{}", ran.err);
    ran.out.lines().count()
}

#[test]
fn a_thousand_connections_at_once() {
    let mut door = Door::new("", "[limits]\nconnections = 1000\n");
    door.start();
    for path in ["lmtp", "milter"] {
        let mut all: Vec<Talk> = Vec::new();
        for number in 0..1000 {
            all.push(Talk::connect(&door.path(path)));
            // The line of those who wait for the gate is short: each is greeted before the next comes.
            if path == "lmtp" {
                all[number].code(220);
            }
        }
        if path == "lmtp" {
            let mut late = Talk::connect(&door.path(path));
            assert!(late.answer().starts_with("421 "), "one too many is turned away");
            for talk in &mut all {
                talk.ask("NOOP", 250);
            }
        } else {
            for talk in &mut all {
                talk.send(NEGOTIATION);
            }
            for talk in &all {
                let mut packet = [0; 17];
                talk.stream().read_exact(&mut packet).unwrap();
                assert_eq!(packet[4], b'O');
            }
        }
        drop(all);
        let end = Instant::now() + PATIENCE;
        // A place comes free when the gate has seen the end.
        while !Talk::connect(&door.path("lmtp")).answer().starts_with("220") {
            assert!(Instant::now() < end);
        }
        serves(&door);
    }
    door.stop();
}

/// What Postfix offers of the milter protocol.
const NEGOTIATION: &[u8] = b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff";

#[test]
fn slow_clients_keep_nobody_waiting() {
    let mut door = Door::new("", "");
    door.start();
    let mut slow: Vec<Talk> = (0..50)
        .map(|_| {
            let mut talk = door.lmtp();
            talk.ask("MAIL FROM:<a@b.example>", 250);
            talk.ask("RCPT TO:<mp@parl.example>", 250);
            talk.ask("DATA", 354);
            talk
        })
        .collect();
    let mut milters: Vec<UnixStream> = (0..50).map(|_| door.milter()).collect();
    let started = Instant::now();
    for byte in message("").bytes().take(40) {
        for talk in &mut slow {
            talk.send([byte]);
        }
        for (milter, byte) in milters.iter_mut().zip([0u8; 50]) {
            let _ = milter.write_all(&[byte]);
        }
        serves(&door);
    }
    assert!(started.elapsed() < PATIENCE);
    let before = door.taken().len();
    drop(slow);
    serves(&door);
    assert_eq!(door.taken().len(), before + 1, "half a message is none");
    door.stop();
}

#[test]
fn half_closed_connections_get_their_answers_and_half_messages_do_not() {
    let mut door = Door::new("", "");
    door.start();
    let envelope = "LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<mp@parl.example>\r\nDATA\r\n";
    let mut whole = Talk::connect(&door.path("lmtp"));
    whole.send(format!("{envelope}{}.\r\nQUIT\r\n", message("")));
    whole.stream().shutdown(Shutdown::Write).unwrap();
    for code in [220, 250, 250, 250, 354, 250, 221] {
        whole.code(code);
    }
    let mut half = Talk::connect(&door.path("lmtp"));
    half.send(format!("{envelope}{}", message("")));
    half.stream().shutdown(Shutdown::Write).unwrap();
    for code in [220, 250, 250, 250, 354] {
        half.code(code);
    }
    assert_eq!(half.answer(), "");
    let mut deaf = Talk::connect(&door.path("lmtp"));
    deaf.stream().shutdown(Shutdown::Read).unwrap();
    deaf.send(format!("{envelope}{}.\r\n", message("")));
    drop(deaf);
    let mut milter = door.milter();
    milter.write_all(NEGOTIATION).unwrap();
    milter.write_all(b"\0\0\0\x10M<a@").unwrap();
    milter.shutdown(Shutdown::Write).unwrap();
    let mut said = Vec::new();
    milter.read_to_end(&mut said).unwrap();
    assert_eq!(said.len(), 17, "an answer to the offer and none to half a packet");
    serves(&door);
    door.stop();
}

/// Bytes that are the same on every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length).map(|_| (next() >> 24) as u8).collect()
}

#[test]
fn pipelined_nonsense() {
    let mut door = Door::new("", "");
    door.start();
    let words: &[&str] = &[
        "LHLO x",
        "MAIL FROM:<a@b.example>",
        "RCPT TO:<mp@parl.example>",
        "RSET",
        "NOOP",
        "BDAT 5\r\nabc",
        "BDAT 0 LAST",
        "BDAT -1",
        "BDAT 18446744073709551616 LAST",
        "VRFY",
        "EXPN x",
        "STARTTLS",
        "AUTH PLAIN AA==",
        "MAIL FROM:<",
        "MAIL FROM:<@@@>",
        "RCPT TO:<<>>",
        "RCPT",
        "XFORWARD ADDR=x",
        "XCLIENT NAME=+",
        "HELO",
        "",
        "GET / HTTP/1.1",
        "\u{1}\u{2}",
        "MAIL FROM:<> SIZE=x BODY=9 RET=HDRS",
        "\u{fc}\u{fc}",
        "QUIT x",
        "DATA x",
    ];
    for seed in 0..100u64 {
        let mut stream = Vec::new();
        for byte in noise(seed, 60) {
            stream.extend_from_slice(words[byte as usize % words.len()].as_bytes());
            stream.extend_from_slice(b"\r\n");
        }
        for bytes in [stream, noise(seed, 4000)] {
            for path in ["lmtp", "milter"] {
                let talk = Talk::connect(&door.path(path));
                // It may hang up while it is still being written to.
                let _ = talk.stream().write_all(&bytes);
                let _ = talk.stream().shutdown(Shutdown::Write);
                let mut said = Vec::new();
                let _ = talk.stream().read_to_end(&mut said);
                assert!(said.len() < 100_000, "{path}, {seed}");
            }
        }
        // Packets whose letters are right and whose content is not.
        let mut milter = NEGOTIATION.to_vec();
        for chunk in noise(seed, 600).chunks(12) {
            milter.extend_from_slice(&(chunk.len() as u32).to_be_bytes());
            milter.push(b"CHMRTLNBEADKQU"[chunk[0] as usize % 14]);
            milter.extend_from_slice(&chunk[1..]);
        }
        let mut stream = door.milter();
        let _ = stream.write_all(&milter);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    serves(&door);
    assert_eq!(door.taken().len(), 1, "no nonsense was delivered");
    door.stop();
}

#[test]
fn messages_beyond_reason_are_judged_or_refused() {
    let mut door = Door::new("", "");
    door.start();
    let nested = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(1000);
    let parts = "--b\r\nContent-Type: text/html\r\n\r\n<img src=http://x.example/a>\r\n".repeat(10_000);
    let head = message("neutralise").split("Content-Type").next().unwrap().to_owned();
    for (name, raw) in [
        (
            "a header of 10 MB in lines",
            format!("{head}{}\r\nx\r\n", "X-Long: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(310_000)),
        ),
        ("a line of 10 MB", format!("{head}X-Long: {}\r\n\r\nx\r\n", "y".repeat(10 << 20))),
        ("10,000 parts", format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")),
        (
            "1,000 levels",
            format!("{head}{nested}Content-Type: text/html\r\n\r\n<img src=http://x.example/a>\r\n"),
        ),
        (
            "an unknown charset",
            format!("{head}Content-Type: text/html; charset=x-none\r\n\r\n<img src=http://x.example/a>\r\n"),
        ),
        (
            "junk in base64",
            format!(
                "{head}Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGltZyBz!!cmM9eD4=\r\n"
            ),
        ),
    ] {
        let before = door.taken().len();
        let started = Instant::now();
        let mut talk = door.lmtp();
        talk.stream().set_read_timeout(Some(2 * PATIENCE)).unwrap();
        let answers = talk.mail(&["mp@parl.example"], &raw);
        let taken = door.taken();
        match &answers[0][..3] {
            "250" => {
                assert_eq!(taken.len(), before + 1, "{name}");
                let text = String::from_utf8_lossy(&taken[before].1).into_owned();
                assert!(text.contains("X-Portcullis-Verdict: high;"), "{name}");
                assert!(!text.contains("<img src=http://x.example/a>"), "{name}");
            }
            "550" | "552" | "554" => assert_eq!(taken.len(), before, "{name}"),
            _ => panic!("{name}: {answers:?}\n{}", door.log()),
        }
        println!("{name}: {} in {} ms", answers[0].trim_end(), started.elapsed().as_millis());
    }
    serves(&door);
    door.stop();
}

/// A disk of its own for the quarantine, where that may be made; unmounted when it is dropped.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(path: std::path::PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let words = ["-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs"];
        let done = Command::new("mount").args(words).arg(&path).output().ok()?;
        done.status.success().then_some(Self(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_keeps_mail_with_its_sender() {
    let mut door = Door::new("on_failure = \"pass\"", "");
    let Some(disk) = Disk::mount(door.path("quarantine")) else {
        println!("left out: no disk of its own can be mounted here; a limit on files stands for it");
        return;
    };
    door.start();
    // Whatever is left is taken; the databases have what they have.
    let filler = disk.0.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    let answers = door.lmtp().mail(&["mp@parl.example"], message("quarantine"));
    assert!(answers[0].starts_with("451 "), "hostile mail waits though the gate fails open: {answers:?}");
    let answers = door.lmtp().mail(&["mp@parl.example"], message("neutralise"));
    assert!(answers[0].starts_with("451 "), "{answers:?}");
    assert_eq!((door.taken().len(), held(&door)), (0, 0));
    // There is room again: the gate goes on without a new start.
    fs::remove_file(filler).unwrap();
    let answers = door.lmtp().mail(&["mp@parl.example"], message("quarantine"));
    assert!(answers[0].starts_with("250 "), "{answers:?}\n{}", door.log());
    serves(&door);
    assert_eq!((door.taken().len(), held(&door)), (1, 1));
    door.stop();
    drop(disk);
}

#[test]
fn a_limit_on_the_size_of_files_keeps_mail_with_its_sender() {
    let mut door = Door::new("", "");
    // The databases fit; a message of two megabytes does not.
    door.start_limited("trap '' XFSZ; ulimit -f 2048");
    let long = message("quarantine") + &"long line of text\r\n".repeat(120_000);
    let answers = door.lmtp().mail(&["mp@parl.example"], &long);
    assert!(answers[0].starts_with("451 "), "{answers:?}");
    assert_eq!((door.taken().len(), held(&door)), (0, 0));
    let left: Vec<_> =
        fs::read_dir(door.path("quarantine/partial")).map(|all| all.count()).into_iter().collect();
    assert!(left.iter().all(|count| *count == 0), "half a file stays: {left:?}");
    serves(&door);
    door.stop();
    door.start();
    let answers = door.lmtp().mail(&["mp@parl.example"], &long);
    assert!(answers[0].starts_with("250 "), "{answers:?}");
    assert_eq!(held(&door), 1);
    door.stop();
}
