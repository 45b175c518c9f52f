use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use sha2::Digest;

/// Recipients that addresses are compared with; a message to more is no letter to one of them.
const MOST: usize = 16;
/// Bytes of a hash that a token must give to be taken for it: half of an MD5.
const TELLING: usize = 8;

const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The recipients of a message, in the forms in which an address may name them; made once a message.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    list: Vec<Forms>,
    hashes: Vec<(Vec<u8>, &'static str)>,
}

#[derive(Clone, Debug)]
struct Forms {
    address: String,
    /// `local=domain`, as in return paths.
    equals: String,
    reversed: String,
    rot13: String,
}

impl Recipients {
    /// Of addresses in lower case; the first sixteen count.
    pub fn new(addresses: &[String]) -> Self {
        let mut all = Self::default();
        for address in addresses {
            let Some((local, domain)) = address.rsplit_once('@') else { continue };
            if local.is_empty() || domain.is_empty() || all.list.len() == MOST {
                continue;
            }
            all.list.push(Forms {
                address: address.clone(),
                equals: format!("{local}={domain}"),
                reversed: address.chars().rev().collect(),
                rot13: address.chars().map(rot13).collect(),
            });
            all.hash(address, ["md5", "sha1", "sha256"]);
            all.hash(local, ["local-md5", "local-sha1", "local-sha256"]);
        }
        all
    }

    fn hash(&mut self, text: &str, names: [&'static str; 3]) {
        let [md5, sha1, sha256] = names;
        self.hashes.push((md5::Md5::digest(text).to_vec(), md5));
        self.hashes.push((sha1::Sha1::digest(text).to_vec(), sha1));
        self.hashes.push((sha2::Sha256::digest(text).to_vec(), sha256));
    }

    /// How `text`, a part of an address with its percent signs decoded, names one of them. `coded` says that
    /// there were such signs.
    pub(super) fn named(&self, text: &str, coded: bool) -> Option<&'static str> {
        if self.list.is_empty() || text.len() < 5 {
            return None;
        }
        self.in_clear(text, coded).or_else(|| self.encoded(text))
    }

    fn in_clear(&self, text: &str, coded: bool) -> Option<&'static str> {
        memchr::memchr2(b'@', b'=', text.as_bytes())?;
        let lower = text.to_lowercase();
        let holds = |form: &str| memmem::find(lower.as_bytes(), form.as_bytes()).is_some();
        self.list.iter().find_map(|forms| {
            if holds(&forms.address) {
                Some(if coded { "percent" } else { "plain" })
            } else if holds(&forms.equals) {
                Some("plain")
            } else if holds(&forms.reversed) {
                Some("reversed")
            } else if holds(&forms.rot13) {
                Some("rot13")
            } else {
                None
            }
        })
    }

    fn encoded(&self, text: &str) -> Option<&'static str> {
        let bare = text.trim_end_matches('=');
        if bare.len() < 8 || !bare.is_ascii() {
            return None;
        }
        if bare.len().is_multiple_of(2)
            && let Some(bytes) = hex(bare)
        {
            return self.hashed(&bytes).or_else(|| self.holds(&bytes).then_some("hex"));
        }
        let (engine, how) = if bare.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
            (&URL_SAFE, "base64url")
        } else {
            (&STANDARD, "base64")
        };
        let bytes = engine.decode(bare).ok()?;
        self.hashed(&bytes).or_else(|| self.holds(&bytes).then_some(how))
    }

    /// Which hash of one of them `bytes` are, or the beginning of which.
    fn hashed(&self, bytes: &[u8]) -> Option<&'static str> {
        if bytes.len() < TELLING {
            return None;
        }
        self.hashes.iter().find(|(hash, _)| hash.starts_with(bytes)).map(|(_, how)| *how)
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        if memchr::memchr(b'@', bytes).is_none() {
            return false;
        }
        let lower = bytes.to_ascii_lowercase();
        self.list.iter().any(|forms| memmem::find(&lower, forms.address.as_bytes()).is_some())
    }
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' => (c as u8 + 13) as char,
        'n'..='z' => (c as u8 - 13) as char,
        _ => c,
    }
}

/// The bytes that hexadecimal digits stand for.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
            _ => None,
        })
        .collect()
}

/// The text that base64 in either alphabet stands for.
pub(super) fn base64_text(text: &str) -> Option<String> {
    let bare = text.trim_end_matches('=');
    let bytes = STANDARD.decode(bare).or_else(|_| URL_SAFE.decode(bare)).ok()?;
    String::from_utf8(bytes).ok()
}
