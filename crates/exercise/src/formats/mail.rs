//! Messages, in mboxes and Maildirs.

use jiff::civil::Weekday;

use crate::batch::{Batch, put};
use crate::calendar::{MONTHS, Stamp, civil};
use crate::dice::Dice;

/// A message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub from: (&'a str, &'a str),
    pub to: (&'a str, &'a str),
    pub subject: &'a str,
    pub body: &'a str,
    /// Name and content of an attachment.
    pub attachment: Option<(&'a str, &'a [u8])>,
    /// Name and address of the host that handed it in, and the host that took it.
    pub from_host: (&'a str, &'a str),
    pub by_host: &'a str,
}

/// Adds a message; in an mbox it begins with a `From ` line.
pub(crate) fn add(out: &mut Batch, dice: &mut Dice, micros: i64, mbox: bool, message: &Message<'_>) {
    let Message { from, to, subject, body, from_host, by_host, .. } = message;
    let (id, queue, boundary) = (dice.word(), dice.word(), dice.word());
    let date = date(micros);
    out.add(micros, |out| {
        if mbox {
            let stamp = Stamp::new(micros);
            let day = weekday(micros);
            put!(out, "From {} {day} {} {}\n", from.1, stamp.bsd(), stamp.year);
        }
        let domain = from.1.rsplit('@').next().unwrap_or(from.1);
        put!(
            out,
            "Return-Path: <{}>\nReceived: from {} ({} [{}])\n\tby {by_host} (Postfix) with ESMTPS id {:010X}\n\t\
             for <{}>; {date}\nDate: {date}\nFrom: \"{}\" <{}>\nTo: \"{}\" <{}>\nSubject: {subject}\n\
             Message-ID: <{id:016x}@{domain}>\nMIME-Version: 1.0\n",
            from.1,
            from_host.0,
            from_host.0,
            from_host.1,
            queue & 0xff_ffff_ffff,
            to.1,
            from.0,
            from.1,
            to.0,
            to.1,
        );
        match message.attachment {
            None => put!(out, "Content-Type: text/plain; charset=utf-8\n\n{body}\n"),
            Some((name, content)) => {
                put!(
                    out,
                    "Content-Type: multipart/mixed; boundary=\"{boundary:016x}\"\n\n--{boundary:016x}\n\
                     Content-Type: text/plain; charset=utf-8\n\n{body}\n--{boundary:016x}\n\
                     Content-Type: application/octet-stream; name=\"{name}\"\n\
                     Content-Disposition: attachment; filename=\"{name}\"\n\
                     Content-Transfer-Encoding: base64\n\n{}\n--{boundary:016x}--\n",
                    base64(content),
                );
            }
        }
        if mbox {
            out.push(b'\n');
        }
    });
}

pub(crate) fn weekday(micros: i64) -> &'static str {
    match civil(micros).weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn date(micros: i64) -> String {
    let stamp = Stamp::new(micros);
    let month = MONTHS[stamp.month as usize - 1];
    format!("{}, {:02} {month} {} {} +0000", weekday(micros), stamp.day, stamp.year, stamp.time())
}

/// Base64 in lines of 76 (RFC 2045, section 6.8).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (number, group) in bytes.chunks(3).enumerate() {
        if number > 0 && number % 19 == 0 {
            out.push('\n');
        }
        let word =
            group.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
