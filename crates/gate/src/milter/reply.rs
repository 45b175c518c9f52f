//! What a milter answers.

use super::command::Offer;
use super::packet::put;

/// Most bytes of a body in one packet; Sendmail takes no more (`MILTER_CHUNK_SIZE`).
const CHUNK: usize = 65_535;

/// An answer, or a change that goes before one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What was taken of the mail server's offer.
    Negotiated(Offer),
    /// Go on.
    Continue,
    /// The message goes on and no other question is asked.
    Accept,
    /// Refused.
    Reject,
    /// Come again.
    Tempfail,
    /// Accepted and thrown away; here it lies in quarantine.
    Discard,
    /// Refused or deferred with own words, such as `550 5.7.1 text`.
    Code(String),
    /// A header field below all others: name, value.
    Add(String, Vec<u8>),
    /// A header field at a place from 0 (the top): place, name, value.
    Insert(u32, String, Vec<u8>),
    /// Another value for the how-manieth field of that name, from 1; empty deletes it.
    Change(u32, String, Vec<u8>),
    /// Another body.
    Body(Vec<u8>),
    /// The mail server puts it on hold, with a reason.
    Quarantine(String),
    /// The recipient is taken off, as it was given.
    DeleteRecipient(Vec<u8>),
    /// We are still at it.
    Progress,
}

impl Reply {
    /// Puts it behind `out` as packets.
    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Negotiated(offer) => {
                let word = |number: u32| number.to_be_bytes();
                put(out, b'O', &[&word(offer.version), &word(offer.actions), &word(offer.steps)]);
            }
            Self::Continue => put(out, b'c', &[]),
            Self::Accept => put(out, b'a', &[]),
            Self::Reject => put(out, b'r', &[]),
            Self::Tempfail => put(out, b't', &[]),
            Self::Discard => put(out, b'd', &[]),
            // Mail servers read the text as a format.
            Self::Code(text) => put(out, b'y', &[text.replace('%', "%%").as_bytes(), b"\0"]),
            Self::Add(name, value) => put(out, b'h', &[name.as_bytes(), b"\0", &clean(value), b"\0"]),
            Self::Insert(at, name, value) => {
                put(out, b'i', &[&at.to_be_bytes(), name.as_bytes(), b"\0", &clean(value), b"\0"]);
            }
            Self::Change(at, name, value) => {
                put(out, b'm', &[&at.to_be_bytes(), name.as_bytes(), b"\0", &clean(value), b"\0"]);
            }
            // A message without a body still has to lose the one that it had.
            Self::Body(body) if body.is_empty() => put(out, b'b', &[b"\r\n"]),
            Self::Body(body) => body.chunks(CHUNK).for_each(|chunk| put(out, b'b', &[chunk])),
            Self::Quarantine(reason) => put(out, b'q', &[reason.as_bytes(), b"\0"]),
            Self::DeleteRecipient(address) => put(out, b'-', &[address, b"\0"]),
            Self::Progress => put(out, b'p', &[]),
        }
    }
}

/// A value as it travels: line ends are LF, and NUL would end it.
fn clean(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| !matches!(byte, b'\r' | 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::milter::packet::take;

    fn bytes(reply: Reply) -> Vec<u8> {
        let mut out = Vec::new();
        reply.put(&mut out);
        out
    }

    #[test]
    fn answers_are_packets() {
        for (reply, expected) in [
            (Reply::Continue, &b"\0\0\0\x01c"[..]),
            (Reply::Accept, b"\0\0\0\x01a"),
            (Reply::Reject, b"\0\0\0\x01r"),
            (Reply::Tempfail, b"\0\0\0\x01t"),
            (Reply::Discard, b"\0\0\0\x01d"),
            (Reply::Progress, b"\0\0\0\x01p"),
            (Reply::Code("550 5.7.1 100%".into()), b"\0\0\0\x11y550 5.7.1 100%%\0"),
            (Reply::Add("A".into(), b" b\r\n c\0".into()), b"\0\0\0\x09hA\0 b\n c\0"),
            (Reply::Insert(0, "A".into(), b"b".into()), b"\0\0\0\x09i\0\0\0\0A\0b\0"),
            (Reply::Change(2, "A".into(), vec![]), b"\0\0\0\x08m\0\0\0\x02A\0\0"),
            (Reply::Quarantine("why".into()), b"\0\0\0\x05qwhy\0"),
            (Reply::DeleteRecipient(b"<a>".into()), b"\0\0\0\x05-<a>\0"),
            (Reply::Body(vec![]), b"\0\0\0\x03b\r\n"),
            (
                Reply::Negotiated(Offer { version: 6, actions: 0x1b, steps: 1 }),
                b"\0\0\0\x0dO\0\0\0\x06\0\0\0\x1b\0\0\0\x01",
            ),
        ] {
            assert_eq!(bytes(reply), expected);
        }
    }

    #[test]
    fn a_body_comes_in_chunks() {
        let out = bytes(Reply::Body(vec![b'x'; CHUNK + 1]));
        let (letter, data, used) = take(&out, 1 << 20).unwrap().unwrap();
        assert_eq!((letter, data.len()), (b'b', CHUNK));
        assert_eq!(take(&out[used..], 1 << 20).unwrap().unwrap().1, b"x");
    }
}
