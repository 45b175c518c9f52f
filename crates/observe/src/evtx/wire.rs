/// Little-endian reads from the bytes of one chunk; `None` past their end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Wire<'a> {
    /// Reads `data` from `pos` on.
    pub(super) const fn new(data: &'a [u8], pos: usize) -> Self {
        Self { data, pos }
    }

    /// Where the next read begins in the chunk.
    pub(super) const fn pos(&self) -> usize {
        self.pos
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.pos.checked_add(len)?;
        let taken = self.data.get(self.pos..end)?;
        self.pos = end;
        Some(taken)
    }

    /// Passes over `len` bytes.
    pub(super) fn skip(&mut self, len: usize) -> Option<()> {
        self.take(len).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.data.get(self.pos..)?.first_chunk::<N>()?;
        self.pos += N;
        Some(*taken)
    }

    /// One byte.
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// UTF-16 text behind its length in code units (`u16`).
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let units = self.u16()?;
        self.take(usize::from(units) * 2)
    }

    /// The offset of a name; a name that stands here for the first time in the chunk is passed
    /// over (link, hash, length, text, NUL).
    pub(super) fn name(&mut self) -> Option<u32> {
        let offset = self.u32()?;
        if self.pos == offset as usize {
            self.skip(6)?;
            self.text()?;
            self.skip(2)?;
        }
        Some(offset)
    }
}

/// The name that lies at `offset` of the chunk `data`, as UTF-16.
pub(super) fn name_at(data: &[u8], offset: u32) -> Option<&[u8]> {
    Wire::new(data, (offset as usize).checked_add(6)?).text()
}
