use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::{Content, Kind, Part, sniff};

/// Parts of a message that are looked at.
const PARTS: usize = 10_000;
/// Messages in messages that are opened.
const NESTED: u32 = 32;
/// Decoded bytes of all parts.
const BYTES: usize = 256 << 20;
/// Messages in messages that the parser may be given: what it returns is as deep, and is dropped by
/// recursion.
const PARSED: usize = 1000;

/// Whether `raw` may be given to `mail_parser`: a message of many thousand levels, which takes a few
/// bytes a level, would end the program when the parsed message is dropped.
pub fn may_be_parsed(raw: &[u8]) -> bool {
    // Each level names its type; `multipart/digest` makes messages of its parts.
    static LEVELS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder().ascii_case_insensitive(true).build(["rfc822", "global", "digest"]).ok()
    });
    const SHORTEST: usize = "Content-Type:message/rfc822\n\n".len();
    raw.len() < PARSED * SHORTEST
        || LEVELS.as_ref().is_none_or(|levels| levels.find_iter(raw).nth(PARSED).is_none())
}

/// Takes `message`, whose bytes are `raw`, apart, with the messages in it.
pub fn read<'m>(message: &'m Message<'m>, raw: &'m [u8]) -> Content<'m> {
    let mut walk = Walk { content: Content::default(), bytes: 0 };
    walk.message(message, raw, "", 0);
    walk.content
}

struct Walk<'m> {
    content: Content<'m>,
    bytes: usize,
}

/// What is around a part.
#[derive(Clone, Debug, Default)]
struct Around {
    place: String,
    encrypted: bool,
    single: bool,
}

impl<'m> Walk<'m> {
    fn bound(&mut self, what: &'static str) {
        if !self.content.bounded.contains(&what) {
            self.content.bounded.push(what);
        }
    }

    /// Every part of `message` in the order of its bytes, so that none is missed that no multipart
    /// names. Recursion is bounded by `NESTED`.
    fn message(&mut self, message: &'m Message<'m>, raw: &'m [u8], place: &str, nested: u32) {
        let mut around = vec![None::<Around>; message.parts.len()];
        if let Some(root) = around.first_mut() {
            *root = Some(Around { place: place.to_owned(), encrypted: false, single: true });
        }
        for (index, part) in message.parts.iter().enumerate() {
            let mut here = around[index]
                .take()
                .unwrap_or_else(|| Around { place: join(place, &format!("0.{index}")), ..Around::default() });
            if let PartType::Multipart(children) = &part.body {
                let encrypted = here.encrypted
                    || part.content_type().is_some_and(|kind| {
                        kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("encrypted"))
                    });
                for (number, child) in children.iter().enumerate() {
                    if let Some(slot) = around.get_mut(*child as usize) {
                        let place = join(&here.place, &(number + 1).to_string());
                        *slot = Some(Around { place, encrypted, single: false });
                    }
                }
                continue;
            }
            if self.content.parts.len() >= PARTS {
                return self.bound("parts");
            }
            if here.single {
                here.place = join(&here.place, "1");
            }
            let found = self.part(part, raw, &here, nested);
            let transported = is_tnef(&found.bytes).then(|| observe::tnef(&found.bytes)).flatten();
            self.content.parts.push(found);
            if let Some(inner) = transported {
                self.transported(&inner, &here.place, nested);
            }
            if let PartType::Message(inner) = &part.body {
                if nested >= NESTED {
                    self.bound("nesting");
                } else {
                    self.message(inner, &inner.raw_message, &here.place, nested + 1);
                }
            }
        }
    }

    /// The parts of a message that came in Outlook's transport format, which Outlook shows instead of what
    /// stands around it.
    fn transported(&mut self, raw: &[u8], place: &str, nested: u32) {
        if nested >= NESTED {
            return self.bound("nesting");
        }
        if !may_be_parsed(raw) {
            return self.bound("parts");
        }
        let Some(message) = MessageParser::default().parse(raw) else { return };
        let mut walk = Walk { content: Content::default(), bytes: self.bytes };
        walk.message(&message, raw, place, nested + 1);
        self.bytes = walk.bytes;
        let before = self.content.parts.len();
        for part in walk.content.parts.into_iter().take(PARTS.saturating_sub(before)) {
            let number = self.content.parts.len() as u32;
            self.content.parts.push(Part { number, ..part.into_owned() });
        }
        for bound in walk.content.bounded {
            self.bound(bound);
        }
    }

    fn part(&mut self, part: &'m MessagePart<'m>, raw: &'m [u8], around: &Around, nested: u32) -> Part<'m> {
        let declared = declared(part);
        let name = part.attachment_name().map(str::to_owned);
        let set_apart = part.content_disposition().is_some_and(ContentType::is_attachment);
        let is_text = part.is_text();
        let listed = set_apart || name.is_some() || !is_text;
        let text: Option<&'m str> = match &part.body {
            PartType::Text(text) | PartType::Html(text) => Some(text.as_ref()),
            _ => None,
        };
        let mut bytes = match text {
            Some(text) if !listed => Cow::Borrowed(text.as_bytes()),
            _ => contents(part, raw),
        };
        self.bytes += bytes.len();
        if self.bytes > BYTES {
            self.bound("bytes");
            bytes = Cow::Borrowed(&[]);
        }
        let detected = if listed { sniff::detected(&bytes, name.as_deref()) } else { None };
        let attached = set_apart || (!is_text && !matches!(part.body, PartType::InlineBinary(_)));
        let kind = if matches!(part.body, PartType::Message(_)) {
            Kind::Message
        } else {
            sniff::kind(&sniff::Look {
                declared: &declared,
                detected,
                name: name.as_deref(),
                text,
                attached,
                encrypted: around.encrypted,
            })
        };
        Part {
            number: self.content.parts.len() as u32,
            place: around.place.clone(),
            declared,
            detected,
            name,
            content_id: part.content_id().map(|id| id.trim_matches(['<', '>']).to_owned()),
            location: part.content_location().map(str::to_owned),
            attached,
            listed,
            kind,
            bytes,
            text: text.map(Cow::Borrowed),
            nested,
        }
    }
}

/// Whether bytes are a message in Outlook's transport format ([MS-OXTNEF], 2.1.1).
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x78\x9f\x3e\x22")
}

fn join(place: &str, number: &str) -> String {
    if place.is_empty() { number.to_owned() } else { format!("{place}.{number}") }
}

fn declared(part: &MessagePart<'_>) -> String {
    let Some(kind) = part.content_type() else { return String::new() };
    let mut declared = kind.ctype().to_ascii_lowercase();
    if let Some(subtype) = kind.subtype() {
        declared.push('/');
        declared.push_str(&subtype.to_ascii_lowercase());
    }
    declared
}

/// The bytes of a part as its sender had them: the parser turns texts into UTF-8, which would give
/// another hash.
fn contents<'p>(part: &'p MessagePart<'_>, raw: &'p [u8]) -> Cow<'p, [u8]> {
    match &part.body {
        PartType::Text(_) | PartType::Html(_) => {}
        // The parser reads the first part of a nested message without asking whether there is one.
        PartType::Message(inner) if inner.parts.is_empty() => return Cow::Borrowed(&[]),
        _ => return Cow::Borrowed(part.contents()),
    }
    let (from, until) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    let Some(encoded) = raw.get(from..until) else { return Cow::Borrowed(part.contents()) };
    let decoded = match part.encoding {
        Encoding::None => return Cow::Borrowed(encoded),
        Encoding::QuotedPrintable => quoted_printable_decode(encoded),
        Encoding::Base64 => base64_decode(encoded),
    };
    decoded.map_or(Cow::Borrowed(part.contents()), Cow::Owned)
}
