use crate::seen::{Seen, settings};
use std::collections::BTreeMap;
fn walk(p: &std::path::Path, f: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(p).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() { walk(&p, f) } else { f.push(p) }
    }
}
#[test]
#[ignore]
fn scan() {
    let mut files = Vec::new();
    walk(std::path::Path::new(&std::env::var("SCAN").unwrap()), &mut files);
    files.sort();
    let sources = observe::LogSources::builtin();
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    for f in files {
        let mut seen = Seen::default();
        let start = std::time::Instant::now();
        if let Err(e) = observe::read_file(&f, "x", None, &settings(), &sources, &mut seen) {
            println!("{f:?} {e}");
            continue;
        }
        let ext = f.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        for p in &seen.pieces {
            *by.entry(format!("{ext} -> {}", p.format.unwrap())).or_default() += 1;
        }
        let p = &seen.pieces[0];
        if std::env::var("V").is_ok() || start.elapsed().as_secs() > 2 {
            println!(
                "{} {:?} {} events {} problems {:?}",
                f.display(),
                p.format.unwrap(),
                seen.events(),
                seen.problems().len(),
                start.elapsed()
            );
        }
        for t in seen.problems().iter().take(2) {
            println!("   {} {t}", f.display());
        }
    }
    println!("{by:#?}");
}
