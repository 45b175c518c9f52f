//! Objects of a PDF, one behind the other.

use lopdf::{Dictionary, Object, StringFormat};

/// Arrays and dictionaries within one another.
const DEEPEST: usize = 32;
/// Parts of one object that are kept; more are passed over.
const NODES: usize = 50_000;
/// Bytes of one string or name that are kept.
const LONGEST: usize = 64 << 10;

/// Reads objects; every call moves on, so that the whole is one pass.
pub(super) struct Lexer<'b> {
    bytes: &'b [u8],
    at: usize,
    nodes: usize,
    /// The last two numbers, for `12 0 obj`.
    last: [Option<i64>; 2],
    number: Option<u32>,
    left: bool,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

impl<'b> Lexer<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, nodes: 0, last: [None; 2], number: None, left: false }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The number of the object that began before the one that was read last, where one did.
    pub(super) fn object_number(&mut self) -> Option<u32> {
        self.number.take()
    }

    /// Whether the object that was read last ends here.
    pub(super) fn left_object(&mut self) -> bool {
        std::mem::take(&mut self.left)
    }

    /// The next object; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.nodes = 0;
        loop {
            self.skip_space();
            let byte = *self.bytes.get(self.at)?;
            if !byte.is_ascii_alphabetic() {
                match self.value(DEEPEST) {
                    Some(object) => {
                        let number = if let Object::Integer(number) = object { Some(number) } else { None };
                        self.last = [self.last[1], number];
                        // `12 0 obj` begins an object; its numbers are none.
                        let follows = self.keyword_follows(b"obj");
                        if let (true, [Some(id), Some(_)]) = (follows, self.last) {
                            self.number = u32::try_from(id).ok();
                            continue;
                        }
                        return Some(object);
                    }
                    None => continue,
                }
            }
            let word = self.regular();
            self.left |= word == b"endobj";
            if word == b"stream" {
                // Without a dictionary before it.
                self.skip_stream();
            }
        }
    }

    fn keyword_follows(&self, word: &[u8]) -> bool {
        let rest = &self.bytes[self.at..];
        let space = rest.iter().take(8).take_while(|byte| is_space(**byte)).count();
        rest[space..].starts_with(word)
    }

    /// The bytes of the stream that begins here, where one does.
    pub(super) fn stream(&mut self) -> Option<&'b [u8]> {
        self.skip_space();
        if !self.bytes[self.at..].starts_with(b"stream") {
            return None;
        }
        self.at += 6;
        Some(self.skip_stream())
    }

    fn skip_stream(&mut self) -> &'b [u8] {
        if self.bytes.get(self.at) == Some(&b'\r') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'\n') {
            self.at += 1;
        }
        let rest = &self.bytes[self.at..];
        let end = memchr::memmem::find(rest, b"endstream").unwrap_or(rest.len());
        self.at = (self.at + end + 9).min(self.bytes.len());
        &rest[..end]
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn regular(&mut self) -> &'b [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count().max(1).min(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// One value; `None` for what is none. Moves on in any case.
    fn value(&mut self, depth: usize) -> Option<Object> {
        self.skip_space();
        let byte = *self.bytes.get(self.at)?;
        self.nodes += 1;
        match byte {
            b'(' => Some(Object::String(self.literal(), StringFormat::Literal)),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                if depth == 0 { None } else { Some(Object::Dictionary(self.dictionary(depth - 1))) }
            }
            b'<' => Some(Object::String(self.hexadecimal(), StringFormat::Hexadecimal)),
            b'[' => {
                self.at += 1;
                if depth == 0 { None } else { Some(Object::Array(self.array(depth - 1))) }
            }
            b'/' => Some(Object::Name(self.name())),
            b'+' | b'-' | b'.' | b'0'..=b'9' => Some(self.number()),
            _ if is_regular(byte) => match self.regular() {
                b"true" => Some(Object::Boolean(true)),
                b"false" => Some(Object::Boolean(false)),
                b"null" => Some(Object::Null),
                _ => None,
            },
            _ => {
                self.at += 1;
                None
            }
        }
    }

    /// Whether an array or dictionary ends here: by its mark, or since the object does.
    fn ends(&mut self, mark: &[u8]) -> bool {
        self.skip_space();
        let rest = &self.bytes[self.at..];
        if rest.starts_with(mark) {
            self.at += mark.len();
            return true;
        }
        rest.is_empty() || rest.starts_with(b"endobj") || rest.starts_with(b"stream")
    }

    fn array(&mut self, depth: usize) -> Vec<Object> {
        let mut all = Vec::new();
        while !self.ends(b"]") {
            if let Some(object) = self.value(depth)
                && self.nodes < NODES
            {
                all.push(object);
            }
        }
        all
    }

    fn dictionary(&mut self, depth: usize) -> Dictionary {
        let mut all = Dictionary::new();
        let mut key = None;
        while !self.ends(b">>") {
            let Some(object) = self.value(depth) else { continue };
            match (key.take(), object) {
                (None, Object::Name(name)) => key = Some(name),
                (Some(key), object) if self.nodes < NODES => all.set(key, object),
                _ => {}
            }
        }
        all
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        self.at += length;
        let written = &rest[..length.min(LONGEST)];
        let mut name = Vec::with_capacity(written.len());
        let mut at = 0;
        while let Some(&byte) = written.get(at) {
            let digit = |at: usize| written.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            if let (b'#', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
                name.push((high << 4 | low) as u8);
                at += 3;
            } else {
                name.push(byte);
                at += 1;
            }
        }
        name
    }

    /// A whole number, a broken one, or `12 0 R`.
    fn number(&mut self) -> Object {
        let text = self.regular();
        let whole = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        let Some(number) = whole(text) else { return Object::Real(0.0) };
        let rest = &self.bytes[self.at..];
        let mut words = rest.get(..rest.len().min(24)).unwrap_or_default().splitn(4, |byte| is_space(*byte));
        if let (Some(b""), Some(generation), Some(reference)) = (words.next(), words.next(), words.next())
            && let (Ok(id), Some(generation)) = (u32::try_from(number), whole(generation))
            && reference.first() == Some(&b'R')
            && reference.get(1).is_none_or(|byte| !is_regular(*byte))
        {
            // The words are parts of the rest with one space before each.
            self.at += 1 + generation.to_string().len().max(1) + 1 + 1;
            self.at = self.at.min(self.bytes.len());
            return Object::Reference((id, u16::try_from(generation).unwrap_or(0)));
        }
        Object::Integer(number)
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at = (self.at + end + 1).min(self.bytes.len());
        let digits: Vec<u8> = rest[..end]
            .iter()
            .filter_map(|byte| char::from(*byte).to_digit(16).map(|digit| digit as u8))
            .take(2 * LONGEST)
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 1usize);
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            let kept = match byte {
                b'(' => {
                    open += 1;
                    byte
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    byte
                }
                b'\\' => match self.escape() {
                    Some(byte) => byte,
                    None => continue,
                },
                _ => byte,
            };
            if text.len() < LONGEST {
                text.push(kept);
            }
        }
        text
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\n' => return None,
            b'\r' => {
                if self.bytes.get(self.at) == Some(&b'\n') {
                    self.at += 1;
                }
                return None;
            }
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.bytes.get(self.at) else { break };
                    code = code << 3 | u32::from(digit - b'0');
                    self.at += 1;
                }
                code as u8
            }
            other => other,
        })
    }
}
