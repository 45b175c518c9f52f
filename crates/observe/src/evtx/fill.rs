//! A record's values put into an event, by the compiled templates of its chunk.

use std::rc::Rc;

use model::{Event, Kind, Time};
use rustc_hash::FxHashMap;

use super::naming::Place;
use super::program::{FieldStep, Piece, Program, Step};
use super::store::Store;
use super::template;
use super::value::{Typed, kind};
use super::wire::Wire;

/// Why a record was not put into the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is damaged, or of a shape for the crate's own renderer.
    Unsupported,
    /// It, or its chunk, would expand beyond all measure.
    Spent,
}

impl From<template::Unsupported> for Stop {
    fn from(_: template::Unsupported) -> Self {
        Self::Unsupported
    }
}

impl From<super::value::Odd> for Stop {
    fn from(_: super::value::Odd) -> Self {
        Self::Unsupported
    }
}

/// Templates within templates; real records have two.
const MAX_NESTING: u32 = 8;
/// Bytes that the facts of one record may take. A record holds at most 64 KiB; only one that
/// repeats its values on purpose comes near.
const MAX_RECORD: usize = 1 << 20;
/// What the records of one chunk may cost in all, in steps and bytes; real chunks stay below
/// 300,000.
const CHUNK_BUDGET: usize = 32 << 20;

/// Where a value lies in the chunk.
#[derive(Clone, Copy, Debug)]
struct Slot {
    kind: u8,
    from: u32,
    len: u16,
}

/// The compiled templates of one chunk.
#[derive(Debug)]
pub(super) struct Filler<'c> {
    data: &'c [u8],
    programs: FxHashMap<(u32, Place), Option<Rc<Program>>>,
    slots: Vec<Slot>,
    budget: usize,
}

impl<'c> Filler<'c> {
    /// For the chunk `data`.
    pub(super) fn new(data: &'c [u8]) -> Self {
        Self { data, programs: FxHashMap::default(), slots: Vec::new(), budget: CHUNK_BUDGET }
    }

    /// Puts the record whose BinXML lies at `range` into `event`, which is left half filled where
    /// that fails.
    pub(super) fn fill(
        &mut self,
        store: &mut Store,
        range: std::ops::Range<usize>,
        event: &mut Event,
    ) -> Result<(), Stop> {
        self.slots.clear();
        self.stream(store, range, Place::Document, 0, event)
    }

    fn spend(&mut self, cost: usize) -> Result<(), Stop> {
        self.budget = self.budget.checked_sub(cost).ok_or(Stop::Spent)?;
        Ok(())
    }

    fn stream(
        &mut self,
        store: &mut Store,
        range: std::ops::Range<usize>,
        place: Place,
        depth: u32,
        event: &mut Event,
    ) -> Result<(), Stop> {
        if depth > MAX_NESTING {
            return Err(Stop::Unsupported);
        }
        let mut wire = Wire::new(self.data, range.start);
        while wire.pos() < range.end {
            match wire.u8().ok_or(Stop::Unsupported)? {
                0x00 => break,
                0x0f => wire.skip(3).ok_or(Stop::Unsupported)?,
                0x0c => wire = self.instance(store, wire, place, depth, event)?,
                0x01 | 0x41 => {
                    let (program, end) = template::element(self.data, wire.pos() - 1, place)?;
                    self.spend(end - wire.pos() + program.cost())?;
                    self.run(store, &program, self.slots.len(), depth, event)?;
                    wire = Wire::new(self.data, end);
                }
                _ => return Err(Stop::Unsupported),
            }
        }
        // What runs past its end was not meant to be read like this.
        if wire.pos() <= range.end { Ok(()) } else { Err(Stop::Unsupported) }
    }

    /// Reads a template instance: its template's offset, how many values it has, their types and
    /// sizes, and the values.
    fn instance(
        &mut self,
        store: &mut Store,
        mut wire: Wire<'c>,
        place: Place,
        depth: u32,
        event: &mut Event,
    ) -> Result<Wire<'c>, Stop> {
        let base = self.slots.len();
        let definition = self.values(&mut wire).ok_or(Stop::Unsupported)?;
        let program = self.program(store, definition, place)?;
        self.run(store, &program, base, depth, event)?;
        self.slots.truncate(base);
        Ok(wire)
    }

    fn values(&mut self, wire: &mut Wire<'c>) -> Option<u32> {
        wire.skip(5)?;
        let definition = wire.u32()?;
        if wire.pos() == definition as usize {
            wire.skip(20)?;
            let size = wire.u32()?;
            wire.skip(size as usize)?;
        }
        let count = wire.u32()? as usize;
        let descriptors = wire.take(count.checked_mul(4)?)?.as_chunks::<4>().0;
        self.slots.reserve(count);
        for [low, high, kind, _] in descriptors {
            let len = u16::from_le_bytes([*low, *high]);
            self.slots.push(Slot { kind: *kind, from: wire.pos() as u32, len });
            wire.skip(usize::from(len))?;
        }
        Some(definition)
    }

    fn program(&mut self, store: &mut Store, definition: u32, place: Place) -> Result<Rc<Program>, Stop> {
        if let Some(known) = self.programs.get(&(definition, place)) {
            return known.clone().ok_or(Stop::Unsupported);
        }
        let compiled = store.program(self.data, definition, place).ok();
        // A definition that fails may have been read to the end of the chunk first.
        let cost = compiled.as_ref().map_or(self.data.len(), |program| program.cost());
        self.programs.insert((definition, place), compiled.clone());
        self.spend(cost)?;
        compiled.ok_or(Stop::Unsupported)
    }

    fn slot(&self, base: usize, slot: u16) -> Typed<'c> {
        let found = self.slots.get(base + usize::from(slot)).and_then(|slot| {
            let from = slot.from as usize;
            let bytes = self.data.get(from..from + usize::from(slot.len))?;
            Some(Typed { kind: slot.kind, bytes })
        });
        found.unwrap_or(Typed::NULL)
    }

    fn run(
        &mut self,
        store: &mut Store,
        program: &Program,
        base: usize,
        depth: u32,
        event: &mut Event,
    ) -> Result<(), Stop> {
        let mut steps = program.steps.iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Depends { slot, len } => {
                    let known = base + usize::from(*slot) < self.slots.len();
                    if let (true, kind::NULL, Some(last)) =
                        (known, self.slot(base, *slot).kind, (*len as usize).checked_sub(1))
                    {
                        steps.nth(last);
                    }
                }
                Step::Field(field) => {
                    let before = event.text().len();
                    self.field(program, field, base, event)?;
                    if event.text().len() > MAX_RECORD {
                        return Err(Stop::Spent);
                    }
                    self.spend(event.text().len() - before + 1)?;
                }
                Step::Nested { slot, place } => self.nested(store, base, *slot, *place, depth, event)?,
            }
        }
        Ok(())
    }

    fn nested(
        &mut self,
        store: &mut Store,
        base: usize,
        slot: u16,
        place: Place,
        depth: u32,
        event: &mut Event,
    ) -> Result<(), Stop> {
        self.spend(1)?;
        let Some(found) = self.slots.get(base + usize::from(slot)).copied() else { return Ok(()) };
        match (found.kind, found.len) {
            (kind::NULL, _) | (kind::BIN_XML, 0) => Ok(()),
            (kind::BIN_XML, len) => {
                let from = found.from as usize;
                self.stream(store, from..from + usize::from(len), place, depth + 1, event)
            }
            _ => Err(Stop::Unsupported),
        }
    }

    fn field(
        &mut self,
        program: &Program,
        field: &FieldStep,
        base: usize,
        event: &mut Event,
    ) -> Result<(), Stop> {
        let pieces = program.pieces(field);
        if let [Piece::Slot(slot)] = pieces {
            let value = self.slot(base, *slot);
            if let Some(items) = value.items() {
                return self.array(program, field, items, event);
            }
            if field.time
                && let Some(ticks) = value.filetime()
            {
                event.time = Time::from_filetime(ticks);
            }
            return single(program, field, value, event);
        }
        let mut written = Ok(());
        let empty = pieces.iter().all(|piece| match piece {
            Piece::Text(_) => false,
            Piece::Slot(slot) => self.slot(base, *slot).is_empty(),
        });
        if empty && !field.keep_empty {
            return Ok(());
        }
        event.push_with(program.text(field.name), Kind::Str, |out| {
            written = pieces.iter().try_for_each(|piece| match piece {
                Piece::Text(span) => {
                    out.push_str(program.text(*span));
                    Ok(())
                }
                Piece::Slot(slot) => self.slot(base, *slot).write(out),
            });
        });
        also(program, field, event);
        Ok(written?)
    }

    /// An array repeats the element that holds it, once for each item.
    fn array(
        &mut self,
        program: &Program,
        field: &FieldStep,
        items: super::value::Items<'c>,
        event: &mut Event,
    ) -> Result<(), Stop> {
        let mut count = 0;
        for item in items {
            count += 1;
            self.spend(program.text(field.name).len() + 1)?;
            if event.text().len() > MAX_RECORD {
                return Err(Stop::Spent);
            }
            single(program, field, item, event)?;
        }
        match count {
            0 => single(program, field, Typed::NULL, event),
            1 => Ok(()),
            _ if field.repeats => Ok(()),
            _ => Err(Stop::Unsupported),
        }
    }
}

fn single(program: &Program, field: &FieldStep, value: Typed<'_>, event: &mut Event) -> Result<(), Stop> {
    let empty = value.is_empty();
    if empty && !field.keep_empty {
        return Ok(());
    }
    let kind = if empty { Kind::Str } else { value.as_kind() };
    let mut written = Ok(());
    event.push_with(program.text(field.name), kind, |out| {
        if !empty {
            written = value.write(out);
        }
    });
    also(program, field, event);
    Ok(written?)
}

fn also(program: &Program, field: &FieldStep, event: &mut Event) {
    if field.also.len() > 0 {
        for name in program.also(field) {
            event.also(name);
        }
    }
}
