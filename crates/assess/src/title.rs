use std::collections::BTreeMap;

use model::{Exposed, Exposure, ExposureKind, Level, Time};

use crate::incident::Span;
use crate::plan::Plan;
use crate::things::ThingId;

/// What a title is made of.
pub(crate) struct Subject<'a> {
    pub(crate) plan: &'a Plan,
    /// Machine and tactic's place → first time.
    pub(crate) shown: BTreeMap<(ThingId, usize), Option<Time>>,
    pub(crate) exposure: &'a [Exposure],
    pub(crate) span: Span,
    /// Titles of its rules, the most serious first.
    pub(crate) rules: Vec<(Level, String)>,
    /// How many unlinked occurrences it lists.
    pub(crate) unlinked: u64,
}

/// How many machines a title names.
const MOST_MACHINES: usize = 3;

/// One plain sentence: which machines, what was done there, what was exposed, from when to when.
pub(crate) fn of(subject: &Subject) -> String {
    let dates = dates(subject.span);
    if subject.unlinked > 0 {
        let rule = subject.rules.first().map_or("One rule", |(_, title)| title.as_str());
        return format!("{rule}: {} occurrences without a link{dates}", subject.unlinked);
    }
    let machines = machines(subject);
    if subject.rules.len() == 1 || machines.is_empty() {
        let rule = subject.rules.first().map_or("Findings that stand together", |(_, title)| title.as_str());
        let place = machines.first().map(|machine| format!(" on {}", machine.0)).unwrap_or_default();
        return format!("{rule}{place}{dates}");
    }
    let mut parts: Vec<String> = Vec::new();
    for (place, (name, phrases)) in machines.iter().take(MOST_MACHINES).enumerate() {
        let then = if place == 0 { "" } else { "then " };
        parts.push(format!("{then}{name} {}", phrases.join(" and ")));
    }
    let more = machines.len().saturating_sub(MOST_MACHINES);
    if more > 0 {
        parts.push(format!("and {more} more {}", if more == 1 { "host" } else { "hosts" }));
    }
    let exposed = exposed(subject.exposure).map(|exposed| format!("; {exposed}")).unwrap_or_default();
    format!("{}{exposed}{dates}", parts.join(", "))
}

/// Machines in order of their first tactic, each with up to two phrases.
fn machines(subject: &Subject) -> Vec<(String, Vec<String>)> {
    let mut by_machine: BTreeMap<ThingId, Vec<(Option<Time>, usize)>> = BTreeMap::new();
    for (&(machine, tactic), &first) in &subject.shown {
        by_machine.entry(machine).or_default().push((first, tactic));
    }
    let mut machines: Vec<(Option<Time>, ThingId, Vec<usize>)> = by_machine
        .into_iter()
        .map(|(machine, tactics)| {
            let first = tactics.iter().map(|&(first, _)| first).min().flatten();
            (first, machine, tactics.into_iter().map(|(_, tactic)| tactic).collect())
        })
        .collect();
    machines.sort();
    let tactics = &subject.plan.tables.tactics;
    let phrase = |&place: &usize| Some(tactics.phrases.get(tactics.names.get(place)?)?.clone());
    machines
        .into_iter()
        .map(|(_, machine, shown)| {
            let told = telling(&shown);
            let phrases: Vec<String> = told.iter().filter_map(phrase).collect();
            (subject.plan.things.get(machine).name.to_string(), phrases)
        })
        .filter(|(_, phrases)| !phrases.is_empty())
        .collect()
}

/// The two tactics that say most of a machine: how it was come by, and the furthest that was done.
/// Numbers are places in the matrix.
fn telling(shown: &[usize]) -> Vec<usize> {
    const ENTRY: [usize; 3] = [2, 9, 1];
    const END: [usize; 7] = [12, 10, 13, 7, 4, 3, 11];
    let mut told: Vec<usize> = ENTRY.into_iter().find(|place| shown.contains(place)).into_iter().collect();
    told.extend(END.into_iter().find(|place| shown.contains(place)));
    if told.is_empty() {
        told.extend(shown.iter().min());
    }
    told
}

fn exposed(exposure: &[Exposure]) -> Option<String> {
    let worst = exposure.iter().map(|one| one.how).max()?;
    let mut counts: BTreeMap<Exposed, usize> = BTreeMap::new();
    for one in exposure.iter().filter(|one| one.how == worst) {
        *counts.entry(one.what).or_default() += 1;
    }
    let what: Vec<String> = counts
        .into_iter()
        .map(|(what, count)| {
            let (one, many) = match what {
                Exposed::Account => ("account", "accounts"),
                Exposed::Mailbox => ("mailbox", "mailboxes"),
                Exposed::Share => ("share", "shares"),
                Exposed::File => ("file", "files"),
            };
            format!("{count} {}", if count == 1 { one } else { many })
        })
        .collect();
    let how = match worst {
        ExposureKind::Taken => "taken",
        ExposureKind::Read => "read",
        ExposureKind::CouldRead => "within reach",
    };
    let what = match what.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => what.concat(),
    };
    Some(format!("{what} {how}"))
}

fn dates(span: Span) -> String {
    let day = |time: Time| time.civil().date().to_string();
    match (span.first.map(day), span.last.map(day)) {
        (Some(first), Some(last)) if first == last => format!(", {first}"),
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        (Some(one), None) | (None, Some(one)) => format!(", {one}"),
        (None, None) => String::new(),
    }
}
