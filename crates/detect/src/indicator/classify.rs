//! What kind of indicator a value is that stands by itself.

use super::comparison::address;
use super::evaluate::network;
use super::index::Key;

/// What makes a value safe to print, undone.
fn refang(text: &str) -> String {
    let mut out = text.trim().trim_matches(['"', '\'', '`']).to_lowercase();
    for (from, to) in [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[@]", "@"),
        ("[at]", "@"),
        ("[/]", "/"),
        ("\\.", "."),
        ("[.", "."),
        (".]", "."),
    ] {
        if out.contains(from) {
            out = out.replace(from, to);
        }
    }
    for (from, to) in [("hxxp", "http"), ("h**p", "http"), ("meow", "http"), ("fxp:", "ftp:")] {
        if let Some(rest) = out.strip_prefix(from) {
            out = format!("{to}{rest}");
        }
    }
    out
}

/// Endings of file names that are no top-level domains.
const FILE_ENDINGS: [&str; 48] = [
    "7z", "asp", "aspx", "ashx", "asmx", "bat", "bin", "chm", "cmd", "cpl", "dat", "dll", "doc", "docm",
    "docx", "elf", "eml", "exe", "gz", "hta", "htm", "html", "img", "iso", "jar", "js", "jse", "jsp", "jspx",
    "lnk", "msi", "pdf", "php", "ppt", "pptx", "ps1", "pst", "rar", "rtf", "scr", "sys", "tmp", "txt", "vbe",
    "vbs", "wsf", "xls", "xlsx",
];

/// What kind of indicator a value is; `kind` is what a table calls it, in MISP's words.
pub(super) fn classify(text: &str, kind: &str) -> Option<Result<Key, String>> {
    const LONGEST: usize = 4096;
    if text.len() > LONGEST {
        return None;
    }
    let value = refang(text);
    let value = match value.split_once(':') {
        Some(("md5" | "sha1" | "sha256" | "sha512" | "sha-1" | "sha-256" | "sha-512", digest)) => {
            digest.trim().to_owned()
        }
        _ => value,
    };
    if kind.starts_with("filename") || kind == "file name" {
        let name = super::path::split_name(&value).1;
        return (!name.is_empty()).then(|| Ok(Key::FileName(name.to_owned())));
    }
    if let Some(net) = network(&value).or_else(|| network(without_port(&value))) {
        return Some(address(net));
    }
    if value.len() == 17 && value.bytes().enumerate().all(|(at, byte)| mac_byte(at, byte)) {
        return Some(Ok(Key::Mac(value.replace('-', ":"))));
    }
    if matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && value.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(Ok(Key::Hash(value)));
    }
    if let Some((scheme, rest)) = value.split_once("://") {
        let known = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return (known && !rest.is_empty() && !value.contains(char::is_whitespace))
            .then_some(Ok(Key::Url(value.trim_end_matches(['/', '.']).to_owned())));
    }
    if let Some((user, domain)) = value.split_once('@') {
        let good = !user.is_empty() && !user.contains(char::is_whitespace) && is_domain(domain);
        return good.then_some(Ok(Key::Email(value)));
    }
    let name = value.trim_start_matches("*.").trim_matches('.');
    if is_domain(name) && FILE_ENDINGS.contains(&name.rsplit('.').next().unwrap_or_default()) {
        return Some(Ok(Key::FileName(name.to_owned())));
    }
    if is_domain(without_port(name)) {
        return Some(Ok(Key::Domain(without_port(name).to_owned())));
    }
    let (host, path) = value.split_once('/')?;
    let url = (is_domain(without_port(host)) || network(without_port(host)).is_some())
        && !path.is_empty()
        && !path.contains(char::is_whitespace);
    url.then(|| Ok(Key::Url(value.trim_end_matches(['/', '.']).to_owned())))
}

fn mac_byte(at: usize, byte: u8) -> bool {
    if at % 3 == 2 { matches!(byte, b':' | b'-') } else { byte.is_ascii_hexdigit() }
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            host.trim_start_matches('[').trim_end_matches(']')
        }
        _ => text,
    }
}

/// A host name with a dot, whose last label is no number (RFC 1123, section 2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() >= 2 && !last.starts_with(|c: char| c.is_ascii_digit()))
}
