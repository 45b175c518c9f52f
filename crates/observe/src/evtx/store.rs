//! Compiled templates, kept from chunk to chunk.
//!
//! Every chunk carries the templates that its records use. They are the same bytes again, except
//! that names are referred to by where they lie in the chunk; so a template is taken from here
//! only when all of its other bytes are the same and every reference leads to the same name.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::naming::Place;
use super::program::Program;
use super::template::{self, NameRef, Unsupported};
use super::wire::name_at;

/// Size of what precedes a definition's body: the next definition's offset, the template's GUID,
/// the body's size.
const HEADER: usize = 24;
/// Size of a reference to a name.
const REFERENCE: usize = 4;
/// Templates kept; when they are more, all are dropped. All of a Windows server's logs use a few
/// thousand.
const MAX_KEPT: usize = 8192;
/// Templates kept of one GUID; a name that stands in the body in one chunk and elsewhere in another
/// makes for a few.
const MAX_ALIKE: usize = 16;
/// Bytes that they may take.
const MAX_BYTES: usize = 16 << 20;

/// Compiled templates.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: FxHashMap<([u8; 16], Place), Vec<Kept>>,
    count: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    /// The definition's body as it was compiled.
    body: Box<[u8]>,
    /// Where in the body names are referred to, whether the name stands right there, and where
    /// its text ends in `texts`.
    names: Box<[(u32, bool, u32)]>,
    /// The texts of the names, one after the other.
    texts: Box<[u8]>,
    program: Rc<Program>,
}

impl Store {
    /// The program of the definition that lies at `offset` of the chunk `data`.
    pub(super) fn program(
        &mut self,
        data: &[u8],
        offset: u32,
        place: Place,
    ) -> Result<Rc<Program>, Unsupported> {
        let start = (offset as usize).checked_add(HEADER).ok_or(Unsupported)?;
        let guid =
            data.get(start - HEADER + 4..).and_then(|rest| rest.first_chunk::<16>()).ok_or(Unsupported)?;
        let key = (*guid, place);
        let known = self.kept.get(&key).and_then(|kept| kept.iter().find(|kept| kept.is_at(data, start)));
        if let Some(kept) = known {
            return Ok(Rc::clone(&kept.program));
        }
        let definition = template::definition(data, start, place)?;
        let program = Rc::new(definition.program);
        if let Some(kept) = Kept::new(data, start, definition.end, &definition.names, Rc::clone(&program)) {
            self.keep(key, kept);
        }
        Ok(program)
    }

    fn keep(&mut self, key: ([u8; 16], Place), kept: Kept) {
        let bytes = kept.body.len() + kept.texts.len() + kept.program.cost();
        if self.count >= MAX_KEPT || self.bytes + bytes > MAX_BYTES {
            *self = Self::default();
        }
        self.count += 1;
        self.bytes += bytes;
        let alike = self.kept.entry(key).or_default();
        if alike.len() < MAX_ALIKE {
            alike.push(kept);
        }
    }
}

impl Kept {
    fn new(data: &[u8], start: usize, end: usize, names: &[NameRef], program: Rc<Program>) -> Option<Self> {
        let mut texts = Vec::new();
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            texts.extend_from_slice(name_at(data, name.name)?);
            let here = name.name as usize == name.at + REFERENCE;
            places.push(((name.at - start) as u32, here, texts.len() as u32));
        }
        let body = data.get(start..end)?;
        Some(Self { body: body.into(), names: places.into(), texts: texts.into(), program })
    }

    /// Whether the definition whose body begins at `start` of `data` is this one.
    fn is_at(&self, data: &[u8], start: usize) -> bool {
        let Some(body) = data.get(start..start + self.body.len()) else { return false };
        let (mut from, mut text_from) = (0, 0);
        for &(at, here, text_to) in &self.names {
            let at = at as usize;
            let (Some(reference), Some(text)) = (
                body.get(at..).and_then(|rest| rest.first_chunk::<REFERENCE>()),
                self.texts.get(text_from..text_to as usize),
            ) else {
                return false;
            };
            let name = u32::from_le_bytes(*reference);
            if body[from..at] != self.body[from..at]
                || here != (name as usize == start + at + REFERENCE)
                || name_at(data, name) != Some(text)
            {
                return false;
            }
            // Behind a name's first reference stands a link to a further name of the chunk.
            from = at + REFERENCE + if here { REFERENCE } else { 0 };
            text_from = text_to as usize;
        }
        body.get(from..) == self.body.get(from..)
    }
}
