//! Whatever comes in: no panic, the same answer twice, and bounds that hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot be staged has failed")]

mod common;

use assess::{Answer, Linker, Settings, Volume};
use common::{finding, line};
use model::{Fact, Finding, Kind, Level, Time};
use proptest::prelude::*;

fn assess(findings: &[Finding], volumes: &[(String, Volume)]) -> (Vec<Option<u32>>, Answer) {
    let mut linker = Linker::new(&Settings::default()).unwrap();
    for (host, volume) in volumes {
        linker.volume(host, "security", *volume);
    }
    findings.iter().for_each(|finding| linker.see(finding, Some("default")));
    let plan = linker.link();
    let mut collector = plan.collect();
    let places = findings.iter().map(|finding| collector.add(finding, Some("default"))).collect();
    (places, collector.finish())
}

fn field() -> impl Strategy<Value = (String, String)> {
    const NAMES: &[&str] = &[
        "Computer",
        "c-ip",
        "IpAddress",
        "SubjectUserName",
        "TargetUserName",
        "Caller",
        "s-ip",
        "ShareName",
        "Parameter_Mailbox",
        "TargetFilename",
        "ProcessGuid",
        "TargetLogonId",
        "WorkstationName",
        "cs-uri-stem",
    ];
    let values = prop_oneof![
        "[a-c]{1,2}",
        "10\\.0\\.0\\.[0-9]",
        "203\\.0\\.113\\.[0-9]",
        "[A-Z]{2}\\\\[a-c]",
        r"\\\\\*\\[ab]{1,2}",
        "\\PC{0,12}",
        Just("-".to_owned()),
        Just("é\u{0}\u{1b}[31m".repeat(300)),
    ];
    (proptest::sample::select(NAMES).prop_map(str::to_owned), values)
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let tags =
        proptest::sample::select(&["attack.initial_access", "attack.t1059", "attack.x", "attack.", "é"][..]);
    let level = proptest::sample::select(&Level::ALL[..]);
    let time = prop_oneof![1 => Just(None), 20 => (0_i64..50_000_000).prop_map(Some), 1 => any::<i64>().prop_map(Some)];
    (0..5_u8, level, time, proptest::collection::vec(field(), 0..6), tags).prop_map(
        |(rule, level, time, fields, tag)| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(f, v)| (f.as_str(), v.as_str())).collect();
            let mut made = finding(&format!("rule-{rule}"), "", &fields);
            made.time = time.and_then(|seconds| Time::checked(seconds.saturating_mul(1_000_000)));
            made.level = level;
            made.rule = std::sync::Arc::new(common::rule_with_tags(&format!("rule-{rule}"), &[tag]));
            made
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_findings_are_counted_once_and_alike(mut findings in proptest::collection::vec(any_finding(), 0..80)) {
        findings.sort_by_key(|finding| finding.time);
        let (places, answer) = assess(&findings, &[]);
        prop_assert_eq!(&(places.clone(), answer.clone()), &assess(&findings, &[]));
        prop_assert_eq!(answer.findings.values().sum::<u64>(), findings.len() as u64);
        prop_assert_eq!(answer.rules.values().map(|rule| rule.count).sum::<u64>(), findings.len() as u64);
        for (place, incident) in answer.incidents.iter().enumerate() {
            let within: Vec<&Finding> = findings
                .iter()
                .zip(&places)
                .filter(|(_, at)| **at == Some(place as u32))
                .map(|(finding, _)| finding)
                .collect();
            prop_assert_eq!(incident.findings.values().sum::<u64>(), within.len() as u64);
            prop_assert_eq!(incident.first, within.iter().filter_map(|finding| finding.time).min());
            prop_assert!(incident.level >= Level::Medium);
            prop_assert!(incident.key.len() <= 10 && !incident.title.is_empty());
            prop_assert!(incident.key.iter().all(|key| !key.what.contains(char::is_control)));
        }
        // What matters is in an incident, whatever else is not.
        for (finding, place) in findings.iter().zip(&places) {
            prop_assert!(place.is_some() || finding.level < Level::Medium);
        }
    }

    #[test]
    fn the_order_of_volumes_does_not_matter(days in proptest::collection::vec((0..3_u8, 0_i64..60, 1..9_u64), 0..120)) {
        let volumes: Vec<(String, Volume)> = days
            .iter()
            .map(|&(host, day, records)| {
                let first = Time::from_micros(day * 86_400_000_000 + records as i64);
                (format!("HOST{host}"), Volume { records, first, last: first.plus_micros(60) })
            })
            .collect();
        let findings = [line("1970-01-20T00:00:00Z medium r execution Computer=HOST1 c-ip=203.0.113.4")];
        let backwards: Vec<(String, Volume)> = volumes.iter().rev().cloned().collect();
        prop_assert_eq!(assess(&findings, &volumes), assess(&findings, &backwards));
    }
}

/// Findings that share little, as a scan of the whole internet makes them.
fn strangers(count: u32) -> impl Iterator<Item = Finding> {
    let template = line("2021-08-24T00:00:00Z medium scan reconnaissance Computer=EX01");
    (0..count).map(move |n| {
        let mut made = template.clone();
        made.time = made.time.map(|time| time.plus_micros(i64::from(n) * 60_000_000));
        made.id = format!("{n:016x}");
        let address = format!("{}.{}.{}.{}", 11 + (n >> 24), (n >> 16) & 255, (n >> 8) & 255, n & 255);
        let user = format!("user{}", n % 1000);
        let own = [("c-ip", address.as_str()), ("cs-uri-stem", "/x.aspx"), ("SubjectUserName", &user)];
        let own = own.map(|(field, text)| Fact { field, kind: Kind::Str, text });
        made.event = template.event.iter().chain(own).collect();
        made
    })
}

#[test]
fn two_hundred_thousand_strangers_are_assessed_within_bounds() {
    let count = 200_000;
    let begun = std::time::Instant::now();
    let mut linker = Linker::new(&Settings::default()).unwrap();
    strangers(count).for_each(|finding| linker.see(&finding, None));
    let plan = linker.link();
    let mut collector = plan.collect();
    let mut within = 0;
    for finding in strangers(count) {
        within += u32::from(collector.add(&finding, None).is_some());
    }
    let answer = collector.finish();
    assert_eq!(within, count);
    assert_eq!(answer.incidents.len(), 1, "one rule, told once");
    assert!(answer.notes.iter().any(|note| note.contains("too many")), "{:?}", answer.notes);
    // Some 4 s on a slow machine; a quadratic step would take minutes.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
