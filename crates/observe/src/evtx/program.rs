//! What a template definition compiles to.

use super::naming::Place;

/// A range in one of the lists of a [`Program`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The first item.
    pub(super) from: u32,
    /// The item behind the last.
    pub(super) to: u32,
}

impl Span {
    const fn range(self) -> std::ops::Range<usize> {
        self.from as usize..self.to as usize
    }

    /// How many items it spans.
    pub(super) const fn len(self) -> usize {
        (self.to - self.from) as usize
    }
}

/// A part of a field's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text of the template.
    Text(Span),
    /// The record's value of this number.
    Slot(u16),
}

/// What to do for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Leaves out the next `len` steps where value `slot` is NULL (the element's dependency).
    Depends {
        /// Number of the value.
        slot: u16,
        /// How many steps.
        len: u32,
    },
    /// Writes a field.
    Field(FieldStep),
    /// Reads BinXML that the record has as value `slot`.
    Nested {
        /// Number of the value.
        slot: u16,
        /// Where it stands.
        place: Place,
    },
}

/// Writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldStep {
    /// Its name, in the program's text.
    pub(super) name: Span,
    /// Its further names, in the program's list of names.
    pub(super) also: Span,
    /// Its text.
    pub(super) pieces: Span,
    /// Whether it stands even without text.
    pub(super) keep_empty: bool,
    /// Whether an array gives it several values; else an array repeats more than this field.
    pub(super) repeats: bool,
    /// Whether it is the time of the event.
    pub(super) time: bool,
}

/// A compiled template definition, or a compiled element of a record's own stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// Names and constant text.
    pub(super) text: String,
    /// Further names of fields.
    pub(super) names: Vec<Span>,
    /// Parts of fields' texts.
    pub(super) pieces: Vec<Piece>,
    /// What to do, in order.
    pub(super) steps: Vec<Step>,
}

impl Program {
    /// The text at `span`.
    pub(super) fn text(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The parts of a field's text.
    pub(super) fn pieces(&self, field: &FieldStep) -> &[Piece] {
        self.pieces.get(field.pieces.range()).unwrap_or_default()
    }

    /// A field's further names.
    pub(super) fn also(&self, field: &FieldStep) -> impl Iterator<Item = &str> {
        self.names.get(field.also.range()).unwrap_or_default().iter().map(|span| self.text(*span))
    }

    /// What it cost to compile, in steps and bytes.
    pub(super) fn cost(&self) -> usize {
        self.text.len() + self.steps.len() + self.pieces.len()
    }
}
