//! Ids and times as STIX 2.1 writes them.
//!
//! Observables take the ids that section 2.9 prescribes: UUIDv5 over the canonical JSON of the
//! properties that contribute. For domain objects the standard recommends UUIDv4; theirs are of
//! that form, with the bits taken from a hash of the content in place of chance.

use std::collections::BTreeMap;

use model::Time;
use serde_json::{Map, Value};
use uuid::{Builder, Uuid};

/// The namespace of observables' ids (STIX 2.1, section 2.9).
const OBSERVABLES: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// The namespace of the ids that are made here.
const OBJECTS: Uuid = Uuid::from_u128(0x6f1f_3b52_0c8e_4d5f_9a57_37f3_2b8d_10c4);

/// The id of a domain or relationship object that is made of `parts`.
pub(super) fn object_id(kind: &str, parts: &[&str]) -> String {
    let mut content = kind.to_owned();
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        content.push_str(&format!("\n{}:", part.len()));
        content.push_str(part);
    }
    let hash = Uuid::new_v5(&OBJECTS, content.as_bytes());
    format!("{kind}--{}", Builder::from_random_bytes(*hash.as_bytes()).into_uuid())
}

/// The id of an observable by its contributing properties.
///
/// The properties used here are strings or maps of one string, for which the serialisation with
/// sorted keys is the canonical one of RFC 8785.
pub(super) fn observable_id(kind: &str, contributing: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = contributing.iter().collect();
    let canonical = serde_json::to_string(&sorted).unwrap_or_default();
    format!("{kind}--{}", Uuid::new_v5(&OBSERVABLES, canonical.as_bytes()))
}

/// RFC 3339 with milliseconds and `Z`. Years that STIX cannot write become the nearest it can.
pub(super) fn timestamp(time: Time) -> String {
    let c = time.civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        c.year().clamp(1, 9999),
        c.month(),
        c.day(),
        c.hour(),
        c.minute(),
        c.second(),
        c.subsec_nanosecond() / 1_000_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observable_has_the_id_that_the_standard_gives_it() {
        // As other implementations of the standard compute them.
        let value = |text: &str| Map::from_iter([("value".to_owned(), Value::from(text))]);
        assert_eq!(
            observable_id("ipv4-addr", &value("198.51.100.3")),
            "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"
        );
        assert_eq!(
            observable_id("domain-name", &value("example.com")),
            "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"
        );
    }

    #[test]
    fn object_ids_depend_on_their_content_alone() {
        let id = object_id("incident", &["ab", "c"]);
        assert_eq!(id, object_id("incident", &["ab", "c"]));
        assert_ne!(id, object_id("incident", &["a", "bc"]));
        let uuid: Uuid = id.strip_prefix("incident--").unwrap().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 4);
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(timestamp(Time::parse("2021-08-24T09:12:00Z").unwrap()), "2021-08-24T09:12:00.000Z");
    }
}
