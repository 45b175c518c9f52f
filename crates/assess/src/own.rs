//! Which machine wrote a record.

use model::{Fact, Finding};

use crate::Kind;
use crate::mention::{Mention, applies};
use crate::normal::{self, Machine, Named};
use crate::tables::{FieldRow, Tables};

/// The machine that wrote a record, as far as the record and the caller say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    pub(crate) mention: Option<Mention>,
    /// Its address, where it is known by name.
    pub(crate) address: Option<Mention>,
    /// The caller's name for it, where the record gives its address alone.
    pub(crate) called: Option<Mention>,
    /// The record says which machine it is, or of which service.
    pub(crate) stated: bool,
    service: bool,
}

impl Own {
    /// As names of its shares and processes are made.
    pub(crate) fn machine(&self) -> Machine {
        let Some(mention) = &self.mention else { return Machine::default() };
        Machine { key: mention.key.clone(), name: mention.name.clone(), service: self.service }
    }
}

impl Tables {
    /// The machine of `finding`'s record; `default` names it where the record does not.
    pub(crate) fn own(&self, finding: &Finding, default: Option<&str>) -> Own {
        let mut own = Own::default();
        for (row, fact) in self.ranked(finding) {
            let found = match row.kind {
                Kind::Address => normal::address(fact.text),
                _ => normal::host(self, fact.text),
            };
            let Some(Named { key, name, .. }) = found else { continue };
            let mention = Mention { kind: kind_of(&key), own: true, key, name };
            match &own.mention {
                None => own.mention = Some(mention),
                Some(known) if known.kind == Kind::Host && mention.kind == Kind::Address => {
                    own.address.get_or_insert(mention);
                }
                Some(_) => {}
            }
        }
        if own.mention.is_none() {
            own.mention = self.service(finding);
            own.service = own.mention.is_some();
        }
        own.stated = own.mention.is_some();
        let called = default.and_then(|default| normal::host(self, default));
        let called =
            called.map(|Named { key, name, .. }| Mention { kind: kind_of(&key), own: true, key, name });
        match &own.mention {
            None => own.mention = called,
            Some(known) if known.kind == Kind::Address => own.called = called,
            Some(_) => {}
        }
        own
    }

    fn ranked<'f>(&self, finding: &'f Finding) -> Vec<(&FieldRow, Fact<'f>)> {
        let mut ranked: Vec<(&FieldRow, Fact<'_>)> = Vec::new();
        for fact in finding.event.iter() {
            for row in self.fields.get(fact.field).into_iter().flatten().filter(|row| row.own) {
                if applies(row, finding) && !self.says_nothing(fact.text) {
                    ranked.push((row, fact));
                }
            }
        }
        ranked.sort_by_key(|(row, _)| row.rank);
        ranked
    }

    fn service(&self, finding: &Finding) -> Option<Mention> {
        let has = |field: &String| finding.get(field).is_some();
        let service = self.services.iter().find(|service| service.fields.iter().any(has))?;
        let (key, name) = (service.name.to_lowercase(), service.name.clone());
        Some(Mention { kind: Kind::Host, own: true, key, name })
    }
}

fn kind_of(key: &str) -> Kind {
    if key.parse::<std::net::IpAddr>().is_ok() { Kind::Address } else { Kind::Host }
}

#[cfg(test)]
mod tests {
    use crate::tables::Tables;
    use crate::testing::line;

    #[test]
    fn the_record_says_first_then_the_caller() {
        let tables = Tables::built_in().unwrap();
        for (text, wanted) in [
            ("Computer=EX01.commission.example s-ip=10.0.1.5", "ex01 at 10.0.1.5"),
            ("s-ip=10.0.1.5", "10.0.1.5 called folder"),
            ("Computer=10.0.1.5", "10.0.1.5 called folder"),
            ("EventID=1", "folder"),
            ("awsRegion=eu-west-2 host=-", "aws"),
            (
                "event-id=SENDEXTERNAL server-hostname=GW01 client-hostname=EX01 client-ip=10.0.1.5",
                "ex01 at 10.0.1.5",
            ),
            ("event-id=RECEIVE server-hostname=EX01 client-hostname=WS7", "ex01"),
        ] {
            let own =
                tables.own(&line(&format!("2021-08-24T00:00:00Z low r execution {text}")), Some("FOLDER"));
            let mut told = own.mention.clone().unwrap().key;
            told.extend(own.address.iter().map(|address| format!(" at {}", address.key)));
            told.extend(own.called.iter().map(|called| format!(" called {}", called.key)));
            assert_eq!(told, wanted, "{text}");
            assert_eq!(own.stated, told != "folder");
        }
    }
}
