//! The answer in a few sentences, the same for the terminal and the report.

use model::{Case, Exposed, Exposure, ExposureKind, Gap, Incident, Level, Time, Touched};

use crate::dates::{date, date_time, span};
use crate::text::{clip, count, join, number, some};

/// What happened, since when, how long unnoticed, what was touched, what is exposed, what to look at
/// first: three to seven sentences of plain text, each standing alone.
///
/// The words go no further than the evidence: they say "at least since", name no actor, and where
/// nothing was found they say what was read. Log values within are made visible and cut.
pub fn answer(case: &Case) -> Vec<String> {
    match case.incidents.first() {
        Some(main) => incident_answer(case, main),
        None => quiet_answer(case),
    }
}

fn incident_answer(case: &Case, main: &Incident) -> Vec<String> {
    [
        Some(since(main)),
        unnoticed(case, main),
        touched(main),
        Some(exposed(main)),
        look_first(main),
        missing(case, main),
        others(case, main),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether an incident is told in one line: one rule of medium level or below, and not what the
/// evidence shows foremost.
pub fn is_brief(case: &Case, incident: &Incident) -> bool {
    let foremost = case.incidents.first().is_some_and(|main| main.id == incident.id);
    !foremost && incident.level <= Level::Medium && incident.key.len() <= 1
}

/// Whether somebody looked and prepared, by mail too, and no trace says that somebody got in.
fn is_reconnaissance(main: &Incident) -> bool {
    let before = main.stages.iter().all(|stage| match stage.tactic.as_str() {
        "reconnaissance" | "resource-development" | "defense-evasion" => true,
        "initial-access" => stage.techniques.keys().all(|technique| technique.starts_with("T1566")),
        _ => false,
    });
    before && main.stages.iter().any(|stage| stage.tactic == "reconnaissance") && !main.mailboxes.is_empty()
}

/// Whether an intrusion is shown, only that somebody looked, or something that wants an explanation.
fn since(main: &Incident) -> String {
    let what = if main.level >= Level::High && is_reconnaissance(main) {
        "signs of reconnaissance"
    } else if main.level >= Level::High {
        "signs of an intrusion"
    } else {
        "activity that needs an explanation"
    };
    match (main.first, main.last) {
        (Some(first), Some(last)) if first.day() == last.day() => {
            format!("The evidence shows {what} on {}, beginning at {}.", date(first), clock(first))
        }
        (Some(first), Some(last)) => format!(
            "The evidence shows {what} at least since {}; the last trace is of {}.",
            date_time(first),
            date(last)
        ),
        _ => format!("The evidence shows {what}, at a time that the records do not tell."),
    }
}

fn clock(time: Time) -> String {
    let civil = time.civil();
    format!("{:02}:{:02} UTC", civil.hour(), civil.minute())
}

fn unnoticed(case: &Case, main: &Incident) -> Option<String> {
    let detected = case.detected?;
    let days = main.dwell_days.filter(|&days| days >= 0)? as u64;
    let mut text = match (case.detected_given, days) {
        (true, 0) => format!("It was detected on the day of its first trace, {}", date(detected)),
        (true, _) => format!("It stayed unnoticed for {}, until {}", count(days, "day"), date(detected)),
        (false, 0) => return None,
        (false, _) => format!(
            "From its first trace to the last record of the evidence, {}, it is {} (no date of detection was given)",
            date(detected),
            count(days, "day")
        ),
    };
    if case.detected_given {
        text.push_str(&acted_on(main, detected).unwrap_or_default());
    }
    text.push('.');
    Some(text)
}

/// The first trace on which someone could have acted, where that was at least a day before.
fn acted_on(main: &Incident, detected: Time) -> Option<String> {
    let key = main.first_actionable.as_ref()?;
    let time = key.time?;
    let days =
        time.whole_days_until(detected).and_then(|days| u64::try_from(days).ok()).filter(|&days| days > 0)?;
    if key.time == main.first {
        return Some("; its first trace was already enough to act on".to_owned());
    }
    let (when, days) = (date(time), count(days, "day"));
    Some(format!(
        "; someone could have acted on a trace of {when}, {days} earlier ({})",
        clip(&key.title, 90)
    ))
}

fn touched(main: &Incident) -> Option<String> {
    let parts: Vec<String> = [
        (&main.hosts, "host", 4),
        (&main.accounts, "account", 3),
        (&main.mailboxes, "mailbox", 3),
        (&main.addresses, "network address", 3),
    ]
    .into_iter()
    .filter(|(things, ..)| !things.is_empty())
    .map(|(things, noun, shown)| format!("{} ({})", count(things.len() as u64, noun), names(things, shown)))
    .collect();
    (!parts.is_empty()).then(|| format!("It touches {}.", join(&parts)))
}

fn names(things: &[Touched], max: usize) -> String {
    some(things.iter().map(|thing| thing.name.as_str()), max)
}

fn exposed(main: &Incident) -> String {
    match exposed_parts(main) {
        parts if parts.is_empty() => {
            "No rule shows what was read or taken out; that is no proof that nothing was.".to_owned()
        }
        parts => format!("As far as the evidence goes, this is exposed – {}.", parts.join("; ")),
    }
}

/// What an incident exposed, the worst first: `taken out: 3 mailboxes (…)`, a part for each way.
pub fn exposed_parts(incident: &Incident) -> Vec<String> {
    const THINGS: &[Exposed] = &[Exposed::Mailbox, Exposed::Share, Exposed::File];
    const ALL: &[Exposed] = &[Exposed::Mailbox, Exposed::Share, Exposed::File, Exposed::Account];
    [
        (ExposureKind::Taken, THINGS, "taken out"),
        (ExposureKind::Taken, &[Exposed::Account], "taken over"),
        (ExposureKind::Read, ALL, "read"),
        (ExposureKind::CouldRead, ALL, "within reach, without a trace that it was read"),
    ]
    .into_iter()
    .filter_map(|(how, which, words)| {
        let kinds = exposed_things(&incident.exposure, how, which);
        (!kinds.is_empty()).then(|| format!("{words}: {}", join(&kinds)))
    })
    .collect()
}

/// `3 mailboxes (…)` for each kind of thing that was exposed in this way.
fn exposed_things(exposure: &[Exposure], how: ExposureKind, which: &[Exposed]) -> Vec<String> {
    which
        .iter()
        .copied()
        .filter_map(|what| {
            let things: Vec<&str> = exposure
                .iter()
                .filter(|thing| thing.how == how && thing.what == what)
                .map(|thing| thing.name.as_str())
                .collect();
            let nouns = count(things.len() as u64, exposed_noun(what));
            (!things.is_empty()).then(|| format!("{nouns} ({})", some(things, 2)))
        })
        .collect()
}

/// What a person calls a thing that was put at risk.
pub(crate) const fn exposed_noun(what: Exposed) -> &'static str {
    match what {
        Exposed::Account => "account",
        Exposed::Mailbox => "mailbox",
        Exposed::Share => "share",
        Exposed::File => "file",
    }
}

fn look_first(main: &Incident) -> Option<String> {
    let key = main.key.first()?;
    let when = key.time.map(|time| format!(" ({})", date_time(time))).unwrap_or_default();
    Some(format!(
        "Look first at “{}”{when}: {}.",
        clip(&key.title, 90),
        clip(&key.what, 160).trim_end_matches('.')
    ))
}

fn missing(case: &Case, main: &Incident) -> Option<String> {
    let gaps: Vec<&Gap> = main.gaps.iter().filter_map(|&at| case.gaps.get(at as usize)).collect();
    let longest = gaps.iter().max_by_key(|gap| (gap.days, std::cmp::Reverse(gap.from)))?;
    let detail = format!("{}, {}", clip(&longest.source, 60), span(longest.from, longest.until));
    Some(match gaps.len() {
        1 => format!("Within this time records are missing ({detail}); what happened then cannot be told."),
        several => format!(
            "Within this time records are missing in {}, the longest of {} ({detail}); what happened then cannot be told.",
            count(several as u64, "span"),
            count(longest.days.max(0) as u64, "day"),
        ),
    })
}

fn others(case: &Case, main: &Incident) -> Option<String> {
    let rest = case.incidents.len() as u64 - 1;
    let next = case.incidents.iter().find(|other| other.id != main.id)?;
    let title = clip(&next.title, 110);
    Some(match rest {
        1 => format!("One other incident stands apart from it, at level {}: {title}.", next.level),
        _ => format!(
            "{} other incidents stand apart from it, the weightiest at level {}: {title}.",
            number(rest),
            next.level
        ),
    })
}

/// Where no incident was made: what was read, and how little that proves.
fn quiet_answer(case: &Case) -> Vec<String> {
    let records: u64 = case.manifest.evidence.iter().map(|evidence| evidence.records).sum();
    let findings: u64 = case.findings.values().sum();
    let first = case.manifest.evidence.iter().filter_map(|evidence| evidence.first).min();
    let last = case.manifest.evidence.iter().filter_map(|evidence| evidence.last).max();
    let when = first.zip(last).map(|(a, b)| format!(" from {}", span(a, b))).unwrap_or_default();
    let sources = case.manifest.evidence.iter().filter(|evidence| evidence.records > 0).count() as u64;
    let mut lines = vec!["No sign of an intrusion was found in what was read.".to_owned()];
    lines.push(if records == 0 {
        "No record could be read from the evidence, so this says nothing about what happened.".to_owned()
    } else {
        format!(
            "It covers {} in {}{when}, read with {}.",
            count(records, "record"),
            count(sources, "source"),
            count(case.manifest.rules, "rule")
        )
    });
    if findings > 0 {
        lines.push(format!(
            "{} no incident; each may still be worth a look.",
            match findings {
                1 => "One finding belongs to".to_owned(),
                _ => format!("{} findings belong to", number(findings)),
            }
        ));
    }
    lines.extend(reading_gaps(case));
    lines.push(
        "That is no proof of absence: only what these sources record, and these rules look for, can be seen."
            .to_owned(),
    );
    lines
}

fn reading_gaps(case: &Case) -> Option<String> {
    let problems = case.manifest.evidence.iter().filter(|evidence| evidence.problems_total > 0).count();
    let kinds = [
        (case.gaps.len(), "gap", "in the records"),
        (problems, "source", "that could only be read in part"),
        (case.manifest.unreadable.len(), "path", "that could not be read at all"),
    ];
    let kinds: Vec<_> = kinds.into_iter().filter(|&(n, ..)| n > 0).collect();
    let verb = if kinds.first()?.0 == 1 { "is" } else { "are" };
    let parts: Vec<String> =
        kinds.into_iter().map(|(n, noun, what)| format!("{} {what}", count(n as u64, noun))).collect();
    Some(format!("There {verb} {}.", join(&parts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_long_intrusion_is_told_in_a_few_sentences() {
        let lines = answer(&sample::case());
        assert!((3..=7).contains(&lines.len()));
        insta::assert_snapshot!(lines.join("\n"), @r"
        The evidence shows signs of an intrusion at least since 24 August 2021, 08:00 UTC; the last trace is of 4 August 2022.
        It stayed unnoticed for 417 days, until 15 October 2022; someone could have acted on a trace of 28 October 2021, 351 days earlier (Burst of mail to strangers from one mailbox of the house).
        It touches 3 hosts (EX01, FS01 and NAS02), 2 accounts (svc-backup and NT AUTHORITY\SYSTEM), 2 mailboxes (registrar@commission.example and press.office@commission.example) and 3 network addresses (203.0.113.57, 198.51.100.23 and 10.20.0.11).
        As far as the evidence goes, this is exposed – taken out: 1 mailbox (registrar@commission.example) and 26 files (\\fs01\registers\2021\full\district-001.csv, \\fs01\registers\2021\full\district-002.csv and 24 more); taken over: 1 account (svc-backup); read: 2 shares (\\fs01\registers and nas02:registers); within reach, without a trace that it was read: 1 mailbox (press.office@commission.example).
        Look first at “ProxyShell request to the Autodiscover front end” (24 August 2021, 08:00 UTC): 203.0.113.57 reaches the PowerShell back end of EX01 through Autodiscover.
        Within this time records are missing in 2 spans, the longest of 16 days (EX01 w3c, 3 to 19 October 2021); what happened then cannot be told.
        One other incident stands apart from it, at level high: Password spray against Entra ID from 192.0.2.200, without a sign of success.
        ");
    }

    #[test]
    fn nothing_found_is_not_nothing_happened() {
        insta::assert_snapshot!(answer(&sample::quiet_case()).join("\n"), @r"
        No sign of an intrusion was found in what was read.
        It covers 3,228,090 records in 8 sources from 1 August 2021 to 14 October 2022, read with 3,812 rules.
        There are 2 sources that could only be read in part and 1 path that could not be read at all.
        That is no proof of absence: only what these sources record, and these rules look for, can be seen.
        ");
        assert!(answer(&Case::default())[1].starts_with("No record could be read"));
    }

    #[test]
    fn without_a_given_date_nothing_is_called_unnoticed() {
        let mut case = sample::case();
        case.detected_given = false;
        let text = answer(&case).join("\n");
        assert!(!text.contains("unnoticed") && text.contains("no date of detection was given"), "{text}");
    }

    #[test]
    fn a_weak_incident_is_not_called_an_intrusion() {
        let mut case = sample::case();
        case.incidents.remove(0);
        case.incidents[0].level = Level::Medium;
        let text = answer(&case).join("\n");
        assert!(!text.contains("intrusion"), "{text}");
    }

    #[test]
    fn one_lesser_rule_is_told_briefly_but_never_the_foremost_incident() {
        let mut case = sample::case();
        for incident in &mut case.incidents {
            incident.level = Level::Medium;
            incident.key.truncate(1);
        }
        assert!(!is_brief(&case, &case.incidents[0]));
        assert!(is_brief(&case, &case.incidents[1]));
        case.incidents[1].level = Level::High;
        assert!(!is_brief(&case, &case.incidents[1]));
    }

    #[test]
    fn log_values_cannot_speak_to_the_terminal() {
        let mut case = sample::case();
        case.incidents[0].hosts[0].name = "\u{1b}[2JEX01\u{202e}".into();
        case.incidents[0].key[0].what = "a\r\nb\u{7}".into();
        let text = answer(&case).join("\n");
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text}");
    }
}
