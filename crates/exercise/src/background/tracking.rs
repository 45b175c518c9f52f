//! Mail on its way through the Exchange server.

use super::Day;
use crate::calendar::SECOND;
use crate::formats::tracking::{Message, Step, add};
use crate::world::World;

/// A message comes in, goes out, or stays within the house.
pub(super) fn one(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let (person, other) = (day.anybody(), day.anybody());
    let outside = correspondent(day);
    let subject = subject(day);
    let way = day.dice.weighted(&[45, 25, 30]);
    let (sender, recipient, from) = match way {
        0 => (outside.as_str(), person.mail.as_str(), outside.rsplit('@').next().unwrap_or_default()),
        1 => (person.mail.as_str(), outside.as_str(), world.domain.as_str()),
        _ => (person.mail.as_str(), other.mail.as_str(), world.domain.as_str()),
    };
    let id = format!("<{:016x}@{from}>", day.dice.word());
    let recipients = [recipient];
    let message = Message {
        id: &id,
        network_id: day.dice.guid(),
        internal_id: day.dice.within(10_000_000..90_000_000),
        sender,
        recipients: &recipients,
        subject: &subject,
        bytes: 4000 + day.dice.within(0..400) * day.dice.within(1..900),
        directionality: if way == 0 { "Incoming" } else { "Originating" },
        original_client: if way == 0 { &world.hosts.gw.ip } else { &person.ip },
    };
    let connector = format!("{0}\\Default {0}", world.hosts.ex.name);
    for (number, step) in steps(world, way, &connector).iter().enumerate() {
        add(day.out, day.dice, micros + number as i64 * SECOND / 3, &message, step);
    }
}

/// What happens to a message that comes in, goes out, or stays.
fn steps<'a>(world: &'a World, way: usize, connector: &'a str) -> [Step<'a>; 2] {
    let (ex, gw) = (&world.hosts.ex, &world.hosts.gw);
    let (here, gate) = ((ex.ip.as_str(), ex.fqdn.as_str()), (gw.ip.as_str(), gw.fqdn.as_str()));
    let received = Step {
        client: here,
        server: here,
        context: "",
        connector: "",
        source: "STOREDRIVER",
        event: "RECEIVE",
        status: "",
    };
    let delivered = Step { event: "DELIVER", ..received };
    match way {
        0 => {
            let context = "08D968A2F0B1C3E4;250 2.0.0 OK";
            [Step { client: gate, connector, context, source: "SMTP", ..received }, delivered]
        }
        1 => {
            let status = "250 2.0.0 Ok";
            let event = "SENDEXTERNAL";
            [
                received,
                Step { server: gate, connector: "Outbound", source: "SMTP", event, status, ..received },
            ]
        }
        _ => [received, delivered],
    }
}

/// Somebody outside.
pub(super) fn correspondent(day: &mut Day<'_>) -> String {
    let names = &day.cx.world.names;
    let (forename, surname) = (day.dice.one(&names.forenames), day.dice.one(&names.surnames));
    let domain = day.dice.one(&names.outside_domains);
    format!("{}.{}@{domain}", forename.to_lowercase(), surname.to_lowercase().replace('\'', ""))
}

/// What a message is about.
pub(super) fn subject(day: &mut Day<'_>) -> String {
    let topic = day.dice.one(&day.cx.world.names.topics);
    match day.dice.below(5) {
        0 | 1 => format!("RE: {topic}"),
        2 => format!("{topic} {}", day.dice.within(2..200)),
        3 => format!("FW: {topic}, as discussed"),
        _ => topic.clone(),
    }
}
