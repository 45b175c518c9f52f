//! Settings and sign-ins in the cloud that are somebody's wish.

use super::Days;
use crate::formats::entra::{self, Change, SignIn};
use crate::formats::m365::{self, Access, Action};
use crate::story::Desk;
use crate::world::Person;

pub(super) fn stage(desk: &mut Desk<'_>, days: &Days) {
    rules(desk, days);
    abroad(desk, days);
    sanctioned(desk, days);
    old_phones(desk, days);
    shared_network(desk, days);
}

fn set(desk: &mut Desk<'_>, operation: &str, person: &Person, more: &str) {
    let world = desk.cx.world;
    let action = Action {
        operation,
        record_type: 1,
        workload: "Exchange",
        user: &person.mail,
        client: &person.home,
        object: &person.mail,
        result: "True",
        more,
    };
    m365::add(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &action);
}

/// Rules and forwarding within the house.
fn rules(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for number in 0..24 {
        days.some(desk);
        let (person, other) = (desk.dice.one(&world.people), desk.dice.one(&world.people));
        match number % 4 {
            0 | 1 => {
                desk.honest("mailbox-access", "somebody files newsletters away");
                let more = m365::parameters(&[
                    ("Name", "Newsletters"),
                    ("From", "news@gazette.example"),
                    ("MoveToFolder", "Newsletters"),
                ]);
                set(desk, "New-InboxRule", person, &more);
            }
            2 => {
                desk.honest("mailbox-access", "mail of somebody on leave goes to a colleague");
                let more = m365::parameters(&[("Name", "Leave"), ("RedirectTo", &other.mail)]);
                set(desk, "New-InboxRule", person, &more);
            }
            _ => {
                desk.honest("mailbox-access", "a shared mailbox is set up");
                let shared = format!("enquiries{number}@{}", world.domain);
                let more = m365::parameters(&[
                    ("Identity", &shared),
                    ("User", &person.mail),
                    ("AccessRights", "FullAccess"),
                ]);
                set(desk, "Add-MailboxPermission", &world.people[17 % world.people.len()], &more);
            }
        }
    }
}

/// Somebody reads their own mail from a hotel.
fn abroad(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for _ in 0..8 {
        desk.honest("mailbox-access", "somebody reads their own mail on a journey");
        days.some(desk);
        let person = desk.dice.one(&world.people);
        let client = desk.dice.one(&world.outside).clone();
        for _ in 0..6 {
            desk.wait(30, 400);
            let access = Access {
                user: &person.mail,
                owner: person,
                client: &client,
                program: "Client=OWA;Action=ViaProxy",
                kind: "Bind",
                folder: "Inbox",
                items: 1,
            };
            m365::items_accessed(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &access);
        }
    }
}

/// An administrator lets the organisation use an application.
fn sanctioned(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let admin = &world.people[17 % world.people.len()];
    for number in 0..5 {
        desk.honest("mailbox-access", "an administrator sanctions an application");
        days.some(desk);
        let name =
            ["Room Planner", "Survey Forms", "Document Signing", "Training Portal", "Press Monitor"][number];
        let change = Change {
            activity: "Consent to application",
            category: "ApplicationManagement",
            by: &admin.mail,
            client: &admin.home,
            target: name,
            target_type: "ServicePrincipal",
            properties: "{\"displayName\":\"ConsentContext.IsAdminConsent\",\"oldValue\":null,\"newValue\":\"\\\"True\\\"\"},\
                         {\"displayName\":\"ConsentAction.Permissions\",\"oldValue\":null,\"newValue\":\"\\\"[] => \
                         [[ConsentType: AllPrincipals, Scope: User.Read]]\\\"\"}",
        };
        entra::change(desk.plan.out("entra-audit"), &mut desk.dice, desk.now, &change);
    }
}

fn mistyped(desk: &mut Desk<'_>, person: &Person, client: &str, through: &str) {
    let sign_in = SignIn {
        person,
        client,
        application: "Office 365 Exchange Online",
        through,
        agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 14_7_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        error: 50_126,
        reason: "Error validating credentials due to invalid username or password.",
        place: ("London", "GB"),
        managed: false,
    };
    let world = desk.cx.world;
    entra::sign_in(desk.plan.out("entra"), &mut desk.dice, world, desk.now, &sign_in);
}

/// A phone with the former password: many failures, one person.
fn old_phones(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for _ in 0..7 {
        desk.honest("password-spray", "a phone with the former password");
        days.some(desk);
        let person = desk.dice.one(&world.people);
        for _ in 0..40 {
            desk.wait(30, 90);
            mistyped(desk, person, &person.home, "Exchange ActiveSync");
        }
    }
}

/// Several people behind one address mistype on one morning.
fn shared_network(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let client = world.outside[1].clone();
    for _ in 0..6 {
        desk.honest("password-spray", "several people behind one address mistype");
        days.some(desk);
        for _ in 0..5 {
            desk.wait(60, 600);
            let person = desk.dice.one(&world.people);
            mistyped(desk, person, &client, "Browser");
        }
    }
}
