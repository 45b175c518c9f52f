//! The chain that those keep who change a message on its way (RFC 8617).
//!
//! The structure is judged first, then the signature over the message by whoever changed it last,
//! then the seals of all, within bounds on sets and bytes. The library's verifier is the second judge in
//! the tests.

pub(crate) mod fields;
mod key;
mod seal;
mod tags;

use std::collections::HashMap;

pub use seal::{ArcKey, SealError, seal};

use super::live::names::{Names, Trouble};
use fields::{Field, Form};
use key::{Algorithm, PublicKey};
use tags::{Tags, base64};

/// Sets in a chain (RFC 8617, section 4.2.1).
const SETS: usize = 50;
/// Bytes of all fields of a chain. Each seal covers all sets before it, so this also bounds the work.
const BYTES: usize = 256 << 10;
/// Names of signed header fields.
const NAMES: usize = 1000;

const RESULTS: &str = "ARC-Authentication-Results";
const SIGNATURE: &str = "ARC-Message-Signature";
const SEAL: &str = "ARC-Seal";

/// What a chain is worth, and how many sets it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// `none`, `pass`, `fail` or `temperror`.
    pub state: &'static str,
    /// Its sets.
    pub sets: usize,
}

/// The three fields of one set.
#[derive(Clone, Copy, Debug)]
struct Set<'a> {
    results: Field<'a>,
    signature: Field<'a>,
    seal: Field<'a>,
}

/// Why a chain does not hold.
enum Broken {
    Chain,
    Names,
}

impl From<Trouble> for Broken {
    fn from(_: Trouble) -> Self {
        Self::Names
    }
}

/// Judges the chain of a message.
pub(crate) async fn verify(names: &Names, raw: &[u8]) -> Chain {
    let (fields, body) = fields::split(raw);
    let Some(sets) = sets(&fields) else { return Chain { state: "fail", sets: 0 } };
    if sets.is_empty() {
        return Chain { state: "none", sets: 0 };
    }
    let state = match judge(names, &fields, body, &sets).await {
        Ok(()) => "pass",
        Err(Broken::Chain) => "fail",
        Err(Broken::Names) => "temperror",
    };
    Chain { state, sets: sets.len() }
}

/// The sets in order of their numbers; `None` where a part is missing, double or out of order.
fn sets<'a>(fields: &[Field<'a>]) -> Option<Vec<Set<'a>>> {
    let mut parts: [Vec<(usize, Field<'a>)>; 3] = Default::default();
    let mut bytes = 0;
    for field in fields {
        let Some(kind) = [RESULTS, SIGNATURE, SEAL].iter().position(|name| field.is(name)) else { continue };
        bytes += field.value.len();
        if bytes > BYTES || parts[kind].len() == SETS {
            return None;
        }
        parts[kind].push((instance(field, kind == 0)?, *field));
    }
    let count = parts[0].len();
    for part in &mut parts {
        part.sort_by_key(|(number, _)| *number);
        if part.len() != count || part.iter().enumerate().any(|(at, (number, _))| *number != at + 1) {
            return None;
        }
    }
    let [results, signatures, seals] = parts;
    let all = results.into_iter().zip(signatures).zip(seals);
    Some(all.map(|(((_, results), (_, signature)), (_, seal))| Set { results, signature, seal }).collect())
}

/// The number of the set that a field belongs to. Results begin with it and are no list of tags.
fn instance(field: &Field<'_>, results: bool) -> Option<usize> {
    let number = if results {
        let text = str::from_utf8(field.value.split(|byte| *byte == b';').next()?).ok()?;
        if !field.value.contains(&b';') {
            return None;
        }
        let (name, number) = text.split_once('=')?;
        if name.trim_ascii() != "i" {
            return None;
        }
        number.trim_ascii()
    } else {
        Tags::parse(field.value)?.need("i")?
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= 2;
    number.parse().ok().filter(|number| digits && (1..=SETS).contains(number))
}

async fn judge(names: &Names, fields: &[Field<'_>], body: &[u8], sets: &[Set<'_>]) -> Result<(), Broken> {
    let mut seals = Vec::new();
    let mut last = None;
    for (at, set) in sets.iter().enumerate() {
        let tags = Tags::parse(set.seal.value).ok_or(Broken::Chain)?;
        let wanted = if at == 0 { "none" } else { "pass" };
        if tags.get("cv") != Some(wanted) || tags.get("h").is_some() {
            return Err(Broken::Chain);
        }
        seals.push(Signed::of(&tags).ok_or(Broken::Chain)?);
        last = Some(Message::of(&set.signature).ok_or(Broken::Chain)?);
    }
    let mut keys = HashMap::new();
    if let (Some(message), Some(set)) = (last, sets.last()) {
        message.verify(names, fields, body, &set.signature, &mut keys).await?;
    }
    let mut signed = Vec::new();
    for (set, seal) in sets.iter().zip(&seals) {
        for part in [&set.results, &set.signature] {
            fields::field(part, Form::Relaxed, &mut signed);
            signed.extend_from_slice(b"\r\n");
        }
        let before = signed.len();
        emptied(&set.seal, &seal.place, |field| fields::field(field, Form::Relaxed, &mut signed));
        seal.verify(names, &signed, &mut keys).await?;
        signed.truncate(before);
        fields::field(&set.seal, Form::Relaxed, &mut signed);
        signed.extend_from_slice(b"\r\n");
    }
    Ok(())
}

/// Gives `each` the field without the value of its signature.
fn emptied(field: &Field<'_>, place: &std::ops::Range<usize>, each: impl FnOnce(&Field<'_>)) {
    let value = [&field.value[..place.start], &field.value[place.end..]].concat();
    each(&Field { name: field.name, value: &value });
}

type Keys = HashMap<String, Option<PublicKey>>;

/// What signatures and seals have in common.
struct Signed {
    algorithm: Algorithm,
    key: String,
    signature: Vec<u8>,
    /// Where the signature stands in the field.
    place: std::ops::Range<usize>,
}

impl Signed {
    fn of(tags: &Tags<'_>) -> Option<Self> {
        tags.number_or_none("t")?;
        Some(Self {
            algorithm: Algorithm::of(tags.need("a")?)?,
            key: format!("{}._domainkey.{}", tags.need("s")?, tags.need("d")?),
            signature: base64(tags.need("b")?)?,
            place: tags.place("b")?,
        })
    }

    async fn verify(&self, names: &Names, signed: &[u8], keys: &mut Keys) -> Result<(), Broken> {
        if !keys.contains_key(&self.key) {
            let texts = names.texts(&self.key).await?;
            keys.insert(self.key.clone(), texts.iter().find_map(|text| PublicKey::parse(text)));
        }
        let key = keys.get(&self.key).and_then(Option::as_ref).ok_or(Broken::Chain)?;
        if key.verifies(self.algorithm, signed, &self.signature) { Ok(()) } else { Err(Broken::Chain) }
    }
}

/// A signature over the message.
struct Message<'a> {
    signed: Signed,
    hash: Vec<u8>,
    header: Form,
    body: Form,
    names: Vec<&'a str>,
    length: Option<usize>,
}

impl<'a> Message<'a> {
    fn of(field: &Field<'a>) -> Option<Self> {
        let tags = Tags::parse(field.value)?;
        let (header, body) = forms(tags.get("c"))?;
        let names: Vec<&str> = tags.get("h")?.split(':').map(str::trim_ascii).collect();
        // A seal is made after the signature and cannot be covered by it (section 4.1.2).
        if names.len() > NAMES || names.iter().any(|name| name.eq_ignore_ascii_case(SEAL)) {
            return None;
        }
        let length = match tags.get("l") {
            Some(length) => Some(length.parse().ok()?),
            None => None,
        };
        Some(Self {
            signed: Signed::of(&tags)?,
            hash: base64(tags.need("bh")?)?,
            header,
            body,
            names,
            length,
        })
    }

    async fn verify(
        &self,
        names: &Names,
        fields: &[Field<'_>],
        body: &[u8],
        own: &Field<'_>,
        keys: &mut Keys,
    ) -> Result<(), Broken> {
        let body = fields::body(body, self.body);
        let covered = match self.length {
            Some(length) => body.get(..length).ok_or(Broken::Chain)?,
            None => &body,
        };
        if ring::digest::digest(&ring::digest::SHA256, covered).as_ref() != self.hash {
            return Err(Broken::Chain);
        }
        let mut signed = chosen(fields, &self.names, self.header);
        emptied(own, &self.signed.place, |field| fields::field(field, self.header, &mut signed));
        self.signed.verify(names, &signed, keys).await
    }
}

/// The named fields in canonical form: of several under one name the last comes first.
fn chosen(fields: &[Field<'_>], names: &[&str], form: Form) -> Vec<u8> {
    let mut by_name: HashMap<String, Vec<&Field<'_>>> = HashMap::new();
    for name in names {
        by_name.entry(name.to_ascii_lowercase()).or_default();
    }
    for field in fields {
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        if let Some(all) = by_name.get_mut(&name) {
            all.push(field);
        }
    }
    let mut out = Vec::new();
    for name in names {
        if let Some(field) = by_name.get_mut(&name.to_ascii_lowercase()).and_then(Vec::pop) {
            fields::field(field, form, &mut out);
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// Canonical forms of header and body; `None` where the tag says neither.
fn forms(tag: Option<&str>) -> Option<(Form, Form)> {
    let form = |name: &str| match name {
        "simple" => Some(Form::Simple),
        "relaxed" => Some(Form::Relaxed),
        _ => None,
    };
    let Some(tag) = tag else { return Some((Form::Simple, Form::Simple)) };
    match tag.split_once('/') {
        Some((header, body)) => Some((form(header)?, form(body)?)),
        None => Some((form(tag)?, Form::Simple)),
    }
}
