//! The properties of a node, and tables of them ([MS-PST], 2.3.3 and 2.3.4).

use super::file::{Fault, File};
use super::heap::{self, Heap};
use super::page::{Node, number};
use crate::mail::outlook::item::{MAX_PARTS, Properties, kind};

/// The properties of an object.
#[derive(Default)]
pub(super) struct Context {
    pub(super) properties: Properties,
    /// The node that is the value of a property.
    pub(super) object: Option<u32>,
    /// What could not be read.
    pub(super) fault: Option<Fault>,
}

/// The nodes below one node, in order of their ids.
pub(super) type Below = [(u32, Node)];

pub(super) fn find(below: &Below, id: u32) -> Option<Node> {
    below.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| below[at].1)
}

/// Reads the properties of `node`, `below` which are `below`.
pub(super) fn read(file: &mut File<'_>, node: Node, below: &Below) -> Result<Context, Fault> {
    let (blocks, fault) = file.data(node.data);
    let heap = Heap { blocks, layout: file.layout };
    let root = heap.root().filter(|(kind, _)| *kind == heap::PROPERTIES);
    let Some((_, root)) = root else {
        return Err(fault.unwrap_or(Fault::Torn("has no properties")));
    };
    let mut context = Context { fault, ..Context::default() };
    for record in heap.records(root, 2) {
        let field = |at, width| number(record, at, width).unwrap_or_default();
        let (id, kind, value) = (field(0, 2) as u16, field(2, 2) as u16, field(4, 4) as u32);
        if id < 0x8000 {
            let value = Value { id, kind, value };
            value.push(file, &heap, below, &mut context);
        }
    }
    Ok(context)
}

/// Reads the rows of the table that `node` is.
pub(super) fn rows(file: &mut File<'_>, node: Node) -> Result<Vec<Context>, Fault> {
    let below = file.below(node.below)?;
    let (blocks, fault) = file.data(node.data);
    let heap = Heap { blocks, layout: file.layout };
    let root = heap.root().filter(|(kind, _)| *kind == heap::TABLE).and_then(|(_, root)| heap.item(root));
    let damaged = Fault::Torn("a table is damaged");
    let Some(info) = root else { return Err(fault.unwrap_or(damaged)) };
    let field = |at, width| number(info, at, width).unwrap_or_default() as usize;
    let (columns, ones, size) = (field(1, 1), field(6, 2), field(8, 2));
    let (index, matrix) = (field(10, 4) as u32, field(14, 4) as u32);
    if size == 0 || matrix == 0 {
        return Ok(Vec::new());
    }
    let columns = info.get(22..).unwrap_or_default().chunks_exact(8).take(columns);
    let columns: Vec<Column> = columns.filter_map(Column::read).collect();
    let (matrix, fault) = match heap.item(matrix) {
        Some(item) => (vec![item.to_vec()], fault),
        None => match find(&below, matrix) {
            Some(node) => file.data(node.data),
            None => return Err(damaged),
        },
    };
    // Rows that were deleted stay behind those that the index knows.
    let known = match heap.records(index, 4).len() {
        0 => MAX_PARTS,
        known => known.min(MAX_PARTS),
    };
    let mut rows = Vec::new();
    for row in matrix.iter().flat_map(|block| block.chunks_exact(size)).take(known) {
        let mut context = Context::default();
        for column in &columns {
            let bit =
                row.get(ones + column.bit / 8).is_some_and(|bits| bits >> (7 - column.bit % 8) & 1 == 1);
            if bit && let Some(cell) = row.get(column.at..column.at + column.width) {
                column.push(cell, file, &heap, &below, &mut context);
            }
        }
        rows.push(context);
    }
    if let (Some(row), Some(fault)) = (rows.first_mut(), fault) {
        row.fault.get_or_insert(fault);
    }
    Ok(rows)
}

/// A column of a table.
struct Column {
    id: u16,
    kind: u16,
    at: usize,
    width: usize,
    bit: usize,
}

impl Column {
    fn read(bytes: &[u8]) -> Option<Self> {
        let field = |at, width| number(bytes, at, width);
        let (kind, id) = (field(0, 2)? as u16, field(2, 2)? as u16);
        let (at, width, bit) = (field(4, 2)? as usize, field(6, 1)? as usize, field(7, 1)? as usize);
        (id < 0x8000).then_some(Self { id, kind, at, width, bit })
    }

    fn push(&self, cell: &[u8], file: &mut File<'_>, heap: &Heap, below: &Below, context: &mut Context) {
        if is_fixed(self.kind) {
            let mut whole = [0; 8];
            let width = cell.len().min(8);
            whole[..width].copy_from_slice(&cell[..width]);
            return context.properties.push_fixed(self.id, self.kind, whole);
        }
        let value = number(cell, 0, 4).unwrap_or_default() as u32;
        Value { id: self.id, kind: self.kind, value }.push(file, heap, below, context);
    }
}

/// Whether the values of a type are not longer than eight bytes.
fn is_fixed(of: u16) -> bool {
    matches!(of, kind::I16 | kind::I32 | kind::BOOL | kind::I64 | kind::TIME)
}

/// A property, and its value or where that is.
struct Value {
    id: u16,
    kind: u16,
    value: u32,
}

impl Value {
    fn push(&self, file: &mut File<'_>, heap: &Heap, below: &Below, context: &mut Context) {
        let Self { id, kind: of, value } = *self;
        match of {
            kind::I16 | kind::I32 | kind::BOOL => {
                context.properties.push_fixed(id, of, u64::from(value).to_le_bytes());
            }
            kind::I64 | kind::TIME => {
                if let Some(whole) = heap.item(value).and_then(<[u8]>::first_chunk) {
                    context.properties.push_fixed(id, of, *whole);
                }
            }
            kind::OBJECT => {
                context.object = heap.item(value).and_then(|item| number(item, 0, 4)).map(|id| id as u32);
            }
            kind::WIDE | kind::NARROW | kind::BINARY if value != 0 => {
                let (bytes, fault) = if value & 31 == 0 {
                    match heap.item(value).map(|bytes| file.keep(bytes.len()).map(|()| bytes.to_vec())) {
                        Some(Ok(bytes)) => (Some(bytes), None),
                        Some(Err(fault)) => (None, Some(fault)),
                        None => (None, None),
                    }
                } else if let Some(node) = find(below, value) {
                    let (blocks, fault) = file.data(node.data);
                    (Some(blocks.concat()), fault)
                } else {
                    (None, None)
                };
                if bytes.is_none() || fault.is_some() {
                    let missing = Fault::Torn("the value of a property is missing");
                    context.fault.get_or_insert(fault.unwrap_or(missing));
                }
                let Some(bytes) = bytes else { return };
                context.properties.push_bytes(id, of, bytes);
            }
            _ => {}
        }
    }
}
