//! The mark of a released message: nobody else can make it, it is good for one original and for some days, and
//! once for each recipient.

use hmac::{Hmac, KeyInit, Mac};
use model::Time;
use sha2::{Digest, Sha256};

use crate::headers;

/// How long a mark is good: as long as a mail server tries.
const GOOD_FOR: i64 = 5 * 86_400_000_000;

/// A mark as a message carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its name.
    pub(crate) name: String,
    /// Until when it is good, in seconds.
    expires: i64,
    mac: String,
}

/// The value of the header field for `raw`, and when it ends.
pub(crate) fn make(secret: &[u8; 32], name: &str, raw: &[u8], now: Time) -> (String, Time) {
    let expires = now.plus_micros(GOOD_FOR);
    let seconds = expires.micros().div_euclid(1_000_000);
    let mac = model::hex(&over(secret, name, raw, seconds).finalize().into_bytes());
    (format!("{name}; t={seconds};\r\n\tmac={mac}"), expires)
}

/// The one mark of `raw`, if its secret is ours and it is still good; `None` where there is none, or several.
pub(crate) fn find(secret: &[u8; 32], raw: &[u8], now: Time) -> Option<Mark> {
    let found = headers::fields(raw, |name| name.eq_ignore_ascii_case(headers::RELEASE));
    let [field] = &found[..] else { return None };
    let mark = read(std::str::from_utf8(field.value).ok()?)?;
    let mac = unhex(&mark.mac)?;
    over(secret, &mark.name, raw, mark.expires).verify_slice(&mac).ok()?;
    (now.micros().div_euclid(1_000_000) <= mark.expires).then_some(mark)
}

fn read(value: &str) -> Option<Mark> {
    let mut parts = value.split(';').map(str::trim);
    let (name, time, mac) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && !name.is_empty() && name.len() <= 100;
    whole.then_some(())?;
    Some(Mark {
        name: name.to_owned(),
        expires: time.strip_prefix("t=")?.parse().ok()?,
        mac: mac.strip_prefix("mac=")?.to_owned(),
    })
}

/// Over name, body and end. Mail servers add to the header on the way, so that it cannot be part of it; nor
/// can line ends, and empty lines at the end.
fn over(secret: &[u8; 32], name: &str, raw: &[u8], expires: i64) -> Hmac<Sha256> {
    let mut body = Sha256::new();
    let text = headers::body(raw);
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    text[..end].split(|&byte| byte == b'\r').for_each(|piece| body.update(piece));
    // A key of any length serves; this one has 32 bytes.
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&(*secret).into_key());
    mac.update(format!("{name}|{}|{expires}", model::hex(&body.finalize())).as_bytes());
    mac
}

/// A secret as the block that HMAC takes (RFC 2104: shorter keys are filled up by zeros).
trait IntoKey {
    fn into_key(self) -> hmac::digest::Key<Hmac<Sha256>>;
}

impl IntoKey for [u8; 32] {
    fn into_key(self) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        key[..32].copy_from_slice(&self);
        key
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];
    const RAW: &[u8] = b"From: a@x.example\r\n\r\nbody\r\nmore\r\n";

    fn now() -> Time {
        Time::parse("2026-06-01").unwrap()
    }

    fn marked(value: &str, raw: &[u8]) -> Vec<u8> {
        [format!("Received: by y\r\nX-Portcullis-Release: {value}\r\n").as_bytes(), raw].concat()
    }

    #[test]
    fn a_mark_is_good_for_its_message_alone() {
        let (value, expires) = make(&SECRET, "1", RAW, now());
        let good = |raw: &[u8], now| find(&SECRET, raw, now).map(|mark| mark.name);
        assert_eq!(good(&marked(&value, RAW), now()).as_deref(), Some("1"));
        let unix: Vec<u8> = marked(&value, RAW).into_iter().filter(|byte| *byte != b'\r').collect();
        assert!(good(&unix, now()).is_some(), "line ends are not part of it");
        assert!(good(&marked(&value, b"X: y\r\n\r\nbody\r\nmore\r\n\r\n"), now()).is_some());
        assert!(good(&marked(&value, b"X: y\r\n\r\nbody\r\nless\r\n"), now()).is_none());
        assert!(good(&marked(&value, RAW), expires.plus_micros(2_000_000)).is_none());
        assert!(find(&[8; 32], &marked(&value, RAW), now()).is_none());
        let twice = marked(&value, &marked(&value, RAW));
        assert!(good(&twice, now()).is_none(), "of two marks one is not ours");
        assert!(good(RAW, now()).is_none());
    }

    #[test]
    fn no_part_of_a_mark_can_be_changed() {
        let (value, _) = make(&SECRET, "name", RAW, now());
        for at in 0..value.len() {
            let mut forged = value.clone().into_bytes();
            forged[at] = if forged[at] == b'1' { b'2' } else { b'1' };
            let forged = String::from_utf8(forged).unwrap();
            let found = find(&SECRET, &marked(&forged, RAW), now());
            // A space that became another is no change.
            assert!(found.is_none() || value.as_bytes()[at].is_ascii_whitespace(), "{at} {forged}");
            assert!(find(&SECRET, &marked(&value[..at], RAW), now()).is_none(), "cut at {at}");
        }
    }
}
