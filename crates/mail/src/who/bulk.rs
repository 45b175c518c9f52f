//! Services that send mail for many (`data/bulk-services.toml`).

use std::sync::LazyLock;

use model::Event;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::domain;
use super::headers::Headers;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    service: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    /// Header fields that it alone adds.
    #[serde(default)]
    headers: Vec<String>,
    /// Domains of its hosts, return paths, signatures and ways to unsubscribe.
    #[serde(default)]
    domains: Vec<String>,
    /// Words that its programs and feedback fields hold, in lower case.
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Default)]
struct Services {
    list: Vec<Service>,
    headers: FxHashMap<String, usize>,
    domains: FxHashMap<String, usize>,
}

static SERVICES: LazyLock<Services> = LazyLock::new(|| {
    // A test reads the table, so that it cannot be faulty here.
    let table: Option<Table> = toml::from_str(include_str!("../../data/bulk-services.toml")).ok();
    let mut services = Services::default();
    for (number, service) in table.into_iter().flat_map(|table| table.service).enumerate() {
        services.headers.extend(service.headers.iter().map(|name| (name.to_lowercase(), number)));
        services.domains.extend(service.domains.iter().map(|name| (name.clone(), number)));
        services.list.push(service);
    }
    services
});

/// Adds which services a message came by, and whether one of them is the institution's own.
pub(super) fn push(headers: &Headers, from: &str, own: &[String], event: &mut Event) {
    let path = headers.return_path.as_deref().map(domain::of_address);
    let places = || {
        let all = headers.signed.iter().chain(&headers.hops).chain(&headers.unsubscribe);
        all.map(String::as_str).chain(path.as_deref())
    };
    let mut found: Vec<usize> =
        headers.names.iter().filter_map(|name| SERVICES.headers.get(name)).copied().collect();
    found.extend(places().filter_map(by_domain));
    for text in headers.feedback.iter().take(8) {
        let text: String = text.chars().take(256).collect::<String>().to_lowercase();
        let by_word = |service: &Service| service.words.iter().any(|word| text.contains(word));
        found.extend(SERVICES.list.iter().position(by_word));
    }
    found.sort_unstable();
    found.dedup();
    for service in found.iter().filter_map(|number| SERVICES.list.get(*number)) {
        event.push_str("mail.bulk.service", &service.name);
    }
    let below = |host: &str| {
        own.iter().any(|own| {
            host == own || host.strip_suffix(own.as_str()).is_some_and(|front| front.ends_with('.'))
        })
    };
    if !own.is_empty() {
        event.push_bool("mail.bulk.own", places().chain([from]).any(below));
    }
}

/// The service to which a host belongs, the longest end first.
fn by_domain(host: &str) -> Option<usize> {
    let ends = std::iter::successors(Some(host), |end| end.split_once('.').map(|(_, rest)| rest));
    ends.take(10).find_map(|end| SERVICES.domains.get(end)).copied()
}

#[cfg(test)]
#[test]
fn the_table_can_be_read() {
    let table: Table = toml::from_str(include_str!("../../data/bulk-services.toml")).unwrap();
    assert!(table.service.len() >= 40);
    for service in &table.service {
        assert!(!service.headers.is_empty() || !service.domains.is_empty(), "{}", service.name);
        assert!(service.words.iter().all(|word| word.len() >= 6 && *word == word.to_lowercase()));
    }
}
