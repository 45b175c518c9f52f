//! Every built-in rule carries a positive and a negative sample, and they are true.

use std::path::Path;
use std::sync::Arc;

use detect::{Correlator, Engine, Input, Loader, RuleSet, Scratch, Target};
use model::{Event, EventRef, EvidenceId, LogSource, SourceId, Time};
use yaml_serde::Value;

use crate::corpus::rule_files;

fn load() -> (RuleSet, Vec<(String, Value)>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut files = Vec::new();
    rule_files(&dir, &mut files);
    let mut loader = Loader::default();
    let mut documents = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&dir).unwrap().display().to_string();
        loader.add(&name, &text);
        documents.push((name, yaml_serde::from_str(&text).unwrap()));
    }
    (loader.finish(), documents)
}

#[test]
fn built_in_rules_are_whole() {
    let (set, documents) = load();
    assert!(set.rejected.is_empty(), "{:#?}", set.rejected);
    assert!(set.remarks.is_empty(), "{:#?}", set.remarks);
    assert!(set.rules.len() >= 60);
    for (name, document) in &documents {
        for key in
            ["id", "title", "description", "references", "author", "date", "tags", "falsepositives", "level"]
        {
            assert!(document.get(key).is_some(), "{name} has no {key}");
        }
    }
}

#[test]
fn samples_of_built_in_rules_are_true() {
    let (set, documents) = load();
    let sources = sources(&documents);
    let engine = Engine::new(Arc::new(set), &sources);
    let mut wrong = Vec::new();
    for (name, document) in &documents {
        let id = document["id"].as_str().unwrap();
        let Some(samples) = document.get("portcullis").and_then(|ours| ours.get("samples")) else {
            wrong.push(format!("{name}: no samples"));
            continue;
        };
        let correlation = document.get("correlation").is_some();
        for (key, wanted) in [("positive", true), ("negative", false)] {
            let Some(samples) = samples.get(key).and_then(Value::as_sequence) else {
                wrong.push(format!("{name}: no {key} samples"));
                continue;
            };
            let events = events(samples, &sources);
            assert!(!events.is_empty(), "{name}");
            if correlation {
                if correlates(&engine, id, &events) != wanted {
                    wrong.push(format!("{name}: the {key} samples {}", said(!wanted)));
                }
            } else {
                for (place, event) in events.iter().enumerate() {
                    if holds(&engine, id, event) != wanted {
                        wrong.push(format!("{name}: {key} sample {} {}", place + 1, said(!wanted)));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn said(held: bool) -> &'static str {
    if held { "held" } else { "did not hold" }
}

fn holds(engine: &Engine, id: &str, event: &Event) -> bool {
    let mut held = false;
    let rules = &engine.rules().rules;
    engine.scan(event, &mut Scratch::default(), |rule, _| held |= rules[rule as usize].info.id == id);
    held
}

fn correlates(engine: &Engine, id: &str, samples: &[Event]) -> bool {
    let set = engine.rules();
    let mut inputs = Vec::new();
    let mut scratch = Scratch::default();
    for (place, sample) in samples.iter().enumerate() {
        let time = sample.time.unwrap();
        let event = EventRef {
            time: Some(time),
            evidence: EvidenceId::default(),
            record: place as u64 + 1,
            seq: place as u64 + 1,
        };
        engine.scan(sample, &mut scratch, |rule, _| {
            let values = set.rules[rule as usize].inputs.iter();
            inputs.push(Input {
                time,
                event: event.clone(),
                target: Target::Rule(rule),
                values: values.map(|field| sample.get(field).map(|value| value.text.to_owned())).collect(),
            });
        });
    }
    inputs.sort();
    let mut below: Vec<Input> = Vec::new();
    for depth in 0..Correlator::depths(set) {
        let mut all = inputs.clone();
        all.extend(below.iter().cloned());
        all.sort();
        let mut correlator = Correlator::new(set, depth);
        all.iter().for_each(|input| correlator.see(input));
        let bursts = correlator.finish();
        if bursts.iter().any(|burst| set.correlations[burst.correlation as usize].info.id == id) {
            return true;
        }
        below.extend(bursts.iter().filter_map(detect::Burst::input));
    }
    false
}

/// Every log source that some sample names, so that one engine serves all samples.
fn sources(documents: &[(String, Value)]) -> Vec<LogSource> {
    let mut out = vec![LogSource::default()];
    for (_, document) in documents {
        for key in ["positive", "negative"] {
            let samples = &document["portcullis"]["samples"][key];
            for sample in samples.as_sequence().into_iter().flatten() {
                let source = source(&sample["logsource"]);
                if !out.contains(&source) {
                    out.push(source);
                }
            }
        }
    }
    out
}

fn events(samples: &[Value], sources: &[LogSource]) -> Vec<Event> {
    samples.iter().flat_map(|sample| repeated(sample, sources)).collect()
}

/// A sample, as often as its `repeat` says, `every` so many seconds, with `{n}` counted up.
fn repeated(sample: &Value, sources: &[LogSource]) -> Vec<Event> {
    let count = sample.get("repeat").and_then(Value::as_u64).unwrap_or(1);
    let every = sample.get("every").and_then(Value::as_str).map_or(0, seconds);
    let start = sample.get("time").and_then(Value::as_str).unwrap_or("2021-08-24T09:00:00Z");
    let start = Time::parse(start).unwrap();
    (0..count)
        .map(|n| {
            let mut event = Event::default();
            let source = source(&sample["logsource"]);
            event.source = SourceId(sources.iter().position(|known| *known == source).unwrap() as u16);
            event.time = Some(start.plus_micros(n as i64 * every * 1_000_000));
            for (field, value) in sample["fields"].as_mapping().unwrap() {
                push(&mut event, field.as_str().unwrap(), value, n);
            }
            event
        })
        .collect()
}

fn seconds(text: &str) -> i64 {
    let (count, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other}"),
    };
    count.parse::<i64>().unwrap() * unit
}

fn source(value: &Value) -> LogSource {
    let texts = |key: &str| match value.get(key) {
        None => Vec::new(),
        Some(Value::Sequence(all)) => all.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        Some(one) => vec![one.as_str().unwrap().to_owned()],
    };
    LogSource {
        product: value.get("product").and_then(Value::as_str).map(str::to_owned),
        category: texts("category"),
        service: texts("service"),
    }
}

fn push(event: &mut Event, field: &str, value: &Value, n: u64) {
    match value {
        Value::Sequence(all) => all.iter().for_each(|one| push(event, field, one, n)),
        Value::String(text) => event.push_str(field, &text.replace("{n}", &n.to_string())),
        Value::Bool(value) => event.push_bool(field, *value),
        Value::Null => event.push_null(field),
        Value::Number(number) => event.push_display(field, model::Kind::Int, number),
        other => panic!("{field}: {other:?}"),
    }
}
