use std::sync::atomic::{AtomicU64, Ordering};

/// How far a hunt is; read by whoever draws it.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    files_expected: AtomicU64,
    bytes: AtomicU64,
    bytes_expected: AtomicU64,
    records: AtomicU64,
    findings: AtomicU64,
}

/// A view of [`Progress`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Files done.
    pub files: u64,
    /// Files in all.
    pub files_expected: u64,
    /// Bytes read from disk.
    pub bytes: u64,
    /// Bytes on disk in all.
    pub bytes_expected: u64,
    /// Records read.
    pub records: u64,
    /// Findings so far, before correlation.
    pub findings: u64,
}

impl Progress {
    /// Where it is now.
    pub fn snapshot(&self) -> Snapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            files: load(&self.files),
            files_expected: load(&self.files_expected),
            bytes: load(&self.bytes),
            bytes_expected: load(&self.bytes_expected),
            records: load(&self.records),
            findings: load(&self.findings),
        }
    }

    pub(crate) fn expect(&self, files: u64, bytes: u64) {
        self.files_expected.store(files, Ordering::Relaxed);
        self.bytes_expected.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) {
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn found(&self) {
        self.findings.fetch_add(1, Ordering::Relaxed);
    }
}
