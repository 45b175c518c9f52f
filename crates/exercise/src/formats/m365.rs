//! The unified audit log of Microsoft 365, as it is exported.

use crate::batch::{Batch, put};
use crate::calendar::{SECOND, Stamp};
use crate::dice::Dice;
use crate::formats::json;
use crate::sink::PART;
use crate::world::{Person, World};

/// What a record is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action<'a> {
    pub operation: &'a str,
    /// Number of the record type (1 Exchange administration, 2 and 50 mailbox items, 6 SharePoint,
    /// 15 sign-in).
    pub record_type: u32,
    pub workload: &'a str,
    /// Who did it.
    pub user: &'a str,
    pub client: &'a str,
    pub object: &'a str,
    /// `ResultStatus`.
    pub result: &'a str,
    /// Further members, each with a leading comma.
    pub more: &'a str,
}

/// Adds a record. Times of this log are whole seconds.
pub(crate) fn add(out: &mut Batch, dice: &mut Dice, world: &World, micros: i64, action: &Action<'_>) {
    let id = dice.guid();
    let key = super::fixed(action.user);
    let Action { operation, record_type, workload, user, client, object, result, more } = action;
    let address =
        if *record_type == 1 { format!("{client}:{}", 1024 + key % 60_000) } else { (*client).to_owned() };
    out.add(micros.div_euclid(SECOND) * SECOND, |out| {
        put!(out, "{user}");
        out.push(PART);
        put!(out, "{operation}");
        out.push(PART);
        put!(
            out,
            "{{\"CreationTime\":\"{}\",\"Id\":\"{id}\",\"Operation\":\"{operation}\",\"OrganizationId\":\"{}\",\
             \"RecordType\":{record_type},\"ResultStatus\":\"{result}\",\"UserKey\":\"{key:016X}\",\"UserType\":0,\
             \"Version\":1,\"Workload\":\"{workload}\",\"ClientIP\":\"{address}\",\"ObjectId\":\"{}\",\
             \"UserId\":\"{user}\"{more}}}",
            Stamp::new(micros).iso(),
            world.tenant,
            json(object),
        );
    });
}

/// The parameters of a command, as a list of names and values.
pub(crate) fn parameters(parameters: &[(&str, &str)]) -> String {
    let list: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{{\"Name\":\"{name}\",\"Value\":\"{}\"}}", json(value)))
        .collect();
    format!(",\"ExternalAccess\":false,\"Parameters\":[{}]", list.join(","))
}

/// How a mailbox was opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    pub user: &'a str,
    pub owner: &'a Person,
    pub client: &'a str,
    /// `Client=…` as the server records it.
    pub program: &'a str,
    /// `Bind` for single messages, `Sync` for a folder.
    pub kind: &'a str,
    pub folder: &'a str,
    pub items: usize,
}

/// Adds a `MailItemsAccessed` record.
pub(crate) fn items_accessed(
    out: &mut Batch,
    dice: &mut Dice,
    world: &World,
    micros: i64,
    access: &Access<'_>,
) {
    let items: Vec<String> = (0..access.items)
        .map(|_| format!("{{\"InternetMessageId\":\"<{:016x}@{}>\"}}", dice.word(), world.domain))
        .collect();
    let sync = if access.kind == "Sync" { "[]".to_owned() } else { format!("[{}]", items.join(",")) };
    let more = format!(
        ",\"ClientIPAddress\":\"{}\",\"ClientInfoString\":\"{}\",\"ExternalAccess\":false,\"InternalLogonType\":0,\
         \"LogonType\":{},\"MailboxGuid\":\"{}\",\"MailboxOwnerSid\":\"{}\",\"MailboxOwnerUPN\":\"{}\",\
         \"OperationProperties\":[{{\"Name\":\"MailAccessType\",\"Value\":\"{}\"}},{{\"Name\":\"IsThrottled\",\
         \"Value\":\"False\"}}],\"OrganizationName\":\"{}\",\"Folders\":[{{\"FolderItems\":{sync},\
         \"Path\":\"\\\\{}\"}}],\"OperationCount\":{}",
        access.client,
        access.program,
        if access.user == access.owner.mail { 0 } else { 2 },
        access.owner.object,
        access.owner.sid,
        access.owner.mail,
        access.kind,
        world.domain,
        access.folder,
        access.items.max(1),
    );
    let action = Action {
        operation: "MailItemsAccessed",
        record_type: 50,
        workload: "Exchange",
        user: access.user,
        client: access.client,
        object: "",
        result: "Succeeded",
        more: &more,
    };
    add(out, dice, world, micros, &action);
}
