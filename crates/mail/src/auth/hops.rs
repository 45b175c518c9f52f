//! The way a message came: its `Received` fields, and how far they can be trusted.

use std::net::IpAddr;

use mail_parser::{DateTime, HeaderName, Host, Message, Received};
use model::{Event, Kind, Time};

use crate::Settings;

/// Hops that become facts; a message with more went in circles.
const HOPS: usize = 1000;

/// What was made of the way.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// When the institution's server took it over.
    pub(super) received: Option<Time>,
    /// The address outside that it came from.
    pub(super) outside: Option<IpAddr>,
    /// Number of the header field with which what outsiders wrote begins, by their own `Received`;
    /// the number of all fields where there is none.
    pub(super) foreign: usize,
    /// When each hop says that it took the message over, the last one first.
    pub(super) times: Vec<Time>,
    /// Names of the hops, for what is to fit one of them.
    pub(super) names: Vec<String>,
}

/// Adds the hosts through which the message went, the last one first.
///
/// A `Received` field is believed when a server of the institution wrote it. The topmost was written
/// by whoever put the message into the mailbox. The next one is believed when it names one of the
/// institution's hosts as its writer, or when the believed one above says that the message came from
/// an address inside. Without settings nothing but the topmost is believed.
pub(super) fn read(message: &Message<'_>, settings: &Settings, event: &mut Event) -> Route {
    let known = !settings.hosts.is_empty() || !settings.relays.is_empty();
    let mut route = Route { foreign: message.headers().len(), ..Route::default() };
    let mut count = 0_u64;
    let mut trusted = true;
    let mut above_is_inside = true;
    for (number, header) in message.headers().iter().enumerate() {
        let (HeaderName::Received, Some(hop)) = (&header.name, header.value.as_received()) else { continue };
        count += 1;
        if count > HOPS as u64 {
            continue;
        }
        let moment = facts(hop, event);
        if let Some((time, _)) = moment {
            route.times.push(time);
        }
        route.names.extend([&hop.from, &hop.by].into_iter().flatten().filter_map(|host| match host {
            Host::Name(name) => Some(name.to_ascii_lowercase()),
            Host::IpAddr(_) => None,
        }));
        let own = known && hop.by.as_ref().is_some_and(|by| is_own(by, settings));
        trusted = trusted && (count == 1 || known && (own || above_is_inside));
        if !trusted {
            route.foreign = route.foreign.min(number);
            continue;
        }
        route.received = moment.map(|(time, _)| time).or(route.received);
        let from = address(hop);
        above_is_inside = from.is_none_or(|from| is_inside(from, settings));
        if let Some(from) = from.filter(|from| !is_inside(*from, settings)) {
            // Taken over from outside: what is below was written there, whatever it says.
            trusted = false;
            route.outside = Some(from);
            event.push_display("mail.hop.outside", Kind::Str, from);
            if let Some(Host::Name(name)) = hop.from.as_ref().or(hop.helo.as_ref()) {
                event.push_str("mail.hop.outside_name", name);
            }
        }
    }
    event.push_uint("mail.hops", count);
    route
}

fn facts<'h>(hop: &'h Received<'_>, event: &mut Event) -> Option<(Time, &'h DateTime)> {
    if let Some(from) = hop.from.as_ref().or(hop.helo.as_ref()) {
        host("mail.hop.from", from, event);
    }
    if let Some(by) = &hop.by {
        host("mail.hop.by", by, event);
    }
    if let Some(address) = address(hop) {
        event.push_display("mail.hop.address", Kind::Str, address);
    }
    let date = hop.date.as_ref().filter(|date| date.is_valid())?;
    let written = date.to_rfc3339();
    let time = Time::parse(&written).ok()?;
    event.push_str("mail.hop.time", &written);
    Some((time, date))
}

fn address(hop: &Received<'_>) -> Option<IpAddr> {
    match (&hop.from_ip, &hop.from) {
        (Some(address), _) | (None, Some(Host::IpAddr(address))) => Some(plain(*address)),
        _ => None,
    }
}

/// An IPv4 address in the clothes of IPv6 is one of IPv4.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_inside(address: IpAddr, settings: &Settings) -> bool {
    let unrouted = match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private() || four.is_link_local(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local(),
    };
    unrouted || settings.relays.iter().any(|relay| relay.contains(&address))
}

fn is_own(by: &Host<'_>, settings: &Settings) -> bool {
    match by {
        Host::IpAddr(address) => settings.relays.iter().any(|relay| relay.contains(&plain(*address))),
        Host::Name(name) => settings.hosts.iter().any(|own| within(name, own)),
    }
}

/// Whether `name` is `domain` or lies below it.
pub(super) fn within(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.trim_end_matches('.').as_bytes(), domain.trim_matches('.').as_bytes());
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    !domain.is_empty()
        && name[start..].eq_ignore_ascii_case(domain)
        && (start == 0 || name[start - 1] == b'.')
}

fn host(name: &str, host: &Host<'_>, event: &mut Event) {
    match host {
        Host::Name(text) => event.push_str(name, text),
        Host::IpAddr(address) => event.push_display(name, Kind::Str, address),
    }
}
