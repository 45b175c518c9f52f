//! The names of system calls.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

const TABLE: &str = include_str!("../../data/syscalls.txt");

/// Architecture and number → name.
type Names = FxHashMap<(u32, u32), &'static str>;

/// The name of the system call `number` on `arch`, both as a record writes them (`c000003e`, `59`).
pub(super) fn name(arch: &str, number: &str) -> Option<&'static str> {
    static NAMES: LazyLock<Names> = LazyLock::new(|| parse(TABLE));
    let arch = u32::from_str_radix(arch, 16).ok()?;
    NAMES.get(&(arch, number.parse().ok()?)).copied()
}

fn parse(table: &'static str) -> Names {
    let mut arch = 0;
    let mut names = Names::default();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            arch = u32::from_str_radix(heading, 16).unwrap_or_default();
        } else if let Some((number, name)) = line.split_once(' ')
            && let Ok(number) = number.parse()
        {
            names.insert((arch, number), name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names_by_architecture() {
        for (arch, number, expected) in [
            ("c000003e", "59", Some("execve")),
            ("40000003", "11", Some("execve")),
            ("c00000b7", "221", Some("execve")),
            ("c000003e", "99999", None),
            ("zz", "1", None),
        ] {
            assert_eq!(name(arch, number), expected, "{arch} {number}");
        }
        let wanted =
            TABLE.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count();
        assert_eq!(parse(TABLE).len(), wanted);
    }
}
