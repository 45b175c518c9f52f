//! What is read of mailboxes, written down for judges that are programs of others.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use model::{Event, Problem};
use observe::{Collector, Format, LogSources, Message};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::seen::settings;

/// One line for each message and problem, and each message that was put together as a file.
struct Written {
    lines: String,
    folder: PathBuf,
    paths: Vec<String>,
    messages: u32,
}

impl Written {
    fn line(&mut self, line: &serde_json::Value) {
        let _ = writeln!(self.lines, "{line}");
    }

    fn path(&self) -> &str {
        self.paths.last().map_or("", String::as_str)
    }
}

impl Collector for Written {
    fn begin(&mut self, path: &str) {
        self.paths.push(path.to_owned());
    }
    fn format(&mut self, _: Format) {}
    fn event(&mut self, _: &mut Event) {}
    fn message(&mut self, message: &Message<'_>, _: &mut Event) {
        self.messages += 1;
        let file = message.rebuilt.then(|| format!("{}.eml", self.messages));
        if let Some(file) = &file {
            std::fs::write(self.folder.join(file), message.raw).unwrap();
        }
        let end = message.raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
        let line = json!({
            "path": self.path(),
            "mailbox": message.mailbox,
            "folder": message.folder,
            "sha256": model::hex(&Sha256::digest(&message.raw[..end])),
            "file": file,
        });
        self.line(&line);
    }
    fn problem(&mut self, problem: Problem) {
        let line = json!({ "path": self.path(), "problem": problem.what });
        self.line(&line);
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {
        self.paths.pop();
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
#[ignore = "run by benches/accept/mailboxes.sh, which names the folders to read and to write"]
fn mailboxes_for_judges() {
    let folder =
        |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")));
    let (read, folder) = (folder("MAILBOXES_READ"), folder("MAILBOXES_WRITE"));
    let mut found = Vec::new();
    files(&read, &mut found);
    let mut written = Written { lines: String::new(), folder, paths: Vec::new(), messages: 0 };
    for path in found {
        let shown = path.strip_prefix(&read).unwrap().to_string_lossy().into_owned();
        observe::read_file(&path, &shown, None, &settings(), &LogSources::builtin(), &mut written).unwrap();
    }
    std::fs::write(written.folder.join("index.jsonl"), written.lines).unwrap();
}
