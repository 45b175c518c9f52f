//! One password tried on many accounts.

use model::{Exposed, ExposureKind};

use super::desk::Desk;
use super::mailboxes::spray_victim;
use crate::formats::access;
use crate::formats::entra::{self, SignIn};
use crate::formats::m365::{self, Action};
use crate::world::Person;

/// Tries `count` accounts: at the directory from the mail server, or at the cloud from outside.
pub(super) fn stage(desk: &mut Desk<'_>, variant: &str, count: usize) {
    if variant == "directory" { directory(desk, count) } else { cloud(desk, count) }
}

fn directory(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let cx = desk.cx;
    let start = desk.dice.below(world.people.len());
    for number in 0..count {
        desk.wait(2, 14);
        let person = &world.people[(start + number) % world.people.len()];
        desk.hostile("password-spray", "one of many accounts on which the mail server tried a password");
        let (out, now) = (desk.plan.out("dc-security"), desk.now);
        if number % 3 == 2 {
            access::ntlm(&cx, out, now, (&person.sam, &world.hosts.ex.name), true);
        } else {
            access::ticket_refused(&cx, out, now, (&person.sam, &person.sid), &world.hosts.ex.ip);
        }
    }
}

fn cloud(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let start = desk.dice.below(world.people.len());
    for number in 0..count {
        desk.wait(3, 18);
        let person = &world.people[(start + number) % world.people.len()];
        desk.hostile("password-spray", "one of many accounts on which an outside address tried a password");
        attempt(desk, person, 50_126);
    }
    for number in 0..2 {
        desk.wait(30, 200);
        let person = spray_victim(desk, number);
        desk.hostile("password-spray", "the address that had tried many accounts signed in");
        attempt(desk, person, 0);
        desk.at_risk(Exposed::Account, &person.mail, ExposureKind::Read);
    }
}

/// What the directory of the cloud and the unified audit log write of one attempt.
fn attempt(desk: &mut Desk<'_>, person: &Person, error: u32) {
    let world = desk.cx.world;
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:91.0) Gecko/20100101 Firefox/91.0";
    let through = ["Authenticated SMTP", "IMAP4", "Other clients"][world.intruder.password.len() % 3];
    sign_in(desk, person, (through, agent), error);
    let more = format!(
        ",\"ActorIpAddress\":\"{}\",\"ErrorNumber\":\"{error}\",\"LogonError\":\"{}\",\"ExtendedProperties\":[{{\"Name\":\
         \"UserAgent\",\"Value\":\"{agent}\"}},{{\"Name\":\"RequestType\",\"Value\":\"OAuth2:Token\"}}]",
        world.intruder.cloud,
        if error == 0 { "" } else { "InvalidUserNameOrPassword" },
    );
    let action = Action {
        operation: if error == 0 { "UserLoggedIn" } else { "UserLoginFailed" },
        record_type: 15,
        workload: "AzureActiveDirectory",
        user: &person.mail,
        client: &world.intruder.cloud,
        object: "Unknown",
        result: if error == 0 { "Succeeded" } else { "Failed" },
        more: &more,
    };
    m365::add(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &action);
}

/// A sign-in from the intruder's address.
pub(super) fn sign_in(desk: &mut Desk<'_>, person: &Person, (through, agent): (&str, &str), error: u32) {
    let world = desk.cx.world;
    let place = *desk.dice.one(&[("Amsterdam", "NL"), ("Amsterdam", "NL"), ("Frankfurt", "DE")]);
    let sign_in = SignIn {
        person,
        client: &world.intruder.cloud,
        application: "Office 365 Exchange Online",
        through,
        agent,
        error,
        reason: if error == 0 {
            ""
        } else {
            "Error validating credentials due to invalid username or password."
        },
        place,
        managed: false,
    };
    entra::sign_in(desk.plan.out("entra"), &mut desk.dice, world, desk.now, &sign_in);
}
