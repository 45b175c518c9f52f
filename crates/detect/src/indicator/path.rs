//! Which fields of an event a STIX object path speaks of.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// What a STIX object path means in an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Path {
    #[serde(default)]
    pub(super) fields: Vec<String>,
    /// The path whose fields this one takes over.
    #[serde(default)]
    same_as: Option<String>,
    #[serde(default)]
    pub(super) part: Share,
}

/// A path by its name, and its meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) path: &'static str,
    pub(super) meaning: &'static Path,
}

/// Which share of a field's value a path means.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Share {
    #[default]
    Whole,
    Name,
    Folder,
    Word,
    Account,
    Key,
    Type,
}

static PATHS: LazyLock<FxHashMap<String, Path>> = LazyLock::new(|| {
    let mut paths: FxHashMap<String, Path> =
        toml::from_str(include_str!("../../data/stix-paths.toml")).unwrap_or_default();
    let borrowed: Vec<(String, Vec<String>)> = paths
        .iter()
        .filter_map(|(path, meaning)| {
            let fields = paths.get(meaning.same_as.as_ref()?)?.fields.clone();
            Some((path.clone(), fields))
        })
        .collect();
    for (path, fields) in borrowed {
        if let Some(meaning) = paths.get_mut(&path) {
            meaning.fields.extend(fields);
        }
    }
    paths
});

impl Scope {
    /// The meaning of `path`, written `type:property.property` without list indices.
    pub(super) fn of(path: &str) -> Option<Self> {
        PATHS.get_key_value(path).map(|(path, meaning)| Self { path, meaning })
    }
}

/// Whether `field` stands for any path of the object type `kind`.
pub(super) fn speaks_of(kind: &str, field: &str) -> bool {
    PATHS.iter().any(|(path, meaning)| {
        path.split(':').next() == Some(kind) && meaning.fields.iter().any(|name| name == field)
    })
}

impl Path {
    /// Whether `test` holds for any share of `value` that this path means.
    pub(super) fn any(&self, value: &str, mut test: impl FnMut(&str) -> bool) -> bool {
        let (folder, name) = split_name(value);
        match self.part {
            Share::Whole => test(value.trim()),
            Share::Name => test(name),
            // A folder is logged by itself, with or without its last slash, or before a name.
            Share::Folder => test(folder) || test(value.trim()),
            Share::Word => test(value) || value.split(|c: char| BREAKS.contains(c)).any(test),
            Share::Account => test(value) || test(name),
            Share::Key => keys(value).iter().any(|key| test(key) || test(split_name(key).0)),
            Share::Type => test(type_of(value.trim())),
        }
    }

    /// A constant as it would be logged: a folder or key without its last slash.
    pub(super) fn plain<'t>(&self, text: &'t str) -> &'t str {
        let bare = text.trim_end_matches(['\\', '/']);
        if matches!(self.part, Share::Folder | Share::Key) && !bare.is_empty() { bare } else { text }
    }
}

const BREAKS: &str = " \t\r\n,;\"'<>()[]{}=|";

/// The STIX type of what a reference such as `dst_ref` would point to.
fn type_of(value: &str) -> &'static str {
    match value.parse::<std::net::IpAddr>() {
        Ok(address) if address.to_canonical().is_ipv4() => "ipv4-addr",
        Ok(_) => "ipv6-addr",
        Err(_) if value.contains('@') => "email-addr",
        Err(_) if value.contains("://") => "url",
        Err(_) => "domain-name",
    }
}

/// What precedes and what follows the last slash or backslash.
pub(super) fn split_name(value: &str) -> (&str, &str) {
    value.rfind(['\\', '/']).map_or(("", value), |at| (&value[..at], &value[at + 1..]))
}

/// A registry key as it stands, and under every name of its hive.
pub(super) fn keys(value: &str) -> Vec<String> {
    const HIVES: [(&str, &str); 6] = [
        ("HKLM\\", "HKEY_LOCAL_MACHINE\\"),
        ("HKCU\\", "HKEY_CURRENT_USER\\"),
        ("HKU\\", "HKEY_USERS\\"),
        ("HKCR\\", "HKEY_CLASSES_ROOT\\"),
        ("\\REGISTRY\\MACHINE\\", "HKEY_LOCAL_MACHINE\\"),
        ("\\REGISTRY\\USER\\", "HKEY_USERS\\"),
    ];
    let rest = |hive: &str| {
        let start = value.get(..hive.len())?;
        start.eq_ignore_ascii_case(hive).then(|| &value[hive.len()..])
    };
    let found = HIVES.iter().find_map(|(short, long)| Some((*long, rest(short).or_else(|| rest(long))?)));
    let mut out = vec![value.to_owned()];
    if let Some((hive, rest)) = found {
        let names = HIVES.iter().filter(|(_, long)| *long == hive).map(|(short, _)| *short);
        out.extend(names.chain([hive]).map(|name| format!("{name}{rest}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_paths_can_be_read_and_names_every_field_once() {
        assert!(PATHS.len() > 60, "{}", PATHS.len());
        for (path, entry) in PATHS.iter() {
            assert!(path.contains(':') && !entry.fields.is_empty(), "{path}");
            let mut fields = entry.fields.clone();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), entry.fields.len(), "{path}");
        }
        // A borrower of a borrower would take nothing.
        for entry in PATHS.values() {
            let lender = entry.same_as.as_ref().map(|path| &PATHS[path]);
            assert!(lender.is_none_or(|lender| lender.same_as.is_none()));
        }
    }

    #[test]
    fn a_path_means_a_share_of_the_value() {
        for (path, value, wanted, holds) in [
            ("process:name", r"C:\Windows\cmd.exe", "CMD.EXE", true),
            ("directory:path", r"C:\Windows\cmd.exe", r"C:\Windows", true),
            ("directory:path", r"C:\Windows\", r"C:\Windows", true),
            ("directory:path", "/tmp", "/tmp", true),
            ("file:hashes", "MD5=AB,SHA256=CD", "cd", true),
            ("user-account:user_id", r"CORP\ann", "ann", true),
            ("windows-registry-key:key", r"HKLM\Software\Run\Evil", r"HKEY_LOCAL_MACHINE\Software\Run", true),
            ("network-traffic:dst_ref.type", "::ffff:10.0.0.1", "ipv4-addr", true),
            ("network-traffic:dst_ref.type", "a.example", "domain-name", true),
            ("process:command_line", "cmd /c x", "cmd", false),
        ] {
            let meaning = Scope::of(path).unwrap().meaning;
            assert_eq!(
                meaning.any(value, |share| share.eq_ignore_ascii_case(wanted)),
                holds,
                "{path} {value}"
            );
        }
    }
}
