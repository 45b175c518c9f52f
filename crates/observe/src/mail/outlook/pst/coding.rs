//! How the bytes of data blocks are disguised ([MS-PST], 5.1 and 5.2). It is no encryption: there is no
//! key that the file does not hold.

/// Three permutations of the bytes, one after the other, as the specification lists them.
const TABLES: &[u8; 768] = include_bytes!("../../../../data/pst-coding.bin");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Permute,
    Cyclic,
}

impl Coding {
    pub(super) fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Plain),
            1 => Some(Self::Permute),
            2 => Some(Self::Cyclic),
            _ => None,
        }
    }

    /// Makes plain the data of the block with the id `block`.
    pub(super) fn decode(self, data: &mut [u8], block: u64) {
        let [first, second, third] = [0, 256, 512].map(|at| &TABLES[at..at + 256]);
        match self {
            Self::Plain => {}
            Self::Permute => data.iter_mut().for_each(|byte| *byte = third[usize::from(*byte)]),
            Self::Cyclic => {
                let mut key = (block ^ (block >> 16)) as u16;
                for byte in data {
                    let [low, high] = key.to_le_bytes();
                    let mixed = first[usize::from(byte.wrapping_add(low))].wrapping_add(high);
                    let mixed = second[usize::from(mixed)].wrapping_sub(high);
                    *byte = third[usize::from(mixed)].wrapping_sub(low);
                    key = key.wrapping_add(1);
                }
            }
        }
    }

    /// Disguises data as a writer of mailboxes does.
    #[cfg(test)]
    pub(super) fn encode(self, data: &mut [u8], block: u64) {
        match self {
            Self::Permute => data.iter_mut().for_each(|byte| *byte = TABLES[usize::from(*byte)]),
            // Its own inverse.
            _ => self.decode(data, block),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_disguised_is_made_plain() {
        for coding in [Coding::Plain, Coding::Permute, Coding::Cyclic] {
            let plain: Vec<u8> = (0..=255).collect();
            let mut data = plain.clone();
            coding.encode(&mut data, 0x1234_5678);
            assert_eq!(data == plain, coding == Coding::Plain);
            coding.decode(&mut data, 0x1234_5678);
            assert_eq!(data, plain);
        }
    }

    #[test]
    fn the_tables_are_permutations_and_inverse_as_specified() {
        for from in [0, 256, 512] {
            let mut seen: Vec<u8> = TABLES[from..from + 256].to_vec();
            seen.sort_unstable();
            assert_eq!(seen, (0..=255).collect::<Vec<u8>>());
        }
        // The first and the last are each other's inverse, the middle one its own ([MS-PST], 5.1).
        for byte in 0..=255_u8 {
            assert_eq!(TABLES[512 + usize::from(TABLES[usize::from(byte)])], byte);
            assert_eq!(TABLES[256 + usize::from(TABLES[256 + usize::from(byte)])], byte);
        }
    }
}
