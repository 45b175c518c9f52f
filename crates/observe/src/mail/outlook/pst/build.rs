//! Writes small mailboxes in all three layouts, as far as a reader looks at them: no free space is
//! managed, and folders have no tables of what they list.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};

use super::build_heap::Heap;
use super::coding::Coding;
use super::page::{Layout, Node};
use super::{ATTACHMENT, MESSAGE, OWNER, RECIPIENTS, ROOT, STORE, TOP};
use crate::mail::outlook::item::{Item, Properties, Value, id, kind};

/// Bytes of one item of a heap; what is longer has a node of its own.
const ITEM: usize = 3580;

pub(in super::super) struct Builder {
    layout: Layout,
    coding: Coding,
    pub(in super::super) out: Vec<u8>,
    ids: u64,
    nodes: Vec<(u32, Node)>,
    blocks: Vec<(u64, u64, usize, usize)>,
}

/// A mailbox of `owner` with `folders`, each with its name, the place of its parent among them plus one,
/// and its messages.
pub(in super::super) fn mailbox(
    layout: Layout,
    coding: Coding,
    owner: &str,
    folders: &[(&str, u32, Vec<Item>)],
) -> Vec<u8> {
    let mut builder =
        Builder { layout, coding, out: vec![0; 0x2400], ids: 4, nodes: Vec::new(), blocks: Vec::new() };
    const SUBTREE: u32 = 0x8022;
    let folder = |place: u32| if place == 0 { SUBTREE } else { SUBTREE + (place << 5) };
    let mut store = Properties::default();
    store.push(OWNER, Value::Text(owner.to_owned()));
    store.push(TOP, Value::Bytes([&[0; 20][..], &SUBTREE.to_le_bytes()].concat()));
    builder.object(STORE, 0, &store);
    for (id, parent, name) in [(ROOT, ROOT, ""), (SUBTREE, ROOT, "Top of Outlook data file")] {
        builder.folder(id, parent, name);
    }
    let mut message = 0x0020_0000 | MESSAGE;
    for (place, (name, parent, items)) in (1..).zip(folders) {
        builder.folder(folder(place), folder(*parent), name);
        for item in items {
            let node = builder.item(item);
            builder.nodes.push((message, Node { parent: folder(place), ..node }));
            message += 0x20;
        }
    }
    builder.finish()
}

fn numbers(layout: Layout, values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()[..layout.word()].to_vec()).collect()
}

/// The checksum of the format: CRC-32 that begins and ends with nothing turned.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xEDB8_8320 * (crc & 1)))
    })
}

fn signature(at: u64, id: u64) -> u16 {
    let mixed = at ^ id;
    (mixed >> 16) as u16 ^ mixed as u16
}

impl Builder {
    fn folder(&mut self, id: u32, parent: u32, name: &str) {
        let mut properties = Properties::default();
        properties.push(id::NAME, Value::Text(name.to_owned()));
        self.object(id, parent, &properties);
    }

    fn object(&mut self, id: u32, parent: u32, properties: &Properties) {
        let node = self.properties(properties, None, Vec::new());
        self.nodes.push((id, Node { parent, ..node }));
    }

    fn item(&mut self, item: &Item) -> Node {
        let mut below = Vec::new();
        if !item.recipients.is_empty() {
            below.push((RECIPIENTS, self.table(&item.recipients)));
        }
        for (number, attachment) in (1..).zip(&item.attachments) {
            let mut inner = Vec::new();
            let object = attachment.message.as_ref().map(|message| {
                inner.push((0x0100 << 5 | MESSAGE, self.item(message)));
                0x0100 << 5 | MESSAGE
            });
            let node = self.properties(&attachment.properties, object, inner);
            below.push(((0x0400 + number) << 5 | ATTACHMENT, node));
        }
        self.properties(&item.properties, None, below)
    }

    /// A node with properties, and what else is to lie below it.
    fn properties(
        &mut self,
        properties: &Properties,
        object: Option<u32>,
        mut below: Vec<(u32, Node)>,
    ) -> Node {
        let mut heap = Heap::new(self.layout, 0xBC);
        let mut records = Vec::new();
        for number in 0..0x8000_u16 {
            let (kind, value) = match properties.get(number) {
                None if number == id::DATA && object.is_some() => {
                    let node = [object.unwrap_or_default().to_le_bytes(), 9_u32.to_le_bytes()].concat();
                    (kind::OBJECT, heap.add(&node))
                }
                None => continue,
                Some(Value::Number(value)) => (kind::I32, *value as u32),
                Some(Value::Time(time)) => (kind::TIME, heap.add(&time.to_le_bytes())),
                Some(Value::Narrow(bytes)) => (kind::NARROW, self.value(bytes, &mut heap, &mut below)),
                Some(Value::Bytes(bytes)) => (kind::BINARY, self.value(bytes, &mut heap, &mut below)),
                Some(Value::Text(text)) => {
                    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                    (kind::WIDE, self.value(&bytes, &mut heap, &mut below))
                }
            };
            records.extend([number.to_le_bytes(), kind.to_le_bytes()].concat());
            records.extend(value.to_le_bytes());
        }
        let root = heap.tree(2, 6, &records);
        Node { data: self.heap(heap, root), below: self.below(below), parent: 0 }
    }

    /// A value in the heap, or where that is too small for it, in a node of its own.
    fn value(&mut self, bytes: &[u8], heap: &mut Heap, below: &mut Vec<(u32, Node)>) -> u32 {
        if bytes.is_empty() {
            return 0;
        }
        if bytes.len() <= ITEM {
            return heap.add(bytes);
        }
        let id = (0x0800 + below.len() as u32) << 5 | 0x1F;
        below.push((id, Node { data: self.data(bytes), ..Node::default() }));
        id
    }

    /// A table of recipients.
    fn table(&mut self, rows: &[Properties]) -> Node {
        const COLUMNS: [(u16, u16); 5] = [
            (kind::I32, 0x67F2),
            (kind::I32, 0x67F3),
            (kind::I32, id::RECIPIENT_KIND),
            (kind::WIDE, id::NAME),
            (kind::WIDE, id::SMTP),
        ];
        let mut heap = Heap::new(self.layout, 0x7C);
        let mut below = Vec::new();
        let (mut matrix, mut index) = (Vec::new(), Vec::new());
        for (number, row) in (0_u32..).zip(rows) {
            matrix.extend([number.to_le_bytes(), [0; 4]].concat());
            let kind = row.number(id::RECIPIENT_KIND).unwrap_or(1) as u32;
            matrix.extend(kind.to_le_bytes());
            for id in [id::NAME, id::SMTP] {
                let text = row.text(id, encoding_rs::UTF_8).unwrap_or_default();
                let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                matrix.extend(self.value(&bytes, &mut heap, &mut below).to_le_bytes());
            }
            matrix.push(0xF8);
            index.extend(number.to_le_bytes());
            let width = if self.layout == Layout::Ansi { 2 } else { 4 };
            index.extend(&number.to_le_bytes()[..width]);
        }
        // A row that was deleted.
        matrix.extend([0xEE; 21]);
        let width = if self.layout == Layout::Ansi { 2 } else { 4 };
        let index = heap.tree(4, width, &index);
        let id = 0x0900 << 5 | 0x1F;
        below.push((id, Node { data: self.rows(&matrix, 21), ..Node::default() }));
        let mut info = vec![0x7C, COLUMNS.len() as u8];
        info.extend([20_u16, 20, 20, 21].iter().flat_map(|end| end.to_le_bytes()));
        info.extend([index.to_le_bytes(), id.to_le_bytes(), [0; 4]].concat());
        for (place, (kind, id)) in (0_u16..).zip(COLUMNS) {
            info.extend([kind.to_le_bytes(), id.to_le_bytes(), (4 * place).to_le_bytes()].concat());
            info.extend([4, place as u8]);
        }
        let root = heap.add(&info);
        Node { data: self.heap(heap, root), below: self.below(below), parent: 0 }
    }

    fn heap(&mut self, heap: Heap, root: u32) -> u64 {
        let blocks = heap.finish(root);
        self.chain(blocks)
    }

    /// Rows, none of which may lie in two blocks.
    fn rows(&mut self, rows: &[u8], size: usize) -> u64 {
        let blocks = rows.chunks(self.most() / size * size).map(<[u8]>::to_vec).collect();
        self.chain(blocks)
    }

    fn data(&mut self, bytes: &[u8]) -> u64 {
        let blocks = bytes.chunks(self.most()).map(<[u8]>::to_vec).collect();
        self.chain(blocks)
    }

    /// Bytes that one block may hold.
    fn most(&self) -> usize {
        match self.layout {
            Layout::Ansi => 8180,
            Layout::Unicode => 8176,
            Layout::Wide => 65_512,
        }
    }

    /// One block, or a list of blocks.
    fn chain(&mut self, blocks: Vec<Vec<u8>>) -> u64 {
        let total: usize = blocks.iter().map(Vec::len).sum();
        let ids: Vec<u64> = blocks.into_iter().map(|block| self.block(block, false)).collect();
        match &ids[..] {
            [one] => *one,
            _ => {
                let mut list = vec![1, 1];
                list.extend((ids.len() as u16).to_le_bytes());
                list.extend((total as u32).to_le_bytes());
                list.extend(numbers(self.layout, &ids));
                self.block(list, true)
            }
        }
    }

    fn below(&mut self, mut nodes: Vec<(u32, Node)>) -> u64 {
        if nodes.is_empty() {
            return 0;
        }
        nodes.sort_by_key(|(id, _)| *id);
        let mut list = vec![2, 0];
        list.extend((nodes.len() as u16).to_le_bytes());
        if self.layout != Layout::Ansi {
            list.extend([0; 4]);
        }
        for (id, node) in nodes {
            list.extend(numbers(self.layout, &[u64::from(id), node.data, node.below]));
        }
        self.block(list, true)
    }

    fn block(&mut self, mut data: Vec<u8>, is_inner: bool) -> u64 {
        self.ids += 4;
        let id = self.ids | if is_inner { 2 } else { 0 };
        if !is_inner {
            self.coding.encode(&mut data, id);
        }
        let unpacked = data.len();
        if self.layout == Layout::Wide && unpacked > 64 {
            let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&data).unwrap();
            let packed = packer.finish().unwrap();
            data = if packed.len() < unpacked { packed } else { data };
        }
        let (unit, trailer) = match self.layout {
            Layout::Ansi => (64, 12),
            Layout::Unicode => (64, 16),
            Layout::Wide => (512, 24),
        };
        let at = self.out.len() as u64;
        self.blocks.push((id, at, data.len(), unpacked));
        self.out.extend(&data);
        self.out.resize((self.out.len() + trailer).next_multiple_of(unit) - trailer, 0);
        self.out.extend((data.len() as u16).to_le_bytes());
        self.out.extend(signature(at, id).to_le_bytes());
        match self.layout {
            Layout::Ansi => self.out.extend([(id as u32).to_le_bytes(), crc(&data).to_le_bytes()].concat()),
            _ => {
                self.out.extend(crc(&data).to_le_bytes());
                self.out.extend(id.to_le_bytes());
            }
        }
        if self.layout == Layout::Wide {
            self.out.extend([0; 2]);
            self.out.extend((unpacked as u16).to_le_bytes());
            self.out.extend([0; 4]);
        }
        id
    }

    /// The pages of a tree, from its leaves up; where its root lies and its id.
    fn tree(&mut self, kind: u8, mut entries: Vec<Vec<u8>>) -> (u64, u64) {
        let mut level = 0;
        loop {
            let room = match self.layout {
                Layout::Ansi => 496,
                Layout::Unicode => 488,
                Layout::Wide => 4056,
            };
            let mut above = Vec::new();
            // Few entries on a page, so that small files have trees of several levels.
            for entries in entries.chunks(4) {
                let (at, id) = self.page(kind, level, room, entries);
                let key = entries[0][..self.layout.word()].to_vec();
                above.push([key, numbers(self.layout, &[id, at])].concat());
            }
            if let [root] = &above[..] {
                let word = self.layout.word();
                let field = |at: usize| {
                    root[at * word..(at + 1) * word]
                        .iter()
                        .rev()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
                };
                return (field(1), field(2));
            }
            entries = above;
            level += 1;
        }
    }

    fn page(&mut self, kind: u8, level: u8, room: usize, entries: &[Vec<u8>]) -> (u64, u64) {
        self.out.resize(self.out.len().next_multiple_of(self.layout.page()), 0);
        self.ids += 4;
        let (at, id) = (self.out.len() as u64, self.ids);
        let mut page = entries.concat();
        let (count, stride) = (entries.len(), entries[0].len());
        page.resize(room, 0);
        if self.layout == Layout::Wide {
            page.extend([count as u8, 0, (room / stride) as u8, 0, stride as u8, level]);
            page.resize(4072, 0);
        } else {
            page.extend([count as u8, (room / stride) as u8, stride as u8, level]);
            page.resize(if self.layout == Layout::Ansi { 500 } else { 496 }, 0);
        }
        let sum = crc(&page);
        page.extend([kind, kind]);
        page.extend(signature(at, id).to_le_bytes());
        match self.layout {
            Layout::Ansi => page.extend([(id as u32).to_le_bytes(), sum.to_le_bytes()].concat()),
            _ => page.extend([&sum.to_le_bytes()[..], &id.to_le_bytes()].concat()),
        }
        page.resize(self.layout.page(), 0);
        self.out.extend(page);
        (at, id)
    }

    fn finish(mut self) -> Vec<u8> {
        let layout = self.layout;
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.sort_by_key(|(id, _)| *id);
        let nodes = nodes.into_iter().map(|(id, node)| {
            let mut entry = numbers(layout, &[u64::from(id), node.data, node.below]);
            entry.extend(node.parent.to_le_bytes());
            entry.resize(4 * layout.word(), 0);
            entry
        });
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.sort_unstable();
        let blocks = blocks.into_iter().map(|(id, at, length, unpacked)| {
            let mut entry = numbers(layout, &[id, at]);
            entry.extend((length as u16).to_le_bytes());
            entry.extend((if layout == Layout::Wide { unpacked as u16 } else { 2 }).to_le_bytes());
            entry.resize(3 * layout.word(), 0);
            entry
        });
        let nodes = self.tree(0x81, nodes.collect());
        let blocks = self.tree(0x80, blocks.collect());
        let end = self.out.len() as u64;
        let (root, sentinel) = if layout == Layout::Ansi { (164, 460) } else { (180, 512) };
        let version = match layout {
            Layout::Ansi => 14,
            Layout::Unicode => 23,
            Layout::Wide => 36,
        };
        let word = layout.word();
        let header = &mut self.out[..1024];
        header[..4].copy_from_slice(b"!BDN");
        header[8..10].copy_from_slice(if layout == Layout::Wide { b"SO" } else { b"SM" });
        header[10] = version;
        header[12] = 19;
        header[14..16].copy_from_slice(&[1, 1]);
        let at = root + 4;
        let fields = numbers(layout, &[end, 0, 0, 0, nodes.0, nodes.1, blocks.0, blocks.1]);
        // The root of each tree is named by its id and where it lies.
        header[at..at + 8 * word].copy_from_slice(&fields);
        header[sentinel] = 0x80;
        header[sentinel + 1] = match self.coding {
            Coding::Plain => 0,
            Coding::Permute => 1,
            Coding::Cyclic => 2,
        };
        let sum = crc(&header[8..479]);
        header[4..8].copy_from_slice(&sum.to_le_bytes());
        if layout != Layout::Ansi {
            let sum = crc(&header[8..524]);
            header[524..528].copy_from_slice(&sum.to_le_bytes());
        }
        self.out
    }
}
