//! Findings that a team has looked at and does not want to see again.

use model::{Event, RuleInfo};
use serde::Deserialize;

use crate::rule::RuleSource;
use crate::{Engine, Loader, Placeholders, RuleSet, Scratch};

/// One entry of a suppression file.
///
/// ```toml
/// [[suppress]]
/// rule = "Mailbox export requested"        # id or title; without it, any rule
/// event = { "Caller|endswith" = "svc-archive" }   # as in a Sigma detection; without it, any event
/// reason = "yearly archive, ticket 4711"
/// expires = "2027-01-31"
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Id or title of the rule.
    #[serde(default)]
    pub rule: Option<String>,
    /// Field with modifiers → value or list of values; all must hold.
    #[serde(default)]
    pub event: serde_json::Map<String, serde_json::Value>,
    /// Why; findings are counted under it.
    pub reason: String,
    /// The last day on which it counts, as `2027-01-31`.
    pub expires: String,
}

/// Why a suppression cannot be used. It is the suppression file that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("suppression {place} (“{reason}”): {what}")]
pub struct SuppressionError {
    /// Which entry, counted from 1.
    pub place: usize,
    /// Its reason, by which a person finds it.
    pub reason: String,
    /// What is wrong.
    pub what: String,
}

/// Suppressions that have not expired, ready to be asked.
#[derive(Debug, Default)]
pub struct Suppressor {
    entries: Vec<(Option<String>, String, Option<u32>)>,
    engine: Option<Engine>,
    key: String,
}

impl Suppressor {
    /// Takes those of `entries` that count on `today`; the others are returned as expired reasons.
    pub fn new(entries: &[Suppression], today: model::Time) -> Result<(Self, Vec<String>), SuppressionError> {
        let mut out = Self::default();
        let mut expired = Vec::new();
        let mut set = RuleSet::default();
        for (place, entry) in entries.iter().enumerate() {
            let wrong =
                |what: String| SuppressionError { place: place + 1, reason: entry.reason.clone(), what };
            let last = model::Time::parse(&entry.expires).map_err(|error| wrong(error.to_string()))?;
            if last.day() < today.day() {
                expired.push(entry.reason.clone());
                continue;
            }
            out.key += &format!("{entry:?}");
            let condition = if entry.event.is_empty() {
                None
            } else {
                set.rules.push(pseudo_rule(entry).map_err(wrong)?);
                Some(set.rules.len() as u32 - 1)
            };
            out.entries.push((entry.rule.clone(), entry.reason.clone(), condition));
        }
        if !set.rules.is_empty() {
            out.engine = Some(Engine::new(std::sync::Arc::new(set), &[]));
        }
        Ok((out, expired))
    }

    /// What it depends on, as text: the same for the same entries.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The reason for which a finding of `rule` on `event` is suppressed.
    pub fn reason(&self, rule: &RuleInfo, event: &Event, scratch: &mut Scratch) -> Option<&str> {
        self.entries
            .iter()
            .find(|(named, _, condition)| {
                named.as_ref().is_none_or(|named| *named == rule.id || *named == rule.title)
                    && match (condition, &self.engine) {
                        (Some(place), Some(engine)) => engine.holds(*place, event, scratch),
                        _ => true,
                    }
            })
            .map(|(_, reason, _)| reason.as_str())
    }
}

/// The event part of an entry as a rule, so that it has Sigma's modifiers and meaning.
fn pseudo_rule(entry: &Suppression) -> Result<crate::Rule, String> {
    let document = serde_json::json!({
        "title": entry.reason,
        "logsource": {"product": "any"},
        "detection": {"event": entry.event, "condition": "event"},
    });
    let mut loader = Loader::new(Placeholders::default());
    loader.add_document("suppressions", &document.to_string());
    let mut set = loader.finish();
    if let Some(rejected) = set.rejected.first() {
        return Err(rejected.reason.clone());
    }
    let mut rule = set.rules.pop().ok_or("its event is no detection")?;
    rule.logsource = RuleSource::default();
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Suppression {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_entry_counts_until_it_expires_and_only_where_it_holds() {
        let entries = [
            entry(
                r#"{"rule": "r1", "event": {"User|endswith": "svc"}, "reason": "backup", "expires": "2027-01-31"}"#,
            ),
            entry(r#"{"rule": "r2", "reason": "old", "expires": "2020-01-31"}"#),
        ];
        let today = model::Time::parse("2026-11-01").unwrap();
        let (suppressor, expired) = Suppressor::new(&entries, today).unwrap();
        assert_eq!(expired, ["old"]);
        let mut event = Event::default();
        event.push_str("User", r"CORP\backup-SVC");
        let rule = |id: &str| RuleInfo { id: id.to_owned(), ..RuleInfo::default() };
        let mut scratch = Scratch::default();
        assert_eq!(suppressor.reason(&rule("r1"), &event, &mut scratch), Some("backup"));
        assert_eq!(suppressor.reason(&rule("r2"), &event, &mut scratch), None);
        event.clear();
        event.push_str("User", "ann");
        assert_eq!(suppressor.reason(&rule("r1"), &event, &mut scratch), None);
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let bad = entry(r#"{"event": {"User|nosuch": "x"}, "reason": "typo", "expires": "2027-01-31"}"#);
        let error = Suppressor::new(&[bad], model::Time::from_micros(0)).unwrap_err();
        assert!(error.to_string().contains("suppression 1 (“typo”)"), "{error}");
        assert!(error.to_string().contains("nosuch"), "{error}");
    }
}
