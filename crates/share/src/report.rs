//! The report: one HTML file that needs nothing else, made to be read on a screen and on paper.
//!
//! It has no script, and a content security policy that forbids any, so that a log value that slipped
//! through could still do nothing. The template escapes every value by construction; values of logs
//! are made visible first, and long ones are cut with the whole in their tooltip.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::{Case, Tlp};

use crate::dates::{date, date_time, short_date};
use crate::text::{count, number, visible};
use crate::{Origins, Tally, answer};
use axis::Axis;

mod axis;
mod evidence;
mod exposure;
mod heat;
mod incident;
mod mailings;
mod matrix;
mod part;
mod rules;
mod stages;

const STYLE: &str = include_str!("../assets/report.css");

/// What a report says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSettings {
    /// Who may be told; stands on every page.
    pub tlp: Tlp,
    /// The name of the case; else “Hunt report”.
    pub title: Option<String>,
}

/// Writes `report.html`.
pub fn write_report<W: Write>(
    mut out: W,
    case: &Case,
    tally: &Tally,
    origins: &Origins<'_>,
    settings: &ReportSettings,
) -> io::Result<()> {
    let page = page(&Report { case, tally, origins, axis: Axis::of(case) }, settings);
    out.write_all(page.into_string().as_bytes())?;
    out.flush()
}

/// What every part of the page looks at.
struct Report<'a, 'o> {
    case: &'a Case,
    tally: &'a Tally,
    origins: &'a Origins<'o>,
    /// The time that the pictures show; `None` where nothing has a time.
    axis: Option<Axis>,
}

fn page(report: &Report<'_, '_>, settings: &ReportSettings) -> Markup {
    let title = settings.title.as_deref().map_or_else(|| "Hunt report".into(), visible);
    let sections = sections(report);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(visible(&report.case.manifest.program));
                title { (title) " – " (settings.tlp) }
                style { (PreEscaped(STYLE)) (PreEscaped(paper(settings.tlp))) }
            }
            body {
                a.skip href="#answer" { "Skip to the answer" }
                (masthead(report, settings, &title))
                main {
                    (lead(report.case))
                    (figures(report.case))
                    nav aria-label="Contents" {
                        ol { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                    }
                    @for section in &sections {
                        section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                            h2 id={ (section.id) "-title" } { (section.title) }
                            @if !section.note.is_empty() { p.note { (section.note) } }
                            (section.body)
                        }
                    }
                }
                (footer(report.case, settings.tlp))
            }
        }
    }
}

/// TLP 2.0 asks for the marking at head and foot of every page of a document. Its words are fixed,
/// so that nothing has to be escaped here.
fn paper(tlp: Tlp) -> String {
    format!(
        "@media print{{@page{{@top-right{{content:\"{tlp}\";font:700 9pt sans-serif}}\
         @bottom-right{{content:\"{tlp}\";font:700 9pt sans-serif}}\
         @bottom-left{{content:counter(page) \" of \" counter(pages);font:9pt sans-serif}}}}}}"
    )
}

/// A part of the page with its heading.
struct Section {
    id: &'static str,
    title: &'static str,
    note: String,
    body: Markup,
}

impl Section {
    fn new(id: &'static str, title: &'static str, note: impl Into<String>, body: Markup) -> Self {
        Self { id, title, note: note.into(), body }
    }
}

/// The parts that have something to say, in the order in which a reader needs them.
fn sections(report: &Report<'_, '_>) -> Vec<Section> {
    let case = report.case;
    [
        mailings::section(report),
        stages::section(report),
        heat::section(report),
        matrix::section(case),
        incident::section(report),
        exposure::section(case),
        rules::section(report),
        evidence::gaps(case),
        evidence::sources(case),
        Some(evidence::method(case)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn masthead(report: &Report<'_, '_>, settings: &ReportSettings, title: &str) -> Markup {
    let last = report.case.manifest.evidence.iter().filter_map(|evidence| evidence.last).max();
    html! {
        header.masthead {
            p.mark { (gate()) "Portcullis" }
            p.what { (title) @if let Some(last) = last { " · evidence until " (date(last)) } }
            p.tlp.{ "tlp-" (settings.tlp.as_str().replace('+', "-")) } { (settings.tlp) }
        }
    }
}

/// A small portcullis.
fn gate() -> Markup {
    html! {
        svg.gate viewBox="0 0 20 20" aria-hidden="true" {
            path d="M3 2v13l1.5 3L6 15V2M8.5 2v13l1.5 3 1.5-3V2M14 2v13l1.5 3 1.5-3V2M2 5h16M2 10h16" {}
        }
    }
}

fn lead(case: &Case) -> Markup {
    let sentences = answer(case);
    html! {
        section #answer.answer aria-label="The answer" {
            @if let Some((first, rest)) = sentences.split_first() {
                h1 { (first) }
                @for sentence in rest { p { (sentence) } }
            }
        }
    }
}

/// The figures that people ask for first.
fn figures(case: &Case) -> Markup {
    let Some(main) = case.incidents.first() else { return html! {} };
    let dwell = main.dwell_days.filter(|&days| days >= 0).map(|days| count(days as u64, "day"));
    let dwell_name = if case.detected_given { "Unnoticed for" } else { "To the last record" };
    let figures: Vec<(&str, String)> = [
        main.first.map(|time| ("First trace", short_date(time))),
        main.last.map(|time| ("Last trace", short_date(time))),
        dwell.map(|days| (dwell_name, days)),
        some_of("Hosts", main.hosts.len()),
        some_of("Accounts", main.accounts.len()),
        some_of("Mailboxes", main.mailboxes.len()),
        some_of("Things exposed", main.exposure.len()),
    ]
    .into_iter()
    .flatten()
    .collect();
    html! {
        dl.figures {
            @for (name, value) in &figures { div { dt { (name) } dd { (value) } } }
        }
    }
}

fn some_of(name: &'static str, n: usize) -> Option<(&'static str, String)> {
    (n > 0).then(|| (name, number(n as u64)))
}

fn footer(case: &Case, tlp: Tlp) -> Markup {
    let found: Vec<String> =
        case.findings.iter().rev().map(|(level, n)| format!("{} {level}", number(*n))).collect();
    html! {
        footer {
            p {
                (visible(&case.manifest.program))
                @if !found.is_empty() { " · findings: " (found.join(", ")) }
                @if let Some(detected) = case.detected.filter(|_| case.detected_given) {
                    " · detected " (date_time(detected))
                }
            }
            p {
                "Every statement points at its evidence by path and record; times are in UTC. "
                "ATT&CK® is a registered trade mark of The MITRE Corporation."
            }
            p { strong { (tlp) } }
        }
    }
}
