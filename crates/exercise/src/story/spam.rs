//! Spam out of the organisation's own server, which staff reported.

use super::desk::Desk;
use crate::calendar::SECOND;
use crate::formats::syslog::bsd;
use crate::formats::tracking::{self, Message, Step};

/// Sends `count` messages of one mailbox to as many people outside.
pub(super) fn stage(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let sender = &world.people[43 % world.people.len()];
    let subject = desk.dice.one(&desk.tools.spam_subjects).clone();
    for _ in 0..count {
        desk.wait(3, 14);
        let (forename, surname) =
            (desk.dice.one(&world.names.forenames), desk.dice.one(&world.names.surnames));
        let domain = desk.dice.one(&world.names.outside_domains).clone();
        let recipient = format!(
            "{}{}{}@{domain}",
            forename.to_lowercase(),
            &surname.to_lowercase().replace('\'', "")[..3],
            desk.dice.within(1..9999)
        );
        tracked(desk, &sender.mail, &recipient, &subject);
        relayed(desk, &sender.mail, &recipient, &domain);
    }
}

fn tracked(desk: &mut Desk<'_>, sender: &str, recipient: &str, subject: &str) {
    let world = desk.cx.world;
    desk.hostile(
        "spam-from-own-server",
        "one of hundreds of messages that one mailbox sent to strangers within the hour",
    );
    let id = format!("<{:016x}@{}>", desk.dice.word(), world.domain);
    let recipients = [recipient];
    let message = Message {
        id: &id,
        network_id: desk.dice.guid(),
        internal_id: desk.dice.within(10_000_000..90_000_000),
        sender,
        recipients: &recipients,
        subject,
        bytes: desk.dice.within(9000..11_000),
        directionality: "Originating",
        original_client: &world.intruder.operator,
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
    let sent = Step {
        server: gate,
        connector: "Outbound",
        source: "SMTP",
        event: "SENDEXTERNAL",
        status: "250 2.0.0 Ok",
        ..received
    };
    tracking::add(desk.plan.out("ex-tracking"), &mut desk.dice, desk.now, &message, &received);
    tracking::add(desk.plan.out("ex-tracking"), &mut desk.dice, desk.now + 300_000, &message, &sent);
}

/// What the gateway writes of it. The line with the sender is the telling one; those of the
/// connection and of the queue say nothing about who or what.
fn relayed(desk: &mut Desk<'_>, sender: &str, recipient: &str, domain: &str) {
    let world = desk.cx.world;
    let (gw, ex) = (world.hosts.gw.name.as_str(), &world.hosts.ex);
    let queue = format!("{:010X}", desk.dice.word() & 0xff_ffff_ffff);
    let (pid, size) = (1000 + desk.dice.within(0..30_000), desk.dice.within(9000..11_000));
    let (id, mx) = (desk.dice.word(), desk.dice.one(&world.outside).clone());
    let now = desk.now + SECOND / 2;
    desk.honest("", "");
    let out = desk.plan.out("gw-mail");
    bsd(out, now, gw, "postfix/smtpd", pid, format_args!("{queue}: client={}[{}]", ex.fqdn, ex.ip));
    bsd(
        out,
        now,
        gw,
        "postfix/cleanup",
        pid + 3,
        format_args!("{queue}: message-id=<{id:016x}@{}>", world.domain),
    );
    desk.hostile(
        "spam-from-own-server",
        "one of hundreds of messages that one mailbox sent to strangers within the hour",
    );
    bsd(
        desk.plan.out("gw-mail"),
        now,
        gw,
        "postfix/qmgr",
        811,
        format_args!("{queue}: from=<{sender}>, size={size}, nrcpt=1 (queue active)"),
    );
    desk.honest("", "");
    let bounced = desk.dice.once_in(4);
    let (status, answer) = if bounced {
        ("bounced", desk.dice.one(&desk.tools.spam_bounces).as_str())
    } else {
        ("sent", "250 2.0.0 Ok: queued")
    };
    let out = desk.plan.out("gw-mail");
    let dsn = if bounced { "5.7.1" } else { "2.0.0" };
    bsd(
        out,
        now + SECOND,
        gw,
        "postfix/smtp",
        pid + 5,
        format_args!(
            "{queue}: to=<{recipient}>, relay=mx1.{domain}[{mx}]:25, delay=1.1, delays=0.03/0.01/0.3/0.7, dsn={dsn}, \
             status={status} ({answer})"
        ),
    );
    bsd(out, now + SECOND, gw, "postfix/qmgr", 811, format_args!("{queue}: removed"));
}
