//! Pages of the two trees by which nodes and blocks are found ([MS-PST], 2.2.2.7).
//!
//! There are three layouts: that of before 2003 (ANSI), the one that is specified, and the one that
//! caches of Outlook 2013 and later have, with pages of 4 KiB and blocks that are compressed. The last
//! is not in the specification; it is known from `libpff` and from “OST 2013 file format: the missing
//! documentation” (Mythicsoft, 2015).

/// Levels of a tree of pages; four are enough for any file.
pub(super) const MAX_LEVELS: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Ansi,
    Unicode,
    /// Pages of 4 KiB.
    Wide,
}

impl Layout {
    /// The layout of a file with the version `number`.
    pub(super) fn of(number: u64) -> Option<Self> {
        match number {
            14 | 15 => Some(Self::Ansi),
            // 21 is what some other programs write.
            21 | 23 => Some(Self::Unicode),
            36 => Some(Self::Wide),
            _ => None,
        }
    }

    /// Bytes of an id or of an offset.
    pub(super) fn word(self) -> usize {
        if self == Self::Ansi { 4 } else { 8 }
    }

    pub(super) fn page(self) -> usize {
        if self == Self::Wide { 4096 } else { 512 }
    }

    /// Bytes of a page that entries may take.
    fn entries(self) -> usize {
        match self {
            Self::Ansi => 496,
            Self::Unicode => 488,
            Self::Wide => 4056,
        }
    }

    /// Where the trailer of a page begins.
    fn trailer(self) -> usize {
        match self {
            Self::Ansi => 500,
            Self::Unicode => 496,
            Self::Wide => 4072,
        }
    }
}

/// The two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    Blocks,
    Nodes,
}

/// A node: where its data and the nodes below it are, and the folder that it lies in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) data: u64,
    pub(super) below: u64,
    pub(super) parent: u32,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) at: u64,
    pub(super) length: usize,
    /// Its length when it is unpacked, if it is packed.
    pub(super) unpacked: Option<usize>,
}

/// A page of a tree.
pub(super) struct Page {
    pub(super) level: u8,
    /// The id of the page, which is higher the later it was written.
    pub(super) id: u64,
    layout: Layout,
    stride: usize,
    entries: Vec<u8>,
}

impl Page {
    /// Reads a page; `None` if it is none of this `tree`.
    pub(super) fn read(bytes: &[u8], tree: Tree, layout: Layout) -> Option<Self> {
        let kind = if tree == Tree::Blocks { 0x80 } else { 0x81 };
        let trailer = bytes.get(layout.trailer()..)?;
        if trailer.get(..2)? != [kind, kind] {
            return None;
        }
        let id = if layout == Layout::Ansi { number(trailer, 4, 4)? } else { number(trailer, 8, 8)? };
        let width = if layout == Layout::Wide { 2 } else { 1 };
        let about = bytes.get(layout.entries()..)?;
        let (count, stride, level) =
            (number(about, 0, width)?, number(about, 2 * width, 1)?, number(about, 2 * width + 1, 1)?);
        let (count, stride, level) = (count as usize, stride as usize, level as u8);
        let least = match (tree, level) {
            (Tree::Nodes, 0) => 3 * layout.word() + 4,
            (Tree::Blocks, 0) => 2 * layout.word() + if layout == Layout::Wide { 6 } else { 4 },
            _ => 3 * layout.word(),
        };
        let entries = bytes.get(..count.checked_mul(stride)?)?;
        let fits = stride >= least && entries.len() <= layout.entries() && level < MAX_LEVELS;
        fits.then(|| Self { level, id, layout, stride, entries: entries.to_vec() })
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.entries.chunks_exact(self.stride)
    }

    pub(super) fn key(&self, entry: &[u8]) -> u64 {
        number(entry, 0, self.layout.word()).unwrap_or_default()
    }

    /// The last entry whose key is not beyond `key`.
    pub(super) fn up_to(&self, key: u64) -> Option<&[u8]> {
        self.entries().rev().find(|entry| self.key(entry) <= key)
    }

    /// Where the page lies that an entry leads to.
    pub(super) fn child(&self, entry: &[u8]) -> u64 {
        let word = self.layout.word();
        number(entry, 2 * word, word).unwrap_or_default()
    }

    /// The nodes that a page lists.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (u32, Node)> {
        let word = self.layout.word();
        self.entries().map(move |entry| {
            let field = |at| number(entry, at * word, word).unwrap_or_default();
            let parent = number(entry, 3 * word, 4).unwrap_or_default() as u32;
            (field(0) as u32, Node { data: field(1), below: field(2), parent })
        })
    }

    /// The blocks that a page lists.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (u64, Extent)> {
        self.entries().map(|entry| (self.key(entry) & !1, self.extent(entry)))
    }

    pub(super) fn extent(&self, entry: &[u8]) -> Extent {
        let word = self.layout.word();
        let length = number(entry, 2 * word, 2).unwrap_or_default() as usize;
        let unpacked = number(entry, 2 * word + 2, 2).unwrap_or_default() as usize;
        let is_packed = self.layout == Layout::Wide && unpacked != length;
        let at = number(entry, word, word).unwrap_or_default();
        Extent { at, length, unpacked: is_packed.then_some(unpacked) }
    }
}

/// The number in the `width` bytes at `at`, the least byte first.
pub(super) fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
