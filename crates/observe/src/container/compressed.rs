//! Streams compressed by gzip, bzip2, xz or Zstandard: containers with one member.

use std::io::{self, BufRead, Read};
use std::marker::PhantomData;

use model::{Place, Problem, Time};

use super::{DECODER_KIB, Member, Piece};
use crate::input::{Input, Metered, Packed};
use crate::report::shown;
use crate::{Collector, Format};

/// Base-two logarithm of the largest window of Zstandard that is accepted: 128 MiB, the most that
/// its own tool accepts unasked.
const ZSTD_WINDOW: u32 = 27;

/// Endings that say “compressed”, and what the name ends with without them.
const ENDINGS: [(&str, &str); 13] = [
    (".tgz", ".tar"),
    (".taz", ".tar"),
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".txz", ".tar"),
    (".tzst", ".tar"),
    (".gz", ""),
    (".gzip", ""),
    (".z", ""),
    (".bz2", ""),
    (".xz", ""),
    (".zst", ""),
    (".zstd", ""),
];

/// Reads what is compressed in `input`.
pub(super) fn unpack(format: Format, piece: &Piece<'_>, input: &mut Input<'_>, out: &mut dyn Collector) {
    let packed = Packed::default();
    let mut name = stripped(piece.path);
    let mut modified = None;
    let metered = Metered::new(input, packed.clone());
    let mut stream: Box<dyn Read + '_> = match format {
        Format::Gzip => {
            let first = Gzip::start(metered);
            if let Some(header) = first.header() {
                let stored = header.filename().map(|name| String::from_utf8_lossy(name).into_owned());
                name = stored.filter(|stored| !stored.is_empty()).unwrap_or(name);
                let seconds = i64::from(header.mtime());
                modified = (seconds > 0).then(|| Time::from_micros(seconds * 1_000_000));
            }
            Box::new(Streams::new(first))
        }
        Format::Bzip2 => Box::new(Streams::new(Bzip2::start(metered))),
        Format::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(metered, true, DECODER_KIB)),
        _ => {
            let opened = zstd::Decoder::with_buffer(metered).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW)?;
                Ok(decoder)
            });
            match opened {
                Ok(decoder) => Box::new(decoder),
                Err(error) => {
                    out.problem(Problem::new(Place::Whole, format!("not unpacked: {error}")));
                    return;
                }
            }
        }
    };
    let member = Member { name: &name, modified, packed: Some(packed) };
    piece.member(member, &mut stream, out);
}

/// The last part of a path without the ending that says “compressed”.
fn stripped(path: &str) -> String {
    let name = path.rsplit(['/', '\\', '!']).next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    let found = ENDINGS.iter().find(|(ending, _)| lower.len() > ending.len() && lower.ends_with(ending));
    match found {
        Some((ending, instead)) => format!("{}{instead}", &name[..name.len() - ending.len()]),
        None => shown(name, usize::MAX),
    }
}

type Gzip<R> = flate2::bufread::GzDecoder<R>;
type Bzip2<R> = bzip2::bufread::BzDecoder<R>;

/// A decoder of one stream, several of which may stand one after the other in a file.
trait OneStream<R>: Read {
    /// What the first byte of a stream is.
    const FIRST: u8;

    fn start(source: R) -> Self;

    fn into_source(self) -> R;
}

impl<R: BufRead> OneStream<R> for Gzip<R> {
    const FIRST: u8 = 0x1f;

    fn start(source: R) -> Self {
        Self::new(source)
    }

    fn into_source(self) -> R {
        self.into_inner()
    }
}

impl<R: BufRead> OneStream<R> for Bzip2<R> {
    const FIRST: u8 = b'B';

    fn start(source: R) -> Self {
        Self::new(source)
    }

    fn into_source(self) -> R {
        self.into_inner()
    }
}

/// Streams one after the other, and NUL bytes after them, with which tapes are filled up.
struct Streams<R, D> {
    decoder: Option<D>,
    source: PhantomData<R>,
}

impl<R: BufRead, D: OneStream<R>> Streams<R, D> {
    fn new(first: D) -> Self {
        Self { decoder: Some(first), source: PhantomData }
    }

    /// The next stream, after the one of `ended`.
    fn next(ended: D) -> io::Result<Option<D>> {
        let mut source = ended.into_source();
        loop {
            let buffer = source.fill_buf()?;
            let nuls = buffer.iter().take_while(|byte| **byte == 0).count();
            match buffer.get(nuls).copied() {
                Some(first) => {
                    source.consume(nuls);
                    if first == D::FIRST {
                        return Ok(Some(D::start(source)));
                    }
                    return Err(io::Error::other("what follows the compressed data is something else"));
                }
                None if buffer.is_empty() => return Ok(None),
                None => source.consume(nuls),
            }
        }
    }
}

impl<R: BufRead, D: OneStream<R>> Read for Streams<R, D> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            self.decoder = self.decoder.take().map(Self::next).transpose()?.flatten();
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_the_ending_that_says_compressed() {
        for (path, expected) in [
            ("/x/access.log.gz", "access.log"),
            (r"C:\x\u_ex210824.LOG.GZ", "u_ex210824.LOG"),
            ("x.zip!b/messages.1.xz", "messages.1"),
            ("backup.tgz", "backup.tar"),
            (".gz", ".gz"),
            ("data", "data"),
            ("", ""),
        ] {
            assert_eq!(stripped(path), expected);
        }
    }
}
