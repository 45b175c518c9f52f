//! Mail: single messages (RFC 5322), as a Maildir and Apple Mail hold them too, mailboxes in the mbox
//! family, and messages in Outlook's formats.
//!
//! Each message is handed over whole, with whose mailbox and which folder it lies in as far as that is
//! known; what it says is read by the room `mail`.

mod labels;
mod mbox;
pub(crate) mod outlook;
mod place;

use std::io::BufRead;

use model::{Event, Place, Problem, SourceId};

use crate::window::Window;
use crate::{Collector, Context, Message};

/// Bytes of one message; what lies beyond is left out.
const MAX_MESSAGE: usize = 32 << 20;

/// Wrong lengths after which those that a mailbox states are not believed.
const TRUST: u32 = 8;

/// Names of header fields, in lower case, that are hardly found outside mail.
const TELLING: [&str; 13] = [
    "received",
    "return-path",
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "message-id",
    "delivered-to",
    "envelope-to",
    "x-original-to",
    "dkim-signature",
    "arc-seal",
];

/// Names of header fields, in lower case, that HTTP and others have as well.
const COMMON: [&str; 8] = [
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "authentication-results",
    "x-mailer",
    "user-agent",
    "x-originating-ip",
];

/// Whether a text that begins like `head` is a message.
pub(crate) fn recognise_message(head: &str) -> bool {
    let mut telling = 0;
    let mut common = 0;
    for (number, line) in head.trim_start_matches('\u{FEFF}').lines().take(200).enumerate() {
        if number > 0 && line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { break };
        if !is_field_name(name) {
            break;
        }
        let name = name.to_ascii_lowercase();
        telling += usize::from(TELLING.contains(&name.as_str()));
        common += usize::from(COMMON.contains(&name.as_str()));
        if telling >= 2 && telling + common >= 3 {
            return true;
        }
    }
    false
}

/// Whether a text that begins like `head` is a mailbox: a line `From SENDER DATE`, then a header.
pub(crate) fn recognise_mbox(head: &str) -> bool {
    let Some((first, rest)) = head.trim_start_matches('\u{FEFF}').split_once('\n') else { return false };
    mbox::is_separator(first.as_bytes())
        && rest
            .lines()
            .next()
            .is_some_and(|line| line.split_once(':').is_some_and(|(name, _)| is_field_name(name)))
}

/// Whether a text is a message as Apple Mail keeps it: its length in a line, then a header.
pub(crate) fn recognise_emlx(head: &str) -> bool {
    head.split_once('\n')
        .is_some_and(|(first, rest)| length(first.as_bytes()).is_some() && recognise_message(rest))
}

fn length(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii();
    let digits = !line.is_empty() && line.len() <= 10 && line.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(line).ok()?.parse().ok()).flatten()
}

/// Whether `name` may be the name of a header field (RFC 5322, 2.2); those in use begin with a letter.
fn is_field_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether there is a header field before the first empty line.
fn has_header(bytes: &[u8]) -> bool {
    bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).take_while(|line| !line.is_empty()).any(
        |line| {
            memchr::memchr(b':', line).is_some_and(|colon| {
                std::str::from_utf8(&line[..colon]).is_ok_and(|name| is_field_name(name.trim_end()))
            })
        },
    )
}

/// Reads a single message.
pub(crate) fn read_message(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    let mut window = Window::new(input);
    while window.rest().len() <= MAX_MESSAGE && window.more() {}
    let length = window.rest().len();
    reader.message(&window.rest()[..length.min(MAX_MESSAGE)], 0, None);
    if length > MAX_MESSAGE {
        reader.too_long();
    }
    reader.failed(&mut window);
}

/// Reads a message as Apple Mail keeps it. What stands behind it says how it was shown and is left out.
pub(crate) fn read_emlx(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    let mut window = Window::new(input);
    while memchr::memchr(b'\n', window.rest()).is_none() && window.rest().len() < 64 && window.more() {}
    let line = memchr::memchr(b'\n', &window.rest()[..window.rest().len().min(64)]);
    let stated = line.and_then(|end| Some((end + 1, length(&window.rest()[..end])?)));
    let Some((start, length)) = stated else {
        return reader.problem("does not begin with the length of its message");
    };
    window.take(start);
    let wanted = length.min(MAX_MESSAGE);
    while window.rest().len() < wanted && window.more() {}
    let found = window.rest().len();
    reader.message(&window.rest()[..found.min(wanted)], start as u64, None);
    if length > MAX_MESSAGE {
        reader.too_long();
    } else if found < length {
        reader.problem("is shorter than its first line says");
    }
    reader.failed(&mut window);
}

/// Reads every message of a mailbox.
pub(crate) fn read_mbox(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    let mut window = Window::new(input);
    let mut unescaped = Vec::new();
    let mut trust = TRUST;
    while let Some(message) = mbox::next(&mut window, MAX_MESSAGE, &mut trust) {
        let offset = window.offset();
        let rest = window.rest();
        let separator = mbox::separator_at(rest).map(|length| &rest[..length]);
        let start = separator.map_or(0, <[u8]>::len);
        let bytes = &rest[start..message.length];
        let bytes = if message.is_quoted { mbox::unescape(bytes, &mut unescaped) } else { bytes };
        reader.message(bytes, offset, separator);
        if message.cut {
            reader.too_long();
        }
        window.take(message.length);
        if message.cut {
            mbox::skip_to_separator(&mut window);
        }
    }
    reader.failed(&mut window);
}

struct Reader<'o> {
    source: SourceId,
    mailbox: Option<String>,
    folder: Option<String>,
    event: Event,
    count: u64,
    out: &'o mut dyn Collector,
}

impl<'o> Reader<'o> {
    fn new(context: &Context<'_>, out: &'o mut dyn Collector) -> Self {
        let (mailbox, folder) = place::place(context.path);
        Self {
            source: context.sources.named("mail"),
            mailbox: mailbox.map(str::to_owned),
            folder: folder.map(|folder| folder.replace('\\', "/")),
            event: Event::default(),
            count: 0,
            out,
        }
    }

    /// Hands over the message in `bytes`, which begins at `offset` after its `separator`, if any.
    fn message(&mut self, bytes: &[u8], offset: u64, separator: Option<&[u8]>) {
        self.count += 1;
        self.event.clear();
        if !has_header(bytes) {
            return self.problem("has no header; left out");
        }
        if let Some(line) = separator {
            self.event.push_str("mail.envelope", String::from_utf8_lossy(line).trim_end());
        }
        self.event.source = self.source;
        self.event.record = self.count;
        self.event.offset = offset;
        let labels = separator.and_then(|_| labels::labels(bytes));
        let (mailbox, folder) = (self.mailbox.as_deref(), labels.as_deref().or(self.folder.as_deref()));
        let message = Message { raw: bytes, mailbox, folder, rebuilt: false };
        self.out.message(&message, &mut self.event);
    }

    /// Hands over a message that was put together from another format.
    fn rebuilt(&mut self, bytes: &[u8]) {
        self.count += 1;
        self.event.clear();
        self.event.source = self.source;
        self.event.record = self.count;
        let raw = &bytes[..bytes.len().min(MAX_MESSAGE)];
        let (mailbox, folder) = (self.mailbox.as_deref(), self.folder.as_deref());
        self.out.message(&Message { raw, mailbox, folder, rebuilt: true }, &mut self.event);
        if bytes.len() > MAX_MESSAGE {
            self.too_long();
        }
    }

    fn too_long(&mut self) {
        self.problem("longer than 32 MiB; read up to there");
    }

    fn problem(&mut self, what: &str) {
        self.out.problem(Problem::new(Place::Record(self.count), what));
    }

    fn failed(&mut self, window: &mut Window<'_>) {
        if let Some(failure) = window.failure() {
            let place = Place::Offset(window.offset() + window.rest().len() as u64);
            self.out.problem(Problem::new(place, format!("cannot be read further: {failure}")));
        }
    }
}

#[cfg(test)]
mod tests;
