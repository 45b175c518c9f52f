//! The program, run as people run it, and a record of what was used.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// Command and option, such as `("rules list", "--json")`, that some run has used.
pub(crate) static USED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output without its line breaks, which depend on the width.
    pub(crate) fn answer(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Standard output as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        // Ended by a signal: no code that a command documents.
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// The program that the tests were built with, or the one that `PORTCULLIS` names; away from the
/// user's cache, without colours.
pub(crate) fn portcullis() -> Command {
    let program = std::env::var_os("PORTCULLIS").unwrap_or_else(|| env!("CARGO_BIN_EXE_portcullis").into());
    let mut command = Command::new(program);
    command.env("NO_COLOR", "1").env("XDG_CACHE_HOME", place("cache")).stdin(Stdio::null());
    command
}

/// Runs the program.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Ran {
    note(args);
    portcullis().args(args).output().unwrap().into()
}

/// Hunts with `options` as one would write them in a shell, of which none holds a blank.
pub(crate) fn hunt(path: &Path, options: &str) -> Ran {
    let mut args = vec!["hunt".to_owned(), path.display().to_string()];
    args.extend(options.split_whitespace().map(str::to_owned));
    run(&args)
}

fn note<S: AsRef<OsStr>>(args: &[S]) {
    let words: Vec<String> = args.iter().map(|word| word.as_ref().to_string_lossy().into_owned()).collect();
    const GROUPS: [&str; 4] = ["rules", "exercise", "mail", "quarantine"];
    let grouped = words.first().is_some_and(|word| GROUPS.contains(&word.as_str()));
    let depth = if grouped { 2 } else { 1 };
    let (command, rest) = words.split_at(depth.min(words.len()));
    let mut used = USED.lock().unwrap();
    used.insert((command.join(" "), String::new()));
    for word in rest.iter().filter(|word| word.starts_with("--")) {
        let option = word.split('=').next().unwrap_or_default();
        used.insert((command.join(" "), option.to_owned()));
    }
}

/// A path below the folder of these tests.
pub(crate) fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("it").join(name)
}

/// An empty folder of this name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let dir = place(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// A file in a folder, with this content.
pub(crate) fn file(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// The JSON in a file.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The entry of the manifest in `case` whose path ends in `end`.
pub(crate) fn piece(case: &Path, end: &str) -> Value {
    let manifest = json(&case.join("manifest.json"));
    let mut all = manifest["evidence"].as_array().unwrap().iter();
    all.find(|piece| piece["path"].as_str().unwrap().ends_with(end)).unwrap_or(&Value::Null).clone()
}

/// A program of the Python environment that `cargo xtask setup` makes, if it is there.
pub(crate) fn judge(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin").join(name);
    if !path.exists() {
        println!("left out: {name} is not here (cargo xtask setup)");
    }
    path.exists().then_some(path)
}

/// An exercise for all tests: staged, hunted and scored once.
pub(crate) fn staged() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = folder("staged");
        let out = dir.display().to_string();
        let words = ["--seed", "5", "--scale", "0.01", "--threads", "2", "--out", &out];
        let ran = run(&[&["exercise", "run", "commission"][..], &words].concat());
        assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
        file(&dir, "answer.txt", &ran.out);
        dir
    })
}

/// The staged evidence.
pub(crate) fn evidence() -> PathBuf {
    staged().join("evidence")
}

/// Lines of a W3C log on one day, one request each.
pub(crate) fn w3c(requests: &[&str]) -> String {
    let mut log = "#Fields: date time s-ip cs-method cs-uri-stem c-ip sc-status\n".to_owned();
    for (second, request) in requests.iter().enumerate() {
        log += &format!("2021-08-24 09:00:{second:02} 10.0.0.5 {request} 203.0.113.7 200\n");
    }
    log
}

/// A Sigma rule on web logs.
pub(crate) fn rule(title: &str, id: &str, condition: &str) -> String {
    format!(
        "title: {title}\nid: 5d3f6f2e-6d6c-4b3e-9d51-{id:0>12}\nlogsource: {{category: webserver}}\n\
         detection:\n  s:\n    {condition}\n  condition: s\nlevel: high\ntags: [attack.t1505.003]\n"
    )
}
