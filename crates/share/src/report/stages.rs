//! The timeline as a picture: what was done when, by incident and tactic.

use std::collections::BTreeMap;

use maud::{Markup, html};
use model::{Gap, Incident, Level, Stage, Time};

use super::axis::{Axis, LEFT, RIGHT, WIDTH};
use super::part::px;
use super::{Report, Section};
use crate::answer::is_brief;
use crate::attack::{tactic_name, tactic_rank};
use crate::dates::{of_day, short_date, span};
use crate::tally::Day;
use crate::text::{clip, count};

/// Incidents drawn in the picture.
const DRAWN: usize = 4;
/// Sources with gaps drawn in the picture.
const GAPS: usize = 6;
/// Height of a row.
const ROW: f64 = 22.0;
/// Height of an incident's headline and of the row of its key findings.
const HEAD: f64 = 52.0;
/// Where the first incident begins, below the flags.
const TOP: f64 = 46.0;

/// The section, where something has a time.
pub(super) fn section(report: &Report<'_, '_>) -> Option<Section> {
    let axis = report.axis?;
    if report.case.incidents.is_empty() {
        return None;
    }
    let mut note = String::from(
        "Each row is a tactic, each mark a day or a run of days on which a rule of that tactic held. \
         The numbers are the key findings of the incident, told below.",
    );
    if !gaps(report, &axis).is_empty() {
        note.push_str(" Hatched are days from which a source has no records.");
    }
    Some(Section::new("timeline", "Timeline", note, html! { (picture(report, &axis)) (legend()) }))
}

/// The colours with their words.
pub(super) fn legend() -> Markup {
    html! {
        p.legend aria-hidden="true" {
            @for level in Level::ALL.into_iter().rev() {
                span { i.{ "l-" (level) } {} (level) }
            }
        }
    }
}

fn picture(report: &Report<'_, '_>, axis: &Axis) -> Markup {
    let mut y = TOP;
    let mut blocks = Vec::new();
    let whole = |&(_, incident): &(usize, &Incident)| !is_brief(report.case, incident);
    for (place, incident) in report.case.incidents.iter().enumerate().filter(whole).take(DRAWN) {
        blocks.push(incident_block(report, axis, incident, place, y));
        y += HEAD + incident.stages.len() as f64 * ROW + 10.0;
    }
    let gaps = gaps(report, axis);
    let gap_rows = gap_block(axis, &gaps, y);
    y += if gaps.is_empty() { 0.0 } else { HEAD / 2.0 + gaps.len() as f64 * ROW };
    html! {
        div.picture tabindex="0" role="group" aria-label="Timeline, scrolls sideways on a narrow screen" {
            svg.stages viewBox={ "0 0 " (px(WIDTH)) " " (px(y + 38.0)) } role="img" aria-labelledby="stages-about" {
                title #stages-about { "Incidents by tactic over time" }
                (hatch())
                (axis.draw(TOP - 4.0, y))
                (flags(report, axis, y))
                @for block in &blocks { (block) }
                (gap_rows)
            }
        }
    }
}

fn hatch() -> Markup {
    html! {
        defs {
            pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                line.hatch-line x1="0" y1="0" x2="0" y2="6" {}
            }
        }
    }
}

fn incident_block(
    report: &Report<'_, '_>,
    axis: &Axis,
    incident: &Incident,
    place: usize,
    top: f64,
) -> Markup {
    let mut stages: Vec<&Stage> = incident.stages.iter().collect();
    stages.sort_by_key(|stage| (tactic_rank(&stage.tactic), &stage.tactic));
    let told = report.tally.incident(&incident.id);
    let bottom = top + HEAD + stages.len() as f64 * ROW;
    html! {
        g.block {
            @for gap in incident.gaps.iter().filter_map(|&at| report.case.gaps.get(at as usize)) {
                (gap_bar(axis, gap, top + HEAD - 24.0, bottom - top - HEAD + 24.0))
            }
            text.heading x="0" y=(px(top + 16.0)) {
                (place + 1) "  " (clip(&incident.title, 130))
            }
            text.label x=(px(LEFT - 12.0)) y=(px(top + 40.0)) text-anchor="end" { "Key findings" }
            (key_numbers(axis, incident, top + 36.0))
            @for (row, stage) in stages.iter().enumerate() {
                @let y = top + HEAD + row as f64 * ROW + ROW / 2.0;
                text.label x=(px(LEFT - 12.0)) y=(px(y + 4.0)) text-anchor="end" { (clip(&tactic_name(&stage.tactic), 24)) }
                line.track x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(y)) y2=(px(y)) {}
                (stage_marks(axis, stage, told.and_then(|told| told.days.get(&stage.tactic)), y))
            }
        }
    }
}

/// The days of a stage; where they were not gathered, its span.
fn stage_marks(axis: &Axis, stage: &Stage, days: Option<&BTreeMap<i64, Day>>, y: f64) -> Markup {
    let (Some(first), Some(last)) = (stage.first, stage.last) else { return html! {} };
    let (from, until) = (axis.time(first).clamp(LEFT, RIGHT), axis.time(last).clamp(LEFT, RIGHT));
    let runs = days.map(|days| runs(axis, days)).unwrap_or_default();
    html! {
        line.span.wide[runs.is_empty()] x1=(px(from)) x2=(px(until.max(from + 3.0))) y1=(px(y)) y2=(px(y)) {}
        @for run in &runs {
            rect.{ "l-" (run.seen.level) }
                x=(px(run.x)) y=(px(y - 6.0)) width=(px(run.width)) height="12" rx="2" {
                title {
                    (span(of_day(run.first), of_day(run.last))) ": "
                    (count(run.seen.count, "finding")) ", " (run.seen.level)
                }
            }
        }
    }
}

/// Days so near to each other that the eye would see one mark.
struct Run {
    x: f64,
    width: f64,
    first: i64,
    last: i64,
    seen: Day,
}

fn runs(axis: &Axis, days: &BTreeMap<i64, Day>) -> Vec<Run> {
    const LEAST: f64 = 5.0;
    let width = axis.day_width().max(LEAST);
    let mut runs: Vec<Run> = Vec::new();
    for (&day, &seen) in days.range(axis.first..axis.end) {
        let x = axis.day(day).min(RIGHT - width);
        match runs.last_mut() {
            Some(run) if run.seen.level == seen.level && x <= run.x + run.width + 0.5 => {
                run.width = x + width - run.x;
                run.last = day;
                run.seen.count += seen.count;
            }
            _ => runs.push(Run { x, width, first: day, last: day, seen }),
        }
    }
    // Marks of neighbouring days overlap; the higher level is drawn over the lower.
    runs.sort_by_key(|run| run.seen.level);
    runs
}

/// The numbers of the key findings; those that would overlap share one mark.
fn key_numbers(axis: &Axis, incident: &Incident, y: f64) -> Markup {
    let mut numbered: Vec<(f64, usize)> = incident
        .key
        .iter()
        .enumerate()
        .filter_map(|(at, key)| {
            key.time.filter(|time| axis.holds(time.day())).map(|time| (axis.time(time), at + 1))
        })
        .collect();
    numbered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut marks: Vec<(f64, Vec<usize>)> = Vec::new();
    for (x, number) in numbered {
        match marks.last_mut() {
            Some((at, numbers)) if x - *at < 14.0 + 13.0 * numbers.len() as f64 => numbers.push(number),
            _ => marks.push((x, vec![number])),
        }
    }
    html! {
        @for (x, mut numbers) in marks {
            @let text = { numbers.sort_unstable(); listed(&numbers) };
            @let width = 10.0 + 6.6 * text.chars().count() as f64;
            @let left = (x - 8.0).clamp(LEFT, RIGHT - width);
            rect.pill x=(px(left)) y=(px(y - 8.0)) width=(px(width)) height="16" rx="8" {}
            text.pill-text x=(px(left + width / 2.0)) y=(px(y + 4.0)) text-anchor="middle" { (text) }
        }
    }
}

/// `1–3, 5`.
fn listed(numbers: &[usize]) -> String {
    let runs: Vec<String> = numbers
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [one] => one.to_string(),
            [a, b] => format!("{a}, {b}"),
            _ => format!("{}–{}", run[0], run[run.len() - 1]),
        })
        .collect();
    runs.join(", ")
}

/// Upright lines for what the reader compares everything with: the detection, and the first trace
/// that a person could have acted on. Each has its own line of text, so that they cannot overlap.
fn flags(report: &Report<'_, '_>, axis: &Axis, bottom: f64) -> Markup {
    let detected = report.case.detected.filter(|_| report.case.detected_given);
    let actionable = report.case.incidents.first().and_then(|main| main.first_actionable.as_ref()?.time);
    html! {
        (flag(axis, detected, "detected", "Detected", 14.0, bottom))
        (flag(axis, actionable, "actionable", "Could have been noticed", 32.0, bottom))
    }
}

fn flag(axis: &Axis, time: Option<Time>, class: &str, words: &str, y: f64, bottom: f64) -> Markup {
    let Some(time) = time.filter(|time| axis.holds(time.day())) else { return html! {} };
    let x = axis.time(time);
    let right = x > (LEFT + RIGHT) / 2.0;
    html! {
        g.flag.(class) {
            line x1=(px(x)) x2=(px(x)) y1=(px(y - 9.0)) y2=(px(bottom)) {}
            text x=(px(if right { x - 6.0 } else { x + 6.0 })) y=(px(y))
                text-anchor=(if right { "end" } else { "start" }) {
                (words) ", " (short_date(time))
            }
        }
    }
}

/// The sources with the longest gaps in the time that is drawn, longest first.
fn gaps<'a>(report: &Report<'a, '_>, axis: &Axis) -> Vec<(&'a str, Vec<&'a Gap>)> {
    let mut sources: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
    for gap in &report.case.gaps {
        if gap.until.day() >= axis.first && gap.from.day() < axis.end {
            sources.entry(&gap.source).or_default().push(gap);
        }
    }
    let mut sources: Vec<(&str, Vec<&Gap>)> = sources.into_iter().collect();
    sources.sort_by_key(|(source, gaps)| {
        (std::cmp::Reverse(gaps.iter().map(|gap| gap.days).sum::<i64>()), *source)
    });
    sources.truncate(GAPS);
    sources
}

fn gap_block(axis: &Axis, sources: &[(&str, Vec<&Gap>)], top: f64) -> Markup {
    html! {
        @if !sources.is_empty() {
            text.heading x="0" y=(px(top + 16.0)) { "Missing records" }
            @for (row, (source, gaps)) in sources.iter().enumerate() {
                @let y = top + HEAD / 2.0 + row as f64 * ROW;
                text.label x=(px(LEFT - 12.0)) y=(px(y + 15.0)) text-anchor="end" { (clip(source, 24)) }
                line.track x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(y + 11.0)) y2=(px(y + 11.0)) {}
                @for gap in gaps { (gap_bar(axis, gap, y + 4.0, 14.0)) }
            }
        }
    }
}

fn gap_bar(axis: &Axis, gap: &Gap, y: f64, height: f64) -> Markup {
    let (from, until) = (axis.time(gap.from).clamp(LEFT, RIGHT), axis.time(gap.until).clamp(LEFT, RIGHT));
    html! {
        rect.gap x=(px(from)) y=(px(y)) width=(px((until - from).max(1.5))) height=(px(height)) {
            title { (clip(&gap.source, 80)) ": no records from " (span(gap.from, gap.until)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_are_drawn_together() {
        assert_eq!(listed(&[1]), "1");
        assert_eq!(listed(&[1, 2]), "1, 2");
        assert_eq!(listed(&[1, 2, 3, 5]), "1–3, 5");
    }

    #[test]
    fn near_days_are_one_mark_and_stay_inside_the_picture() {
        let axis = Axis { first: 0, end: 500 };
        let seen = Day { level: Level::High, count: 1 };
        let days: BTreeMap<i64, Day> = [0, 1, 2, 40, 499, 900].into_iter().map(|day| (day, seen)).collect();
        let runs = runs(&axis, &days);
        let spans: Vec<(i64, i64, u64)> =
            runs.iter().map(|run| (run.first, run.last, run.seen.count)).collect();
        assert_eq!(spans, [(0, 2, 3), (40, 40, 1), (499, 499, 1)]);
        assert!(runs.iter().all(|run| run.x >= LEFT && run.x + run.width <= RIGHT + 0.01));
    }
}
