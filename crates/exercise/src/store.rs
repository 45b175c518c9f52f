//! Puts finished files into the evidence folder, packed or as they are.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ExerciseError;
use crate::calendar::{SECOND, Stamp};
use crate::scenario::Packing;

type Zip = zip::ZipWriter<BufWriter<File>>;
type TarZst = tar::Builder<zstd::Encoder<'static, BufWriter<File>>>;

/// Where a file goes: a path below the evidence folder, and the archive that it is packed into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    /// Path of the file itself.
    pub path: String,
    /// Kind and path of the archive.
    pub archive: Option<(Packing, String)>,
}

impl Target {
    /// Last part of the path, which is its name within an archive.
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The path by which a finding names it: members follow a `!`.
    pub(crate) fn evidence_path(&self) -> String {
        match &self.archive {
            None => self.path.clone(),
            Some((Packing::Zip | Packing::Gzip, archive)) => format!("{archive}!{}", self.name()),
            Some((Packing::TarZst, archive)) => {
                let inner = archive.rsplit('/').next().unwrap_or(archive).trim_end_matches(".zst");
                format!("{archive}!{inner}!{}", self.name())
            }
        }
    }
}

/// The evidence folder while it is filled.
pub(crate) struct Store<'a> {
    root: PathBuf,
    zips: BTreeMap<String, (Zip, i64)>,
    tars: BTreeMap<String, (TarZst, i64)>,
    /// Bytes of evidence, unpacked.
    pub(crate) bytes: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a> Store<'a> {
    /// A store below `root`, which is made.
    pub(crate) fn new(root: &Path, progress: &'a mut dyn FnMut(u64)) -> Result<Self, ExerciseError> {
        fs::create_dir_all(root).map_err(ExerciseError::io(root))?;
        Ok(Self { root: root.to_owned(), zips: BTreeMap::new(), tars: BTreeMap::new(), bytes: 0, progress })
    }

    /// Writes a file that was last changed at `micros`.
    pub(crate) fn put(&mut self, target: &Target, bytes: &[u8], micros: i64) -> Result<(), ExerciseError> {
        match &target.archive {
            None => self.plain(&target.path, bytes, micros)?,
            Some((Packing::Gzip, path)) => {
                let mut encoder = flate2::GzBuilder::new()
                    .filename(target.name())
                    .mtime((micros / SECOND) as u32)
                    .write(Vec::new(), flate2::Compression::new(4));
                let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
                let packed = packed.map_err(ExerciseError::io(Path::new(path)))?;
                self.plain(path, &packed, micros)?;
            }
            Some((Packing::Zip, path)) => self.zip(path, target.name(), bytes, micros)?,
            Some((Packing::TarZst, path)) => self.tar(path, target.name(), bytes, micros)?,
        }
        self.bytes += bytes.len() as u64;
        (self.progress)(bytes.len() as u64);
        Ok(())
    }

    fn plain(&self, path: &str, bytes: &[u8], micros: i64) -> Result<(), ExerciseError> {
        let path = self.path(path)?;
        let mut file = File::create(&path).map_err(ExerciseError::io(&path))?;
        file.write_all(bytes).map_err(ExerciseError::io(&path))?;
        file.set_modified(moment(micros)).map_err(ExerciseError::io(&path))
    }

    fn path(&self, path: &str) -> Result<PathBuf, ExerciseError> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(ExerciseError::io(folder))?;
        }
        Ok(path)
    }

    fn create(&self, path: &str) -> Result<BufWriter<File>, ExerciseError> {
        let path = self.path(path)?;
        Ok(BufWriter::new(File::create(&path).map_err(ExerciseError::io(&path))?))
    }

    fn zip(&mut self, path: &str, name: &str, bytes: &[u8], micros: i64) -> Result<(), ExerciseError> {
        if !self.zips.contains_key(path) {
            let writer = zip::ZipWriter::new(self.create(path)?);
            self.zips.insert(path.to_owned(), (writer, micros));
        }
        let Some((writer, latest)) = self.zips.get_mut(path) else { return Ok(()) };
        *latest = (*latest).max(micros);
        let stamp = Stamp::new(micros);
        let time = zip::DateTime::from_date_and_time(
            stamp.year as u16,
            stamp.month as u8,
            stamp.day as u8,
            stamp.hour as u8,
            stamp.minute as u8,
            stamp.second as u8,
        )
        .unwrap_or_default();
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(3))
            .last_modified_time(time);
        let failed = ExerciseError::io(&self.root.join(path));
        writer
            .start_file(name, options)
            .map_err(std::io::Error::from)
            .and_then(|()| writer.write_all(bytes))
            .map_err(failed)
    }

    fn tar(&mut self, path: &str, name: &str, bytes: &[u8], micros: i64) -> Result<(), ExerciseError> {
        let place = self.root.join(path);
        if !self.tars.contains_key(path) {
            let encoder = zstd::Encoder::new(self.create(path)?, 3).map_err(ExerciseError::io(&place))?;
            self.tars.insert(path.to_owned(), (tar::Builder::new(encoder), micros));
        }
        let Some((builder, latest)) = self.tars.get_mut(path) else { return Ok(()) };
        *latest = (*latest).max(micros);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o640);
        header.set_mtime((micros / SECOND) as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes).map_err(ExerciseError::io(&place))
    }

    /// Closes all archives.
    pub(crate) fn finish(self) -> Result<u64, ExerciseError> {
        for (path, (writer, micros)) in self.zips {
            let path = self.root.join(path);
            let file = writer.finish().map_err(std::io::Error::from).map_err(ExerciseError::io(&path))?;
            close(file, micros).map_err(ExerciseError::io(&path))?;
        }
        for (path, (builder, micros)) in self.tars {
            let path = self.root.join(path);
            let done = builder.into_inner().and_then(zstd::Encoder::finish);
            done.and_then(|file| close(file, micros)).map_err(ExerciseError::io(&path))?;
        }
        Ok(self.bytes)
    }
}

fn close(mut file: BufWriter<File>, micros: i64) -> std::io::Result<()> {
    file.flush()?;
    file.get_ref().set_modified(moment(micros))
}

fn moment(micros: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros.max(0) as u64)
}
