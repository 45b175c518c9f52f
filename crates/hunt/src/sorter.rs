//! Sorting more than fits into memory: sorted runs on disk, then one merge.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The order of everything that depends on order: time, evidence hash, place in the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Microseconds since 1970; what has no time comes last.
    pub(crate) time: i64,
    /// The first eight bytes of the file's SHA-256.
    pub(crate) hash: u64,
    pub(crate) file: u32,
    pub(crate) member: u32,
    pub(crate) seq: u64,
    /// Which rule, so that two findings on one event have an order.
    pub(crate) rule: u64,
}

/// How many runs are merged at once; more open files than that some systems do not allow.
const FAN_IN: usize = 64;

/// Takes items in any order and keeps at most `budget` bytes of them in memory.
#[derive(Debug)]
pub(crate) struct Sorter {
    tmp: PathBuf,
    budget: usize,
    bytes: usize,
    held: Vec<(Key, Box<[u8]>)>,
    runs: Vec<File>,
}

impl Sorter {
    pub(crate) fn new(tmp: &Path, budget: usize) -> Self {
        Self { tmp: tmp.to_owned(), budget, bytes: 0, held: Vec::new(), runs: Vec::new() }
    }

    pub(crate) fn push<T: Serialize>(&mut self, key: Key, item: &T) -> io::Result<()> {
        let bytes = postcard::to_stdvec(item).map_err(io::Error::other)?;
        self.push_bytes(key, bytes.into_boxed_slice())
    }

    pub(crate) fn push_bytes(&mut self, key: Key, bytes: Box<[u8]>) -> io::Result<()> {
        self.bytes += bytes.len() + size_of::<(Key, Box<[u8]>)>();
        self.held.push((key, bytes));
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut held = std::mem::take(&mut self.held);
        self.bytes = 0;
        held.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let mut out = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(&self.tmp)?);
        for (key, bytes) in &held {
            write_item(&mut out, key, bytes)?;
        }
        self.runs.push(out.into_inner().map_err(io::IntoInnerError::into_error)?);
        // The next run will be as large: keep the list, give back the items.
        held.clear();
        self.held = held;
        Ok(())
    }

    /// Joins several sorters to one sorted sequence that can be read again and again.
    pub(crate) fn merge(sorters: Vec<Self>, tmp: &Path) -> io::Result<Sorted> {
        let mut runs = Vec::new();
        for mut sorter in sorters {
            if !sorter.held.is_empty() {
                sorter.spill()?;
            }
            runs.append(&mut sorter.runs);
        }
        while runs.len() > FAN_IN {
            let rest = runs.split_off(FAN_IN);
            let mut out = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(tmp)?);
            for item in Merge::new(&mut runs)? {
                let (key, bytes) = item?;
                write_item(&mut out, &key, &bytes)?;
            }
            runs = rest;
            runs.push(out.into_inner().map_err(io::IntoInnerError::into_error)?);
        }
        Ok(Sorted { runs })
    }
}

/// A sorted sequence on disk.
#[derive(Debug)]
pub(crate) struct Sorted {
    runs: Vec<File>,
}

impl Sorted {
    /// The items from the first on.
    pub(crate) fn read<T: DeserializeOwned>(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<(Key, T)>>> {
        Ok(Merge::new(&mut self.runs)?.map(|item| {
            let (key, bytes) = item?;
            Ok((key, postcard::from_bytes(&bytes).map_err(io::Error::other)?))
        }))
    }
}

type Entry = Reverse<(Key, Vec<u8>, usize)>;

struct Merge<'a> {
    readers: Vec<BufReader<&'a mut File>>,
    heads: BinaryHeap<Entry>,
}

impl<'a> Merge<'a> {
    fn new(runs: &'a mut [File]) -> io::Result<Self> {
        let mut merge = Self { readers: Vec::new(), heads: BinaryHeap::new() };
        for (place, run) in runs.iter_mut().enumerate() {
            run.rewind()?;
            let mut reader = BufReader::with_capacity(1 << 16, run);
            if let Some((key, bytes)) = read_item(&mut reader)? {
                merge.heads.push(Reverse((key, bytes, place)));
            }
            merge.readers.push(reader);
        }
        Ok(merge)
    }
}

impl Iterator for Merge<'_> {
    type Item = io::Result<(Key, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((key, bytes, place)) = self.heads.pop()?;
        match read_item(&mut self.readers[place]) {
            Ok(Some((key, bytes))) => self.heads.push(Reverse((key, bytes, place))),
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
        Some(Ok((key, bytes)))
    }
}

fn write_item(out: &mut impl Write, key: &Key, bytes: &[u8]) -> io::Result<()> {
    for part in
        [key.time as u64, key.hash, u64::from(key.file) << 32 | u64::from(key.member), key.seq, key.rule]
    {
        out.write_all(&part.to_le_bytes())?;
    }
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(bytes)
}

fn read_item(input: &mut impl Read) -> io::Result<Option<(Key, Vec<u8>)>> {
    let mut head = [0; 44];
    if input.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut head[1..])?;
    let part = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&head[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let place = part(16);
    let key = Key {
        time: part(0) as i64,
        hash: part(8),
        file: (place >> 32) as u32,
        member: place as u32,
        seq: part(24),
        rule: part(32),
    };
    let mut length = [0; 4];
    length.copy_from_slice(&head[40..44]);
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some((key, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_the_budget(
            times in proptest::collection::vec(0i64..50, 0..400),
            budget in 100usize..5_000,
        ) {
            let tmp = tempfile::tempdir().unwrap();
            let read = |budget: usize, sorters: usize| {
                let mut all: Vec<Sorter> = (0..sorters).map(|_| Sorter::new(tmp.path(), budget)).collect();
                for (seq, &time) in times.iter().enumerate() {
                    let key = Key { time, seq: seq as u64, ..Key::default() };
                    all[seq % sorters].push(key, &format!("item {seq}")).unwrap();
                }
                let mut sorted = Sorter::merge(all, tmp.path()).unwrap();
                let first: Vec<(Key, String)> = sorted.read().unwrap().map(Result::unwrap).collect();
                let again: Vec<(Key, String)> = sorted.read().unwrap().map(Result::unwrap).collect();
                assert_eq!(first, again);
                first
            };
            let whole = read(usize::MAX, 1);
            prop_assert!(whole.is_sorted());
            prop_assert_eq!(whole.len(), times.len());
            prop_assert_eq!(read(budget, 3), whole);
        }
    }
}
