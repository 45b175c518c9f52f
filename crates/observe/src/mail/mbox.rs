use memchr::memmem;

use crate::window::Window;

/// How far a message reaches in the window.
pub(super) struct Extent {
    /// Its bytes from the beginning of the window's rest, its separator line among them.
    pub(super) length: usize,
    /// Whether it goes on beyond what one message may have.
    pub(super) cut: bool,
    /// Whether its writer marked the lines that begin with “From”.
    pub(super) is_quoted: bool,
}

/// Finds the end of the message at which `window` stands; `None` at the end of the mailbox. At most
/// `limit` bytes belong to a message.
///
/// A message ends before a separator line that follows an empty line or stands before a header (mboxo,
/// mboxrd), or where its `Content-Length` says, if a separator line or the end stands there (mboxcl,
/// mboxcl2). A line within that length that begins with “From” and bears no mark shows that lines are not
/// marked (mboxcl2). Each length that is wrong takes one of `trust`, since finding that out costs as much as reading so far; when there is
/// none left, no more lengths are believed.
pub(super) fn next(window: &mut Window<'_>, limit: usize, trust: &mut u32) -> Option<Extent> {
    window.next(|byte| matches!(byte, b'\r' | b'\n'))?;
    if *trust > 0
        && let Some((body, stated)) = stated_length(window)
    {
        match by_content_length(window, body, stated, limit) {
            Some(length) => {
                let is_quoted = memmem::find(&window.rest()[body - 1..length], b"\nFrom ").is_none();
                return Some(Extent { length, cut: false, is_quoted });
            }
            None => *trust -= 1,
        }
    }
    let mut from = 0;
    loop {
        match find_separator(window.rest(), from) {
            Found::At(length) if length <= limit => {
                return Some(Extent { length, cut: false, is_quoted: true });
            }
            Found::At(_) => return Some(Extent { length: limit, cut: true, is_quoted: true }),
            Found::None { resume } => from = resume,
        }
        let length = window.rest().len();
        if length > limit {
            return Some(Extent { length: limit, cut: true, is_quoted: true });
        }
        if !window.more() {
            return Some(Extent { length, cut: false, is_quoted: true });
        }
    }
}

/// Leaves behind everything up to the next separator line.
pub(super) fn skip_to_separator(window: &mut Window<'_>) {
    loop {
        match find_separator(window.rest(), 0) {
            Found::At(length) => return window.take(length),
            Found::None { resume } => window.take(resume),
        }
        if !window.more() {
            let rest = window.rest().len();
            return window.take(rest);
        }
    }
}

/// The length of the separator line at the beginning of `bytes`, with its line end.
pub(super) fn separator_at(bytes: &[u8]) -> Option<usize> {
    let length = memchr::memchr(b'\n', &bytes[..bytes.len().min(MAX_LINE)])? + 1;
    is_separator(&bytes[..length]).then_some(length)
}

/// Whether `line` is `From SENDER DATE`, with a time of day and a year: a sentence that begins with
/// “From” has none.
pub(super) fn is_separator(line: &[u8]) -> bool {
    let Some(line) = line.strip_prefix(b"From ") else { return false };
    let (mut clock, mut year) = (false, false);
    for word in line.trim_ascii().split(u8::is_ascii_whitespace).skip(1) {
        clock |= matches!(word, [b'0'..=b'9', b':', ..] | [b'0'..=b'9', b'0'..=b'9', b':', ..]);
        year |= word.len() == 4 && (word.starts_with(b"19") || word.starts_with(b"20")) && word.is_ascii();
    }
    clock && year
}

/// Takes one `>` from the lines that writers of mailboxes mark because they begin with “From”. Uses
/// `buffer` only where there are any.
pub(super) fn unescape<'b>(message: &'b [u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    if memmem::find(message, b">From ").is_none() {
        return message;
    }
    buffer.clear();
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let marks = line.iter().take_while(|&&byte| byte == b'>').count();
        let marked = marks > 0 && line[marks..].starts_with(b"From ");
        buffer.extend_from_slice(&line[usize::from(marked)..]);
    }
    buffer
}

/// Bytes of a separator line.
const MAX_LINE: usize = 1024;

enum Found {
    /// A separator line begins here.
    At(usize),
    /// There is none; nothing before `resume` need be looked at again.
    None { resume: usize },
}

/// Finds a separator line, from byte `from` on: after an empty line, or where some writer left that out,
/// before a line of a header.
fn find_separator(bytes: &[u8], from: usize) -> Found {
    for at in memmem::find_iter(&bytes[from..], b"\nFrom ") {
        let line = from + at + 1;
        let after_empty_line = bytes[..line].ends_with(b"\n\n") || bytes[..line].ends_with(b"\n\r\n");
        let behind = &bytes[line..];
        let length = separator_at(behind);
        let header = length.filter(|_| !after_empty_line).map(|length| &behind[length..]);
        let header = header.map(|rest| &rest[..rest.len().min(MAX_NAME)]);
        if length.is_some() && header.is_none_or(is_header) {
            return Found::At(line);
        }
        let cut = behind.len() < MAX_LINE && !behind.contains(&b'\n');
        if cut || header.is_some_and(|rest| rest.len() < MAX_NAME) {
            return Found::None { resume: line.saturating_sub(3).max(from) };
        }
    }
    Found::None { resume: bytes.len().saturating_sub(b"\n\r\nFrom".len()).max(from) }
}

/// Bytes of the name of a field that mail has.
const MAX_NAME: usize = 32;

/// Whether a line begins with the name of a field that is hardly found outside mail.
fn is_header(line: &[u8]) -> bool {
    memchr::memchr(b':', line).is_some_and(|colon| {
        super::TELLING.iter().any(|name| line[..colon].eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// Where the body of the message begins, and the `Content-Length` of its header.
fn stated_length(window: &mut Window<'_>) -> Option<(usize, usize)> {
    loop {
        let head = &window.rest()[..window.rest().len().min(MAX_HEADER)];
        let end = |empty_line: &[u8]| memmem::find(head, empty_line).map(|at| at + empty_line.len());
        match end(b"\n\n").into_iter().chain(end(b"\n\r\n")).min() {
            Some(body) => return Some((body, content_length(&head[..body])?)),
            None if head.len() < MAX_HEADER && window.more() => {}
            None => return None,
        }
    }
}

/// The end of the message by its `Content-Length`, where that can be believed.
fn by_content_length(window: &mut Window<'_>, body: usize, stated: usize, limit: usize) -> Option<usize> {
    let end = body.checked_add(stated).filter(|&end| end <= limit)?;
    while window.rest().len() < end + MAX_LINE && window.more() {}
    let tail = window.rest().get(end..)?;
    let blanks = tail.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let after_line = blanks > 0 || window.rest()[..end].ends_with(b"\n");
    (blanks == tail.len() || after_line && separator_at(&tail[blanks..]).is_some()).then_some(end)
}

/// Bytes of a header in which a `Content-Length` is looked for.
const MAX_HEADER: usize = 64 << 10;

fn content_length(header: &[u8]) -> Option<usize> {
    header.split(|&byte| byte == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        line[..colon].eq_ignore_ascii_case(b"content-length").then_some(())?;
        std::str::from_utf8(line[colon + 1..].trim_ascii()).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str, limit: usize) -> Vec<(String, bool)> {
        let mut input = text.as_bytes();
        let mut window = Window::new(&mut input);
        let mut found = Vec::new();
        let mut trust = 8;
        while let Some(extent) = next(&mut window, limit, &mut trust) {
            found.push((String::from_utf8_lossy(&window.rest()[..extent.length]).into_owned(), extent.cut));
            window.take(extent.length);
            if extent.cut {
                skip_to_separator(&mut window);
            }
        }
        found
    }

    const ONE: &str =
        "From a@example.org Tue Aug 24 09:12:00 2021\nSubject: one\n\nFrom here on it rains.\n\n";
    const TWO: &str = "From b@example.org Tue Aug 24 09:13:00 2021\nSubject: two\n\n>From there.\n";

    #[test]
    fn messages_end_before_separators() {
        let both = lengths(&format!("{ONE}{TWO}"), 1 << 20);
        assert_eq!(both, [(ONE.to_owned(), false), (TWO.to_owned(), false)]);
        assert_eq!(lengths("", 1 << 20), []);
        assert_eq!(lengths("\n\n", 1 << 20), []);
    }

    #[test]
    fn a_content_length_hides_separators_when_it_leads_to_one() {
        let body = "quoted:\n\nFrom c@example.org Tue Aug 24 09:14:00 2021\nSubject: inner\n\nend\n";
        let message = |stated: usize| {
            format!("From a@example.org Tue Aug 24 09:12:00 2021\nContent-Length: {stated}\n\n{body}")
        };
        let right = format!("{}\n{TWO}", message(body.len()));
        assert_eq!(lengths(&right, 1 << 20).len(), 2);
        let wrong = format!("{}\n{TWO}", message(body.len() + 9));
        assert_eq!(lengths(&wrong, 1 << 20).len(), 3);
    }

    /// What each variant of the format makes of one body, and what is read of it again.
    #[test]
    fn all_variants_give_the_body_again() {
        const BODY: &str = "quoted:\n\nFrom c@example.org Tue Aug 24 09:14:00 2021\n>From here\nFrom there\n";
        let marked = |body: &str, all: bool| -> String {
            let mark = |line: &str| {
                let plain = if all { line.trim_start_matches('>') } else { line };
                if plain.starts_with("From ") { format!(">{line}") } else { line.to_owned() }
            };
            body.split_inclusive('\n').map(mark).collect()
        };
        let counted = |body: &str| format!("Content-Length: {}\n\n{body}", body.len());
        for (name, message, again) in [
            // What bore a mark before cannot be told from what got one.
            ("mboxo", format!("\n{}", marked(BODY, false)), BODY.replace(">From", "From")),
            ("mboxrd", format!("\n{}", marked(BODY, true)), BODY.to_owned()),
            ("mboxcl", counted(&marked(BODY, true)), BODY.to_owned()),
            ("mboxcl2", counted(BODY), BODY.to_owned()),
        ] {
            for end in ["\n", "\r\n"] {
                let first = format!("From a@example.org Tue Aug 24 09:12:00 2021\nSubject: x\n{message}");
                let stated = format!(
                    "Content-Length: {}",
                    message.split_once("\n\n").map_or(0, |(_, body)| body.replace('\n', end).len())
                );
                let text = format!("{first}\n{TWO}").replace('\n', end);
                let text = match name {
                    "mboxcl" | "mboxcl2" => {
                        let (before, after) = text.split_once("Content-Length").unwrap();
                        format!("{before}{stated}{}", &after[after.find(end).unwrap()..])
                    }
                    _ => text,
                };
                let mut input = text.as_bytes();
                let mut window = Window::new(&mut input);
                let extent = next(&mut window, 1 << 20, &mut 8).unwrap();
                let raw = &window.rest()[..extent.length];
                let mut buffer = Vec::new();
                let raw = if extent.is_quoted { unescape(raw, &mut buffer) } else { raw };
                let raw = String::from_utf8_lossy(raw).replace("\r\n", "\n");
                let body = raw.split_once("\n\n").unwrap().1;
                assert_eq!(body.trim_end(), again.trim_end(), "{name} {end:?}");
                window.take(extent.length);
                assert_eq!(
                    next(&mut window, 1 << 20, &mut 8).map(|extent| extent.cut),
                    Some(false),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn an_empty_line_before_a_separator_may_be_missing() {
        let text = "From a@example.org Tue Aug 24 09:12:00 2021\nSubject: one\n\nlast\nFrom - Tue Aug 24 09:13:00 2021\nReceived: x\n\nb\n";
        assert_eq!(lengths(text, 1 << 20).len(), 2);
        let sentence = text.replace("Received: x", "said Ann: it rains");
        assert_eq!(lengths(&sentence, 1 << 20).len(), 1);
        for end in 0..text.len() {
            assert!(lengths(&text[..end], 1 << 20).len() <= 2);
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_and_the_next_one_found() {
        let long =
            format!("From a@example.org Tue Aug 24 09:12:00 2021\nSubject: x\n\n{}\n\n", "x".repeat(5000));
        let found = lengths(&format!("{long}{TWO}"), 1000);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0.len(), found[0].1), (1000, true));
        assert_eq!(found[1], (TWO.to_owned(), false));
    }

    #[test]
    fn marks_of_the_mailbox_are_taken_off() {
        let mut buffer = Vec::new();
        assert_eq!(
            unescape(b"a\n>From b\n>>From c\n> From d\n", &mut buffer),
            b"a\nFrom b\n>From c\n> From d\n"
        );
        assert_eq!(unescape(b"plain", &mut buffer), b"plain");
    }

    #[test]
    fn a_sentence_is_no_separator() {
        for (line, expected) in [
            ("From MAILER-DAEMON Fri Jul  8 12:08:34 2011", true),
            ("From a@example.org  Thu Aug 22 12:36:23 2002 +0100", true),
            ("From - Tue Aug 24 09:12:00 2021", true),
            ("From ???@??? Tue Aug 24 09:12:00 2021", true),
            ("From 1709876543210987654@xxx Tue Aug 24 09:12:00 +0000 2021", true),
            ("From a@example.org Tue, 24 Aug 2021 09:12:00 +0200", true),
            ("From here on, at 9:30 it rains", false),
            ("From 2021 on", false),
            ("from a@example.org Tue Aug 24 09:12:00 2021", false),
        ] {
            assert_eq!(is_separator(line.as_bytes()), expected, "{line}");
        }
    }
}
