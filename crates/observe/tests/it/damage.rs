//! Damaged evidence: cut at every byte, flipped bits, random bytes behind every magic. Nothing of it
//! may make a reader panic, run on without an end, or forget to close what it has begun.

use observe::{Format, Limits, Settings};
use proptest::prelude::*;

use crate::formats::SAMPLES;
use crate::pack::{bzip2, gzip_named, log, seven, tar, xz, zip, zip_streamed, zstd};
use crate::seen::{Seen, read, read_as, read_with, settings};

/// A small container of each kind, with the bytes behind which a record is whole.
pub(crate) fn containers() -> Vec<(&'static str, Vec<u8>)> {
    let (a, b) = (log("a"), log("b"));
    let members: &[(&str, &[u8])] = &[("a", &a), ("b", &b)];
    vec![
        ("gzip", gzip_named(&a, "a", 1)),
        ("bzip2", bzip2(&a)),
        ("zstd", zstd(&a)),
        ("xz", xz(&a)),
        ("zip", zip(members)),
        ("zip", zip_streamed(members)),
        ("7z", seven(members)),
        ("tar", tar(members)),
        ("zip", zip(&[("t", &tar(&[("g", &gzip_named(&a, "a", 1))]))])),
    ]
}

fn bounded() -> Settings {
    Settings { limits: Limits { unpacked: 32 << 20, members: 100, ..Limits::default() }, ..settings() }
}

#[test]
fn containers_that_are_cut_short_anywhere() {
    for (format, whole) in containers() {
        // The first bytes of an archive may look like a text.
        let records_of = |seen: &Seen| {
            let logs = seen.pieces.iter().filter(|piece| piece.format == Some(Format::Json));
            logs.map(|piece| piece.events.len()).sum::<usize>()
        };
        let records = records_of(&read(&whole, "x"));
        let mut most = 0;
        for end in 0..whole.len() {
            let seen = read(&whole[..end], "x");
            if !seen.pieces[0].format.is_some_and(Format::is_container) {
                continue;
            }
            let found = records_of(&seen);
            most = most.max(found);
            assert!(found <= records, "{format} cut at {end}");
            let cut = found < records;
            // A tar archive may end after any member.
            assert!(
                !cut || !seen.problems().is_empty() || format == "tar",
                "{format} cut at {end} says nothing"
            );
        }
        assert!(most > 0 || format == "7z", "{format}: nothing is read unless it is whole");
    }
}

#[test]
fn texts_that_are_cut_short_anywhere() {
    for sample in SAMPLES {
        let bytes = sample.text.as_bytes();
        for end in 0..bytes.len() {
            let seen = read(&bytes[..end], "x");
            if seen.shape()[0].1 == sample.format {
                // What is left of the last record may look like one.
                assert!(
                    seen.events() <= sample.records,
                    "{} cut at {end}: {:#?}",
                    sample.name,
                    seen.pieces[0].events
                );
            }
        }
    }
}

#[test]
fn containers_with_a_flipped_bit() {
    for (_, whole) in containers() {
        for at in 0..whole.len() {
            for bit in [0, 3, 7] {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                read_with(&flipped, "x", &bounded());
            }
        }
    }
}

#[test]
fn texts_with_a_flipped_bit() {
    for sample in SAMPLES {
        for at in 0..sample.text.len() {
            let mut flipped = sample.text.as_bytes().to_vec();
            flipped[at] ^= 1 << (at % 8);
            read(&flipped, "x");
        }
    }
}

const MAGICS: [&[u8]; 24] = [
    b"",
    b"ElfFile\0",
    b"ElfChnk\0",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08\0",
    b"\x1f\x8b\x08\x0c",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18\x04\0\0\0",
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46",
    b"BZh91AY&SY",
    b"7z\xbc\xaf\x27\x1c\0\x04",
    b"\xff\xfe",
    b"\xfe\xff",
    b"#Fields: date time c-ip\n",
    b"#Log-type: Message Tracking Log\n#Fields: a,b\n",
    b"{\"a\":",
    b"[{",
    b"a,b,c\n1,2,3\n",
    b"<34>1 2021-08-24T09:12:00Z h a - - - ",
    b"type=EXECVE msg=audit(1629796320.123:42): ",
    b"192.0.2.7 - - [24/Aug/2021:09:12:00 +0000] \"GET / HTTP/1.1\" 200 1\n",
    b"From: a@a.example\nTo: b@b.example\nSubject: x\n\n",
    b"From a@a.example Tue Aug 24 09:12:00 2021\nFrom: a\n\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn random_bytes_behind_every_magic(magic in prop::sample::select(&MAGICS[..]), rest in prop::collection::vec(any::<u8>(), 0..2000)) {
        read_with(&[magic, &rest].concat(), "x", &bounded());
    }

    #[test]
    fn random_bytes_said_to_be_anything(format in prop::sample::select(&Format::ALL[..]), bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read_as(format, &bytes, "x", &bounded());
    }

    /// Pieces of real evidence in any order, torn and put together again.
    #[test]
    fn shuffled_pieces(pieces in prop::collection::vec((0..SAMPLES.len(), 0_usize..600, 0_usize..200), 1..6)) {
        let mut bytes = Vec::new();
        for (sample, from, size) in pieces {
            let text = SAMPLES[sample].text.as_bytes();
            bytes.extend(&text[from.min(text.len())..(from + size).min(text.len())]);
        }
        read_with(&bytes, "x", &bounded());
    }
}

#[test]
fn a_line_of_ten_megabytes() {
    let long = "x".repeat(10 << 20);
    for sample in SAMPLES.iter().filter(|sample| !matches!(sample.format, "message" | "mbox")) {
        let seen = read(format!("{}\n{long}\n", sample.text).as_bytes(), "x");
        assert!(seen.events() >= sample.records, "{}: {:?}", sample.name, seen.problems());
        assert_ne!(seen.problems(), Vec::<String>::new(), "{}", sample.name);
    }
}

#[test]
fn the_same_bytes_say_the_same() {
    for (_, bytes) in containers() {
        assert_eq!(read(&bytes, "x"), read(&bytes, "x"));
    }
}
