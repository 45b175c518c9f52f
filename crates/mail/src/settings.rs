use ipnet::IpNet;
use serde::Deserialize;
use serde::de::Error as _;

use crate::who::{self, Outlets};

/// What is known of the institution, and whose word counts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Its own mail domains.
    pub domains: Vec<String>,
    /// Names of its own mail servers, as they stand behind `by` in `Received`.
    pub hosts: Vec<String>,
    /// Addresses of its own mail servers and relays.
    pub relays: Vec<IpNet>,
    /// Servers whose `Authentication-Results` are believed (RFC 8601); none by default.
    pub authserv_ids: Vec<String>,
    /// Domains that others like to be taken for, beside its own.
    pub protected_domains: Vec<String>,
    /// People that others like to be taken for.
    pub people: Vec<Person>,
    /// Domains of services by which the institution itself sends in bulk.
    pub own_bulk: Vec<String>,
    /// News outlets beside the built-in ones.
    pub outlets: Outlets,
}

/// A person whose name is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// The name as it is written in mail.
    pub name: String,
    /// Addresses that are the person's own.
    pub addresses: Vec<String>,
}

impl Settings {
    /// Reads the institution's file (TOML): domains and addresses come out in lower case, domains as they
    /// travel.
    ///
    /// # Errors
    ///
    /// With line and column, when it is none or holds what is not known; with the value, when a domain or an
    /// address is none.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let mut settings: Self = toml::from_str(text)?;
        let lists = [
            &mut settings.domains,
            &mut settings.hosts,
            &mut settings.protected_domains,
            &mut settings.own_bulk,
        ];
        let outlets = settings.outlets.list.iter_mut().map(|outlet| &mut outlet.domains);
        for name in lists.into_iter().chain(outlets).flatten() {
            *name = domain(name)?;
        }
        for id in &mut settings.authserv_ids {
            *id = id.trim().to_ascii_lowercase();
        }
        for person in &mut settings.people {
            if person.name.trim().is_empty() {
                return Err(toml::de::Error::custom("a person has no name"));
            }
            for address in &mut person.addresses {
                *address = address_of(address)?;
            }
        }
        Ok(settings)
    }
}

/// A domain in ASCII lower case.
fn domain(text: &str) -> Result<String, toml::de::Error> {
    let name = text.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    let name = who::domain::ascii(&name).into_owned();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() <= 253 && name.split('.').all(label) {
        return Ok(name);
    }
    Err(toml::de::Error::custom(format!("`{text}` is no domain; write it as in `parliament.example`")))
}

/// A mail address in lower case.
fn address_of(text: &str) -> Result<String, toml::de::Error> {
    let address = text.trim().to_lowercase();
    match address.rsplit_once('@') {
        Some((local, name))
            if !local.is_empty() && !address.contains(char::is_whitespace) && domain(name).is_ok() =>
        {
            Ok(address)
        }
        _ => Err(toml::de::Error::custom(format!(
            "`{text}` is no mail address; write it as in `a.member@parliament.example`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read_and_brought_into_form() {
        let settings = Settings::parse(
            r#"
            domains = ["Parliament.Example", "münchen.example."]
            hosts = ["MX1.parliament.example"]
            relays = ["192.0.2.0/24", "2001:db8::/32"]
            authserv_ids = ["MX1.parliament.example"]
            protected_domains = ["council.example"]
            own_bulk = ["@letters.example"]
            outlets = [{ name = "The Daily Example", also = ["Daily Example"], domains = ["Daily.Example"] }]

            [[people]]
            name = "Jane Doe"
            addresses = ["Jane.Doe@Parliament.example"]
            "#,
        )
        .unwrap();
        assert_eq!(settings.domains, ["parliament.example", "xn--mnchen-3ya.example"]);
        assert_eq!(settings.hosts, ["mx1.parliament.example"]);
        assert_eq!(settings.own_bulk, ["letters.example"]);
        assert_eq!(settings.people[0].addresses, ["jane.doe@parliament.example"]);
        assert_eq!(settings.outlets.list[0].domains, ["daily.example"]);
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, told) in [
            ("domain = []", "domain"),
            ("domains = [\"not a domain\"]", "not a domain"),
            ("domains = [\"a..example\"]", "a..example"),
            ("relays = [\"192.0.2.0/99\"]", "relays"),
            ("people = [{ name = \"A\", addresses = [\"nobody\"] }]", "nobody"),
            ("people = [{ name = \" \" }]", "no name"),
            ("people = [{ names = \"A\" }]", "names"),
            ("outlets = [{ name = \"A\", domains = [\"\"] }]", "no domain"),
        ] {
            let error = Settings::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
