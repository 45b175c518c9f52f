//! Which files a hunt reads.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// As given on the command line, with `/` between the parts below it.
    pub(crate) shown: String,
    pub(crate) size: u64,
}

/// The files below `roots` in order of their shown paths, and what could not be entered.
///
/// A symbolic link is followed when it is given itself, never below a folder: what it leads to is
/// either evidence that is found anyway or none, and loops need no care.
///
/// A file that is reached in several ways, as when it is given beside its folder, or by hard links,
/// is read once, under the path that comes first: by root in the order given, then by name.
/// Otherwise each of its records would count twice.
pub(crate) fn walk(roots: &[PathBuf]) -> (Vec<Input>, BTreeMap<String, String>) {
    let mut inputs = Vec::new();
    let mut unreadable = BTreeMap::new();
    for root in roots {
        let mut below = Vec::new();
        for entry in WalkDir::new(root).follow_root_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.path_is_symlink() && entry.depth() > 0 => {
                    unreadable.insert(
                        shown(entry.path()),
                        "a symbolic link below a folder is not followed".to_owned(),
                    );
                }
                // A file that is given as a link is followed like a folder.
                Ok(entry) => match entry.path().metadata() {
                    Ok(metadata) if metadata.is_file() => {
                        let (path, shown) = (entry.path().to_owned(), shown(entry.path()));
                        let identity = Identity::of(&path, &metadata);
                        below.push((identity, Input { path, shown, size: metadata.len() }));
                    }
                    Ok(_) => {
                        unreadable.insert(shown(entry.path()), "neither a file nor a folder".to_owned());
                    }
                    Err(error) => {
                        unreadable.insert(shown(entry.path()), error.to_string());
                    }
                },
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let cause = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    unreadable.insert(shown(path), cause);
                }
            }
        }
        below.sort_by(|(_, a), (_, b)| a.shown.cmp(&b.shown));
        inputs.extend(below);
    }
    let mut known = HashSet::new();
    inputs.retain(|(identity, _)| known.insert(identity.clone()));
    let mut inputs: Vec<Input> = inputs.into_iter().map(|(_, input)| input).collect();
    inputs.sort_by(|a, b| a.shown.cmp(&b.shown));
    (inputs, unreadable)
}

/// What two paths to one file have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Identity {
    #[cfg(unix)]
    Node { device: u64, inode: u64 },
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    #[cfg(unix)]
    fn of(_: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Node { device: metadata.dev(), inode: metadata.ino() }
    }

    #[cfg(not(unix))]
    fn of(path: &Path, _: &Metadata) -> Self {
        Self::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_however_often_it_is_reached() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("in")).unwrap();
        std::fs::write(at("in/a.log"), "a").unwrap();
        std::fs::write(at("in/c.log"), "a").unwrap();
        std::fs::hard_link(at("in/a.log"), at("in/b.log")).unwrap();
        std::os::unix::fs::symlink("in/a.log", at("link")).unwrap();
        for (roots, expected) in [
            (vec!["in"], vec!["in/a.log", "in/c.log"]),
            (vec!["in", "in/../in/a.log"], vec!["in/a.log", "in/c.log"]),
            (vec!["in/b.log", "in"], vec!["in/b.log", "in/c.log"]),
            (vec!["link", "in"], vec!["in/c.log", "link"]),
            (vec!["in", "in", "link"], vec!["in/a.log", "in/c.log"]),
        ] {
            let paths: Vec<PathBuf> = roots.iter().map(|name| at(name)).collect();
            let (inputs, unreadable) = walk(&paths);
            let found: Vec<PathBuf> = inputs.into_iter().map(|input| input.path).collect();
            assert_eq!(found, expected.into_iter().map(at).collect::<Vec<_>>(), "{roots:?}");
            assert!(unreadable.is_empty(), "{unreadable:?}");
        }
    }
}
