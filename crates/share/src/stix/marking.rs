//! The marking definitions of TLP 2.0, as OASIS published them for STIX 2.1.

use model::Tlp;
use serde_json::{Map, Value, json};

const EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The id of the marking that everybody uses for this level.
pub(super) const fn id(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

/// The marking itself, which must not differ from the published one.
pub(super) fn object(tlp: Tlp) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".into(), "marking-definition".into());
    object.insert("spec_version".into(), "2.1".into());
    object.insert("id".into(), id(tlp).into());
    object.insert("created".into(), "2022-10-01T00:00:00.000Z".into());
    object.insert("name".into(), tlp.to_string().into());
    let level = tlp.as_str();
    object.insert(
        "extensions".into(),
        json!({ EXTENSION: { "extension_type": "property-extension", "tlp_2_0": level } }),
    );
    object
}
