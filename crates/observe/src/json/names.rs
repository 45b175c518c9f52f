/// A map from names to what is known of them, made for names that are mostly unknown.
///
/// A name's place follows from its length and its ends alone, and most places are empty, so that an
/// unknown name costs a few instructions whatever its length.
#[derive(Debug)]
pub(super) struct Names<T> {
    entries: Vec<(String, T)>,
    /// One more than the index of an entry; 0 for an empty place. The length is a power of two and
    /// at least eight times that of `entries`.
    places: Vec<u16>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: vec![0; 64] }
    }
}

impl<T: Copy + Default> Names<T> {
    /// What is known of `name`.
    pub(super) fn get(&self, name: &str) -> T {
        let mut place = self.place(name);
        while let Some(index) = usize::from(self.places[place]).checked_sub(1) {
            let (found, known) = &self.entries[index];
            if found == name {
                return *known;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        T::default()
    }

    /// What is known of `name`, to be changed.
    pub(super) fn entry(&mut self, name: &str) -> &mut T {
        let index =
            self.entries.iter().position(|(found, _)| found == name).unwrap_or_else(|| self.add(name));
        &mut self.entries[index].1
    }

    fn add(&mut self, name: &str) -> usize {
        self.entries.push((name.to_owned(), T::default()));
        if self.places.len() < self.entries.len() * 8 {
            self.places = vec![0; self.places.len() * 2];
            for index in 0..self.entries.len() {
                self.occupy(index);
            }
        } else {
            self.occupy(self.entries.len() - 1);
        }
        self.entries.len() - 1
    }

    fn occupy(&mut self, index: usize) {
        let mut place = self.place(&self.entries[index].0);
        while self.places[place] != 0 {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = index as u16 + 1;
    }

    fn place(&self, name: &str) -> usize {
        // An odd constant with evenly spread bits (2^64 divided by the golden ratio).
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let bytes = name.as_bytes();
        let (head, tail) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(head), Some(tail)) => {
                    (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into())
                }
                _ => (bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 0),
            },
        };
        let mixed = (head.wrapping_mul(SPREAD) ^ tail).wrapping_add(bytes.len() as u64).wrapping_mul(SPREAD);
        (mixed >> 40) as usize & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut names = Names::default();
        let all: Vec<String> = (0..500).map(|n| "x".repeat(n % 20) + &n.to_string()).collect();
        for (index, name) in all.iter().enumerate() {
            *names.entry(name) = index + 1;
        }
        *names.entry("") = 7;
        for (index, name) in all.iter().enumerate() {
            assert_eq!(names.get(name), index + 1, "{name}");
            assert_eq!(names.get(&format!("{name}?")), 0);
        }
        assert_eq!(names.get(""), 7);
    }
}
