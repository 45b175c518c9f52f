//! The header fields of a message as they stand, to find those that bear our name.

use crate::verdict::Verdict;

/// Fields of our own begin with this.
const OURS: &str = "x-portcullis-";
/// What a verdict says in a header field, in bytes.
const LONGEST: usize = 400;

/// The mark of a released message.
pub(crate) const RELEASE: &str = "X-Portcullis-Release";

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Its name as it is written.
    pub(crate) name: &'a str,
    /// The how-manieth of that name, from 1.
    pub(crate) nth: u32,
    /// Its value with folds, without the last line end.
    pub(crate) value: &'a [u8],
    /// Its bytes, line end and all.
    pub(crate) range: std::ops::Range<usize>,
}

/// The length of the header block, without the empty line that ends it.
pub(crate) fn length(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', &raw[at..]) {
        if matches!(&raw[at..=at + end], b"\n" | b"\r\n") {
            return at;
        }
        at += end + 1;
    }
    raw.len()
}

/// The body: what follows the empty line.
pub(crate) fn body(raw: &[u8]) -> &[u8] {
    let rest = &raw[length(raw)..];
    rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest)
}

/// Every field of the header whose name `wanted` wants, one pass.
pub(crate) fn fields<'a>(raw: &'a [u8], mut wanted: impl FnMut(&str) -> bool) -> Vec<Field<'a>> {
    let head = &raw[..length(raw)];
    let mut found: Vec<Field<'a>> = Vec::new();
    let mut counts: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    let mut at = 0;
    while at < head.len() {
        let start = at;
        loop {
            at = memchr::memchr(b'\n', &head[at..]).map_or(head.len(), |end| at + end + 1);
            if !matches!(head.get(at), Some(b' ' | b'\t')) {
                break;
            }
        }
        let line = &head[start..at];
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let Ok(name) = std::str::from_utf8(line[..colon].trim_ascii_end()) else { continue };
        if !wanted(name) {
            continue;
        }
        let nth = counts.entry(name.to_ascii_lowercase()).or_default();
        *nth += 1;
        let value = line[colon + 1..].trim_ascii();
        found.push(Field { name, nth: *nth, value, range: start..at });
    }
    found
}

/// The fields that bear our name, and were put there by somebody else: `X-Portcullis-…`, and
/// `Authentication-Results` in the name of `id`.
pub(crate) fn forged<'a>(raw: &'a [u8], id: Option<&str>) -> Vec<Field<'a>> {
    let results = |name: &str| name.eq_ignore_ascii_case("authentication-results");
    let ours = |name: &str| name.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS));
    let mut found = fields(raw, |name| ours(name) || results(name));
    found.retain(|field| !results(field.name) || id.is_some_and(|id| is_of(field.value, id)));
    found
}

/// Whether a value of `Authentication-Results` is in the name of `id`. Comments and quotes before the name
/// are looked through, because some reader would.
fn is_of(value: &[u8], id: &str) -> bool {
    let text = String::from_utf8_lossy(value);
    let mut depth = 0u32;
    let mut name = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '"' | '\\' => {}
            ';' => break,
            c if c.is_whitespace() => {
                if !name.is_empty() {
                    break;
                }
            }
            c => name.push(c),
        }
    }
    name.trim_end_matches('.').eq_ignore_ascii_case(id)
}

/// `raw` without `fields`.
pub(crate) fn without(raw: &[u8], fields: &[Field<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    for field in fields {
        out.extend_from_slice(&raw[at..field.range.start]);
        at = field.range.end;
    }
    out.extend_from_slice(&raw[at..]);
    out
}

/// The value of `X-Portcullis-Verdict`.
pub(crate) fn verdict(verdict: &Verdict, done: &str, id: &str) -> String {
    let mut rules = String::new();
    for rule in &verdict.rules {
        let title: String = rule
            .title
            .chars()
            .filter(|c| c.is_ascii_graphic() && *c != ';' && *c != ',' || *c == ' ')
            .collect();
        if rules.len() + title.len() > LONGEST {
            break;
        }
        // A line may end between two rules.
        rules += if rules.is_empty() { "" } else { ",\r\n\t" };
        rules += &title;
    }
    format!("{}; {done};\r\n\trules={rules};\r\n\tid={id}", verdict.level_word())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"Received: by x\r\n\tfor y\r\nX-Portcullis-Verdict: none\r\nSubject : hi\r\n\
        Authentication-Results: mx.parl.example; spf=pass\r\nauthentication-results: (a)\r\n\
        \t\"gate\".parl.example. 1; dkim=pass\r\nx-portcullis-verdict: again\r\n\r\nX-Portcullis-Body: stays\r\n";

    #[test]
    fn what_bears_our_name_is_found() {
        let found = forged(MESSAGE, Some("gate.parl.example"));
        let names: Vec<_> = found.iter().map(|field| (field.name, field.nth)).collect();
        // The how-manieth counts those of others too.
        assert_eq!(
            names,
            [("X-Portcullis-Verdict", 1), ("authentication-results", 2), ("x-portcullis-verdict", 2)]
        );
        let clean = String::from_utf8(without(MESSAGE, &found)).unwrap();
        assert!(clean.starts_with("Received: by x\r\n\tfor y\r\nSubject : hi\r\nAuth"), "{clean}");
        assert!(clean.ends_with("spf=pass\r\n\r\nX-Portcullis-Body: stays\r\n"), "{clean}");
        assert!(forged(&without(MESSAGE, &found), Some("gate.parl.example")).is_empty());
        assert_eq!(forged(MESSAGE, None).len(), 2);
    }

    #[test]
    fn a_message_cut_anywhere_is_read() {
        for end in 0..MESSAGE.len() {
            let cut = &MESSAGE[..end];
            assert!(length(cut) <= cut.len());
            let found = forged(cut, Some("gate.parl.example"));
            assert!(without(cut, &found).len() <= cut.len());
            let _ = body(cut);
        }
        assert_eq!(body(MESSAGE), b"X-Portcullis-Body: stays\r\n");
        assert_eq!(body(b"a: b\n\nbody"), b"body");
        assert_eq!(body(b"\r\nbody"), b"body");
        assert_eq!(body(b"no body"), b"");
    }

    #[test]
    fn a_verdict_is_one_field() {
        use crate::verdict::Held;
        let held =
            |title: &str| Held { level: model::Level::High, id: String::new(), title: title.to_owned() };
        let mut all = Verdict {
            level: Some(model::Level::High),
            rules: vec![held("One\r\nBcc: x"), held("Two; rules=")],
            ..Verdict::default()
        };
        let value = verdict(&all, "neutralised", "7");
        assert_eq!(value, "high; neutralised;\r\n\trules=OneBcc: x,\r\n\tTwo rules=;\r\n\tid=7");
        all.rules = vec![held(&"long ".repeat(60)); 40];
        let lines = verdict(&all, "tagged", "7");
        assert!(lines.len() < 998 && lines.split("\r\n").skip(1).all(|line| line.starts_with('\t')));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_header(raw in proptest::collection::vec(proptest::sample::select(
            b"X-Portcullis-A:authentication-results: g;()\"\r\n\t ".to_vec()), 0..300)) {
            let found = forged(&raw, Some("g"));
            let clean = without(&raw, &found);
            proptest::prop_assert!(clean.len() <= raw.len());
            proptest::prop_assert_eq!(body(&clean).len(), body(&raw).len());
        }
    }
}
