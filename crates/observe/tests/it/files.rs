//! Files on disk.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use model::{Event, Problem};
use observe::{Collector, Format, Hashed, LogSources, hash_file, read_file};

use crate::pack::{log, tar, zip};
use crate::seen::{Seen, settings};

fn read_with(path: &std::path::Path, known: Option<&Hashed>, out: &mut dyn Collector) -> std::io::Result<()> {
    read_file(path, "shown", known, &settings(), &LogSources::builtin(), out)
}

#[test]
fn a_file_is_hashed_once_and_told_to_progress() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("a", log("a").repeat(100_000)), ("b", zip(&[("c", &log("c"))])), ("d", tar(&[("e", &log("e"))]))]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let known = hash_file(&path, Vec::new()).unwrap();
        let (sha256, size) = (known.sha256, known.size);
        assert_eq!(size, bytes.len() as u64);
        let (mut unknown, mut already) = (Seen::default(), Seen::default());
        read_with(&path, None, &mut unknown).unwrap();
        read_with(&path, Some(&known), &mut already).unwrap();
        assert_eq!(unknown.pieces, already.pieces);
        assert_eq!(unknown.pieces[0].sha256, sha256);
        assert_eq!((unknown.pieces[0].path.as_str(), unknown.pieces[0].size), ("shown", size));
        assert_eq!((unknown.progress, already.progress), (size, size));
    }
}

#[test]
fn what_is_no_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Seen::default();
    assert_eq!(read_with(folder.path(), None, &mut seen).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(
        read_with(&folder.path().join("none"), None, &mut seen).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(hash_file(folder.path(), Vec::new()).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(seen.pieces.len(), 0);
}

/// A collector during whose work the file grows or is cut short.
struct Meddler {
    seen: Seen,
    path: PathBuf,
    grow: bool,
}

impl Collector for Meddler {
    fn begin(&mut self, path: &str) {
        self.seen.begin(path);
    }
    fn format(&mut self, format: Format) {
        let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
        if self.grow {
            file.write_all(&log("late")).unwrap();
        } else {
            file.set_len(300_000).unwrap();
        }
        self.seen.format(format);
    }
    fn event(&mut self, event: &mut Event) {
        self.seen.event(event);
    }
    fn problem(&mut self, problem: Problem) {
        self.seen.problem(problem);
    }
    fn assumed(&mut self, what: String) {
        self.seen.assumed(what);
    }
    fn progress(&mut self, bytes: u64) {
        self.seen.progress(bytes);
    }
    fn end(&mut self, sha256: [u8; 32], size: u64) {
        self.seen.end(sha256, size);
    }
}

#[test]
fn a_file_that_grows_or_shrinks_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let bytes = log("a").repeat(40_000);
    for (grow, expected) in [(true, "grew to"), (false, "ended here")] {
        std::fs::write(&path, &bytes).unwrap();
        let mut meddler = Meddler { seen: Seen::default(), path: path.clone(), grow };
        read_with(&path, None, &mut meddler).unwrap();
        let piece = &meddler.seen.pieces[0];
        let problem = piece.problems.last().unwrap();
        assert!(problem.what.contains(expected), "{problem:?}");
        assert_eq!(piece.size, if grow { bytes.len() as u64 } else { 300_000 });
        assert!(piece.events.iter().all(|event| event.get("eventName") == Some("a")));
    }
}
