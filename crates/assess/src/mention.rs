use model::Finding;

use crate::normal::{self, Machine, Named};
use crate::own::Own;
use crate::tables::{Condition, FieldRow, Tables};

/// What kind of thing a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Host,
    Address,
    Account,
    Target,
    Mailbox,
    Sender,
    Contact,
    Mailing,
    Process,
    Pid,
    Session,
    File,
    Share,
}

impl Kind {
    /// Whether a run of findings keeps its values of this kind apart: who acted and from where,
    /// not what was touched on the way.
    pub(crate) fn tells_actors_apart(self) -> bool {
        matches!(
            self,
            Self::Host
                | Self::Address
                | Self::Account
                | Self::Target
                | Self::Mailbox
                | Self::Sender
                | Self::Contact
                | Self::Mailing
        )
    }
}

/// A thing that a finding names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    pub(crate) kind: Kind,
    /// Of a host or address: the machine that wrote the record.
    pub(crate) own: bool,
    /// By which equal things are known, whatever the log calls them.
    pub(crate) key: String,
    /// As a reader should see it.
    pub(crate) name: String,
}

/// What a finding names, the machine that wrote its record first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    pub(crate) all: Vec<Mention>,
    /// What is known of that machine.
    pub(crate) own: Own,
}

/// How many things of one finding are looked at; an event may repeat a field without end.
const MOST: usize = 32;

impl Tables {
    /// What `finding` names. `default_host` is the machine where the record does not say.
    pub(crate) fn mentions(&self, finding: &Finding, default_host: Option<&str>) -> Mentions {
        let own = self.own(finding, default_host);
        let host = own.machine();
        let mut all = Vec::with_capacity(8);
        all.extend(own.mention.clone());
        for fact in finding.event.iter() {
            self.mention(finding, fact.field, fact.text, &host, &mut all);
        }
        for (field, value) in &finding.group {
            self.mention(finding, field, value, &host, &mut all);
        }
        Mentions { all, own }
    }

    /// The one line that says best what was done.
    pub(crate) fn telling<'a>(&self, finding: &'a Finding) -> Option<(&'a str, &'a str)> {
        self.telling
            .iter()
            .filter_map(|field| finding.event.iter().find(|fact| fact.field == field))
            .map(|fact| (fact.field, fact.text))
            .find(|(_, text)| !self.says_nothing(text))
            .or_else(|| {
                // An event's number says least of all.
                let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                let telling = finding.matched.iter().find(|matched| !number(&matched.value));
                telling
                    .or(finding.matched.first())
                    .map(|matched| (matched.field.as_str(), matched.value.as_str()))
            })
    }

    pub(crate) fn says_nothing(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty()
            || (text.len() < 16 && self.skip_all.iter().any(|skip| skip.eq_ignore_ascii_case(text)))
    }

    fn mention(&self, finding: &Finding, field: &str, text: &str, host: &Machine, out: &mut Vec<Mention>) {
        let Some(rows) = self.fields.get(field) else { return };
        if out.len() >= MOST || self.says_nothing(text) {
            return;
        }
        for row in rows.iter().filter(|row| !row.own && applies(row, finding)) {
            let Some(Named { key, name, kind }) = normal::named(self, row, field, text, host) else {
                continue;
            };
            let kind = kind.unwrap_or(row.kind);
            // The machine itself, named once more, is not another machine.
            let itself = matches!(kind, Kind::Host | Kind::Address) && key == host.key;
            if !itself && !out.iter().any(|known| known.kind == kind && known.key == key) {
                out.push(Mention { kind, own: false, key, name });
            }
        }
    }
}

pub(crate) fn applies(row: &FieldRow, finding: &Finding) -> bool {
    (row.when.is_empty() || row.when.iter().any(|when| holds(when, finding)))
        && !row.unless.iter().any(|unless| holds(unless, finding))
}

fn holds(condition: &Condition, finding: &Finding) -> bool {
    finding
        .get(&condition.field)
        .is_some_and(|found| condition.value.as_ref().is_none_or(|wanted| found.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::finding;

    fn names(fields: &[(&str, &str)], default: Option<&str>) -> Vec<String> {
        let tables = Tables::built_in().unwrap();
        let found = tables.mentions(&finding("rule", "2021-08-24T09:00:00Z", fields), default);
        let mark = |own| if own { "*" } else { "" };
        found.all.iter().map(|m| format!("{:?}{} {}={}", m.kind, mark(m.own), m.key, m.name)).collect()
    }

    #[test]
    fn each_log_names_things_in_its_own_words() {
        for (fields, default, wanted) in [
            (
                &[
                    ("Computer", "FS02.commission.example"),
                    ("SubjectUserName", "svc-backup"),
                    ("SubjectUserName", "FS02$"),
                    ("IpAddress", "::ffff:10.1.0.5"),
                    ("ShareName", r"\\*\registers"),
                ][..],
                None,
                &[
                    "Host* fs02=FS02",
                    "Account svc-backup=svc-backup",
                    "Address 10.1.0.5=10.1.0.5",
                    r"Share \\fs02\registers=\\FS02\registers",
                ][..],
            ),
            (
                &[
                    ("s-ip", "10.1.0.5"),
                    ("c-ip", "203.0.113.7"),
                    ("cs-uri-stem", "/aspnet_client/supp0rt.aspx"),
                ],
                Some("EX01"),
                &[
                    "Address* 10.1.0.5=10.1.0.5",
                    "Address 203.0.113.7=203.0.113.7",
                    "File supp0rt.aspx=/aspnet_client/supp0rt.aspx",
                ],
            ),
            (
                &[
                    ("host", "nas01"),
                    ("samba.user", r"COMM\Svc-Backup"),
                    ("samba.address", "10.1.0.5"),
                    ("samba.share", "registers"),
                ],
                None,
                &[
                    "Host* nas01=nas01",
                    "Account svc-backup=Svc-Backup",
                    "Address 10.1.0.5=10.1.0.5",
                    r"Share \\nas01\registers=\\nas01\registers",
                ],
            ),
            (
                &[
                    ("Workload", "Exchange"),
                    ("UserId", "Jane@Commission.example"),
                    ("ClientIP", "[2001:db8::7]:4410"),
                ],
                Some("export"),
                &[
                    "Host* microsoft 365=Microsoft 365",
                    "Account jane=Jane@Commission.example",
                    "Address 2001:db8::7=2001:db8::7",
                ],
            ),
            (
                &[
                    ("Caller", r"NT AUTHORITY\SYSTEM (MSExchangeECPAppPool)"),
                    ("User", "-"),
                    ("IpAddress", "127.0.0.1"),
                ],
                Some("EX01"),
                &["Host* ex01=EX01"],
            ),
            (
                &[("host", "nas01"), ("user", "root"), ("src_ip", "10.1.0.9:22")],
                None,
                &["Host* nas01=nas01", "Account root at nas01=root", "Address 10.1.0.9=10.1.0.9"],
            ),
        ] {
            assert_eq!(names(fields, default), wanted);
        }
    }
}
