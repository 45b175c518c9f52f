//! Values that are looked up: addresses by number, networks by prefix, all else by a hash over its
//! lower-cased bytes, read from the end so that one pass tries a host name and every name above it.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::path::{Scope, split_name};

/// What kind of value an indicator names.
#[derive(Clone, Debug)]
pub(super) enum Key {
    Address(IpAddr),
    Network(IpNet),
    /// Also every name below it.
    Domain(String),
    /// Without its scheme's `://` where the indicator has none.
    Url(String),
    Email(String),
    Hash(String),
    Mac(String),
    FileName(String),
    /// Any other value; it counts only within a scope.
    Text(String),
}

/// A key, and the fields to which it is held.
#[derive(Clone, Debug)]
pub(super) struct Sought {
    pub(super) key: Key,
    /// `None` for a key that counts wherever it stands.
    pub(super) scope: Option<Scope>,
}

impl From<Key> for Sought {
    fn from(key: Key) -> Self {
        Self { key, scope: None }
    }
}

impl Key {
    fn text(&self) -> Option<(&str, u8)> {
        Some(match self {
            Self::Address(_) | Self::Network(_) => return None,
            Self::Domain(text) => (text, DOMAIN),
            Self::Url(text) => (text, URL),
            Self::Email(text) => (text, EMAIL),
            Self::Hash(text) => (text, HASH),
            Self::Mac(text) => (text, MAC),
            Self::FileName(text) => (text, NAME),
            Self::Text(text) => (text, TEXT),
        })
    }
}

impl std::fmt::Display for Sought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.scope.map(|scope| scope.path);
        match &self.key {
            Key::Address(address) => write!(f, "address {address}"),
            Key::Network(net) => write!(f, "address in {net}"),
            Key::Domain(name) => write!(f, "domain {name} or a name below it"),
            Key::Url(url) => write!(f, "URL {url}"),
            Key::Email(address) => write!(f, "e-mail address {address}"),
            Key::Hash(hash) => write!(f, "hash {hash}"),
            Key::Mac(address) => write!(f, "MAC address {address}"),
            Key::FileName(name) => write!(f, "file name {name}"),
            Key::Text(text) => return write!(f, "{} {text}", path.unwrap_or("value")),
        }?;
        path.map_or(Ok(()), |path| write!(f, " as {path}"))
    }
}

const DOMAIN: u8 = 1;
const URL: u8 = 2;
const EMAIL: u8 = 4;
const HASH: u8 = 8;
const MAC: u8 = 16;
const NAME: u8 = 32;
const TEXT: u8 = 64;

/// One key of one indicator part.
#[derive(Debug)]
struct Entry {
    sought: Sought,
    part: u32,
    /// The next entry with the same hash, address or network.
    next: Option<u32>,
}

/// A key that was found in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// Which part asked for it.
    pub(super) part: u32,
    /// Which entry.
    pub(super) entry: u32,
    /// Where in the value, in bytes.
    pub(super) start: u32,
    /// Its end.
    pub(super) end: u32,
}

/// All keys.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    words: FxHashMap<u64, u32>,
    /// One bit for a hash, so that what is not a key costs one look into a small table.
    sieve: Vec<u64>,
    shift: u32,
    kinds: u8,
    /// Length → kinds of which some key is so long; the last for all that is longer. A length costs
    /// less to know than a hash.
    of_length: [u8; LENGTHS],
    longest: usize,
    /// Whether a domain without a dot is among them.
    bare_domains: bool,
    addresses: FxHashMap<IpAddr, u32>,
    /// Prefix length → network address → first entry; by family.
    networks: [Vec<(u8, FxHashMap<IpAddr, u32>)>; 2],
}

const LENGTHS: usize = 256;

impl Default for Index {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Index {
    /// Indexes (part, key) pairs.
    pub(super) fn new(keys: Vec<(u32, Sought)>) -> Self {
        let bits = (keys.len().max(4) * 16).next_power_of_two();
        let mut out = Self {
            entries: Vec::with_capacity(keys.len()),
            words: FxHashMap::default(),
            sieve: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
            kinds: 0,
            of_length: [0; LENGTHS],
            longest: 0,
            bare_domains: false,
            addresses: FxHashMap::default(),
            networks: [Vec::new(), Vec::new()],
        };
        for (part, sought) in keys {
            out.add(part, sought);
        }
        out.networks.iter_mut().for_each(|family| family.sort_by_key(|(length, _)| *length));
        out
    }

    fn add(&mut self, part: u32, sought: Sought) {
        let at = self.entries.len() as u32;
        let next = match &sought.key {
            Key::Address(address) => self.addresses.insert(*address, at),
            Key::Network(net) => {
                let family = &mut self.networks[usize::from(net.addr().is_ipv6())];
                let length = net.prefix_len();
                let place = family.iter().position(|(known, _)| *known == length).unwrap_or_else(|| {
                    family.push((length, FxHashMap::default()));
                    family.len() - 1
                });
                family[place].1.insert(net.network(), at)
            }
            _ => {
                let (text, kind) = sought.key.text().unwrap_or_default();
                let hash = hash(text.as_bytes());
                self.kinds |= kind;
                self.of_length[text.len().min(LENGTHS - 1)] |= kind;
                self.bare_domains |= kind == DOMAIN && !text.contains('.');
                self.longest = self.longest.max(text.len());
                let (word, bit) = self.bit(hash);
                self.sieve[word] |= bit;
                self.words.insert(hash, at)
            }
        };
        self.entries.push(Entry { sought, part, next });
    }

    /// The key of a hit.
    pub(super) fn sought(&self, hit: Hit) -> &Sought {
        &self.entries[hit.entry as usize].sought
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds every key that stands in `value`. A key that stands there twice may be found twice.
    pub(super) fn scan(&self, value: &str, hits: &mut Vec<Hit>) {
        if self.entries.is_empty() || value.is_empty() {
            return;
        }
        let bytes = value.as_bytes();
        let (mut token, mut segment, mut colons, mut joints) = (0, 0, 0, 0);
        for at in 0..=bytes.len() {
            let class = bytes.get(at).map_or(BREAK, |byte| CLASSES[usize::from(*byte)]);
            if class == WORD {
                continue;
            }
            if segment < at {
                self.segment(value, segment, at, hits);
            }
            segment = at + 1;
            if class == JOINT {
                joints += 1;
                colons += usize::from(bytes[at] == b':');
                continue;
            }
            if joints > 0 && token < at {
                self.token(value, token, at, colons, hits);
            }
            (token, colons, joints) = (at + 1, 0, 0);
        }
        self.whole(value, hits);
    }

    /// A run without blanks, quotes, slashes, colons and the like.
    fn segment(&self, value: &str, start: usize, end: usize, hits: &mut Vec<Hit>) {
        let bytes = value.as_bytes();
        let end = end - bytes[start..end].iter().rev().take_while(|byte| **byte == b'.').count();
        if end - start < 3 {
            return;
        }
        if bytes[start].is_ascii_digit()
            && self.by_number()
            && !follows_a_name(bytes, start)
            && let Some(address) = v4(&bytes[start..end])
        {
            self.address(IpAddr::V4(address), start, end, hits);
            return;
        }
        if self.kinds & DOMAIN != 0
            && (self.bare_domains || memchr::memchr(b'.', &bytes[start..end]).is_some())
        {
            self.domains(value, start, end, hits);
        }
        self.probe(value, start, end, HASH | NAME, hits);
        if self.kinds & MAC != 0 && end - start == 17 && bytes[start + 2] == b'-' {
            let colons = value[start..end].replace('-', ":");
            let mut inner = Vec::new();
            self.probe(&colons, 0, 17, MAC, &mut inner);
            hits.extend(inner.into_iter().map(|hit| Hit { start: start as u32, end: end as u32, ..hit }));
        }
    }

    /// A run without blanks, quotes and brackets that holds slashes, colons or the like.
    fn token(&self, value: &str, start: usize, end: usize, colons: usize, hits: &mut Vec<Hit>) {
        let text = &value[start..end];
        if colons >= 2 {
            if self.by_number() {
                self.v6(text, start, hits);
            }
            if text.len() == 17 {
                self.probe(value, start, end, MAC, hits);
            }
        }
        if self.kinds & URL != 0 {
            self.url(value, start, end, hits);
        }
        if self.kinds & EMAIL != 0 && text.contains('@') {
            let mut from = start;
            for piece in text.split([':', '=', '/', '\\', '&', '?', '#']) {
                if piece.contains('@') {
                    let trimmed = piece.trim_end_matches('.');
                    self.probe(value, from, from + trimmed.len(), EMAIL, hits);
                }
                from += piece.len() + 1;
            }
        }
    }

    /// Addresses as in `rhost=2001:db8::1`, `IPv6:2001:db8::1`, `fe80::1%eth0` and `2001:db8::1/64`.
    fn v6(&self, text: &str, start: usize, hits: &mut Vec<Hit>) {
        const TAG: &str = "ipv6:";
        const LONGEST: usize = 45;
        let mut from = start;
        for piece in text.split(['=', '/', '\\', '@', '&', '?', '#', '%']) {
            let tagged = piece.get(..TAG.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(TAG));
            let skip = if tagged { TAG.len() } else { 0 };
            let bare = &piece[skip..];
            if (2..=LONGEST).contains(&bare.len())
                && bare.contains(':')
                && let Ok(address) = bare.parse::<IpAddr>()
            {
                self.address(address.to_canonical(), from + skip, from + piece.len(), hits);
            }
            from += piece.len() + 1;
        }
    }

    fn url(&self, value: &str, start: usize, end: usize, hits: &mut Vec<Hit>) {
        let text = &value[start..end];
        let end = start + text.trim_end_matches(['/', '.']).len();
        let Some(mark) = memchr::memmem::find(text.as_bytes(), b"://") else {
            self.probe(value, start, end, URL, hits);
            return;
        };
        let scheme = text.as_bytes()[..mark].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric());
        self.probe(value, start + mark - scheme.count(), end, URL, hits);
        self.probe(value, start + mark + 3, end, URL, hits);
    }

    /// The value as one, and the name at its end.
    fn whole(&self, value: &str, hits: &mut Vec<Hit>) {
        let trimmed = value.trim();
        let start = value.len() - value.trim_start().len();
        let end = start + trimmed.len();
        self.probe(value, start, end, NAME | TEXT | HASH, hits);
        if self.kinds & URL != 0 {
            self.probe(value, start, start + trimmed.trim_end_matches(['/', '.']).len(), URL, hits);
        }
        let (folder, name) = split_name(trimmed);
        if name.len() < trimmed.len() {
            self.probe(value, end - name.len(), end, NAME | TEXT, hits);
            // A registry value is logged with its name after the key.
            self.probe(value, start, start + folder.len(), TEXT, hits);
        }
    }

    fn by_number(&self) -> bool {
        !self.addresses.is_empty() || self.networks.iter().any(|family| !family.is_empty())
    }

    fn address(&self, address: IpAddr, start: usize, end: usize, hits: &mut Vec<Hit>) {
        if let Some(&first) = self.addresses.get(&address) {
            self.chain(first, start, end, hits, |_| true);
        }
        for (length, networks) in &self.networks[usize::from(address.is_ipv6())] {
            let net = IpNet::new(address, *length).map(|net| net.network());
            if let Some(&first) = net.ok().and_then(|net| networks.get(&net)) {
                self.chain(first, start, end, hits, |_| true);
            }
        }
    }

    fn domains(&self, value: &str, start: usize, end: usize, hits: &mut Vec<Hit>) {
        let bytes = value.as_bytes();
        let mut hash = SEED;
        for at in (start.max(end.saturating_sub(self.longest))..end).rev() {
            hash = step(hash, bytes[at]);
            if (at == start || bytes[at - 1] == b'.') && self.has(DOMAIN, end - at) {
                self.found(hash, value, at, end, DOMAIN, hits);
            }
        }
    }

    fn probe(&self, value: &str, start: usize, end: usize, kinds: u8, hits: &mut Vec<Hit>) {
        if start < end && end - start <= self.longest && self.has(kinds, end - start) {
            self.found(hash(&value.as_bytes()[start..end]), value, start, end, kinds, hits);
        }
    }

    /// Whether some key of these kinds is so long.
    fn has(&self, kinds: u8, length: usize) -> bool {
        self.of_length[length.min(LENGTHS - 1)] & kinds != 0
    }

    fn found(&self, hash: u64, value: &str, start: usize, end: usize, kinds: u8, hits: &mut Vec<Hit>) {
        let (word, bit) = self.bit(hash);
        if self.sieve[word] & bit == 0 {
            return;
        }
        if let Some(&first) = self.words.get(&hash) {
            let found = &value.as_bytes()[start..end];
            self.chain(first, start, end, hits, |key| {
                key.text().is_some_and(|(text, kind)| {
                    kind & kinds != 0 && text.as_bytes().eq_ignore_ascii_case(found)
                })
            });
        }
    }

    fn chain(&self, first: u32, start: usize, end: usize, hits: &mut Vec<Hit>, same: impl Fn(&Key) -> bool) {
        let mut next = Some(first);
        while let Some(at) = next {
            let entry = &self.entries[at as usize];
            if same(&entry.sought.key) {
                hits.push(Hit { part: entry.part, entry: at, start: start as u32, end: end as u32 });
            }
            next = entry.next;
        }
    }

    fn bit(&self, hash: u64) -> (usize, u64) {
        let place = (hash.wrapping_mul(MIX) >> self.shift) as usize;
        (place / 64, 1 << (place % 64))
    }
}

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

fn step(hash: u64, byte: u8) -> u64 {
    (hash.rotate_left(5) ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Over the bytes in lower case, last byte first.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(SEED, |hash, byte| step(hash, *byte))
}

const WORD: u8 = 0;
const JOINT: u8 = 1;
const BREAK: u8 = 2;

/// Which bytes end a run: breaks always, joints only its segments.
const CLASSES: [u8; 256] = {
    let mut out = [WORD; 256];
    let mut at = 0;
    while at <= 32 {
        out[at] = BREAK;
        at += 1;
    }
    let breaks = b",;\"'`<>()[]{}|\x7f";
    at = 0;
    while at < breaks.len() {
        out[breaks[at] as usize] = BREAK;
        at += 1;
    }
    let joints = b"=/\\:@&?#";
    at = 0;
    while at < joints.len() {
        out[joints[at] as usize] = JOINT;
        at += 1;
    }
    out
};

/// Whether a number is a version, as in `Firefox/90.0.1.2`, and not an address after `//`.
fn follows_a_name(bytes: &[u8], start: usize) -> bool {
    start >= 2 && bytes[start - 1] == b'/' && bytes[start - 2].is_ascii_alphabetic()
}

fn v4(bytes: &[u8]) -> Option<Ipv4Addr> {
    if bytes.len() > 15 || !bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
