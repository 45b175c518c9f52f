//! One 64 KiB chunk: its header, names, templates and records.

use std::collections::HashMap;

use super::template::{SYSTEM_VALUES, Template, Token};
use super::value::{ValueType, file_time, put_utf16};
use super::{Layout, Record};

/// Size of a chunk.
pub(super) const CHUNK: usize = 65_536;
/// Size of its header, tables of names and templates included.
const HEADER: usize = 512;
const NAMES: usize = 128;
const TEMPLATES: usize = 384;

/// A chunk while it is filled.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// Where each name lies.
    names: HashMap<String, u32>,
    /// Where each template's definition lies, by its GUID.
    templates: HashMap<[u8; 16], u32>,
    first: u64,
    count: u64,
    last_offset: usize,
}

impl Chunk {
    /// An empty chunk whose first record will be `first`.
    pub(super) fn new(first: u64) -> Self {
        let mut bytes = Vec::with_capacity(CHUNK);
        bytes.resize(HEADER, 0);
        Self { bytes, names: HashMap::new(), templates: HashMap::new(), first, count: 0, last_offset: 0 }
    }

    /// Whether it holds no record.
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether `record` fits beyond doubt.
    pub(super) fn has_room(&self, record: &Record<'_>) -> bool {
        self.bytes.len() + self.most(record) <= CHUNK
    }

    fn most(&self, record: &Record<'_>) -> usize {
        let layout = record.layout;
        let definition = |template: &Template| {
            if self.templates.contains_key(&template.guid) { 0 } else { template.most }
        };
        let system = 250 + 2 * (layout.provider.len() + layout.channel.len());
        definition(&layout.event) + definition(&layout.body) + system + record.values.len()
    }

    /// Appends `record` as number `id`.
    pub(super) fn push(&mut self, record: &Record<'_>, id: u64) {
        let start = self.bytes.len();
        self.last_offset = start;
        self.count += 1;
        self.bytes.extend_from_slice(b"**\0\0");
        self.put_u32(0);
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.bytes.extend_from_slice(&file_time(record.micros).to_le_bytes());
        self.instance(&record.layout.event);
        self.system_values(record, id);
        self.bytes.push(0);
        let padded = (self.bytes.len() + 4 - start).next_multiple_of(8);
        self.bytes.resize(start + padded - 4, 0);
        self.put_u32(padded as u32);
        self.bytes[start + 4..start + 8].copy_from_slice(&(padded as u32).to_le_bytes());
    }

    /// Fragment header and template instance, with the definition where the chunk has none yet.
    fn instance(&mut self, template: &Template) {
        self.bytes.extend_from_slice(&[0x0f, 1, 1, 0, 0x0c, 1]);
        self.put_u32(template.id());
        if let Some(offset) = self.templates.get(&template.guid) {
            let offset = *offset;
            self.put_u32(offset);
            return;
        }
        let offset = self.bytes.len() as u32 + 4;
        self.put_u32(offset);
        self.templates.insert(template.guid, offset);
        let next = self.link(TEMPLATES + 4 * (template.id() % 32) as usize, offset);
        self.put_u32(next);
        self.bytes.extend_from_slice(&template.guid);
        let size = self.bytes.len();
        self.put_u32(0);
        self.bytes.extend_from_slice(&[0x0f, 1, 1, 0]);
        self.define(&template.tokens);
        self.bytes.push(0);
        self.patch(size);
    }

    fn define(&mut self, tokens: &[Token]) {
        let mut open: Vec<usize> = Vec::new();
        let mut list: Option<usize> = None;
        for token in tokens {
            match token {
                Token::Open { name, attributes } => {
                    self.bytes.push(if *attributes { 0x41 } else { 0x01 });
                    self.bytes.extend_from_slice(&[0xff, 0xff]);
                    open.push(self.bytes.len());
                    self.put_u32(0);
                    self.name(name);
                    if *attributes {
                        list = Some(self.bytes.len());
                        self.put_u32(0);
                    }
                }
                Token::Attribute { name, last } => {
                    self.bytes.push(if *last { 0x06 } else { 0x46 });
                    self.name(name);
                }
                Token::Text(text) => {
                    self.bytes.extend_from_slice(&[0x05, 0x01]);
                    self.put_u16(text.encode_utf16().count() as u16);
                    put_utf16(&mut self.bytes, text);
                }
                Token::Value { index, kind } => {
                    self.bytes.push(0x0e);
                    self.put_u16(*index);
                    self.bytes.push(kind.code());
                }
                Token::Begin => self.end_tag(&mut list, 0x02),
                Token::Empty => {
                    self.end_tag(&mut list, 0x03);
                    open.pop().into_iter().for_each(|place| self.patch(place));
                }
                Token::End => {
                    self.bytes.push(0x04);
                    open.pop().into_iter().for_each(|place| self.patch(place));
                }
            }
        }
    }

    fn end_tag(&mut self, list: &mut Option<usize>, token: u8) {
        if let Some(place) = list.take() {
            self.patch(place);
        }
        self.bytes.push(token);
    }

    /// A reference to a name, which stands in line where the chunk has not seen it yet.
    fn name(&mut self, name: &str) {
        if let Some(offset) = self.names.get(name) {
            let offset = *offset;
            self.put_u32(offset);
            return;
        }
        let offset = self.bytes.len() as u32 + 4;
        self.put_u32(offset);
        self.names.insert(name.to_owned(), offset);
        let hash = name_hash(name);
        let next = self.link(NAMES + 4 * usize::from(hash % 64), offset);
        self.put_u32(next);
        self.put_u16(hash);
        self.put_u16(name.encode_utf16().count() as u16);
        put_utf16(&mut self.bytes, name);
        self.put_u16(0);
    }

    /// Makes `offset` the head of the list in the table at `place`; returns the former head.
    fn link(&mut self, place: usize, offset: u32) -> u32 {
        let slot = &mut self.bytes[place..place + 4];
        let former = u32::from_le_bytes([slot[0], slot[1], slot[2], slot[3]]);
        slot.copy_from_slice(&offset.to_le_bytes());
        former
    }

    fn system_values(&mut self, record: &Record<'_>, id: u64) {
        let Layout { provider, provider_guid, channel, user, .. } = record.layout;
        let layout = record.layout;
        self.put_u32(SYSTEM_VALUES);
        let table = self.bytes.len();
        self.bytes.resize(table + 4 * SYSTEM_VALUES as usize, 0);
        let mut slot = 0;
        let mut value = |chunk: &mut Self, kind: ValueType, write: &mut dyn FnMut(&mut Self)| {
            let start = chunk.bytes.len();
            write(chunk);
            let size = (chunk.bytes.len() - start) as u16;
            let place = table + 4 * slot;
            chunk.bytes[place..place + 2].copy_from_slice(&size.to_le_bytes());
            chunk.bytes[place + 2] = kind.code();
            slot += 1;
        };
        let mut number = |chunk: &mut Self, kind: ValueType, number: Option<u64>| match number {
            Some(number) => value(chunk, kind, &mut |chunk| {
                let width = kind.width().unwrap_or(8);
                chunk.bytes.extend_from_slice(&number.to_le_bytes()[..width]);
            }),
            None => value(chunk, ValueType::Null, &mut |_| {}),
        };
        number(self, ValueType::U8, Some(layout.level.into()));
        number(self, ValueType::U8, Some(layout.opcode.into()));
        number(self, ValueType::U16, Some(layout.task.into()));
        number(self, ValueType::U16, Some(layout.id.into()));
        number(self, ValueType::U16, layout.qualifiers.map(u64::from));
        number(self, ValueType::Hex64, Some(layout.keywords));
        number(self, ValueType::FileTime, Some(file_time(record.micros)));
        number(self, ValueType::Guid, None);
        number(self, ValueType::U32, Some(record.process.into()));
        number(self, ValueType::U32, Some(record.thread.into()));
        number(self, ValueType::U64, Some(id));
        number(self, ValueType::U8, Some(layout.version.into()));
        match user {
            Some(user) => value(self, ValueType::Sid, &mut |chunk| {
                chunk.bytes.extend_from_slice(user.as_bytes());
            }),
            None => value(self, ValueType::Null, &mut |_| {}),
        }
        value(self, ValueType::Null, &mut |_| {});
        value(self, ValueType::Str, &mut |chunk| put_utf16(&mut chunk.bytes, provider));
        match provider_guid {
            Some(guid) => value(self, ValueType::Guid, &mut |chunk| chunk.bytes.extend_from_slice(guid)),
            None => value(self, ValueType::Null, &mut |_| {}),
        }
        value(self, ValueType::Str, &mut |chunk| put_utf16(&mut chunk.bytes, channel));
        value(self, ValueType::Fragment, &mut |chunk| {
            chunk.instance(&layout.body);
            chunk.bytes.extend_from_slice(record.values);
            chunk.bytes.push(0);
        });
    }

    /// Fills the header in and the chunk up to its full size.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len();
        let last = self.first + self.count.saturating_sub(1);
        let records = crc32fast::hash(&self.bytes[HEADER..]);
        self.bytes.resize(CHUNK, 0);
        self.bytes[..8].copy_from_slice(b"ElfChnk\0");
        for (place, number) in [(8, self.first), (16, last), (24, self.first), (32, last)] {
            self.bytes[place..place + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (place, number) in [(40, 128), (44, self.last_offset as u32), (48, free as u32), (52, records)] {
            self.bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
        }
        let mut header = crc32fast::Hasher::new();
        header.update(&self.bytes[..120]);
        header.update(&self.bytes[128..HEADER]);
        let header = header.finalize();
        self.bytes[124..128].copy_from_slice(&header.to_le_bytes());
        self.bytes
    }

    fn patch(&mut self, place: usize) {
        let size = (self.bytes.len() - place - 4) as u32;
        self.bytes[place..place + 4].copy_from_slice(&size.to_le_bytes());
    }

    fn put_u16(&mut self, number: u16) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn put_u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }
}

/// The hash by which names are found in a chunk (MS-EVEN6, section 2.2.12, `NameHash`).
fn name_hash(name: &str) -> u16 {
    name.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(unit)))
        as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hash_as_windows_hashes_them() {
        // Values that stand beside these names in every log of Windows.
        assert_eq!(name_hash("Event"), 0x0cba);
        assert_eq!(name_hash("System"), 0x546f);
        assert_eq!(name_hash("Data"), 0x6f8a);
    }
}
