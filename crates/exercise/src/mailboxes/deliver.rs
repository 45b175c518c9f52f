//! One message as it comes to one owner.

use super::DOMAIN;
use super::message::{Parts, name, value};
use super::tokens::{Marks, body, field};
use crate::alliance::mime::date;
use crate::alliance::service::token;
use crate::alliance::way::{address, signature};
use crate::batch::put;
use crate::calendar::{SECOND, Stamp};
use crate::dice::Dice;
use crate::formats::fixed;
use crate::formats::mail::weekday;

/// The owner of a mailbox.
pub(super) struct Owner {
    pub name: String,
    pub address: String,
}

/// A delivery.
pub(super) struct Deliver<'a> {
    pub seed: u64,
    /// Number of the message.
    pub number: usize,
    pub owner: &'a Owner,
    pub micros: i64,
    pub bulk: bool,
}

/// Fields that the institution's own servers write, so that those of the corpus would only be in the
/// way, and those that name somebody else as the recipient.
const REPLACED: [&str; 10] = [
    "Delivered-To",
    "Return-Path",
    "X-Original-To",
    "Envelope-To",
    "Authentication-Results",
    "Received-SPF",
    "DKIM-Signature",
    "Date",
    "Status",
    "Content-Length",
];

/// Services, the parameters that they use, and the shapes of their tokens.
const SERVICES: [(&str, &str, &str); 8] = [
    ("postwheel.example", "rid", "hex32"),
    ("letterbird.example", "e", "hex10"),
    ("sendfield.example", "upn", "long64"),
    ("brevimail.example", "s", "base64url"),
    ("mailtide.example", "mt", "uuid"),
    ("kampaweb.example", "uid", "digits"),
    ("civicengine.example", "ref", "mixed12"),
    ("", "sid", "hex16"),
];

impl Deliver<'_> {
    /// Appends it with the line that begins a message of an mbox.
    pub(super) fn write(&self, parts: &Parts<'_>, out: &mut Vec<u8>) {
        let mut same = Dice::new(self.seed, &format!("mailing-{}", self.number));
        let mut own = Dice::new(self.seed, &format!("copy-{}-{}", self.number, self.owner.address));
        let domain = parts.domain().unwrap_or_else(|| "sender.example".to_owned());
        let (service, parameter, shape) = SERVICES[same.below(SERVICES.len())];
        let hosted = self.bulk && !service.is_empty() && !same.once_in(3);
        let tokens = !same.once_in(8);
        let failing = same.once_in(25);
        let key = fixed(&format!("{}.{}.{}", self.seed, self.number, self.owner.address));
        let host = if hosted {
            format!("o{}.out.{service}", 1 + self.number % 30)
        } else {
            format!("mail.{domain}")
        };
        let envelope =
            if hosted { format!("bounce+{:x}@bounce.{service}", key) } else { format!("bounces@{domain}") };
        self.trace(&host, &envelope, &domain, hosted.then_some(service), failing, &mut own, out);
        let make = |number: usize| token(shape, fixed(&format!("{key}.{number}")));
        let picture = if hosted {
            format!("https://click.{service}/o/")
        } else {
            format!("http://www.{domain}/o?{parameter}=")
        };
        let pixel = (self.bulk && tokens).then(|| format!("{picture}{}", token(shape, key)));
        let marks = Marks { parameter, token: &make, pixel };
        let mut unsubscribed = false;
        for one in &parts.fields {
            let Some(name) = name(one) else { continue };
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
            if REPLACED.iter().any(|wanted| is(wanted)) {
                continue;
            }
            if is("To") {
                continue;
            }
            if is("List-Unsubscribe") && self.bulk && tokens {
                unsubscribed = true;
                out.extend_from_slice(&field(one, &marks));
                continue;
            }
            if value(one).is_empty() && is("Received") {
                continue;
            }
            out.extend_from_slice(one);
            if !one.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        put!(out, "To: {} <{}>\n", self.owner.name, self.owner.address);
        if self.bulk && tokens && !unsubscribed && hosted {
            put!(out, "List-Unsubscribe: <https://click.{service}/unsub/{}>\n", token(shape, key));
        }
        out.push(b'\n');
        if self.bulk && tokens {
            body(parts, &marks, out);
        } else {
            out.extend_from_slice(parts.body);
        }
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn trace(
        &self,
        host: &str,
        envelope: &str,
        domain: &str,
        service: Option<&str>,
        failing: bool,
        dice: &mut Dice,
        out: &mut Vec<u8>,
    ) {
        let stamp = Stamp::new(self.micros);
        let (ip, to) = (address(host), &self.owner.address);
        let queue = dice.word() & 0xff_ffff_ffff;
        let at = date(self.micros, "+0000");
        put!(
            out,
            "From {envelope} {} {} {}\nReturn-Path: <{envelope}>\nDelivered-To: {to}\n\
             Received: from mx1.{DOMAIN} (mx1.{DOMAIN} [192.0.2.10])\n\tby store.{DOMAIN} (Dovecot) with LMTP id {queue:010x}\n\
             \tfor <{to}>; {}\nReceived: from {host} ({host} [{ip}])\n\tby mx1.{DOMAIN} (Postfix) with ESMTPS id {:010X}\n\
             \tfor <{to}>; {at}\n",
            weekday(self.micros),
            stamp.bsd(),
            stamp.year,
            date(self.micros + SECOND, "+0000"),
            queue ^ 0x55
        );
        let (spf, dkim, dmarc) =
            if failing { ("softfail", "none", "fail") } else { ("pass", "pass", "pass") };
        put!(out, "Authentication-Results: mx1.{DOMAIN};\n");
        if failing {
            put!(out, "\tdkim={dkim};\n");
        } else {
            put!(out, "\tdkim={dkim} header.d={domain} header.s=k1;\n");
        }
        put!(out, "\tspf={spf} smtp.mailfrom={envelope};\n\tdmarc={dmarc} header.from={domain}\n");
        if !failing {
            signature(domain, "k1", self.micros / SECOND, dice, out);
        }
        if let Some(service) = service {
            signature(service, "mail", self.micros / SECOND, dice, out);
        }
        put!(out, "Date: {}\n", date(self.micros - 20 * SECOND, "+0000"));
    }
}
