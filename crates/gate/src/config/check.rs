use std::collections::BTreeSet;
use std::fmt;

use super::{Address, Config, Hop};

/// Something that does not fit, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line that it is about, from 1; 0 where it is about what is missing.
    pub line: usize,
    /// What does not fit.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(super) fn list(problems: &[Self]) -> String {
        problems.iter().map(|problem| format!("\n  {problem}")).collect()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{} ({})", self.what, self.hint)
    }
}

/// Everything in `config` that does not fit together. `text` is the file, for line numbers.
pub(super) fn check(config: &Config, text: &str) -> Vec<Problem> {
    let mut found = Found { text, problems: Vec::new() };
    doors(config, &mut found);
    people(config, &mut found);
    places(config, &mut found);
    limits(config, &mut found);
    found.problems
}

struct Found<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Found<'_> {
    /// `near` is a text of the line that is to blame; empty where none is.
    fn say(&mut self, near: &str, what: impl Into<String>, hint: &str) {
        let mut lines = self.text.lines().enumerate();
        let line = if near.is_empty() { None } else { lines.find(|(_, line)| line.contains(near)) };
        self.problems.push(Problem {
            line: line.map_or(0, |(number, _)| number + 1),
            what: what.into(),
            hint: hint.to_owned(),
        });
    }
}

fn doors(config: &Config, found: &mut Found<'_>) {
    if config.milter.is_empty() && config.smtp.is_empty() {
        found.say("", "there is no door", "add [[milter]] with listen, or [[smtp]] with listen and next_hop");
    }
    let mut seen = BTreeSet::new();
    let doors =
        config.milter.iter().map(|door| &door.listen).chain(config.smtp.iter().map(|door| &door.listen));
    for listen in doors {
        // Port 0 is any that is free.
        let any = matches!(listen, Address::Tcp(address) if address.port() == 0);
        if !any && !seen.insert(listen.to_string()) {
            found.say(
                &listen.to_string(),
                format!("two doors listen on {listen}"),
                "give each an address of its own",
            );
        }
    }
    for door in &config.smtp {
        let own = match (&door.listen, &door.next_hop) {
            (Address::Tcp(own), Hop::Tcp(next)) => {
                next.parse().is_ok_and(|next: std::net::SocketAddr| next == *own)
            }
            (Address::Unix(own), Hop::Unix(next)) => own == next,
            _ => false,
        };
        if own {
            let next = door.next_hop.to_string();
            found.say(
                &next,
                format!("the door on {} leads to itself", door.listen),
                "next_hop is the server behind the gate",
            );
        }
    }
}

fn people(config: &Config, found: &mut Found<'_>) {
    let mut names = BTreeSet::new();
    for group in &config.group {
        if group.recipients.is_empty() {
            found.say(
                &group.name,
                format!("group “{}” has no recipients", group.name),
                "name addresses, domains or patterns",
            );
        }
        if !names.insert(&group.name) {
            found.say(
                &group.name,
                format!("two groups are called “{}”", group.name),
                "give each a name of its own",
            );
        }
    }
    for allow in &config.allow {
        let ways = [allow.sender.is_some(), allow.domain.is_some(), allow.client.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            found.say(
                &allow.reason,
                format!("the entry of the allow list “{}” does not say whom", allow.reason),
                "give exactly one of sender, domain and client",
            );
        }
        if allow.reason.trim().is_empty() {
            found.say(
                "reason",
                "an entry of the allow list has no reason",
                "say why, for whoever finds it in a year",
            );
        }
    }
}

fn places(config: &Config, found: &mut Found<'_>) {
    if config
        .id
        .as_ref()
        .is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';'))
    {
        found.say("id", "id is no name of a server", "write a host name such as gate.parliament.example");
    }
    if let Some(notice) = &config.notice {
        let rest = notice.url.strip_prefix("https://");
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['#', '?', '"', '<', '>', ' '])) {
            found.say(
                &notice.url,
                "the notice page needs an https address",
                "write https://gate.parliament.example/notice",
            );
        }
    }
    if config.arc.is_some() && config.id.is_none() {
        found.say(
            "[arc]",
            "an ARC set needs the gate's name",
            "set id = \"gate.parliament.example\" at the top",
        );
    }
    if config.arc.is_some() && config.dns.off {
        found.say(
            "[arc]",
            "an ARC set says what was evaluated, and dns.off evaluates nothing",
            "leave out one of them",
        );
    }
    let public = config.http.as_ref().is_some_and(|http| !is_local(http.listen.ip()));
    if public {
        found.say(
            "[http]",
            "metrics would be served to everybody",
            "listen on 127.0.0.1, ::1 or a private address",
        );
    }
}

/// Whether nobody outside can reach it.
fn is_local(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

fn limits(config: &Config, found: &mut Found<'_>) {
    let limits = &config.limits;
    for (name, value, least, most) in [
        ("message_bytes", limits.message_bytes as u64, 1 << 10, 1 << 30),
        ("connections", limits.connections as u64, 1, 100_000),
        ("judge_seconds", limits.judge_seconds, 1, 3600),
        ("judges", limits.judges as u64, 0, 1024),
        ("drain_seconds", limits.drain_seconds, 0, 3600),
        ("mailings", limits.mailings as u64, 100, 10_000_000),
    ] {
        if !(least..=most).contains(&value) {
            found.say(
                name,
                format!("{name} = {value} makes no sense"),
                &format!("between {least} and {most}"),
            );
        }
    }
    let days =
        config.history.as_ref().map_or([1, 1], |history| [history.retention_days, history.mailing_days]);
    if config.quarantine.retention_days == 0 || days.contains(&0) {
        found.say("_days", "0 days keep nothing", "at least 1");
    }
}
