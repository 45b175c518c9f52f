//! Outlook's formats: saved messages (MSG), messages in transport (TNEF), mailboxes (PST and OST).
//!
//! None of them holds a message as it was sent. Each reader fills one plain structure with what its
//! format knows, and one writer makes a message of RFC 5322 from it.

mod item;
mod lzfu;
pub(crate) mod msg;
pub(crate) mod pst;
mod rtf;
pub(crate) mod tnef;
mod write;

use std::io::BufRead;

use crate::mail::{MAX_MESSAGE, Reader};
use crate::read::ReadSeek;
use crate::window::Window;
use crate::{Collector, Context};

/// The message that a part `application/ms-tnef` holds, as RFC 5322; `None` if `bytes` are none.
pub fn tnef(bytes: &[u8]) -> Option<Vec<u8>> {
    tnef::read(bytes, 0).map(|read| write::rebuild(&read.item))
}

/// HTML that lies within an RTF text, as it lies in a file or compressed by Outlook; `None` if there is
/// none.
pub fn html_of_rtf(bytes: &[u8]) -> Option<String> {
    let unpacked = lzfu::unpack(bytes);
    match rtf::origin(unpacked.as_deref().unwrap_or(bytes)) {
        rtf::Origin::Html(html) => Some(html),
        _ => None,
    }
}

/// Reads a file `winmail.dat`.
pub(crate) fn read_tnef(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    let mut window = Window::new(input);
    while window.rest().len() <= 2 * MAX_MESSAGE && window.more() {}
    let length = window.rest().len();
    match tnef::read(&window.rest()[..length.min(2 * MAX_MESSAGE)], 0) {
        Some(read) => {
            reader.rebuilt(&write::rebuild(&read.item));
            if read.cut {
                reader.problem("ends within one of its parts; read up to there");
            }
        }
        None => reader.problem("is no message in Outlook's transport format"),
    }
    reader.failed(&mut window);
}

/// What a compound file holds.
pub(crate) enum Compound {
    Message(msg::Saved),
    /// Something else, or why it cannot be told.
    Other(Option<String>),
}

/// Looks into a compound file.
pub(crate) fn open_compound(file: &mut dyn ReadSeek) -> Compound {
    match msg::read(file) {
        Ok(Some(saved)) => Compound::Message(saved),
        Ok(None) => Compound::Other(None),
        Err(error) => Compound::Other(Some(error.to_string())),
    }
}

/// Hands over a saved message.
pub(crate) fn read_msg(saved: &msg::Saved, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    reader.rebuilt(&write::rebuild(&saved.item));
    for problem in &saved.problems {
        reader.problem(problem);
    }
}

#[cfg(test)]
mod tests;
