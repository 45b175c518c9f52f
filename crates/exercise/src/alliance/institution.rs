//! What the institution's team would tell its tool: domains, hosts, people, outlets.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::world::World;
use crate::ExerciseError;

/// Writes `institution.toml` beside the evidence.
pub(super) fn write(world: &World, out: &Path) -> Result<(), ExerciseError> {
    let data = &world.tables.data;
    let list = |values: &mut dyn Iterator<Item = String>| -> String {
        values.map(|value| format!("\n  {},", quoted(&value))).collect()
    };
    let houses = || data.parliament.iter();
    let alliance = ["opensocieties-alliance.example".to_owned()];
    let mut text = String::from("# What is known of the institutions of the alliance.\n\n");
    let mut add = |name: &str, values: &mut dyn Iterator<Item = String>| {
        let _ = writeln!(text, "{name} = [{}\n]", list(values));
    };
    add("domains", &mut houses().map(|house| house.domain.clone()).chain(alliance));
    add("hosts", &mut houses().flat_map(|house| [house.mx(), house.store()]));
    add(
        "relays",
        &mut houses()
            .map(|house| format!("{}.10/32", house.net))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter(),
    );
    add("authserv_ids", &mut houses().map(|house| house.mx()));
    add(
        "own_bulk",
        &mut data.service.iter().filter(|service| service.own).map(|service| service.domain.clone()),
    );
    for outlet in &data.outlet {
        let also = outlet.also.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "\n[[outlets]]\nname = {}\nalso = [{also}]\ndomains = [{}]",
            quoted(&outlet.name),
            quoted(&outlet.domain)
        );
    }
    for owner in &world.owners {
        let person = &owner.person;
        let _ = writeln!(
            text,
            "\n[[people]]\nname = {}\naddresses = [{}]",
            quoted(&person.name()),
            quoted(&person.address)
        );
    }
    let path = out.join("institution.toml");
    fs::write(&path, text).map_err(ExerciseError::io(&path))
}

/// A string of TOML.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
