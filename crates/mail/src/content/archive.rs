//! Names in an archive. What lies in it is not unpacked further than one archive in another.

use std::io::{Cursor, Read};

use super::{Part, sniff};
use crate::documents::package;

/// Names that are kept.
const NAMES: usize = 200;
/// Bytes that a compressed stream may unpack to before its names are read.
const UNPACKED: u64 = 16 << 20;
/// Archives in an archive that are opened.
const INNER: usize = 8;

/// What an archive holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive {
    /// Names of its members, those in an archive within it behind that one's name and `!`.
    pub(crate) names: Vec<String>,
    /// Members, as far as they were counted.
    pub(crate) count: u64,
    /// Whether a member can only be read with a password.
    pub(crate) encrypted: bool,
    /// What else it says.
    pub(crate) traits: Vec<&'static str>,
}

impl Archive {
    fn name(&mut self, outer: &str, name: &str) {
        self.count += 1;
        self.told(name);
        if self.names.len() < NAMES {
            let name = &name[..name.floor_char_boundary(1000)];
            self.names.push(if outer.is_empty() { name.to_owned() } else { format!("{outer}!{name}") });
        }
    }

    fn told(&mut self, name: &str) {
        let trait_ = match sniff::declared_as(name) {
            Some("text/x-script" | "application/vnd.microsoft.portable-executable") => "member-program",
            Some("application/x-ms-shortcut") => "member-shortcut",
            Some("application/x-iso9660-image" | "application/x-virtualbox-vhd") => "member-disk-image",
            Some("text/html" | "image/svg+xml") => "member-page",
            _ => return,
        };
        self.tell(trait_);
    }

    fn tell(&mut self, what: &'static str) {
        if !self.traits.contains(&what) {
            self.traits.push(what);
        }
    }
}

/// Looks into an archive.
pub(crate) fn look(part: &Part<'_>) -> Archive {
    let mut archive = Archive::default();
    bytes(&part.bytes, part.name.as_deref(), "", &mut archive);
    archive
}

fn bytes(bytes: &[u8], name: Option<&str>, outer: &str, archive: &mut Archive) {
    match bytes {
        [b'P', b'K', 3 | 5, ..] => zip(bytes, outer, archive),
        [0x1f, 0x8b, ..] => gzip(bytes, name, outer, archive),
        [b'R', b'a', b'r', b'!', 0x1a, 0x07, ..] => archive.encrypted |= rar(bytes),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => archive.encrypted |= seven(bytes),
        _ if bytes.get(257..262) == Some(b"ustar") => tar(bytes, outer, archive),
        _ => {}
    }
}

fn zip(whole: &[u8], outer: &str, archive: &mut Archive) {
    let mut inner = Vec::new();
    let mut budget = UNPACKED;
    let told = package::each(whole, &mut |member, reader| {
        archive.name(outer, &member.name);
        archive.encrypted |= member.encrypted;
        let packed = sniff::declared_as(&member.name).and_then(sniff::group) == Some("archive");
        if outer.is_empty() && packed && !member.encrypted && inner.len() < INNER {
            let mut unpacked = Vec::new();
            // A torn member is looked into as far as it goes.
            let _ = reader.take(budget).read_to_end(&mut unpacked);
            budget -= unpacked.len() as u64;
            inner.push((member.name.clone(), unpacked));
        }
        true
    });
    if let Err(why) = told {
        archive.tell(why);
    }
    for (name, unpacked) in inner {
        bytes(&unpacked, Some(&name), &name, archive);
    }
}

fn gzip(whole: &[u8], name: Option<&str>, outer: &str, archive: &mut Archive) {
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(whole);
    let _ = decoder.by_ref().take(UNPACKED).read_to_end(&mut unpacked);
    if unpacked.get(257..262) == Some(b"ustar") {
        return tar(&unpacked, outer, archive);
    }
    let stored = decoder.header().and_then(flate2::GzHeader::filename);
    let inner = match stored {
        Some(stored) => String::from_utf8_lossy(stored).into_owned(),
        None => name.and_then(|name| name.strip_suffix(".gz")).unwrap_or("data").to_owned(),
    };
    archive.name(outer, &inner);
}

/// Names in a tar archive: headers of 512 bytes, each with the size of what follows.
fn tar(whole: &[u8], outer: &str, archive: &mut Archive) {
    let mut reader = tar::Archive::new(Cursor::new(whole));
    let Ok(entries) = reader.entries() else { return };
    for entry in entries.take(package::MEMBERS) {
        let Ok(entry) = entry else { break };
        archive.name(outer, &String::from_utf8_lossy(&entry.path_bytes()));
    }
}

/// Whether a RAR archive asks for a password: its names are encrypted or its first member is.
fn rar(whole: &[u8]) -> bool {
    match whole.get(6..8) {
        // Version 5: checksum, size, type of the first block, each of seven bits a byte; 4 is encryption.
        Some([1, 0]) => {
            let after = whole.get(12..).unwrap_or_default();
            let size = after.iter().take(3).take_while(|byte| **byte & 0x80 != 0).count() + 1;
            after.get(size) == Some(&4)
        }
        // Version 4: a flag of the archive, or of its first file.
        Some([0, ..]) => {
            let word = |at: usize| Some(u16::from_le_bytes([*whole.get(at)?, *whole.get(at + 1)?]));
            let first = 7 + usize::from(word(12).unwrap_or_default());
            word(10).is_some_and(|flags| flags & 0x80 != 0)
                || (whole.get(first + 2) == Some(&0x74)
                    && word(first + 3).is_some_and(|flags| flags & 4 != 0))
        }
        _ => false,
    }
}

/// Whether a 7z archive uses its AES coder; the end of the file lists the coders.
fn seven(whole: &[u8]) -> bool {
    let tail = &whole[whole.len().saturating_sub(64 << 10)..];
    memchr::memmem::find(tail, &[0x06, 0xf1, 0x07, 0x01]).is_some()
}
