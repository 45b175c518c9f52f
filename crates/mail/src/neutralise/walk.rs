//! Goes through the parts of a message and makes each harmless in its place.

use std::borrow::Cow;

use super::links::Wrapper;
use super::mime::{self, Entity, Value};
use super::page::{self, Page};
use super::{Documents, Done, attachments, calendar, charset, plain};

/// Parts in parts; what lies deeper is withheld.
const DEPTH: u32 = 50;
/// Fields that say what a body is.
pub(super) const OF_CONTENT: &[&str] = &[
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-location",
    "content-base",
    "content-md5",
    "content-length",
    "content-features",
    "mime-version",
];
/// Of those, the ones that are written anew with a text.
const OF_TEXT: &[&str] = &[
    "content-type",
    "content-transfer-encoding",
    "content-location",
    "content-base",
    "content-md5",
    "content-length",
];

/// Takes the way through a message.
pub(super) struct Walk<'a> {
    links: &'a Wrapper<'a>,
    documents: Documents,
    eol: &'static str,
    place: Vec<usize>,
    pub(super) done: Done,
}

impl<'a> Walk<'a> {
    pub(super) fn new(links: &'a Wrapper<'a>, documents: Documents, raw: &[u8]) -> Self {
        let eol = if memchr::memmem::find(raw, b"\r\n").is_some() { "\r\n" } else { "\n" };
        Self { links, documents, eol, place: Vec::new(), done: Done::default() }
    }

    /// The message, made harmless; `None` where it was.
    pub(super) fn message(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        self.entity(raw, "text/plain", DEPTH)
    }

    fn entity(&mut self, raw: &[u8], default: &str, depth: u32) -> Option<Vec<u8>> {
        let clear = unambiguous(raw);
        let entity = Entity::read(clear.as_deref().unwrap_or(raw));
        let changed = Part::read(&entity, default).change(self, depth);
        changed.or(clear)
    }

    fn untouched(&mut self, why: &str) {
        let place: Vec<String> = self.place.iter().map(|number| (number + 1).to_string()).collect();
        let place = if place.is_empty() { "1".to_owned() } else { place.join(".") };
        self.done.untouched.push((place, why.to_owned()));
    }
}

/// Where a field that says what the body is stands twice, programs differ on which counts: the first stays.
fn unambiguous(raw: &[u8]) -> Option<Vec<u8>> {
    let entity = Entity::read(raw);
    let mut seen: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    let mut at = 0;
    for field in &entity.fields {
        if !matches!(&*field.name, "content-type" | "content-transfer-encoding" | "content-disposition") {
            continue;
        }
        if seen.contains(&&*field.name) {
            out.extend_from_slice(&raw[at..field.range.start]);
            at = field.range.end;
        } else {
            seen.push(&field.name);
        }
    }
    if at == 0 {
        return None;
    }
    out.extend_from_slice(&raw[at..]);
    Some(out)
}

/// A part, with what its header says.
struct Part<'e, 'r> {
    entity: &'e Entity<'r>,
    kind: Value,
    encoding: String,
    attached: bool,
    name: String,
}

impl<'e, 'r> Part<'e, 'r> {
    fn read(entity: &'e Entity<'r>, default: &str) -> Self {
        let mut kind = entity.value("content-type").map(|text| Value::read(&text)).unwrap_or_default();
        if !kind.main.contains('/') {
            kind.main = default.to_owned();
        }
        let disposition =
            entity.value("content-disposition").map(|text| Value::read(&text)).unwrap_or_default();
        let encoding = entity.value("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
        let encoding =
            encoding.split(|c: char| c == ';' || c == '(' || c.is_whitespace()).next().unwrap_or("");
        let name = disposition.of("filename").or(kind.of("name")).unwrap_or_default().to_owned();
        Self {
            entity,
            encoding: encoding.trim_matches('"').to_owned(),
            attached: disposition.main == "attachment",
            kind,
            name,
        }
    }

    /// The part, made harmless; `None` where it was, or where it may not be touched.
    fn change(&self, walk: &mut Walk<'_>, depth: u32) -> Option<Vec<u8>> {
        let main = &*self.kind.main;
        match main {
            "multipart/signed" => {
                walk.untouched("signed");
                None
            }
            "multipart/encrypted" | "application/pgp-encrypted" => {
                walk.untouched("encrypted");
                None
            }
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                walk.untouched("S/MIME: signed or encrypted");
                None
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => {
                walk.untouched("a container of Outlook (TNEF)");
                None
            }
            _ if depth == 0 => self.withhold(walk, self.entity.content(), "it lies too deep to be checked"),
            _ if main.starts_with("multipart/") => self.multipart(walk, depth),
            "message/rfc822" | "message/global" | "message/news" => self.message(walk, depth),
            "text/x-amp-html" => {
                walk.done.loads_removed += 1;
                let said = "This message has an interactive version, which was left out for your safety.\n";
                Some(self.rewritten("text/plain", said, walk.eol, &[]))
            }
            "text/calendar" | "application/ics" => self.calendar(walk),
            _ if self.attached => self.attachment(walk, depth),
            "text/html" | "application/xhtml+xml" => self.page(walk),
            "text/plain" => self.plain(walk),
            _ => self.attachment(walk, depth),
        }
    }

    fn decoded(&self) -> (Cow<'r, [u8]>, bool) {
        mime::decode(self.entity.content(), &self.encoding)
    }

    fn multipart(&self, walk: &mut Walk<'_>, depth: u32) -> Option<Vec<u8>> {
        let boundary = self.kind.of("boundary").unwrap_or_default().trim_end();
        let body = self.entity.content();
        let parts = if boundary.is_empty() { Vec::new() } else { mime::parts(body, boundary) };
        if parts.is_empty() {
            // Shown as it stands by most, as one text.
            return self.plain(walk);
        }
        let default = if self.kind.main == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let mut out = Vec::new();
        let mut at = 0;
        for (number, range) in parts.iter().enumerate() {
            walk.place.push(number);
            let changed = walk.entity(&body[range.clone()], default, depth - 1);
            walk.place.pop();
            if let Some(changed) = changed {
                out.extend_from_slice(&body[at..range.start]);
                out.extend_from_slice(&changed);
                at = range.end;
            }
        }
        // A boundary that programs may read differently is said plainly.
        let odd = self.kind.odd || !matches!(&*self.encoding, "" | "7bit" | "8bit" | "binary");
        if at == 0 && !odd {
            return None;
        }
        out.extend_from_slice(&body[at..]);
        let mut whole = if odd {
            let boundary = boundary.replace(['"', '\\', '\r', '\n'], "");
            let line = format!("Content-Type: {}; boundary=\"{boundary}\"{}", self.kind.main, walk.eol);
            self.entity.header_with(&["content-type", "content-transfer-encoding"], &line)
        } else {
            self.entity.raw[..self.entity.body].to_vec()
        };
        whole.extend_from_slice(&out);
        Some(whole)
    }

    fn message(&self, walk: &mut Walk<'_>, depth: u32) -> Option<Vec<u8>> {
        let (inner, _) = self.decoded();
        let changed = walk.entity(&inner, "text/plain", depth - 1)?;
        if matches!(&*self.encoding, "base64" | "quoted-printable") {
            let more = format!(
                "Content-Type: {}{eol}Content-Transfer-Encoding: base64{eol}",
                self.kind.main,
                eol = walk.eol
            );
            let mut out = self.entity.header_with(OF_TEXT, &more);
            out.extend_from_slice(mime::base64_lines(&changed, walk.eol).as_bytes());
            return Some(out);
        }
        let mut out = self.entity.raw[..self.entity.body].to_vec();
        out.extend_from_slice(&changed);
        Some(out)
    }

    fn page(&self, walk: &mut Walk<'_>) -> Option<Vec<u8>> {
        let (bytes, sure) = self.decoded();
        let read = charset::read(&bytes, self.kind.of("charset"), true);
        // Where the bytes can be read in another way, that must not load anything either.
        let second = read.second.is_some_and(|second| !super::judge::loads(&second).is_empty());
        let based = ["content-location", "content-base"]
            .iter()
            .any(|name| self.entity.value(name).is_some_and(|value| value.contains(':')));
        let sure = sure && !second && read.known && !self.kind.odd && self.kind.main == "text/html";
        let (text, kind, counts) = match page::neutralise(&read.text, walk.links, sure) {
            // In a character set that only other programs know, its bytes may be another page.
            Page::Same if !based && read.known => return None,
            Page::Same => (read.text.into_owned(), "text/html", Default::default()),
            Page::Html(text, counts) => (text, "text/html", counts),
            Page::Text(text, counts) => {
                walk.done.text_only = true;
                let text = plain::neutralise(&text, walk.links).map_or(text, |(text, _)| text);
                (text, "text/plain", counts)
            }
        };
        walk.done.loads_removed += counts.loads;
        walk.done.links_wrapped += counts.links;
        walk.done.forms_disabled += counts.forms;
        Some(self.rewritten(kind, &text, walk.eol, &["name"]))
    }

    fn plain(&self, walk: &mut Walk<'_>) -> Option<Vec<u8>> {
        let (bytes, _) = self.decoded();
        if memchr::memmem::find(&bytes, b"-----BEGIN PGP ").is_some() {
            walk.untouched("PGP: signed or encrypted");
            return None;
        }
        let text = charset::read(&bytes, self.kind.of("charset"), false).text;
        // Lines that end in a space go on in the next one, here with the space left out: an address may
        // go on as well.
        let joined = self.kind.of("delsp").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let joined_text = if joined { joined_lines(&text) } else { Cow::Borrowed(&*text) };
        let (text, count) = plain::neutralise(&joined_text, walk.links)?;
        walk.done.links_wrapped += count;
        let keep: &[&str] = if joined { &["name"] } else { &["name", "format", "delsp"] };
        Some(self.rewritten("text/plain", &text, walk.eol, keep))
    }

    fn calendar(&self, walk: &mut Walk<'_>) -> Option<Vec<u8>> {
        let (bytes, _) = self.decoded();
        let text = charset::read(&bytes, self.kind.of("charset"), false).text;
        let (text, counts) = calendar::neutralise(&text, walk.links)?;
        walk.done.loads_removed += counts.loads;
        walk.done.links_wrapped += counts.links;
        Some(self.rewritten(&self.kind.main, &text, walk.eol, &["name", "method", "component"]))
    }

    fn attachment(&self, walk: &mut Walk<'_>, depth: u32) -> Option<Vec<u8>> {
        let (bytes, _) = self.decoded();
        let name = self.name.to_ascii_lowercase();
        if name.ends_with(".eml") && !self.kind.main.starts_with("text/") {
            let changed = walk.entity(&bytes, "text/plain", depth - 1)?;
            let more = format!("Content-Transfer-Encoding: base64{}", walk.eol);
            let mut out = self.entity.header_with(&["content-transfer-encoding", "content-md5"], &more);
            out.extend_from_slice(mime::base64_lines(&changed, walk.eol).as_bytes());
            return Some(out);
        }
        let never = matches!(&*self.kind.main, "message/external-body" | "message/partial");
        if walk.documents == Documents::Keep && !never {
            return None;
        }
        let reason = attachments::reason(&bytes, &self.kind.main, &self.name)?;
        self.withhold(walk, &bytes, &reason)
    }

    #[allow(clippy::unnecessary_wraps)] // The other ways of a part may leave it as it is.
    fn withhold(&self, walk: &mut Walk<'_>, bytes: &[u8], reason: &str) -> Option<Vec<u8>> {
        walk.done.withheld += 1;
        walk.done.loads_removed += 1;
        let said = attachments::withheld(&self.name, &self.kind.main, bytes, reason);
        let (encoding, body) = mime::encode(&said, walk.eol);
        let eol = walk.eol;
        let more = format!(
            "Content-Type: text/plain; charset=utf-8{eol}Content-Transfer-Encoding: {encoding}{eol}\
             Content-Disposition: inline{eol}"
        );
        let without = &OF_CONTENT[..OF_CONTENT.len() - 1];
        let mut out = self.entity.header_with(without, &more);
        out.extend_from_slice(body.as_bytes());
        Some(out)
    }

    /// The part with another text, in UTF-8; of the parameters of its type only `keep`.
    fn rewritten(&self, kind: &str, text: &str, eol: &str, keep: &[&str]) -> Vec<u8> {
        let (encoding, body) = mime::encode(text, eol);
        let mut more = format!("Content-Type: {kind}; charset=utf-8");
        for (name, value) in &self.kind.parameters {
            if keep.contains(&&**name)
                && value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\')
            {
                more += &format!(";{eol}\t{name}=\"{value}\"");
            }
        }
        more += &format!("{eol}Content-Transfer-Encoding: {encoding}{eol}");
        let mut out = self.entity.header_with(OF_TEXT, &more);
        out.extend_from_slice(body.as_bytes());
        out
    }
}

/// Flowed lines with `delsp`, each paragraph one line.
fn joined_lines(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        match bare.strip_suffix(' ') {
            Some(soft) if bare != "-- " => out.push_str(soft),
            _ => out.push_str(line),
        }
    }
    Cow::Owned(out)
}
