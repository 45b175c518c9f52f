//! The licence notices of everything that is compiled into the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::steps::root;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    repository: Option<String>,
    manifest_path: String,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// None for what is compiled in; `dev` or `build` else.
    kind: Option<String>,
}

/// One text: each crate with its licence and source, then each licence text once, with whose it is.
pub(crate) fn text(target: &str) -> Result<String, String> {
    let metadata = metadata(target)?;
    let used = used(&metadata)?;
    let c_library = if target.ends_with("musl") {
        "the musl C library (MIT, https://musl.libc.org)"
    } else {
        "the GNU C library\n(LGPL-2.1-or-later, https://www.gnu.org/software/libc); with the sources of Portcullis,\n\
         `cargo xtask dist` links the program against another version of it"
    };
    let mut out = format!(
        "Portcullis contains these {} crates of Rust, each under a licence that is named with it.\n\
         Their licence texts follow. Linked in as well are the Rust standard library\n\
         (MIT OR Apache-2.0, https://www.rust-lang.org) and {c_library}.\n\n",
        used.len()
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &used {
        let name = format!("{} {}", package.name, package.version);
        out += &format!("{name}  {}\n", package.license.as_deref().unwrap_or("see its licence text"));
        if !package.authors.is_empty() {
            out += &format!("    by {}\n", package.authors.join(", "));
        }
        if let Some(repository) = &package.repository {
            out += &format!("    {repository}\n");
        }
        for text in licence_texts(Path::new(&package.manifest_path)) {
            texts.entry(text).or_default().push(name.clone());
        }
    }
    let mut texts: Vec<(String, Vec<String>)> = texts.into_iter().collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    for (text, names) in texts {
        out += &format!("\n{}\n{}\n\n{text}\n", "=".repeat(100), names.join(", "));
    }
    Ok(out)
}

fn metadata(target: &str) -> Result<Metadata, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// Crates of others that `portcullis` is compiled from, by name and version.
fn used(metadata: &Metadata) -> Result<Vec<&Package>, String> {
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let ours =
        metadata.packages.iter().find(|package| package.name == "portcullis" && package.source.is_none());
    let mut waiting = vec![ours.ok_or("cargo metadata names no portcullis")?.id.as_str()];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let normal = nodes
                .get(id)
                .into_iter()
                .flat_map(|node| &node.deps)
                .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            waiting.extend(normal.map(|dependency| dependency.pkg.as_str()));
        }
    }
    let mut used: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some() && seen.contains(package.id.as_str()))
        .collect();
    used.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(used)
}

/// The files of a crate that state its licence or have to be passed on with it.
fn licence_texts(manifest: &Path) -> Vec<String> {
    let entries = manifest.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<_> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let states = |path: &&std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|start| name.starts_with(start))
    };
    let read = |path| Some(std::fs::read_to_string(path).ok()?.replace("\r\n", "\n").trim().to_owned());
    paths.iter().filter(states).filter_map(read).collect()
}
