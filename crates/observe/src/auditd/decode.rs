//! What the kernel and the daemon write as hexadecimal digits.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::w3c::web::hex;

/// Whether a bare value of `key` in a record of type `kind` is text, which stands as hexadecimal
/// digits where it would need quoting.
pub(super) fn is_encoded(kind: &str, key: &str) -> bool {
    let text = matches!(
        key,
        "proctitle"
            | "comm"
            | "exe"
            | "name"
            | "cwd"
            | "acct"
            | "cmd"
            | "data"
            | "key"
            | "path"
            | "dir"
            | "file"
            | "watch"
            | "vm"
            | "ocomm"
            | "grp"
            | "new_group"
            | "device"
            | "kernel"
            | "sw"
    );
    text || (kind == "EXECVE" && is_argument(key))
}

/// `a0`, `a12`, and `a1[3]` for the fourth part of a long argument.
pub(super) fn is_argument(key: &str) -> bool {
    argument(key).is_some()
}

/// The number of the argument that `key` names, whole or in part.
pub(super) fn argument(key: &str) -> Option<u32> {
    let digits = key.strip_prefix('a')?;
    let digits = digits.split_once('[').map_or(digits, |(number, _)| number);
    digits.parse().ok()
}

/// Decodes `digits` into `bytes`; `false` if they are not pairs of hexadecimal digits.
pub(super) fn decode(digits: &str, bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return false;
    }
    for [high, low] in pairs {
        match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return false,
        }
    }
    true
}

/// A socket address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// Internet: address and port.
    Internet(String, u16),
    /// A path in the file system, or an abstract name after `@`.
    Local(String),
}

/// Reads a `sockaddr` of Linux as a `SOCKADDR` record dumps it: the family in the byte order of the
/// machine (little-endian ones are read), the port in that of the network.
pub(super) fn socket(bytes: &[u8]) -> Option<Socket> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    match (u16::from_le_bytes(*family), rest) {
        (2, [p1, p2, a, b, c, d, ..]) => {
            let address = Ipv4Addr::new(*a, *b, *c, *d);
            Some(Socket::Internet(address.to_string(), u16::from_be_bytes([*p1, *p2])))
        }
        (10, [p1, p2, _, _, _, _, address @ ..]) => {
            let address = Ipv6Addr::from(*address.first_chunk::<16>()?);
            let plain =
                address.to_ipv4_mapped().map_or_else(|| address.to_string(), |mapped| mapped.to_string());
            Some(Socket::Internet(plain, u16::from_be_bytes([*p1, *p2])))
        }
        (1, path) => {
            let (mark, path) = match path {
                [0, name @ ..] => ("@", name),
                path => ("", path),
            };
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            let mut text = String::new();
            let _ = write!(text, "{mark}{}", String::from_utf8_lossy(&path[..end]));
            Some(Socket::Local(text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes_or_are_refused() {
        let mut bytes = Vec::new();
        assert!(decode("2F746D70", &mut bytes));
        assert_eq!(bytes, b"/tmp");
        for digits in ["", "2F7", "xyzw", "é1"] {
            assert!(!decode(digits, &mut bytes), "{digits}");
        }
    }

    #[test]
    fn sockets_have_addresses() {
        for (digits, expected) in [
            ("020001BBC0000207", Some(Socket::Internet("192.0.2.7".into(), 443))),
            (
                "0A0001BB0000000020010DB800000000000000000000000700000000",
                Some(Socket::Internet("2001:db8::7".into(), 443)),
            ),
            ("01002F72756E2F7800", Some(Socket::Local("/run/x".into()))),
            ("0100006162", Some(Socket::Local("@ab".into()))),
            ("1000", None),
            ("02", None),
        ] {
            let mut bytes = Vec::new();
            assert!(decode(digits, &mut bytes));
            assert_eq!(socket(&bytes), expected, "{digits}");
        }
    }
}
