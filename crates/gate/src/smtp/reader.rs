//! Lines of commands and answers. A line ends by CRLF and by nothing else: a program that takes less for a line
//! end sees other commands than its neighbour does.

/// What is wrong with a line; the connection has lost its step and has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// An LF without a CR before it.
    #[error("bare LF received")]
    BareLf,
    /// A CR without an LF after it.
    #[error("bare CR received")]
    BareCr,
    /// A byte of zero.
    #[error("NUL received")]
    Nul,
    /// Longer than is allowed.
    #[error("line too long")]
    Long,
}

/// The length of the first line of `bytes` without its CRLF; `None` if it has not come wholly. A line of more
/// than `limit` bytes with its CRLF is an error as soon as that is known, so that no more than `limit` bytes ever
/// wait.
pub fn line(bytes: &[u8], limit: usize) -> Result<Option<usize>, BadLine> {
    let Some(at) = memchr::memchr3(b'\r', b'\n', 0, bytes) else {
        return if bytes.len() >= limit { Err(BadLine::Long) } else { Ok(None) };
    };
    match bytes[at] {
        _ if at + 2 > limit => Err(BadLine::Long),
        b'\n' => Err(BadLine::BareLf),
        0 => Err(BadLine::Nul),
        _ => match bytes.get(at + 1) {
            None => Ok(None),
            Some(b'\n') => Ok(Some(at)),
            Some(_) => Err(BadLine::BareCr),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_ends_a_line() {
        assert_eq!(line(b"NOOP\r\nQUIT\r\n", 512), Ok(Some(4)));
        assert_eq!(line(b"\r\n", 512), Ok(Some(0)));
        assert_eq!(line(b"NOOP", 512), Ok(None));
        assert_eq!(line(b"NOOP\r", 512), Ok(None));
        assert_eq!(line(b"", 512), Ok(None));
        assert_eq!(line(b"NOOP\nQUIT\r\n", 512), Err(BadLine::BareLf));
        assert_eq!(line(b"NOOP\rQUIT\r\n", 512), Err(BadLine::BareCr));
        assert_eq!(line(b"NOOP\r\r\n", 512), Err(BadLine::BareCr));
        assert_eq!(line(b"NO\0OP\r\n", 512), Err(BadLine::Nul));
    }

    #[test]
    fn a_long_line_is_known_at_the_limit() {
        assert_eq!(line(b"1234\r\n", 6), Ok(Some(4)));
        assert_eq!(line(b"12345\r\n", 6), Err(BadLine::Long));
        assert_eq!(line(b"12345", 6), Ok(None));
        assert_eq!(line(b"123456", 6), Err(BadLine::Long));
    }
}
