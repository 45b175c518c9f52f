use std::io::{self, BufRead, Read};

use super::Encoding;

/// A text in UTF-16 as UTF-8, for readers that take bytes.
pub(crate) struct Transcoded<'a> {
    input: &'a mut dyn BufRead,
    encoding: Option<Encoding>,
    /// A unit, or half of a pair of units, that was cut by the input's buffer.
    pending: Vec<u8>,
    text: String,
    at: usize,
}

impl<'a> Transcoded<'a> {
    pub(crate) fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, encoding: None, pending: Vec::new(), text: String::new(), at: 0 }
    }

    /// Decodes the next piece of the input; `false` at its end.
    fn more(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.at = 0;
        let buffer = self.input.fill_buf()?;
        let size = buffer.len();
        let mut bytes = buffer;
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => {
                let (encoding, mark) = Encoding::of(bytes);
                bytes = bytes.get(mark..).unwrap_or_default();
                *self.encoding.insert(encoding)
            }
        };
        self.pending.extend_from_slice(bytes);
        let whole = if size == 0 { self.pending.len() } else { encoding.whole_characters(&self.pending) };
        encoding.decode_utf16(&self.pending[..whole], &mut self.text);
        self.pending.drain(..whole);
        self.input.consume(size);
        Ok(size > 0)
    }
}

impl Read for Transcoded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Transcoded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.text.len() && self.more()? {}
        Ok(&self.text.as_bytes()[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.text.len());
    }
}
