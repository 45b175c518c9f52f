//! Nodes and blocks by the pages that list them, where the trees over these pages are torn.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::file::{Fault, File};
use super::page::{Extent, Node, Page, Tree};

/// Nodes and blocks that are kept; beyond, a file is not put together again.
const MAX_FOUND: usize = 4_000_000;
/// What is read at once, in pages.
const STEP: usize = 128;

/// What was found. Pages are not overwritten but written anew elsewhere, so a page may be older than
/// another one; the later one counts.
#[derive(Default)]
pub(super) struct Found {
    pub(super) nodes: BTreeMap<u32, Node>,
    pub(super) blocks: FxHashMap<u64, Extent>,
}

/// Looks at every place where a page may begin.
pub(super) fn scan(file: &mut File<'_>) -> Result<Found, Fault> {
    let page = file.layout.page();
    let mut found = Found::default();
    // By what page each was said.
    let mut nodes: FxHashMap<u32, u64> = FxHashMap::default();
    let mut blocks: FxHashMap<u64, u64> = FxHashMap::default();
    let mut at = 0;
    while at < file.size {
        let length = (page * STEP).min((file.size - at) as usize);
        let bytes = file.bytes(at, length)?;
        for bytes in bytes.chunks_exact(page) {
            if let Some(page) = Page::read(bytes, Tree::Nodes, file.layout).filter(|page| page.level == 0) {
                for (id, node) in page.nodes() {
                    if nodes.get(&id).is_none_or(|known| *known <= page.id) {
                        nodes.insert(id, page.id);
                        found.nodes.insert(id, node);
                    }
                }
            } else if let Some(page) =
                Page::read(bytes, Tree::Blocks, file.layout).filter(|page| page.level == 0)
            {
                for (id, extent) in page.blocks() {
                    if blocks.get(&id).is_none_or(|known| *known <= page.id) {
                        blocks.insert(id, page.id);
                        found.blocks.insert(id, extent);
                    }
                }
            }
        }
        if nodes.len() + blocks.len() > MAX_FOUND {
            return Err(Fault::Spent);
        }
        at += length as u64;
    }
    Ok(found)
}
