//! The time axis that the pictures share, so that the eye can go from one to the other.

use maud::{Markup, html};
use model::{Case, Time};

use super::part::px;
use crate::dates::{DAY, month, of_day};

/// Width of the pictures, in their own pixels.
pub(super) const WIDTH: f64 = 1080.0;
/// Where the labels of rows end and the time begins.
pub(super) const LEFT: f64 = 196.0;
/// Where the time ends.
pub(super) const RIGHT: f64 = WIDTH - 14.0;
/// The least distance of two labels on the axis.
const LABEL: f64 = 44.0;

/// A span of days, drawn from [`LEFT`] to [`RIGHT`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// The first day, since 1970-01-01.
    pub(super) first: i64,
    /// The day after the last.
    pub(super) end: i64,
}

/// A place on the axis with its label.
#[derive(Debug, PartialEq)]
struct Tick {
    day: i64,
    label: String,
    year: Option<i16>,
}

impl Axis {
    /// From the first trace of an incident to the detection, and a little on both sides; without an
    /// incident the days of activity.
    pub(super) fn of(case: &Case) -> Option<Self> {
        let times = case.incidents.iter().flat_map(|incident| [incident.first, incident.last]).flatten();
        let mut days: Vec<i64> = times.map(Time::day).collect();
        if days.is_empty() {
            days.extend(case.activity.iter().map(|activity| activity.day));
        }
        let first = *days.iter().min()?;
        days.extend(case.detected.filter(|_| case.detected_given).map(Time::day).filter(|&day| day >= first));
        let last = *days.iter().max()?;
        let margin = ((last - first) / 40).max(1);
        Some(Self { first: first - margin, end: last + margin + 1 })
    }

    /// How many pixels a day has.
    pub(super) fn day_width(&self) -> f64 {
        (RIGHT - LEFT) / (self.end - self.first) as f64
    }

    /// Where a day begins.
    pub(super) fn day(&self, day: i64) -> f64 {
        LEFT + (day - self.first) as f64 * self.day_width()
    }

    /// Where a moment lies.
    pub(super) fn time(&self, time: Time) -> f64 {
        let into_day = (time.micros() - of_day(time.day()).micros()) as f64 / DAY as f64;
        self.day(time.day()) + into_day * self.day_width()
    }

    /// Whether a day is drawn.
    pub(super) const fn holds(&self, day: i64) -> bool {
        day >= self.first && day < self.end
    }

    /// The axis with its lines over the height from `top` to `bottom` and its labels below.
    pub(super) fn draw(&self, top: f64, bottom: f64) -> Markup {
        html! {
            g.axis {
                @for tick in self.ticks() {
                    @let x = self.day(tick.day);
                    line x1=(px(x)) x2=(px(x)) y1=(px(top)) y2=(px(bottom + 4.0)) {}
                    text x=(px(x)) y=(px(bottom + 17.0)) text-anchor="middle" { (tick.label) }
                    @if let Some(year) = tick.year {
                        text.year x=(px(x)) y=(px(bottom + 31.0)) text-anchor="middle" { (year) }
                    }
                }
            }
        }
    }

    /// Labels at whole days, months or years, as many as find room.
    fn ticks(&self) -> Vec<Tick> {
        let days_apart = LABEL / self.day_width();
        let mut ticks = match [1, 2, 7, 14].into_iter().find(|&step| f64::from(step) >= days_apart) {
            Some(step) => self.day_ticks(i64::from(step)),
            None => self.month_ticks(days_apart),
        };
        let mut shown = None;
        for tick in &mut ticks {
            let year = of_day(tick.day).civil().year();
            if shown != Some(year) {
                shown = Some(year);
                tick.year = Some(year);
            }
        }
        ticks
    }

    fn day_ticks(&self, step: i64) -> Vec<Tick> {
        let label = |day: i64| {
            let civil = of_day(day).civil();
            format!("{} {}", civil.day(), short_month(civil.month()))
        };
        let first = (self.first + step - 1).div_euclid(step) * step;
        let days = (first..self.end).step_by(step.unsigned_abs() as usize);
        days.map(|day| Tick { day, label: label(day), year: None }).collect()
    }

    fn month_ticks(&self, days_apart: f64) -> Vec<Tick> {
        const MONTHS: [i64; 8] = [1, 2, 3, 6, 12, 24, 60, 120];
        let months_apart = days_apart / 30.4;
        let step = MONTHS.into_iter().find(|&step| step as f64 >= months_apart);
        // Beyond a century, evidence holds a clock that was wrong.
        let step = step.unwrap_or((months_apart / 12.0).ceil() as i64 * 12);
        let civil = of_day(self.first).civil();
        let start = i64::from(civil.year()) * 12 + i64::from(civil.month()) - 1;
        let mut months = (start.div_euclid(step) * step..).step_by(step.unsigned_abs() as usize);
        let mut ticks = Vec::new();
        while let Some(month) = months.next().filter(|_| ticks.len() < 64) {
            let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
            let Ok(time) = Time::parse(&format!("{year:04}-{month:02}-01")) else { break };
            if time.day() >= self.end {
                break;
            }
            if self.holds(time.day()) {
                ticks.push(Tick { day: time.day(), label: short_month(month as i8).to_owned(), year: None });
            }
        }
        ticks
    }
}

fn short_month(number: i8) -> &'static str {
    month(number).get(..3).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(first: &str, end: &str) -> String {
        let day = |text: &str| Time::parse(text).unwrap().day();
        let ticks = Axis { first: day(first), end: day(end) }.ticks();
        let label = |tick: &Tick| match tick.year {
            Some(year) => format!("{} {year}", tick.label),
            None => tick.label.clone(),
        };
        ticks.iter().map(label).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn labels_fit_the_span() {
        assert_eq!(labels("2021-08-20", "2021-08-24"), "20 Aug 2021, 21 Aug, 22 Aug, 23 Aug");
        assert_eq!(
            labels("2021-08-14", "2022-10-25"),
            "Sep 2021, Oct, Nov, Dec, Jan 2022, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct"
        );
        assert_eq!(labels("1970-01-01", "2022-10-25").split(", ").count(), 11);
    }

    #[test]
    fn a_clock_that_was_wrong_does_not_hang_the_picture() {
        for (first, end) in [(i64::from(i32::MIN), 20_000), (-700_000, 2_900_000)] {
            let axis = Axis { first, end };
            assert!(axis.ticks().len() <= 64);
            assert!(axis.day(first) >= LEFT);
        }
    }
}
