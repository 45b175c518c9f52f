/// What the table says of one name; by far most names are in no table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// One more than the slot; 0 for none.
    pub(super) slot: u16,
    /// One more than the index of the name that stands instead; 0 for none.
    pub(super) renamed: u16,
    /// One more than the index of the kind of pairs; 0 for none.
    pub(super) pairs: u8,
    pub(super) flags: u8,
}

/// An object or list is also kept as its text.
pub(super) const TEXT: u8 = 1;
/// A text is an object in itself.
pub(super) const EMBEDDED: u8 = 2;
/// The names of objects right below are left out.
pub(super) const THROUGH: u8 = 4;
/// Names below also stand without this one.
pub(super) const BARE: u8 = 8;
/// A list at the top holds the records.
pub(super) const WRAPPER: u8 = 16;
/// The name may stand beside a list of records.
pub(super) const COMPANION: u8 = 32;

impl Known {
    /// Where the value of this name is remembered, for shapes.
    pub(super) fn slot(self) -> Option<u16> {
        self.slot.checked_sub(1)
    }

    /// Whether the names below this one are not simply joined to it.
    pub(super) fn changes_names(self) -> bool {
        self.renamed != 0 || self.flags & BARE != 0
    }

    /// Whether an object or list under this name is also kept as its text.
    pub(super) fn keeps_text(self) -> bool {
        self.flags & TEXT != 0
    }

    /// Whether a text under this name is an object in itself.
    pub(super) fn is_embedded(self) -> bool {
        self.flags & EMBEDDED != 0
    }

    /// Whether the names of objects right below this one are left out.
    pub(super) fn is_through(self) -> bool {
        self.flags & THROUGH != 0
    }

    /// Whether names below this one also stand without it.
    pub(super) fn is_bare(self) -> bool {
        self.flags & BARE != 0
    }

    /// Whether a list under this name, at the top, holds the records.
    pub(super) fn is_wrapper(self) -> bool {
        self.flags & WRAPPER != 0
    }

    /// Whether this name may stand beside a list of records.
    pub(super) fn is_companion(self) -> bool {
        self.flags & COMPANION != 0
    }

    /// This name as it is for the elements of a list under it.
    pub(super) fn plain(self) -> Self {
        Self { flags: 0, renamed: 0, pairs: 0, ..self }
    }

    /// What is known of a name and of the name it had before.
    pub(super) fn merged(self, before: Self) -> Self {
        let or = |own: u16, other: u16| if own == 0 { other } else { own };
        Self {
            slot: or(self.slot, before.slot),
            renamed: 0,
            pairs: self.pairs.max(before.pairs),
            flags: self.flags | before.flags,
        }
    }
}
