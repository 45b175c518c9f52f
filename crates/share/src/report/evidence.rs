//! What was read, what is missing, and how it was read.

use maud::{Markup, html};
use model::{Case, Evidence};

use super::Section;
use super::part::{and_more, day, value};
use crate::dates::date_time;
use crate::text::{bytes, clip, count, number, visible};

/// Rows of each table.
const ROWS: usize = 200;
/// Problems told of one source.
const PROBLEMS: usize = 3;

/// Spans without records.
pub(super) fn gaps(case: &Case) -> Option<Section> {
    let body = html! {
        div.scroll {
            table {
                thead { tr { th { "Source" } th { "Last record before" } th { "First record after" } th.n { "Days" } th.n { "Usual records a day" } } }
                tbody {
                    @for gap in case.gaps.iter().take(ROWS) {
                        tr {
                            td { (value(&gap.source, 80)) }
                            td { (date_time(gap.from)) }
                            td { (date_time(gap.until)) }
                            td.n { (gap.days) }
                            td.n { (number(gap.usual)) }
                        }
                    }
                }
            }
        }
        (and_more(case.gaps.len(), ROWS, "gaps", "case.json"))
    };
    let note = "Days from which a source that usually has records has none: a log rotated away, cleared, or not \
                handed over. Nothing can be said of them.";
    (!case.gaps.is_empty()).then(|| Section::new("gaps", "Gaps in the evidence", note, body))
}

/// Every file and member.
pub(super) fn sources(case: &Case) -> Option<Section> {
    let evidence = &case.manifest.evidence;
    let unreadable = &case.manifest.unreadable;
    if evidence.is_empty() && unreadable.is_empty() {
        return None;
    }
    let records: u64 = evidence.iter().map(|evidence| evidence.records).sum();
    let note = format!(
        "{} in {}. {}.",
        count(records, "record"),
        count(evidence.len() as u64, "file"),
        match evidence.iter().filter(|evidence| evidence.problems_total > 0).count() {
            0 => "Each was read to its end".to_owned(),
            some => format!("{} could be read only in part", number(some as u64)),
        }
    );
    let body = html! {
        (sources_table(&chosen(evidence)))
        (and_more(evidence.len(), ROWS, "files", "manifest.json"))
        @if !unreadable.is_empty() {
            h3 { "Not readable at all" }
            ul.plain { @for (path, reason) in unreadable.iter().take(ROWS) { li { (value(path, 120)) ": " (clip(reason, 200)) } } }
            (and_more(unreadable.len(), ROWS, "paths", "manifest.json"))
        }
    };
    Some(Section::new("evidence", "Evidence", note, body))
}

/// Of more files than there is room for, those with problems and those with the most records, in
/// the order of the manifest.
fn chosen(evidence: &[Evidence]) -> Vec<&Evidence> {
    let mut order: Vec<usize> = (0..evidence.len()).collect();
    order.sort_by_key(|&at| {
        let one = &evidence[at];
        (one.problems_total == 0, std::cmp::Reverse(one.records), at)
    });
    order.truncate(ROWS);
    order.sort_unstable();
    order.into_iter().map(|at| &evidence[at]).collect()
}

fn sources_table(evidence: &[&Evidence]) -> Markup {
    html! {
        div.scroll {
            table.sources {
                thead {
                    tr {
                        th { "File" } th { "Format" } th { "SHA-256" } th.n { "Size" } th.n { "Records" }
                        th { "First" } th { "Last" }
                    }
                }
                tbody {
                    @for one in evidence {
                        tr {
                            td.name { (value(&one.path, 72)) (problems(one)) }
                            td { (clip(&one.format, 24)) }
                            td.hash { (hash(&one.sha256)) }
                            td.n { (bytes(one.size)) }
                            td.n { (number(one.records)) }
                            td { (day(one.first)) }
                            td { (day(one.last)) }
                        }
                    }
                }
            }
        }
    }
}

/// The beginning of a hash; the whole stands in the tooltip and in the manifest.
fn hash(sha256: &str) -> Markup {
    html! {
        @match sha256.get(..12) {
            Some(start) => code title=(clip(sha256, 64)) { (visible(start)) "…" },
            None => span.none { "–" },
        }
    }
}

fn problems(one: &Evidence) -> Markup {
    let more = one.problems_total.saturating_sub(one.problems.len().min(PROBLEMS) as u64);
    html! {
        @for problem in one.problems.iter().take(PROBLEMS) {
            p.problem { (problem.place) ": " (clip(&problem.what, 200)) }
        }
        @if more > 0 { p.problem { "and " (count(more, "further problem")) } }
        @for assumed in one.assumed.iter().take(PROBLEMS) { p.assumed { "assumed: " (clip(assumed, 160)) } }
    }
}

/// How the answer was made.
pub(super) fn method(case: &Case) -> Section {
    let manifest = &case.manifest;
    let body = html! {
        dl.method {
            div { dt { "Program" } dd { (clip(&manifest.program, 80)) } }
            div { dt { "Rules" } dd { (number(manifest.rules)) } }
            div.wide { dt { "Rule set, SHA-256" } dd { code { (visible(&manifest.rules_sha256)) } } }
            @for (name, setting) in &manifest.settings {
                div { dt { (clip(name, 60)) } dd { (value(setting, 200)) } }
            }
        }
        @if !case.notes.is_empty() {
            h3 { "Bounds that were reached" }
            ul.plain { @for note in case.notes.iter().take(ROWS) { li { (clip(note, 300)) } } }
        }
    };
    let note = "The same evidence, rules and settings give the same report, byte for byte. Evidence was opened for \
                reading only.";
    Section::new("method", "How this was read", note, body)
}
