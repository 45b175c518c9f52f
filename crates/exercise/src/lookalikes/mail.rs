//! Mail to many that is wanted.

use super::Days;
use crate::calendar::{HOUR, SECOND, midnight};
use crate::formats::mail as message;
use crate::formats::syslog::bsd;
use crate::formats::tracking::{self, Message, Step};
use crate::story::Desk;

pub(super) fn stage(desk: &mut Desk<'_>, days: &Days) {
    newsletter(desk, days);
    invitations(desk, days);
    press_release(desk, days);
    notices(desk, days);
    reported(desk);
}

fn outside(desk: &mut Desk<'_>) -> String {
    let names = &desk.cx.world.names;
    let (forename, surname) = (desk.dice.one(&names.forenames), desk.dice.one(&names.surnames));
    let domain = desk.dice.one(&names.outside_domains);
    format!("{}.{}@{domain}", forename.to_lowercase(), surname.to_lowercase().replace('\'', ""))
}

fn send(desk: &mut Desk<'_>, sender: &str, recipients: &[&str], subject: &str, client: &str) {
    let world = desk.cx.world;
    let id = format!("<{:016x}@{}>", desk.dice.word(), world.domain);
    let sent = Message {
        id: &id,
        network_id: desk.dice.guid(),
        internal_id: desk.dice.within(10_000_000..90_000_000),
        sender,
        recipients,
        subject,
        bytes: desk.dice.within(9000..60_000),
        directionality: "Originating",
        original_client: client,
    };
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
    let out = Step {
        server: gate,
        connector: "Outbound",
        source: "SMTP",
        event: "SENDEXTERNAL",
        status: "250 2.0.0 Ok",
        ..received
    };
    tracking::add(desk.plan.out("ex-tracking"), &mut desk.dice, desk.now, &sent, &received);
    tracking::add(desk.plan.out("ex-tracking"), &mut desk.dice, desk.now + 200_000, &sent, &out);
}

/// Each month a list of the gateway sends a newsletter, with an envelope sender of its own for each
/// subscriber.
fn newsletter(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let (gw, lists) = (world.hosts.gw.name.as_str(), format!("lists.{}", world.domain));
    for month in days.months() {
        desk.honest("spam-from-own-server", "the monthly newsletter");
        desk.now = midnight(month) + 10 * HOUR + desk.dice.within(0..HOUR as u64) as i64;
        for _ in 0..70 {
            desk.wait(1, 6);
            let subscriber = outside(desk);
            let domain = subscriber.rsplit('@').next().unwrap_or_default().to_owned();
            let queue = format!("{:010X}", desk.dice.word() & 0xff_ffff_ffff);
            let (size, mx) = (desk.dice.within(20_000..24_000), desk.dice.one(&world.outside).clone());
            let sender = format!("newsletter-bounces+{}@{lists}", subscriber.replace('@', "="));
            let now = desk.now;
            let out = desk.plan.out("gw-mail");
            bsd(
                out,
                now,
                gw,
                "postfix/qmgr",
                811,
                format_args!("{queue}: from=<{sender}>, size={size}, nrcpt=1 (queue active)"),
            );
            bsd(
                out,
                now + SECOND,
                gw,
                "postfix/smtp",
                4711,
                format_args!(
                    "{queue}: to=<{subscriber}>, relay=mx1.{domain}[{mx}]:25, delay=1.2, delays=0.03/0.01/0.3/0.8, \
                     dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)"
                ),
            );
            bsd(out, now + SECOND, gw, "postfix/qmgr", 811, format_args!("{queue}: removed"));
        }
    }
}

/// An invitation to a meeting goes to thirty people as one message.
fn invitations(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for _ in 0..10 {
        desk.honest("spam-from-own-server", "an invitation to many");
        days.some(desk);
        let person = desk.dice.one(&world.people);
        let guests: Vec<String> = (0..30).map(|_| outside(desk)).collect();
        let guests: Vec<&str> = guests.iter().map(String::as_str).collect();
        let subject = desk.dice.one(&world.names.topics).clone();
        send(desk, &person.mail, &guests, &subject, &person.ip);
    }
}

/// A press release goes to two dozen newsrooms one by one.
fn press_release(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for _ in 0..6 {
        desk.honest("spam-from-own-server", "a press release");
        days.some(desk);
        let Some(person) = world.people.iter().find(|person| person.department == "Communications") else {
            return;
        };
        let subject = format!("Press notice: {}", desk.dice.one(&world.names.topics));
        for _ in 0..22 {
            desk.wait(5, 20);
            let newsroom = outside(desk);
            send(desk, &person.mail, &[&newsroom], &subject, &person.ip);
        }
    }
}

/// A program tells people that their form arrived, some times an hour.
fn notices(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let sender = format!("no-reply@{}", world.domain);
    for _ in 0..30 {
        desk.honest("spam-from-own-server", "notices of a program");
        days.some(desk);
        for _ in 0..7 {
            desk.wait(60, 900);
            let recipient = outside(desk);
            send(desk, &sender, &[&recipient], "We have received your form", &world.hosts.monitor.ip);
        }
    }
}

/// What staff wrote on the day of the spam.
fn reported(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    desk.honest("spam-from-own-server", "staff report it");
    let day = jiff::civil::date(2021, 10, 28);
    desk.now = midnight(day) + 13 * HOUR + desk.dice.within(0..HOUR as u64) as i64;
    let (by, whose) = (desk.dice.one(&world.people), &world.people[43 % world.people.len()]);
    let body = format!(
        "Hello,\n\ntwo people I work with outside have asked me about a strange message from {}'s address today.\n\
         {} says they did not send it. Could you have a look?\n\nThanks\n{}\n",
        whose.display(),
        whose.forename,
        by.forename
    );
    let (from, to) = (by.display(), format!("helpdesk@{}", world.domain));
    let report = message::Message {
        from: (&from, &by.mail),
        to: ("Help desk", &to),
        subject: "Odd mail from a colleague",
        body: &body,
        attachment: None,
        from_host: (&world.hosts.ex.fqdn, &world.hosts.ex.ip),
        by_host: &world.hosts.gw.fqdn,
    };
    message::add(desk.plan.out("mbox"), &mut desk.dice, desk.now, true, &report);
}
