//! Findings made by hand, and the two passes over them.

#![allow(dead_code)]

use std::sync::Arc;

use model::{EventRef, EvidenceId, Fact, Finding, FindingKind, Kind, Level, RuleInfo, Time};

/// A rule with these tags.
pub(crate) fn rule_with_tags(id: &str, tags: &[&str]) -> RuleInfo {
    RuleInfo {
        id: id.to_owned(),
        title: format!("Rule {id}"),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        author: "Portcullis".to_owned(),
        ..RuleInfo::default()
    }
}

/// A finding at medium.
pub(crate) fn finding(rule: &str, time: &str, fields: &[(&str, &str)]) -> Finding {
    let time = Time::parse(time).ok();
    let text: Vec<&str> = fields.iter().map(|(_, text)| *text).collect();
    let id = format!("{rule} {time:?} {}", text.join(" "));
    // A record of its own for each finding.
    let seq = id.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Finding {
        id,
        kind: FindingKind::Rule,
        time,
        level: Level::Medium,
        rule: Arc::new(rule_with_tags(rule, &[])),
        event_ref: EventRef { time, evidence: EvidenceId::default(), record: 1, seq },
        event: fields.iter().map(|&(field, text)| Fact { field, kind: Kind::Str, text }).collect(),
        matched: Vec::new(),
        events: Vec::new(),
        events_total: 0,
        window: None,
        group: Vec::new(),
    }
}

/// Reads `TIME LEVEL RULE TAG+TAG FIELD=VALUE FIELD=VALUE…`; `_` in a value stands for a blank.
pub(crate) fn line(text: &str) -> Finding {
    let mut words = text.split_whitespace();
    let mut word = || words.next().unwrap_or_default();
    let (time, level, rule, tags) = (word(), word(), word(), word());
    let fields: Vec<(String, String)> = words
        .map(|pair| pair.split_once('=').expect("FIELD=VALUE"))
        .map(|(field, value)| (field.to_owned(), value.replace('_', " ")))
        .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(f, v)| (f.as_str(), v.as_str())).collect();
    let tags: Vec<String> = tags.split('+').map(|tag| format!("attack.{tag}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let mut found = finding(rule, time, &fields);
    assert!(found.time.is_some(), "{text}");
    found.level = level.parse().expect("a level");
    found.rule = Arc::new(rule_with_tags(rule, &tags));
    found
}
