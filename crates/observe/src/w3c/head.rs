//! Telling a format by the first lines of a file.

/// How many lines are asked.
const LINES: usize = 50;

/// Whether most of the first lines that are not blank pass `test`. The last line is not asked when
/// it is not alone, since `head` may be torn there.
pub(crate) fn most_lines(head: &str, mut test: impl FnMut(&str) -> bool) -> bool {
    let whole = head.rfind('\n').map_or(head, |end| &head[..end]);
    let mut asked = 0;
    let mut passed = 0;
    for line in whole.lines().filter(|line| !line.trim_matches(['\0', ' ', '\t']).is_empty()).take(LINES) {
        asked += 1;
        passed += usize::from(test(line));
    }
    passed > 0 && passed * 10 >= asked * 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_whole_lines_only() {
        let is_a = |line: &str| line == "a";
        for (head, expected) in [
            ("a\n\na\nb", true),
            ("a\nb\nb\nb\n", false),
            ("a", true),
            ("", false),
            ("\n\n", false),
            ("a\na\nb\n", true),
        ] {
            assert_eq!(most_lines(head, is_a), expected, "{head:?}");
        }
    }
}
