//! How a message came: trace fields, authentication, signatures.

use super::data::Parliament;
use super::mime::{Body, date};
use super::people::Person;
use crate::batch::put;
use crate::calendar::SECOND;
use crate::dice::Dice;
use crate::formats::fixed;
use crate::formats::mail::base64;

/// How a message came to the institution.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// Name of the host that handed it in.
    pub host: String,
    /// Sender of the envelope; nobody for bounces.
    pub envelope: String,
    /// Results of SPF and DMARC.
    pub spf: &'static str,
    pub dmarc: &'static str,
    /// Domains that signed it, and their selectors.
    pub signed: Vec<(String, &'static str)>,
    /// The host within the sender's network that gave it to `host`.
    pub inner: String,
}

impl Way {
    /// Of a sender with a server of its own that does all that it should.
    pub(super) fn own(person: &Person) -> Self {
        let domain = person.domain();
        Self {
            host: format!("mail.{domain}"),
            envelope: person.address.clone(),
            spf: "pass",
            dmarc: "pass",
            signed: vec![(domain.to_owned(), "s1")],
            inner: String::new(),
        }
    }
}

/// A message before it is written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// When it was taken over, or sent.
    pub micros: i64,
    pub zone: &'static str,
    /// Address of `From`, for its domain.
    pub from: String,
    /// All fields that the sender wrote, `From` and `Subject` among them.
    pub fields: Vec<(&'static str, String)>,
    pub body: Body,
    /// How it came; of mail that was sent there is none.
    pub way: Option<Way>,
}

impl Draft {
    pub(super) fn domain(&self) -> &str {
        self.from.rsplit('@').next().unwrap_or_default()
    }

    /// The sender of the envelope.
    pub(super) fn envelope(&self) -> &str {
        match &self.way {
            Some(way) if way.envelope.is_empty() => "MAILER-DAEMON",
            Some(way) => &way.envelope,
            None => &self.from,
        }
    }

    /// Appends the message as it lies in the mailbox of `owner`.
    pub(super) fn write(&self, house: &Parliament, owner: &Person, dice: &mut Dice, out: &mut Vec<u8>) {
        let sent = self.micros - SECOND * (1 + dice.within(0..9) as i64);
        if let Some(way) = &self.way {
            self.trace(way, house, owner, sent, dice, out);
        }
        put!(out, "Date: {}\n", date(if self.way.is_some() { sent } else { self.micros }, self.zone));
        for (name, value) in &self.fields {
            put!(out, "{name}: {value}\n");
        }
        put!(out, "MIME-Version: 1.0\n");
        self.body.write(dice, out);
    }

    fn trace(
        &self,
        way: &Way,
        house: &Parliament,
        owner: &Person,
        sent: i64,
        dice: &mut Dice,
        out: &mut Vec<u8>,
    ) {
        let (mx, store) = (house.mx(), house.store());
        let net = &house.net;
        let ip = address(&way.host);
        let queue = |dice: &mut Dice| format!("{:010X}", dice.word() & 0xff_ffff_ffff);
        put!(out, "Return-Path: <{}>\nDelivered-To: {}\n", way.envelope, owner.address);
        put!(
            out,
            "Received: from {mx} ({mx} [{net}.10])\n\tby {store} (Dovecot) with LMTP id {}\n\tfor <{}>; {}\n",
            queue(dice),
            owner.address,
            date(self.micros + SECOND, &house.zone)
        );
        put!(
            out,
            "Received: from {} ({} [{ip}])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\
             \tby {mx} (Postfix) with ESMTPS id {}\n\tfor <{}>; {}\n",
            way.host,
            way.host,
            queue(dice),
            owner.address,
            date(self.micros, &house.zone)
        );
        put!(out, "Authentication-Results: {mx};\n");
        for (domain, selector) in &way.signed {
            put!(out, "\tdkim=pass header.d={domain} header.s={selector};\n");
        }
        if way.signed.is_empty() {
            put!(out, "\tdkim=none;\n");
        }
        let mailfrom = if way.envelope.is_empty() { &way.host } else { &way.envelope };
        put!(
            out,
            "\tspf={} (sender IP is {ip}) smtp.mailfrom={mailfrom};\n\tdmarc={} header.from={}\n",
            way.spf,
            way.dmarc,
            self.domain()
        );
        for (domain, selector) in &way.signed {
            signature(domain, selector, sent / SECOND, dice, out);
        }
        if !way.inner.is_empty() {
            put!(
                out,
                "Received: from {} ({} [{}])\n\tby {} with ESMTPSA id {};\n\t{}\n",
                way.inner,
                way.inner,
                address(&way.inner),
                way.host,
                queue(dice).to_lowercase(),
                date(sent, self.zone)
            );
        }
    }
}

/// A signature in the form of RFC 6376; it was made with no key.
pub(crate) fn signature(domain: &str, selector: &str, seconds: i64, dice: &mut Dice, out: &mut Vec<u8>) {
    let mut random = |length: usize| {
        let bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| dice.word().to_le_bytes()).collect();
        base64(&bytes[..length]).replace('\n', "\n\t ")
    };
    let (hash, signed) = (random(32), random(128));
    put!(
        out,
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\n\t t={seconds}; \
         h=from:to:subject:date:message-id:mime-version:content-type;\n\t bh={hash};\n\t b={signed}\n"
    );
}

/// The address of a host outside: of the documentation ranges, and the same every time.
pub(crate) fn address(host: &str) -> String {
    let number = fixed(host);
    let last = 20 + (number >> 8) % 230;
    match number % 8 {
        0 => format!("2001:db8:{:x}:{:x}::{last:x}", (number >> 16) & 0xffff, (number >> 32) & 0xff),
        1..=3 => format!("192.0.2.{last}"),
        4 | 5 => format!("198.51.100.{last}"),
        _ => format!("203.0.113.{last}"),
    }
}

/// An identifier as programs of several kinds build it.
pub(super) fn message_id(dice: &mut Dice, micros: i64, host: &str) -> String {
    let word = dice.word();
    match dice.below(4) {
        0 => format!("<{}.{:x}@{host}>", micros / SECOND, word & 0xffff_ffff),
        1 => format!("<{:08X}-{:04X}-{:04X}@{host}>", word as u32, (word >> 32) as u16, (word >> 48) as u16),
        2 => format!("<{}@{host}>", dice.guid()),
        _ => format!("<CA+{:016x}{:06x}@mail.{host}>", word, micros % 0xff_ffff),
    }
}
