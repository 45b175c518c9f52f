use std::io::{BufReader, Read as _};

use model::{Event, Problem};

use super::{Lines, Transcoded};
use crate::{Collector, Format};

/// Keeps what goes wrong.
#[derive(Default)]
struct Problems(Vec<String>);

impl Collector for Problems {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, _: &mut Event) {}
    fn problem(&mut self, problem: Problem) {
        self.0.push(format!("{} {}", problem.place, problem.what));
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

type Read = (Vec<(u64, u64, String)>, Vec<String>);

fn read(bytes: &[u8], limit: usize, buffer: usize) -> Read {
    let mut problems = Problems::default();
    let mut input = BufReader::with_capacity(buffer, bytes);
    let mut lines = Lines::with_limit(&mut input, limit);
    let mut found = Vec::new();
    while let Some(line) = lines.next(&mut problems) {
        found.push((line.number, line.offset, line.text.to_owned()));
    }
    (found, problems.0)
}

/// Reads in pieces of every small size, which must not matter beyond the first look.
fn check(bytes: &[u8], expected: &[(u64, u64, &str)], problems: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|(n, at, text)| (*n, *at, (*text).to_owned())).collect();
    for buffer in (16..40).chain([1000]) {
        let (found, told) = read(bytes, 100, buffer);
        assert_eq!(found, expected, "in pieces of {buffer}");
        assert_eq!(told.len(), problems.len(), "{told:?}");
        for (told, wanted) in told.iter().zip(problems) {
            assert!(told.contains(wanted), "{told} is not {wanted}");
        }
    }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn line_ends_of_any_system() {
    check(b"one\ntwo\r\n\nfour", &[(1, 0, "one"), (2, 4, "two"), (3, 9, ""), (4, 10, "four")], &[]);
    check(b"one\rtwo\rthree\r", &[(1, 0, "one"), (2, 4, "two"), (3, 8, "three")], &[]);
    check(b"", &[], &[]);
    check(b"\n", &[(1, 0, "")], &[]);
    check(b"a\rb\nc", &[(1, 0, "a\rb"), (2, 4, "c")], &[]);
}

#[test]
fn encodings() {
    check(b"\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo", &[(1, 3, "one"), (2, 7, "two")], &[]);
    check("é€\nü".as_bytes(), &[(1, 0, "é€"), (2, 6, "ü")], &[]);
    check(b"caf\xE9\nna\xEFve", &[(1, 0, "café"), (2, 5, "naïve")], &["in line 1 not UTF-8"]);
    check(b"\xC3\xA9 \xFF\nb\xFF\xC3\xA9", &[(1, 0, "é \u{FFFD}"), (2, 5, "b\u{FFFD}é")], &["replaced"]);
    let text = "Kopfzeile\r\nÜbung 日本 😀 zwei\nend";
    for (mark, unit) in
        [(&[0xFF, 0xFE][..], u16::to_le_bytes as fn(u16) -> [u8; 2]), (&[0xFE, 0xFF], u16::to_be_bytes)]
    {
        let bytes = [mark, &utf16(text, unit)].concat();
        let expected = [(1, 2, "Kopfzeile"), (2, 24, "Übung 日本 😀 zwei"), (3, 58, "end")];
        check(&bytes, &expected, &[]);
        let without = expected.map(|(number, at, text)| (number, at - 2, text));
        check(&utf16(text, unit), &without, &[]);
    }
}

#[test]
fn holes_of_nul_bytes_part_records() {
    check(
        b"\0\0\0\0\0one\ntw\0\0\0\0\0\0\0\0\0\0o\n\0\0three\0\n",
        &[(1, 5, "one"), (2, 9, "tw"), (2, 21, "o"), (3, 25, "three")],
        &["at byte 0 5 NUL", "at byte 11 10 NUL"],
    );
    check(b"a\0\0b\n", &[(1, 0, "a\0\0b")], &[]);
    check(&[0; 60], &[], &["at byte 0 60 NUL"]);
    let torn = [vec![0; 40], utf16("one\r\ntwo", u16::to_be_bytes)].concat();
    for buffer in [16, 40, 42, 1000] {
        let (found, told) = read(&torn, 100, buffer);
        assert_eq!(found, [(1, 40, "one".to_owned()), (2, 50, "two".to_owned())]);
        assert_eq!(told, ["at byte 0 40 NUL bytes were skipped"]);
    }
}

#[test]
fn a_line_without_an_end_is_cut() {
    let long = "x".repeat(250);
    let text = format!("short\n{long}\nnext\n{long}");
    let cut = "x".repeat(100);
    let expected = [(1, 0, "short"), (2, 6, &*cut), (3, 257, "next"), (4, 262, &*cut)];
    check(text.as_bytes(), &expected, &["in line 2 the line is longer", "in line 4 the line is longer"]);
    let (found, told) = read(&utf16(&text, u16::to_le_bytes), 100, 64);
    assert_eq!(found[1], (2, 12, "x".repeat(50)));
    assert_eq!(found[2], (3, 514, "next".to_owned()));
    assert_eq!(told.len(), 2);
}

#[test]
fn utf16_as_utf8_in_pieces_of_any_size() {
    let text = "Kopfzeile\r\n\"Übung\" 日本 😀\n";
    for (mark, unit) in
        [(&[0xFF, 0xFE][..], u16::to_le_bytes as fn(u16) -> [u8; 2]), (&[0xFE, 0xFF], u16::to_be_bytes)]
    {
        let bytes = [mark, &utf16(text, unit)].concat();
        for buffer in 16..60 {
            let mut input = BufReader::with_capacity(buffer, &bytes[..]);
            let mut found = String::new();
            Transcoded::new(&mut input).read_to_string(&mut found).unwrap();
            assert_eq!(found, text, "in pieces of {buffer}");
        }
    }
}
