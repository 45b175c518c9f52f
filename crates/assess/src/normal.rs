//! One thing, one name: what logs call by many names becomes a key by which it is known again.

use std::net::IpAddr;

use crate::Kind;
use crate::tables::{FieldRow, Tables};

/// A value made plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Equal for equal things.
    pub(crate) key: String,
    /// For a reader.
    pub(crate) name: String,
    /// What it turned out to be, where not what its field promised.
    pub(crate) kind: Option<Kind>,
}

/// Longest name that is kept; a log may hold megabytes where a name belongs.
const LONGEST: usize = 512;

impl Named {
    fn new(key: impl Into<String>, name: &str) -> Self {
        Self { key: key.into(), name: cut(name).to_owned(), kind: None }
    }
}

/// The first [`LONGEST`] bytes of `text`, at a character's end.
fn cut(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let end = (0..=LONGEST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

/// The machine that wrote a record; both empty where it is unknown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) key: String,
    pub(crate) name: String,
    /// It is a cloud service: what it holds is known by its own name.
    pub(crate) service: bool,
}

/// What `text` under `field` names, in a record of `host`.
pub(crate) fn named(
    tables: &Tables,
    row: &FieldRow,
    field: &str,
    text: &str,
    host: &Machine,
) -> Option<Named> {
    let text = cut(text.trim());
    match row.kind {
        Kind::Host => host_or_address(tables, text),
        Kind::Address if row.names => address(text).or_else(|| machine_name(text)),
        Kind::Address => address(text),
        Kind::Account | Kind::Target => account(tables, text, host),
        Kind::Mailbox | Kind::Sender => mailbox(tables, text),
        Kind::Contact => contact(text),
        Kind::Mailing => (!text.is_empty()).then(|| Named::new(text.to_owned(), text)),
        Kind::Process => process(tables, text),
        Kind::Pid => at_host(tables, Kind::Pid, text, host),
        Kind::Session => session(tables, text, host),
        Kind::File => file(tables, field, text),
        Kind::Share => share(tables, text, host),
    }
}

fn skipped(tables: &Tables, kind: Kind, key: &str) -> bool {
    tables.skip.get(&kind).is_some_and(|skip| skip.contains(key)) || tables.says_nothing(key)
}

/// A machine by the first label of its name, in lower case; an address stays whole.
pub(crate) fn host(tables: &Tables, text: &str) -> Option<Named> {
    let text = cut(text.trim()).trim_start_matches('\\').trim_end_matches('.');
    if let Some(found) = address(text) {
        return Some(found);
    }
    let name = text.split('.').next().filter(|label| !label.is_empty())?;
    let key = name.to_lowercase();
    (!skipped(tables, Kind::Host, &key)).then(|| Named::new(key, name))
}

fn host_or_address(tables: &Tables, text: &str) -> Option<Named> {
    let found = host(tables, text)?;
    let is_address = found.key.parse::<IpAddr>().is_ok();
    Some(Named { kind: is_address.then_some(Kind::Address), ..found })
}

/// An address without its port, brackets or mapping into IPv6; none that names no machine.
pub(crate) fn address(text: &str) -> Option<Named> {
    let parsed = parse_address(text.trim())?.to_canonical();
    let idle = parsed.is_unspecified()
        || parsed.is_loopback()
        || parsed.is_multicast()
        || match parsed {
            IpAddr::V4(v4) => v4.is_broadcast() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
    (!idle).then(|| {
        let key = parsed.to_string();
        Named { name: key.clone(), key, kind: None }
    })
}

fn parse_address(text: &str) -> Option<IpAddr> {
    if let Ok(found) = text.parse() {
        return Some(found);
    }
    // X-Forwarded-For lists the client first.
    let text = text.split(',').next()?.trim();
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split(']').next()?.parse().ok();
    }
    let text = text.split('%').next()?;
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4))
}

/// Whether an address is one of those that only a house's own network uses (RFC 1918, 6598, 4193).
pub(crate) fn is_inside(key: &str) -> bool {
    match key.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || (a == 100 && (64..128).contains(&b))
        }
        Ok(IpAddr::V6(v6)) => v6.is_unique_local(),
        Err(_) => false,
    }
}

fn machine_name(text: &str) -> Option<Named> {
    let name = text.trim_end_matches('.');
    let name = name.split(':').next()?;
    (name.contains('.') && !name.contains(['/', ' '])).then(|| Named::new(name.to_lowercase(), name))
}

/// A person's or service's name without its domain, wherever that stands.
pub(crate) fn account(tables: &Tables, text: &str, host: &Machine) -> Option<Named> {
    let text = text.trim_matches(['"', '\'']).split(" (").next()?.trim();
    let (domain, name) = match text.rsplit_once(['\\', '/']) {
        Some((domain, name)) => (domain, name),
        None => ("", text),
    };
    if tables.account_domains.iter().any(|machine| domain.eq_ignore_ascii_case(machine)) {
        return None;
    }
    let name = first_common_name(name);
    let key = identity(name);
    let of_machine =
        name.ends_with('$') || tables.account_starts.iter().any(|start| key.starts_with(start.as_str()));
    if key.is_empty() || of_machine || skipped(tables, Kind::Account, &key) {
        return None;
    }
    let key = if tables.local_accounts.contains(&key) { format!("{key} at {}", host.key) } else { key };
    Some(Named::new(key, name))
}

/// `CN=Jane Doe,OU=…` is Jane Doe.
fn first_common_name(text: &str) -> &str {
    match text.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("cn=") => {
            text[3..].split(',').next().unwrap_or_default().trim()
        }
        _ => text,
    }
}

/// The part before the `@`, in lower case: the same for a person's logon, address and mailbox.
pub(crate) fn identity(name: &str) -> String {
    name.split('@').next().unwrap_or_default().trim().to_lowercase()
}

pub(crate) fn mailbox(tables: &Tables, text: &str) -> Option<Named> {
    let text = text.trim_matches(['"', '\'', '<', '>', ' ']);
    let text = match text.get(..5) {
        Some(start) if start.eq_ignore_ascii_case("smtp:") => &text[5..],
        _ => text,
    };
    // A legacy address ends in the mailbox's common name, an active directory path in its name.
    let name = text.rsplit(['/', '\\', '=']).next().unwrap_or(text).trim();
    let key = identity(name);
    let of_machine = tables.account_starts.iter().any(|start| key.starts_with(start.as_str()));
    (!key.is_empty() && !of_machine && !skipped(tables, Kind::Account, &key)).then(|| Named::new(key, name))
}

/// The first mail address in a list of whatever form, in lower case.
fn contact(text: &str) -> Option<Named> {
    let apart = |letter: char| letter.is_whitespace() || "\"'<>[](){};,:".contains(letter);
    let found = text.split(apart).find(|part| part.contains('@') && part.len() > 2)?;
    Some(Named::new(found.to_lowercase(), found))
}

fn process(tables: &Tables, text: &str) -> Option<Named> {
    let key = text.trim_matches(['{', '}']).to_lowercase();
    (key.len() >= 8 && !skipped(tables, Kind::Process, &key)).then(|| Named::new(key.clone(), &key))
}

fn session(tables: &Tables, text: &str, host: &Machine) -> Option<Named> {
    at_host(tables, Kind::Session, text.trim_matches(['{', '}']), host)
}

/// A number that means something on one machine alone.
fn at_host(tables: &Tables, kind: Kind, text: &str, host: &Machine) -> Option<Named> {
    let key = text.to_lowercase();
    if key.is_empty() || host.key.is_empty() || skipped(tables, kind, &key) {
        return None;
    }
    let name = format!("{key} at {}", host.name);
    Some(Named::new(name.to_lowercase(), &name))
}

/// A file is known again by its last name: the path of a page differs between disk and web.
fn file(tables: &Tables, field: &str, text: &str) -> Option<Named> {
    let path = text.trim_matches(['"', '\'']).trim_end_matches(['/', '\\']);
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = last.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
    if tables.page_fields.contains(field)
        && !extension.as_ref().is_some_and(|extension| tables.page_extensions.contains(extension))
    {
        return None;
    }
    let starts_registry = path.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(r"\REGISTRY"));
    let key = if extension.is_some() { last.to_lowercase() } else { path.to_lowercase() };
    let fits = key.len() >= 4 && !starts_registry && !skipped(tables, Kind::File, &key);
    fits.then(|| Named::new(key, path))
}

/// A file at risk is the whole path, not its last name.
pub(crate) fn whole_path(text: &str) -> Option<Named> {
    let path = cut(text.trim().trim_matches(['"', '\'']));
    (!path.is_empty()).then(|| Named::new(path.to_lowercase(), path))
}

/// A share as `\\HOST\share`; event 5145 writes `\\*\share`, Samba the bare name.
pub(crate) fn share(tables: &Tables, text: &str, host: &Machine) -> Option<Named> {
    let bare = text.trim_end_matches('\\');
    let share = bare.rsplit('\\').next().unwrap_or(bare);
    if share.is_empty() || skipped(tables, Kind::Share, &share.to_lowercase()) {
        return None;
    }
    let server = bare.strip_prefix(r"\\").and_then(|rest| rest.split('\\').next());
    let named = server.filter(|&server| server != "*" && server != share);
    let name = match named {
        Some(server) => format!(r"\\{server}\{share}"),
        None if host.name.is_empty() || host.service => share.to_owned(),
        None => format!(r"\\{}\{share}", host.name),
    };
    Some(Named::new(name.to_lowercase(), &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_is_not_theirs() {
        for (text, wanted) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7:55012", Some("203.0.113.7")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("203.0.113.7, 10.0.0.1", Some("203.0.113.7")),
            ("fe80::1%eth0", None),
            ("127.0.0.1", None),
            ("::1", None),
            ("0.0.0.0", None),
            ("LOCAL", None),
            ("", None),
        ] {
            assert_eq!(address(text).map(|named| named.key).as_deref(), wanted, "{text}");
        }
        assert!(is_inside("10.2.3.4") && is_inside("100.64.0.1") && is_inside("fd00::1"));
        assert!(!is_inside("203.0.113.7") && !is_inside("files.example.net"));
    }

    #[test]
    fn one_person_has_one_key() {
        let tables = Tables::built_in().unwrap();
        let ex01 = &Machine { key: "ex01".into(), name: "EX01".into(), service: false };
        for text in [
            r"COMM\Jane.Doe",
            "jane.doe@commission.example",
            "commission.example/Users/Jane.Doe",
            "CN=jane.doe,OU=Staff,DC=commission,DC=example",
            "jane.doe",
        ] {
            assert_eq!(account(&tables, text, ex01).unwrap().key, "jane.doe", "{text}");
        }
        assert_eq!(mailbox(&tables, "SMTP:Jane.Doe@commission.example").unwrap().key, "jane.doe");
        for text in
            [r"NT AUTHORITY\SYSTEM", r"IIS APPPOOL\anything", "EX01$", "HealthMailbox1234", "-", "DWM-2"]
        {
            assert_eq!(account(&tables, text, ex01), None, "{text}");
        }
        assert_eq!(account(&tables, r"EX01\Administrator", ex01).unwrap().key, "administrator at ex01");
    }

    #[test]
    fn mail_is_led_to_one_address() {
        for text in
            ["smtp:Drop7@Outside.example", "\"d\" [SMTP:drop7@outside.example]", "drop7@outside.example;b@c"]
        {
            assert_eq!(contact(text).unwrap().key, "drop7@outside.example", "{text}");
        }
        assert_eq!(contact("False"), None);
    }

    #[test]
    fn a_page_is_one_file_on_disk_and_on_the_web() {
        let tables = Tables::built_in().unwrap();
        let disk = file(&tables, "TargetFilename", r"C:\inetpub\wwwroot\aspnet_client\Shell1.aspx").unwrap();
        let share = file(&tables, "Parameter_FilePath", r"\\127.0.0.1\c$\inetpub\shell1.aspx").unwrap();
        let web = file(&tables, "cs-uri-stem", "/aspnet_client/shell1.aspx").unwrap();
        assert!(disk.key == web.key && share.key == web.key);
        assert_eq!(file(&tables, "cs-uri-stem", "/owa/"), None);
        assert_eq!(file(&tables, "ObjectName", r"\REGISTRY\MACHINE\SAM"), None);
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let long = "ü".repeat(LONGEST);
        assert_eq!(cut(&long).len(), LONGEST);
        assert_eq!(cut("short"), "short");
    }
}
