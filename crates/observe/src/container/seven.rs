//! 7z archives.

use std::io::Read;

use model::{Place, Problem, Time};
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, EncoderMethod, Error, Password};

use super::{DECODER_KIB, Member, Next, Piece, tell};
use crate::Collector;
use crate::input::Packed;
use crate::read::ReadSeek;

const ENCRYPTED: &str = "is encrypted and was not read";

const MEMORY_KIB: usize = DECODER_KIB as usize;

/// Reads the members of an archive, block by block: a block that is damaged costs what lies in it.
pub(super) fn unpack(piece: &Piece<'_>, mut file: &mut dyn ReadSeek, out: &mut dyn Collector) {
    let password = Password::empty();
    let archive = match Archive::read_with_memory_limit(&mut file, &password, MEMORY_KIB) {
        Ok(archive) => archive,
        Err(error) => {
            out.problem(Problem::new(Place::Whole, format!("its list of members {}", unreadable(&error))));
            return;
        }
    };
    let total: u64 = archive.pack_sizes().iter().fold(0, |sum, size| sum.saturating_add(*size));
    for index in 0..archive.blocks.len() {
        let block = BlockDecoder::new_with_memory_limit(1, MEMORY_KIB, index, &archive, &password, &mut file);
        let is_encrypted =
            |coder: &sevenz_rust2::Coder| coder.encoder_method_id() == EncoderMethod::ID_AES256_SHA256;
        if archive.blocks[index].coders.iter().any(is_encrypted) {
            for entry in block.entries().iter().filter(|entry| !entry.is_directory) {
                tell(&entry.name, ENCRYPTED, out);
            }
            continue;
        }
        let mut stopped = false;
        let mut last = String::new();
        let read = block.for_each_entries(&mut |entry, bytes| {
            entry.name.clone_into(&mut last);
            stopped = member(piece, entry, bytes, total, out) == Next::Stop;
            Ok(!stopped)
        });
        if stopped {
            return;
        }
        if let Err(error) = read {
            let what = format!("the block of members that “{last}” lies in {}", unreadable(&error));
            out.problem(Problem::new(Place::Whole, what));
        }
    }
}

fn member(
    piece: &Piece<'_>,
    entry: &ArchiveEntry,
    bytes: &mut dyn Read,
    total: u64,
    out: &mut dyn Collector,
) -> Next {
    if entry.is_directory || entry.is_anti_item {
        return Next::Member;
    }
    let dated = entry.has_last_modified_date.then(|| u64::from(entry.last_modified_date));
    let member = Member {
        name: &entry.name,
        modified: dated.and_then(Time::from_filetime),
        packed: Some(Packed::of(total)),
    };
    piece.member(member, bytes, out)
}

fn unreadable(error: &Error) -> String {
    match error {
        Error::PasswordRequired => ENCRYPTED.to_owned(),
        Error::UnsupportedCompressionMethod(method) if method.starts_with("AES") => ENCRYPTED.to_owned(),
        error => format!("cannot be read: {error}"),
    }
}
