use std::net::IpAddr;

use ipnet::IpNet;
use model::Time;
use serde::Deserialize;

/// A text that is not what its place asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not {wanted}; write for example {example}")]
pub struct WrongValue {
    /// The text as it stood in the file.
    pub text: String,
    /// What is asked for.
    pub wanted: &'static str,
    /// What would have served.
    pub example: &'static str,
}

impl WrongValue {
    pub(crate) fn new(text: &str, wanted: &'static str, example: &'static str) -> Self {
        Self { text: text.to_owned(), wanted, example }
    }
}

/// A day, to its end in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(Time);

const DAY: i64 = 86_400_000_000;

impl Day {
    /// Whether the day is over.
    pub fn is_over(self, now: Time) -> bool {
        now >= self.0.plus_micros(DAY)
    }
}

impl TryFrom<String> for Day {
    type Error = WrongValue;

    fn try_from(text: String) -> Result<Self, WrongValue> {
        let day = (text.len() == 10).then(|| Time::parse(&text).ok()).flatten();
        day.map(Self).ok_or_else(|| WrongValue::new(&text, "a day", "2027-01-31"))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_string().get(..10).unwrap_or_default())
    }
}

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl Network {
    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The network.
    pub const fn net(self) -> IpNet {
        self.0
    }
}

impl TryFrom<String> for Network {
    type Error = WrongValue;

    fn try_from(text: String) -> Result<Self, WrongValue> {
        let net = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        net.map(Self).ok_or_else(|| WrongValue::new(&text, "a network", "192.0.2.0/24 or 2001:db8::1"))
    }
}

/// Addresses, by a pattern: an address, a domain, either with `*` for anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Whether `address` fits: a pattern with `@` the whole of it, one without its domain.
    pub fn fits(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        if self.0.contains('@') {
            return glob(self.0.as_bytes(), address.as_bytes());
        }
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        !domain.is_empty() && glob(self.0.as_bytes(), domain.as_bytes())
    }
}

impl TryFrom<String> for Pattern {
    type Error = WrongValue;

    fn try_from(text: String) -> Result<Self, WrongValue> {
        let well =
            !text.is_empty() && text.len() <= 320 && !text.contains(char::is_whitespace) && text != "*@";
        if well {
            Ok(Self(text.to_lowercase()))
        } else {
            let example = "ann@parliament.example, parliament.example, *.parliament.example or press-*@parliament.example";
            Err(WrongValue::new(&text, "an address, a domain or a pattern", example))
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` fits `pattern`, in which `*` is anything. Goes back to the last star alone, so that the
/// time is at most the product of both lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_addresses_and_domains() {
        for (pattern, address, fits) in [
            ("ann@parl.example", "Ann@Parl.example", true),
            ("ann@parl.example", "joann@parl.example", false),
            ("parl.example", "ann@parl.example", true),
            ("parl.example", "ann@mail.parl.example", false),
            ("*.parl.example", "ann@mail.parl.example", true),
            ("*.parl.example", "ann@evilparl.example", false),
            ("press-*@parl.example", "press-office@parl.example", true),
            ("press-*@parl.example", "press-@other.example", false),
            ("*", "anybody@anywhere.example", true),
            ("*", "nobody", false),
            ("parl.example", "parl.example", false),
            ("*a*a*a*b@x.example", "aaaaaaaaaaaaaaaaaaaaaaaac@x.example", false),
        ] {
            let pattern = Pattern::try_from(pattern.to_owned()).unwrap();
            assert_eq!(pattern.fits(address), fits, "{pattern} {address}");
        }
        assert!(Pattern::try_from("two words".to_owned()).is_err());
    }

    #[test]
    fn a_day_ends_with_its_last_moment() {
        let day = Day::try_from("2026-03-25".to_owned()).unwrap();
        assert!(!day.is_over(Time::parse("2026-03-25T23:59:59Z").unwrap()));
        assert!(day.is_over(Time::parse("2026-03-26T00:00:00Z").unwrap()));
        assert_eq!(day.to_string(), "2026-03-25");
        for wrong in ["", "soon", "2026-13-01", "2026-03-25T00:00:00Z"] {
            assert!(Day::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_may_be_one_address() {
        let net = Network::try_from("192.0.2.7".to_owned()).unwrap();
        assert!(net.contains("192.0.2.7".parse().unwrap()) && !net.contains("192.0.2.8".parse().unwrap()));
        assert!(net.contains("::ffff:192.0.2.7".parse().unwrap()));
        assert!(Network::try_from("192.0.2.0/99".to_owned()).is_err());
    }
}
