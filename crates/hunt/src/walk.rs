//! Which files a hunt reads.

use std::collections::BTreeMap;
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
pub(crate) fn walk(roots: &[PathBuf]) -> (Vec<Input>, BTreeMap<String, String>) {
    let mut inputs = Vec::new();
    let mut unreadable = BTreeMap::new();
    for root in roots {
        for entry in WalkDir::new(root).follow_root_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.path_is_symlink() && entry.depth() > 0 => {
                    unreadable.insert(
                        shown(entry.path()),
                        "a symbolic link below a folder is not followed".to_owned(),
                    );
                }
                Ok(entry) => match entry.metadata() {
                    Ok(metadata) if metadata.is_file() => inputs.push(Input {
                        path: entry.path().to_owned(),
                        shown: shown(entry.path()),
                        size: metadata.len(),
                    }),
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
    }
    inputs.sort_by(|a, b| a.shown.cmp(&b.shown));
    inputs.dedup_by(|a, b| a.path == b.path);
    (inputs, unreadable)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
