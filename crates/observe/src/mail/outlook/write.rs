//! A message of Outlook's formats as RFC 5322, so that everything that judges mail reads it.
//!
//! Bodies and attachments are written in base64, and every line of a header begins with a field's name
//! or a blank; so no line of what is written begins like a boundary that was not meant, and boundaries
//! can be counted instead of drawn.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use model::Time;

use super::item::{Attachment, Item, Properties, Value, encoding, id};
use super::lzfu;
use super::rtf::{self, Origin};
use crate::mail::is_field_name;

/// Kinds of recipients, with their header fields.
const RECIPIENTS: [(i64, &str); 3] = [(1, "To"), (2, "Cc"), (3, "Bcc")];
/// How an attachment is attached ([MS-OXCMSG], 2.2.2.9): by a link to where it lies.
const BY_REFERENCE: [i64; 3] = [2, 4, 7];

/// The message as RFC 5322. The same item always gives the same bytes.
pub(super) fn rebuild(item: &Item) -> Vec<u8> {
    let mut writer = Writer { out: String::new(), boundaries: 0 };
    let signed = signed_entity(item);
    writer.header(item);
    let mut out = match signed {
        Some(entity) => {
            let mut out = writer.out.into_bytes();
            out.extend_from_slice(entity);
            return out;
        }
        None => {
            writer.body(item);
            writer.out
        }
    };
    if !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    out.into_bytes()
}

/// The part that a clear-signed message is, which Outlook keeps as an attachment, header and all.
fn signed_entity(item: &Item) -> Option<&[u8]> {
    let page = item.properties.code_page();
    let class = item.properties.text(id::CLASS, page)?;
    let [attachment] = &item.attachments[..] else { return None };
    let entity = attachment.properties.bytes(id::DATA)?;
    let begins = entity.get(..13).is_some_and(|start| start.eq_ignore_ascii_case(b"content-type:"));
    (class.eq_ignore_ascii_case("IPM.Note.SMIME.MultipartSigned") && begins).then_some(entity)
}

struct Writer {
    out: String,
    boundaries: u32,
}

/// One body, in the bytes and the character set that it has.
struct Body<'i> {
    bytes: std::borrow::Cow<'i, [u8]>,
    charset: &'static str,
}

/// The bodies of a message.
#[derive(Default)]
struct Bodies<'i> {
    text: Option<Body<'i>>,
    html: Option<Body<'i>>,
    /// RTF that was made from neither.
    rtf: Option<Vec<u8>>,
}

impl Writer {
    fn header(&mut self, item: &Item) {
        let properties = &item.properties;
        let page = properties.code_page();
        let before = self.out.len();
        if let Some(headers) = properties.text(id::HEADERS, page) {
            self.transported(&headers);
        }
        let kept: Vec<String> = self.out[before..]
            .lines()
            .filter_map(|line| line.split_once(':').map(|(name, _)| name.to_ascii_lowercase()))
            .collect();
        let missing = |name: &str| !kept.iter().any(|kept| kept == name);
        let sender = person(properties, id::SENDER_NAME, [id::SENDER_SMTP, id::SENDER_ADDRESS], page);
        let on_behalf = person(properties, id::FOR_NAME, [id::FOR_SMTP, id::FOR_ADDRESS], page);
        if missing("from")
            && let Some(from) = on_behalf.as_ref().or(sender.as_ref())
        {
            self.field("From", from);
            if let Some(sender) = sender.as_ref().filter(|sender| *sender != from) {
                self.field("Sender", sender);
            }
        }
        for (kind, name) in RECIPIENTS {
            if !missing(&name.to_ascii_lowercase()) {
                continue;
            }
            // A recipient without a kind is one of “To”.
            let people = item
                .recipients
                .iter()
                .filter(|recipient| recipient.number(id::RECIPIENT_KIND).unwrap_or(1) & 15 == kind);
            let mut list: Vec<String> = people
                .filter_map(|person_| person(person_, id::NAME, [id::SMTP, id::ADDRESS], page))
                .collect();
            if item.recipients.is_empty() {
                let shown = match kind {
                    1 => properties.text(id::DISPLAY_TO, page),
                    2 => properties.text(id::DISPLAY_CC, page),
                    _ => None,
                };
                list.extend(
                    shown.iter().flat_map(|shown| shown.split(';')).map(|name| address(name.trim(), "")),
                );
            }
            if !list.is_empty() {
                self.field(name, &list.join(",\r\n "));
            }
        }
        if missing("subject")
            && let Some(subject) = properties.text(id::SUBJECT, page)
        {
            // A mark and the length of “RE: ” may stand before it ([MS-PST], 2.5.3.1.1.1).
            let subject = match subject.strip_prefix('\u{1}') {
                Some(rest) => rest.char_indices().nth(1).map_or("", |(at, _)| &rest[at..]),
                None => &subject,
            };
            self.field("Subject", &encoded(subject));
        }
        let time = properties.time(id::SUBMITTED).or_else(|| properties.time(id::DELIVERED));
        if missing("date")
            && let Some(date) = time.and_then(Time::from_filetime).and_then(date)
        {
            self.field("Date", &date);
        }
        for (name, id) in
            [("Message-ID", id::MESSAGE_ID), ("In-Reply-To", id::IN_REPLY_TO), ("References", id::REFERENCES)]
        {
            if missing(&name.to_ascii_lowercase())
                && let Some(value) = properties.text(id, page)
            {
                let value: String = value.chars().filter(char::is_ascii_graphic_or_space).collect();
                self.field(name, &value.replace("> <", ">\r\n <"));
            }
        }
        self.out.push_str("MIME-Version: 1.0\r\n");
    }

    /// The header that the message came with, but for what says how its body was put together.
    fn transported(&mut self, headers: &str) {
        let mut kept = false;
        for line in headers.lines() {
            let line = line.trim_end_matches('\r');
            if line.starts_with([' ', '\t']) {
                if !kept || line.trim().is_empty() {
                    continue;
                }
            } else {
                let name = line.split_once(':').map(|(name, _)| name.trim_end());
                kept = name.filter(|name| is_field_name(name)).is_some_and(|name| {
                    let name = name.to_ascii_lowercase();
                    !name.starts_with("content-") && name != "mime-version"
                });
                if !kept {
                    continue;
                }
            }
            // A lone CR would be a line's end to some readers.
            self.out.extend(line.chars().filter(|c| !matches!(c, '\r' | '\0')));
            self.out.push_str("\r\n");
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let _ = write!(self.out, "{name}: {value}\r\n");
    }

    fn body(&mut self, item: &Item) {
        let bodies = bodies(item);
        let (inline, apart) = sorted(item, bodies.html.as_ref());
        let apart: Vec<&Attachment> = apart.into_iter().filter(|part| is_written(part)).collect();
        if apart.is_empty() && bodies.rtf.is_none() {
            return self.alternative(&bodies, &inline, item);
        }
        let boundary = self.begin("mixed");
        self.next(&boundary);
        self.alternative(&bodies, &inline, item);
        if let Some(rtf) = &bodies.rtf {
            self.next(&boundary);
            self.file("application/rtf", "body.rtf", "attachment", None, rtf);
        }
        for attachment in apart {
            self.next(&boundary);
            self.attachment(attachment, item, false);
        }
        self.end(&boundary);
    }

    fn alternative(&mut self, bodies: &Bodies<'_>, inline: &[&Attachment], item: &Item) {
        match (&bodies.text, &bodies.html) {
            (Some(text), Some(html)) => {
                let boundary = self.begin("alternative");
                self.next(&boundary);
                self.text("plain", text);
                self.next(&boundary);
                self.related(html, inline, item);
                self.end(&boundary);
            }
            (None, Some(html)) => self.related(html, inline, item),
            (Some(text), None) => self.text("plain", text),
            (None, None) => self.out.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n\r\n"),
        }
    }

    fn related(&mut self, html: &Body<'_>, inline: &[&Attachment], item: &Item) {
        if inline.is_empty() {
            return self.text("html", html);
        }
        let boundary = self.begin("related; type=\"text/html\"");
        self.next(&boundary);
        self.text("html", html);
        for attachment in inline {
            self.next(&boundary);
            self.attachment(attachment, item, true);
        }
        self.end(&boundary);
    }

    fn text(&mut self, kind: &str, body: &Body<'_>) {
        let charset = body.charset.to_ascii_lowercase();
        let _ = write!(self.out, "Content-Type: text/{kind}; charset={charset}\r\n");
        self.base64(&body.bytes);
    }

    fn attachment(&mut self, attachment: &Attachment, item: &Item, inline: bool) {
        let page = item.properties.code_page();
        let properties = &attachment.properties;
        let text = |id| properties.text(id, page);
        if let Some(message) = &attachment.message {
            self.out.push_str("Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n");
            self.header(message);
            // Ends in a line, whatever it holds.
            return self.body(message);
        }
        let name = [id::LONG_NAME, id::FILE_NAME, id::NAME].into_iter().find_map(text);
        let name = name.unwrap_or_else(|| "attachment".to_owned());
        if let Some(path) = by_reference(properties, page) {
            let what = format!("This attachment is a link to: {path}\r\n");
            return self.file(
                "text/plain; charset=utf-8",
                &format!("{name}.txt"),
                "attachment",
                None,
                what.as_bytes(),
            );
        }
        let kind = text(id::MIME_TYPE).filter(|kind| is_plain_type(kind));
        let kind = kind.as_deref().unwrap_or("application/octet-stream");
        let disposition = if inline { "inline" } else { "attachment" };
        let content_id = text(id::CONTENT_ID);
        let data = properties.bytes(id::DATA).unwrap_or_default();
        self.file(kind, &name, disposition, content_id.as_deref(), data);
    }

    fn file(&mut self, kind: &str, name: &str, disposition: &str, content_id: Option<&str>, data: &[u8]) {
        let _ = write!(self.out, "Content-Type: {kind}\r\n");
        let _ = write!(self.out, "Content-Disposition: {disposition};\r\n {}\r\n", file_name(name));
        if let Some(content_id) = content_id {
            let content_id: String =
                content_id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
            let _ = write!(self.out, "Content-ID: <{content_id}>\r\n");
        }
        self.base64(data);
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.out.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        self.out.reserve(bytes.len() / 56 * 78 + 80);
        for line in bytes.chunks(57) {
            STANDARD.encode_string(line, &mut self.out);
            self.out.push_str("\r\n");
        }
    }

    fn begin(&mut self, kind: &str) -> String {
        self.boundaries += 1;
        let boundary = format!("=_part_{:06}", self.boundaries);
        let _ = write!(self.out, "Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n");
        boundary
    }

    fn next(&mut self, boundary: &str) {
        let _ = write!(self.out, "--{boundary}\r\n");
    }

    fn end(&mut self, boundary: &str) {
        let _ = write!(self.out, "--{boundary}--\r\n");
    }
}

trait Printable {
    fn is_ascii_graphic_or_space(&self) -> bool;
}

impl Printable for char {
    fn is_ascii_graphic_or_space(&self) -> bool {
        self.is_ascii_graphic() || *self == ' '
    }
}

fn bodies(item: &Item) -> Bodies<'_> {
    let properties = &item.properties;
    let mut bodies = Bodies::default();
    if let Some(text) = properties.text(id::BODY, properties.code_page()) {
        bodies.text = Some(Body { bytes: text.into_bytes().into(), charset: "utf-8" });
    }
    let page = properties.number(id::CODE_PAGE).map_or_else(|| properties.code_page(), encoding);
    match properties.get(id::HTML) {
        Some(Value::Bytes(bytes) | Value::Narrow(bytes)) if !bytes.is_empty() => {
            bodies.html = Some(Body { bytes: bytes.into(), charset: page.name() });
        }
        Some(Value::Text(text)) if !text.is_empty() => {
            bodies.html = Some(Body { bytes: text.as_bytes().into(), charset: "utf-8" });
        }
        _ => {}
    }
    if bodies.html.is_some() {
        return bodies;
    }
    let Some(rtf) = properties.bytes(id::RTF).and_then(lzfu::unpack).filter(|rtf| !rtf.is_empty()) else {
        return bodies;
    };
    let body = |text: String| Some(Body { bytes: text.into_bytes().into(), charset: "utf-8" });
    match rtf::origin(&rtf) {
        Origin::Html(html) => bodies.html = body(html),
        Origin::Text(text) if bodies.text.is_none() => bodies.text = body(text),
        Origin::Text(_) => {}
        Origin::Rtf => bodies.rtf = Some(rtf),
    }
    bodies
}

/// Attachments that the HTML shows by their content id, and the others.
fn sorted<'i>(item: &'i Item, html: Option<&Body<'_>>) -> (Vec<&'i Attachment>, Vec<&'i Attachment>) {
    let Some(html) = html else { return (Vec::new(), item.attachments.iter().collect()) };
    // The ids that the HTML names, found in one pass, whatever the number of attachments.
    let named: rustc_hash::FxHashSet<&[u8]> = memchr::memmem::find_iter(&html.bytes[..], b"cid:")
        .map(|at| {
            let rest = &html.bytes[at + 4..];
            let ends =
                |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b')' | b'>' | b'&');
            &rest[..rest.iter().take(MAX_ID).position(ends).unwrap_or(rest.len().min(MAX_ID))]
        })
        .collect();
    let page = item.properties.code_page();
    item.attachments.iter().partition(|attachment| {
        attachment.message.is_none()
            && attachment.properties.bytes(id::DATA).is_some()
            && attachment
                .properties
                .text(id::CONTENT_ID, page)
                .is_some_and(|id| named.contains(id.trim_matches(['<', '>', ' ']).as_bytes()))
    })
}

/// Bytes of a content id.
const MAX_ID: usize = 512;

/// Whether there is anything of an attachment to write: its data, its name, or the link to it.
fn is_written(attachment: &Attachment) -> bool {
    attachment.message.is_some() || !attachment.properties.is_empty()
}

fn by_reference(properties: &Properties, page: &'static Encoding) -> Option<String> {
    let method = properties.number(id::METHOD)?;
    let path = properties.text(id::LONG_PATH, page)?;
    (BY_REFERENCE.contains(&method) && properties.bytes(id::DATA).is_none()).then_some(path)
}

/// A person by the properties of the name and of the address, the better one first.
fn person(
    properties: &Properties,
    name: u16,
    addresses: [u16; 2],
    page: &'static Encoding,
) -> Option<String> {
    let name = properties.text(name, page);
    // An address of Exchange's directory (“/o=…/cn=…”) is none of the internet.
    let email =
        addresses.iter().filter_map(|id| properties.text(*id, page)).find(|email| email.contains('@'));
    let shown = name.as_deref().unwrap_or_default();
    match email {
        Some(email) => Some(address(shown, &email)),
        None if shown.is_empty() => None,
        None => Some(address(shown, "")),
    }
}

fn address(name: &str, email: &str) -> String {
    let email: String = email
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | ',' | ';'))
        .collect();
    let name = name.trim().trim_matches('\'');
    if email.is_empty() && name.contains('@') && !name.contains(char::is_whitespace) {
        return address("", name);
    }
    if name.is_empty() || name == email {
        return format!("<{email}>");
    }
    if name.chars().all(|c| c.is_ascii_graphic_or_space()) {
        let quoted: String = name
            .chars()
            .flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c]))
            .collect();
        format!("\"{quoted}\" <{email}>")
    } else {
        format!("{} <{email}>", encoded(name))
    }
}

/// A text of a header field (RFC 2047), folded.
fn encoded(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_graphic_or_space()) && !text.contains("=?") && text.len() < 900 {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(42);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let separator = if out.is_empty() { "" } else { "\r\n " };
        let _ = write!(out, "{separator}=?utf-8?B?{}?=", STANDARD.encode(&rest[..end]));
        rest = &rest[end..];
    }
    out
}

/// The parameter that names a file (RFC 2231 where it is not plain).
fn file_name(name: &str) -> String {
    let name: String = name.chars().take(255).collect();
    if name.chars().all(|c| c.is_ascii_graphic_or_space() && !matches!(c, '"' | '\\')) && name.len() < 200 {
        return format!("filename=\"{name}\"");
    }
    let mut out = "filename*=utf-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether a type may stand before data in base64.
fn is_plain_type(kind: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'))
    };
    kind.split_once('/').is_some_and(|(of, sub)| {
        part(of) && part(sub) && !of.eq_ignore_ascii_case("multipart") && !of.eq_ignore_ascii_case("message")
    })
}

fn date(time: Time) -> Option<String> {
    let stamp = jiff::Timestamp::from_microsecond(time.micros()).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(&stamp).ok()
}
