//! Small parts that many sections use.

use maud::{Markup, html};
use model::{Level, Time};

use crate::dates::{date, short_date, stamp};
use crate::text::{clip, number, visible};

/// A level as a label with its colour and its word: colour alone tells nobody enough.
pub(super) fn level(level: Level) -> Markup {
    html! { span.level.{ "l-" (level) } { (level) } }
}

/// A log value, cut to `max` characters; the whole stands in the tooltip where it was cut.
pub(super) fn value(text: &str, max: usize) -> Markup {
    let shown = clip(text, max);
    let whole = visible(text);
    if shown == whole {
        html! { code { (shown) } }
    } else {
        // Megabytes of one log value would be carried by every copy of the report.
        html! { code title=(clip(text, 2_000)) { (shown) } }
    }
}

/// A moment for a table.
pub(super) fn moment(time: Option<Time>) -> Markup {
    match time {
        Some(time) => html! { time datetime=(time) { (stamp(time)) " UTC" } },
        None => html! { span.none { "–" } },
    }
}

/// A day for a table.
pub(super) fn day(time: Option<Time>) -> Markup {
    match time {
        Some(time) => html! { time datetime=(time) title=(date(time)) { (short_date(time)) } },
        None => html! { span.none { "–" } },
    }
}

/// Says how many rows a table does not show.
pub(super) fn and_more(total: usize, shown: usize, what: &str, where_else: &str) -> Markup {
    let more = total.saturating_sub(shown);
    html! {
        @if more == 1 {
            p.more { "One more of these " (what) " stands in " code { (where_else) } "." }
        } @else if more > 1 {
            p.more { (number(more as u64)) " more " (what) " stand in " code { (where_else) } "." }
        }
    }
}

/// A length in a picture, to a tenth of a pixel so that the same case gives the same bytes.
pub(super) fn px(length: f64) -> String {
    format!("{length:.1}")
}
