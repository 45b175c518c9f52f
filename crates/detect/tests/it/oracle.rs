//! Our matcher says the same as `rsigma-eval`, and the index the same as evaluating every rule.

use std::sync::Arc;

use detect::{Engine, Loader, RuleSet, Scratch};
use model::{Event, LogSource, SourceId};
use proptest::prelude::*;

const VALUES: [&str; 8] = ["cmd", "Cmd.EXE", "a cmd b", "power", "x-y z", "é", "10.1.2.3", "7"];

/// One detection item: modifiers and a value that fits them.
fn item() -> impl Strategy<Value = (&'static str, &'static str, String)> {
    let field = prop_oneof![Just("A"), Just("B"), Just("C")];
    let text = prop_oneof![
        Just("'cmd'"),
        Just("'c*d'"),
        Just("'*cmd*'"),
        Just("'Cmd'"),
        Just("'?md'"),
        Just("'p'"),
        Just("'é'"),
        Just("''"),
        Just("'x-y'"),
        Just("'exe'"),
    ];
    // With wildcards inside, the oracle anchors both ends whatever the modifier says.
    let plain =
        prop_oneof![Just("'cmd'"), Just("'Cmd'"), Just("'p'"), Just("'é'"), Just("'x-y'"), Just("'exe'")];
    let kind = prop_oneof![
        (Just(""), text.clone()),
        (Just("|contains"), plain.clone()),
        (Just("|startswith"), plain.clone()),
        (Just("|endswith"), plain),
        (Just("|cased"), text),
        (Just("|re"), prop_oneof![Just("'c.d'"), Just("'^Cmd'"), Just("'(cmd|power)'"), Just("'[0-9]+'")]),
        (Just("|re|i"), prop_oneof![Just("'CMD'"), Just("'po[wx]er'")]),
        (Just("|cidr"), prop_oneof![Just("'10.0.0.0/8'"), Just("'192.168.0.0/16'")]),
        (Just("|gte"), Just("7")),
        (Just("|lt"), Just("7")),
        (Just("|exists"), prop_oneof![Just("true"), Just("false")]),
        (Just(""), Just("null")),
    ];
    (field, kind).prop_map(|(field, (modifiers, value))| (field, modifiers, value.to_owned()))
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("a"),
        Just("not a"),
        Just("a and b"),
        Just("a or b"),
        Just("a and not b"),
        Just("1 of *"),
        Just("all of them"),
        Just("a and (b or not c)"),
        Just("not (a or b) and c"),
        Just("(a or b) and (b or c)"),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    (condition(), proptest::collection::vec(proptest::collection::vec(item(), 1..3), 3)).prop_map(
        |(condition, selections)| {
            let mut yaml = "title: t\nlogsource:\n  product: p\ndetection:\n".to_owned();
            for (name, items) in ["a", "b", "c"].iter().zip(selections) {
                yaml += &format!("  {name}:\n");
                let mut seen = Vec::new();
                for (field, modifiers, value) in items {
                    let key = format!("{field}{modifiers}");
                    if !seen.contains(&key) {
                        yaml += &format!("    {key}: {value}\n");
                        seen.push(key);
                    }
                }
            }
            yaml + &format!("  condition: {condition}\n")
        },
    )
}

fn facts() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let field = prop_oneof![Just("A"), Just("B"), Just("C"), Just("D")];
    proptest::collection::vec((field, proptest::sample::select(&VALUES[..])), 0..4).prop_map(|mut facts| {
        facts.sort_unstable();
        facts.dedup_by_key(|(field, _)| *field);
        facts
    })
}

fn event(facts: &[(&str, &str)]) -> Event {
    let mut event = Event::default();
    event.source = SourceId(0);
    facts.iter().for_each(|(field, value)| event.push_str(field, value));
    event
}

fn engine(yaml: &[String]) -> Engine {
    let mut loader = Loader::default();
    for (place, yaml) in yaml.iter().enumerate() {
        loader.add(&format!("{place}.yml"), yaml);
    }
    let set = loader.finish();
    assert!(set.rejected.is_empty(), "{:?}\n{yaml:?}", set.rejected);
    engine_of(set)
}

/// An engine for events of the product `p`.
pub(crate) fn engine_of(set: RuleSet) -> Engine {
    Engine::new(Arc::new(set), &[LogSource { product: Some("p".into()), ..LogSource::default() }])
}

fn oracle(yaml: &str, facts: &[(&str, &str)]) -> bool {
    let object: serde_json::Map<String, serde_json::Value> =
        facts.iter().map(|(field, value)| ((*field).to_owned(), (*value).into())).collect();
    asked(yaml, serde_json::Value::Object(object)).unwrap()
}

/// What the oracle says of `event`, or why it cannot use the rule.
pub(crate) fn asked(yaml: &str, event: serde_json::Value) -> Result<bool, String> {
    let collection = rsigma_parser::parse_sigma_yaml(yaml).map_err(|error| error.to_string())?;
    let mut engine = rsigma_eval::Engine::new();
    engine.add_collection(&collection).map_err(|error| error.to_string())?;
    Ok(!engine.evaluate(&rsigma_eval::event::JsonEvent::borrow(&event)).is_empty())
}

proptest! {
    // The same cases everywhere: a disagreement that only one machine sees helps nobody.
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_240_325),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn one_rule_says_what_the_oracle_says(yaml in rule(), facts in facts()) {
        let engine = engine(std::slice::from_ref(&yaml));
        let held = engine.holds(0, &event(&facts), &mut Scratch::default());
        prop_assert_eq!(held, oracle(&yaml, &facts), "{}\n{:?}", yaml, facts);
    }

    #[test]
    fn the_index_loses_and_invents_nothing(
        yaml in proptest::collection::vec(rule(), 1..12),
        all in proptest::collection::vec(facts(), 1..6),
    ) {
        let engine = engine(&yaml);
        let mut scratch = Scratch::default();
        for facts in &all {
            let event = event(facts);
            let (mut by_index, mut by_hand) = (Vec::new(), Vec::new());
            engine.scan(&event, &mut scratch, |rule, _| by_index.push(rule));
            engine.scan_all(&event, &mut scratch, |rule| by_hand.push(rule));
            prop_assert_eq!(&by_index, &by_hand, "{:?}", facts);
        }
    }
}
