//! Mail that machines send: orders, parcels, tickets, meetings, absences, returned mail.

use super::grammar::capital;
use super::mime::{Body, Coding, escape, mailbox, words};
use super::service::token;
use super::way::{Draft, Way, message_id};
use super::world::{Folder, Item, What, World};
use crate::calendar::{Rhythm, SECOND, Stamp};
use crate::dice::Dice;

/// Who sends by machine: name, address.
const SENDERS: [(&str, &str); 12] = [
    ("Service Desk", ""),
    ("Travel Office", ""),
    ("Voicemail", ""),
    ("Rail & Road Pass", "bookings@railroadpass.example"),
    ("Northlands Airways", "no-reply@northlands-air.example"),
    ("Savings Bank of Vestria", "service@sbv-bank.example"),
    ("Parcel Union", "tracking@parcelunion.example"),
    ("Meetgrid", "meetings@meetgrid.example"),
    ("Cloudfile", "no-reply@cloudfile.example"),
    ("Hotel Meridian Penwick", "reservations@meridian-penwick.example"),
    ("Accounts", "accounts@account-notice.example"),
    ("Ministry of Finance", "taxportal@mof.example"),
];

/// Adds them.
pub(super) fn plan(world: &World, round: u32, kept: u64, items: &mut Vec<Item>) {
    for (name, what) in [("machine", What::Machine as fn(u32) -> What), ("automatic", What::Automatic)] {
        for number in 0..world.tables.volume(name) as u32 {
            let number = number + round * 1_000_000;
            let mut dice = world.dice(&format!("plan-{name}"), u64::from(number));
            if dice.within(0..1_000_000) < kept {
                let owner = world.anybody(&mut dice);
                let micros = world.moment(&mut dice, Rhythm::Machine);
                items.push(Item { micros, owner, folder: Folder::Inbox, what: what(number) });
            }
        }
    }
}

/// A notice about something that the owner did or has.
pub(super) fn notice(world: &World, item: &Item, dice: &mut Dice) -> Draft {
    let owner = world.person(item.owner);
    let (name, address) = SENDERS[dice.below(SENDERS.len())];
    let house = world.house(item.owner);
    let own = address.is_empty();
    let address =
        if own { format!("{}@{}", super::people::plain(name), house.domain) } else { address.to_owned() };
    let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
    let code = token(dice.pick(&["mixed12", "digits", "hex10"]), dice.word()).to_uppercase();
    let vars = [("code", code.as_str())];
    let pools = &world.tables.texts;
    let subject = capital(&pools.say(dice, "machine_subject", &vars));
    let lines: Vec<String> = (0..2 + dice.below(3)).map(|_| pools.say(dice, "machine", &vars)).collect();
    let link =
        format!("https://www.{domain}/{}?id={}", dice.pick(&["view", "account", "t", "booking"]), code);
    let text = format!("Dear {},\n\n{}\n\n{link}\n\n{name}\n", owner.name(), lines.join("\n"));
    let coding = Coding::draw(dice);
    let html = format!(
        "<html><body style=\"font-family:sans-serif\"><table><tr><td><img src=\"https://www.{domain}/static/logo.png\" alt=\"{}\" \
         height=\"32\"></td></tr><tr><td><p>Dear {},</p><p>{}</p><p><a href=\"{}\">Open</a></p></td></tr></table></body></html>\n",
        escape(name),
        escape(&owner.name()),
        lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("</p>\n<p>"),
        escape(&link)
    );
    let body = match dice.below(4) {
        0 => Body::text(coding, text),
        1 => Body::html(coding, html),
        2 if name == "Meetgrid" => meeting(item, &address, &owner.address, &subject, text, dice),
        _ => Body::Many("alternative", vec![Body::text(coding, text), Body::html(coding, html)]),
    };
    let fields = vec![
        ("From", mailbox(name, &address)),
        ("To", owner.address.clone()),
        ("Subject", words(&subject)),
        ("Message-ID", message_id(dice, item.micros, &domain)),
        ("Auto-Submitted", "auto-generated".to_owned()),
    ];
    let way = Way {
        host: if own { format!("app2.{domain}") } else { format!("smtp{}.{domain}", 1 + dice.below(4)) },
        envelope: if dice.once_in(2) { address.clone() } else { format!("bounce-{code}@{domain}") },
        spf: "pass",
        dmarc: "pass",
        signed: vec![(domain, "mail")],
        inner: String::new(),
    };
    Draft { micros: item.micros, zone: "+0000", from: address, fields, body, way: Some(way) }
}

fn meeting(item: &Item, from: &str, to: &str, subject: &str, text: String, dice: &mut Dice) -> Body {
    let stamp = Stamp::new(item.micros + dice.within(1..20) as i64 * 86_400 * SECOND);
    let day = stamp.date().replace('-', "");
    let event = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Meetgrid//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:{:016x}@meetgrid.example\n\
         DTSTART:{day}T{:02}0000Z\nDTEND:{day}T{:02}3000Z\nSUMMARY:{subject}\nORGANIZER:mailto:{from}\n\
         ATTENDEE;RSVP=TRUE:mailto:{to}\nEND:VEVENT\nEND:VCALENDAR\n",
        dice.word(),
        stamp.hour,
        stamp.hour
    );
    let kind = "text/calendar; charset=utf-8; method=REQUEST".to_owned();
    let calendar = Body::Leaf(kind, Coding::Plain, String::new(), event.into_bytes());
    Body::Many("alternative", vec![Body::text(Coding::Quoted, text), calendar])
}

/// An absence, or a message that came back.
pub(super) fn answer(world: &World, item: &Item, dice: &mut Dice) -> Draft {
    let owner = world.person(item.owner);
    let other = world.anybody(dice);
    let pools = &world.tables.texts;
    if dice.once_in(3) {
        return returned(world, item, dice);
    }
    let from = if dice.once_in(2) { world.person(other) } else { dice.one(&world.outsiders) };
    let office = world.office(other);
    let text = pools.say(dice, "away", &[("office", &office)]);
    let topic = pools.say(dice, "letter_subject", &[]);
    let subject = format!(
        "{} {}",
        dice.pick(&["Automatic reply:", "Out of office:", "Auto:", "Abwesenheit:"]),
        capital(&topic)
    );
    let fields = vec![
        ("From", mailbox(&from.name(), &from.address)),
        ("To", owner.address.clone()),
        ("Subject", words(&subject)),
        ("Message-ID", message_id(dice, item.micros, from.domain())),
        ("Auto-Submitted", "auto-replied".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
    ];
    let way = Way { envelope: String::new(), ..Way::own(from) };
    let body = Body::text(Coding::draw(dice), text + "\n");
    Draft { micros: item.micros, zone: from.zone, from: from.address.clone(), fields, body, way: Some(way) }
}

fn returned(world: &World, item: &Item, dice: &mut Dice) -> Draft {
    let owner = world.person(item.owner);
    let to = dice.one(&world.outsiders).address.clone();
    let host = format!("mail.{}", to.rsplit('@').next().unwrap_or_default());
    let from = format!("MAILER-DAEMON@{host}");
    let text = format!(
        "This is the mail system at host {host}.\n\nI'm sorry to have to inform you that your message could not\nbe delivered \
         to one or more recipients.\n\n<{to}>: {}\n",
        dice.pick(&["mailbox is full", "user unknown", "message too large", "connection timed out"])
    );
    let status = format!(
        "Reporting-MTA: dns; {host}\n\nFinal-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.1.1\n"
    );
    let head = format!(
        "From: {}\nTo: {to}\nSubject: {}\n",
        owner.address,
        words(&world.tables.texts.title(dice, "letter_subject", &[]))
    );
    let part = |kind: &str, text: String| {
        Body::Leaf(kind.to_owned(), Coding::Plain, String::new(), text.into_bytes())
    };
    let body = Body::Many(
        "report; report-type=delivery-status",
        vec![
            part("text/plain; charset=us-ascii", text),
            part("message/delivery-status", status),
            part("text/rfc822-headers", head),
        ],
    );
    let fields = vec![
        ("From", mailbox("Mail Delivery System", &from)),
        ("To", owner.address.clone()),
        ("Subject", "Undelivered Mail Returned to Sender".to_owned()),
        ("Message-ID", message_id(dice, item.micros, &host)),
        ("Auto-Submitted", "auto-replied".to_owned()),
    ];
    let way = Way { host, spf: "none", dmarc: "none", ..Way::default() };
    Draft { micros: item.micros, zone: "+0000", from, fields, body, way: Some(way) }
}
