//! The notice page: a stop between a link and where it leads.
//!
//! The gate serves one page that never changes. A link carries its target behind the `#`, signed: a browser
//! sends nothing of it to the server, and the page, having checked the signature, shows where the link leads.
//! The signature is deterministic (RFC 6979), so that the same message and key give the same bytes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use ring::rand::SecureRandom;
use sha2::{Digest, Sha256};

/// What is signed begins with this, so that the signature fits nothing else.
const CONTEXT: &str = "portcullis notice v1\n";

/// A key that signs the targets of links (ECDSA P-256, which every browser can verify).
pub struct Key {
    key: SigningKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(P-256)")
    }
}

impl Key {
    /// Reads a private key (PKCS#8, PEM).
    ///
    /// # Errors
    ///
    /// In words, when it is none.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        match SigningKey::from_pkcs8_pem(pem.trim()) {
            Ok(key) => Ok(Self { key }),
            Err(_) if pem.contains("BEGIN EC PRIVATE KEY") => {
                Err("a key in the old form of SEC 1, where PKCS#8 is needed (openssl pkcs8 -topk8 -nocrypt)"
                    .to_owned())
            }
            Err(_) if pem.contains("ENCRYPTED") => Err("the key is encrypted".to_owned()),
            Err(_) => Err("not a private key of P-256 in PKCS#8".to_owned()),
        }
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// In words, when there is no randomness.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, String> {
        // A random number below the order of the curve is a key; nearly every one is.
        for _ in 0..64 {
            let mut bytes = [0; 32];
            random.fill(&mut bytes).map_err(|_| "no randomness".to_owned())?;
            if let Ok(key) = SigningKey::from_slice(&bytes) {
                return Ok(Self { key });
            }
        }
        Err("no usable randomness".to_owned())
    }

    /// The private key (PKCS#8, PEM).
    ///
    /// # Errors
    ///
    /// In words, when it cannot be written.
    pub fn to_pem(&self) -> Result<String, String> {
        let pem = self.key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
        Ok(pem.as_str().to_owned())
    }

    /// The public key (SubjectPublicKeyInfo, DER), for [`page`].
    ///
    /// # Errors
    ///
    /// In words, when it cannot be written.
    pub fn public_key(&self) -> Result<Vec<u8>, String> {
        let key = VerifyingKey::from(&self.key);
        Ok(key.to_public_key_der().map_err(|error| error.to_string())?.into_vec())
    }

    /// What stands behind the `#` of a link to the notice page.
    pub fn sign(&self, target: &str) -> String {
        let signature: Signature = self.key.sign(format!("{CONTEXT}{target}").as_bytes());
        let encoded = URL_SAFE_NO_PAD.encode(target);
        format!("v1.{encoded}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The target that `fragment` was made for; `None` where it is not ours.
    pub fn verify(&self, fragment: &str) -> Option<String> {
        let (target, signature) = fragment.strip_prefix("v1.")?.split_once('.')?;
        let target = String::from_utf8(URL_SAFE_NO_PAD.decode(target).ok()?).ok()?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        VerifyingKey::from(&self.key).verify(format!("{CONTEXT}{target}").as_bytes(), &signature).ok()?;
        Some(target)
    }
}

/// What stands behind the `#` where there is no key: the page shows it and never links to it.
pub(super) fn unsigned(target: &str) -> String {
    format!("v0.{}", URL_SAFE_NO_PAD.encode(target))
}

pub(super) fn read_unsigned(fragment: &str) -> Option<String> {
    let target = URL_SAFE_NO_PAD.decode(fragment.strip_prefix("v0.")?).ok()?;
    String::from_utf8(target).ok()
}

/// The page that the gate serves for every link.
#[derive(Clone, Debug)]
pub struct NoticePage {
    /// The page.
    pub html: String,
    /// Value of the header `Content-Security-Policy` to serve it with.
    pub content_security_policy: String,
}

/// Makes the notice page, for links signed by the key of which `public_key_spki` is the public half.
/// `institution` is named in it. It is complete in itself and asks for nothing.
pub fn page(public_key_spki: &[u8], institution: &str) -> NoticePage {
    let script =
        include_str!("../../data/notice.js").replace("PUBLIC_KEY", &STANDARD.encode(public_key_spki));
    let style = include_str!("../../data/notice.css");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(style)
    );
    let html = include_str!("../../data/notice.html")
        .replace("{policy}", &policy)
        .replace("{style}", style)
        .replace("{script}", &script)
        .replace("{institution}", &super::escape(institution));
    // A page in a frame could be hidden below another; the header alone can forbid that.
    NoticePage { html, content_security_policy: format!("{policy}; frame-ancestors 'none'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixed, so that the tests are the same each time.
    pub(in crate::neutralise) fn key() -> Key {
        Key { key: SigningKey::from_slice(&[7; 32]).unwrap() }
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        let key = key();
        let target = "https://www.paper.example/a?b=c&d=ü#e";
        let fragment = key.sign(target);
        assert_eq!(fragment, key.sign(target), "the same bytes each time");
        assert_eq!(key.verify(&fragment).as_deref(), Some(target));
        assert!(fragment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{fragment}");
        for place in 0..fragment.len() {
            assert_eq!(key.verify(&fragment[..place]), None, "cut at {place}");
            let mut other = fragment.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            if other != fragment {
                assert_eq!(key.verify(&other), None, "changed at {place}");
            }
        }
        let other = Key { key: SigningKey::from_slice(&[8; 32]).unwrap() };
        assert_eq!(other.verify(&fragment), None);
    }

    #[test]
    fn a_key_is_written_and_read() {
        let key = Key::generate(&ring::rand::SystemRandom::new()).unwrap();
        let again = Key::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(key.sign("https://a.example/"), again.sign("https://a.example/"));
        assert_eq!(key.public_key().unwrap().len(), 91);
        for bad in ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            assert!(Key::from_pem(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_page_asks_for_nothing() {
        let page = page(&key().public_key().unwrap(), "Parliament <of> Examples");
        assert_eq!(super::super::judge::look(&page.html).unwrap().links, Vec::<String>::new());
        let loads = super::super::judge::loads(&page.html);
        assert_eq!(loads.len(), 2, "nothing but its own script and policy: {loads:?}");
        assert!(page.html.contains("Parliament &lt;of&gt; Examples"));
        assert!(!page.html.contains("{policy}") && !page.html.contains("PUBLIC_KEY"));
        assert!(page.content_security_policy.starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(include_str!("../../data/notice.js").lines().count() < 100);
    }
}
