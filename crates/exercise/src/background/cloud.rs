//! Microsoft 365, Entra and the account that holds backups.

use super::{Day, shares, tracking};
use crate::formats::cloudtrail::{self, Call};
use crate::formats::entra::{self, Change, SignIn};
use crate::formats::m365::{self, Access, Action};
use crate::world::Person;

/// One record of the unified audit log.
pub(super) fn m365(day: &mut Day<'_>) {
    let micros = day.moment();
    let person = day.anybody();
    let client = day.outside(person);
    let action = Action {
        operation: "FileAccessed",
        record_type: 6,
        workload: "SharePoint",
        user: &person.mail,
        client,
        object: "",
        result: "Succeeded",
        more: "",
    };
    match day.dice.weighted(&[44, 14, 10, 14, 3, 6, 6]) {
        0 => document(day, micros, person, &action),
        1 => signed_in(day, micros, &action),
        2 => own_mailbox(day, micros),
        3 => talk(day, micros, &action),
        4 => absence(day, micros, person, &action),
        5 => tidied(day, micros, person, &action),
        _ => refused(day, micros, &action),
    }
}

/// A document in the cloud.
fn document(day: &mut Day<'_>, micros: i64, person: &Person, action: &Action<'_>) {
    let world = day.cx.world;
    let operations = ["FileAccessed", "FilePreviewed", "FileModified", "FileDownloaded", "PageViewed"];
    let operation = day.dice.pick(&operations);
    let file = shares::document(day).replace('\\', "/");
    let name = file.rsplit('/').next().unwrap_or_default();
    let site = person.department.replace(' ', "");
    let host = world.domain.replace('.', "-");
    let object = format!("https://{host}.sharepoint.example/sites/{site}/Documents/{file}");
    let agent = day.cx.honest.agent(day.dice, "browsers");
    let more = format!(
        ",\"CorrelationId\":\"{}\",\"EventSource\":\"SharePoint\",\"ItemType\":\"File\",\"SiteUrl\":\
         \"https://{host}.sharepoint.example/sites/{site}/\",\"SourceFileName\":\"{name}\",\
         \"SourceRelativeUrl\":\"Documents\",\"UserAgent\":\"{}\",\"ListItemUniqueId\":\"{}\"",
        day.dice.guid(),
        crate::formats::json(agent),
        day.dice.guid(),
    );
    m365::add(
        day.out,
        day.dice,
        world,
        micros,
        &Action { operation, object: &object, more: &more, ..*action },
    );
}

fn signed_in(day: &mut Day<'_>, micros: i64, action: &Action<'_>) {
    let agent = day.cx.honest.agent(day.dice, "browsers");
    let more = format!(
        ",\"ActorIpAddress\":\"{}\",\"ExtendedProperties\":[{{\"Name\":\"UserAgent\",\"Value\":\"{}\"}},\
         {{\"Name\":\"RequestType\",\"Value\":\"OAuth2:Authorize\"}}],\
         \"ApplicationId\":\"{:08x}-0000-0ff1-ce00-000000000000\"",
        action.client,
        crate::formats::json(agent),
        crate::formats::fixed("Office")
    );
    directory_action(day, micros, &Action { operation: "UserLoggedIn", more: &more, ..*action });
}

fn refused(day: &mut Day<'_>, micros: i64, action: &Action<'_>) {
    let more = ",\"ModifiedProperties\":[]";
    directory_action(
        day,
        micros,
        &Action { operation: "UserLoginFailed", result: "Failed", more, ..*action },
    );
}

fn directory_action(day: &mut Day<'_>, micros: i64, action: &Action<'_>) {
    let action = Action { record_type: 15, workload: "AzureActiveDirectory", object: "Unknown", ..*action };
    m365::add(day.out, day.dice, day.cx.world, micros, &action);
}

fn talk(day: &mut Day<'_>, micros: i64, action: &Action<'_>) {
    let operations = ["MessageSent", "ReactedToMessage", "MeetingParticipantDetail", "TeamsSessionStarted"];
    let operation = day.dice.pick(&operations);
    let thread = u128::from(day.dice.word());
    let more =
        format!(",\"CommunicationType\":\"GroupChat\",\"ChatThreadId\":\"19:{thread:032x}@thread.v2\"");
    let action = Action { operation, record_type: 25, workload: "MicrosoftTeams", more: &more, ..*action };
    m365::add(day.out, day.dice, day.cx.world, micros, &action);
}

fn absence(day: &mut Day<'_>, micros: i64, person: &Person, action: &Action<'_>) {
    let more = m365::parameters(&[("Identity", &person.mail), ("AutoReplyState", "Scheduled")]);
    let operation = "Set-MailboxAutoReplyConfiguration";
    let (object, result) = (person.mail.as_str(), "True");
    let action =
        Action { operation, record_type: 1, workload: "Exchange", object, result, more: &more, ..*action };
    m365::add(day.out, day.dice, day.cx.world, micros, &action);
}

/// Somebody moves, deletes or sends a message of their own.
fn tidied(day: &mut Day<'_>, micros: i64, person: &Person, action: &Action<'_>) {
    let operation = day.dice.pick(&["SoftDelete", "MoveToDeletedItems", "Move", "Send"]);
    let subject = tracking::subject(day);
    let more = format!(
        ",\"ClientIPAddress\":\"{}\",\"ClientInfoString\":\"Client=OWA;Action=ViaProxy\",\"LogonType\":0,\
         \"MailboxOwnerUPN\":\"{}\",\"MailboxGuid\":\"{}\",\"AffectedItems\":[{{\"Subject\":\"{subject}\",\
         \"ParentFolder\":{{\"Path\":\"\\\\Inbox\"}}}}]",
        action.client, person.mail, person.object
    );
    let action = Action { operation, record_type: 3, workload: "Exchange", more: &more, ..*action };
    m365::add(day.out, day.dice, day.cx.world, micros, &action);
}

/// Somebody's own Outlook keeps in step, or they read a message.
fn own_mailbox(day: &mut Day<'_>, micros: i64) {
    let person = day.anybody();
    let sync = day.dice.once_in(3);
    let folder = day.dice.pick(&["Inbox", "Sent Items", "Calendar", "Archive"]);
    let access = Access {
        user: &person.mail,
        owner: person,
        client: &person.home,
        program: if sync { "Client=Outlook;Microsoft Office/16.0" } else { "Client=OWA;Action=ViaProxy" },
        kind: if sync { "Sync" } else { "Bind" },
        folder,
        items: 1 + day.dice.below(4),
    };
    m365::items_accessed(day.out, day.dice, day.cx.world, micros, &access);
}

/// A sign-in; now and then a mistyped password.
pub(super) fn sign_ins(day: &mut Day<'_>) {
    let micros = day.moment();
    let person = day.anybody();
    let client = day.outside(person);
    let (error, reason) = match day.dice.weighted(&[1000, 18, 14, 8]) {
        0 => (0, ""),
        1 => (50_126, "Error validating credentials due to invalid username or password."),
        2 => (50_140, "This occurred due to 'Keep me signed in' interrupt when the user was signing-in."),
        _ => (50_074, "Strong Authentication is required."),
    };
    let application = day.dice.pick(&[
        "Office 365 Exchange Online",
        "Microsoft Teams",
        "Office 365 SharePoint Online",
        "OfficeHome",
        "Microsoft Office",
    ]);
    let agent = day.cx.honest.agent(day.dice, "browsers");
    let city =
        day.dice.pick(&["London", "London", "London", "Cardiff", "Edinburgh", "Belfast", "Manchester"]);
    let through = if day.dice.once_in(3) { "Mobile Apps and Desktop clients" } else { "Browser" };
    let sign_in = SignIn {
        person,
        client,
        application,
        through,
        agent,
        error,
        reason,
        place: (city, "GB"),
        managed: !day.dice.once_in(5),
    };
    entra::sign_in(day.out, day.dice, day.cx.world, micros, &sign_in);
}

/// A change in the cloud's directory.
pub(super) fn directory(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let person = day.anybody();
    let admin = &world.people[day.dice.below(4) * 17 % world.people.len()];
    let (activity, category, target) = match day.dice.weighted(&[40, 30, 15, 15]) {
        0 => ("Update user", "UserManagement", "User"),
        1 => ("Change user license", "UserManagement", "User"),
        2 => ("Add member to group", "GroupManagement", "Group"),
        _ => ("Reset user password", "UserManagement", "User"),
    };
    let change = Change {
        activity,
        category,
        by: &admin.mail,
        client: &admin.home,
        target: &person.mail,
        target_type: target,
        properties: "{\"displayName\":\"Included Updated Properties\",\"oldValue\":null,\"newValue\":\"\\\"Department\\\"\"}",
    };
    entra::change(day.out, day.dice, micros, &change);
}

/// Backup jobs write to storage in the cloud; monitoring looks on.
pub(super) fn trail(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let backup = &world.services.backup.sam;
    let bucket = format!("{}-backup", world.domain.split('.').next().unwrap_or_default());
    let gateway = &world.outside[0];
    let listing = format!("{{\"bucketName\":\"{bucket}\",\"Host\":\"{bucket}.s3.eu-west-2.amazonaws.com\"}}");
    let object =
        format!("{{\"bucketName\":\"{bucket}\",\"key\":\"nightly/{:08x}.vbk\"}}", day.dice.word() as u32);
    let metrics = "{\"namespace\":\"AWS/S3\"}";
    let call = Call {
        who: backup,
        role: false,
        service: "s3",
        name: "PutObject",
        client: gateway,
        agent: "[Backup-Agent/11.0]",
        parameters: &object,
        read_only: false,
    };
    let call = match day.dice.weighted(&[40, 20, 20, 12, 6]) {
        0 => call,
        1 => Call { name: "ListObjects", parameters: &listing, read_only: true, ..call },
        2 => Call {
            who: "monitoring",
            role: true,
            service: "monitoring",
            name: "DescribeAlarms",
            client: "monitoring.amazonaws.com",
            agent: "monitoring.amazonaws.com",
            parameters: metrics,
            read_only: true,
        },
        3 => Call { name: "GetBucketLocation", parameters: &listing, read_only: true, ..call },
        _ => Call {
            who: "config-recorder",
            role: true,
            service: "sts",
            name: "AssumeRole",
            client: "config.amazonaws.com",
            agent: "config.amazonaws.com",
            parameters: "{\"roleSessionName\":\"AWSConfig-Describe\"}",
            read_only: true,
        },
    };
    cloudtrail::add(day.out, day.dice, world, micros, &call);
}
