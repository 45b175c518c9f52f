//! From findings to the answer, and the answer on the terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use hunt::{Covered, Outcome};
use model::{Case, Evidence, EvidenceId, Finding, Incident, Level, LogSource, Time};
use observe::LogSources;

use crate::Result;
use crate::failure::Failure;
use crate::terminal;

/// A case, and which finding belongs to which incident.
pub(crate) struct Assessed {
    pub(crate) case: Case,
    /// Reconnaissance by mail.
    mailings: share::Mailings,
    plan: assess::Plan,
    hosts: Hosts,
}

impl Assessed {
    /// The id of the incident that a finding belongs to.
    pub(crate) fn incident(&self, finding: &Finding) -> Option<&str> {
        self.plan.incident_of(finding, self.hosts.of(finding.event_ref.evidence))
    }
}

/// Hosts of evidence whose records do not name one, from the folders it lies in.
struct Hosts(BTreeMap<EvidenceId, String>);

impl Hosts {
    /// A folder gives evidence its host when records elsewhere name a host of that name.
    fn new(outcome: &Outcome) -> Self {
        let short = |host: &str| host.split('.').next().unwrap_or_default().to_lowercase();
        let known: BTreeSet<String> = outcome.volumes.keys().map(|(host, _, _)| short(host)).collect();
        let named = |path: &str| {
            path.split(['/', '\\', '!'])
                .find(|part| !part.is_empty() && known.contains(&short(part)))
                .map(str::to_owned)
        };
        let evidence = outcome.evidence_by_id();
        let alike = alike(evidence.values().map(|found| found.path.as_str()), &known);
        let host = |path: &str| named(path).or_else(|| Some(beside(path, &alike)?.to_owned()));
        Self(evidence.iter().filter_map(|(id, found)| Some((*id, host(&found.path)?))).collect())
    }

    fn of(&self, evidence: EvidenceId) -> Option<&str> {
        self.0.get(&evidence).map(String::as_str)
    }
}

/// Each folder of a path: what stands above it, and its name.
fn folders(path: &str) -> impl Iterator<Item = (&str, &str)> {
    path.match_indices(['/', '\\']).filter_map(|(end, _)| {
        let start = path[..end].rfind(['/', '\\']).map_or(0, |at| at + 1);
        (start < end).then(|| (&path[..start], &path[start..end]))
    })
}

/// The folder of a path that stands beside those of hosts and is named like them.
fn beside<'a>(path: &'a str, alike: &BTreeSet<(&str, String)>) -> Option<&'a str> {
    folders(path).find(|&(above, name)| alike.contains(&(above, shape(name)))).map(|(_, name)| name)
}

/// How a name is built: `A-A-9` of `EX-MAIN-02`. Empty where it has no number, since words are no
/// pattern.
fn shape(name: &str) -> String {
    let mut shape = String::new();
    for letter in name.chars() {
        let kind = match letter {
            '0'..='9' => '9',
            letter if letter.is_alphabetic() => 'A',
            other => other,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    if shape.contains('9') { shape } else { String::new() }
}

/// The places at which folders of two or more known hosts are named alike: a folder that is named
/// like them beside them is a host's too, one whose records do not name it.
fn alike<'a>(paths: impl Iterator<Item = &'a str>, known: &BTreeSet<String>) -> BTreeSet<(&'a str, String)> {
    let mut hosts: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for (above, name) in paths.flat_map(folders) {
        if known.contains(&name.to_lowercase()) && !shape(name).is_empty() {
            hosts.entry((above, shape(name))).or_default().insert(name);
        }
    }
    hosts.into_iter().filter(|(_, names)| names.len() >= 2).map(|(place, _)| place).collect()
}

pub(crate) fn assess(
    outcome: &mut Outcome,
    detected: Option<Time>,
    sources: &LogSources,
) -> Result<Assessed> {
    let unreadable =
        |error: std::io::Error| Failure::io("spilled findings could not be read back").because(&error);
    let hosts = Hosts::new(outcome);
    let settings = assess::Settings { detected };
    let mut linker = assess::Linker::new(&settings)
        .map_err(|error| Failure::io("a built-in table is wrong").because(&error))?;
    for ((host, source, day), volume) in &outcome.volumes {
        let _ = day;
        let log = log_name(sources.get(*source));
        let volume = assess::Volume { records: volume.records, first: volume.first, last: volume.last };
        linker.volume(host, &log, volume);
    }
    for finding in outcome.findings().map_err(unreadable)? {
        let finding = finding.map_err(unreadable)?;
        linker.see(&finding, hosts.of(finding.event_ref.evidence));
    }
    let plan = linker.link();
    let mut collector = plan.collect();
    let mut mailings = share::Mailings::default();
    for finding in outcome.findings().map_err(unreadable)? {
        let finding = finding.map_err(unreadable)?;
        collector.add(&finding, hosts.of(finding.event_ref.evidence));
        mailings.add(&finding);
    }
    let answer = collector.finish();
    for note in &answer.notes {
        terminal::note(&format!("note: {note}"));
    }
    let case = answer.into_case(outcome.suppressed.clone(), outcome.manifest.clone());
    Ok(Assessed { case, mailings, plan, hosts })
}

/// What people call such a log: its service, else its category, else its product.
fn log_name(source: &LogSource) -> String {
    [&source.service, &source.category]
        .into_iter()
        .find(|names| !names.is_empty())
        .map(|names| names.join("+"))
        .or_else(|| source.product.clone())
        .unwrap_or_else(|| "other records".to_owned())
}

pub(crate) fn colour(level: Level) -> Style {
    match level {
        Level::Critical => AnsiColor::Magenta.on_default().bold(),
        Level::High => AnsiColor::Red.on_default().bold(),
        Level::Medium => AnsiColor::Yellow.on_default(),
        Level::Low => AnsiColor::Cyan.on_default(),
        Level::Informational => Style::new().dimmed(),
    }
}

/// Prints the answer, the incidents, and the findings by level.
pub(crate) fn print(assessed: &Assessed, outcome: &Outcome, output: Option<&Path>) -> Result<()> {
    let text = render(assessed, outcome, output, terminal::width());
    write!(anstream::stdout(), "{text}")
        .map_err(|error| Failure::io("cannot write the answer").because(&error))
}

fn render(assessed: &Assessed, outcome: &Outcome, output: Option<&Path>, width: usize) -> String {
    let case = &assessed.case;
    let mut out = String::new();
    for sentence in share::answer(case) {
        out += &terminal::wrapped(&sentence, 0, width);
        out.push('\n');
    }
    for (at, line) in assessed.mailings.lines(MAILINGS).iter().enumerate() {
        out += if at == 0 { "\n" } else { "" };
        out += &terminal::wrapped(&terminal::visible(line), if at == 0 { 0 } else { 2 }, width);
        out.push('\n');
    }
    out += &incidents(case, width);
    if !case.findings.is_empty() {
        out.push('\n');
        out += &rule_table(case, width);
    }
    for (reason, count) in &case.suppressed {
        let findings = share::count(*count, "finding");
        out += &format!("suppressed: {findings} ({})\n", terminal::visible(reason));
    }
    if let Some(gap) = case.gaps.first() {
        let more = case.gaps.len() - 1;
        let more = match more {
            0 => String::new(),
            more => format!(", and {}", share::count(more as u64, "other gap")),
        };
        out += &format!(
            "gaps: no {} records between {} and {}{more}\n",
            terminal::visible(&gap.source),
            day(gap.from),
            day(gap.until)
        );
    }
    out += &coverage(outcome, case, width);
    if let Some(dir) = output {
        out += &format!("report: {}\n", dir.join("report.html").display());
    }
    out
}

fn day(time: Time) -> String {
    time.civil().date().to_string()
}

/// How many mailings are told.
const MAILINGS: usize = 3;
/// How many incidents are told in full, and how many in one line each.
const TOLD: usize = 5;
const BRIEF: usize = 8;

/// What matters in full, then the incidents of one lesser rule in a line each.
fn incidents(case: &Case, width: usize) -> String {
    let mut out = String::new();
    let all = case.incidents.iter().enumerate();
    let (brief, full): (Vec<_>, Vec<_>) = all.partition(|(_, incident)| share::is_brief(case, incident));
    for &(place, incident) in full.iter().take(TOLD) {
        out.push('\n');
        render_incident(&mut out, place, incident, width);
    }
    if !brief.is_empty() {
        out.push('\n');
    }
    for &(place, incident) in brief.iter().take(BRIEF) {
        let style = colour(incident.level);
        let text = brief_line(incident);
        out += &format!("{style}Incident {} [{}]{style:#}  ", place + 1, incident.level);
        out += terminal::wrapped(&terminal::visible(&text), 2, width.saturating_sub(14)).trim_start();
        out.push('\n');
    }
    let more = full.len().saturating_sub(TOLD) + brief.len().saturating_sub(BRIEF);
    if more > 0 {
        let more = share::count(more as u64, "more incident");
        let verb = if more.starts_with("1 ") { "is" } else { "are" };
        out += &format!("\n{more} {verb} in the report.\n");
    }
    out
}

/// Title, who, and how many findings.
fn brief_line(incident: &Incident) -> String {
    let who: Vec<&str> = incident.accounts.iter().take(2).map(|account| account.name.as_str()).collect();
    let who = if who.is_empty() { String::new() } else { format!(", by {}", who.join(", ")) };
    let findings = share::count(incident.findings.values().sum(), "finding");
    format!("{}{who} ({findings})", incident.title)
}

fn render_incident(out: &mut String, place: usize, incident: &Incident, width: usize) {
    let style = colour(incident.level);
    let dates = match (incident.first, incident.last) {
        (Some(first), Some(last)) if share::stamp(first) == share::stamp(last) => moment(first),
        (Some(first), Some(last)) => format!("{} to {}", share::stamp(first), moment(last)),
        _ => "without a time".to_owned(),
    };
    *out += &format!("{style}Incident {} [{}]{style:#}  {dates}\n", place + 1, incident.level);
    *out += &terminal::wrapped(&terminal::visible(&incident.title), 2, width);
    out.push('\n');
    let stages: Vec<&str> = incident.stages.iter().map(|stage| stage.tactic.as_str()).collect();
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            *out += &terminal::wrapped(&format!("{name}: {}", terminal::visible(&text)), 2, width);
            out.push('\n');
        }
    };
    line("stages", stages.join(" → "));
    for (name, touched) in [
        ("hosts", &incident.hosts),
        ("accounts", &incident.accounts),
        ("mailboxes", &incident.mailboxes),
        ("addresses", &incident.addresses),
    ] {
        let names: Vec<&str> = touched.iter().take(6).map(|touched| touched.name.as_str()).collect();
        let more = touched.len().saturating_sub(6);
        line(name, names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() });
    }
    // Of the foremost incident the answer above has named them.
    let exposed = match incident.exposure.len() as u64 {
        0 => String::new(),
        things if place == 0 => format!("{}, as told above", share::count(things, "thing")),
        _ => share::exposed_parts(incident).join("; "),
    };
    line("exposed", exposed);
    if let Some(first) = &incident.first_actionable {
        let when = first.time.map(|time| format!("{}, ", moment(time))).unwrap_or_default();
        line("could have been noticed", format!("{when}{} ({})", first.title, first.what));
    }
    for key in incident.key.iter().take(5) {
        let style = colour(key.level);
        let time = key.time.map(moment).unwrap_or_default();
        let text = terminal::visible(&format!("{time} [{}]  {} — {}", key.level, key.title, key.why));
        *out += &format!("  {style}•{style:#} {}\n", terminal::wrapped(&text, 4, width).trim_start());
    }
}

/// A moment as people read it, in whole seconds.
fn moment(time: Time) -> String {
    format!("{} UTC", share::stamp(time))
}

/// Rows of the table of rules.
const RULES: usize = 15;

fn rule_table(case: &Case, width: usize) -> String {
    let mut rules: Vec<_> = case.rules.values().collect();
    rules.sort_by(|a, b| {
        b.level.cmp(&a.level).then(b.count.cmp(&a.count)).then_with(|| a.title.cmp(&b.title))
    });
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width as u16);
    table.set_header(["level", "findings", "rule"]);
    for rule in rules.iter().take(RULES) {
        table.add_row([rule.level.to_string(), rule.count.to_string(), terminal::visible(&rule.title)]);
    }
    let more = rules.len().saturating_sub(RULES) as u64;
    let totals: Vec<String> =
        case.findings.iter().rev().map(|(level, count)| format!("{count} {level}")).collect();
    let more = match more {
        0 => String::new(),
        1 => "1 more rule held; the report lists it\n".to_owned(),
        more => format!("{} held; the report lists them\n", share::count(more, "more rule")),
    };
    format!("Findings: {}\n{table}\n{more}", totals.join(", "))
}

/// A hunt that finds nothing says why; one that finds something says what it could not judge.
fn coverage(outcome: &Outcome, case: &Case, width: usize) -> String {
    let nothing = case.findings.is_empty();
    let mut by_source: BTreeMap<String, Vec<&Covered>> = BTreeMap::new();
    for covered in &outcome.coverage {
        by_source.entry(covered.source.to_string()).or_default().push(covered);
    }
    let mut out = String::new();
    if nothing {
        out += "\nWhat was read, and which rules could have held:\n";
        let evidence: &[Evidence] = &outcome.manifest.evidence;
        for covered in outcome.coverage.iter().take(50) {
            let path = evidence.get(covered.evidence as usize).map_or("", |found| found.path.as_str());
            out += &terminal::wrapped(&coverage_line(path, covered), 2, width);
            out.push('\n');
        }
        for found in
            evidence.iter().filter(|found| found.records == 0 && !is_container(&found.format)).take(20)
        {
            out += &format!("  {}: no records ({})\n", terminal::visible(&found.path), found.format);
        }
    } else {
        let idle: Vec<String> = by_source
            .iter()
            .filter(|(_, all)| all.iter().all(|covered| covered.rules == 0))
            .map(|(source, all)| {
                let records = all.iter().map(|covered| covered.records).sum();
                format!("{source} ({})", share::count(records, "record"))
            })
            .collect();
        if !idle.is_empty() {
            out += &terminal::wrapped(&format!("no rule applies to: {}", idle.join(", ")), 0, width);
            out.push('\n');
        }
    }
    out
}

fn is_container(format: &str) -> bool {
    matches!(format, "zip" | "tar" | "gzip" | "zstd" | "xz" | "bzip2" | "7z")
}

fn coverage_line(path: &str, covered: &Covered) -> String {
    let mut line = format!(
        "{}: {} of {}, {} could apply",
        terminal::visible(path),
        share::count(covered.records, "record"),
        covered.source,
        share::count(covered.rules, "rule")
    );
    if covered.rules > 0 && !covered.missing.is_empty() {
        let missing: Vec<String> = covered
            .missing
            .iter()
            .take(6)
            .map(|(field, rules)| format!("{field} ({})", share::count(*rules, "rule")))
            .collect();
        line += &format!("; fields that no record carries: {}", missing.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_beside_those_of_hosts_is_a_host_when_it_is_named_alike() {
        let paths = [
            "case/EX-MAIN-02/iis/u_ex.log",
            "case/NAS-MAIN-03/log.gz!log",
            "case/PX-MAIN-01/squid/access.log",
            "case/cloud/audit.json",
            "case/week-34/x.log",
        ];
        let known = BTreeSet::from(["ex-main-02".to_owned(), "nas-main-03".to_owned()]);
        let alike = alike(paths.into_iter(), &known);
        let found = |path: &'static str| beside(path, &alike);
        assert_eq!(found(paths[2]), Some("PX-MAIN-01"));
        assert_eq!(found(paths[3]), None);
        assert_eq!(found(paths[4]), None);
        assert_eq!(found("other/PX-MAIN-01/squid/access.log"), None);
    }
}
