//! The incidents: what happened, in which order, why it is believed, what was touched.

use maud::{Markup, html};
use model::{Finding, FindingKind, Gap, Incident, KeyFinding, Link, Matched, Touched};

use super::part::{and_more, day, level, moment, value};
use super::{Report, Section};
use crate::answer::is_brief;
use crate::attack::{tactic_name, technique_name};
use crate::dates::{of_day, span};
use crate::text::{capital, clip, count, number, visible};

/// Among so many incidents are those that are told in full; more would bury the first.
const TOLD: usize = 6;
/// Days without a finding after which a new phase begins.
const REST: i64 = 14;
/// Phases and gaps that are told by date.
const DATED: usize = 12;
/// Names of one kind that are listed.
const NAMES: usize = 12;
/// Rows of the table of the lesser incidents.
const ROWS: usize = 50;

/// The section, where there are incidents.
pub(super) fn section(report: &Report<'_, '_>) -> Option<Section> {
    let case = report.case;
    if case.incidents.is_empty() {
        return None;
    }
    let in_full = |place: usize, incident: &Incident| place < TOLD && !is_brief(case, incident);
    let (told, rest): (Vec<_>, Vec<_>) =
        case.incidents.iter().enumerate().partition(|&(place, incident)| in_full(place, incident));
    let body = html! {
        @for &(place, incident) in &told { (article(report, incident, place + 1)) }
        @if !rest.is_empty() { (lesser(&rest)) }
    };
    Some(Section::new("incidents", "Incidents", "What matters most comes first.", body))
}

fn article(report: &Report<'_, '_>, incident: &Incident, place: usize) -> Markup {
    html! {
        article.incident id={ "incident-" (place) } {
            header {
                p.ordinal { (place) }
                h3 { (clip(&incident.title, 240)) }
                p.meta { (level(incident.level)) " " span.id { (clip(&incident.id, 40)) } }
            }
            (facts(report, incident))
            (first_actionable(report, incident))
            @if !incident.key.is_empty() {
                h4 { "What to look at" }
                ol.keys { @for (at, key) in incident.key.iter().enumerate() { (key_finding(report, key, Some(at + 1))) } }
            }
            (stages(incident))
            (touched(incident))
            (links(&incident.links))
        }
    }
}

fn facts(report: &Report<'_, '_>, incident: &Incident) -> Markup {
    let phases = report
        .tally
        .incident(&incident.id)
        .map(|told| told.phases(incident.level.min(model::Level::Medium), REST))
        .unwrap_or_default();
    let gaps: Vec<&Gap> = incident.gaps.iter().filter_map(|&at| report.case.gaps.get(at as usize)).collect();
    let found: Vec<String> =
        incident.findings.iter().rev().map(|(level, n)| format!("{} {level}", number(*n))).collect();
    html! {
        dl.facts {
            @if let (Some(first), Some(last)) = (incident.first, incident.last) {
                div { dt { "Seen" } dd { (span(first, last)) } }
            }
            @if let Some(days) = incident.dwell_days.filter(|&days| days >= 0) {
                div {
                    dt { @if report.case.detected_given { "Until it was detected" } @else { "Until the last record" } }
                    dd { (count(days as u64, "day")) }
                }
            }
            div { dt { "Findings" } dd { (found.join(", ")) } }
            @if phases.len() > 1 {
                div.wide {
                    dt { "Active in " (count(phases.len() as u64, "phase")) }
                    dd { (dated(phases.iter().map(|&(first, last)| span(of_day(first), of_day(last))))) }
                }
            }
            @if !gaps.is_empty() {
                div.wide {
                    dt { "Records missing within it" }
                    dd { (dated(gaps.iter().map(|gap| format!("{}, {}", clip(&gap.source, 40), span(gap.from, gap.until))))) }
                }
            }
        }
    }
}

fn dated(texts: impl Iterator<Item = String>) -> Markup {
    let all: Vec<String> = texts.collect();
    let more = all.len().saturating_sub(DATED);
    html! {
        ul.dated { @for text in all.iter().take(DATED) { li { (text) } } }
        @if more > 0 { " and " (more) " more" }
    }
}

/// Told once: a key finding that is the first such trace too is only pointed at.
fn first_actionable(report: &Report<'_, '_>, incident: &Incident) -> Markup {
    let Some(first) = &incident.first_actionable else { return html! {} };
    html! {
        h4 { "The first trace that someone could have acted on" }
        @match incident.key.iter().position(|key| key.finding == first.finding) {
            Some(at) => p { (clip(&first.title, 200)) ", number " (at + 1) " below." },
            None => ol.keys { (key_finding(report, first, None)) },
        }
    }
}

fn key_finding(report: &Report<'_, '_>, key: &KeyFinding, number: Option<usize>) -> Markup {
    let finding = report.tally.finding(&key.finding);
    let (path, sha256) = (report.origins)(key.event.evidence);
    html! {
        li.key {
            p.when {
                @if let Some(number) = number { span.no { (number) } " " }
                (moment(key.time)) " " (level(key.level))
            }
            div.body {
                p.title { (clip(&key.title, 200)) }
                p.what { (clip(&key.what, 400)) }
                @if let Some(finding) = finding { (why_it_held(finding)) }
                p.why { (capital(clip(&key.why, 300).trim_end_matches('.'))) "." }
                p.source {
                    span title={ "SHA-256 " (visible(sha256)) } { (clip(path, 110)) }
                    ", record " (key.event.record)
                    @if !key.author.is_empty() { " · rule by " (clip(&key.author, 80)) }
                    " · finding " (clip(&key.finding, 40))
                }
            }
        }
    }
}

/// The facts that made the rule hold.
fn why_it_held(finding: &Finding) -> Markup {
    const FACTS: usize = 5;
    html! {
        dl.matched {
            @if finding.kind == FindingKind::Correlation {
                dt { "events" } dd { (number(finding.events_total)) }
                @for (field, group) in finding.group.iter().take(FACTS) {
                    dt { (clip(field, 40)) } dd { (value(group, 160)) }
                }
            }
            @for (field, held, wanted) in grouped(&finding.matched).into_iter().take(FACTS) {
                dt { @if field.is_empty() { "keyword" } @else { (clip(field, 40)) } }
                dd { (value(held, 220)) " " span.wanted { (clip(&wanted.join(", "), 160)) } }
            }
        }
    }
}

/// What was asked of one value, together: a rule may look at a value in several ways.
fn grouped(matched: &[Matched]) -> Vec<(&str, &str, Vec<&str>)> {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for one in matched {
        // Where a rule asks for the very value, saying so twice tells nothing.
        let wanted = Some(one.wanted.as_str()).filter(|wanted| !wanted.eq_ignore_ascii_case(&one.value));
        match groups.iter_mut().find(|(field, held, _)| *field == one.field && *held == one.value) {
            Some((.., all)) => all.extend(wanted),
            None => groups.push((&one.field, &one.value, wanted.into_iter().collect())),
        }
    }
    groups
}

fn stages(incident: &Incident) -> Markup {
    html! {
        @if !incident.stages.is_empty() {
            h4 { "What was done, in order" }
            div.scroll {
                table.stages {
                    thead { tr { th { "Tactic" } th { "First" } th { "Last" } th.n { "Findings" } th { "Techniques" } } }
                    tbody {
                        @for stage in &incident.stages {
                            tr {
                                td { (tactic_name(&stage.tactic)) }
                                td { (day(stage.first)) }
                                td { (day(stage.last)) }
                                td.n { (number(stage.findings)) }
                                td { @for (at, (id, _)) in stage.techniques.iter().enumerate() {
                                    @if at > 0 { ", " }
                                    span.technique title=(technique_name(id).unwrap_or("")) { (clip(id, 16)) }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn touched(incident: &Incident) -> Markup {
    let kinds = [
        ("Hosts", &incident.hosts),
        ("Accounts", &incident.accounts),
        ("Mailboxes", &incident.mailboxes),
        ("Addresses", &incident.addresses),
        ("Files", &incident.files),
    ];
    html! {
        @if kinds.iter().any(|(_, things)| !things.is_empty()) {
            h4 { "What it touched" }
            div.touched {
                @for (name, things) in kinds.iter().filter(|(_, things)| !things.is_empty()) {
                    div {
                        h5 { (name) " " span.n { (number(things.len() as u64)) } }
                        ul { @for thing in things.iter().take(NAMES) { (touched_row(thing)) } }
                        (and_more(things.len(), NAMES, &name.to_lowercase(), "case.json"))
                    }
                }
            }
        }
    }
}

fn touched_row(thing: &Touched) -> Markup {
    html! {
        li {
            (value(&thing.name, 64))
            span.since {
                @if let (Some(first), Some(last)) = (thing.first, thing.last) { (span(first, last)) ", " }
                (count(thing.findings, "finding"))
            }
        }
    }
}

fn links(links: &[Link]) -> Markup {
    const SHOWN: usize = 8;
    html! {
        @if !links.is_empty() {
            h4 { "Why these findings stand together" }
            ul.links {
                @for link in links.iter().take(SHOWN) {
                    li {
                        span.weight style={ "--n:" (link.weight.min(100)) "%" } {}
                        span { (shared(&link.kind)) " " (value(&link.value, 80)) }
                        span.since { (count(link.findings, "finding")) ", weight " (link.weight) " of 100" }
                    }
                }
            }
            (and_more(links.len(), SHOWN, "links", "case.json"))
        }
    }
}

/// What is shared, in words.
fn shared(kind: &str) -> String {
    match kind {
        "time" => "close in time on".to_owned(),
        "record" => "the same record, about".to_owned(),
        other => format!("the same {}", clip(other, 24)),
    }
}

/// The incidents that are not told in full.
fn lesser(rest: &[(usize, &Incident)]) -> Markup {
    html! {
        h3 { "Lesser incidents" }
        div.scroll {
            table {
                thead { tr { th.n { "No." } th { "Level" } th { "Incident" } th { "First" } th { "Last" } th.n { "Findings" } } }
                tbody {
                    @for (place, incident) in rest.iter().take(ROWS) {
                        tr id={ "incident-" (place + 1) } {
                            td.n { (place + 1) }
                            td { (level(incident.level)) }
                            td { (clip(&incident.title, 140)) }
                            td { (day(incident.first)) }
                            td { (day(incident.last)) }
                            td.n { (number(incident.findings.values().sum())) }
                        }
                    }
                }
            }
        }
        (and_more(rest.len(), ROWS, "incidents", "case.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_of_one_value_stands_together() {
        let matched = |field: &str, value: &str, wanted: &str| Matched {
            field: field.into(),
            value: value.into(),
            wanted: wanted.into(),
        };
        let all = [
            matched("q", "/mapi/@x", "contains /mapi"),
            matched("s", "GET", "get"),
            matched("q", "/mapi/@x", "contains @"),
        ];
        assert_eq!(
            grouped(&all),
            [("q", "/mapi/@x", vec!["contains /mapi", "contains @"]), ("s", "GET", vec![])]
        );
    }
}
