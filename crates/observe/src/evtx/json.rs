//! The slow way: a record rendered as JSON by the crate, flattened to the same facts.
//!
//! The crate knows shapes that the compiled templates leave alone, such as names that come out of
//! a value and arrays that repeat whole elements.

use model::{Event, Kind, Time};
use serde_json::{Map, Value};

use super::naming::{self, Names};

/// Adds the facts of a rendered record to `event`.
pub(super) fn flatten(rendered: &Value, event: &mut Event) {
    let Some(root) = rendered.as_object().and_then(|object| object.values().next()) else { return };
    if let Value::Object(members) = root {
        for (key, value) in members.iter().filter(|(key, _)| !key.starts_with('#')) {
            walk(&mut vec![key.clone()], value, event);
        }
    }
}

fn walk(path: &mut Vec<String>, value: &Value, event: &mut Event) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                member(path, members, key, value, event);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(path, item, event)),
        scalar => {
            let names = match path.as_slice() {
                [section, name] if section == "EventData" => Some(naming::datum(name)),
                _ => naming::names(path, None),
            };
            push(names.as_ref(), scalar, path[0] == "EventData" || naming::is_datum(path), event);
        }
    }
}

fn member(path: &mut Vec<String>, members: &Map<String, Value>, key: &str, value: &Value, event: &mut Event) {
    match (key, value) {
        ("#attributes", Value::Object(attributes)) => {
            for (name, value) in attributes {
                if path[0] == "System" && name == "SystemTime" {
                    event.time = value.as_str().and_then(|text| Time::parse(text).ok());
                }
                push(naming::names(path, Some(name)).as_ref(), value, false, event);
            }
        }
        ("#text", value) => walk(path, value, event),
        _ => {
            path.push(unnumbered(members, key).to_owned());
            walk(path, value, event);
            path.pop();
        }
    }
}

/// The name of an element that the crate numbers because the one before has the same name:
/// `Param`, `Param_1`, `Param_2`.
fn unnumbered<'k>(members: &Map<String, Value>, key: &'k str) -> &'k str {
    let Some((name, number)) = key.rsplit_once('_') else { return key };
    let before = match number.parse::<u32>() {
        Ok(1) => members.contains_key(name),
        Ok(number @ 2..) => members.contains_key(&format!("{name}_{}", number - 1)),
        _ => false,
    };
    if before { name } else { key }
}

fn push(names: Option<&Names>, value: &Value, keep_empty: bool, event: &mut Event) {
    let Some(Names { name, also }) = names else { return };
    match value {
        Value::String(text) if text.is_empty() && !keep_empty => return,
        Value::String(text) => event.push_str(name, text),
        Value::Bool(truth) => event.push_bool(name, *truth),
        Value::Number(number) if number.is_f64() => event.push_display(name, Kind::Float, number),
        Value::Number(number) => event.push_display(name, Kind::Int, number),
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    }
    for further in also {
        event.also(further);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_record_becomes_facts() {
        let rendered = serde_json::json!({"Event": {
            "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
            "System": {
                "Provider": {"#attributes": {"Name": "P"}},
                "EventID": {"#attributes": {"Qualifiers": 7}, "#text": 6},
                "TimeCreated": {"#attributes": {"SystemTime": "2021-08-24T09:12:00.1234567Z"}},
                "Security": null
            },
            "EventData": {"Data": {"#text": ["a", "", 3]}, "Binary": "00FF", "RuleName": "", "On": true},
            "UserData": {"X": {"#attributes": {"xmlns": "n"}, "P": "1", "P_1": "2", "P_2": "3", "Q_1": "q", "Z": null}}
        }});
        let mut event = Event::default();
        flatten(&rendered, &mut event);
        let facts: Vec<(&str, &str)> = event.fields().map(|(name, value)| (name, value.text)).collect();
        assert_eq!(
            facts,
            [
                ("Provider_Name", "P"),
                ("Qualifiers", "7"),
                ("EventID", "6"),
                ("TimeCreated_SystemTime", "2021-08-24T09:12:00.1234567Z"),
                ("Data", "a"),
                ("Data", ""),
                ("Data", "3"),
                ("Binary", "00FF"),
                ("RuleName", ""),
                ("On", "true"),
                ("P", "1"),
                ("P", "2"),
                ("P", "3"),
                ("Q_1", "q"),
            ]
        );
        assert_eq!(event.time.unwrap().to_string(), "2021-08-24T09:12:00.123456Z");
    }
}
