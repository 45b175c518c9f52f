//! One more set for a message that was changed here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::super::Evaluated;
use super::fields::{self, Field, Form};
use super::key::Algorithm;
use super::tags::Tags;
use super::{RESULTS, SEAL, SETS, SIGNATURE, chosen, sets};

/// Header fields that are signed where they are there.
const SIGNED: [&str; 17] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "dkim-signature",
];
/// Fields of one name that are signed.
const REPEATED: usize = 10;

/// Why no set was made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key cannot be used.
    #[error(
        "the ARC key cannot be used: it must be a PEM file with an RSA key of 2048 to 4096 bits or an Ed25519 \
         key (PKCS#8, or PKCS#1 for RSA)"
    )]
    Key,
    /// Signing failed.
    #[error("the ARC key could not sign")]
    Sign,
    /// The message's chain must not be continued.
    #[error("the message's ARC chain {0}, so that no set can be added")]
    Chain(&'static str),
}

enum Signer {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A key to seal with, and where its public half is published.
pub struct ArcKey {
    domain: String,
    selector: String,
    headers: Vec<String>,
    signer: Signer,
}

impl std::fmt::Debug for ArcKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArcKey").field("domain", &self.domain).field("selector", &self.selector).finish()
    }
}

impl ArcKey {
    /// Reads the private key of a domain and selector.
    ///
    /// # Errors
    ///
    /// When it is no PEM, of another kind, or an RSA key of less than 2048 bits: RFC 8301 wants no
    /// smaller ones for signing.
    pub fn from_pem(domain: &str, selector: &str, pem: &str) -> Result<Self, SealError> {
        let lines = pem.lines().map(str::trim_ascii).skip_while(|line| !line.starts_with("-----BEGIN "));
        let body: String = lines.skip(1).take_while(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).map_err(|_| SealError::Key)?;
        let signer = if let Ok(pair) = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)) {
            Signer::Rsa(Box::new(pair))
        } else {
            Signer::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| SealError::Key)?)
        };
        let headers = SIGNED.iter().map(|&name| name.to_owned()).collect();
        Ok(Self { domain: domain.to_owned(), selector: selector.to_owned(), headers, signer })
    }

    /// Signs these header fields instead of the usual ones.
    #[must_use]
    pub fn with_headers(mut self, headers: &[&str]) -> Self {
        self.headers = headers.iter().map(|name| name.to_ascii_lowercase()).collect();
        self
    }

    /// The name of the record under which the public key has to be published, and its text.
    pub fn record(&self) -> (String, String) {
        let (kind, key) = match &self.signer {
            Signer::Rsa(pair) => ("rsa", subject(pair.public().as_ref())),
            Signer::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        };
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        (name, format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(key)))
    }

    const fn algorithm(&self) -> Algorithm {
        match self.signer {
            Signer::Rsa(_) => Algorithm::Rsa,
            Signer::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    fn sign(&self, signed: &[u8]) -> Result<String, SealError> {
        let signature = match &self.signer {
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                // The signature is the same each time; what is drawn hides the key's traces in the processor.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature)
                    .map_err(|_| SealError::Sign)?;
                signature
            }
            Signer::Ed25519(pair) => {
                let digest = ring::digest::digest(&ring::digest::SHA256, signed);
                pair.sign(digest.as_ref()).as_ref().to_vec()
            }
        };
        Ok(STANDARD.encode(signature))
    }
}

/// The set to be put before a changed message, in order: seal, signature, results; each as name and
/// value. What `evaluated` says is of the message as it came, before the change.
///
/// # Errors
///
/// When the chain was already sealed as failed, is full, or could not be judged; the message then
/// goes on without a set (RFC 8617, section 5.1).
pub fn seal(
    changed: &[u8],
    evaluated: &Evaluated,
    key: &ArcKey,
    now_seconds: u64,
    host_name: &str,
) -> Result<Vec<(String, String)>, SealError> {
    let (all, body) = fields::split(changed);
    let before = sets(&all);
    let failed = |field: &Field<'_>| {
        field.is(SEAL) && Tags::parse(field.value).is_some_and(|tags| tags.get("cv") == Some("fail"))
    };
    if all.iter().any(failed) {
        return Err(SealError::Chain("was sealed as failed"));
    }
    let state = match (evaluated.arc.as_str(), &before) {
        ("pass", Some(sets)) if !sets.is_empty() => "pass",
        ("none" | "", Some(sets)) if sets.is_empty() => "none",
        ("temperror", _) => return Err(SealError::Chain("could not be judged")),
        _ => "fail",
    };
    let number = match &before {
        Some(sets) => sets.len() + 1,
        None => highest(&all) + 1,
    };
    if number > SETS {
        return Err(SealError::Chain("is full"));
    }
    let results = match evaluated.header.trim_ascii() {
        "" => format!("{host_name}; none"),
        results => results.replace(['\r', '\n'], " ").replace('\t', " "),
    };
    let results = fold(&format!("i={number}; {results}"));
    let results = Field { name: RESULTS.as_bytes(), value: results.as_bytes() };

    let names = signed_names(&all, &key.headers);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hash =
        STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &fields::body(body, Form::Relaxed)));
    let common = format!(
        "i={number}; a={}; d={}; s={}; t={now_seconds};",
        key.algorithm().name(),
        key.domain,
        key.selector
    );
    let start = fold(&format!("{common} c=relaxed/relaxed; h={}; bh={hash}; b=", names.join(": ")));
    let start = start.replace(": ", ":");
    let mut signed = chosen(&all, &names, Form::Relaxed);
    let unsigned = Field { name: SIGNATURE.as_bytes(), value: start.as_bytes() };
    fields::field(&unsigned, Form::Relaxed, &mut signed);
    let signature = format!("{start}{}", wrapped(&key.sign(&signed)?));
    let signature = Field { name: SIGNATURE.as_bytes(), value: signature.as_bytes() };

    let start = fold(&format!("{common} cv={state}; b="));
    let mut signed = Vec::new();
    // A chain that failed is sealed by itself: what is below can no longer be vouched for.
    if state == "pass" {
        for set in before.iter().flatten() {
            for part in [&set.results, &set.signature, &set.seal] {
                fields::field(part, Form::Relaxed, &mut signed);
                signed.extend_from_slice(b"\r\n");
            }
        }
    }
    for part in [&results, &signature] {
        fields::field(part, Form::Relaxed, &mut signed);
        signed.extend_from_slice(b"\r\n");
    }
    let unsigned = Field { name: SEAL.as_bytes(), value: start.as_bytes() };
    fields::field(&unsigned, Form::Relaxed, &mut signed);
    let seal = format!("{start}{}", wrapped(&key.sign(&signed)?));
    let text = |field: Field<'_>| String::from_utf8_lossy(field.value).into_owned();
    Ok(vec![
        (SEAL.to_owned(), seal),
        (SIGNATURE.to_owned(), text(signature)),
        (RESULTS.to_owned(), text(results)),
    ])
}

/// The highest number that any seal of a broken chain bears.
fn highest(fields: &[Field<'_>]) -> usize {
    let seals = fields.iter().filter(|field| field.is(SEAL));
    seals.filter_map(|field| super::instance(field, false)).max().unwrap_or(0)
}

/// The names to sign, each as often as it is there.
fn signed_names(fields: &[Field<'_>], wanted: &[String]) -> Vec<String> {
    let count = |name: &str| fields.iter().filter(|field| field.is(name)).take(REPEATED).count();
    wanted.iter().flat_map(|name| std::iter::repeat_n(name.clone(), count(name))).collect()
}

/// Breaks a value at spaces into lines of a length that mail allows.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = RESULTS.len() + 2;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            if column + word.len() > 76 {
                out.push_str("\r\n\t");
                column = 8;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

/// Base64 on lines of its own.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 24);
    for (at, byte) in text.chars().enumerate() {
        if at % 72 == 0 {
            out.push_str("\r\n\t");
        }
        out.push(byte);
    }
    out
}

/// An RSA key as a SubjectPublicKeyInfo, which is how it is published.
fn subject(key: &[u8]) -> Vec<u8> {
    const RSA: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    let bits = [&[0], key].concat();
    element(0x30, &[&RSA[..], &element(0x03, &bits)].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => {
            out.push(0x82);
            out.extend((length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}
