use jiff::tz::TimeZone;
use model::{Event, Kind, Problem};
use proptest::prelude::*;

use super::*;
use crate::{Format, Limits, LogSources, Settings};

/// What one record came to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    record: u64,
    offset: u64,
    time: String,
    source: String,
    fields: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Gathered {
    sources: Option<LogSources>,
    records: Vec<Seen>,
    problems: Vec<Problem>,
    assumed: Vec<String>,
}

impl Collector for Gathered {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, event: &mut Event) {
        let sources = self.sources.get_or_insert_with(LogSources::builtin);
        self.records.push(Seen {
            record: event.record,
            offset: event.offset,
            time: event.time.map(|time| time.to_string()).unwrap_or_default(),
            source: sources.get(event.source).to_string(),
            fields: event.fields().map(|(name, value)| (name.to_owned(), value.text.to_owned())).collect(),
        });
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
    fn assumed(&mut self, what: String) {
        self.assumed.push(what);
    }
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

fn gather_at(bytes: &[u8], path: &str, zone: TimeZone) -> Gathered {
    let settings = Settings {
        zone,
        year: None,
        limits: Limits { depth: 8, ratio: 100, unpacked: 1 << 30, members: 100 },
        tmp: std::env::temp_dir(),
    };
    let sources = LogSources::builtin();
    let context = Context { settings: &settings, sources: &sources, modified: None, path };
    let mut gathered = Gathered::default();
    read(&mut &*bytes, &context, &mut gathered);
    gathered
}

fn gather(text: &str) -> Gathered {
    gather_at(text.as_bytes(), "log.json", TimeZone::UTC)
}

fn values<'s>(seen: &'s Seen, name: &str) -> Vec<&'s str> {
    seen.fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
}

/// Every value of field `a` in the records of `text`, and how many problems there were.
fn read_a(text: &str) -> (Vec<String>, usize) {
    let gathered = gather(text);
    let found = gathered.records.iter().flat_map(|seen| values(seen, "a")).map(str::to_owned).collect();
    (found, gathered.problems.len())
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
        (r#"{"took":3,"_shards":{"total":1},"hits":{"total":{"value":2},"max_score":1.0,"hits":[{"_index":"i","_source":{"a":1}},{"_source":{"a":2}}]}}"#, &["1", "2"], 0),
        ("{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2}]}\n", &["1", "2"], 0),
        ("[{\"Records\":[{\"a\":1}]},{\"Records\":[{\"a\":2}]}]", &["1", "2"], 0),
        (r#"{"Records":[]}"#, &[], 0),
        ("[]", &[], 0),
        (r#"{"a":1,"data":[{"b":2}]}"#, &["1"], 0),
        (r#"{"data":[1,2],"a":3}"#, &["3"], 0),
        ("[[{\"a\":1}],[{\"a\":2}]]", &["1", "2"], 0),
    ] {
        let (a, count) = read_a(text);
        assert_eq!((a, count), (found.iter().map(|&s| s.to_owned()).collect(), problems), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    for (text, found, place) in [
        ("{\"a\":1}\n{\"a\":2\n{\"a\":3}\n", &["1", "3"][..], Place::Line(2)),
        ("{\"a\":1}\n{\"a\":\"x\n{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("{\"a\":1}\nthe disk was full\n{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("{\"a\":1}\n\0\0\0\0{\"a\":3}\n", &["1", "3"], Place::Line(2)),
        ("\":2}\n{\"a\":1}\n{\"a\":3}\n", &["1", "3"], Place::Line(1)),
        ("[{\"a\":1},{\"a\":},{\"a\":3}]", &["1", "3"], Place::Record(2)),
        ("[{\"a\":1},{\"a\":2", &["1"], Place::Record(2)),
        ("{\"Records\":[{\"a\":1},7,{\"a\":3}]}", &["1", "3"], Place::Record(2)),
        ("{\"a\":1}\n{\"a\":2}}\n{\"a\":3}", &["1", "2", "3"], Place::Line(2)),
    ] {
        let gathered = gather(text);
        let a: Vec<&str> = gathered.records.iter().flat_map(|seen| values(seen, "a")).collect();
        assert_eq!((a.as_slice(), gathered.problems[0].place), (found, place), "{text}: {:?}", gathered.problems);
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
        let gathered = gather_at(text, "log.json", TimeZone::UTC);
        let a: Vec<&str> = gathered.records.iter().flat_map(|seen| values(seen, "a")).collect();
        assert_eq!((a.as_slice(), gathered.problems.len()), (found, 1), "{:?}", gathered.problems);
    }
}

#[test]
fn nested_values_become_flat_fields_in_order() {
    let gathered = gather(
        r#"{"s":"é","n":-1.50,"big":123456789012345678901234567890,"t":true,"z":null,
            "o":{"p":{"q":1},"e":{}},"l":[1,"two",[3]],"r":[{"x":1},{"x":2,"y":3}],"none":[],"s":"again"}"#,
    );
    let fields: Vec<(&str, &str)> =
        gathered.records[0].fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        fields,
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
    let lines = gather("{\"a\":1}\n\n{\"a\":2}\n");
    assert_eq!(lines.records.iter().map(|r| (r.record, r.offset)).collect::<Vec<_>>(), [(1, 0), (3, 9)]);
    let list = gather("[\n {\"a\":1},\n {\"a\":2}\n]");
    assert_eq!(list.records.iter().map(|r| (r.record, r.offset)).collect::<Vec<_>>(), [(1, 3), (2, 13)]);
    let wide: Vec<u8> = "\u{FEFF}{\"a\":1}\n{\"a\":2}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = gather_at(&wide, "log.json", TimeZone::UTC);
    assert_eq!(wide.records.iter().map(|r| (r.record, r.offset)).collect::<Vec<_>>(), [(1, 2), (2, 18)]);
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = |levels: usize| format!("{}1{}\n{{\"a\":9}}\n", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert_eq!(gather(&deep(64)).problems, []);
    let gathered = gather(&deep(65));
    assert!(gathered.problems[0].what.contains("64"), "{:?}", gathered.problems);
    assert_eq!(values(gathered.records.last().unwrap(), "a"), ["9"]);
    let brackets = gather(&format!("{}\n{{\"a\":1}}\n", "[".repeat(100_000)));
    assert!(!brackets.problems.is_empty());
    let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":\"next\"}}\n", "x".repeat(MAX_RECORD + 1));
    let gathered = gather(&long);
    assert!(gathered.problems[0].what.contains("16 MiB"), "{:?}", gathered.problems);
    assert_eq!(values(&gathered.records[0], "a"), ["next"]);
}

#[test]
fn naive_times_take_the_zone_of_the_settings_and_say_so() {
    let berlin = || TimeZone::get("Europe/Berlin").unwrap();
    let naive = gather_at(br#"{"timestamp":"2021-08-24 11:12:00","x":1}"#, "log.json", berlin());
    assert_eq!(naive.records[0].time, "2021-08-24T09:12:00Z");
    assert_eq!(naive.assumed.len(), 1);
    assert!(naive.assumed[0].contains("Europe/Berlin"));
    let m365 = br#"{"CreationTime":"2021-08-24T09:12:00","Operation":"Send","Workload":"Exchange"}"#;
    let utc = gather_at(m365, "log.json", berlin());
    assert_eq!((utc.records[0].time.as_str(), utc.assumed.len()), ("2021-08-24T09:12:00Z", 0));
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
        ("cut\":1}\n{\"a\":2}", false),
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
    let whole = gather(SAMPLE).records;
    for cut in 0..SAMPLE.len() {
        let gathered = gather(&SAMPLE[..cut]);
        let ends = SAMPLE[..cut].matches("}\n").count() + usize::from(SAMPLE[..cut].ends_with("]}") || SAMPLE[..cut].ends_with("3}"));
        assert_eq!(gathered.records, whole[..gathered.records.len()], "{cut}");
        assert_eq!(gathered.records.len(), ends.min(2), "{cut}");
        let torn = !matches!(cut, 0) && !SAMPLE[..cut].trim_end().ends_with(['}']);
        assert_eq!(!gathered.problems.is_empty(), torn || cut_within(cut), "{cut}: {:?}", gathered.problems);
    }
}

/// Whether a brace before `cut` closes something else than a record.
fn cut_within(cut: usize) -> bool {
    let head = SAMPLE[..cut].trim_end();
    head.ends_with('}') && mend::extent(head.rsplit_once('\n').map_or(head, |(_, last)| last).as_bytes()).is_none()
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(start in "[\\[{]{1,3}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut evidence = start.into_bytes();
        evidence.extend(bytes);
        let _ = recognise(&String::from_utf8_lossy(&evidence));
        gather_at(&evidence, "log.json", TimeZone::UTC);
    }

    #[test]
    fn hostile_json_never_panics(text in r#"([\[\]{},:"\\]|"[a-c]":|[0-9.eE-]{1,3}|null|\\u[dD]8|"(Records|value|Parameters|properties|AuditData|Name|Value|hits)":|\n|true){0,60}"#) {
        let gathered = gather(&text);
        prop_assert!(gathered.records.len() <= text.len());
    }

    #[test]
    fn one_changed_byte_costs_no_more_than_its_record(at in 0..SAMPLE.len(), byte in any::<u8>()) {
        let mut evidence = format!("{SAMPLE}{SAMPLE}").into_bytes();
        evidence[at] = byte;
        let whole = gather(SAMPLE).records;
        let got = gather_at(&evidence, "log.json", TimeZone::UTC).records;
        prop_assert_eq!(&got.last().unwrap().fields, &whole[1].fields);
    }
}
