//! Commands of SMTP and LMTP.

use super::reply::Reply;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Command {
    Helo(String),
    Ehlo(String),
    Lhlo(String),
    Mail(Mail),
    Rcpt(String),
    Data,
    Bdat { size: usize, last: bool },
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    StartTls,
    Xforward(Vec<Attribute>),
    Xclient(Vec<Attribute>),
}

/// `MAIL FROM`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The address without brackets; empty for a bounce.
    pub from: String,
    /// The size that the sender announces.
    pub size: Option<u64>,
    /// `BODY=8BITMIME`.
    pub eight_bit: bool,
    /// `SMTPUTF8`.
    pub utf8: bool,
}

/// An attribute of `XFORWARD` or `XCLIENT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in capitals.
    pub name: String,
    /// Its value as it came, in xtext.
    pub value: String,
}

impl Attribute {
    /// The value in clear; `None` where it is said to be unknown.
    pub fn clear(&self) -> Option<String> {
        let unknown =
            ["[UNAVAILABLE]", "[TEMPUNAVAIL]", ""].iter().any(|u| self.value.eq_ignore_ascii_case(u));
        if unknown { None } else { xtext(&self.value) }
    }
}

/// Longest address. Local part and domain may have 64 and 255; lists encode whole addresses in the first.
const ADDRESS: usize = 1000;

/// Reads a command line without its line end. On an error the answer is returned.
pub fn parse(line: &[u8]) -> Result<Command, Reply> {
    let Ok(text) = std::str::from_utf8(line) else {
        return Err(Reply::new(500, "5.5.2", "Command is not in UTF-8"));
    };
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Reply::new(500, "5.5.2", "Control character in command"));
    }
    let (verb, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let rest = rest.trim_matches([' ', '\t']);
    let none =
        |command| if rest.is_empty() { Ok(command) } else { Err(syntax("No parameter is allowed here")) };
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => host(rest).map(Command::Helo),
        "EHLO" => host(rest).map(Command::Ehlo),
        "LHLO" => host(rest).map(Command::Lhlo),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => none(Command::Data),
        "BDAT" => bdat(rest),
        "RSET" => none(Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "VRFY" if rest.is_empty() => Err(syntax("Say whom")),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "QUIT" => none(Command::Quit),
        "STARTTLS" => none(Command::StartTls),
        "XFORWARD" => attributes(rest, &FORWARD).map(Command::Xforward),
        "XCLIENT" => attributes(rest, &CLIENT).map(Command::Xclient),
        "EXPN" | "TURN" | "ETRN" | "AUTH" | "BURL" | "SEND" | "SOML" | "SAML" => {
            Err(Reply::new(502, "5.5.1", "Command is not offered"))
        }
        _ => Err(Reply::new(500, "5.5.2", "Command is not known")),
    }
}

fn syntax(text: &str) -> Reply {
    Reply::new(501, "5.5.4", text)
}

fn host(rest: &str) -> Result<String, Reply> {
    let name = rest.split([' ', '\t']).next().unwrap_or_default();
    if name.is_empty() || name.len() > 255 { Err(syntax("Say who you are")) } else { Ok(name.to_owned()) }
}

/// What follows `FROM:` or `TO:`, in any case.
fn after<'a>(rest: &'a str, word: &str) -> Result<&'a str, Reply> {
    match rest.get(..word.len()) {
        Some(head) if head.eq_ignore_ascii_case(word) => Ok(rest[word.len()..].trim_start()),
        _ => Err(syntax(&format!("Write {word}<address>"))),
    }
}

/// An address in brackets, without them and without a source route, and what follows it.
fn path(text: &str) -> Result<(String, &str), Reply> {
    let bad = || Reply::new(501, "5.1.3", "Write the address in brackets");
    let inner = text.strip_prefix('<').ok_or_else(bad)?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.char_indices().find(|&(_, c)| {
        match (escaped, c) {
            (true, _) => escaped = false,
            (false, '\\') => escaped = true,
            (false, '"') => quoted = !quoted,
            (false, '>') => return !quoted,
            _ => {}
        }
        false
    });
    let end = end.ok_or_else(bad)?.0;
    let (mut address, rest) = (&inner[..end], &inner[end + 1..]);
    if !(rest.is_empty() || rest.starts_with([' ', '\t'])) || address.len() > ADDRESS {
        return Err(bad());
    }
    if address.starts_with('@') {
        address = address.split_once(':').ok_or_else(bad)?.1;
    }
    // Brackets and blanks outside quotes would read as something else further on.
    let (mut quoted, mut escaped) = (false, false);
    for c in address.chars() {
        match (escaped, c) {
            (true, _) => escaped = false,
            (false, '\\') => escaped = true,
            (false, '"') => quoted = !quoted,
            (false, '<' | '>' | ' ' | '\t') if !quoted => return Err(bad()),
            _ => {}
        }
    }
    if quoted || escaped {
        return Err(bad());
    }
    Ok((address.to_owned(), rest))
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let (from, rest) = path(after(rest, "FROM:")?)?;
    let mut mail = Mail { from, ..Mail::default() };
    for word in rest.split_ascii_whitespace() {
        let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
        match (key.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) if value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit()) => {
                mail.size = Some(value.parse().map_err(|_| syntax("Bad SIZE"))?);
            }
            ("BODY", Some(value)) if value.eq_ignore_ascii_case("7BIT") => mail.eight_bit = false,
            ("BODY", Some(value)) if value.eq_ignore_ascii_case("8BITMIME") => mail.eight_bit = true,
            ("SMTPUTF8", None) => mail.utf8 = true,
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(syntax("Bad value of a parameter")),
            _ => return Err(Reply::new(555, "5.5.4", "Parameter is not known")),
        }
    }
    utf8_allowed(&mail.from, mail.utf8)?;
    Ok(Command::Mail(mail))
}

/// Refuses an address that is not ASCII, unless the sender asked for SMTPUTF8 (RFC 6531, 3.5).
pub(crate) fn utf8_allowed(address: &str, utf8: bool) -> Result<(), Reply> {
    if utf8 || address.is_ascii() {
        return Ok(());
    }
    Err(Reply::new(553, "5.6.7", "The address needs SMTPUTF8"))
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let (to, rest) = path(after(rest, "TO:")?)?;
    if to.is_empty() {
        return Err(Reply::new(501, "5.1.3", "Say to whom"));
    }
    if !rest.trim().is_empty() {
        return Err(Reply::new(555, "5.5.4", "Parameter is not known"));
    }
    Ok(Command::Rcpt(to))
}

fn bdat(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split_ascii_whitespace();
    let size = words.next().filter(|w| w.len() <= 12 && w.bytes().all(|b| b.is_ascii_digit()));
    let size = size.and_then(|word| word.parse().ok()).ok_or_else(|| syntax("Bad size of a chunk"))?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(syntax("Only LAST may follow the size")),
    };
    if words.next().is_some() {
        return Err(syntax("Nothing may follow LAST"));
    }
    Ok(Command::Bdat { size, last })
}

/// Attributes of XFORWARD that are known, as Postfix documents them.
pub(crate) const FORWARD: [&str; 8] = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE", "LOGIN"];
/// Attributes of XCLIENT that are known.
pub(crate) const CLIENT: [&str; 8] =
    ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"];

fn attributes(rest: &str, known: &[&str]) -> Result<Vec<Attribute>, Reply> {
    let mut out = Vec::new();
    for word in rest.split_ascii_whitespace() {
        let (name, value) = word.split_once('=').ok_or_else(|| syntax("Write NAME=value"))?;
        let name = name.to_ascii_uppercase();
        if !known.contains(&name.as_str()) {
            return Err(syntax("Attribute is not known"));
        }
        if value.len() > 255 || !value.bytes().all(|b| b.is_ascii_graphic()) || xtext(value).is_none() {
            return Err(syntax("Bad value of an attribute"));
        }
        out.push(Attribute { name, value: value.to_owned() });
    }
    if out.is_empty() { Err(syntax("Write NAME=value")) } else { Ok(out) }
}

/// xtext (RFC 3461): `+` and two hexadecimal digits for a byte.
fn xtext(value: &str) -> Option<String> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'+' {
            out.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let byte = (digit(bytes.next())? << 4 | digit(bytes.next())?) as u8;
        out.push(byte);
    }
    String::from_utf8(out).ok().filter(|text| !text.chars().any(char::is_control))
}

/// Text as xtext.
pub(crate) fn to_xtext(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'+' | b'=') => out.push(byte.into()),
            _ => out.push_str(&format!("+{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
