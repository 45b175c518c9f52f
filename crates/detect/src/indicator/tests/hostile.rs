//! Input that is damaged, or made to do harm.

use proptest::prelude::*;

use super::*;

#[test]
fn damage_anywhere_leaves_the_rest_readable() {
    let whole = bundle(
        "[file:name = 'a' AND (file:size > 3 OR url:value LIKE '%x_y%')] START t'2022-01-01T00:00:00Z' STOP t'2023-01-01T00:00:00Z'",
    );
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&whole).unwrap()).unwrap();
    for text in [&whole, &pretty] {
        for end in 0..text.len() {
            let mut loader = IndicatorLoader::default();
            loader.add("cut.json", &text.as_bytes()[..end]);
            assert!(!loader.finish().rejected().is_empty(), "{end}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_loader(text in ".{0,300}", pattern in "[\\[\\]() a-z:.'=<>!*0-9\\\\]{0,80}") {
        let indicators = load(&text);
        indicators.look(&event(&[("a", &text)]));
        let indicators = load(&bundle(&pattern));
        indicators.look(&event(&[("CommandLine", &pattern)]));
        let alone = super::super::parts::of(&text);
        prop_assert!(alone.is_err() || text.contains('['));
    }

    #[test]
    fn no_value_stops_the_look(value in "[a-zA-Z0-9.:/\\\\@=%\\[\\] é-]{0,120}") {
        let indicators = load("evil.example\n10.0.0.0/8\nhttp://a.example/x\nann@b.example\n00:11:22:33:44:55\n2001:db8::1\nd41d8cd98f00b204e9800998ecf8427e\n");
        indicators.look(&event(&[("a", &value)]));
        // A value in a sentence is found whatever surrounds the sentence.
        let found = indicators.look(&event(&[("a", &format!("{value} evil.example {value}"))])).matches;
        prop_assert!(!found.is_empty());
    }
}

#[test]
fn what_lies_before_a_cut_is_kept() {
    let one = |name: &str| {
        format!(
            r#"{{"type":"indicator","id":"indicator--{name}","pattern":"[domain-name:value='{name}.example']"}}"#
        )
    };
    let whole = format!(r#"{{"type":"bundle","objects":[{},{}]}}"#, one("a"), one("b"));
    let first = whole.find("},{").unwrap() + 1;
    for end in first..whole.len() {
        let indicators = load(&whole[..end]);
        assert!(!indicators.infos().is_empty() && !indicators.rejected().is_empty(), "{end}");
    }
    // Damage on one line stops no other.
    let lines = format!("{}\n{{\"type\": \"indi\n{}\n", one("a"), one("b"));
    assert_eq!((load(&lines).infos().len(), load(&lines).rejected()[0].line), (2, 2));
}

#[test]
fn wrong_types_are_named_and_the_rest_counts() {
    let wrong = [
        "null",
        "7",
        "\"text\"",
        "[[[]]]",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"indicator\"}",
        "{\"type\":\"indicator\",\"id\":[],\"pattern\":{}}",
        "{\"type\":\"indicator\",\"id\":\"indicator--x\",\"pattern\":\"[a:b = 1]\",\"valid_until\":{},\"labels\":\"x\",\"kill_chain_phases\":[1,{}],\"external_references\":{},\"confidence\":\"high\"}",
        "{\"type\":\"relationship\",\"relationship_type\":\"indicates\",\"source_ref\":1}",
        "{\"type\":\"identity\",\"name\":[]}",
    ];
    let good = r#"{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value='evil.example']"}"#;
    let text = format!(r#"{{"type":"bundle","objects":[{},{good}]}}"#, wrong.join(","));
    let indicators = load(&text);
    assert_eq!(indicators.infos().len(), 1);
    let reasons: Vec<&str> = indicators.rejected().iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["it has no pattern", "it has no pattern", "no field of an event stands for a:b"]);
}

#[test]
fn a_long_line_is_named_in_few_words() {
    let long = "x".repeat(10 << 20);
    let object = |name: &str, pattern: &str| {
        serde_json::json!({"type": "indicator", "id": "indicator--1", "name": name, "description": long, "pattern": pattern})
            .to_string()
    };
    for text in [
        format!("{long}\nevil.example\n"),
        format!("value,comment\n{long},a\nevil.example,{long}\n"),
        format!(
            "{}\n{}\n",
            object("n", &long),
            bundle("[domain-name:value = 'evil.example']").replace("indicator--1", "indicator--2")
        ),
        object(&long, "[domain-name:value = 'evil.example']"),
    ] {
        let indicators = load(&text);
        assert_eq!(indicators.infos().len(), 1);
        let info = &indicators.infos()[0];
        assert!(info.title.len() + info.description.len() + info.id.len() < 10_000);
        assert!(indicators.rejected().iter().all(|one| one.reason.len() + one.title.len() < 1000));
        assert_eq!(indicators.look(&event(&[("a", "evil.example")])).matches.len(), 1);
    }
}

#[test]
fn many_bad_lines_are_counted_rather_than_kept() {
    let text = "no such thing\n".repeat(50_000) + "evil.example\n";
    let indicators = load(&text);
    assert_eq!((indicators.infos().len(), indicators.rejected().len()), (1, 1001));
    assert_eq!(indicators.rejected()[1000].reason, "49000 more of this file could not be read");
}

#[test]
fn depth_exhausts_no_stack() {
    for (open, close) in [("(", ")"), ("NOT ", ""), ("[", "]")] {
        for inside in [true, false] {
            let (open, close) = (open.repeat(15_000), close.repeat(15_000));
            let test = "a:b = 1";
            let pattern =
                if inside { format!("[{open}{test}{close}]") } else { format!("{open}[{test}]{close}") };
            assert!(load(&bundle(&pattern)).infos().is_empty());
        }
    }
    let nested = "[".repeat(100_000);
    assert!(load(&nested).infos().is_empty());
    let many = vec!["file:name = 'a'"; 250].join(" OR ");
    assert_eq!(load(&bundle(&format!("[{many}]"))).rejected(), []);
}

#[test]
fn a_value_of_separators_is_scanned_in_no_time() {
    let key = "k\\\\".repeat(15_000) + "k";
    let indicators = load(&bundle(&format!("[windows-registry-key:key = '{key}']")));
    assert_eq!(indicators.rejected(), []);
    let value = "\\".repeat(1 << 20);
    indicators.look(&event(&[
        ("TargetObject", &value),
        ("x", &"a.".repeat(1 << 19)),
        ("y", &"@:/=".repeat(1 << 18)),
    ]));
}

/// Patterns that are nearly well formed.
fn pattern() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "ipv4-addr:value",
        "file:hashes.'SHA-256'",
        "file:name",
        "process:command_line",
        "network-traffic:dst_port",
        "network-traffic:dst_ref.value",
        "email-message:to_refs[*].value",
        "windows-registry-key:key",
        "x-a:b",
    ]);
    let operator = prop::sample::select(vec![
        "=",
        "!=",
        ">",
        "<=",
        "IN",
        "LIKE",
        "NOT LIKE",
        "MATCHES",
        "ISSUBSET",
        "ISSUPERSET",
        "NOT IN",
        "NOT =",
    ]);
    let constant = prop_oneof![
        "'[a-z0-9.%_*()|/\\[\\]{}?+-]{0,12}'",
        "-?[0-9]{1,20}",
        Just("('a', 'b')".to_owned()),
        Just("true".to_owned()),
        Just("t'2022-01-01T00:00:00Z'".to_owned()),
        Just("'10.0.0.0/8'".to_owned()),
        Just("h'00'".to_owned()),
    ];
    let test = (path, operator, constant)
        .prop_map(|(path, operator, constant)| format!("{path} {operator} {constant}"));
    let inside = test.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!["AND", "OR"]), inner)
            .prop_map(|(a, with, b)| format!("({a} {with} {b})"))
    });
    let leaf = inside.prop_map(|inside| format!("[{inside}]"));
    leaf.prop_recursive(4, 12, 2, |inner| {
        let joined = (inner.clone(), prop::sample::select(vec!["AND", "OR", "FOLLOWEDBY"]), inner.clone())
            .prop_map(|(a, with, b)| format!("({a} {with} {b})"));
        let qualified = (
            inner,
            prop::sample::select(vec![
                "WITHIN 5 SECONDS",
                "REPEATS 2 TIMES",
                "REPEATS 99999999999 TIMES",
                "WITHIN -1 SECONDS",
                "START t'2022-01-01T00:00:00Z' STOP t'2023-01-01T00:00:00Z'",
            ]),
        )
            .prop_map(|(a, with)| format!("{a} {with}"));
        prop_oneof![joined, qualified]
    })
}

proptest! {
    #[test]
    fn no_pattern_panics(pattern in pattern(), value in "[a-z0-9./:%()-]{0,20}") {
        let indicators = load(&bundle(&pattern));
        prop_assert!(indicators.infos().len() + indicators.rejected().len() > 0);
        let mut event = event(&[("Image", &value), ("DestinationPort", "443"), ("DestinationIp", "10.0.0.1"), ("CommandLine", &value)]);
        let mut combiner = super::super::Combiner::new(&indicators);
        for record in 0..6_u64 {
            event.time = Some(Time::from_micros(1_654_000_000_000_000 + record as i64 * 2_000_000));
            for partial in indicators.look(&event).partial {
                combiner.see(&several::observed(&event, record, partial));
            }
        }
        for found in combiner.finish() {
            prop_assert_eq!(found.burst.events.len() as u64, found.burst.total);
            prop_assert!(found.burst.total <= 6);
        }
    }
}
