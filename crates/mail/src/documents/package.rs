//! Members of a ZIP, bounded in number, size and ratio; a torn one is read from its front.

use std::cell::Cell;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::read_zipfile_from_stream;

/// Members that are looked at.
pub(crate) const MEMBERS: usize = 10_000;
/// Bytes that all members of one archive may unpack to.
const UNPACKED: u64 = 64 << 20;
/// How many times its packed size a member may unpack to, once it is beyond `SMALL`.
const RATIO: u64 = 200;
const SMALL: u64 = 1 << 20;

/// A member of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: String,
    /// Whether it asks for a password.
    pub(crate) encrypted: bool,
}

/// Hands each member of the archive `whole` to `see`, until that says that it has seen enough.
///
/// # Errors
///
/// The bound that was reached, as a trait of the document.
pub(crate) fn each(
    whole: &[u8],
    see: &mut dyn FnMut(&Member, &mut dyn Read) -> bool,
) -> Result<(), &'static str> {
    // The directory is read as a whole; each entry is some hundred bytes in memory.
    if memchr::memmem::find_iter(whole, b"PK\x01\x02").nth(MEMBERS).is_some() {
        return Err("bounded");
    }
    let (left, bomb) = (Cell::new(UNPACKED), Cell::new(false));
    let torn = match ZipArchive::new(Cursor::new(whole)) {
        Ok(mut archive) => {
            for index in 0..archive.len() {
                let Ok(raw) = archive.by_index_raw(index) else { continue };
                let member = Member {
                    name: String::from_utf8_lossy(raw.name_raw()).into_owned(),
                    encrypted: raw.encrypted(),
                };
                let packed = raw.compressed_size();
                drop(raw);
                let more = match archive.by_index(index) {
                    Ok(mut file) if !member.encrypted => {
                        see(&member, &mut Bounded::new(&mut file, packed, &left, &bomb))
                    }
                    _ => see(&member, &mut std::io::empty()),
                };
                if !more {
                    break;
                }
            }
            false
        }
        Err(_) => {
            from_the_front(whole, see, &left, &bomb);
            true
        }
    };
    match (bomb.get(), torn) {
        (true, _) => Err("bomb"),
        (_, true) => Err("torn"),
        _ => Ok(()),
    }
}

/// A ZIP without a directory, which some programs mend when they open it.
fn from_the_front(
    whole: &[u8],
    see: &mut dyn FnMut(&Member, &mut dyn Read) -> bool,
    left: &Cell<u64>,
    bomb: &Cell<bool>,
) {
    let mut stream = whole;
    for _ in 0..MEMBERS {
        let Ok(Some(mut file)) = read_zipfile_from_stream(&mut stream) else { return };
        let member = Member {
            name: String::from_utf8_lossy(file.name_raw()).into_owned(),
            encrypted: file.encrypted(),
        };
        let packed = file.compressed_size();
        if !see(&member, &mut Bounded::new(&mut file, packed, left, bomb)) || bomb.get() {
            return;
        }
    }
}

/// A member's bytes until a bound is reached.
struct Bounded<'a, R> {
    inner: &'a mut R,
    own: u64,
    left: &'a Cell<u64>,
    bomb: &'a Cell<bool>,
}

impl<'a, R> Bounded<'a, R> {
    fn new(inner: &'a mut R, packed: u64, left: &'a Cell<u64>, bomb: &'a Cell<bool>) -> Self {
        Self { inner, own: packed.saturating_mul(RATIO).max(SMALL), left, bomb }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = self.own.min(self.left.get());
        if most == 0 && !out.is_empty() {
            self.bomb.set(true);
            return Ok(0);
        }
        let until = out.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut out[..until])?;
        self.own -= read as u64;
        self.left.set(self.left.get() - read as u64);
        Ok(read)
    }
}

/// The first `most` bytes of a member; of a torn one what is there.
pub(crate) fn whole(reader: &mut dyn Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = reader.take(most).read_to_end(&mut bytes);
    bytes
}
