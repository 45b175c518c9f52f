//! What partners can look for: the hosts, senders and address shapes of mailings that were called
//! reconnaissance, as STIX patterns (STIX 2.1, section 9).

use model::Facts;
use serde_json::{Map, Value, json};

use super::Common;
use super::id::object_id;

/// One indicator for each kind of thing that a mailing is known by.
pub(super) fn indicators(common: &Common, facts: &Facts) -> Vec<Map<String, Value>> {
    let all = |field: &str| -> Vec<&str> {
        facts.iter().filter(|fact| fact.field == field).map(|fact| fact.text).collect()
    };
    let equal = |path: &str, values: Vec<&str>| -> Option<String> {
        let tests: Vec<String> = values.iter().map(|value| format!("{path} = '{}'", quoted(value))).collect();
        (!tests.is_empty()).then(|| format!("[{}]", tests.join(" OR ")))
    };
    let shapes: Vec<String> = all("mailing.url").iter().map(|url| pattern_of_shape(url)).collect();
    let shapes: Vec<String> =
        shapes.iter().map(|shape| format!("url:value MATCHES '{}'", quoted(shape))).collect();
    let patterns = [
        ("hosts", equal("domain-name:value", all("mailing.host"))),
        ("senders", equal("email-addr:value", all("mailing.sender"))),
        (
            "addresses of its beacons and links",
            (!shapes.is_empty()).then(|| format!("[{}]", shapes.join(" OR "))),
        ),
    ];
    let mailing = facts.get("mailing.id").unwrap_or_default();
    let told = facts.get("mailing.explanation").unwrap_or_default();
    patterns
        .into_iter()
        .filter_map(|(what, pattern)| {
            let pattern = pattern?;
            let mut indicator =
                common.object("indicator", &object_id("indicator", &["mailing", mailing, &pattern]));
            indicator.insert("name".into(), format!("Reconnaissance mailing {mailing}: {what}").into());
            indicator.insert("description".into(), told.into());
            indicator.insert("indicator_types".into(), json!(["malicious-activity"]));
            indicator.insert("pattern".into(), pattern.into());
            indicator.insert("pattern_type".into(), "stix".into());
            let first = facts.get("mailing.first").and_then(|text| model::Time::parse(text).ok());
            let from = first.map_or_else(|| common.created.clone(), super::id::timestamp);
            indicator.insert("valid_from".into(), from.into());
            Some(indicator)
        })
        .collect()
}

/// A string as STIX patterns write it.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// The regular expression of an address whose tokens are masked: `{hex32}` becomes what such a token
/// is made of.
fn pattern_of_shape(masked: &str) -> String {
    let mut pattern = "^".to_owned();
    let mut rest = masked;
    while let Some(start) = rest.find('{') {
        let Some(length) = rest[start..].find('}') else { break };
        pattern += &escaped(&rest[..start]);
        pattern += token(&rest[start + 1..start + length]).as_str();
        rest = &rest[start + length + 1..];
    }
    pattern + &escaped(rest) + "$"
}

/// What a token of this shape is made of; a number behind the name is its length.
fn token(shape: &str) -> String {
    let name = shape.trim_end_matches(|c: char| c.is_ascii_digit());
    let length: Option<u32> = shape[name.len()..].parse().ok();
    let letters = match name {
        "hex" => "[0-9A-Fa-f]",
        "digits" => "[0-9]",
        "uuid" => return "[0-9A-Fa-f-]{36}".to_owned(),
        "base64url" | "base" | "alnum" => "[0-9A-Za-z_-]",
        _ => "[^/?&#]",
    };
    match length.filter(|length| *length > 0 && *length < 256) {
        Some(length) => format!("{letters}{{{length}}}"),
        None => format!("{letters}+"),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Fact, Kind, Tlp};

    #[test]
    fn a_mailing_becomes_patterns() {
        let fact = |field, text| Fact { field, kind: Kind::Str, text };
        let facts: Facts = [
            fact("mailing.id", "4be1d2a06a2f11c8"),
            fact("mailing.explanation", "Three sentences."),
            fact("mailing.first", "2021-03-01T08:00:00Z"),
            fact("mailing.host", "img.example"),
            fact("mailing.host", "cdn.example"),
            fact("mailing.sender", "o'brien@press.example"),
            fact("mailing.url", "https://img.example/o/{hex32}.png?u={uuid}&n={digits}"),
        ]
        .into_iter()
        .collect();
        let common = Common::new(Tlp::Green, model::Time::parse("2021-05-01").unwrap());
        let found = indicators(&common, &facts);
        let patterns: Vec<&str> = found.iter().map(|one| one["pattern"].as_str().unwrap()).collect();
        assert_eq!(
            patterns,
            [
                "[domain-name:value = 'img.example' OR domain-name:value = 'cdn.example']",
                r"[email-addr:value = 'o\'brien@press.example']",
                r"[url:value MATCHES '^https://img\\.example/o/[0-9A-Fa-f]{32}\\.png\\?u=[0-9A-Fa-f-]{36}&n=[0-9]+$']",
            ]
        );
        assert_eq!(found[0]["valid_from"], "2021-03-01T08:00:00.000Z");
    }
}
