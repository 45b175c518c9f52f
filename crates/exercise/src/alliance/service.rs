//! What a bulk-mail service puts into addresses, and its header fields.

use super::data::Service;
use crate::formats::fixed;
use crate::formats::mail::base64;

/// A token of the form that a service uses, made of `key` alone.
pub(crate) fn token(shape: &str, key: u64) -> String {
    let mut state = key;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let bytes = |next: &mut dyn FnMut() -> u64, count: usize| -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(count).collect()
    };
    match shape {
        "hex10" => format!("{:010x}", next() & 0xff_ffff_ffff),
        "hex16" => format!("{:016x}", next()),
        "hex32" => format!("{:016x}{:016x}", next(), next()),
        "digits" => format!("{}", 1_000_000 + next() % 900_000_000),
        "uuid" => {
            let (high, low) = (next(), next());
            let (a, b) = (high & !0xf000 | 0x4000, low & !(3 << 62) | 2 << 62);
            format!(
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                a >> 32,
                (a >> 16) & 0xffff,
                a & 0xffff,
                b >> 48,
                b & 0xffff_ffff_ffff
            )
        }
        "mixed12" => {
            const SYMBOLS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789Z";
            (0..12).map(|_| char::from(SYMBOLS[(next() % 32) as usize])).collect()
        }
        "long64" => {
            let raw = base64(&bytes(&mut next, 54)).replace('\n', "");
            raw.replace('+', "-2B").replace('/', "-2F") + "-3D"
        }
        _ => base64(&bytes(&mut next, 24)).replace('\n', "").replace('+', "-").replace('/', "_"),
    }
}

/// What a service fills into its patterns for one message.
#[derive(Clone, Debug)]
pub(super) struct Filled<'a> {
    pub service: &'a Service,
    /// Domain of the sender, and what the service calls it.
    pub domain: &'a str,
    pub code: &'a str,
    /// Number of the issue.
    pub issue: String,
    /// The recipient.
    pub address: &'a str,
    /// From which all tokens of the recipient are made.
    pub key: u64,
}

impl Filled<'_> {
    /// The recipient's own token.
    pub(super) fn recipient(&self) -> String {
        token(&self.service.shape, self.key)
    }

    pub(super) fn fill(&self, pattern: &str, number: usize, target: &str) -> String {
        let mut out = String::with_capacity(pattern.len() + 64);
        let mut rest = pattern;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let Some(letter) = rest.as_bytes().get(open + 1) else { break };
            if rest.as_bytes().get(open + 2) != Some(&b'}') {
                out.push('{');
                rest = &rest[open + 1..];
                continue;
            }
            match letter {
                b't' => out += &token(&self.service.shape, fixed(&format!("{}.{number}", self.key))),
                b'r' => out += &self.recipient(),
                b'i' => out += &self.issue,
                b'n' => out += &(number + 1).to_string(),
                b'u' => out += &encoded(target),
                b'a' => out += self.address,
                b'd' => out += self.domain,
                b's' => out += &self.service.domain,
                _ => out += self.code,
            }
            rest = &rest[open + 3..];
        }
        out + rest
    }

    fn host(&self) -> String {
        self.fill(&self.service.host, 0, "")
    }

    /// A link through the service.
    pub(super) fn link(&self, number: usize, target: &str) -> String {
        format!("https://{}{}", self.host(), self.fill(&self.service.link, number, target))
    }

    pub(super) fn pixel(&self) -> String {
        format!("https://{}{}", self.host(), self.fill(&self.service.pixel, 0, ""))
    }

    pub(super) fn unsubscribe(&self) -> String {
        format!("https://{}{}", self.host(), self.fill(&self.service.unsubscribe, 0, ""))
    }

    pub(super) fn mta(&self) -> String {
        let number = 1 + fixed(&self.issue) % 40;
        self.service.mta.replace("{n}", &number.to_string())
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_shapes() {
        for (shape, length) in [("hex10", 10), ("hex16", 16), ("hex32", 32), ("uuid", 36), ("mixed12", 12)] {
            assert_eq!(token(shape, 7).len(), length);
            assert_ne!(token(shape, 7), token(shape, 8));
            assert_eq!(token(shape, 7), token(shape, 7));
        }
        assert_eq!(uuid::Uuid::parse_str(&token("uuid", 3)).unwrap().get_version_num(), 4);
    }
}
