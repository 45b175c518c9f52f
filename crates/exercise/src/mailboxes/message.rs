//! A message as bytes: its fields, and its body with the parts in which addresses stand.

/// A message, cut where its header ends.
pub(super) struct Parts<'a> {
    /// Header fields with their continuations and line ends.
    pub fields: Vec<&'a [u8]>,
    pub body: &'a [u8],
}

/// Header fields of one message that are looked at.
const MOST_FIELDS: usize = 2000;

/// Cuts a message; nothing where it has no header.
pub(super) fn split(raw: &[u8]) -> Option<Parts<'_>> {
    let mut rest = raw;
    // The line of the mailbox that it was taken from.
    if rest.starts_with(b"From ") {
        rest = &rest[line(rest)..];
    }
    let mut fields = Vec::new();
    while fields.len() < MOST_FIELDS {
        let mut length = line(rest);
        let first = &rest[..length];
        if first.is_empty() || first.trim_ascii().is_empty() {
            rest = &rest[length..];
            break;
        }
        // What is no field ends the header; what follows is read as the body.
        if name(first).is_none() {
            break;
        }
        while matches!(rest.get(length), Some(b' ' | b'\t'))
            && !rest[length..][..line(&rest[length..])].trim_ascii().is_empty()
        {
            length += line(&rest[length..]);
        }
        fields.push(&rest[..length]);
        rest = &rest[length..];
    }
    (!fields.is_empty()).then_some(Parts { fields, body: rest })
}

/// Length of the first line with its end.
pub(super) fn line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

/// The name of a field.
pub(super) fn name(field: &[u8]) -> Option<&[u8]> {
    let colon = field.iter().position(|byte| *byte == b':')?;
    let name = field[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// The value of a field, without its line end.
pub(super) fn value(field: &[u8]) -> &[u8] {
    let colon = field.iter().position(|byte| *byte == b':').map_or(field.len(), |at| at + 1);
    field[colon..].trim_ascii()
}

impl<'a> Parts<'a> {
    /// The first field of that name.
    pub(super) fn field(&self, wanted: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|field| name(field).is_some_and(|name| name.eq_ignore_ascii_case(wanted.as_bytes())))
            .map(|field| value(field))
    }

    /// The domain of the first address in `From`.
    pub(super) fn domain(&self) -> Option<String> {
        let from = String::from_utf8_lossy(self.field("From")?).into_owned();
        let at = from.rfind('@')?;
        let domain: String = from[at + 1..]
            .chars()
            .take_while(|symbol| symbol.is_ascii_alphanumeric() || matches!(symbol, '.' | '-'))
            .collect();
        let domain = domain.trim_matches(['.', '-']).to_ascii_lowercase();
        (domain.contains('.') && domain.len() < 200).then_some(domain)
    }
}

/// Whether a message looks like bulk mail: fields of a list, or a page with links.
pub(super) fn is_bulk(parts: &Parts<'_>) -> bool {
    let listed = parts
        .fields
        .iter()
        .filter_map(|field| name(field))
        .any(|name| name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"list-")));
    let precedence = parts
        .field("Precedence")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"bulk") || value.eq_ignore_ascii_case(b"list"));
    listed || precedence || is_page(parts)
}

/// Whether there is a page in it, with links as far as its coding shows.
fn is_page(parts: &Parts<'_>) -> bool {
    let has = |bytes: &[u8], wanted: &[u8]| {
        bytes.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
    };
    let kind = parts.field("Content-Type").unwrap_or_default();
    let page = has(kind, b"text/html") || has(parts.body, b"content-type: text/html");
    page && (has(parts.body, b"href")
        || has(parts.body, b"base64")
        || parts
            .field("Content-Transfer-Encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"base64")))
}
