//! The originals as files, each once, under its hash.

use std::io;
use std::path::{Path, PathBuf};

use crate::files;

/// Where originals lie.
pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("originals")
}

/// Where they are written first.
pub(super) fn partial(dir: &Path) -> PathBuf {
    dir.join("partial")
}

/// Where the original with this hash lies. Two characters of it make a folder, so that none grows large.
pub(super) fn path(dir: &Path, hash: &str) -> PathBuf {
    folder(dir).join(hash.get(..2).unwrap_or("00")).join(hash)
}

/// Writes an original so that it lasts; `name` is a name that nothing else uses now.
pub(super) fn write(dir: &Path, hash: &str, name: &str, raw: &[u8]) -> io::Result<()> {
    let path = path(dir, hash);
    if std::fs::metadata(&path).is_ok_and(|data| data.len() == raw.len() as u64) {
        // Renamed into place after it was synced; its name may not have been yet.
        return path.parent().map_or(Ok(()), files::sync_folder);
    }
    if let Some(parent) = path.parent()
        && !parent.is_dir()
    {
        files::folder(parent)?;
        files::sync_folder(&folder(dir))?;
    }
    files::write_whole(&path, &partial(dir).join(name), raw)
}

/// Removes an original; one that is gone is removed.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Removes what was being written when the gate stopped.
pub(super) fn clear_partial(dir: &Path) -> io::Result<()> {
    for file in std::fs::read_dir(partial(dir))? {
        remove(&file?.path())?;
    }
    Ok(())
}

/// Every original that lies there: hash and size.
pub(super) fn list(dir: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    for below in std::fs::read_dir(folder(dir))? {
        let below = below?;
        if !below.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(below.path())? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                all.push((name, file.metadata()?.len()));
            }
        }
    }
    all.sort();
    Ok(all)
}
