//! What one file came to, as it is kept for the join and for `resume`.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use detect::{Burst, Input, Observed};
use model::{EventRef, Evidence, Facts, Matched, SourceId, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mails::Kept;
use crate::sorter::Key;

/// What made a finding, by its place in the rule set or among the indicators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum By {
    Rule(u32),
    Correlation(u32),
    Indicator(u32),
}

impl By {
    /// A number that puts findings on one event in order.
    pub(crate) fn rank(self) -> u64 {
        match self {
            Self::Rule(place) => u64::from(place),
            Self::Indicator(place) => 1 << 32 | u64::from(place),
            Self::Correlation(place) => 2 << 32 | u64::from(place),
        }
    }
}

/// A finding as it is spilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) by: By,
    pub(crate) time: Option<Time>,
    pub(crate) event_ref: EventRef,
    pub(crate) event: Facts,
    pub(crate) matched: Vec<Matched>,
    pub(crate) burst: Option<Burst>,
    /// The reason, where the suppression file gives one.
    pub(crate) suppressed: Option<String>,
}

/// Host, log source, and day since 1970.
pub(crate) type LogDay = (String, SourceId, i64);

/// How many records a member holds of one log source, and which fields of them rules look at.
pub(crate) type Seen = ((u32, SourceId), (u64, Vec<u32>));

/// Records of one log source in one file, by day, for gaps; and the fields that were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// (host, log source, day) → records.
    pub(crate) volumes: Vec<(LogDay, Volume)>,
    /// (member, log source) → records, and the fields seen that rules look at.
    pub(crate) coverage: Vec<Seen>,
}

/// Records of one host's log on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Volume {
    /// How many.
    pub records: u64,
    /// Time of the earliest.
    pub first: Time,
    /// Time of the latest.
    pub last: Time,
}

impl Volume {
    pub(crate) fn join(&mut self, other: Self) {
        self.records += other.records;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// [`Stored`] before it is stored: the same bytes without a copy of the event.
#[derive(Debug, Serialize)]
pub(crate) struct StoredRef<'a> {
    pub(crate) by: By,
    pub(crate) time: Option<Time>,
    pub(crate) event_ref: &'a EventRef,
    pub(crate) event: &'a Facts,
    pub(crate) matched: &'a [Matched],
    pub(crate) burst: Option<&'a Burst>,
    pub(crate) suppressed: Option<&'a str>,
}

/// One entry of a part file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// The bytes of a [`Stored`].
    Finding(Key, Vec<u8>),
    Input(Key, Input),
    Observed(Key, Observed),
    Message(Box<Kept>),
    End {
        evidence: Vec<Evidence>,
        counted: Counted,
    },
}

/// The name of a part: it is the same only for the same bytes, rules, options and program.
pub(crate) fn name(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!("{}.part", model::hex(&hash.finalize()))
}

/// Writes a part beside its final place; only a whole one gets its name.
#[derive(Debug)]
pub(crate) struct Writer {
    out: BufWriter<File>,
    hash: Sha256,
    partial: PathBuf,
    path: PathBuf,
}

impl Writer {
    pub(crate) fn create(dir: &Path, name: &str) -> io::Result<Self> {
        let partial = dir.join(format!("{name}.partial"));
        let out = BufWriter::new(File::create(&partial)?);
        Ok(Self { out, hash: Sha256::new(), partial, path: dir.join(name) })
    }

    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let bytes = postcard::to_stdvec(entry).map_err(io::Error::other)?;
        self.hash.update(&bytes);
        self.out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(&bytes)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&0u32.to_le_bytes())?;
        self.out.write_all(&self.hash.finalize())?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(self.partial, self.path)
    }
}

/// Reads a part; `None` when there is none, or when it is torn or was changed.
pub(crate) fn read(
    dir: &Path,
    name: &str,
    mut each: impl FnMut(Entry) -> io::Result<()>,
) -> io::Result<Option<()>> {
    let path = dir.join(name);
    // Checked as a whole before anything is used: a half-used part could not be taken back.
    let Ok(file) = File::open(&path) else { return Ok(None) };
    if !is_whole(BufReader::new(file)).unwrap_or(false) {
        return Ok(None);
    }
    let mut input = BufReader::new(File::open(&path)?);
    while let Some(bytes) = next(&mut input)? {
        let Ok(entry) = postcard::from_bytes(&bytes) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is of another program", path.display()),
            ));
        };
        each(entry)?;
    }
    Ok(Some(()))
}

fn is_whole(mut input: impl Read) -> io::Result<bool> {
    let mut hash = Sha256::new();
    while let Some(bytes) = next(&mut input)? {
        hash.update(&bytes);
    }
    let mut expected = [0; 32];
    input.read_exact(&mut expected)?;
    Ok(hash.finalize()[..] == expected)
}

fn next(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    if length == 0 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // Not reserved ahead: a changed length must not take the memory.
    if input.take(length).read_to_end(&mut bytes)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_or_changed_part_is_none() {
        let tmp = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(tmp.path(), "a.part").unwrap();
        writer
            .write(&Entry::End { evidence: vec![Evidence::default()], counted: Counted::default() })
            .unwrap();
        assert!(read(tmp.path(), "a.part", |_| Ok(())).unwrap().is_none());
        writer.finish().unwrap();
        let whole = fs::read(tmp.path().join("a.part")).unwrap();
        let mut entries = 0;
        read(tmp.path(), "a.part", |_| {
            entries += 1;
            Ok(())
        })
        .unwrap()
        .unwrap();
        assert_eq!(entries, 1);
        for cut in 0..whole.len() {
            fs::write(tmp.path().join("b.part"), &whole[..cut]).unwrap();
            assert!(read(tmp.path(), "b.part", |_| Ok(())).unwrap().is_none(), "cut at {cut}");
        }
        for flip in 0..whole.len() {
            let mut changed = whole.clone();
            changed[flip] ^= 1;
            fs::write(tmp.path().join("b.part"), &changed).unwrap();
            assert!(read(tmp.path(), "b.part", |_| Ok(())).unwrap().is_none(), "changed at {flip}");
        }
    }
}
