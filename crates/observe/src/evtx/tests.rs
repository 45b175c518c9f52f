mod build;

use std::path::{Path, PathBuf};

use model::{Event, Kind, Place, Problem, Time};
use proptest::prelude::*;

use self::build::{Chunk, Node, Value, data, file, leaf, sign, text, utf16};
use super::stream::{CHUNK, HEADER};
use super::value::kind;
use super::*;

/// Keeps what a reader says.
#[derive(Debug, Default)]
struct Kept {
    events: Vec<Event>,
    problems: Vec<Problem>,
}

impl Collector for Kept {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: crate::Format) {}
    fn event(&mut self, event: &mut Event) {
        self.events.push(std::mem::take(event));
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

fn kept(mut bytes: &[u8], slow_only: bool) -> Kept {
    let mut kept = Kept::default();
    read_with(&mut bytes, slow_only, &mut kept);
    kept
}

type Fact = (String, Kind, String);

fn facts(event: &Event) -> (Option<Time>, u64, u64, Vec<Fact>) {
    let mut facts: Vec<Fact> =
        event.fields().map(|(name, value)| (name.to_owned(), value.kind, value.text.to_owned())).collect();
    facts.sort_by(|one, two| one.0.cmp(&two.0));
    (event.time, event.record, event.offset, facts)
}

/// The logs below the shared folder `name`, if it lies beside the workspace.
fn shared(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !root.is_dir() {
        println!("left out: no logs at ../shared/data/{name}");
        return Vec::new();
    }
    let (mut folders, mut files) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("evtx")) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn both_ways_give_the_same_facts_on_every_shared_record() {
    for (folder, records) in [("evtx-attack-samples", 8255), ("sigma-regression", 92)] {
        let files = shared(folder);
        let mut count = 0;
        for path in &files {
            let bytes = std::fs::read(path).unwrap();
            let (fast, slow) = (kept(&bytes, false), kept(&bytes, true));
            assert_eq!(fast.problems, slow.problems, "{}", path.display());
            assert_eq!(fast.events.len(), slow.events.len(), "{}", path.display());
            for (fast, slow) in fast.events.iter().zip(&slow.events) {
                assert_eq!(facts(fast), facts(slow), "{}", path.display());
                assert_eq!(fast.source, slow.source, "{}", path.display());
            }
            count += fast.events.len();
        }
        assert!(files.is_empty() || count >= records, "{folder}: {count}");
    }
}

/// 24 August 2021, 08:52 UTC.
const FILETIME: u64 = 132_742_687_200_000_000;

/// `System` with the fields that matter here, and `content` beside it.
fn event(content: Node) -> Node {
    let system = vec![
        Node::Element("Provider", vec![("Name", Node::Text("Microsoft-Windows-Sysmon"))], Vec::new()),
        Node::Element(
            "EventID",
            vec![("Qualifiers", Node::Slot(1, kind::UINT16))],
            vec![Node::Slot(0, kind::UINT16)],
        ),
        Node::Element("TimeCreated", vec![("SystemTime", Node::Slot(2, kind::FILETIME))], Vec::new()),
        leaf("Channel", 3, kind::STRING),
        Node::Element("Security", vec![("UserID", Node::Slot(4, kind::SID))], Vec::new()),
    ];
    let root = vec![("xmlns", Node::Text("http://schemas.microsoft.com/win/2004/08/events/event"))];
    Node::Element("Event", root, vec![Node::Element("System", Vec::new(), system), content])
}

fn system(id: u16, channel: &str) -> Vec<Value> {
    vec![
        (kind::UINT16, id.to_le_bytes().to_vec()),
        (kind::NULL, Vec::new()),
        (kind::FILETIME, FILETIME.to_le_bytes().to_vec()),
        text(channel),
        (kind::SID, vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]),
    ]
}

const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";

/// A record of named data.
fn named(chunk: &mut Chunk, number: u64) {
    let content = vec![
        data("Image", 5, kind::STRING),
        data("ProcessId", 6, kind::UINT32),
        data("Threat Name", 7, kind::STRING),
        Node::If(8, Box::new(data("Left", 8, kind::STRING))),
    ];
    let template = event(Node::Element("EventData", Vec::new(), content));
    let mut values = system(1, SYSMON);
    values.extend([
        text(r"C:\Windows\wächter.exe"),
        (kind::UINT32, 4711u32.to_le_bytes().to_vec()),
        (kind::NULL, Vec::new()),
        (kind::NULL, Vec::new()),
    ]);
    chunk.record(number, FILETIME, |chunk| chunk.instance(1, &template, &values));
}

/// A record of unnamed data: an array of texts.
fn unnamed(chunk: &mut Chunk, number: u64) {
    let content = vec![leaf("Data", 5, kind::STRING | kind::ARRAY), leaf("Binary", 6, kind::BINARY)];
    let template = event(Node::Element("EventData", Vec::new(), content));
    let mut values = system(6, "MSExchange Management");
    values.extend([
        (kind::STRING | kind::ARRAY, utf16("Set-Mailbox\0-Identity \"x\"\0")),
        (kind::BINARY, vec![0xde, 0xad]),
    ]);
    chunk.record(number, FILETIME, |chunk| chunk.instance(2, &template, &values));
}

/// A record whose user data is a template within the record's.
fn nested(chunk: &mut Chunk, number: u64) {
    let template = event(Node::Element("UserData", Vec::new(), vec![Node::Slot(5, kind::BIN_XML)]));
    let space = vec![("xmlns", Node::Text("http://manifests.microsoft.com"))];
    let deep = Node::Element("Param", Vec::new(), vec![leaf("Name", 1, kind::HEX64)]);
    let inner = Node::Element("LogFileCleared", space, vec![leaf("SubjectUserName", 0, kind::STRING), deep]);
    chunk.record(number, FILETIME, |chunk| {
        chunk.instance_with(3, &template, &system(1102, "Security"), |chunk| {
            chunk.instance(4, &inner, &[text("admin"), (kind::HEX64, 0xabcu64.to_le_bytes().to_vec())]);
        });
    });
}

/// A log of eight records in two chunks.
fn log() -> Vec<u8> {
    file(&[chunk(1), chunk(5)])
}

fn chunk(first: u64) -> Vec<u8> {
    let mut chunk = Chunk::new(first);
    named(&mut chunk, first);
    unnamed(&mut chunk, first + 1);
    nested(&mut chunk, first + 2);
    named(&mut chunk, first + 3);
    chunk.finish(&[])
}

fn numbers(kept: &Kept) -> Vec<u64> {
    kept.events.iter().map(|event| event.record).collect()
}

fn values(event: &Event, name: &str) -> String {
    event.get_all(name).map(|value| value.text).collect::<Vec<_>>().join("|")
}

#[test]
fn a_log_gives_its_records_as_facts() {
    let kept = kept(&log(), false);
    assert_eq!(kept.problems, []);
    assert_eq!(numbers(&kept), [1, 2, 3, 4, 5, 6, 7, 8]);
    let first = &kept.events[0];
    assert_eq!(first.time.unwrap().to_string(), "2021-08-24T08:52:00Z");
    assert_eq!(first.offset, 4096 + HEADER as u64);
    let facts: Vec<(&str, &str)> = first.fields().map(|(name, value)| (name, value.text)).collect();
    assert_eq!(
        facts,
        [
            ("Provider_Name", "Microsoft-Windows-Sysmon"),
            ("EventID", "1"),
            ("TimeCreated_SystemTime", "2021-08-24T08:52:00.0000000Z"),
            ("Channel", SYSMON),
            ("Security_UserID", "S-1-5-18"),
            ("Image", r"C:\Windows\wächter.exe"),
            ("ProcessId", "4711"),
            ("Threat Name", ""),
            ("ThreatName", ""),
            ("Threat_Name", ""),
        ]
    );
    assert_eq!(first.get("ProcessId").unwrap().kind, Kind::Int);
    assert_eq!(values(&kept.events[5], "Data"), "Set-Mailbox|-Identity \"x\"");
    assert_eq!(values(&kept.events[5], "Binary"), "DEAD");
    assert_eq!(values(&kept.events[5], "Parameter_Identity"), "x");
    assert_eq!(values(&kept.events[6], "SubjectUserName"), "admin");
    assert_eq!(values(&kept.events[6], "Name"), "0xabc");
    assert_eq!(values(&kept.events[6], "Param.Name"), "0xabc");
}

#[test]
fn both_ways_give_the_same_facts() {
    let (fast, slow) = (kept(&log(), false), kept(&log(), true));
    assert_eq!(slow.problems, []);
    assert_eq!(
        fast.events.iter().map(facts).collect::<Vec<_>>(),
        slow.events.iter().map(facts).collect::<Vec<_>>()
    );
}

#[test]
fn a_record_that_does_not_compile_goes_through_the_crate() {
    let mut chunk = Chunk::new(1);
    named(&mut chunk, 1);
    // The name of a datum is a value here.
    let odd =
        Node::Element("Data", vec![("Name", Node::Slot(5, kind::STRING))], vec![Node::Slot(6, kind::STRING)]);
    let template = event(Node::Element("EventData", Vec::new(), vec![odd]));
    let mut values_of = system(1, SYSMON);
    values_of.extend([text("Shown"), text("value")]);
    chunk.record(2, FILETIME, |chunk| chunk.instance(9, &template, &values_of));
    named(&mut chunk, 3);
    let kept = kept(&file(&[chunk.finish(&[])]), false);
    assert_eq!(kept.problems, []);
    assert_eq!(numbers(&kept), [1, 2, 3]);
    assert_eq!(values(&kept.events[1], "Shown"), "value");
}

#[test]
fn forwarded_records_keep_what_the_sender_rendered() {
    let template = event(Node::Slot(5, kind::BIN_XML));
    let inner = Node::Element("EventData", Vec::new(), vec![data("Image", 0, kind::STRING)]);
    let message = Node::Element("Message", Vec::new(), vec![Node::Text("Process Create")]);
    let level = Node::Element("Level", Vec::new(), vec![Node::Text("Information")]);
    let rendered =
        Node::Element("RenderingInfo", vec![("Culture", Node::Text("en-GB"))], vec![message, level]);
    let mut chunk = Chunk::new(1);
    chunk.record(1, FILETIME, |chunk| {
        chunk.instance_with(3, &template, &system(1, SYSMON), |chunk| {
            chunk.instance(4, &inner, &[text("x.exe")]);
            chunk.data.pop();
            chunk.element(&rendered);
            chunk.data.push(0);
        });
    });
    let bytes = file(&[chunk.finish(&[])]);
    let (fast, slow) = (kept(&bytes, false), kept(&bytes, true));
    assert_eq!(fast.problems, []);
    for (name, expected) in [
        ("Image", "x.exe"),
        ("Message", "Process Create"),
        ("RenderingInfo.Level", "Information"),
        ("RenderingInfo_Culture", "en-GB"),
        ("Level", ""),
    ] {
        assert_eq!(values(&fast.events[0], name), expected, "{name}");
    }
    assert_eq!(facts(&fast.events[0]), facts(&slow.events[0]));
}

#[test]
fn a_log_cut_anywhere_gives_its_whole_records() {
    let whole = log();
    let expected: Vec<_> = kept(&whole, false).events.iter().map(facts).collect();
    let used = |chunk: usize| {
        let from = 4096 + chunk * CHUNK;
        from..from + whole[from..from + CHUNK].iter().rposition(|byte| *byte != 0).unwrap() + 8
    };
    let mut before = 0;
    for len in (0..4096).step_by(61).chain(used(0)).chain(used(1)).chain([whole.len()]) {
        let kept = kept(&whole[..len], false);
        let found: Vec<_> = kept.events.iter().map(facts).collect();
        assert!(found.len() >= before, "{len}");
        assert_eq!(found, expected[..found.len()], "{len}");
        before = found.len();
    }
    assert_eq!(before, expected.len());
}

#[test]
fn a_torn_chunk_says_where() {
    let whole = log();
    let cut = &whole[..4096 + 700];
    let kept = kept(cut, false);
    assert_eq!(kept.problems[0].place, Place::Offset(4096));
    assert!(kept.problems[0].what.contains("torn after 700 of 65536"), "{:?}", kept.problems);
}

#[test]
fn bad_checksums_are_told_and_the_records_read() {
    for (at, what) in
        [(4096 + 60, "header"), (4096 + CHUNK - 1, ""), (4096 + 400 + HEADER, "records"), (60, "file header")]
    {
        let mut bytes = log();
        bytes[at] ^= 0x40;
        let kept = kept(&bytes, false);
        assert!(kept.events.len() >= 7, "{at}: {}", kept.events.len());
        assert_eq!(kept.problems.is_empty(), what.is_empty(), "{at}: {:?}", kept.problems);
        assert!(kept.problems.iter().all(|problem| problem.what.contains(what)), "{:?}", kept.problems);
    }
}

#[test]
fn carved_chunks_are_found_wherever_they_lie() {
    let carved = [vec![0xaa; 700], chunk(1), vec![0; 3 * CHUNK + 512], chunk(5), vec![1; 9]].concat();
    let kept = kept(&carved, false);
    assert_eq!(numbers(&kept), [1, 2, 3, 4, 5, 6, 7, 8]);
    let places: Vec<Place> = kept.problems.iter().map(|problem| problem.place).collect();
    assert_eq!(places, [Place::Offset(0), Place::Offset(carved.len() as u64 - 9)]);
    assert!(is_evtx(&chunk(1)[..600]) && is_evtx(&log()[..8]) && !is_evtx(b"ElfFil"));
}

#[test]
fn a_chunk_whose_end_is_lost_does_not_swallow_the_next() {
    let bytes = file(&[chunk(1)[..8 * HEADER].to_vec(), chunk(5)]);
    assert_eq!(numbers(&kept(&bytes, false)), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn damage_to_one_record_costs_one_record() {
    let mut bytes = log();
    let second = kept(&bytes, false).events[1].offset as usize;
    bytes[second..second + 8].fill(0xff);
    let kept = kept(&bytes, false);
    assert_eq!(numbers(&kept), [1, 3, 4, 5, 6, 7, 8]);
    assert!(
        kept.problems.iter().any(|problem| problem.place == Place::Offset(second as u64)),
        "{:?}",
        kept.problems
    );
}

#[test]
fn records_written_after_the_header_are_live_and_stale_ones_are_not() {
    let mut later = Chunk::new(1);
    named(&mut later, 1);
    let live = later.data.len();
    named(&mut later, 2);
    let mut header = Chunk::new(1);
    named(&mut header, 1);
    let mut bytes = header.finish(&later.data[live..]);
    assert_eq!(numbers(&kept(&bytes, false)), [1, 2]);
    // The same bytes with a number of an earlier time are what the chunk held before.
    bytes[live + 8] = 77;
    sign(&mut bytes);
    assert_eq!(numbers(&kept(&bytes, false)), [1]);
}

#[test]
fn a_record_that_expands_beyond_measure_is_left_out() {
    let mut chunk = Chunk::new(1);
    named(&mut chunk, 1);
    let many = (0..600).map(|_| data("Again", 5, kind::STRING)).collect();
    let template = event(Node::Element("EventData", Vec::new(), many));
    let mut values = system(1, SYSMON);
    values.push(text(&"x".repeat(9000)));
    chunk.record(2, FILETIME, |chunk| chunk.instance(9, &template, &values));
    let kept = kept(&file(&[chunk.finish(&[])]), false);
    assert_eq!(numbers(&kept), [1]);
    assert!(kept.problems[0].what.contains("beyond all measure"), "{:?}", kept.problems);
}

#[test]
fn a_chunk_whose_header_was_never_brought_up_to_date_is_read() {
    let mut bytes = chunk(1);
    bytes[24..40].fill(0);
    bytes[44..48].fill(0);
    bytes[48..52].copy_from_slice(&(HEADER as u32).to_le_bytes());
    bytes[52..56].fill(0);
    sign(&mut bytes);
    let kept = kept(&bytes, false);
    assert_eq!(numbers(&kept), [1, 2, 3, 4]);
    assert!(kept.problems[0].what.contains("knows of no records"), "{:?}", kept.problems);
    assert_eq!(kept.problems.len(), 1);
}

proptest! {
    #[test]
    fn flipped_bits_never_stop_the_reader(flips in prop::collection::vec((0usize..4096 + 2 * CHUNK, 0u8..8), 1..40), dense in any::<bool>()) {
        let mut bytes = log();
        for (at, bit) in flips {
            // Most of a small log is empty; half of the cases strike where the records are.
            let at = if dense { 4096 + at % 3000 } else { at };
            bytes[at] ^= 1 << bit;
        }
        for slow_only in [false, true] {
            let kept = kept(&bytes, slow_only);
            prop_assert!(kept.events.iter().all(|event| event.offset < bytes.len() as u64));
        }
    }

    #[test]
    fn noise_behind_a_chunk_header_never_stops_the_reader(noise in prop::collection::vec(any::<u8>(), 0..3000)) {
        let mut bytes = Chunk::new(1).finish(&noise);
        bytes[48..52].copy_from_slice(&60_000u32.to_le_bytes());
        sign(&mut bytes);
        kept(&bytes, false);
        // A record's frame around the noise.
        let size = (noise.len() + 28) as u32;
        let record = [&b"\x2a\x2a\0\0"[..], &size.to_le_bytes(), &1u64.to_le_bytes(), &FILETIME.to_le_bytes(), &noise, &size.to_le_bytes()].concat();
        let mut bytes = Chunk::new(1).finish(&record);
        bytes[48..52].copy_from_slice(&(HEADER as u32 + size).to_le_bytes());
        sign(&mut bytes);
        kept(&bytes, false);
    }
}
