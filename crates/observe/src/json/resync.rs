use memchr::{memmem, memrchr_iter};

use crate::window::Window;

/// Blanks between the brace of an object and its first member, at most.
const MAX_INDENT: usize = 256;

/// Leaves behind what cannot be read, up to the next place where a record seems to begin: an object
/// whose first member is called `first`, or, where that is not known or `lines` says that records
/// begin lines, an object at the beginning of a line. Nothing before byte `from` is looked at.
pub(super) fn resync(window: &mut Window<'_>, from: usize, first: &str, lines: bool) {
    let first = (!first.is_empty()).then(|| format!("\"{first}\""));
    let keep = first.as_ref().map_or(0, String::len) + MAX_INDENT;
    window.take(from.max(1));
    loop {
        let rest = window.rest();
        let by_name = first.as_ref().and_then(|first| object_with(rest, first.as_bytes()));
        let by_line = (lines || first.is_none()).then(|| object_on_line(rest)).flatten();
        if let Some(at) = [by_name, by_line].into_iter().flatten().min() {
            return window.take(at);
        }
        let unneeded = rest.len().saturating_sub(keep);
        window.take(unneeded);
        if !window.more() {
            let rest = window.rest().len();
            return window.take(rest);
        }
    }
}

/// From where on to look for the next record after a fault at byte `at` of `record`: two lines
/// before it, since a record that is cut off is often noticed only within the next one. Nearer to
/// the beginning it would cost too much with evidence that is made to be read over and over.
pub(super) fn two_lines_before(record: &[u8], at: usize) -> usize {
    memrchr_iter(b'\n', &record[..at.min(record.len())]).take(2).last().unwrap_or(1)
}

/// Where an object begins whose first member is `quoted`.
fn object_with(bytes: &[u8], quoted: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, quoted).find_map(|at| {
        let before = &bytes[at.saturating_sub(MAX_INDENT)..at];
        let blanks = before.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        let brace = at.checked_sub(blanks + 1)?;
        (bytes[brace] == b'{').then_some(brace)
    })
}

/// Where an object begins at the very beginning of a line.
fn object_on_line(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\n{").map(|at| at + 1)
}
