//! Writes small logs, to damage them.

use std::collections::HashMap;

use crate::evtx::stream::{CHUNK, CHUNK_MAGIC, FILE_MAGIC, HEADER};

/// A part of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// An element: name, attributes, content.
    Element(&'static str, Vec<(&'static str, Node)>, Vec<Node>),
    /// An element that is left out where a value is NULL.
    If(u16, Box<Node>),
    /// Text.
    Text(&'static str),
    /// A value, and the type it is declared to have.
    Slot(u16, u8),
}

/// `<Data Name="name">%slot</Data>`.
pub(super) fn data(name: &'static str, slot: u16, kind: u8) -> Node {
    Node::Element("Data", vec![("Name", Node::Text(name))], vec![Node::Slot(slot, kind)])
}

/// `<name>%slot</name>`.
pub(super) fn leaf(name: &'static str, slot: u16, kind: u8) -> Node {
    Node::Element(name, Vec::new(), vec![Node::Slot(slot, kind)])
}

/// A value: type and bytes.
pub(super) type Value = (u8, Vec<u8>);

/// UTF-16.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text as a value.
pub(super) fn text(text: &str) -> Value {
    (0x01, utf16(text))
}

/// A chunk that is being written.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) data: Vec<u8>,
    names: HashMap<&'static str, u32>,
    templates: HashMap<u32, u32>,
    first: u64,
    last: u64,
    last_at: u32,
}

impl Chunk {
    /// A chunk whose first record has the number `first`.
    pub(super) fn new(first: u64) -> Self {
        Self {
            data: vec![0; HEADER],
            names: HashMap::new(),
            templates: HashMap::new(),
            first,
            last: first.wrapping_sub(1),
            last_at: 0,
        }
    }

    fn u16(&mut self, value: u16) {
        self.data.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.data.extend(value.to_le_bytes());
    }

    fn patch(&mut self, at: usize, value: usize) {
        self.data[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    }

    fn name(&mut self, name: &'static str) {
        if let Some(at) = self.names.get(name).copied() {
            return self.u32(at);
        }
        let at = self.data.len() as u32 + 4;
        self.names.insert(name, at);
        self.u32(at);
        self.u32(0);
        self.u16(0);
        self.u16(name.len() as u16);
        self.data.extend(utf16(name));
        self.u16(0);
    }

    /// `dependency` is `None` outside of definitions, where elements have none.
    fn node(&mut self, node: &Node, dependency: Option<u16>) {
        match node {
            Node::If(slot, inner) => self.node(inner, Some(*slot)),
            Node::Text(text) => {
                self.data.extend([0x05, 0x01]);
                self.u16(text.len() as u16);
                self.data.extend(utf16(text));
            }
            Node::Slot(slot, kind) => {
                self.data.push(0x0e);
                self.u16(*slot);
                self.data.push(*kind);
            }
            Node::Element(name, attributes, content) => {
                self.data.push(if attributes.is_empty() { 0x01 } else { 0x41 });
                if let Some(dependency) = dependency {
                    self.u16(dependency);
                }
                let size_at = self.data.len();
                self.u32(0);
                self.name(name);
                if !attributes.is_empty() {
                    let list_at = self.data.len();
                    self.u32(0);
                    for (place, (name, value)) in attributes.iter().enumerate() {
                        self.data.push(if place + 1 < attributes.len() { 0x46 } else { 0x06 });
                        self.name(name);
                        self.node(value, dependency.map(|_| u16::MAX));
                    }
                    self.patch(list_at, self.data.len() - list_at - 4);
                }
                self.data.push(0x02);
                content.iter().for_each(|node| self.node(node, dependency.map(|_| u16::MAX)));
                self.data.push(0x04);
                self.patch(size_at, self.data.len() - size_at - 4);
            }
        }
    }

    /// BinXML: an instance of the template `id`, whose definition is written with its first use.
    pub(super) fn instance(&mut self, id: u32, template: &Node, values: &[Value]) {
        self.instance_head(id, template);
        self.u32(values.len() as u32);
        self.values(values);
        self.data.push(0);
    }

    /// An instance whose last value is the BinXML that `write` gives it.
    pub(super) fn instance_with(
        &mut self,
        id: u32,
        template: &Node,
        values: &[Value],
        write: impl FnOnce(&mut Self),
    ) {
        self.instance_head(id, template);
        self.u32(values.len() as u32 + 1);
        let size_at = self.data.len() + values.len() * 4;
        self.values(&[values, &[(0x21, Vec::new())]].concat());
        let from = self.data.len();
        write(self);
        let size = (self.data.len() - from) as u16;
        self.data[size_at..size_at + 2].copy_from_slice(&size.to_le_bytes());
        self.data.push(0);
    }

    /// An element outside of templates.
    pub(super) fn element(&mut self, node: &Node) {
        self.node(node, None);
    }

    fn values(&mut self, values: &[Value]) {
        for (kind, bytes) in values {
            self.u16(bytes.len() as u16);
            self.data.extend([*kind, 0]);
        }
        values.iter().for_each(|(_, bytes)| self.data.extend(bytes));
    }

    fn instance_head(&mut self, id: u32, template: &Node) {
        self.data.extend([0x0f, 1, 1, 0, 0x0c, 1]);
        self.u32(id);
        let known = self.templates.get(&id).copied();
        let at = known.unwrap_or(self.data.len() as u32 + 4);
        self.u32(at);
        if known.is_none() {
            self.templates.insert(id, at);
            self.u32(0);
            self.data.extend(u128::from(id).to_le_bytes());
            let size_at = self.data.len();
            self.u32(0);
            self.data.extend([0x0f, 1, 1, 0]);
            self.node(template, Some(u16::MAX));
            self.data.push(0);
            self.patch(size_at, self.data.len() - size_at - 4);
        }
    }

    /// A record with the content that `write` gives it.
    pub(super) fn record(&mut self, id: u64, filetime: u64, write: impl FnOnce(&mut Self)) {
        let at = self.data.len();
        self.data.extend(b"\x2a\x2a\0\0\0\0\0\0");
        self.data.extend(id.to_le_bytes());
        self.data.extend(filetime.to_le_bytes());
        write(self);
        let size = self.data.len() + 4 - at;
        self.u32(size as u32);
        self.patch(at + 4, size);
        (self.last, self.last_at) = (id, at as u32);
    }

    /// The chunk as it lies in a log, with what `after` puts behind its records.
    pub(super) fn finish(mut self, after: &[u8]) -> Vec<u8> {
        let free = self.data.len();
        let mut header = CHUNK_MAGIC.to_vec();
        for number in [self.first, self.last, self.first, self.last] {
            header.extend(number.to_le_bytes());
        }
        let records = evtx::checksum_ieee(&self.data[HEADER..]);
        for number in [128, self.last_at, free as u32, records] {
            header.extend(number.to_le_bytes());
        }
        self.data[..header.len()].copy_from_slice(&header);
        self.data.extend(after);
        assert!(self.data.len() <= CHUNK);
        self.data.resize(CHUNK, 0);
        sign(&mut self.data);
        self.data
    }
}

/// Writes the checksum of a chunk's header.
pub(super) fn sign(chunk: &mut [u8]) {
    let checked = [&chunk[..120], &chunk[128..HEADER]].concat();
    let sum = evtx::checksum_ieee(&checked);
    chunk[124..128].copy_from_slice(&sum.to_le_bytes());
}

/// A log of `chunks`.
pub(super) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![0; 4096];
    header[..8].copy_from_slice(FILE_MAGIC);
    header[32..36].copy_from_slice(&128u32.to_le_bytes());
    header[36..42].copy_from_slice(&[1, 0, 3, 0, 0, 0x10]);
    header[42..44].copy_from_slice(&(chunks.len() as u16).to_le_bytes());
    let sum = evtx::checksum_ieee(&header[..120]);
    header[124..128].copy_from_slice(&sum.to_le_bytes());
    [header, chunks.concat()].concat()
}
