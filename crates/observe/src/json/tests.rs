use jiff::tz::TimeZone;
use model::{Event, Kind, Place};
use proptest::prelude::*;

use super::flatten::Flattener;
use super::reader::MAX_RECORD;
use super::*;
use crate::w3c::probe::{Probe, probe, probe_with, time, torment, values};
use crate::{LogSources, Settings};

pub(super) fn gather(text: &str) -> Probe {
    probe(read, text.as_bytes())
}

fn gather_in(zone: &str, bytes: &[u8]) -> Probe {
    let settings = Settings { zone: TimeZone::get(zone).unwrap(), ..Settings::default() };
    probe_with(read, bytes, &settings, None)
}

fn fields(event: &Event) -> Vec<(&str, &str)> {
    event.fields().map(|(name, value)| (name, value.text)).collect()
}

/// Every value of `a` in all records.
fn all_a(found: &Probe) -> Vec<String> {
    found.events.iter().flat_map(|event| values(event, "a")).collect()
}

#[test]
fn records_are_found_however_they_are_strung_together() {
    for (text, found, problems) in [
        ("{\"a\":1}\n{\"a\":2}\n", &["1", "2"][..], 0),
        ("{\"a\":1}\r\n\r\n{\"a\":2}", &["1", "2"], 0),
        ("{\"a\":1}{\"a\":2} {\"a\":3}", &["1", "2", "3"], 0),
        ("\u{FEFF}[{\"a\":1},{\"a\":2}]", &["1", "2"], 0),
        ("\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n", &["1", "2"], 0),
        ("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", &["1", "2"], 0),
        (r#"{"Records":[{"a":1},{"a":2}]}"#, &["1", "2"], 0),
        (r#"{"@odata.context":"x","value":[{"a":1}],"@odata.nextLink":"y"}"#, &["1"], 0),
        (
            r#"{"took":3,"_shards":{"total":1},"hits":{"total":{"value":2},"max_score":1.0,"hits":[{"_index":"i","_source":{"a":1}},{"_source":{"a":2}}]}}"#,
            &["1", "2"],
            0,
        ),
        ("{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2}]}\n", &["1", "2"], 0),
        ("[{\"Records\":[{\"a\":1}]},{\"Records\":[{\"a\":2}]}]", &["1", "2"], 0),
        (r#"{"Records":[]}"#, &[], 0),
        ("[]", &[], 0),
        (r#"{"a":1,"data":[{"b":2}]}"#, &["1"], 0),
        (r#"{"data":[1,2],"a":3}"#, &["3"], 0),
        ("[[{\"a\":1}],[{\"a\":2}]]", &["1", "2"], 0),
    ] {
        let gathered = gather(text);
        assert_eq!(
            (all_a(&gathered).as_slice(), gathered.problems.len()),
            (&owned(found)[..], problems),
            "{text}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    for (text, found, place) in [
        ("{\"a\":1}\n{\"a\":2\n{\"a\":3}\n", &["1", "3"][..], Place::Line(2)),
        ("{\"a\":1}\n{\"a\":\"x\n{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("{\"a\":1}\n{\"a\":\n{\"a\":3}\n{\"a\":4}\n", &["1", "3", "4"], Place::Line(2)),
        ("{\"a\":1}\nthe disk was full\n{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("{\"a\":1}\n\0\0\0\0{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("\":2}\n{\"a\":1}\n{\"a\":3}\n", &["1", "3"], Place::Line(1)),
        ("[{\"a\":1},{\"a\":},{\"a\":3}]", &["1", "3"], Place::Record(2)),
        ("[{\"a\":1},{\"a\":2", &["1"], Place::Record(2)),
        ("{\"Records\":[{\"a\":1},7,{\"a\":3}]}", &["1", "3"], Place::Record(2)),
        ("{\"a\":1}\n{\"a\":2}}\n{\"a\":3}", &["1", "2", "3"], Place::Line(2)),
    ] {
        let gathered = gather(text);
        let place_told = gathered.problems.first().map(|problem| problem.place);
        assert_eq!(
            (all_a(&gathered), place_told),
            (owned(found), Some(place)),
            "{text}: {:?}",
            gathered.problems
        );
    }
}

#[test]
fn what_can_be_mended_is_mended_and_told() {
    for (text, found) in [
        (&b"{\"a\":\"C:\\Windows\"}\n{\"a\":\"x\"}"[..], &[r"C:\Windows", "x"][..]),
        (b"{\"a\":\"\\ud83d\"}", &["\u{FFFD}"]),
        (b"[{\"a\":\"\xE4\"},{\"a\":\"x\"}]", &["\u{FFFD}", "x"]),
        (b"{\"a\":\"x\ty\"}", &["x y"]),
    ] {
        let gathered = probe(read, text);
        assert_eq!((all_a(&gathered), gathered.problems.len()), (owned(found), 1), "{:?}", gathered.problems);
    }
}

#[test]
fn nested_values_become_flat_fields_in_order() {
    let gathered = gather(
        r#"{"s":"é","n":-1.50,"big":123456789012345678901234567890,"t":true,"z":null,
            "o":{"p":{"q":1},"e":{}},"l":[1,"two",[3]],"r":[{"x":1},{"x":2,"y":3}],"none":[],"s":"again"}"#,
    );
    assert_eq!(
        fields(&gathered.events[0]),
        [
            ("s", "é"),
            ("n", "-1.50"),
            ("big", "123456789012345678901234567890"),
            ("t", "true"),
            ("z", ""),
            ("o.p.q", "1"),
            ("l", "1"),
            ("l", "two"),
            ("l", "3"),
            ("r.x", "1"),
            ("r.x", "2"),
            ("r.y", "3"),
            ("none", ""),
            ("s", "again"),
        ]
    );
}

#[test]
fn kinds_are_those_of_the_text() {
    let table = Table::shared();
    let mut event = Event::default();
    Flattener::new(table).record(br#"{"s":"1","i":1,"f":1e3,"b":false,"z":null}"#, &mut event).unwrap();
    let kinds: Vec<Kind> = event.fields().map(|(_, value)| value.kind).collect();
    assert_eq!(kinds, [Kind::Str, Kind::Int, Kind::Float, Kind::Bool, Kind::Null]);
}

#[test]
fn places_are_those_of_the_evidence() {
    let places = |text: &str| -> Vec<(u64, u64)> {
        gather(text).events.iter().map(|event| (event.record, event.offset)).collect()
    };
    assert_eq!(places("{\"a\":1}\n\n{\"a\":2}\n"), [(1, 0), (3, 9)]);
    assert_eq!(places("[\n {\"a\":1},\n {\"a\":2}\n]"), [(1, 3), (2, 13)]);
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = |levels: usize| format!("{}1{}\n{{\"a\":9}}\n", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert_eq!(gather(&deep(64)).problems, []);
    let gathered = gather(&deep(65));
    assert!(gathered.problems[0].what.contains("64"), "{:?}", gathered.problems);
    assert_eq!(values(gathered.events.last().unwrap(), "a"), ["9"]);
    let brackets = gather(&format!("{}\n{{\"a\":1}}\n", "[".repeat(100_000)));
    assert!(!brackets.problems.is_empty());
    let many = format!("{{\"a\":[{}1]}}\n{{\"a\":\"next\"}}\n", "1,".repeat(200_000));
    let gathered = gather(&many);
    assert!(gathered.problems[0].what.contains("values"), "{:?}", gathered.problems);
    assert_eq!(values(&gathered.events[0], "a"), ["next"]);
    let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":\"next\"}}\n", "x".repeat(MAX_RECORD + 1));
    let gathered = gather(&long);
    assert!(gathered.problems[0].what.contains("16 MiB"), "{:?}", gathered.problems);
    assert_eq!(values(&gathered.events[0], "a"), ["next"]);
}

#[test]
fn naive_times_take_the_zone_of_the_settings_and_say_so() {
    let naive = gather_in("Europe/Berlin", br#"{"timestamp":"2021-08-24 11:12:00","x":1}"#);
    assert_eq!(time(&naive.events[0]), "2021-08-24T09:12:00Z");
    assert_eq!(naive.assumed, ["times without an offset are in Europe/Berlin"]);
    let m365 = br#"{"CreationTime":"2021-08-24T09:12:00","Operation":"Send","Workload":"Exchange"}"#;
    let utc = gather_in("Europe/Berlin", m365);
    assert_eq!((time(&utc.events[0]).as_str(), utc.assumed.len()), ("2021-08-24T09:12:00Z", 0));
}

#[test]
fn recognition_takes_json_and_nothing_else() {
    for (head, expected) in [
        ("{\"a\":1}", true),
        ("  [ {\"a\"", false),
        ("  [ {\"a\":", false),
        ("  [ {\"a\": 1", true),
        ("[]", false),
        ("{}\n", true),
        ("\u{FEFF}{\n \"Records\": [", true),
        ("cut\":1}\n{\"a\":2}\n{\"a\":", true),
        ("cut\":1}\n{\"a\":2}\nand more", false),
        ("something\n[1] else", false),
        ("\":1}\n{\"a\":2}", true),
        ("[Tue Aug 24 09:12:00 2021] [error] x", false),
        ("[1234.5] kernel: x", false),
        ("{x}", false),
        ("<134>Aug 24 09:12:00 h p: {\"a\":1}", false),
        ("\"a\",\"b\"\n1,2\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn every_shape_can_be_told_and_names_a_known_source() {
    let sources = LogSources::builtin();
    let table = Table::shared();
    assert!(table.shapes.len() > 30);
    for name in table.sources.iter().filter(|name| !name.is_empty()) {
        assert_ne!(sources.named(name).0, 0, "{name}");
    }
    let mut names: Vec<&str> = table.shapes.iter().map(|shape| shape.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.shapes.len());
}

const SAMPLE: &str = concat!(
    "{\"CreationTime\":\"2021-08-24T09:12:00\",\"Operation\":\"New-InboxRule\",\"Workload\":\"Exchange\",",
    "\"Parameters\":[{\"Name\":\"ForwardTo\",\"Value\":\"x@example.net\"}]}\n",
    "{\"a\":[1,{\"b\":\"\\u00e9\\n\"}],\"c\":-1.5e3}\n",
);

#[test]
fn a_log_that_is_cut_anywhere_yields_the_records_before() {
    let whole = gather(SAMPLE).events;
    let ends: Vec<usize> = SAMPLE.match_indices('\n').map(|(at, _)| at).collect();
    for cut in 0..SAMPLE.len() {
        let gathered = gather(&SAMPLE[..cut]);
        let complete = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(gathered.events.len(), complete, "{cut}");
        for (event, expected) in gathered.events.iter().zip(&whole) {
            assert_eq!(fields(event), fields(expected), "{cut}");
        }
        let torn = cut > 0 && !ends.iter().any(|&end| cut == end || cut == end + 1);
        assert_eq!(gathered.problems.len(), usize::from(torn), "{cut}: {:?}", gathered.problems);
    }
}

#[test]
fn changed_bytes_do_not_matter_to_the_reader() {
    torment(read, SAMPLE.as_bytes());
    torment(read, format!("{{\"Records\":[{}]}}", SAMPLE.trim_end().replace('\n', ",")).as_bytes());
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(start in "[\\[{]{1,3}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut evidence = start.into_bytes();
        evidence.extend(bytes);
        let _ = recognise(&String::from_utf8_lossy(&evidence));
        probe(read, &evidence);
    }

    #[test]
    fn hostile_json_never_panics(text in r#"([\[\]{},:"\\]|"[a-c]":|[0-9.eE-]{1,3}|null|\\u[dD]8|"(Records|value|Parameters|properties|AuditData|Name|Value|hits)":|\n|true){0,60}"#) {
        let gathered = gather(&text);
        prop_assert!(gathered.events.len() <= text.len());
    }

    #[test]
    fn one_changed_byte_costs_no_more_than_its_record(at in 0..SAMPLE.len(), byte in any::<u8>()) {
        let mut evidence = format!("{SAMPLE}{SAMPLE}").into_bytes();
        evidence[at] = byte;
        let whole = gather(SAMPLE).events;
        let got = probe(read, &evidence).events;
        prop_assert_eq!(fields(got.last().unwrap()), fields(&whole[1]));
    }
}
