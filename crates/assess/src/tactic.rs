use model::RuleInfo;

use crate::tables::Tactics;

/// The tactics and techniques that a rule's tags speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// Tactics as places in ATT&CK's matrix; what the matrix does not know follows by name.
    pub(crate) tactics: Vec<Tactic>,
}

/// One tactic with the techniques by which a rule serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tactic {
    /// Its place in the matrix; beyond the end for a name that is not in it.
    pub(crate) place: usize,
    pub(crate) name: String,
    pub(crate) techniques: Vec<String>,
}

impl Tactics {
    /// Reads tags such as `attack.initial-access`, `attack.initial_access` and `attack.t1190`.
    ///
    /// A technique stands under those of the named tactics that it serves by the table, and under
    /// all of them where the table does not know it; without a named tactic, under its own.
    pub(crate) fn of(&self, rule: &RuleInfo) -> Purpose {
        let mut tactics: Vec<Tactic> = Vec::new();
        let mut techniques: Vec<String> = Vec::new();
        for tag in &rule.tags {
            let tag = tag.to_ascii_lowercase();
            let Some(word) = tag.strip_prefix("attack.") else { continue };
            if is_id(word) {
                if word.starts_with('t') {
                    techniques.push(word.to_ascii_uppercase());
                }
            } else {
                self.add(&mut tactics, word);
            }
        }
        if tactics.is_empty() {
            for place in techniques.iter().flat_map(|id| self.served_by(id)) {
                self.add(&mut tactics, &self.names[place]);
            }
        }
        for id in techniques {
            let served = self.served_by(&id);
            let any = tactics.iter().any(|tactic| served.contains(&tactic.place));
            for tactic in tactics.iter_mut().filter(|tactic| !any || served.contains(&tactic.place)) {
                if !tactic.techniques.contains(&id) {
                    tactic.techniques.push(id.clone());
                }
            }
        }
        tactics.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
        Purpose { tactics }
    }

    fn add(&self, tactics: &mut Vec<Tactic>, word: &str) {
        let name = word.replace('_', "-");
        let name = self.renamed.get(&name).cloned().unwrap_or(name);
        if !tactics.iter().any(|known| known.name == name) {
            let place = self.names.iter().position(|known| *known == name).unwrap_or(self.names.len());
            tactics.push(Tactic { place, name, techniques: Vec::new() });
        }
    }

    fn served_by(&self, technique: &str) -> Vec<usize> {
        let parent = technique.split('.').next().unwrap_or(technique);
        self.techniques.get(technique).or_else(|| self.techniques.get(parent)).cloned().unwrap_or_default()
    }
}

impl Purpose {
    /// The tactics as a set of bits, for a quick comparison.
    pub(crate) fn mask(&self) -> u32 {
        self.tactics.iter().fold(0, |mask, tactic| mask | 1 << tactic.place.min(31))
    }
}

/// A technique, group, software, mitigation, campaign or data source by its number.
fn is_id(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| "tgsmcd".contains(first))
        && letters.next().is_some_and(|second| second.is_ascii_digit() || word.starts_with("ds"))
        && word.ends_with(|last: char| last.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::tables::Tables;
    use crate::testing::rule_with_tags;

    fn read(tags: &[&str]) -> Vec<String> {
        let tactics = Tables::built_in().unwrap().tactics;
        let purpose = tactics.of(&rule_with_tags("r", tags));
        purpose.tactics.iter().map(|t| format!("{} {}", t.name, t.techniques.join("+"))).collect()
    }

    #[test]
    fn tags_old_and_new_become_tactics() {
        for (tags, wanted) in [
            (&["attack.initial_access", "attack.t1190"][..], &["initial-access T1190"][..]),
            (&["attack.t1505.003"], &["persistence T1505.003"]),
            (&["attack.stealth", "attack.t1070.001"], &["defense-evasion T1070.001"]),
            (&["attack.defense-impairment", "attack.t1685.005"], &["defense-evasion T1685.005"]),
            (
                &[
                    "attack.execution",
                    "attack.persistence",
                    "attack.t1053.005",
                    "attack.g0128",
                    "cve.2021-34473",
                ],
                &["execution T1053.005", "persistence T1053.005"],
            ),
            (&["attack.something-new", "attack.t9999"], &["something-new T9999"]),
            (
                &["attack.persistence", "attack.discovery", "attack.t1087"],
                &["persistence ", "discovery T1087"],
            ),
            (&[], &[]),
        ] {
            assert_eq!(read(tags), wanted, "{tags:?}");
        }
    }
}
