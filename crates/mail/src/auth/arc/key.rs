//! Public keys as domains publish them (RFC 6376, section 3.6.1; RFC 8463).

use ring::signature::{self, UnparsedPublicKey};

use super::tags::{Tags, base64};

/// How something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    Ed25519,
}

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "rsa-sha256" => Some(Self::Rsa),
            "ed25519-sha256" => Some(Self::Ed25519),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-sha256",
            Self::Ed25519 => "ed25519-sha256",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads a record; `None` where it is none, was revoked, or is not for mail.
    pub(super) fn parse(record: &[u8]) -> Option<Self> {
        let tags = Tags::parse(record)?;
        if tags.get("v").is_some_and(|version| version != "DKIM1") {
            return None;
        }
        let allows = |name: &str, wanted: &[&str]| {
            tags.get(name).is_none_or(|list| list.split(':').any(|one| wanted.contains(&one.trim_ascii())))
        };
        if !allows("h", &["sha256"]) || !allows("s", &["*", "email"]) {
            return None;
        }
        let bytes = base64(tags.need("p")?)?;
        match tags.get("k").unwrap_or("rsa") {
            "rsa" => Some(Self { algorithm: Algorithm::Rsa, bytes: inner(&bytes)?.to_vec() }),
            "ed25519" if bytes.len() == 32 => Some(Self { algorithm: Algorithm::Ed25519, bytes }),
            _ => None,
        }
    }

    /// Whether `signed` bears this signature. RSA keys below 1024 bits are no keys (RFC 8301).
    pub(super) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let judge: &dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::Rsa => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Algorithm::Ed25519 => &signature::ED25519,
        };
        if self.algorithm != algorithm {
            return false;
        }
        // With Ed25519 the hash is what is signed (RFC 8463, section 3).
        let digest = ring::digest::digest(&ring::digest::SHA256, signed);
        let signed = if algorithm == Algorithm::Ed25519 { digest.as_ref() } else { signed };
        UnparsedPublicKey::new(judge, &self.bytes).verify(signed, signature).is_ok()
    }
}

/// The RSA key within a SubjectPublicKeyInfo; a bare key is taken as it is.
fn inner(der: &[u8]) -> Option<&[u8]> {
    let (0x30, content, _) = element(der)? else { return None };
    let (kind, _, rest) = element(content)?;
    if kind != 0x30 {
        return Some(der);
    }
    let (0x03, bits, _) = element(rest)? else { return None };
    bits.strip_prefix(&[0])
}

/// The first DER element: tag, content, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}
