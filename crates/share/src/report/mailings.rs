//! Reconnaissance by mail: what it was, who got it, who opened it.

use maud::{Markup, html};
use model::{Facts, Time};

use super::part::{and_more, day, moment, value};
use super::{Report, Section};
use crate::mailings::{Mailing, figure};
use crate::text::{clip, number};

/// Mailings that are told in full.
const TOLD: usize = 20;
/// Values of one kind that are listed.
const LISTED: usize = 6;
/// Rows of the table of those who opened one.
const ROWS: usize = 60;

/// The section, where a mailing was called reconnaissance.
pub(super) fn section(report: &Report<'_, '_>) -> Option<Section> {
    let all = report.tally.mailings.told();
    if all.is_empty() {
        return None;
    }
    let note = "Each copy of such a mail holds a mark of its own; whoever opens it tells its sender so. The \
                sentences below may be handed to those who got it.";
    let body = html! {
        @for (name, facts, mailing) in all.iter().take(TOLD) { (article(name, facts, mailing)) }
        (and_more(all.len(), TOLD, "mailings", "findings.jsonl"))
    };
    Some(Section::new("mailings", "Reconnaissance by mail", note, body))
}

fn article(name: &str, facts: &Facts, mailing: &Mailing) -> Markup {
    let time = |field: &str| facts.get(field).and_then(|text| Time::parse(text).ok());
    let figures = [
        ("Messages", figure(facts, "messages")),
        ("Mailboxes", figure(facts, "mailboxes")),
        ("Marks", figure(facts, "tokens")),
        ("Seen to be opened by", mailing.opened.len() as u64),
    ];
    html! {
        article.mailing {
            h3 { (heading(facts)) " " span.id { (clip(name, 40)) } }
            p { (clip(facts.get("mailing.explanation").unwrap_or_default(), 1_200)) }
            dl.facts {
                div { dt { "First" } dd { (day(time("mailing.first"))) } }
                div { dt { "Last" } dd { (day(time("mailing.last"))) } }
                @for (name, n) in figures { div { dt { (name) } dd { (number(n)) } } }
                (list("Senders", facts, "mailing.sender"))
                (list("It leads to", facts, "mailing.host"))
                (list("Addresses, marks masked", facts, "mailing.url"))
            }
            (openings(mailing))
        }
    }
}

/// In whose name it came.
fn heading(facts: &Facts) -> String {
    match facts.get("mailing.outlet") {
        Some(outlet) => format!("In the name of {}", clip(outlet, 120)),
        None => "Mailing".to_owned(),
    }
}

fn list(name: &str, facts: &Facts, field: &str) -> Markup {
    let all: Vec<&str> = facts.iter().filter(|fact| fact.field == field).map(|fact| fact.text).collect();
    html! {
        @if !all.is_empty() {
            div.wide {
                dt { (name) }
                dd {
                    @for (at, text) in all.iter().take(LISTED).enumerate() {
                        @if at > 0 { " · " }
                        (value(text, 110))
                    }
                    @if all.len() > LISTED { " and " (number((all.len() - LISTED) as u64)) " more" }
                }
            }
        }
    }
}

fn openings(mailing: &Mailing) -> Markup {
    let mut all: Vec<_> = mailing.opened.iter().collect();
    all.sort_by_key(|(name, opening)| (opening.time, *name));
    html! {
        @if all.is_empty() {
            p.more { "No record of a proxy or name server shows that it was opened; that is no proof that it was not." }
        } @else {
            h4 { "Who opened it, as far as records show" }
            div.scroll {
                table {
                    thead { tr { th { "Mailbox" } th { "First" } th { "From" } th { "With" } th.n { "Records" } } }
                    tbody {
                        @for (name, opening) in all.iter().take(ROWS) {
                            tr {
                                td { (value(name, 64)) }
                                td { (moment(opening.time)) }
                                td { (clip(&opening.from, 48)) }
                                td { (clip(&opening.agent, 70)) }
                                td.n { (number(opening.records)) }
                            }
                        }
                    }
                }
            }
            (and_more(all.len(), ROWS, "mailboxes", "findings.jsonl"))
        }
    }
}
