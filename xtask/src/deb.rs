//! The Debian package: what the archive has, at the places where Debian looks, and a service for the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use flate2::{Compression, GzBuilder};

/// What Debian's own programs read, as it stands in the source.
const SERVICE: &[u8] = include_bytes!("../debian/portcullis-gate.service");
const CONFIG: &[u8] = include_bytes!("../debian/gate.toml");
const SYSUSERS: &[u8] = include_bytes!("../debian/sysusers.conf");
const COPYRIGHT: &[u8] = include_bytes!("../debian/copyright");
const SCRIPTS: [(&str, &[u8]); 3] = [
    ("postinst", include_bytes!("../debian/postinst")),
    ("prerm", include_bytes!("../debian/prerm")),
    ("postrm", include_bytes!("../debian/postrm")),
];
/// Where the configuration lies, which an upgrade leaves as the administrator wrote it.
const CONFFILE: &str = "etc/portcullis/gate.toml";
const DOC: &str = "usr/share/doc/portcullis";

/// Debian's name of this machine's kind.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "i386",
        "arm" => "armhf",
        "riscv64" => "riscv64",
        "powerpc64" => "ppc64el",
        other => other,
    }
}

/// The package of the archive's `files`, every one of the date `date`. The same files give the same bytes.
pub(crate) fn package(files: &BTreeMap<String, Vec<u8>>, date: u64) -> std::io::Result<Vec<u8>> {
    let tree = tree(files)?;
    let size: usize = tree.values().map(Vec::len).sum();
    let mut control = BTreeMap::from([
        ("control".to_owned(), control(size).into_bytes()),
        ("conffiles".to_owned(), format!("/{CONFFILE}\n").into_bytes()),
        ("md5sums".to_owned(), sums(&tree).into_bytes()),
    ]);
    for (name, script) in SCRIPTS {
        control.insert(name.to_owned(), script.to_owned());
    }
    let mut package = ar::Builder::new(Vec::new());
    for (name, content) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", tarred(&control, date)?),
        ("data.tar.gz", tarred(&tree, date)?),
    ] {
        let mut header = ar::Header::new(name.as_bytes().to_vec(), content.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(date);
        package.append(&header, content.as_slice())?;
    }
    package.into_inner()
}

/// Where each file of the archive goes, and what a package has beside them.
fn tree(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut tree = BTreeMap::from([
        (CONFFILE.to_owned(), CONFIG.to_vec()),
        ("usr/lib/systemd/system/portcullis-gate.service".to_owned(), SERVICE.to_vec()),
        ("usr/lib/sysusers.d/portcullis.conf".to_owned(), SYSUSERS.to_vec()),
        (format!("{DOC}/copyright"), COPYRIGHT.to_vec()),
    ]);
    for (name, content) in files {
        let (place, packed) = match name.as_str() {
            "portcullis" => ("usr/bin/portcullis".to_owned(), false),
            "completions/portcullis.bash" => {
                ("usr/share/bash-completion/completions/portcullis".to_owned(), false)
            }
            "completions/portcullis.fish" => {
                ("usr/share/fish/vendor_completions.d/portcullis.fish".to_owned(), false)
            }
            "completions/_portcullis" => ("usr/share/zsh/vendor-completions/_portcullis".to_owned(), false),
            "CHANGELOG.md" => (format!("{DOC}/changelog.gz"), true),
            "THIRD-PARTY.txt" => (format!("{DOC}/THIRD-PARTY.txt.gz"), true),
            "NOTICE" | "README.md" => (format!("{DOC}/{name}"), false),
            // Debian has the text of the licence, no other shells, and sums of its own.
            "LICENSE" | "SHA256SUMS" => continue,
            other => match other.split_once('/') {
                Some(("man", page)) => (format!("usr/share/man/man1/{page}.gz"), true),
                Some(("docs", page)) => (format!("{DOC}/{page}"), false),
                _ => continue,
            },
        };
        tree.insert(place, if packed { gzip(content)? } else { content.clone() });
    }
    Ok(tree)
}

fn control(size: usize) -> String {
    format!(
        "Package: portcullis\n\
         Version: {}\n\
         Architecture: {}\n\
         Maintainer: The Portcullis project <maintainers@portcullis.invalid>\n\
         Installed-Size: {}\n\
         Section: mail\n\
         Priority: optional\n\
         Suggests: postfix\n\
         Description: finds intrusions in logs and mailboxes, and stops reconnaissance mail\n \
         Portcullis takes a small security team from evidence to statement: it reads\n \
         logs and mailboxes, judges every record by Sigma rules and indicators, and\n \
         writes a report that points at its evidence.\n \
         .\n \
         As a gate it stands in the door of a mail server, as a milter or a proxy, and\n \
         passes, tags, neutralises, keeps back or rejects what comes.\n",
        env!("CARGO_PKG_VERSION"),
        architecture(),
        size.div_ceil(1024)
    )
}

/// Checksums in the form that `dpkg --verify` reads.
fn sums(tree: &BTreeMap<String, Vec<u8>>) -> String {
    use md5::Digest as _;
    let listed = tree.iter().filter(|(place, _)| *place != CONFFILE);
    listed.map(|(place, content)| format!("{}  {place}\n", hex(&md5::Md5::digest(content)))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files with the folders that they lie in, of nobody in particular, packed.
fn tarred(tree: &BTreeMap<String, Vec<u8>>, date: u64) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::best()));
    let mut folders = BTreeSet::from([String::new()]);
    for place in tree.keys() {
        folders.extend(place.match_indices('/').map(|(at, _)| format!("{}/", &place[..at])));
    }
    let mut add = |place: &str, mode: u32, kind: tar::EntryType, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(date);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        archive.append_data(&mut header, if place.is_empty() { "./" } else { place }, content)
    };
    // A folder stands before what lies in it: its name is shorter and begins the other.
    for folder in &folders {
        add(folder, 0o755, tar::EntryType::Directory, &[])?;
    }
    for (place, content) in tree {
        let program = place.starts_with("usr/bin/") || SCRIPTS.iter().any(|(name, _)| name == place);
        add(place, if program { 0o755 } else { 0o644 }, tar::EntryType::Regular, content)?;
    }
    archive.into_inner()?.finish()
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    packed.write_all(content)?;
    packed.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let all =
            ["portcullis", "CHANGELOG.md", "man/portcullis.1", "docs/gate.md", "completions/portcullis.elv"];
        all.map(|name| (name.to_owned(), name.as_bytes().to_vec())).into()
    }

    /// Paths and modes in one of the package's two archives.
    fn listed(package: &[u8], member: &str) -> Vec<(String, u32)> {
        let mut outer = ar::Archive::new(package);
        while let Some(entry) = outer.next_entry() {
            let entry = entry.unwrap();
            if entry.header().identifier() == member.as_bytes() {
                let mut inner = tar::Archive::new(flate2::read::GzDecoder::new(entry));
                let each = inner.entries().unwrap().map(|entry| {
                    let entry = entry.unwrap();
                    let path = entry.path_bytes();
                    (String::from_utf8_lossy(&path).into_owned(), entry.header().mode().unwrap())
                });
                return each.collect();
            }
        }
        panic!("{member} is not in the package")
    }

    #[test]
    fn everything_has_its_place() {
        let package = package(&files(), 7).unwrap();
        assert_eq!(package, super::package(&files(), 7).unwrap(), "the same files, the same bytes");
        assert!(
            package
                .starts_with(b"!<arch>\ndebian-binary   7           0     0     100644  4         `\n2.0\n")
        );
        let data = listed(&package, "data.tar.gz");
        for (path, mode) in [
            ("usr/bin/portcullis", 0o755),
            ("etc/portcullis/gate.toml", 0o644),
            ("usr/lib/systemd/system/portcullis-gate.service", 0o644),
            ("usr/share/man/man1/portcullis.1.gz", 0o644),
            ("usr/share/doc/portcullis/changelog.gz", 0o644),
            ("usr/share/doc/portcullis/gate.md", 0o644),
        ] {
            assert!(data.contains(&(path.to_owned(), mode)), "{path}: {data:?}");
        }
        assert!(!data.iter().any(|(path, _)| path.ends_with(".elv")));
        // dpkg makes no folder that the package does not name before what lies in it.
        for (at, (path, _)) in data.iter().enumerate() {
            let above = path.trim_end_matches('/').rsplit_once('/').map(|(above, _)| format!("{above}/"));
            let known =
                path == "./" || above.is_none_or(|above| data[..at].iter().any(|(path, _)| *path == above));
            assert!(known, "{path} lies in no folder: {data:?}");
        }
        let control = listed(&package, "control.tar.gz");
        assert!(control.contains(&("postinst".to_owned(), 0o755)), "{control:?}");
    }
}
