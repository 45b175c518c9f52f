//! Accounts by their number: some records name an account by its security identifier alone.

use model::Finding;
use rustc_hash::FxHashMap;

/// Fields of one record that give number and name of one account or group ([MS-DTYP] 2.4.2).
const PAIRS: [(&str, &str); 3] = [
    ("SubjectUserSid", "SubjectUserName"),
    ("TargetUserSid", "TargetUserName"),
    ("TargetSid", "TargetUserName"),
];
/// What the numbers of a house's own accounts begin with; others mean the same on every machine.
const OWN: &str = "S-1-5-21-";
/// How many are kept.
const MOST: usize = 20_000;

/// The names of accounts by their security identifiers, as findings tell them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sids(FxHashMap<Box<str>, Box<str>>);

impl Sids {
    /// Learns what a record says of numbers; the first name of a number counts.
    pub(crate) fn learn(&mut self, finding: &Finding) {
        for (number, name) in PAIRS {
            let (Some(number), Some(name)) = (finding.get(number), finding.get(name)) else { continue };
            let telling = number.starts_with(OWN) && !name.is_empty() && name != "-";
            if telling && self.0.len() < MOST && !self.0.contains_key(number) {
                self.0.insert(number.into(), name.into());
            }
        }
    }

    /// The name that goes with a number.
    pub(crate) fn name(&self, number: &str) -> Option<&str> {
        self.0.get(number).map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::finding;

    #[test]
    fn a_number_is_known_by_the_name_beside_it() {
        let mut sids = Sids::default();
        for fields in [
            [("TargetSid", "S-1-5-21-1-2-3-1010"), ("TargetUserName", "support1")],
            [("TargetSid", "S-1-5-21-1-2-3-1010"), ("TargetUserName", "renamed")],
            [("TargetSid", "S-1-5-32-544"), ("TargetUserName", "Administrators")],
            [("SubjectUserSid", "S-1-5-21-1-2-3-900"), ("SubjectUserName", "-")],
        ] {
            sids.learn(&finding("rule", "2021-08-24T09:00:00Z", &fields));
        }
        assert_eq!(sids.name("S-1-5-21-1-2-3-1010"), Some("support1"));
        assert_eq!(sids.name("S-1-5-32-544"), None);
        assert_eq!(sids.name("S-1-5-21-1-2-3-900"), None);
    }
}
