use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, ContentType, DateTime, Encoding, HeaderName, HeaderValue, Host, Message, MessagePart,
    MimeHeaders, PartType,
};
use model::{Event, Kind, Time};
use sha2::{Digest, Sha256};

/// Hops, attachments, and addresses under one header name that become facts; a message with more is
/// a list of targets rather than a message.
const MAX_REPEATED: usize = 1000;

/// Header fields that are taken over as text.
const TEXTS: [(&str, &str); 14] = [
    ("Subject", "mail.subject"),
    ("Message-ID", "mail.message_id"),
    ("In-Reply-To", "mail.in_reply_to"),
    ("Return-Path", "mail.return_path"),
    ("List-Id", "mail.list_id"),
    ("List-Unsubscribe", "mail.list_unsubscribe"),
    ("User-Agent", "mail.user_agent"),
    ("X-Mailer", "mail.user_agent"),
    ("Auto-Submitted", "mail.auto_submitted"),
    ("Precedence", "mail.precedence"),
    ("Authentication-Results", "mail.authentication_results"),
    ("Received-SPF", "mail.received_spf"),
    ("X-Originating-IP", "mail.originating_address"),
    ("X-Original-To", "mail.original_to"),
];

/// Header fields that hold addresses: header, name of the address, whether names and domains of the
/// people are facts as well.
const ADDRESSES: [(HeaderName<'static>, &str, bool); 8] = [
    (HeaderName::From, "mail.from", true),
    (HeaderName::Sender, "mail.sender", true),
    (HeaderName::ReplyTo, "mail.reply_to", true),
    (HeaderName::To, "mail.to", false),
    (HeaderName::Cc, "mail.cc", false),
    (HeaderName::Bcc, "mail.bcc", false),
    (HeaderName::DeliveredTo, "mail.delivered_to", false),
    (HeaderName::ResentFrom, "mail.resent_from", false),
];

/// Adds the facts of `message`, whose bytes are `raw`, to `event`, and gives it its time: when the
/// last host took it over, else when its sender says it was written.
pub(super) fn push(message: &Message<'_>, raw: &[u8], event: &mut Event) {
    for (header, name, people) in &ADDRESSES {
        for value in message.header_values(header.clone()) {
            addresses(value, name, *people, event);
        }
    }
    for (header, name) in TEXTS {
        for value in message.header_values(header) {
            texts(value, name, event);
        }
    }
    let date = message.date().and_then(moment);
    if let Some((_, written)) = &date {
        event.push_str("mail.date", written);
    }
    let taken_over = hops(message, event);
    event.push_uint("mail.size", raw.len() as u64);
    for part in message.parts.iter().skip(1).chain(message.parts.first().filter(|part| !part.is_multipart()))
    {
        attachment(part, raw, event);
    }
    event.time = taken_over.or(date.map(|(time, _)| time));
}

fn addresses(value: &HeaderValue<'_>, name: &str, people: bool, event: &mut Event) {
    let HeaderValue::Address(list) = value else { return texts(value, name, event) };
    let all: Box<dyn Iterator<Item = _>> = match list {
        Address::List(list) => Box::new(list.iter()),
        Address::Group(groups) => Box::new(groups.iter().flat_map(|group| &group.addresses)),
    };
    for found in all.take(MAX_REPEATED) {
        if !people {
            if let Some(address) = found.address() {
                event.push_str(name, address);
            }
            continue;
        }
        if let Some(address) = found.address() {
            event.push_str(&format!("{name}.address"), address);
            if let Some((_, domain)) = address.rsplit_once('@') {
                event.push_str(&format!("{name}.domain"), &domain.to_ascii_lowercase());
            }
        }
        if let Some(person) = found.name() {
            event.push_str(&format!("{name}.name"), person);
        }
    }
}

fn texts(value: &HeaderValue<'_>, name: &str, event: &mut Event) {
    match value {
        HeaderValue::Text(text) => event.push_str(name, text.trim()),
        HeaderValue::TextList(list) => {
            for text in list.iter().take(MAX_REPEATED) {
                event.push_str(name, text.trim());
            }
        }
        HeaderValue::Address(Address::List(list)) => {
            for address in list.iter().take(MAX_REPEATED).filter_map(|found| found.address()) {
                event.push_str(name, address);
            }
        }
        _ => {}
    }
}

/// Adds the hosts through which the message went, the last one first, and returns when that one
/// took it over.
fn hops(message: &Message<'_>, event: &mut Event) -> Option<Time> {
    let mut count = 0;
    let mut last = None;
    for hop in message.received_all() {
        count += 1;
        if count > MAX_REPEATED as u64 {
            continue;
        }
        if let Some(from) = hop.from.as_ref().or(hop.helo.as_ref()) {
            host("mail.hop.from", from, event);
        }
        if let Some(by) = &hop.by {
            host("mail.hop.by", by, event);
        }
        if let Some(address) = hop.from_ip {
            event.push_display("mail.hop.address", Kind::Str, address);
        } else if let Some(Host::IpAddr(address)) = &hop.from {
            event.push_display("mail.hop.address", Kind::Str, address);
        }
        if let Some((time, written)) = hop.date.as_ref().and_then(moment) {
            event.push_str("mail.hop.time", &written);
            if count == 1 {
                last = Some(time);
            }
        }
    }
    event.push_uint("mail.hops", count);
    last
}

fn host(name: &str, host: &Host<'_>, event: &mut Event) {
    match host {
        Host::Name(text) => event.push_str(name, text),
        Host::IpAddr(address) => event.push_display(name, Kind::Str, address),
    }
}

/// The moment, and the same as RFC 3339 with the offset that the header states.
fn moment(date: &DateTime) -> Option<(Time, String)> {
    if !date.is_valid() {
        return None;
    }
    let written = date.to_rfc3339();
    Some((Time::parse(&written).ok()?, written))
}

fn attachment(part: &MessagePart<'_>, raw: &[u8], event: &mut Event) {
    let name = part.attachment_name();
    let set_apart = part.content_disposition().is_some_and(ContentType::is_attachment) || name.is_some();
    if part.is_multipart() || (part.is_text() && !set_apart) {
        return;
    }
    let content = content(part, raw);
    // Always there, so that the lists of names, types, hashes and sizes stay in step.
    let named = if name.is_some() { Kind::Str } else { Kind::Null };
    event.push_str_kind("mail.attachment.name", named, name.unwrap_or_default());
    event.push_with("mail.attachment.type", Kind::Str, |out| {
        if let Some(kind) = part.content_type() {
            out.push_str(&kind.ctype().to_ascii_lowercase());
            if let Some(subtype) = kind.subtype() {
                out.push('/');
                out.push_str(&subtype.to_ascii_lowercase());
            }
        }
    });
    event.push_with("mail.attachment.sha256", Kind::Str, |out| {
        for byte in Sha256::digest(&content) {
            out.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
        }
    });
    event.push_uint("mail.attachment.size", content.len() as u64);
}

/// The bytes of a part as its sender had them: the parser turns texts into UTF-8, which would give
/// another hash.
fn content<'p>(part: &'p MessagePart<'_>, raw: &'p [u8]) -> Cow<'p, [u8]> {
    if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) {
        return Cow::Borrowed(part.contents());
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
