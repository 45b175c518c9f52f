//! Where rules, placeholders and suppressions come from, and the cache of what was loaded.

use std::fs;
use std::path::{Path, PathBuf};

use detect::{Loader, Placeholders, RuleSet, Suppression};
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::failure::Failure;

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../rules");

/// Which rules to load.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RuleArgs {
    /// Sigma rules to add: a file, or a folder that is searched for *.yml and *.yaml. Repeat for
    /// more; of two rules with one id the later counts
    #[arg(long = "rules", value_name = "PATH", help_heading = "Rules")]
    pub(crate) rules: Vec<PathBuf>,
    /// Leave out the built-in rules
    #[arg(long, help_heading = "Rules")]
    pub(crate) no_builtin: bool,
    /// Values for placeholders of `expand`, as a TOML or JSON file of lists: admins = ["ann", "bob"]
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub(crate) placeholders: Option<PathBuf>,
}

/// The texts of every rule file, in order: the built-in ones, then each path's files by name.
pub(crate) struct RuleTexts {
    files: Vec<(String, String)>,
    unreadable: Vec<(String, String)>,
    placeholders: Placeholders,
}

impl RuleTexts {
    pub(crate) fn read(args: &RuleArgs) -> Result<Self> {
        let mut out = Self { files: Vec::new(), unreadable: Vec::new(), placeholders: placeholders(args)? };
        if !args.no_builtin {
            add_builtin(&BUILTIN, &mut out.files);
        }
        for path in &args.rules {
            if !path.exists() {
                return Err(Failure::usage(format!("there are no rules at {}", path.display()))
                    .hint("--rules takes a Sigma file or a folder of them"));
            }
            out.add(path);
        }
        Ok(out)
    }

    fn add(&mut self, path: &Path) {
        if path.is_dir() {
            let mut entries: Vec<PathBuf> = match fs::read_dir(path) {
                Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
                Err(error) => {
                    self.unreadable.push((path.display().to_string(), error.to_string()));
                    return;
                }
            };
            entries.sort();
            for entry in entries {
                let is_rule = entry.extension().is_some_and(|end| end == "yml" || end == "yaml");
                // A link to a folder could lead in a circle; rules are not kept that way.
                if (entry.is_dir() && !entry.is_symlink()) || (entry.is_file() && is_rule) {
                    self.add(&entry);
                }
            }
            return;
        }
        match fs::read_to_string(path) {
            Ok(text) => self.files.push((path.display().to_string(), text)),
            Err(error) => self.unreadable.push((path.display().to_string(), error.to_string())),
        }
    }

    /// Loads the rules, from the cache where it holds exactly these.
    pub(crate) fn load(&self) -> RuleSet {
        let key = self.key();
        let cache = cache_file(&key);
        if let Some(set) = cache.as_ref().and_then(|path| fs::read(path).ok()).and_then(|bytes| taken(&bytes))
        {
            return set;
        }
        let mut loader = Loader::new(self.placeholders.clone());
        for (source, text) in &self.files {
            loader.add(source, text);
        }
        for (source, reason) in &self.unreadable {
            loader.unreadable(source, reason);
        }
        let set = loader.finish();
        if let Some(path) = cache {
            keep(&path, &set);
        }
        set
    }

    /// The text of the file that a rule was read from.
    pub(crate) fn text(&self, source: &str) -> Option<&str> {
        self.files.iter().find(|(name, _)| name == source).map(|(_, text)| text.as_str())
    }

    fn key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(build_id());
        hash.update(format!("{:?}{:?}", self.placeholders, self.unreadable));
        for (source, text) in &self.files {
            hash.update((source.len() as u64).to_le_bytes());
            hash.update(source);
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        model::hex(&hash.finalize())
    }
}

/// A cache from another build of one version would have another shape.
fn build_id() -> String {
    let about = std::env::current_exe().and_then(fs::metadata);
    about.map(|data| format!("{}{:?}", data.len(), data.modified().ok())).unwrap_or_default()
}

fn add_builtin(dir: &Dir<'_>, out: &mut Vec<(String, String)>) {
    let mut files: Vec<_> =
        dir.files().filter(|file| file.path().extension().is_some_and(|end| end == "yml")).collect();
    files.sort_by_key(|file| file.path());
    for file in files {
        let name = format!("builtin/{}", file.path().display());
        out.push((name, String::from_utf8_lossy(file.contents()).into_owned()));
    }
    let mut dirs: Vec<_> = dir.dirs().collect();
    dirs.sort_by_key(|dir| dir.path());
    dirs.into_iter().for_each(|dir| add_builtin(dir, out));
}

fn placeholders(args: &RuleArgs) -> Result<Placeholders> {
    let Some(path) = &args.placeholders else { return Ok(Placeholders::default()) };
    let text = read_text(path, "placeholders")?;
    let wrong = |error: &dyn std::error::Error| {
        Failure::usage(format!("{} is no list of placeholders", path.display()))
            .because(error)
            .hint("write TOML such as: admins = [\"ann\", \"bob\"]")
    };
    if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|error| wrong(&error))
    } else {
        toml::from_str(&text).map_err(|error| wrong(&error))
    }
}

/// The entries of a suppression file.
pub(crate) fn suppressions(path: Option<&PathBuf>) -> Result<Vec<Suppression>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        suppress: Vec<Suppression>,
    }
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = read_text(path, "suppressions")?;
    let file: File = toml::from_str(&text).map_err(|error| {
        Failure::usage(format!("{} is no suppression file", path.display()))
            .because(&error)
            .hint("each entry is [[suppress]] with rule, event, reason and expires; see docs/suppression.md")
    })?;
    Ok(file.suppress)
}

pub(crate) fn read_text(path: &Path, what: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read {what} from {}", path.display())).because(&error)
    })
}

/// The user's cache folder, never a folder of evidence: what lies there could be planted.
fn cache_file(key: &str) -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .or_else(|| std::env::var_os("LOCALAPPDATA"))
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    base.is_absolute().then(|| base.join("portcullis").join(format!("rules-{key}.cache")))
}

/// The rules in a cache file, if its checksum says that it is whole.
fn taken(bytes: &[u8]) -> Option<RuleSet> {
    let (sum, rest) = bytes.split_at_checked(32)?;
    (Sha256::digest(rest)[..] == *sum).then(|| postcard::from_bytes(rest).ok())?
}

/// A cache that cannot be written costs half a second next time, and is not worth a word.
fn keep(path: &Path, set: &RuleSet) {
    let Some(dir) = path.parent() else { return };
    let Ok(bytes) = postcard::to_stdvec(set) else { return };
    if fs::create_dir_all(dir).is_err() {
        return;
    }
    // The caches of earlier rule sets are of no use to anybody.
    let old = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut old: Vec<PathBuf> =
        old.filter(|path| path.extension().is_some_and(|end| end == "cache")).collect();
    old.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    for path in old.iter().rev().skip(7) {
        let _ = fs::remove_file(path);
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let whole = [&Sha256::digest(&bytes)[..], &bytes].concat();
    if fs::write(&partial, whole).and_then(|()| fs::rename(&partial, path)).is_err() {
        let _ = fs::remove_file(&partial);
    }
}
