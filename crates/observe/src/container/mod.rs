//! Containers: what lies in them is read as evidence of its own, to any depth within the bounds.
//!
//! A member's name is only a name. Nothing is ever written under it, links are reported and not
//! followed, and what has to be spooled goes into a nameless file.

mod compressed;
mod seven;
mod tar;
mod zip;
mod zip_torn;

use std::io::{self, Read, Seek, SeekFrom, Write};

use model::{Place, Problem, Time};

use crate::input::{Bounds, Budget, Input, Packed};
use crate::read::{ReadSeek, read_piece};
use crate::report::shown;
use crate::{Collector, Context, Format, LogSources, Settings};

/// What is spooled up to this size stays in memory.
const SPOOL: usize = 8 << 20;

/// What a decoder may allocate; beyond the dictionaries of the strongest common settings.
const DECODER_KIB: u32 = 320 << 10;

/// Bytes of a member's name that are shown.
const NAME: usize = 1000;

/// The reading of one file.
pub(crate) struct Run<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) sources: &'a LogSources,
    pub(crate) budget: Budget,
}

/// One piece of evidence: the file or a member.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) run: &'a Run<'a>,
    /// As shown, with `!member` for each container it lies in.
    pub(crate) path: &'a str,
    /// How many containers it lies in.
    pub(crate) depth: u32,
    /// When it was last changed.
    pub(crate) modified: Option<Time>,
}

/// A member that was found in a container.
pub(crate) struct Member<'m> {
    pub(crate) name: &'m str,
    pub(crate) modified: Option<Time>,
    /// The bytes that it was compressed to; `None` where it is not compressed.
    pub(crate) packed: Option<Packed>,
}

/// Whether a container is to be read on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Member,
    Stop,
}

/// Reads what lies in a container. `seekable` is the container's own file, where it is one.
pub(crate) fn unpack(
    format: Format,
    piece: &Piece<'_>,
    input: &mut Input<'_>,
    seekable: Option<&mut dyn ReadSeek>,
    out: &mut dyn Collector,
) {
    let depth = piece.run.settings.limits.depth;
    if piece.depth >= depth {
        let what = format!("lies in {depth} containers already; not unpacked");
        out.problem(Problem::new(Place::Whole, what));
        return;
    }
    match format {
        Format::Tar => tar::unpack(piece, input, out),
        Format::Zip | Format::SevenZip => {
            let mut spool = None;
            let seekable =
                match at_any_place(input, seekable.map(|file| file as _), &mut spool, piece.run.settings) {
                    Ok(seekable) => seekable,
                    Err(error) => {
                        let what = format!("not unpacked, since it could not be spooled: {error}");
                        out.problem(Problem::new(Place::Whole, what));
                        return;
                    }
                };
            match format {
                Format::Zip => zip::unpack(piece, seekable, out),
                _ => seven::unpack(piece, seekable, out),
            }
        }
        _ => compressed::unpack(format, piece, input, out),
    }
}

/// `input` where it can be read at any offset: the file itself, or what is spooled of a member.
pub(crate) fn at_any_place<'s>(
    input: &mut Input<'_>,
    seekable: Option<&'s mut dyn ReadSeek>,
    spool: &'s mut Option<tempfile::SpooledTempFile>,
    settings: &Settings,
) -> io::Result<&'s mut dyn ReadSeek> {
    match seekable {
        Some(seekable) => {
            // The hash is over the whole, whatever the directory leads to.
            input.hash_rest();
            Ok(seekable)
        }
        None => Ok(spool.insert(spooled(input, settings)?)),
    }
}

/// The rest of `input` in a place where it can be read at any offset.
fn spooled(input: &mut Input<'_>, settings: &Settings) -> io::Result<tempfile::SpooledTempFile> {
    let mut file = tempfile::spooled_tempfile_in(SPOOL, &settings.tmp);
    io::copy(input, &mut file)?;
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

impl Piece<'_> {
    /// What the reader of its format is told.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            settings: self.run.settings,
            sources: self.run.sources,
            modified: self.modified,
            path: self.path,
        }
    }

    /// Reads one member of this container.
    pub(crate) fn member(&self, member: Member<'_>, bytes: &mut dyn Read, out: &mut dyn Collector) -> Next {
        let budget = &self.run.budget;
        if !self.may_go_on(out) {
            return Next::Stop;
        }
        let path = format!("{}!{}", self.path, shown(member.name, NAME));
        let piece = Piece {
            run: self.run,
            path: &path,
            depth: self.depth + 1,
            modified: member.modified.or(self.modified),
        };
        let mut input = Input::member(bytes, Bounds { budget, packed: member.packed });
        out.begin(&path);
        read_piece(&piece, None, &mut input, None, out);
        let (sha256, size) = input.finish(out);
        out.end(sha256.unwrap_or_default(), size);
        Next::Member
    }

    /// Whether the bounds allow one more member; says so where they do not.
    fn may_go_on(&self, out: &mut dyn Collector) -> bool {
        let budget = &self.run.budget;
        let what = if budget.is_spent() {
            "unpacks to more than may be; the members from here on were left out".to_owned()
        } else if !budget.take_member() {
            format!("more than {} members in all; those from here on were left out", budget.limits.members)
        } else {
            return true;
        };
        out.problem(Problem::new(Place::Whole, what));
        false
    }
}

/// A problem with the member `name`, which belongs to its container.
pub(crate) fn tell(name: &str, what: &str, out: &mut dyn Collector) {
    out.problem(Problem::new(Place::Whole, format!("member “{}” {what}", shown(name, 200))));
}
