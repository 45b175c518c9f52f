//! Template definitions, compiled.
//!
//! A record carries values only; the XML around them lies once in its chunk as a template
//! definition. That is walked once and becomes a flat list of steps, each of which writes a field,
//! so that a record costs one pass over the steps and no tree.

use super::naming::{self, Names, Place};
use super::program::{FieldStep, Piece, Program, Span, Step};
use super::text::push_utf16;
use super::value::kind;
use super::wire::{Wire, name_at};

/// BinXML that does not compile to plain steps: damaged, or of a shape that the crate's own
/// renderer has to deal with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsupported;

/// Elements within elements; real templates have four.
const MAX_DEPTH: usize = 64;
/// Bytes of names and text in one program; real ones have a few thousand.
const MAX_TEXT: usize = 64 << 10;

/// A compiled template definition, and what it was compiled from.
#[derive(Debug)]
pub(super) struct Definition {
    /// What to do for a record.
    pub(super) program: Program,
    /// The names it refers to, in order.
    pub(super) names: Vec<NameRef>,
    /// Where its body ends in the chunk.
    pub(super) end: usize,
}

/// Where a template definition refers to a name, which lies elsewhere in every chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameRef {
    /// Where the reference stands in the chunk.
    pub(super) at: usize,
    /// The name's offset in the chunk.
    pub(super) name: u32,
}

/// Compiles the template definition whose body begins at `start` of the chunk `data`.
pub(super) fn definition(data: &[u8], start: usize, place: Place) -> Result<Definition, Unsupported> {
    let mut compiler = Compiler::new(Wire::new(data, start), data, place, true);
    while compiler.token()? {}
    let names = std::mem::take(&mut compiler.names);
    compiler.finish().map(|(program, end)| Definition { program, names, end })
}

/// Compiles the one element that begins at `start` of the chunk `data`, outside of a template;
/// gives also where it ends.
pub(super) fn element(data: &[u8], start: usize, place: Place) -> Result<(Program, usize), Unsupported> {
    let mut compiler = Compiler::new(Wire::new(data, start), data, place, false);
    while compiler.token()? && !compiler.open.is_empty() {}
    compiler.finish()
}

/// An element that has begun.
#[derive(Debug, Default)]
struct Open {
    /// Its text so far.
    pieces: Vec<Piece>,
    /// Its `Depends` step.
    depends: Option<usize>,
    /// The `Name` attribute of a `Data` element.
    data_name: Option<String>,
    has_children: bool,
    has_attributes: bool,
}

/// The attribute at hand.
#[derive(Debug)]
struct Attribute {
    name: String,
    pieces: Vec<Piece>,
}

struct Compiler<'a> {
    wire: Wire<'a>,
    data: &'a [u8],
    in_definition: bool,
    program: Program,
    /// Names of the elements below `Event` that are open.
    path: Vec<String>,
    /// Whether the outermost open element is `Event` itself, which has no name of its own.
    has_root: bool,
    open: Vec<Open>,
    /// Whether the start tag of the innermost element is not closed yet.
    in_start: bool,
    attribute: Option<Attribute>,
    names: Vec<NameRef>,
}

impl<'a> Compiler<'a> {
    fn new(wire: Wire<'a>, data: &'a [u8], place: Place, in_definition: bool) -> Self {
        Self {
            wire,
            data,
            in_definition,
            program: Program::default(),
            path: place.path().iter().map(|name| (*name).to_owned()).collect(),
            has_root: place == Place::Document,
            open: Vec::new(),
            in_start: false,
            attribute: None,
            names: Vec::new(),
        }
    }

    fn finish(self) -> Result<(Program, usize), Unsupported> {
        if self.open.is_empty() { Ok((self.program, self.wire.pos())) } else { Err(Unsupported) }
    }

    /// Reads one token; `false` at the end of the stream.
    fn token(&mut self) -> Result<bool, Unsupported> {
        match self.wire.u8().ok_or(Unsupported)? {
            0x00 => return Ok(false),
            0x0f => self.wire.skip(3).ok_or(Unsupported)?,
            token @ (0x01 | 0x41) => self.begin(token & 0x40 != 0)?,
            0x02 => self.close_start()?,
            0x03 => {
                self.close_start()?;
                self.close()?;
            }
            0x04 => self.close()?,
            0x05 | 0x45 => self.value()?,
            0x06 | 0x46 => self.begin_attribute()?,
            0x07 | 0x47 => self.text()?,
            0x08 | 0x48 => {
                let unit = self.wire.u16().ok_or(Unsupported)?;
                self.constant(char::from_u32(unit.into()).ok_or(Unsupported)?.encode_utf8(&mut [0; 4]))?;
            }
            0x09 | 0x49 => self.entity()?,
            // A processing instruction is no fact.
            0x0a => {
                self.name_ref()?;
            }
            0x0b => {
                self.wire.text().ok_or(Unsupported)?;
            }
            0x0d | 0x0e => self.substitution()?,
            _ => return Err(Unsupported),
        }
        Ok(true)
    }

    fn name_ref(&mut self) -> Result<u32, Unsupported> {
        let at = self.wire.pos();
        let name = self.wire.name().ok_or(Unsupported)?;
        self.names.push(NameRef { at, name });
        Ok(name)
    }

    fn name(&mut self) -> Result<String, Unsupported> {
        let offset = self.name_ref()?;
        let mut name = String::new();
        push_utf16(&mut name, name_at(self.data, offset).ok_or(Unsupported)?);
        Ok(name)
    }

    fn begin(&mut self, attributes: bool) -> Result<(), Unsupported> {
        if self.in_start || self.open.len() >= MAX_DEPTH {
            return Err(Unsupported);
        }
        let dependency = if self.in_definition { self.wire.u16().ok_or(Unsupported)? } else { u16::MAX };
        self.wire.skip(4).ok_or(Unsupported)?;
        let name = self.name()?;
        if attributes {
            self.wire.skip(4).ok_or(Unsupported)?;
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        let mut open = Open::default();
        if dependency != u16::MAX && !self.open.is_empty() {
            open.depends = Some(self.program.steps.len());
            self.program.steps.push(Step::Depends { slot: dependency, len: 0 });
        }
        if !(self.has_root && self.open.is_empty()) {
            self.path.push(name);
        }
        self.open.push(open);
        self.in_start = true;
        Ok(())
    }

    fn begin_attribute(&mut self) -> Result<(), Unsupported> {
        if !self.in_start {
            return Err(Unsupported);
        }
        self.finish_attribute()?;
        self.attribute = Some(Attribute { name: self.name()?, pieces: Vec::new() });
        Ok(())
    }

    fn finish_attribute(&mut self) -> Result<(), Unsupported> {
        let Some(attribute) = self.attribute.take() else { return Ok(()) };
        let Some(open) = self.open.last_mut() else { return Err(Unsupported) };
        if naming::is_datum(&self.path) {
            if attribute.name == "Name" {
                let mut name = String::new();
                for piece in &attribute.pieces {
                    // A name that the record gives is a matter for the crate's renderer.
                    let Piece::Text(span) = piece else { return Err(Unsupported) };
                    name.push_str(self.program.text(*span));
                }
                open.data_name = (!name.is_empty()).then_some(name);
            }
            return Ok(());
        }
        if let Some(names) = naming::names(&self.path, Some(&attribute.name)) {
            open.has_attributes = true;
            self.field(&names, attribute.pieces, false, false)?;
        }
        Ok(())
    }

    fn close_start(&mut self) -> Result<(), Unsupported> {
        if !std::mem::take(&mut self.in_start) {
            return Err(Unsupported);
        }
        self.finish_attribute()
    }

    fn close(&mut self) -> Result<(), Unsupported> {
        let (false, Some(open)) = (self.in_start, self.open.pop()) else { return Err(Unsupported) };
        let datum = naming::is_datum(&self.path);
        let names = match open.data_name {
            Some(name) => Some(naming::datum(&name)),
            None => naming::names(&self.path, None),
        };
        let keep_empty = datum && !open.has_children;
        if let Some(names) = names
            && (keep_empty || !open.pieces.is_empty())
        {
            self.field(&names, open.pieces, keep_empty, !open.has_attributes && !open.has_children)?;
        }
        if let Some(at) = open.depends {
            let following = (self.program.steps.len() - at - 1) as u32;
            if let Some(Step::Depends { len, .. }) = self.program.steps.get_mut(at) {
                *len = following;
            }
        }
        if !(self.has_root && self.open.is_empty()) {
            self.path.pop();
        }
        Ok(())
    }

    fn value(&mut self) -> Result<(), Unsupported> {
        if self.wire.u8() == Some(kind::STRING) { self.text() } else { Err(Unsupported) }
    }

    fn text(&mut self) -> Result<(), Unsupported> {
        let mut text = String::new();
        push_utf16(&mut text, self.wire.text().ok_or(Unsupported)?);
        self.constant(&text)
    }

    fn entity(&mut self) -> Result<(), Unsupported> {
        let text = match self.name()?.as_str() {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => return Err(Unsupported),
        };
        self.constant(text)
    }

    fn constant(&mut self, text: &str) -> Result<(), Unsupported> {
        if text.is_empty() {
            return Ok(());
        }
        let span = self.push_text(text)?;
        self.piece(Piece::Text(span))
    }

    fn substitution(&mut self) -> Result<(), Unsupported> {
        if !self.in_definition {
            return Err(Unsupported);
        }
        let slot = self.wire.u16().ok_or(Unsupported)?;
        let declared = self.wire.u8().ok_or(Unsupported)?;
        if declared != kind::BIN_XML || self.in_start {
            return self.piece(Piece::Slot(slot));
        }
        let Some(parent) = self.open.last_mut() else { return Err(Unsupported) };
        parent.has_children = true;
        let place = Place::within(&self.path).ok_or(Unsupported)?;
        self.program.steps.push(Step::Nested { slot, place });
        Ok(())
    }

    fn piece(&mut self, piece: Piece) -> Result<(), Unsupported> {
        let pieces = match (&mut self.attribute, self.open.last_mut()) {
            (Some(attribute), _) => &mut attribute.pieces,
            (None, Some(open)) if !self.in_start => &mut open.pieces,
            _ => return Err(Unsupported),
        };
        pieces.push(piece);
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Result<Span, Unsupported> {
        let from = self.program.text.len();
        if from + text.len() > MAX_TEXT {
            return Err(Unsupported);
        }
        self.program.text.push_str(text);
        Ok(Span { from: from as u32, to: (from + text.len()) as u32 })
    }

    fn field(
        &mut self,
        names: &Names,
        pieces: Vec<Piece>,
        keep_empty: bool,
        repeats: bool,
    ) -> Result<(), Unsupported> {
        let name = self.push_text(&names.name)?;
        let also_from = self.program.names.len() as u32;
        for further in &names.also {
            let span = self.push_text(further)?;
            self.program.names.push(span);
        }
        let pieces_from = self.program.pieces.len() as u32;
        self.program.pieces.extend(pieces);
        self.program.steps.push(Step::Field(FieldStep {
            name,
            also: Span { from: also_from, to: self.program.names.len() as u32 },
            pieces: Span { from: pieces_from, to: self.program.pieces.len() as u32 },
            keep_empty,
            repeats,
            time: names.name == "TimeCreated_SystemTime"
                && self.path.first().is_some_and(|name| name == "System"),
        }));
        Ok(())
    }
}
