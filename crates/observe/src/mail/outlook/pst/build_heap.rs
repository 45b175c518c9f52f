//! Writes heaps of nodes.

use super::page::Layout;

/// A heap that is being filled.
pub(super) struct Heap {
    layout: Layout,
    kind: u8,
    blocks: Vec<(Vec<u8>, Vec<u16>)>,
}

impl Heap {
    pub(super) fn new(layout: Layout, kind: u8) -> Self {
        Self { layout, kind, blocks: vec![(vec![0; 12], vec![12])] }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> u32 {
        let (block, bounds) = &self.blocks[self.blocks.len() - 1];
        if block.len() + bytes.len() + 2 * bounds.len() + 16 > 8000 {
            let header = if self.blocks.len() % 128 == 8 { 66 } else { 2 };
            self.blocks.push((vec![0; header], vec![header as u16]));
        }
        let place = self.blocks.len() - 1;
        let (block, bounds) = &mut self.blocks[place];
        block.extend(bytes);
        let index = bounds.len() as u32;
        bounds.push(block.len() as u16);
        let bits = if self.layout == Layout::Wide { 14 } else { 11 };
        (place as u32) << (5 + bits) | index << 5
    }

    /// A tree of records, of two levels where there are several.
    pub(super) fn tree(&mut self, key: usize, value: usize, records: &[u8]) -> u32 {
        let size = key + value;
        let leaves: Vec<&[u8]> = records.chunks(size * 8).collect();
        let mut level = 0;
        let mut root = 0;
        if let [leaf] = &leaves[..] {
            root = self.add(leaf);
        } else if !leaves.is_empty() {
            let inner: Vec<u8> = leaves
                .iter()
                .flat_map(|leaf| [&leaf[..key], &self.add(leaf).to_le_bytes()].concat())
                .collect();
            root = self.add(&inner);
            level = 1;
        }
        let header = [&[0xB5, key as u8, value as u8, level][..], &root.to_le_bytes()].concat();
        self.add(&header)
    }

    pub(super) fn finish(self, root: u32) -> Vec<Vec<u8>> {
        let kind = self.kind;
        let blocks = self.blocks.into_iter().enumerate().map(|(place, (mut block, bounds))| {
            block.resize(block.len().next_multiple_of(2), 0);
            let map = block.len() as u16;
            block[..2].copy_from_slice(&map.to_le_bytes());
            if place == 0 {
                block[2..4].copy_from_slice(&[0xEC, kind]);
                block[4..8].copy_from_slice(&root.to_le_bytes());
            }
            block.extend((bounds.len() as u16 - 1).to_le_bytes());
            block.extend([0; 2]);
            block.extend(bounds.iter().flat_map(|bound| bound.to_le_bytes()));
            block
        });
        blocks.collect()
    }
}
