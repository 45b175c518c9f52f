//! The rules that held, with their authors, and what was suppressed.

use std::collections::BTreeSet;

use maud::{Markup, html};
use model::RuleCount;

use super::part::{and_more, level};
use super::{Report, Section};
use crate::attack::{technique_name, technique_of_tag};
use crate::text::{clip, count, number};

/// Rows of the table.
const ROWS: usize = 150;

/// The section, where a rule held or a finding was suppressed.
pub(super) fn section(report: &Report<'_, '_>) -> Option<Section> {
    let case = report.case;
    if case.rules.is_empty() && case.suppressed.is_empty() {
        return None;
    }
    let mut rules: Vec<(&String, &RuleCount)> = case.rules.iter().collect();
    rules.sort_by(|(a_id, a), (b_id, b)| {
        (b.level, b.count, &a.title, a_id).cmp(&(a.level, a.count, &b.title, b_id))
    });
    let note = format!(
        "{} of {} loaded rules held. Each stands with its author, as the licence of many rules asks for.",
        number(rules.len() as u64),
        number(case.manifest.rules)
    );
    let body = html! {
        (table(report, &rules))
        @if !case.suppressed.is_empty() {
            h3 { "Suppressed" }
            ul.plain {
                @for (reason, findings) in &case.suppressed {
                    li { (count(*findings, "finding")) ": " (clip(reason, 200)) }
                }
            }
        }
    };
    Some(Section::new("rules", "Rules that held", note, body))
}

fn table(report: &Report<'_, '_>, rules: &[(&String, &RuleCount)]) -> Markup {
    html! {
        div.scroll {
            table.rules {
                thead { tr { th { "Level" } th { "Rule" } th { "Author" } th { "Techniques" } th.n { "Findings" } } }
                tbody {
                    @for (id, rule) in rules.iter().take(ROWS) {
                        @let about = report.tally.rules.get(*id).map_or("", |info| info.description.as_str());
                        tr {
                            td { (level(rule.level)) }
                            td { span title=(clip(about, 600)) { (clip(&rule.title, 140)) } }
                            td.author { (clip(&rule.author, 90)) }
                            td { (techniques(rule)) }
                            td.n { (number(rule.count)) }
                        }
                    }
                }
            }
        }
        (and_more(rules.len(), ROWS, "rules", "case.json"))
    }
}

fn techniques(rule: &RuleCount) -> Markup {
    let ids: BTreeSet<String> = rule.tags.iter().filter_map(|tag| technique_of_tag(tag)).collect();
    html! {
        @for (at, id) in ids.iter().enumerate() {
            @if at > 0 { ", " }
            span.technique title=(technique_name(id).unwrap_or("")) { (id) }
        }
    }
}
