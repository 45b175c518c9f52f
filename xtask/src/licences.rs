//! Every dependency must carry a licence that `deny.toml` allows.

use std::collections::BTreeSet;
use std::process::Command;

use serde::Deserialize;

use crate::steps::root;

#[derive(Deserialize)]
struct Deny {
    licenses: Allowed,
}

#[derive(Deserialize)]
struct Allowed {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

pub(crate) fn check() -> Result<(), String> {
    let text =
        std::fs::read_to_string(root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let deny: Deny = toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))?;
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let foreign: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.source.is_some()).collect();
    let bad: Vec<String> = foreign
        .iter()
        .filter(|package| !allowed(package, &deny.licenses.allow))
        .map(|package| {
            format!("{} {}: {}", package.name, package.version, package.license.as_deref().unwrap_or("none"))
        })
        .collect();
    println!("── licences: {} dependencies, {} not allowed", foreign.len(), bad.len());
    if bad.is_empty() {
        Ok(())
    } else {
        Err(format!("licences not allowed by deny.toml:\n  {}", bad.join("\n  ")))
    }
}

fn allowed(package: &Package, allow: &BTreeSet<String>) -> bool {
    let Some(licence) = &package.license else { return false };
    // Older manifests write a slash for OR.
    let Ok(expression) = spdx::Expression::parse_mode(&licence.replace('/', " OR "), spdx::ParseMode::LAX)
    else {
        return false;
    };
    expression.evaluate(|wanted| wanted.license.id().is_some_and(|id| allow.contains(id.name)))
}
