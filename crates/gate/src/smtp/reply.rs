//! Answers: ours, and those of the next hop.

use super::reader::{self, BadLine};

/// An answer with its lines of text, which are printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// Text of each line; at least one.
    pub lines: Vec<String>,
}

/// Lines that an answer may have, and bytes that one may have.
const LINES: usize = 200;
/// Longest line of an answer. The standard says 512; some servers tell a story.
pub(crate) const LINE: usize = 4096;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// A line is wrong.
    #[error(transparent)]
    Line(#[from] BadLine),
    /// It does not begin with three digits, or with others than the line before.
    #[error("no reply code")]
    Code,
    /// It does not end.
    #[error("too many lines")]
    TooManyLines,
}

impl Reply {
    /// An answer of one line with an enhanced status code.
    pub fn new(code: u16, status: &str, text: &str) -> Self {
        Self { code, lines: vec![format!("{status} {}", crate::copies::line(text))] }
    }

    /// An answer without a status code, as to EHLO.
    pub(crate) fn bare(code: u16, lines: Vec<String>) -> Self {
        Self { code, lines }
    }

    /// It says yes (2xx).
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// It says never (5xx).
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// As bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let between = if at + 1 == self.lines.len() { ' ' } else { '-' };
            out.extend_from_slice(format!("{}{between}{line}\r\n", self.code).as_bytes());
        }
        out
    }

    /// The next hop's answer as ours: with a status code where it has none, and without ending our connection
    /// when the next hop ends its own. What is no yes and no no is a "come again".
    pub(crate) fn relayed(mut self) -> Self {
        if self.code == 421 || !matches!(self.code / 100, 2 | 4 | 5) {
            self.code = 451;
        }
        let class = self.code / 100;
        for line in &mut self.lines {
            if !has_status(line) {
                *line = format!("{class}.0.0 {line}");
            } else if !line.starts_with(&format!("{class}.")) {
                line.replace_range(..1, &class.to_string());
            }
        }
        self
    }

    /// The text on one line, for the log.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }

    /// The first answer in `bytes` and its length; `None` if it has not come wholly.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BadReply> {
        let (mut at, mut code, mut lines) = (0, None, Vec::new());
        while let Some(length) = reader::line(&bytes[at..], LINE)? {
            let line = &bytes[at..at + length];
            at += length + 2;
            let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
            let number = digits.ok_or(BadReply::Code)?.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
            if !(200..600).contains(&number) || code.is_some_and(|code| code != number) {
                return Err(BadReply::Code);
            }
            code = Some(number);
            let text = String::from_utf8_lossy(line.get(4..).unwrap_or_default());
            lines.push(text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect());
            match line.get(3) {
                None | Some(b' ') => return Ok(Some((Self { code: number, lines }, at))),
                Some(b'-') if lines.len() < LINES => {}
                Some(b'-') => return Err(BadReply::TooManyLines),
                Some(_) => return Err(BadReply::Code),
            }
        }
        Ok(None)
    }
}

/// The line begins with an enhanced status code (RFC 3463).
fn has_status(line: &str) -> bool {
    let code = line.split(' ').next().unwrap_or_default();
    let mut parts = code.split('.');
    let part = |part: Option<&str>, most: usize| {
        part.is_some_and(|p| (1..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    part(parts.next(), 1) && part(parts.next(), 3) && part(parts.next(), 3) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_read() {
        let bytes = b"250-mx.example\r\n250-SIZE 10\r\n250 DSN\r\n354 go";
        let (reply, used) = Reply::parse(bytes).unwrap().unwrap();
        assert_eq!((reply.code, reply.lines.len(), used), (250, 3, 38));
        assert_eq!(&reply.to_bytes(), &bytes[..used]);
        assert_eq!(Reply::parse(b"250\r\n").unwrap().unwrap().0.lines, [""]);
        for cut in 0..used {
            assert_eq!(Reply::parse(&bytes[..cut]), Ok(None));
        }
        for bad in ["abc\r\n", "25\r\n", "099 x\r\n", "600 x\r\n", "250-a\r\n251 b\r\n", "250/a\r\n"] {
            assert_eq!(Reply::parse(bad.as_bytes()), Err(BadReply::Code), "{bad}");
        }
        assert_eq!(Reply::parse(b"250 a\n"), Err(BadReply::Line(BadLine::BareLf)));
        assert_eq!(Reply::parse("250-a\r\n".repeat(300).as_bytes()), Err(BadReply::TooManyLines));
    }

    #[test]
    fn a_relayed_answer_is_our_own() {
        let relayed = |code, text: &str| Reply { code, lines: vec![text.into()] }.relayed().text();
        assert_eq!(relayed(250, "2.1.5 Ok"), "250 2.1.5 Ok");
        assert_eq!(relayed(550, "no such user"), "550 5.0.0 no such user");
        assert_eq!(relayed(421, "4.3.2 closing"), "451 4.3.2 closing");
        assert_eq!(relayed(354, "go on"), "451 4.0.0 go on");
        assert_eq!(relayed(450, "5.1.1 odd"), "450 4.1.1 odd");
        assert_eq!(relayed(250, "127.0.0.1 is fine"), "250 2.0.0 127.0.0.1 is fine");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(bytes in "[25]{2,3}[- a\r\n]{0,30}") {
            if let Ok(Some((reply, used))) = Reply::parse(bytes.as_bytes()) {
                prop_assert!(used <= bytes.len() && !reply.lines.is_empty());
                prop_assert!(reply.lines.iter().all(|line| !line.contains(['\r', '\n'])));
            }
        }
    }
}
