//! What the incidents put at risk.

use maud::{Markup, html};
use model::{Case, Exposure, ExposureKind};

use super::Section;
use super::part::{and_more, day, value};
use crate::answer::exposed_noun;
use crate::text::{capital, clip, number};

/// Rows of the table.
const ROWS: usize = 200;

/// The section, where something was exposed.
pub(super) fn section(case: &Case) -> Option<Section> {
    let mut rows: Vec<(usize, &Exposure)> = case
        .incidents
        .iter()
        .enumerate()
        .flat_map(|(place, incident)| incident.exposure.iter().map(move |thing| (place + 1, thing)))
        .collect();
    if rows.is_empty() {
        return None;
    }
    // The worst first, and of that the incidents in their order.
    rows.sort_by(|(a_place, a), (b_place, b)| {
        (b.how, a_place, a.what, &a.name).cmp(&(a.how, b_place, b.what, &b.name))
    });
    let note = "Taken means that a trace shows it leave or be put where it could be fetched; read, that it was \
                opened; within reach, that the rights were there without a trace of reading.";
    Some(Section::new("exposure", "Exposure", note, table(&rows)))
}

fn table(rows: &[(usize, &Exposure)]) -> Markup {
    html! {
        div.scroll {
            table.exposure {
                thead {
                    tr {
                        th { "How" } th { "What" } th { "Name" } th { "First" } th { "Last" }
                        th.n { "Findings" } th { "Shown by" } th.n { "Incident" }
                    }
                }
                tbody {
                    @for (place, thing) in rows.iter().take(ROWS) {
                        tr {
                            td { span.how.{ "how-" (how_class(thing.how)) } { (how(thing.how)) } }
                            td { (capital(exposed_noun(thing.what))) }
                            td.name { (value(&thing.name, 90)) }
                            td { (day(thing.first)) }
                            td { (day(thing.last)) }
                            td.n { (number(thing.findings_total)) }
                            td.ids { (shown_by(thing)) }
                            td.n { a href={ "#incident-" (place) } { (place) } }
                        }
                    }
                }
            }
        }
        (and_more(rows.len(), ROWS, "exposed things", "case.json"))
    }
}

fn shown_by(thing: &Exposure) -> Markup {
    html! {
        @if let Some(first) = thing.findings.first() {
            code { (clip(first, 24)) }
            @if thing.findings_total > 1 { " …" }
        }
    }
}

const fn how(how: ExposureKind) -> &'static str {
    match how {
        ExposureKind::Taken => "taken",
        ExposureKind::Read => "read",
        ExposureKind::CouldRead => "within reach",
    }
}

const fn how_class(how: ExposureKind) -> &'static str {
    match how {
        ExposureKind::Taken => "taken",
        ExposureKind::Read => "read",
        ExposureKind::CouldRead => "reach",
    }
}
