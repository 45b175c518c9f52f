//! What is given away: a static program, its pages, the licences of all that is in it, as an archive and as a package
//! of Debian.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::deb;
use crate::notices;
use crate::steps::{root, step};

/// Builds and checks the program, and packs it into `target/distribution`.
///
/// Everything in the archive has the date of the last commit (or `SOURCE_DATE_EPOCH`), no owner, and
/// a fixed order, so that two people who build the same commit can compare what they got.
pub(crate) fn run() -> Result<(), String> {
    let target = target();
    let name = format!("portcullis-{}-{target}", env!("CARGO_PKG_VERSION"));
    let out = root().join("target/distribution");
    let binary = build(&target)?;
    let bytes = std::fs::read(&binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    is_static(&bytes)?;
    println!("── static: {} MB, no interpreter and no library is asked for", bytes.len() >> 20);
    hunts(&binary)?;

    let mut files = BTreeMap::from([("portcullis".to_owned(), bytes)]);
    pages(&binary, &mut files)?;
    for name in ["LICENSE", "NOTICE", "README.md", "CHANGELOG.md"] {
        files.insert(name.to_owned(), read(&root().join(name))?);
    }
    for (name, bytes) in folder(&root().join("docs"))? {
        files.insert(format!("docs/{name}"), bytes);
    }
    for (name, bytes) in folder(&root().join("docs/schema"))? {
        files.insert(format!("docs/schema/{name}"), bytes);
    }
    files.insert("THIRD-PARTY.txt".to_owned(), notices::text(&target)?.into_bytes());
    files.insert("SHA256SUMS".to_owned(), sums(&files).into_bytes());

    let archive = pack(&name, &files, date()).map_err(|error| format!("{name}: {error}"))?;
    let deb = format!("portcullis_{}_{}.deb", env!("CARGO_PKG_VERSION"), deb::architecture());
    let package = deb::package(&files, date()).map_err(|error| format!("{deb}: {error}"))?;
    let packed = BTreeMap::from([(format!("{name}.tar.gz"), archive), (deb, package)]);
    for (name, bytes) in &packed {
        write(&out.join(name), bytes)?;
        println!("── {name}: {} MB", bytes.len() >> 20);
    }
    let whole = sums(&packed);
    write(&out.join("SHA256SUMS"), whole.as_bytes())?;
    print!("── {} files\n{whole}", files.len());
    windows()
}

/// The musl target where it and a C compiler for it are installed, else the GNU one.
fn target() -> String {
    let musl = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let compiler = Command::new("musl-gcc").arg("--version").output();
    if is_installed(&musl) && compiler.is_ok_and(|output| output.status.success()) {
        musl
    } else {
        println!("no musl target with its C compiler here; the GNU C library is linked in as a whole");
        format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
    }
}

fn is_installed(target: &str) -> bool {
    let Ok(output) = Command::new("rustc").args(["--print", "sysroot"]).output() else { return false };
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Path::new(&sysroot).join("lib/rustlib").join(target).join("lib").is_dir()
}

fn build(target: &str) -> Result<PathBuf, String> {
    // Where it was built must not be in it: neither a secret of the builder nor a difference.
    let cargo_home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map_err(|_| "neither CARGO_HOME nor HOME is set".to_owned())?;
    let flags = [
        "-Ctarget-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={cargo_home}/registry/src=crates"),
        format!("--remap-path-prefix={}=portcullis", root().display()),
    ];
    let args = ["build", "--locked", "--profile", "dist", "-p", "portcullis", "--target", target];
    step("dist", &args, &[("CARGO_ENCODED_RUSTFLAGS", &flags.join("\x1f"))])?;
    Ok(target_dir().join(target).join("dist/portcullis"))
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether a 64-bit ELF asks for no interpreter; what asks for none loads no library either.
fn is_static(elf: &[u8]) -> Result<(), String> {
    const INTERPRETER: u32 = 3;
    let number = |at: usize, size: usize| -> Option<u64> {
        let bytes = elf.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let headers = || -> Option<Vec<u32>> {
        (elf.get(..6)? == b"\x7fELF\x02\x01").then_some(())?;
        let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        (0..count).map(|place| Some(number((start + place * size) as usize, 4)? as u32)).collect()
    };
    let kinds = headers().ok_or("the program is no little-endian 64-bit ELF file")?;
    if kinds.contains(&INTERPRETER) { Err("the program is not static".to_owned()) } else { Ok(()) }
}

/// The program that is given away must do its main job, in an environment without anything.
fn hunts(binary: &Path) -> Result<(), String> {
    let out = root().join("target/tmp/dist-exercise");
    let _ = std::fs::remove_dir_all(&out);
    let output = Command::new(binary)
        .args(["exercise", "run", "commission", "--seed", "5", "--scale", "0.01", "--out"])
        .arg(&out)
        .env_clear()
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let _ = std::fs::remove_dir_all(&out);
    let said = String::from_utf8_lossy(&output.stdout);
    for line in said.lines().skip_while(|line| !line.starts_with("How well")).skip(1).take(6) {
        println!("── exercise: {}", line.trim_start());
    }
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "the built program fails its exercise:\n{said}{}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Completions and manual pages, written by the program itself.
fn pages(binary: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let run = |args: &[&str]| -> Result<Vec<u8>, String> {
        let output = Command::new(binary).args(args).output().map_err(|error| error.to_string())?;
        output.status.success().then_some(output.stdout).ok_or(format!("portcullis {args:?} failed"))
    };
    let shells = [
        ("bash", "portcullis.bash"),
        ("elvish", "portcullis.elv"),
        ("fish", "portcullis.fish"),
        ("powershell", "_portcullis.ps1"),
        ("zsh", "_portcullis"),
    ];
    for (shell, name) in shells {
        files.insert(format!("completions/{name}"), run(&["completions", shell])?);
    }
    let man = root().join("target/tmp/dist-man");
    let _ = std::fs::remove_dir_all(&man);
    std::fs::create_dir_all(&man).map_err(|error| format!("{}: {error}", man.display()))?;
    run(&["manual", &man.to_string_lossy()])?;
    for (name, bytes) in folder(&man)? {
        files.insert(format!("man/{name}"), bytes);
    }
    Ok(())
}

/// Seconds since 1970 that every file of the archive carries.
fn date() -> u64 {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let commit = || {
        let output =
            Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    given.or_else(commit).and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

fn pack(name: &str, files: &BTreeMap<String, Vec<u8>>, date: u64) -> std::io::Result<Vec<u8>> {
    let packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(packed);
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if path == "portcullis" { 0o755 } else { 0o644 });
        header.set_mtime(date);
        archive.append_data(&mut header, format!("{name}/{path}"), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

fn sums(files: &BTreeMap<String, Vec<u8>>) -> String {
    files.iter().map(|(path, bytes)| format!("{}  {path}\n", hex(&Sha256::digest(bytes)))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks that the program compiles for Windows, where a target for it is installed.
pub(crate) fn windows() -> Result<(), String> {
    let targets = ["x86_64-pc-windows-gnu", "x86_64-pc-windows-gnullvm", "x86_64-pc-windows-msvc"];
    match targets.into_iter().find(|target| is_installed(target)) {
        Some(target) => step("windows", &["check", "--locked", "-p", "portcullis", "--target", target], &[]),
        None => {
            println!("left out: no Windows target is installed (rustup target add {})", targets[0]);
            Ok(())
        }
    }
}

/// The files in a folder, by name; not those in folders below it.
fn folder(path: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if entry.file_type().map_err(wrong)?.is_file() {
            files.push((entry.file_name().to_string_lossy().into_owned(), read(&entry.path())?));
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(kinds: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56 * kinds.len()];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[32], bytes[54], bytes[56]) = (64, 56, kinds.len() as u8);
        kinds.iter().enumerate().for_each(|(place, kind)| bytes[64 + 56 * place] = *kind);
        bytes
    }

    #[test]
    fn an_interpreter_is_seen() {
        assert!(is_static(&elf(&[6, 1, 2])).is_ok());
        assert!(is_static(&elf(&[6, 3, 1])).is_err());
        assert!(is_static(&elf(&[1, 1])[..100]).is_err());
        assert!(is_static(b"MZ").is_err());
    }

    #[test]
    fn the_archive_depends_on_nothing_but_its_files() {
        let files = BTreeMap::from([("b".to_owned(), vec![1]), ("a/c".to_owned(), vec![2; 5000])]);
        let packed = pack("x", &files, 7).unwrap();
        assert_eq!(packed, pack("x", &files, 7).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let names: Vec<_> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(names, [Path::new("x/a/c"), Path::new("x/b")]);
    }
}
