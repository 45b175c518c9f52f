//! Activity by day and host, on the same time axis as the timeline.

use std::collections::BTreeMap;
use std::net::IpAddr;

use maud::{Markup, html};
use model::{Activity, Case, Level};

use super::axis::{Axis, LEFT, RIGHT, WIDTH};
use super::part::px;
use super::stages::legend;
use super::{Report, Section};
use crate::dates::{of_day, short_date};
use crate::text::{clip, count, number};

/// Hosts drawn: those of the incidents in their order, then those with the highest level and the
/// most findings.
const HOSTS: usize = 20;
const ROW: f64 = 24.0;
const TOP: f64 = 8.0;

/// The section, where there was activity.
pub(super) fn section(report: &Report<'_, '_>) -> Option<Section> {
    let axis = report.axis?;
    let hosts = hosts(report.case);
    if hosts.is_empty() {
        return None;
    }
    let drawn: u64 =
        hosts.iter().map(|host| host.days.iter().filter(|day| axis.holds(day.day)).count() as u64).sum();
    let mut note = String::from(
        "Findings of every rule, in an incident or not. A mark's colour is the highest level of its day, \
         its height the number of findings.",
    );
    let outside = report.case.activity.len() as u64 - drawn;
    if outside > 0 {
        note.push_str(&format!(" {} outside the time drawn.", lie(outside)));
    }
    match hosts.len().saturating_sub(HOSTS) as u64 {
        0 => {}
        1 => note.push_str(" One more host is not drawn."),
        more => note.push_str(&format!(" {} more hosts are not drawn.", number(more))),
    }
    Some(Section::new(
        "activity",
        "Activity by day and host",
        note,
        html! { (picture(&axis, &hosts)) (legend()) },
    ))
}

fn lie(marks: u64) -> String {
    if marks == 1 { "One mark lies".to_owned() } else { format!("{} marks lie", number(marks)) }
}

struct Host<'a> {
    name: &'a str,
    /// The first incident that names it.
    incident: usize,
    level: Level,
    count: u64,
    days: Vec<&'a Activity>,
}

fn hosts(case: &Case) -> Vec<Host<'_>> {
    let mut by_name: BTreeMap<&str, Vec<&Activity>> = BTreeMap::new();
    for day in &case.activity {
        by_name.entry(&day.host).or_default().push(day);
    }
    let mut incidents: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, incident) in case.incidents.iter().enumerate() {
        for host in &incident.hosts {
            incidents.entry(&host.name).or_insert(place);
        }
    }
    let mut hosts: Vec<Host<'_>> = by_name
        .into_iter()
        .map(|(name, days)| Host {
            name,
            incident: incidents.get(name).copied().unwrap_or(usize::MAX),
            level: days.iter().map(|day| day.level).max().unwrap_or(Level::Informational),
            count: days.iter().map(|day| day.count).sum(),
            days,
        })
        .collect();
    hosts.sort_by(|a, b| (a.incident, b.level, b.count, a.name).cmp(&(b.incident, a.level, a.count, b.name)));
    hosts
}

/// The names of the hosts, without their domains where that leaves them apart.
fn short_names<'a>(hosts: &[Host<'a>]) -> Vec<&'a str> {
    let short = |name: &'a str| match name.split_once('.') {
        Some((first, _)) if name.parse::<IpAddr>().is_err() && !first.is_empty() => first,
        _ => name,
    };
    let mut owners: BTreeMap<&str, u32> = BTreeMap::new();
    for host in hosts {
        *owners.entry(short(host.name)).or_default() += 1;
    }
    hosts
        .iter()
        .map(|host| short(host.name))
        .zip(hosts)
        .map(|(name, host)| if owners[name] == 1 { name } else { host.name })
        .collect()
}

/// A count in the width of a label: `9,999`, `693k`, `1.2M`.
fn brief(n: u64) -> String {
    match n {
        0..10_000 => number(n),
        10_000..1_000_000 => format!("{}k", n / 1000),
        _ => format!("{:.1}M", n as f64 / 1e6),
    }
}

fn picture(axis: &Axis, hosts: &[Host<'_>]) -> Markup {
    let drawn = &hosts[..hosts.len().min(HOSTS)];
    let bottom = TOP + drawn.len() as f64 * ROW;
    let most = drawn.iter().flat_map(|host| &host.days).map(|day| day.count).max().unwrap_or(1);
    html! {
        div.picture tabindex="0" role="group" aria-label="Activity, scrolls sideways on a narrow screen" {
            svg.heat viewBox={ "0 0 " (px(WIDTH)) " " (px(bottom + 38.0)) } role="img" aria-labelledby="heat-about" {
                title #heat-about { "Findings by day and host" }
                (axis.draw(TOP, bottom))
                @for (row, (host, name)) in drawn.iter().zip(short_names(drawn)).enumerate() {
                    @let base = TOP + (row + 1) as f64 * ROW - 3.0;
                    text.label x=(px(LEFT - 52.0)) y=(px(base - 5.0)) text-anchor="end" { title { (clip(host.name, 120)) } (clip(name, 19)) }
                    text.number x=(px(LEFT - 12.0)) y=(px(base - 5.0)) text-anchor="end" { (brief(host.count)) }
                    line.track x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(base)) y2=(px(base)) {}
                    @for bar in bars(axis, &host.days, most) {
                        rect.{ "l-" (bar.level) }
                            x=(px(bar.x)) y=(px(base - bar.height)) width=(px(bar.width)) height=(px(bar.height)) {
                            title { (bar.about) }
                        }
                    }
                }
            }
        }
    }
}

/// One mark; where days have less than a pixel, the highest of several.
struct Bar {
    x: f64,
    width: f64,
    height: f64,
    level: Level,
    about: String,
}

/// A day of a quiet host must be seen as well as a day with ten thousand findings, so the height
/// goes with the logarithm.
fn bars(axis: &Axis, days: &[&Activity], most: u64) -> Vec<Bar> {
    const LEAST: f64 = 3.0;
    let width = axis.day_width().max(LEAST);
    let scale = (most as f64 + 1.0).ln().max(f64::MIN_POSITIVE);
    let mut bars: Vec<Bar> = Vec::new();
    for day in days.iter().filter(|day| axis.holds(day.day)) {
        let x = axis.day(day.day).min(RIGHT - width);
        let height = 5.0 + (ROW - 10.0) * (day.count as f64 + 1.0).ln() / scale;
        let about =
            format!("{}: {}, {}", short_date(of_day(day.day)), count(day.count, "finding"), day.level);
        match bars.last_mut() {
            Some(bar) if x < bar.x + bar.width / 3.0 => {
                bar.height = bar.height.max(height);
                if day.level > bar.level {
                    (bar.level, bar.about) = (day.level, about);
                }
            }
            _ => bars.push(Bar { x, width: width.max(LEAST), height, level: day.level, about }),
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_incidents_come_first_and_go_by_their_short_names() {
        let mut case = crate::sample::case();
        for host in ["noisy.a.example", "noisy.b.example", "10.20.0.9", "ws1.a.example"] {
            case.activity.push(Activity {
                day: 19_000,
                host: host.into(),
                level: Level::High,
                count: 99_999,
            });
        }
        let hosts = hosts(&case);
        assert_eq!(
            short_names(&hosts),
            [
                "EX01",
                "FS01",
                "NAS02",
                "10.20.0.9",
                "noisy.a.example",
                "noisy.b.example",
                "ws1",
                "Entra ID",
                "WS117",
                "DC01"
            ]
        );
        assert_eq!([brief(9_999), brief(692_712), brief(1_250_000)], ["9,999", "692k", "1.2M"]);
    }

    #[test]
    fn a_century_of_days_stays_a_small_picture() {
        let activity: Vec<Activity> = (0..36_500)
            .map(|day| Activity { day, host: "EX01".into(), level: Level::Low, count: day as u64 })
            .collect();
        let axis = Axis { first: 0, end: 36_500 };
        let days: Vec<&Activity> = activity.iter().collect();
        let bars = bars(&axis, &days, 36_500);
        assert!(bars.len() < 1000 && bars.len() > 300, "{}", bars.len());
        assert!(bars.iter().all(|bar| bar.height <= ROW - 4.0 && bar.x + bar.width <= RIGHT + 0.01));
    }
}
