//! The built-in mail rules ask only for facts that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use yaml_serde::Value;

/// Names of fields in the selections of a rule.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Mapping(map) => {
            for (key, inner) in map {
                let name = key.as_str().unwrap_or_default();
                found.extend(name.split('|').next().filter(|name| name.contains('.')).map(str::to_owned));
                fields(inner, found);
            }
        }
        Value::Sequence(list) => list.iter().for_each(|inner| fields(inner, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_every_mail_rule_is_a_fact() {
    let known: BTreeSet<String> = mail::facts().into_iter().map(|fact| fact.name).collect();
    // A mailing carries under a shorter prefix what its messages carry.
    let is_known = |name: &str| known.contains(name) || known.contains(&format!("mail.{name}"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/mail");
    let mut rules = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let rule: Value = yaml_serde::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut asked = BTreeSet::new();
        fields(&rule["detection"], &mut asked);
        assert!(!asked.is_empty(), "{}", path.display());
        fields(&rule["portcullis"]["samples"], &mut asked);
        let unknown: Vec<&String> = asked.iter().filter(|name| !is_known(name)).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", path.display());
        rules += 1;
    }
    assert!(rules >= 11, "{rules}");
}
