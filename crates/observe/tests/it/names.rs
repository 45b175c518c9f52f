//! The names of log sources that readers ask for stand in the table.

use std::path::Path;

use model::SourceId;
use observe::LogSources;

/// Every quoted text that follows `mark` in the files below `folder` with that ending.
fn quoted_after(mark: &str, folder: &Path, ending: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            quoted_after(mark, &path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(names.filter(|name| !name.contains(' ')).map(str::to_owned));
        }
    }
}

#[test]
fn every_name_that_a_reader_asks_for_is_known() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    quoted_after("named(\"", &room.join("src"), ".rs", &mut names);
    quoted_after("\nsource = \"", &room.join("data"), "json-shapes.toml", &mut names);
    assert!(names.len() > 20, "{names:?}");
    let sources = LogSources::builtin();
    for name in names.iter().filter(|name| !name.is_empty()) {
        assert_ne!(sources.named(name), SourceId(0), "{name} is not in data/sources.toml");
    }
}
