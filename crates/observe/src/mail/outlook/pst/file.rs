//! The lower layer of a mailbox file ([MS-PST], 2.2): its header, the blocks, and how both they and the nodes
//! are found.

use std::io::{self, Read, SeekFrom};
use std::rc::Rc;

use flate2::read::ZlibDecoder;
use rustc_hash::FxHashMap;

use super::coding::Coding;
use super::page::{Extent, Layout, MAX_LEVELS, Node, Page, Tree, number};
use super::rescue::Found;
use crate::read::ReadSeek;

pub(crate) const MAGIC: &[u8; 4] = b"!BDN";

/// What may be read for each byte of the file, beyond [`FREE`]: pages of the trees are read again and
/// again, and a hostile file refers to one block from everywhere.
const PASSES: u64 = 64;
const FREE: u64 = 64 << 20;
/// Pages that are kept.
const MAX_PAGES: usize = 1024;
/// Nodes below one node, and blocks of one tree of data.
const MAX_BELOW: usize = 100_000;
/// What is kept of one message, with the messages within it.
const MAX_ITEM: usize = 64 << 20;

/// Why something cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file cannot be read.
    Read(io::Error),
    /// What the file says is wrong, or it says nothing.
    Torn(&'static str),
    /// One thing is longer than it may be.
    Long,
    /// As much was read of the file as may be.
    Spent,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the file cannot be read: {error}"),
            Self::Torn(what) => f.write_str(what),
            Self::Long => f.write_str("longer than 64 MiB; what is beyond is left out"),
            Self::Spent => f.write_str("refers to its parts more often than may be; the rest is left out"),
        }
    }
}

/// An open mailbox file.
pub(super) struct File<'f> {
    file: &'f mut dyn ReadSeek,
    pub(super) size: u64,
    pub(super) layout: Layout,
    coding: Coding,
    /// Where the roots of the trees lie.
    nodes: u64,
    blocks: u64,
    /// Bytes that may still be read.
    left: u64,
    /// Bytes of the message at hand that may still be kept.
    item: usize,
    pages: FxHashMap<u64, Rc<Page>>,
    /// Whether a page of a tree could not be read.
    pub(super) is_torn: bool,
    /// What stands in for the trees where they are torn.
    pub(super) found: Option<Found>,
}

impl<'f> File<'f> {
    /// Reads the header.
    pub(super) fn open(file: &'f mut dyn ReadSeek) -> Result<Self, Fault> {
        let size = file.seek(SeekFrom::End(0)).map_err(Fault::Read)?;
        file.seek(SeekFrom::Start(0)).map_err(Fault::Read)?;
        let mut header = Vec::new();
        (&mut *file).take(1024).read_to_end(&mut header).map_err(Fault::Read)?;
        let at = |at, width| number(&header, at, width);
        let version = at(10, 2).ok_or(Fault::Torn("ends within its header"))?;
        let layout = Layout::of(version).ok_or(Fault::Torn("a version of the format that is not known"))?;
        let (nodes, blocks, coding) = if layout == Layout::Ansi { (188, 196, 461) } else { (224, 240, 513) };
        let word = layout.word();
        let (Some(nodes), Some(blocks), Some(coding)) = (at(nodes, word), at(blocks, word), at(coding, 1))
        else {
            return Err(Fault::Torn("ends within its header"));
        };
        // With another method (Windows Information Protection) there is nothing to read.
        let coding = Coding::of(coding as u8)
            .ok_or(Fault::Torn("its data are encrypted by a method that is not known"))?;
        let left = size.saturating_mul(PASSES).saturating_add(FREE);
        let (pages, found) = (FxHashMap::default(), None);
        Ok(Self {
            file,
            size,
            layout,
            coding,
            nodes,
            blocks,
            left,
            item: MAX_ITEM,
            pages,
            is_torn: false,
            found,
        })
    }

    /// Calls `visit` for the nodes in order of their ids, each once.
    pub(super) fn walk(
        &mut self,
        visit: &mut dyn FnMut(&mut Self, u32, Node) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut open = vec![(self.nodes, MAX_LEVELS)];
        let mut last = 0;
        while let Some((at, above)) = open.pop() {
            let page = match self.page(at, Tree::Nodes, above) {
                Ok(page) => page,
                Err(Fault::Spent) => return Err(Fault::Spent),
                // What else there is comes by other pages.
                Err(_) => continue,
            };
            if page.level > 0 {
                open.extend(page.entries().rev().map(|entry| (page.child(entry), page.level)));
                continue;
            }
            for (id, node) in page.nodes() {
                // Another order than that of their ids is no tree.
                if id > last {
                    last = id;
                    visit(self, id, node)?;
                }
            }
        }
        Ok(())
    }

    /// The node with the id `id`.
    pub(super) fn node(&mut self, id: u32) -> Result<Node, Fault> {
        if let Some(found) = &self.found {
            return found.nodes.get(&id).copied().ok_or(Fault::Torn("a node is missing"));
        }
        let page = self.leaf(self.nodes, Tree::Nodes, u64::from(id))?;
        page.nodes()
            .find(|(known, _)| *known == id)
            .map(|(_, node)| node)
            .ok_or(Fault::Torn("a node is missing"))
    }

    fn extent(&mut self, block: u64) -> Result<Extent, Fault> {
        let block = block & !1;
        let missing = Fault::Torn("a block is missing");
        if let Some(found) = &self.found {
            return found.blocks.get(&block).copied().ok_or(missing);
        }
        let page = self.leaf(self.blocks, Tree::Blocks, block)?;
        page.blocks().find(|(known, _)| *known == block).map(|(_, extent)| extent).ok_or(missing)
    }

    /// The page that says of the entry with the key `key`.
    fn leaf(&mut self, root: u64, tree: Tree, key: u64) -> Result<Rc<Page>, Fault> {
        let (mut at, mut above) = (root, MAX_LEVELS);
        loop {
            let page = self.page(at, tree, above)?;
            if page.level == 0 {
                return Ok(page);
            }
            let entry = page.up_to(key).ok_or(Fault::Torn("a node or a block is missing"))?;
            (at, above) = (page.child(entry), page.level);
        }
    }

    /// The page at `at`, which has to stand below the level `above`.
    fn page(&mut self, at: u64, tree: Tree, above: u8) -> Result<Rc<Page>, Fault> {
        let known = self.pages.get(&at).cloned();
        let page = match known {
            Some(page) => {
                self.spend(64)?;
                page
            }
            None => {
                let bytes = self.bytes(at, self.layout.page())?;
                let Some(page) = Page::read(&bytes, tree, self.layout).map(Rc::new) else {
                    self.is_torn = true;
                    return Err(Fault::Torn("a page of its index is damaged"));
                };
                if self.pages.len() >= MAX_PAGES {
                    self.pages.clear();
                }
                self.pages.insert(at, Rc::clone(&page));
                page
            }
        };
        if page.level >= above {
            self.is_torn = true;
            return Err(Fault::Torn("its index leads in a circle"));
        }
        Ok(page)
    }

    /// The data of a node, block by block. A block that cannot be read is there without data; the first
    /// such is told as well.
    pub(super) fn data(&mut self, block: u64) -> (Vec<Vec<u8>>, Option<Fault>) {
        let (mut blocks, mut fault) = (Vec::new(), None);
        if block != 0 {
            self.gather(block, 3, &mut blocks, &mut fault);
        }
        (blocks, fault)
    }

    fn gather(&mut self, block: u64, above: u8, blocks: &mut Vec<Vec<u8>>, fault: &mut Option<Fault>) {
        let is_inner = block & 2 != 0;
        let read = match self.block(block) {
            Ok(read) => read,
            Err(error) => {
                blocks.push(Vec::new());
                if matches!(error, Fault::Spent) {
                    *fault = Some(error);
                } else {
                    fault.get_or_insert(error);
                }
                return;
            }
        };
        if !is_inner {
            match self.keep(read.len()) {
                Ok(()) => blocks.push(read),
                Err(error) => *fault = Some(error),
            }
            return;
        }
        let word = self.layout.word();
        let (kind, level) = (number(&read, 0, 1), number(&read, 1, 1).unwrap_or_default() as u8);
        if kind != Some(1) || level == 0 || level >= above {
            fault.get_or_insert(Fault::Torn("a list of blocks is damaged"));
            return;
        }
        let count = number(&read, 2, 2).unwrap_or_default() as usize;
        for id in read.get(8..).unwrap_or_default().chunks_exact(word).take(count) {
            if matches!(fault, Some(Fault::Spent | Fault::Long)) {
                return;
            }
            if blocks.len() >= MAX_BELOW {
                *fault = Some(Fault::Long);
                return;
            }
            self.gather(number(id, 0, word).unwrap_or_default(), level, blocks, fault);
        }
    }

    /// The nodes below a node, in order of their ids.
    pub(super) fn below(&mut self, block: u64) -> Result<Vec<(u32, Node)>, Fault> {
        let mut nodes = Vec::new();
        if block != 0 {
            self.gather_below(block, 2, &mut nodes)?;
        }
        nodes.sort_by_key(|(id, _)| *id);
        nodes.dedup_by_key(|(id, _)| *id);
        Ok(nodes)
    }

    fn gather_below(&mut self, block: u64, above: u8, nodes: &mut Vec<(u32, Node)>) -> Result<(), Fault> {
        let read = self.block(block)?;
        let word = self.layout.word();
        let (kind, level) = (number(&read, 0, 1), number(&read, 1, 1).unwrap_or_default() as u8);
        if kind != Some(2) || level >= above {
            return Err(Fault::Torn("a list of nodes is damaged"));
        }
        let count = number(&read, 2, 2).unwrap_or_default() as usize;
        let start = if self.layout == Layout::Ansi { 4 } else { 8 };
        let fields = if level == 0 { 3 } else { 2 };
        for entry in read.get(start..).unwrap_or_default().chunks_exact(fields * word).take(count) {
            if nodes.len() >= MAX_BELOW {
                return Err(Fault::Long);
            }
            let field = |at| number(entry, at * word, word).unwrap_or_default();
            if level == 0 {
                nodes.push((field(0) as u32, Node { data: field(1), below: field(2), parent: 0 }));
            } else {
                self.gather_below(field(1), level, nodes)?;
            }
        }
        Ok(())
    }

    /// The plain bytes of a block.
    fn block(&mut self, block: u64) -> Result<Vec<u8>, Fault> {
        let extent = self.extent(block)?;
        let mut bytes = self.bytes(extent.at, extent.length)?;
        if let Some(length) = extent.unpacked {
            self.spend(length)?;
            let mut unpacked = Vec::with_capacity(length);
            // What was unpacked before an error is there, and shorter.
            let _ = ZlibDecoder::new(&bytes[..]).take(length as u64).read_to_end(&mut unpacked);
            if unpacked.len() != length {
                return Err(Fault::Torn("a packed block is damaged"));
            }
            bytes = unpacked;
        }
        if block & 2 == 0 {
            self.coding.decode(&mut bytes, block);
        }
        Ok(bytes)
    }

    /// The bytes of the file from `at` on.
    pub(super) fn bytes(&mut self, at: u64, length: usize) -> Result<Vec<u8>, Fault> {
        self.spend(length)?;
        if at.checked_add(length as u64).is_none_or(|end| end > self.size) {
            self.is_torn = true;
            return Err(Fault::Torn("lies beyond the end of the file"));
        }
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(at)).map_err(Fault::Read)?;
        self.file.read_exact(&mut bytes).map_err(Fault::Read)?;
        Ok(bytes)
    }

    /// Begins with another message, or with something else of its own.
    pub(super) fn begin(&mut self) {
        self.item = MAX_ITEM;
    }

    /// Counts bytes that are kept of the message at hand.
    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), Fault> {
        self.item = self.item.checked_sub(bytes).ok_or(Fault::Long)?;
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(Fault::Spent)?;
        Ok(())
    }
}
