//! Packets, and texts that end with NUL.

/// What is wrong with a packet; the connection has lost its step and has to be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// It says that it is empty, or longer than is allowed.
    #[error("a packet that says it has {0} bytes")]
    Length(u32),
    /// Its data is not what the command has.
    #[error("bad data of command {0:?}")]
    Data(char),
    /// A command that is not known.
    #[error("command {0:?} is not known")]
    Command(char),
    /// A command that cannot come now.
    #[error("command {0:?} out of order")]
    Order(&'static str),
}

/// A packet's command letter, its data, and its length on the wire.
pub type Packet<'a> = (u8, &'a [u8], usize);

/// The first packet of `bytes` as command letter and data, and its length; `None` if it has not come wholly. One that
/// says it is longer than `limit` is an error at once, before a byte of it is kept.
pub fn take(bytes: &[u8], limit: usize) -> Result<Option<Packet<'_>>, BadPacket> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let said = u32::from_be_bytes(*head);
    let length = said as usize;
    if length == 0 || length > limit {
        return Err(BadPacket::Length(said));
    }
    let Some(packet) = rest.get(..length) else { return Ok(None) };
    Ok(Some((packet[0], &packet[1..], 4 + length)))
}

/// Puts a packet behind `out`.
pub fn put(out: &mut Vec<u8>, command: u8, data: &[&[u8]]) {
    let length = 1 + data.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&(length as u32).to_be_bytes());
    out.push(command);
    for part in data {
        out.extend_from_slice(part);
    }
}

/// Takes a text that ends with NUL off the front of `data`.
pub(crate) fn text<'a>(data: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(0, data)?;
    let text = &data[..end];
    *data = &data[end + 1..];
    Some(text)
}

/// All texts of `data`, each ended by NUL, with nothing behind the last.
pub(crate) fn texts(mut data: &[u8], most: usize) -> Option<Vec<&[u8]>> {
    let mut out = Vec::new();
    while !data.is_empty() {
        if out.len() == most {
            return None;
        }
        out.push(text(&mut data)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_that_lies_is_known_at_once() {
        assert_eq!(take(&[0, 0, 0, 0], 10), Err(BadPacket::Length(0)));
        assert_eq!(take(&[0, 0, 0, 11], 10), Err(BadPacket::Length(11)));
        assert_eq!(take(&[0xff; 4], 1 << 20), Err(BadPacket::Length(u32::MAX)));
        assert_eq!(take(&[0, 0, 0], 10), Ok(None));
        assert_eq!(take(&[0, 0, 0, 2, b'B'], 10), Ok(None));
        assert_eq!(take(&[0, 0, 0, 2, b'B', 1, 9], 10), Ok(Some((b'B', &[1][..], 6))));
    }

    #[test]
    fn texts_end_with_nul() {
        assert_eq!(texts(b"a\0\0bc\0", 9), Some(vec![&b"a"[..], b"", b"bc"]));
        assert_eq!(texts(b"", 9), Some(vec![]));
        assert_eq!(texts(b"a\0b", 9), None);
        assert_eq!(texts(b"a\0b\0", 1), None);
    }

    proptest! {
        #[test]
        fn packets_come_back(command: u8, data in proptest::collection::vec(any::<u8>(), 0..50), cut in 0usize..60) {
            let mut out = Vec::new();
            put(&mut out, command, &[&data[..data.len() / 2], &data[data.len() / 2..]]);
            prop_assert_eq!(take(&out, 51), Ok(Some((command, &data[..], out.len()))));
            prop_assert!(cut >= out.len() || take(&out[..cut], 51) == Ok(None));
        }
    }
}
