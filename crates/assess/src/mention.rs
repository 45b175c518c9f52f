use model::{Fact, Finding};

use crate::normal::{self, Machine, Named};
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
        matches!(self, Self::Host | Self::Address | Self::Account | Self::Target | Self::Mailbox)
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
    /// The address of that machine, where the record gives both name and address.
    pub(crate) other_address: Option<Mention>,
}

/// How many things of one finding are looked at; an event may repeat a field without end.
const MOST: usize = 32;

impl Tables {
    /// What `finding` names. `default_host` is the machine where the record does not say.
    pub(crate) fn mentions(&self, finding: &Finding, default_host: Option<&str>) -> Mentions {
        let mut out = Mentions::default();
        let own = self.own_host(finding, default_host, &mut out);
        let host = own
            .as_ref()
            .map(|own| Machine { key: own.key.clone(), name: own.name.clone() })
            .unwrap_or_default();
        out.all.extend(own);
        for fact in &finding.event {
            self.mention(finding, &fact.field, &fact.text, &host, &mut out.all);
        }
        for (field, value) in &finding.group {
            self.mention(finding, field, value, &host, &mut out.all);
        }
        out
    }

    /// The one line that says best what was done.
    pub(crate) fn telling<'a>(&self, finding: &'a Finding) -> Option<(&'a str, &'a str)> {
        self.telling
            .iter()
            .filter_map(|field| finding.event.iter().find(|fact| &fact.field == field))
            .map(|fact| (fact.field.as_str(), fact.text.as_str()))
            .find(|(_, text)| !self.says_nothing(text))
            .or_else(|| finding.matched.first().map(|matched| (matched.field.as_str(), matched.value.as_str())))
    }

    pub(crate) fn says_nothing(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty() || (text.len() < 16 && self.skip_all.iter().any(|skip| skip.eq_ignore_ascii_case(text)))
    }

    fn own_host(&self, finding: &Finding, default: Option<&str>, out: &mut Mentions) -> Option<Mention> {
        let mut ranked: Vec<(usize, &FieldRow, &Fact)> = Vec::new();
        for fact in &finding.event {
            for row in self.fields.get(&fact.field).into_iter().flatten().filter(|row| row.own) {
                if applies(row, finding) && !self.says_nothing(&fact.text) {
                    ranked.push((row.rank, row, fact));
                }
            }
        }
        ranked.sort_by_key(|&(rank, ..)| rank);
        let mut found: Option<Mention> = None;
        for (_, row, fact) in ranked {
            let Some(Named { key, name, .. }) = self.own_name(row, &fact.text) else { continue };
            match &found {
                None => found = Some(Mention { kind: row.kind, own: true, key, name }),
                Some(first) if first.kind == Kind::Host && row.kind == Kind::Address => {
                    out.other_address.get_or_insert(Mention { kind: Kind::Address, own: true, key, name });
                }
                Some(_) => {}
            }
        }
        found.or_else(|| self.service(finding)).or_else(|| {
            let Named { key, name, .. } = normal::host(self, default?)?;
            Some(Mention { kind: Kind::Host, own: true, key, name })
        })
    }

    fn own_name(&self, row: &FieldRow, text: &str) -> Option<Named> {
        match row.kind {
            Kind::Address => normal::address(text),
            _ => normal::host(self, text),
        }
    }

    fn service(&self, finding: &Finding) -> Option<Mention> {
        let service = self
            .services
            .iter()
            .find(|service| service.fields.iter().any(|field| finding.get(field).is_some()))?;
        let key = service.name.to_lowercase();
        Some(Mention { kind: Kind::Host, own: true, key, name: service.name.clone() })
    }

    fn mention(&self, finding: &Finding, field: &str, text: &str, host: &Machine, out: &mut Vec<Mention>) {
        let Some(rows) = self.fields.get(field) else { return };
        if out.len() >= MOST || self.says_nothing(text) {
            return;
        }
        for row in rows.iter().filter(|row| !row.own && applies(row, finding)) {
            let Some(Named { key, name, kind }) = normal::named(self, row, field, text, host) else { continue };
            let kind = kind.unwrap_or(row.kind);
            // The machine itself, named once more, is not another machine.
            let itself = matches!(kind, Kind::Host | Kind::Address) && key == host.key;
            if !itself && !out.iter().any(|known| known.kind == kind && known.key == key) {
                out.push(Mention { kind, own: false, key, name });
            }
        }
    }
}

fn applies(row: &FieldRow, finding: &Finding) -> bool {
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
                &[("s-ip", "10.1.0.5"), ("c-ip", "203.0.113.7"), ("cs-uri-stem", "/aspnet_client/supp0rt.aspx")],
                Some("EX01"),
                &["Address* 10.1.0.5=10.1.0.5", "Address 203.0.113.7=203.0.113.7", "File supp0rt.aspx=/aspnet_client/supp0rt.aspx"],
            ),
            (
                &[("host", "nas01"), ("samba.user", r"COMM\Svc-Backup"), ("samba.address", "10.1.0.5"), ("samba.share", "registers")],
                None,
                &["Host* nas01=nas01", "Account svc-backup=Svc-Backup", "Address 10.1.0.5=10.1.0.5", r"Share \\nas01\registers=\\nas01\registers"],
            ),
            (
                &[("Workload", "Exchange"), ("UserId", "Jane@Commission.example"), ("ClientIP", "[2001:db8::7]:4410")],
                Some("export"),
                &["Host* microsoft 365=Microsoft 365", "Account jane=Jane@Commission.example", "Address 2001:db8::7=2001:db8::7"],
            ),
            (
                &[("Caller", r"NT AUTHORITY\SYSTEM (MSExchangeECPAppPool)"), ("User", "-"), ("IpAddress", "127.0.0.1")],
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
