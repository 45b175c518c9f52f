//! Patterns over several observations.

use model::{EventRef, EvidenceId};

use super::*;
use crate::indicator::{Combined, Combiner, Observed, Partial};

pub(super) fn observed(event: &Event, record: u64, partial: Partial) -> Observed {
    let evidence = EvidenceId::default();
    let time = event.time.unwrap();
    Observed { time, event: EventRef { time: Some(time), evidence, record, seq: record }, partial }
}

const START: i64 = 1_654_000_000;

/// Judges `pattern`, in which `[A]` to `[D]` stand for a file of that name, over (second, names).
fn run(pattern: &str, events: &[(i64, &str)]) -> Vec<Combined> {
    let mut pattern = pattern.to_owned();
    for name in ["A", "B", "C", "D"] {
        pattern = pattern.replace(&format!("[{name}]"), &format!("[file:name = '{name}']"));
    }
    let indicators = load(&bundle(&pattern));
    assert_eq!(indicators.rejected(), [], "{pattern}");
    let mut combiner = Combiner::new(&indicators);
    for (record, (second, names)) in events.iter().enumerate() {
        let mut event = Event::default();
        event.time = Some(Time::from_micros((START + second) * 1_000_000));
        event.push_str("Computer", "EX01");
        names.chars().for_each(|name| event.push_str("Image", &name.to_string()));
        let found = indicators.look(&event);
        assert_eq!(found.matches, [], "no event is enough for {pattern}");
        for partial in found.partial {
            combiner.see(&observed(&event, record as u64, partial));
        }
    }
    combiner.finish()
}

/// The records of each finding.
#[track_caller]
fn check(pattern: &str, events: &[(i64, &str)], found: &[&[u64]]) {
    let records: Vec<Vec<u64>> = run(pattern, events)
        .iter()
        .map(|found| found.burst.events.iter().map(|event| event.record).collect())
        .collect();
    assert_eq!(records, found, "{pattern} on {events:?}");
}

#[test]
fn and_asks_for_two_events_in_any_order() {
    check("[A] AND [B]", &[(0, "B"), (9, "x"), (500_000, "A")], &[&[0, 2]]);
    check("[A] AND [B]", &[(0, "A"), (1, "A")], &[]);
    check("[A] AND [B]", &[(0, "AB")], &[]);
    check("[A] AND [B]", &[(0, "AB"), (1, "A")], &[&[0, 1]]);
    check("[A] AND [A]", &[(0, "A")], &[]);
    check("[A] AND [A]", &[(0, "A"), (1, "A")], &[&[0, 1]]);
    check("[A] AND [B] AND [C]", &[(0, "C"), (1, "A"), (2, "B")], &[&[0, 1, 2]]);
    check("[A] AND ([B] OR [C])", &[(0, "C"), (1, "A")], &[&[0, 1]]);
}

#[test]
fn followed_by_asks_for_their_order() {
    check("[A] FOLLOWEDBY [B]", &[(0, "A"), (1, "B")], &[&[0, 1]]);
    check("[A] FOLLOWEDBY [B]", &[(0, "B"), (1, "A")], &[]);
    check("[A] FOLLOWEDBY [B]", &[(0, "AB")], &[]);
    // Of two events of one time neither is earlier.
    check("[A] FOLLOWEDBY [B]", &[(0, "B"), (0, "A")], &[&[0, 1]]);
    check("([A] AND [B]) FOLLOWEDBY [C]", &[(0, "A"), (1, "C"), (2, "B")], &[]);
    check("([A] AND [B]) FOLLOWEDBY [C]", &[(0, "A"), (1, "C"), (2, "B"), (3, "C")], &[&[0, 2, 3]]);
    check("[A] FOLLOWEDBY [B] FOLLOWEDBY [C]", &[(0, "A"), (1, "B"), (2, "C")], &[&[0, 1, 2]]);
    check("[A] FOLLOWEDBY [B] FOLLOWEDBY [C]", &[(0, "B"), (1, "A"), (2, "C")], &[]);
}

#[test]
fn within_bounds_the_time_between_them() {
    check("([A] AND [B]) WITHIN 5 SECONDS", &[(0, "A"), (5, "B")], &[&[0, 1]]);
    check("([A] AND [B]) WITHIN 5 SECONDS", &[(0, "A"), (6, "B")], &[]);
    // The nearest of several counts.
    check("([A] AND [B]) WITHIN 5 SECONDS", &[(0, "A"), (3, "A"), (6, "B")], &[&[1, 2]]);
    check("([A] FOLLOWEDBY [B]) WITHIN 5 SECONDS", &[(0, "A"), (3, "A"), (6, "B")], &[&[1, 2]]);
    check("[A] REPEATS 3 TIMES WITHIN 5 SECONDS", &[(0, "A"), (4, "A"), (6, "A"), (8, "A")], &[&[1, 2, 3]]);
    check("([A] AND [B]) WITHIN 5 SECONDS AND [C]", &[(0, "A"), (1, "B"), (99, "C")], &[&[0, 1, 2]]);
}

#[test]
fn repeats_asks_for_different_events() {
    check("[A] REPEATS 3 TIMES", &[(0, "A"), (1, "A")], &[]);
    check("[A] REPEATS 3 TIMES", &[(0, "A"), (1, "A"), (2, "A")], &[&[0, 1, 2]]);
    check("([A] AND [B]) REPEATS 2 TIMES", &[(0, "A"), (1, "B"), (2, "B")], &[]);
    check("([A] AND [B]) REPEATS 2 TIMES", &[(0, "A"), (1, "B"), (2, "B"), (3, "A")], &[&[0, 1, 2, 3]]);
    check("[A] REPEATS 2 TIMES FOLLOWEDBY [B]", &[(0, "A"), (1, "A"), (2, "B")], &[&[0, 1, 2]]);
    check("[A] REPEATS 2 TIMES FOLLOWEDBY [B]", &[(0, "A"), (1, "B"), (2, "A")], &[]);
}

#[test]
fn start_and_stop_bound_the_events_before_them() {
    let pattern = "[A] START t'2022-05-31T12:26:40Z' STOP t'2022-05-31T12:26:50Z' AND [B]";
    check(pattern, &[(-1, "A"), (2, "B")], &[]);
    check(pattern, &[(0, "A"), (900, "B")], &[&[0, 1]]);
    check(pattern, &[(10, "A"), (900, "B")], &[]);
}

#[test]
fn sets_that_overlap_are_one_finding() {
    let burst = [(0, "A"), (1, "B"), (2, "A"), (3, "B"), (60, "A"), (61, "B")];
    check("([A] AND [B]) WITHIN 5 SECONDS", &burst, &[&[0, 1, 2, 3], &[4, 5]]);
    check("[A] AND [B]", &burst, &[&[0, 1, 2, 3, 4, 5]]);
}

#[test]
fn a_finding_says_what_it_saw() {
    let found = run("[A] FOLLOWEDBY [B]", &[(0, "A"), (7, "B")]);
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!((one.indicator, one.burst.total), (0, 2));
    assert_eq!(one.burst.window.last.micros() - one.burst.window.first.micros(), 7_000_000);
    let facts: Vec<&str> = one.matched.iter().map(|fact| fact.wanted.as_str()).collect();
    assert_eq!(facts, ["file name a", "file name b"]);
    assert_eq!(one.event.iter().next().unwrap().field, "Computer");
}

#[test]
fn what_one_event_fulfils_needs_no_other() {
    let text = bundle("[file:name = 'A'] OR ([file:name = 'B'] AND [file:name = 'C'])");
    let indicators = load(&text);
    let found = indicators.look(&event(&[("Image", "A"), ("Image", "B")]));
    assert_eq!((found.matches.len(), found.partial.len()), (1, 1));
    let partly = load(&bundle("([file:name = 'A'] OR [x-a:b = 1]) AND [file:name = 'B']"));
    assert_eq!((partly.infos().len(), partly.rejected().len()), (1, 1));
}

#[test]
fn memory_is_bounded_however_many_events() {
    let mut events: Vec<(i64, &str)> = (0..30_000).map(|second| (second, "A")).collect();
    events.push((30_000, "B"));
    check("[A] AND [B]", &events, &[&[29_999, 30_000]]);
    let all = run("[A] REPEATS 2 TIMES", &events);
    assert_eq!((all.len(), all[0].burst.total, all[0].burst.events.len()), (1, 30_000, 10_000));
}

/// The definition by trying every set of events, for patterns of three members.
fn by_definition(kind: usize, within: i64, events: &[(i64, &str)]) -> bool {
    let of = |name: &'static str| {
        events
            .iter()
            .enumerate()
            .filter(move |(_, (_, names))| names.contains(name))
            .map(|(at, (second, _))| (at, *second))
    };
    of("A").any(|(a, at)| {
        of("B").any(|(b, bt)| {
            of("C").any(|(c, ct)| {
                let apart = a != b && b != c && a != c;
                let near = at.max(bt).max(ct) - at.min(bt).min(ct) <= within;
                let order = match kind {
                    0 => true,
                    1 => at.max(bt) <= ct,
                    2 => at <= bt && bt <= ct,
                    _ => at <= bt.min(ct),
                };
                apart && near && order
            })
        })
    })
}

proptest::proptest! {
    #[test]
    fn it_holds_when_the_definition_does(
        kind in 0..4_usize,
        within in 1..6_i64,
        steps in proptest::collection::vec((0..3_i64, proptest::sample::select(vec!["A", "B", "C", "AB", "BC", "x"])), 0..9),
    ) {
        let mut now = 0;
        let events: Vec<(i64, &str)> = steps.iter().map(|(step, names)| { now += step; (now, *names) }).collect();
        let pattern = [
            "[A] AND [B] AND [C]", "([A] AND [B]) FOLLOWEDBY [C]", "[A] FOLLOWEDBY [B] FOLLOWEDBY [C]", "[A] FOLLOWEDBY ([B] AND [C])",
        ][kind];
        let found = run(&format!("({pattern}) WITHIN {within} SECONDS"), &events);
        proptest::prop_assert_eq!(!found.is_empty(), by_definition(kind, within, &events), "{} {:?}", pattern, events);
    }
}
