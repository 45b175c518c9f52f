//! Mailboxes that Outlook wrote, as they are read here and by the crate `outlook-pst`.
//!
//! That crate ships one; others are taken from `target/samples`, where `benches/accept/mailboxes.sh` puts
//! them.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mail_parser::MessageParser;
use model::{Event, Problem};
use observe::{Collector, Format, LogSources, Message};
use outlook_pst::ltp::prop_context::PropertyValue;
use outlook_pst::messaging::folder::Folder;
use outlook_pst::messaging::store::{EntryId, Store};
use outlook_pst::ndb::node_id::NodeId;

use crate::seen::settings;

/// Subjects of the messages, in any order, and what could not be read.
#[derive(Default)]
struct Subjects {
    found: Vec<String>,
    problems: Vec<String>,
}

impl Collector for Subjects {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, format: Format) {
        assert_eq!(format, Format::Pst);
    }
    fn event(&mut self, _: &mut Event) {}
    fn message(&mut self, message: &Message<'_>, _: &mut Event) {
        let parsed = MessageParser::new().parse(message.raw).expect("is a message");
        self.found.push(parsed.subject().unwrap_or_default().trim().to_owned());
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem.what);
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

/// Subjects of the messages that the folders below `folder` list, by the crate; `None` for one that it
/// refuses, as it does where a page of a heap counts other items as free than it does.
fn listed(
    store: &Rc<dyn Store>,
    folder: &Rc<dyn Folder>,
    subjects: &mut Vec<Option<String>>,
) -> io::Result<()> {
    let id = |row: u32| -> io::Result<EntryId> { store.properties().make_entry_id(NodeId::from(row)) };
    for row in folder.contents_table().iter().flat_map(|table| table.rows_matrix()) {
        let Ok(message) = store.open_message(&id(u32::from(row.id()))?, Some(&[0x0037])) else {
            subjects.push(None);
            continue;
        };
        let subject = match message.properties().get(0x0037) {
            Some(PropertyValue::Unicode(subject)) => subject.to_string(),
            Some(PropertyValue::String8(subject)) => subject.to_string(),
            _ => String::new(),
        };
        // A mark and the length of “RE: ” may stand before it.
        let skip = if subject.starts_with('\u{1}') { 2 } else { 0 };
        subjects.push(Some(subject.chars().skip(skip).collect::<String>().trim().to_owned()));
    }
    for row in folder.hierarchy_table().iter().flat_map(|table| table.rows_matrix()) {
        listed(store, &store.open_folder(&id(u32::from(row.id()))?)?, subjects)?;
    }
    Ok(())
}

fn samples() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let files = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let sources = home.map(|home| files(&home.join("registry/src"))).unwrap_or_default();
    let crates = sources.iter().flat_map(|source| files(source));
    let crates = crates.filter(|path| path.to_string_lossy().contains("/outlook-pst-"));
    let mut folders: Vec<PathBuf> = crates.map(|path| path.join("examples")).collect();
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/samples"));
    let files = folders.iter().flat_map(|folder| files(folder));
    files.filter(|path| path.extension().is_some_and(|end| end == "pst")).collect()
}

#[test]
fn mailboxes_of_outlook_are_read_as_another_reads_them() {
    let samples = samples();
    if samples.is_empty() {
        println!("left out: no sample of the crate outlook-pst in the registry's folder");
    }
    for path in samples {
        let mut subjects = Subjects::default();
        let shown = path.to_string_lossy();
        observe::read_file(&path, &shown, None, &settings(), &LogSources::builtin(), &mut subjects).unwrap();
        assert_eq!(subjects.problems, Vec::<String>::new(), "{shown}");
        let store = outlook_pst::open_store(&path).unwrap();
        let top = store.properties().ipm_sub_tree_entry_id().unwrap();
        let mut expected = Vec::new();
        listed(&store, &store.open_folder(&top).unwrap(), &mut expected).unwrap();
        assert_eq!(subjects.found.len(), expected.len(), "{shown}");
        for subject in expected.into_iter().flatten() {
            let at = subjects.found.iter().position(|found| *found == subject);
            subjects.found.swap_remove(at.unwrap_or_else(|| panic!("{subject} of {shown}")));
        }
        println!("{shown}: {} messages that the crate refuses", subjects.found.len());
    }
}
