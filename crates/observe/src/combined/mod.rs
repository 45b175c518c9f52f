//! Access and error logs of Apache httpd and nginx.
//!
//! Access logs in the common and combined formats, with a virtual host before them or further
//! values behind; both servers write the same shape, so the content does not tell which it was.
//! Error logs keep their text under `message`.

mod access;
mod error;

use std::io::BufRead;

use model::{Event, Place, Problem, SourceId};

use crate::text::{Line, Lines};
use crate::w3c::clock::LocalClock;
use crate::w3c::head::most_lines;
use crate::w3c::web::Decoder;
use crate::{Collector, Context};

/// Whether most lines of `head` are those of an access log or of an error log.
pub(crate) fn recognise(head: &str) -> bool {
    most_lines(head, |line| access::parse(line).is_some() || error::parse(line).is_some())
}

/// Reads an access log or an error log.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader {
        access: context.sources.named("webserver-combined"),
        apache: context.sources.named("apache-error"),
        nginx: context.sources.named("nginx-error"),
        clock: LocalClock::new(&context.settings.zone),
        errors: None,
        event: Event::default(),
        scratch: Scratch::default(),
    };
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(out) {
        reader.line(&line, out);
    }
    if let Some(assumption) = reader.clock.assumption() {
        out.assumed(assumption);
    }
}

/// The state of one file.
struct Reader<'a> {
    access: SourceId,
    apache: SourceId,
    nginx: SourceId,
    clock: LocalClock<'a>,
    /// The source of the error log that this is, once a line of it was seen.
    errors: Option<SourceId>,
    event: Event,
    scratch: Scratch,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line<'_>, out: &mut dyn Collector) {
        let text = line.text.trim_matches(['\0', '\r', ' ']);
        if text.is_empty() {
            return;
        }
        self.event.clear();
        self.event.record = line.number;
        self.event.offset = line.offset;
        if let Some(access) = access::parse(text) {
            self.event.source = self.access;
            self.event.time = self.clock.time(access.stamp);
            access.push(&mut self.event, &mut self.scratch);
            if access.torn {
                out.problem(Problem::new(Place::Line(line.number), "a quoted value is not closed"));
            }
        } else if let Some(error) = error::parse(text) {
            let source = if error.nginx { self.nginx } else { self.apache };
            self.errors = Some(source);
            self.event.source = source;
            self.event.time = self.clock.local(error.local);
            error.push(&mut self.event, &mut self.scratch);
        } else {
            self.other(text, line.number, out);
        }
        out.event(&mut self.event);
    }

    /// A line of another shape: within an error log the further line of a message, else damage.
    fn other(&mut self, text: &str, number: u64, out: &mut dyn Collector) {
        self.event.source = self.errors.unwrap_or(self.access);
        self.event.push_str("message", text);
        if self.errors.is_none() {
            let what = "not a line of an access log; kept as its text";
            out.problem(Problem::new(Place::Line(number), what));
        }
    }
}

/// Buffers kept between records.
#[derive(Debug, Default)]
struct Scratch {
    decoder: Decoder,
    bytes: Vec<u8>,
    text: String,
}

impl Scratch {
    /// Adds `raw`, a quoted value without its quotation marks, as the server received it; `-`
    /// stands for none.
    fn push_quoted(&mut self, event: &mut Event, name: &str, raw: &str) {
        if raw == "-" {
            return event.push_null(name);
        }
        self.unescape(raw);
        event.push_str(name, &self.text);
    }

    /// Adds the parts of a request line such as `GET /a?b HTTP/1.1`.
    fn push_request(&mut self, event: &mut Event, raw: &str) {
        if raw == "-" {
            return ["cs-method", "cs-uri-stem"].iter().for_each(|name| event.push_null(name));
        }
        self.unescape(raw);
        let Some((method, target, version)) = request_line(&self.text) else {
            // Bytes of another protocol sent to a web port, as scanners do.
            event.push_str("cs-uri", &self.text);
            return event.also("cs-uri-query");
        };
        event.push_str("cs-method", method);
        let (host, target) = origin(target);
        if let Some(host) = host {
            event.push_str("cs-host", host);
        }
        let (stem, query) =
            target.split_once('?').map_or((target, None), |(stem, query)| (stem, Some(query)));
        self.decoder.push_target(event, stem, query);
        if let Some(version) = version {
            event.push_str("cs-version", version);
        }
    }

    /// Puts `raw` into `self.text` with `\"`, `\\`, `\n` and `\x22` resolved.
    fn unescape(&mut self, raw: &str) {
        self.text.clear();
        if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
            return self.text.push_str(raw);
        }
        self.bytes.clear();
        let mut rest = raw.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            let (byte, used) = if first == b'\\' { escape(tail) } else { (first, 0) };
            self.bytes.push(byte);
            rest = &tail[used..];
        }
        self.text.push_str(&String::from_utf8_lossy(&self.bytes));
    }
}

/// The byte that a backslash and `tail` stand for, and how much of `tail` belongs to it.
fn escape(tail: &[u8]) -> (u8, usize) {
    use crate::w3c::web::hex;
    match *tail {
        [b'x', high, low, ..] => match (hex(high), hex(low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'\\', 0),
        },
        [b'n', ..] => (b'\n', 1),
        [b'r', ..] => (b'\r', 1),
        [b't', ..] => (b'\t', 1),
        [mark @ (b'"' | b'\\'), ..] => (mark, 1),
        _ => (b'\\', 0),
    }
}

/// Method, target and version of a request line; the target may hold blanks, the version may be
/// missing (HTTP/0.9).
fn request_line(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let (method, rest) = text.split_once(' ')?;
    if !crate::w3c::web::is_method(method) {
        return None;
    }
    match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => Some((method, target, Some(version))),
        _ => Some((method, rest, None)),
    }
}

/// Host and path of a target in absolute form (`http://host/path`), which clients send to proxies.
fn origin(target: &str) -> (Option<&str>, &str) {
    match target.split_once("://") {
        Some((scheme, rest))
            if !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (Some(&rest[..end]), if end == rest.len() { "/" } else { &rest[end..] })
        }
        _ => (None, target),
    }
}

#[cfg(test)]
mod tests;
