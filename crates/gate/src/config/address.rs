use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::WrongValue;

/// Where a door listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A server that the gate connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Hop {
    /// A name or an address, and a port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

fn unix(text: &str) -> Option<PathBuf> {
    let path = text.strip_prefix("unix:").unwrap_or(text);
    path.starts_with('/').then(|| PathBuf::from(path))
}

impl TryFrom<String> for Address {
    type Error = WrongValue;

    fn try_from(text: String) -> Result<Self, WrongValue> {
        if let Some(path) = unix(&text) {
            return Ok(Self::Unix(path));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            WrongValue::new(
                &text,
                "an address to listen on",
                "127.0.0.1:10025, [::1]:10025 or unix:/run/portcullis/milter",
            )
        })
    }
}

impl TryFrom<String> for Hop {
    type Error = WrongValue;

    fn try_from(text: String) -> Result<Self, WrongValue> {
        if let Some(path) = unix(&text) {
            return Ok(Self::Unix(path));
        }
        let whole = text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty()
                && !host.contains(char::is_whitespace)
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if whole {
            Ok(Self::Tcp(text))
        } else {
            Err(WrongValue::new(
                &text,
                "a server",
                "127.0.0.1:10026, mail.parliament.example:25 or unix:/run/dovecot/lmtp",
            ))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
