//! What a mail server tells a milter.

use std::net::IpAddr;

use super::packet::{BadPacket, text, texts};

/// Changes that a milter may ask for (`SMFIF_*`).
pub mod actions {
    /// Adding header fields.
    pub const ADD_FIELDS: u32 = 0x01;
    /// Another body.
    pub const CHANGE_BODY: u32 = 0x02;
    /// Taking recipients off.
    pub const DELETE_RECIPIENTS: u32 = 0x08;
    /// Changing and deleting header fields.
    pub const CHANGE_FIELDS: u32 = 0x10;
    /// The mail server's own quarantine.
    pub const QUARANTINE: u32 = 0x20;
    /// All that we ask for.
    pub const WANTED: u32 = ADD_FIELDS | CHANGE_BODY | DELETE_RECIPIENTS | CHANGE_FIELDS;
}

/// Steps of the protocol that a milter does without (`SMFIP_*`).
pub mod steps {
    /// No end of header.
    pub const NO_END_OF_HEADER: u32 = 0x40;
    /// No answer to a header field.
    pub const QUIET_FIELD: u32 = 0x80;
    /// No unknown commands.
    pub const NO_UNKNOWN: u32 = 0x100;
    /// No DATA.
    pub const NO_DATA: u32 = 0x200;
    /// No answer to the connection.
    pub const QUIET_CONNECT: u32 = 0x1000;
    /// No answer to HELO.
    pub const QUIET_HELO: u32 = 0x2000;
    /// No answer to MAIL.
    pub const QUIET_MAIL: u32 = 0x4000;
    /// No answer to RCPT.
    pub const QUIET_RCPT: u32 = 0x8000;
    /// No answer to DATA.
    pub const QUIET_DATA: u32 = 0x1_0000;
    /// No answer to an unknown command.
    pub const QUIET_UNKNOWN: u32 = 0x2_0000;
    /// No answer to the end of header.
    pub const QUIET_END_OF_HEADER: u32 = 0x4_0000;
    /// No answer to a piece of the body.
    pub const QUIET_BODY: u32 = 0x8_0000;
    /// Values of header fields with the blank after the colon, both ways.
    pub const LEADING_SPACE: u32 = 0x10_0000;
    /// All that we ask for: we answer at the end of the message alone.
    pub const WANTED: u32 = NO_END_OF_HEADER
        | QUIET_FIELD
        | NO_UNKNOWN
        | NO_DATA
        | QUIET_CONNECT
        | QUIET_HELO
        | QUIET_MAIL
        | QUIET_RCPT
        | QUIET_DATA
        | QUIET_UNKNOWN
        | QUIET_END_OF_HEADER
        | QUIET_BODY
        | LEADING_SPACE;
}

/// What the mail server offers at the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Version of the protocol.
    pub version: u32,
    /// See [`actions`].
    pub actions: u32,
    /// See [`steps`].
    pub steps: u32,
}

impl Offer {
    /// What we take of it; `None` if its version is too old for any of this.
    pub fn taken(self) -> Option<Self> {
        (self.version >= 2).then(|| Self {
            version: self.version.min(6),
            actions: self.actions & actions::WANTED,
            steps: self.steps & steps::WANTED,
        })
    }
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `SMFIC_OPTNEG`.
    Negotiate(Offer),
    /// `SMFIC_MACRO`: for which command, and names with values.
    Macros(u8, Vec<(&'a [u8], &'a [u8])>),
    /// `SMFIC_CONNECT`: the client's name, and its address if it has one.
    Connect(&'a [u8], Option<IpAddr>),
    /// `SMFIC_HELO`.
    Helo(&'a [u8]),
    /// `SMFIC_MAIL`: the address as given, and parameters.
    Mail(&'a [u8], Vec<&'a [u8]>),
    /// `SMFIC_RCPT`: the address as given; parameters are not kept.
    Rcpt(&'a [u8]),
    /// `SMFIC_DATA`.
    Data,
    /// `SMFIC_HEADER`: name and value.
    Field(&'a [u8], &'a [u8]),
    /// `SMFIC_EOH`.
    EndOfHeader,
    /// `SMFIC_BODY`.
    Body(&'a [u8]),
    /// `SMFIC_BODYEOB`, with the last piece of the body where a server sends one.
    EndOfMessage(&'a [u8]),
    /// `SMFIC_ABORT`.
    Abort,
    /// `SMFIC_QUIT`.
    Quit,
    /// `SMFIC_QUIT_NC`: this client is done, another one comes on the same connection.
    QuitNewClient,
    /// `SMFIC_UNKNOWN`.
    Unknown,
}

/// Parameters that a command may have, and macros that a packet may carry.
const WORDS: usize = 512;

/// Reads a command from its letter and data.
pub fn parse(letter: u8, data: &[u8]) -> Result<Command<'_>, BadPacket> {
    let command = match letter {
        b'O' => offer(data).map(Command::Negotiate),
        b'D' => macros(data),
        b'C' => connect(data),
        b'H' => only(data).map(Command::Helo),
        b'M' => texts(data, WORDS).filter(|words| !words.is_empty()).map(|mut words| {
            let from = words.remove(0);
            Command::Mail(from, words)
        }),
        b'R' => texts(data, WORDS).and_then(|words| words.first().copied()).map(Command::Rcpt),
        b'T' => Some(Command::Data),
        b'L' => field(data),
        b'N' => Some(Command::EndOfHeader),
        b'B' => Some(Command::Body(data)),
        b'E' => Some(Command::EndOfMessage(data)),
        b'A' => Some(Command::Abort),
        b'Q' => Some(Command::Quit),
        b'K' => Some(Command::QuitNewClient),
        b'U' => Some(Command::Unknown),
        _ => return Err(BadPacket::Command(letter.into())),
    };
    command.ok_or(BadPacket::Data(letter.into()))
}

fn offer(data: &[u8]) -> Option<Offer> {
    let (words, _) = data.as_chunks::<4>();
    let [version, actions, steps, ..] = *words else { return None };
    let number = u32::from_be_bytes;
    Some(Offer { version: number(version), actions: number(actions), steps: number(steps) })
}

fn macros(data: &[u8]) -> Option<Command<'_>> {
    let (&stage, rest) = data.split_first()?;
    let words = texts(rest, WORDS)?;
    let (pairs, []) = words.as_chunks::<2>() else { return None };
    Some(Command::Macros(stage, pairs.iter().map(|&[name, value]| (name, value)).collect()))
}

fn connect(mut data: &[u8]) -> Option<Command<'_>> {
    let name = text(&mut data)?;
    let (&family, mut rest) = data.split_first()?;
    let address = match family {
        b'4' | b'6' => {
            rest = rest.get(2..)?;
            let address = std::str::from_utf8(text(&mut rest)?).ok()?;
            // Sendmail puts a prefix before addresses of version 6.
            let bare = match address.get(..5) {
                Some(head) if head.eq_ignore_ascii_case("IPv6:") => &address[5..],
                _ => address,
            };
            Some(bare.parse::<IpAddr>().ok()?.to_canonical())
        }
        b'L' | b'U' => None,
        _ => return None,
    };
    Some(Command::Connect(name, address))
}

fn only(mut data: &[u8]) -> Option<&[u8]> {
    text(&mut data)
}

fn field(mut data: &[u8]) -> Option<Command<'_>> {
    let name = text(&mut data)?;
    let value = text(&mut data)?;
    let printable =
        name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b':' || matches!(byte, b' ' | b'\t'));
    (data.is_empty() && !name.is_empty() && printable).then_some(Command::Field(name, value))
}

/// An address without its brackets.
pub(crate) fn unbracketed(address: &[u8]) -> String {
    let text = String::from_utf8_lossy(address);
    let text = text.trim();
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_read() {
        let offer = Offer { version: 6, actions: 0x1ff, steps: 0x1f_ffff };
        assert_eq!(parse(b'O', b"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"), Ok(Command::Negotiate(offer)));
        assert_eq!(offer.taken(), Some(Offer { version: 6, actions: 0x1b, steps: steps::WANTED }));
        assert_eq!(Offer { version: 1, ..offer }.taken(), None);
        let address = |text: &str| Some(text.parse().unwrap());
        for (data, client) in [
            (&b"mx.example\x004\x04\x01192.0.2.1\0"[..], address("192.0.2.1")),
            (b"mx.example\x006\x04\x012001:db8::1\0", address("2001:db8::1")),
            (b"mx.example\x006\x04\x01IPv6:2001:db8::1\0", address("2001:db8::1")),
            (b"mx.example\0L\0\0/run/x\0", None),
            (b"mx.example\0U", None),
        ] {
            assert_eq!(parse(b'C', data), Ok(Command::Connect(b"mx.example", client)));
        }
        assert_eq!(
            parse(b'M', b"<a@b.example>\0SIZE=1\0"),
            Ok(Command::Mail(b"<a@b.example>", vec![b"SIZE=1"]))
        );
        assert_eq!(parse(b'R', b"<a@b.example>\0"), Ok(Command::Rcpt(b"<a@b.example>")));
        assert_eq!(parse(b'L', b"Subject\0 a\n b\0"), Ok(Command::Field(b"Subject", b" a\n b")));
        assert_eq!(parse(b'D', b"Mi\0Q1\0"), Ok(Command::Macros(b'M', vec![(b"i", b"Q1")])));
        assert_eq!(parse(b'D', b"C"), Ok(Command::Macros(b'C', vec![])));
    }

    #[test]
    fn bad_data_is_named() {
        for (letter, data) in [
            (b'O', &b"\0\0\0\x06"[..]),
            (b'C', b"name"),
            (b'C', b"name\0"),
            (b'C', b"name\x004"),
            (b'C', b"name\x004\0\0999\0"),
            (b'C', b"name\0X"),
            (b'H', b"no end"),
            (b'M', b""),
            (b'R', b"no end"),
            (b'L', b"Name\0"),
            (b'L', b"\0v\0"),
            (b'L', b"A:\nB\0v\0"),
            (b'D', b""),
            (b'D', b"Ci\0"),
        ] {
            assert_eq!(parse(letter, data), Err(BadPacket::Data(letter.into())), "{data:?}");
        }
        assert_eq!(parse(b'!', b""), Err(BadPacket::Command('!')));
    }

    #[test]
    fn brackets_are_taken_off() {
        assert_eq!(unbracketed(b"<a@b.example>"), "a@b.example");
        assert_eq!(unbracketed(b"<>"), "");
        assert_eq!(unbracketed(b"a@b.example"), "a@b.example");
    }

    proptest! {
        #[test]
        fn any_data_is_a_command_or_an_error(letter: u8, data in proptest::collection::vec(0u8..80, 0..60)) {
            if let Err(error) = parse(letter, &data) {
                prop_assert!(matches!(error, BadPacket::Data(_) | BadPacket::Command(_)));
            }
        }
    }
}
