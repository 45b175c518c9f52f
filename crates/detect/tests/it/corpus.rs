//! The SigmaHQ rules load, or say why not.

use std::path::{Path, PathBuf};

use detect::Loader;

pub(crate) fn rule_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            rule_files(&entry, out);
        } else if entry.extension().is_some_and(|end| end == "yml") {
            out.push(entry);
        }
    }
}

pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(part);
    if !path.exists() {
        println!("left out: {part} of the shared test data is not here");
        return None;
    }
    Some(path)
}

#[test]
fn published_rules_load_or_say_why() {
    let Some(dir) = shared("sigma") else { return };
    let mut files = Vec::new();
    rule_files(&dir, &mut files);
    let mut loader = Loader::default();
    for file in &files {
        loader.add(&file.display().to_string(), &std::fs::read_to_string(file).unwrap());
    }
    let set = loader.finish();
    let told = set.rejected.len() + set.remarks.len();
    assert_eq!(set.rules.len() + set.correlations.len() + told, files.len());
    for rejected in &set.rejected {
        assert!(rejected.reason.contains("placeholder"), "{rejected:?}");
        assert!(rejected.line > 1, "{rejected:?}");
    }
}
