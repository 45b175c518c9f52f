/// Where the value of an interned name lies among the fields of the record at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The record for which the rest holds.
    generation: u32,
    /// Index of the first field; [`NO_FIELD`] where the name holds an object or a list alone.
    field: u32,
    /// Whether the name has more than one value.
    many: bool,
}

const NO_FIELD: u32 = u32::MAX;

/// Which of the names that shapes ask for the record at hand has.
#[derive(Debug)]
pub(super) struct Slots {
    all: Vec<Slot>,
    generation: u32,
}

impl Slots {
    /// For as many names as there are.
    pub(super) fn new(count: usize) -> Self {
        Self { all: vec![Slot::default(); count], generation: 1 }
    }

    /// Forgets the record before.
    pub(super) fn begin(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.all.fill(Slot::default());
            self.generation = 1;
        }
    }

    /// The index of the first field under this name; `None` when it is absent or holds no scalar.
    pub(super) fn field(&self, slot: u16) -> Option<usize> {
        self.present(slot)
            .map(|found| found.field)
            .filter(|&field| field != NO_FIELD)
            .map(|field| field as usize)
    }

    /// Whether the record has this name, with whatever value.
    pub(super) fn has(&self, slot: u16) -> bool {
        self.present(slot).is_some()
    }

    /// Whether this name has more than one value.
    pub(super) fn many(&self, slot: u16) -> bool {
        self.present(slot).is_some_and(|found| found.many)
    }

    /// Notes that field number `field` bears this name.
    pub(super) fn mark(&mut self, slot: u16, field: usize) {
        let generation = self.generation;
        if let Some(slot) = self.all.get_mut(usize::from(slot)) {
            if slot.generation == generation && slot.field != NO_FIELD {
                slot.many = true;
            } else {
                *slot = Slot { generation, field: field as u32, many: false };
            }
        }
    }

    /// Notes that an object or a list bears this name.
    pub(super) fn mark_nested(&mut self, slot: u16) {
        if !self.has(slot) {
            self.mark(slot, NO_FIELD as usize);
        }
    }

    fn present(&self, slot: u16) -> Option<&Slot> {
        self.all.get(usize::from(slot)).filter(|found| found.generation == self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_knows_the_first_field_of_this_record() {
        let mut slots = Slots::new(2);
        slots.mark_nested(0);
        assert_eq!((slots.has(0), slots.field(0), slots.has(1)), (true, None, false));
        slots.mark(0, 5);
        assert_eq!((slots.field(0), slots.many(0)), (Some(5), false));
        slots.mark(0, 6);
        slots.mark_nested(0);
        assert_eq!((slots.field(0), slots.many(0)), (Some(5), true));
        slots.begin();
        assert_eq!((slots.has(0), slots.field(0), slots.many(0)), (false, None, false));
    }
}
