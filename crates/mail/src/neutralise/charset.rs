//! Bytes to text by the character set that readers will take them to be in.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes at the start of a page in which a browser looks for a character set.
const SNIFFED: usize = 1024;

/// Text, and a second reading of it where readers may take its bytes for something else.
pub(super) struct Text<'b> {
    pub(super) text: Cow<'b, str>,
    pub(super) second: Option<Cow<'b, str>>,
    /// Whether it says a character set that is known here; programs know others.
    pub(super) known: bool,
}

/// Reads `bytes`, in what its header calls `label`; `page` for HTML, which may name one itself.
pub(super) fn read<'b>(bytes: &'b [u8], label: Option<&str>, page: bool) -> Text<'b> {
    let label = label.map(|label| label.trim().to_ascii_lowercase());
    let inside = if page { named_within(bytes) } else { None };
    // No browser reads it; some mail programs do.
    let seven =
        [label.as_deref(), inside.as_deref()].into_iter().flatten().any(|label| label.contains("utf-7"));
    if seven && let Some(decoder) = mail_parser::decoders::charsets::map::charset_decoder(b"utf-7") {
        return Text {
            text: Cow::Owned(decoder(bytes)),
            second: Some(WINDOWS_1252.decode(bytes).0),
            known: true,
        };
    }
    let of =
        |label: &Option<String>| label.as_deref().and_then(|label| Encoding::for_label(label.as_bytes()));
    let (outer, inner) = (of(&label), of(&inside));
    let chosen =
        outer.or(inner).unwrap_or(if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    let (text, used, _) = chosen.decode(bytes);
    let steady = |encoding: &'static Encoding| encoding == UTF_8 || encoding.is_single_byte();
    let agreed = steady(used) && inner.is_none_or(steady) && (label.is_none() || outer.is_some());
    // In these every byte below 0x80 is itself, wherever it stands.
    let second = (!agreed).then(|| WINDOWS_1252.decode(bytes).0);
    Text { text, second, known: label.is_none() || outer.is_some() }
}

/// The character set that a page names at its start.
fn named_within(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SNIFFED)]).to_ascii_lowercase();
    let at = start.find("charset")? + "charset".len();
    let value = start[at..].trim_start().strip_prefix('=')?.trim_start_matches(['"', '\'', ' ']);
    let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(value.len());
    Some(value[..end].to_owned())
}
