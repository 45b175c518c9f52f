//! The doors: their sockets, and the settings of the protocols behind them.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::RunError;
use crate::config::{self, Config, SmtpDoor};
use crate::judge::{At, Room};
use crate::listen::{Address, Listener};
use crate::release::address;
use crate::setup::{Setup, SetupError};
use crate::{milter, smtp};

/// Settings of all doors.
pub(super) struct Settings {
    milter: Arc<milter::Settings>,
    smtp: Vec<(config::Address, Arc<smtp::Settings>)>,
}

/// Doors that are open: where new settings are put.
pub(super) struct Doors {
    milter: watch::Sender<Arc<milter::Settings>>,
    smtp: Vec<(config::Address, watch::Sender<Arc<smtp::Settings>>)>,
}

/// Makes the protocols' settings of a configuration.
pub(super) fn settings(setup: &Setup) -> Result<Settings, SetupError> {
    let config = &setup.config;
    let mut of_milter = milter::Settings::default();
    let limits = &config.limits;
    of_milter.limits.connections = limits.connections;
    of_milter.limits.message = limits.message_bytes;
    of_milter.timeouts.drain = Duration::from_secs(limits.drain_seconds);
    of_milter.timeouts.judge = judge_patience(config);
    let of_smtp = |door: &SmtpDoor| Ok((door.listen.clone(), Arc::new(proxy(door, config)?)));
    Ok(Settings {
        milter: Arc::new(of_milter),
        smtp: config.smtp.iter().map(of_smtp).collect::<Result<_, SetupError>>()?,
    })
}

/// The judge keeps its own time; a protocol waits a little longer for its answer.
fn judge_patience(config: &Config) -> Duration {
    Duration::from_secs(config.limits.judge_seconds + 30)
}

fn proxy(door: &SmtpDoor, config: &Config) -> Result<smtp::Settings, SetupError> {
    let protocol = if door.lmtp { smtp::Protocol::Lmtp } else { smtp::Protocol::Smtp };
    let hostname = door.hostname.as_deref().or(config.id.as_deref()).unwrap_or("portcullis.invalid");
    let hop = smtp::NextHop { address: address(&door.next_hop), protocol };
    let mut settings = smtp::Settings::new(protocol, hostname, hop);
    settings.trusted = if door.trusted.is_empty() {
        [[127, 0, 0, 0].into(), std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST)]
            .into_iter()
            .filter_map(|address: std::net::IpAddr| {
                IpNet::new(address, if address.is_ipv4() { 8 } else { 128 }).ok()
            })
            .collect()
    } else {
        door.trusted.iter().map(|network| network.net()).collect()
    };
    if let Some(tls) = &door.tls {
        let loaded = smtp::tls::load(&tls.certificate, &tls.key);
        let part = |error: std::io::Error| SetupError::Part {
            what: tls.certificate.display().to_string(),
            why: error.to_string(),
        };
        settings.tls = Some(loaded.map_err(part)?);
    }
    settings.limits.connections = config.limits.connections;
    settings.limits.message = config.limits.message_bytes;
    settings.timeouts.drain = Duration::from_secs(config.limits.drain_seconds);
    settings.timeouts.judge = judge_patience(config);
    Ok(settings)
}

fn listening(address: &config::Address) -> Address {
    match address {
        config::Address::Tcp(address) => Address::Inet(address.to_string()),
        config::Address::Unix(path) => Address::Unix(path.clone()),
    }
}

async fn bind(address: &config::Address) -> Result<Listener, RunError> {
    let listener = Listener::bind(&listening(address)).await;
    let listener = listener.map_err(|source| RunError::Listen { address: address.to_string(), source })?;
    let shown = listener.local().map_or_else(|| address.to_string(), |local| local.to_string());
    tracing::info!(address = shown, "listening");
    Ok(listener)
}

impl Doors {
    pub(super) async fn open(
        room: &Arc<Room>,
        tasks: &mut JoinSet<()>,
        ends: &watch::Receiver<bool>,
    ) -> Result<Self, RunError> {
        let setup = room.setup();
        let settings = settings(&setup)?;
        room.metrics.door("milter", settings.milter.limits.open.clone());
        let (milter, of_milter) = watch::channel(settings.milter);
        // All sockets first: a gate with half its doors is none.
        let mut milters = Vec::new();
        for door in &setup.config.milter {
            milters.push(bind(&door.listen).await?);
        }
        let mut proxies = Vec::new();
        for door in &setup.config.smtp {
            proxies.push((bind(&door.listen).await?, door.lmtp));
        }
        for listener in milters {
            let judge = Arc::new(At { room: room.clone(), protocol: "milter" });
            let work = milter::serve(listener, of_milter.clone(), judge, ends.clone());
            tasks.spawn(async { _ = work.await });
        }
        let mut smtp = Vec::new();
        for ((listener, lmtp), (address, settings)) in proxies.into_iter().zip(settings.smtp) {
            let judge = Arc::new(At { room: room.clone(), protocol: if lmtp { "lmtp" } else { "smtp" } });
            room.metrics.door(judge.protocol, settings.limits.open.clone());
            let (sender, of_smtp) = watch::channel(settings);
            let work = smtp::serve(listener, of_smtp, judge, ends.clone());
            tasks.spawn(async { _ = work.await });
            smtp.push((address, sender));
        }
        Ok(Self { milter, smtp })
    }

    /// Sessions that begin from now on have these settings. Doors are told apart by where they listen.
    pub(super) fn set(&mut self, settings: Settings) {
        self.milter.send_replace(settings.milter);
        for (address, new) in settings.smtp {
            if let Some((_, door)) = self.smtp.iter().find(|(open, _)| *open == address) {
                door.send_replace(new);
            }
        }
    }
}
