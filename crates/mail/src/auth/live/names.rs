//! Questions to the name system, asked of real servers or of records held in memory.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// Aliases that are followed from one name.
const ALIASES: usize = 8;

/// The name system did not answer: no server, no time, or a failure of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble;

/// One record of a zone held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Text, its pieces joined.
    Text(Vec<u8>),
    /// An address of either family.
    Address(IpAddr),
    /// A mail exchanger with its preference.
    Exchanger(u16, String),
    /// The name of an address, under `in-addr.arpa` or `ip6.arpa`.
    Pointer(String),
    /// Another name for this one.
    Alias(String),
    /// No answer comes to questions for which the name has no other entry.
    Silence,
}

/// Names and records held in memory, for tests and staged evidence.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    entries: BTreeMap<String, Vec<Entry>>,
}

impl Zone {
    /// Adds a record; the case of the name and a dot at its end do not matter.
    pub fn add(&mut self, name: &str, entry: Entry) {
        self.entries.entry(plain(name)).or_default().push(entry);
    }

    fn find<T>(&self, name: &str, wanted: impl Fn(&Entry) -> Option<T>) -> Result<Vec<T>, Trouble> {
        let mut name = plain(name);
        for _ in 0..ALIASES {
            let Some(entries) = self.entries.get(&name) else { return Ok(Vec::new()) };
            let found: Vec<T> = entries.iter().filter_map(&wanted).collect();
            if !found.is_empty() {
                return Ok(found);
            }
            if entries.contains(&Entry::Silence) {
                return Err(Trouble);
            }
            let alias = entries.iter().find_map(|entry| match entry {
                Entry::Alias(to) => Some(plain(to)),
                _ => None,
            });
            match alias {
                Some(to) => name = to,
                None => return Ok(Vec::new()),
            }
        }
        Err(Trouble)
    }
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Where answers come from.
#[derive(Debug)]
pub(crate) enum Names {
    Servers(Box<TokioResolver>),
    Zone(Zone),
}

impl Names {
    /// As the machine is set up.
    pub(crate) fn of_system(patience: Duration) -> Result<Self, NetError> {
        let mut builder = TokioResolver::builder_tokio()?;
        tune(builder.options_mut(), patience);
        Ok(Self::Servers(Box::new(builder.build()?)))
    }

    /// Asks the given servers, over UDP and, for long answers, TCP.
    pub(crate) fn of_servers(servers: &[SocketAddr], patience: Duration) -> Result<Self, NetError> {
        let servers = servers.iter().map(|server| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = server.port();
            }
            NameServerConfig::new(server.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        tune(builder.options_mut(), patience);
        Ok(Self::Servers(Box::new(builder.build()?)))
    }

    /// The texts under a name, the pieces of each joined.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, Trouble> {
        match self {
            Self::Zone(zone) => zone.find(name, |entry| match entry {
                Entry::Text(text) => Some(text.clone()),
                _ => None,
            }),
            Self::Servers(servers) => {
                ask(servers, name, RecordType::TXT, |data| match data {
                    RData::TXT(text) => Some(text.txt_data.iter().flat_map(|piece| piece.to_vec()).collect()),
                    _ => None,
                })
                .await
            }
        }
    }

    /// The addresses of a name, of the given family.
    pub(crate) async fn addresses(&self, name: &str, six: bool) -> Result<Vec<IpAddr>, Trouble> {
        match self {
            Self::Zone(zone) => zone.find(name, |entry| match entry {
                Entry::Address(address) if address.is_ipv6() == six => Some(*address),
                _ => None,
            }),
            Self::Servers(servers) => {
                let kind = if six { RecordType::AAAA } else { RecordType::A };
                ask(servers, name, kind, RData::ip_addr).await
            }
        }
    }

    /// The mail exchangers of a name, the preferred one first.
    pub(crate) async fn exchangers(&self, name: &str) -> Result<Vec<String>, Trouble> {
        let mut all = match self {
            Self::Zone(zone) => zone.find(name, |entry| match entry {
                Entry::Exchanger(preference, host) => Some((*preference, host.clone())),
                _ => None,
            }),
            Self::Servers(servers) => {
                ask(servers, name, RecordType::MX, |data| match data {
                    RData::MX(found) => Some((found.preference, found.exchange.to_ascii())),
                    _ => None,
                })
                .await
            }
        }?;
        all.sort_by_key(|(preference, _)| *preference);
        Ok(all.into_iter().map(|(_, host)| host).collect())
    }

    /// The names that an address is said to have.
    pub(crate) async fn pointers(&self, address: IpAddr) -> Result<Vec<String>, Trouble> {
        let (dotted, suffix) = super::super::spf::dotted(address);
        let name = format!("{}.{suffix}.arpa", dotted.rsplit('.').collect::<Vec<_>>().join("."));
        match self {
            Self::Zone(zone) => zone.find(&name, |entry| match entry {
                Entry::Pointer(host) => Some(host.clone()),
                _ => None,
            }),
            Self::Servers(servers) => {
                ask(servers, &name, RecordType::PTR, |data| match data {
                    RData::PTR(host) => Some(host.0.to_ascii()),
                    _ => None,
                })
                .await
            }
        }
    }
}

fn tune(options: &mut ResolverOpts, patience: Duration) {
    options.timeout = patience;
    options.attempts = 1;
    // What the machine calls itself says nothing about who sends mail.
    options.use_hosts_file = ResolveHosts::Never;
}

/// Asks for one kind of record; a name that is not there, or cannot be, has none.
async fn ask<T>(
    servers: &TokioResolver,
    name: &str,
    kind: RecordType,
    wanted: impl Fn(&RData) -> Option<T>,
) -> Result<Vec<T>, Trouble> {
    let text = name.strip_suffix('.').unwrap_or(name);
    if text.is_empty()
        || text.len() > 253
        || text.split('.').any(|label| label.is_empty() || label.len() > 63)
    {
        return Ok(Vec::new());
    }
    let Ok(mut name) = Name::from_labels(text.split('.').map(str::as_bytes)) else { return Ok(Vec::new()) };
    name.set_fqdn(true);
    match servers.lookup(name, kind).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| wanted(&record.data)).collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(_) => Err(Trouble),
    }
}
