//! The heap in which a node keeps its small things, and the tree of records in it ([MS-PST], 2.3.1 and
//! 2.3.2).

use super::page::{Layout, number};

/// Records of one tree, those that lead to others among them.
const MAX_RECORDS: usize = 20_000;
/// Levels of a tree.
const MAX_LEVELS: u64 = 4;

/// What a heap is said to hold.
pub(super) const PROPERTIES: u64 = 0xBC;
pub(super) const TABLE: u64 = 0x7C;

pub(super) struct Heap {
    pub(super) blocks: Vec<Vec<u8>>,
    pub(super) layout: Layout,
}

impl Heap {
    /// What it holds, and the item that says how; `None` if it is no heap.
    pub(super) fn root(&self) -> Option<(u64, u32)> {
        let first = self.blocks.first()?;
        let is_heap = number(first, 2, 1)? == 0xEC;
        is_heap.then_some((number(first, 3, 1)?, number(first, 4, 4)? as u32))
    }

    /// An item by its number.
    pub(super) fn item(&self, number_: u32) -> Option<&[u8]> {
        let bits = if self.layout == Layout::Wide { 14 } else { 11 };
        let (index, block) = ((number_ >> 5) as usize & ((1 << bits) - 1), number_ >> (5 + bits));
        if number_ & 31 != 0 {
            return None;
        }
        let block = self.blocks.get(block as usize)?;
        let map = number(block, 0, 2)? as usize;
        let count = number(block, map, 2)? as usize;
        if index == 0 || index > count {
            return None;
        }
        let bound = |index: usize| number(block, map + 4 + 2 * index, 2);
        block.get(bound(index - 1)? as usize..bound(index)? as usize)
    }

    /// The records of the tree whose header is the item `header`; each is a key of `key` bytes and as
    /// many as the tree says.
    pub(super) fn records(&self, header: u32, key: usize) -> Vec<&[u8]> {
        let mut records = Vec::new();
        let Some(header) = self.item(header) else { return records };
        let field = |at, width| number(header, at, width).unwrap_or_default();
        let (kind, stated, size, level, root) =
            (field(0, 1), field(1, 1), field(2, 1) as usize, field(3, 1), field(4, 4) as u32);
        if kind != 0xB5 || stated != key as u64 || level > MAX_LEVELS || size == 0 {
            return records;
        }
        let mut visited = 0;
        let mut open = vec![(root, level)];
        while let Some((item, level)) = open.pop() {
            let Some(item) = self.item(item) else { continue };
            let size = if level == 0 { size } else { 4 };
            for record in item.chunks_exact(key + size) {
                visited += 1;
                if visited > MAX_RECORDS {
                    return records;
                }
                if level == 0 {
                    records.push(record);
                }
            }
            if level > 0 {
                // From the end, so that the first is opened first.
                let inner = item.chunks_exact(key + size).rev();
                open.extend(
                    inner.map(|record| (number(record, key, 4).unwrap_or_default() as u32, level - 1)),
                );
            }
        }
        records
    }
}
