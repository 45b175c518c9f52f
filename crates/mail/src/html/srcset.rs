/// The addresses of a `srcset`, by the rules of the HTML standard; at most `most`.
pub(super) fn candidates(srcset: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = srcset;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, behind) = rest.split_at(end);
        let plain = address.trim_end_matches(',');
        rest = if plain.len() < address.len() { behind } else { behind_descriptors(behind) };
        Some(plain)
    })
    .take(most)
}

/// What stands behind the comma that ends descriptors; one in brackets does not.
fn behind_descriptors(text: &str) -> &str {
    let mut open = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open = true,
            b')' => open = false,
            b',' if !open => return text.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_those_of_the_standard() {
        let table: &[(&str, &[&str])] = &[
            ("a", &["a"]),
            (" a 1x, b 2x", &["a", "b"]),
            ("a,b", &["a,b"]),
            ("a, b,", &["a", "b"]),
            (",,a 1x (x,y) 2,b", &["a", "b"]),
            ("data:image/gif;base64,AA 1x, b 2x", &["data:image/gif;base64,AA", "b"]),
            ("", &[]),
        ];
        for (srcset, addresses) in table {
            assert_eq!(candidates(srcset, 9).collect::<Vec<_>>(), *addresses, "{srcset}");
        }
    }
}
