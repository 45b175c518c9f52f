//! Files and folders that their owner alone can read, and that a power cut leaves whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes `path` and what is missing above it, and lets nobody else in.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder.create(path)?;
        // One that was there before may have been open to others.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(path)
}

/// A file of our own: made where `new`, or opened, readable by its owner alone from its first moment.
pub(crate) fn open(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(false);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        let file = options.open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// A file that is there, for reading.
pub(crate) fn open_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Makes names in a folder lasting.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return File::open(path)?.sync_all();
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

/// Writes `bytes` to `path` so that there is all of it or nothing, and it lasts. `partial` is a name for the
/// time of writing in a folder of the same disk.
pub(crate) fn write_whole(path: &Path, partial: &Path, bytes: &[u8]) -> io::Result<()> {
    let result = (|| {
        let mut file = open(partial, true)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(partial, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(partial);
    }
    result
}
