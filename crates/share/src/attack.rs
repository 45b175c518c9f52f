//! ATT&CK as people read it: names of techniques, tactics in the order of the matrix.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::capital;

#[derive(Default, Deserialize)]
struct Table {
    version: String,
    tactics: Vec<String>,
    techniques: BTreeMap<String, String>,
}

/// The data file stands in the program; a test reads it, so that it cannot fail here.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../assets/attack.toml")).unwrap_or_default());

/// The major version of ATT&CK whose names stand here.
pub(crate) fn version() -> &'static str {
    &TABLE.version
}

/// The name of a technique such as `T1505.003`; of a sub-technique without its parent's.
pub(crate) fn technique_name(id: &str) -> Option<&'static str> {
    TABLE.techniques.get(id).map(String::as_str)
}

/// The tactics in the order of the matrix.
pub(crate) fn tactics() -> &'static [String] {
    &TABLE.tactics
}

/// Where a tactic stands in the matrix; unknown ones come last.
pub(crate) fn tactic_rank(tactic: &str) -> usize {
    TABLE.tactics.iter().position(|known| known == tactic).unwrap_or(TABLE.tactics.len())
}

/// A tactic in words: `Command and control`.
pub(crate) fn tactic_name(tactic: &str) -> String {
    match tactic {
        "" => "No tactic".to_owned(),
        _ => capital(&tactic.replace(['-', '_'], " ")),
    }
}

/// The technique that a rule's tag names: `attack.t1505.003` → `T1505.003`.
pub(crate) fn technique_of_tag(tag: &str) -> Option<String> {
    let id = tag.get(..7).filter(|start| start.eq_ignore_ascii_case("attack.")).and_then(|_| tag.get(7..))?;
    let digits = id.strip_prefix(['t', 'T'])?;
    let (parent, sub) = digits.split_once('.').map_or((digits, None), |(parent, sub)| (parent, Some(sub)));
    let is_number = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(parent, 4) && sub.is_none_or(|sub| is_number(sub, 3))).then(|| format!("T{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_holds_well_formed_ids() {
        assert!(TABLE.techniques.len() > 200);
        assert_eq!(tactics().first().map(String::as_str), Some("reconnaissance"));
        for id in TABLE.techniques.keys() {
            assert_eq!(technique_of_tag(&format!("attack.{}", id.to_lowercase())).as_ref(), Some(id));
        }
    }

    #[test]
    fn only_techniques_are_read_from_tags() {
        assert_eq!(technique_of_tag("attack.t1505.003").as_deref(), Some("T1505.003"));
        assert_eq!(technique_of_tag("attack.persistence"), None);
        assert_eq!(technique_of_tag("attack.t150"), None);
        assert_eq!(technique_of_tag("attack.t1505.x03"), None);
        assert_eq!(technique_of_tag("cve.2021-34473"), None);
        assert_eq!(technique_of_tag("é"), None);
    }

    #[test]
    fn tactics_stand_in_order() {
        assert!(tactic_rank("initial-access") < tactic_rank("exfiltration"));
        assert!(tactic_rank("something-new") > tactic_rank("impact"));
        assert_eq!(tactic_name("command-and-control"), "Command and control");
    }
}
