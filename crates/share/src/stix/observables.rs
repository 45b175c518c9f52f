//! The facts of an event as STIX cyber-observable objects.

use std::net::IpAddr;

use model::Facts;
use serde_json::{Map, Value, json};

use super::Common;
use super::id::{object_id, observable_id};
use crate::fields::{observables, says_something, values};

/// The most observables that one event gives.
const MAX: usize = 32;

/// The hash names of STIX and how many hexadecimal digits each has.
const HASHES: [(&str, &str, usize); 4] =
    [("MD5", "MD5", 32), ("SHA1", "SHA-1", 40), ("SHA256", "SHA-256", 64), ("SHA512", "SHA-512", 128)];

/// The observables of an event, in an order in which references come after what they name.
/// `finding` tells processes apart that run the same command.
pub(super) fn of_event(common: &Common, event: &Facts, finding: &str) -> Vec<Map<String, Value>> {
    let fields = observables();
    let mut objects = Vec::new();
    let mut add = |object: Option<Map<String, Value>>| objects.extend(object);
    for value in values(event, &fields.address) {
        add(address(common, value));
    }
    for value in values(event, &fields.account) {
        add(Some(simple(common, "user-account", "account_login", value)));
    }
    for value in values(event, &fields.mail) {
        add(value.contains('@').then(|| simple(common, "email-addr", "value", value)));
    }
    for value in values(event, &fields.domain) {
        add(is_domain(value).then(|| simple(common, "domain-name", "value", value)));
    }
    for value in values(event, &fields.url) {
        add(value.contains("://").then(|| simple(common, "url", "value", value)));
    }
    let mut files = Vec::new();
    for value in values(event, &fields.file) {
        files.extend(file(common, value));
    }
    for value in values(event, &fields.hashes) {
        files.extend(hashed_file(common, value));
    }
    objects.extend(files);
    for value in values(event, &fields.command) {
        objects.push(process(common, value, event, finding));
    }
    // What is referred to stands before what refers to it, so that the cut leaves no loose end.
    objects.truncate(MAX);
    objects
}

/// An observable with one property, which makes its id.
fn simple(common: &Common, kind: &str, property: &str, value: &str) -> Map<String, Value> {
    let contributing = Map::from_iter([(property.to_owned(), Value::from(value))]);
    let mut object = common.observable(kind, &observable_id(kind, &contributing));
    object.extend(contributing);
    object
}

/// An address, also with a port or in brackets as some logs write it. Loopback addresses tell
/// nothing to anybody else.
fn address(common: &Common, text: &str) -> Option<Map<String, Value>> {
    let bare = text.trim().trim_start_matches("::ffff:");
    let bracketed = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    let address: IpAddr = bare
        .parse()
        .or_else(|_| bracketed.unwrap_or(bare).parse())
        .or_else(|_| bare.rsplit_once(':').map_or(bare, |(host, _)| host).parse())
        .ok()?;
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
    Some(simple(common, kind, "value", &address.to_string()))
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.parse::<IpAddr>().is_err()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// A file and the directory that holds it.
fn file(common: &Common, path: &str) -> Vec<Map<String, Value>> {
    let (directory, name) = match path.rfind(['\\', '/']) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => ("", path),
    };
    if name.is_empty() {
        return Vec::new();
    }
    let mut contributing = Map::from_iter([("name".to_owned(), Value::from(name))]);
    let mut objects = Vec::new();
    if !directory.is_empty() {
        let parent = simple(common, "directory", "path", directory);
        contributing.insert("parent_directory_ref".to_owned(), id_of(&parent).into());
        objects.push(parent);
    }
    let mut object = common.observable("file", &observable_id("file", &contributing));
    object.extend(contributing);
    objects.push(object);
    objects
}

/// A file of which only hashes are known, from `SHA256=…,MD5=…` or a bare hash. The standard lets
/// one hash make the id, the first of MD5, SHA-1, SHA-256 and SHA-512.
fn hashed_file(common: &Common, text: &str) -> Option<Map<String, Value>> {
    let mut hashes = Map::new();
    for part in text.split([',', ';', ' ']).take(16) {
        let (name, digits) = part.split_once('=').map_or((None, part), |(name, digits)| (Some(name), digits));
        let known = HASHES.iter().find(|(log, _, length)| {
            digits.len() == *length && name.is_none_or(|name| name.replace('-', "").eq_ignore_ascii_case(log))
        });
        if let Some((_, stix, _)) = known.filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
            hashes.insert((*stix).to_owned(), digits.to_ascii_lowercase().into());
        }
    }
    let (name, digits) = HASHES.iter().find_map(|(_, stix, _)| hashes.get_key_value(*stix))?;
    let contributing = Map::from_iter([("hashes".to_owned(), json!({ name.as_str(): digits }))]);
    let id = observable_id("file", &contributing);
    let mut object = common.observable("file", &id);
    object.insert("hashes".into(), hashes.into());
    Some(object)
}

/// A process by its command line; the file that it runs is named where the event names one.
fn process(common: &Common, command: &str, event: &Facts, finding: &str) -> Map<String, Value> {
    let mut object = common.observable("process", &object_id("process", &[finding, command]));
    object.insert("command_line".into(), command.into());
    let image = event.get("Image").filter(|image| says_something(image));
    if let Some(image) = image.and_then(|image| file(common, image).pop()) {
        object.insert("image_ref".to_owned(), id_of(&image).into());
    }
    object
}

/// The id of an object that was made here.
pub(super) fn id_of(object: &Map<String, Value>) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Fact, Kind, Time, Tlp};

    fn event(facts: &[(&str, &str)]) -> Facts {
        facts.iter().map(|&(field, text)| Fact { field, kind: Kind::Str, text }).collect()
    }

    fn shown(facts: &[(&str, &str)]) -> Vec<String> {
        let common = Common::new(Tlp::Clear, Time::from_micros(0));
        let told = ["value", "account_login", "path", "name", "command_line", "hashes"];
        of_event(&common, &event(facts), "f1")
            .iter()
            .map(|object| {
                let value = told.iter().find_map(|name| object.get(*name)).unwrap();
                format!("{} {value}", object["type"].as_str().unwrap())
            })
            .collect()
    }

    #[test]
    fn addresses_are_read_as_logs_write_them() {
        assert_eq!(shown(&[("c-ip", "198.51.100.3:51122")]), [r#"ipv4-addr "198.51.100.3""#]);
        assert_eq!(shown(&[("ClientIP", "[2001:db8::1]:443")]), [r#"ipv6-addr "2001:db8::1""#]);
        assert_eq!(shown(&[("ClientIP", "::ffff:192.0.2.7")]), [r#"ipv4-addr "192.0.2.7""#]);
        assert!(shown(&[("c-ip", "127.0.0.1"), ("c-ip", "-"), ("c-ip", "nonsense")]).is_empty());
    }

    #[test]
    fn files_stand_after_their_directories_and_processes_after_their_files() {
        let facts = [
            ("CommandLine", "cmd /c dir"),
            ("Image", r"C:\Windows\cmd.exe"),
            ("Hashes", "SHA1=x,MD5=8A2122E8162DBEF04694B9C3E0B6CDEE"),
        ];
        assert_eq!(
            shown(&facts),
            [
                r#"directory "C:\\Windows""#,
                r#"file "cmd.exe""#,
                r#"file {"MD5":"8a2122e8162dbef04694b9c3e0b6cdee"}"#,
                r#"process "cmd /c dir""#,
            ]
        );
    }

    #[test]
    fn an_event_gives_a_bounded_number() {
        let many: Vec<(String, String)> =
            (0..500).map(|n| ("QueryName".into(), format!("{n}.example"))).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(shown(&many).len(), MAX);
    }
}
