//! What is odd about a header: what honest programs do not write.

use mail_parser::{HeaderName, Message};
use memchr::{memchr, memchr_iter, memmem};
use model::{Event, Time};

use super::aligned::same_owner;
use super::hops::{Route, within};

/// Fields of a header that is no longer ordinary, and bytes.
const FIELDS: usize = 1000;
const BYTES: usize = 1 << 20;
/// The longest line that mail allows (RFC 5322, section 2.1.1).
const LINE: usize = 998;
const DAY: i64 = 86_400;

/// Adds each oddity once under `mail.header.odd`. The header is looked over a fixed number of times.
pub(super) fn read(message: &Message<'_>, raw: &[u8], route: &Route, event: &mut Event) {
    let mut odd = |word: &str| event.push_str("mail.header.odd", word);
    repeated(message, &mut odd);
    let body = message.parts.first().map_or(0, |part| part.raw_body_offset() as usize).min(raw.len());
    bytes(&raw[..body], &mut odd);
    if message.headers().len() > FIELDS || body > BYTES {
        odd("too-large");
    }
    if message.date().is_none() {
        odd("missing-date");
    }
    match message.message_id() {
        None => odd("missing-message-id"),
        Some(id) if !fits(message, raw, id, route) => odd("message-id-domain"),
        Some(_) => {}
    }
    let seconds = |time: &Time| time.micros() / 1_000_000;
    // Each hop is earlier than the one above it; clocks are wrong, but not by a day.
    if route.times.windows(2).any(|pair| seconds(&pair[1]) - seconds(&pair[0]) > DAY) {
        odd("received-backwards");
    }
    let written = message.date().filter(|date| date.is_valid()).map(|date| date.to_timestamp());
    if let (Some(written), Some(received)) = (written, &route.received)
        && (written - seconds(received)).abs() > 2 * DAY
    {
        odd("date-far-from-received");
    }
    if continued(&raw[body..]) {
        odd("header-after-blank");
    }
}

fn repeated(message: &Message<'_>, odd: &mut impl FnMut(&str)) {
    const ONCE: [(HeaderName<'static>, &str); 5] = [
        (HeaderName::From, "duplicate-from"),
        (HeaderName::Date, "duplicate-date"),
        (HeaderName::Subject, "duplicate-subject"),
        (HeaderName::To, "duplicate-to"),
        (HeaderName::MessageId, "duplicate-message-id"),
    ];
    let mut counts = [0_u32; ONCE.len()];
    for header in message.headers() {
        if let Some(at) = ONCE.iter().position(|(name, _)| *name == header.name) {
            counts[at] += 1;
            if counts[at] == 2 {
                odd(ONCE[at].1);
            }
        }
        if header.name == HeaderName::From {
            let value = message.raw_message.get(header.offset_start as usize..header.offset_end as usize);
            if encoded_address(value.unwrap_or_default()) {
                odd("encoded-address");
            }
        }
    }
}

/// Whether an address is hidden in an encoded word: readers show it, filters see none.
fn encoded_address(value: &[u8]) -> bool {
    let value = &value[..value.len().min(4096)];
    let Some(start) = memmem::find(value, b"=?") else { return false };
    let plain = value[..start].contains(&b'<') || memchr(b'<', &value[start..]).is_some();
    // Without an address of its own, whatever the words hold is taken for one.
    !plain && memmem::find(&value[start..], b"?=").is_some() && memchr(b'@', value).is_none()
}

fn bytes(header: &[u8], odd: &mut impl FnMut(&str)) {
    let mut start = 0;
    let (mut long, mut with_return, mut without) = (false, 0_usize, 0_usize);
    for end in memchr_iter(b'\n', header) {
        let returned = end > start && header[end - 1] == b'\r';
        with_return += usize::from(returned);
        without += usize::from(!returned);
        long |= end - start - usize::from(returned) > LINE;
        start = end + 1;
    }
    long |= header.len() - start > LINE;
    if long {
        odd("long-line");
    }
    // Files hold lines that end in LF alone; both kinds in one header come of somebody's play.
    if with_return > 0 && without > 0 {
        odd("bare-lf");
    }
    if memchr_iter(b'\r', header).any(|at| header.get(at + 1) != Some(&b'\n')) {
        odd("bare-cr");
    }
    if memchr(0, header).is_some() {
        odd("nul");
    }
    if !header.is_ascii() {
        odd("eight-bit");
    }
}

/// Whether the right side of the identifier belongs to whoever sent the message, or to a host on its
/// way.
fn fits(message: &Message<'_>, raw: &[u8], id: &str, route: &Route) -> bool {
    let Some((_, right)) = id.rsplit_once('@') else { return false };
    let right = right.trim_matches(['<', '>', '.', ' ', '[', ']']).to_ascii_lowercase();
    if right.len() > 255 {
        return false;
    }
    let mut known = Vec::new();
    for header in message.headers().iter().take(FIELDS) {
        let value = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
        let value = String::from_utf8_lossy(&value[..value.len().min(1024)]);
        match header.name {
            HeaderName::From | HeaderName::Sender | HeaderName::ReturnPath | HeaderName::ReplyTo => {
                known.extend(value.rsplit_once('@').map(|(_, domain)| {
                    domain
                        .split(['>', ' ', '\r', '\n', ',', ';'])
                        .next()
                        .unwrap_or_default()
                        .to_ascii_lowercase()
                }));
            }
            HeaderName::DkimSignature => {
                let tags = value.split(';').filter_map(|tag| tag.trim().strip_prefix("d="));
                known.extend(tags.map(str::to_ascii_lowercase));
            }
            _ => {}
        }
    }
    let hops = route.names.iter().take(50).map(String::as_str);
    known
        .iter()
        .take(50)
        .map(String::as_str)
        .chain(hops)
        .any(|name| same_owner(&right, name) || within(name, &right))
}

/// Whether the body begins as a header does: somebody put a blank line into one.
fn continued(body: &[u8]) -> bool {
    const TRACES: [&str; 5] = ["received", "return-path", "message-id", "mime-version", "content-type"];
    const OTHERS: [&str; 4] = ["from", "to", "subject", "date"];
    let start = &body[..body.len().min(4096)];
    let name = |line: &[u8]| {
        let end = memchr(b':', line)?;
        Some(str::from_utf8(&line[..end]).ok()?.to_ascii_lowercase())
    };
    let lines = start.split(|byte| *byte == b'\n').skip_while(|line| line.trim_ascii().is_empty());
    let names: Vec<String> = lines
        .filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t"))
        .take(3)
        .map_while(name)
        .take_while(|name| TRACES.contains(&name.as_str()) || OTHERS.contains(&name.as_str()))
        .collect();
    names.len() >= 2 && names.iter().any(|name| TRACES.contains(&name.as_str()))
}
