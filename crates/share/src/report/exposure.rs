//! What the incidents put at risk.

use std::collections::BTreeMap;

use maud::{Markup, html};
use model::{Case, Exposed, Exposure, ExposureKind, Time};

use super::Section;
use super::part::{and_more, day, value};
use crate::answer::exposed_noun;
use crate::text::{capital, clip, count, join, number, visible};

/// Rows of the table.
const ROWS: usize = 150;
/// Files of one folder that stand each for itself.
const SINGLE: usize = 3;
/// What can be done to a thing, the worst first.
const WORST_FIRST: [ExposureKind; 3] = [ExposureKind::Taken, ExposureKind::Read, ExposureKind::CouldRead];

/// The section, where something was exposed.
pub(super) fn section(case: &Case) -> Option<Section> {
    let rows = rows(case);
    if rows.is_empty() {
        return None;
    }
    let note = "Taken means that a trace shows it leave or be put where it could be fetched; read, that it was \
                opened; within reach, that the rights were there without a trace of reading.";
    Some(Section::new("exposure", "Exposure", note, html! { (sums(case)) (table(&rows)) }))
}

/// One thing, or the files of one folder.
struct Row<'a> {
    incident: usize,
    how: ExposureKind,
    what: Exposed,
    /// The thing's name, or the folder's.
    name: &'a str,
    /// How many files of the folder; 1 for a thing of its own.
    things: u64,
    first: Option<Time>,
    last: Option<Time>,
    findings: u64,
    shown_by: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(incident: usize, thing: &'a Exposure) -> Self {
        Self {
            incident,
            how: thing.how,
            what: thing.what,
            name: &thing.name,
            things: 1,
            first: thing.first,
            last: thing.last,
            findings: thing.findings_total,
            shown_by: thing.findings.first().map(String::as_str),
        }
    }

    /// The files of `folder` as one row.
    fn folder(mut self, folder: &'a str, others: &[(usize, &'a Exposure)]) -> Self {
        self.name = folder;
        for (_, thing) in others {
            self.things += 1;
            self.first = [self.first, thing.first].into_iter().flatten().min();
            self.last = self.last.max(thing.last);
            self.findings += thing.findings_total;
        }
        self
    }
}

/// The worst first, then the incidents in their order; many files of one folder as one row.
fn rows(case: &Case) -> Vec<Row<'_>> {
    let incidents = case.incidents.iter().enumerate();
    let mut things: Vec<(usize, &Exposure)> = incidents
        .flat_map(|(place, incident)| incident.exposure.iter().map(move |thing| (place + 1, thing)))
        .collect();
    let key = |&(incident, thing): &(usize, &'_ Exposure)| (incident, thing.how, thing.what);
    things.sort_by(|a, b| (key(a), group(a.1), &a.1.name).cmp(&(key(b), group(b.1), &b.1.name)));
    let mut rows = Vec::new();
    for things in things.chunk_by(|a, b| key(a) == key(b) && group(a.1) == group(b.1)) {
        match things {
            [(incident, first), others @ ..] if others.len() >= SINGLE => {
                rows.push(Row::new(*incident, first).folder(group(first), others));
            }
            few => rows.extend(few.iter().map(|(incident, thing)| Row::new(*incident, thing))),
        }
    }
    rows.sort_by(|a, b| (b.how, a.incident, a.what, a.name).cmp(&(a.how, b.incident, b.what, b.name)));
    rows
}

/// What files share that are told as one: their folder. Other things stand for themselves.
fn group(thing: &Exposure) -> &str {
    match thing.what {
        Exposed::File => thing.name.rfind(['\\', '/']).map_or("", |at| &thing.name[..at]),
        _ => &thing.name,
    }
}

/// How many things of each kind, by the worst that was done to them.
fn sums(case: &Case) -> Markup {
    let mut sums: BTreeMap<(ExposureKind, Exposed), u64> = BTreeMap::new();
    for thing in case.incidents.iter().flat_map(|incident| &incident.exposure) {
        *sums.entry((thing.how, thing.what)).or_default() += 1;
    }
    let of = |kind| -> Vec<String> {
        let sums = sums.iter().filter(|((how, _), _)| *how == kind);
        sums.map(|((_, what), n)| count(*n, exposed_noun(*what))).collect()
    };
    html! {
        dl.exposed {
            @for (kind, counts) in WORST_FIRST.map(|kind| (kind, of(kind))).iter().filter(|(_, n)| !n.is_empty()) {
                div {
                    dt.how.{ "how-" (how_class(*kind)) } { (capital(how(*kind))) }
                    dd { (join(counts)) }
                }
            }
        }
    }
}

fn table(rows: &[Row<'_>]) -> Markup {
    html! {
        div.scroll {
            table.exposure {
                thead {
                    tr {
                        th { "How" } th { "What" } th { "Name" } th { "First" } th { "Last" }
                        th.n { "Findings" } th { "Shown by" } th.n { "Incident" }
                    }
                }
                tbody { @for row in rows.iter().take(ROWS) { (table_row(row)) } }
            }
        }
        (and_more(rows.len(), ROWS, "rows", "case.json"))
    }
}

fn table_row(row: &Row<'_>) -> Markup {
    html! {
        tr {
            td { span.how.{ "how-" (how_class(row.how)) } { (how(row.how)) } }
            td { (capital(&if row.things > 1 { count(row.things, exposed_noun(row.what)) } else { exposed_noun(row.what).to_owned() })) }
            td.name { @if row.things > 1 { "in " } (value(row.name, 90)) }
            td { (day(row.first)) }
            td { (day(row.last)) }
            td.n { (number(row.findings)) }
            td.ids {
                @if let Some(id) = row.shown_by {
                    code title=(clip(id, 80)) { (visible(id).chars().take(12).collect::<String>()) }
                    @if row.findings > 1 { " and " (number(row.findings - 1)) " more" }
                }
            }
            td.n { a href={ "#incident-" (row.incident) } { (row.incident) } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_of_one_folder_are_one_row() {
        let case = crate::sample::case();
        let rows = rows(&case);
        let shown: Vec<String> =
            rows.iter().map(|row| format!("{} {} {}", how(row.how), row.things, row.name)).collect();
        assert_eq!(
            shown,
            [
                "taken 1 svc-backup",
                "taken 1 registrar@commission.example",
                r"taken 26 \\fs01\registers\2021\full",
                r"read 1 \\fs01\registers",
                "read 1 nas02:registers",
                "within reach 1 press.office@commission.example",
            ]
        );
    }
}
