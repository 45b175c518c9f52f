//! The Exchange server's web logs: browsers, phones, Outlook, and Exchange watching itself.

use super::Day;
use crate::calendar::SECOND;
use crate::formats::httpproxy;
use crate::formats::iis::Request;
use crate::world::Person;

/// A request, or a few that belong together.
pub(super) fn iis(day: &mut Day<'_>) {
    let micros = day.moment();
    match day.dice.weighted(&[30, 18, 14, 16, 14, 6]) {
        0 => web_mail(day, micros),
        1 => phone(day, micros),
        2 => outlook(day, micros, "/EWS/Exchange.asmx", "POST"),
        3 => outlook(day, micros, "/mapi/emsmdb/", "POST"),
        4 => probe(day, micros),
        _ => outlook(day, micros, "/Autodiscover/Autodiscover.xml", "POST"),
    }
}

fn request<'a>(day: &Day<'a>, stem: &'a str, query: &'a str, user: &'a str, client: &'a str) -> Request<'a> {
    Request {
        server: &day.cx.world.hosts.ex.ip,
        method: "GET",
        stem,
        query,
        user,
        client,
        agent: "",
        status: (200, 0, 0),
        taken: 0,
        sent: 0,
        received: 0,
    }
}

fn send(day: &mut Day<'_>, mut request: Request<'_>, micros: i64) {
    request.taken = 1 + day.dice.within(0..60) * day.dice.within(1..12);
    request.sent = 180 + day.dice.within(0..300) * day.dice.within(1..200);
    request.received = 400 + day.dice.within(0..2600);
    request.add(day.out, micros);
}

/// Somebody reads mail in a browser.
fn web_mail(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let client = if day.dice.once_in(3) { &person.ip } else { day.outside(person) };
    let agent = day.cx.honest.agent(day.dice, "browsers");
    let user = format!("{}\\{}", world.netbios, person.sam);
    if day.dice.once_in(6) {
        let pages = [
            ("GET", "/owa/auth/logon.aspx"),
            ("GET", "/owa/auth/15.1.2176/themes/resources/segoeui-regular.ttf"),
            ("POST", "/owa/auth.owa"),
            ("GET", "/owa/"),
        ];
        let query = format!("url=https%3a%2f%2fmail.{}%2fowa%2f&reason=0", world.domain);
        for (number, (method, stem)) in pages.iter().enumerate() {
            let query = if number == 0 { query.as_str() } else { "" };
            let status = if *method == "POST" { (302, 0, 0) } else { (200, 0, 0) };
            let one = Request { method, agent, status, ..request(day, stem, query, "", client) };
            send(day, one, micros + number as i64 * 4 * SECOND);
        }
        return;
    }
    for number in 0..1 + day.dice.within(0..4) as i64 {
        let action = day.dice.pick(&[
            "GetFolder",
            "FindItem",
            "GetItem",
            "SubscribeToNotification",
            "UpdateItem",
            "GetUserAvailability",
            "LogDatapoint",
        ]);
        let query = format!(
            "action={action}&EP=1&UA=0&ID=-{}&AC=1&CorrelationID={};&ClientId={:032X}&cafeReqId={};",
            day.dice.within(10..400),
            day.dice.guid(),
            crate::formats::fixed(&person.sam),
            day.dice.guid()
        );
        let one =
            Request { method: "POST", agent, ..request(day, "/owa/service.svc", &query, &user, client) };
        send(day, one, micros + number * 7 * SECOND);
    }
}

/// A phone keeps in step.
fn phone(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let client = day.outside(person);
    let agents = day.cx.honest.agents.get("phones").map_or(&[][..], Vec::as_slice);
    let agent = agents.get(person.phone).map_or("", String::as_str);
    let user = format!("{}\\{}", world.netbios, person.sam);
    let command = day.dice.pick(&["Sync", "Ping", "Sync", "FolderSync", "ItemOperations"]);
    let query = format!(
        "Cmd={command}&User={}%5c{}&DeviceId={:032X}&DeviceType=Outlook&CorrelationID=<empty>;&cafeReqId={};",
        world.netbios,
        person.sam,
        crate::formats::fixed(&person.sam),
        day.dice.guid()
    );
    let one = Request {
        method: "POST",
        agent,
        ..request(day, "/Microsoft-Server-ActiveSync/default.eas", &query, &user, client)
    };
    send(day, one, micros);
    if day.dice.once_in(40) {
        let query = format!("Email={}&Protocol=ActiveSync&RedirectCount=1", person.mail.replace('@', "%40"));
        let one = Request { agent, ..request(day, "/autodiscover/autodiscover.json", &query, "", client) };
        send(day, one, micros + SECOND);
    }
}

/// Outlook within the house, and from home.
fn outlook(day: &mut Day<'_>, micros: i64, stem: &str, method: &str) {
    let world = day.cx.world;
    let person = day.anybody();
    let client = if day.dice.once_in(4) { day.outside(person) } else { &person.ip };
    let agent = day.cx.honest.agent(day.dice, "outlook");
    let user = format!("{}\\{}", world.netbios, person.sam);
    let query = if stem.starts_with("/mapi") {
        format!(
            "MailboxId={}@{}&CorrelationID=<empty>;&cafeReqId={};",
            person.object,
            world.domain,
            day.dice.guid()
        )
    } else {
        format!("CorrelationID=<empty>;&cafeReqId={};", day.dice.guid())
    };
    if day.dice.once_in(5) {
        let refused =
            Request { method, agent, status: (401, 1, 2_148_074_254), ..request(day, stem, "", "", client) };
        send(day, refused, micros);
    }
    let one = Request { method, agent, ..request(day, stem, &query, &user, client) };
    send(day, one, micros + SECOND / 5);
}

/// Exchange and the load balancer look whether all is well.
fn probe(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let mailbox =
        format!("HealthMailbox{:07x}@{}", 0x10_3f7a1 + day.dice.within(0..6) * 0x9a3d, world.domain);
    let balancer = world.hosts.balancer.ip.as_str();
    let (stem, client, agent, user, method) = match day.dice.weighted(&[40, 20, 10, 10, 10]) {
        0 => {
            let page = day.dice.pick(&[
                "/owa/healthcheck.htm",
                "/ews/healthcheck.htm",
                "/mapi/healthcheck.htm",
                "/oab/healthcheck.htm",
                "/autodiscover/healthcheck.htm",
            ]);
            (page, balancer, "", "", "GET")
        }
        1 => ("/mapi/emsmdb/", "127.0.0.1", "AMProbe/Local/ClientAccess", mailbox.as_str(), "POST"),
        2 => ("/powershell", "127.0.0.1", "AMProbe/Local/ClientAccess", mailbox.as_str(), "GET"),
        3 => ("/EWS/Exchange.asmx", "127.0.0.1", "AMProbe/Local/ClientAccess", mailbox.as_str(), "POST"),
        _ => (
            "/Autodiscover/Autodiscover.xml",
            "127.0.0.1",
            "AMProbe/Local/ClientAccess",
            mailbox.as_str(),
            "POST",
        ),
    };
    let query = format!("&CorrelationID=<empty>;&cafeReqId={};", day.dice.guid());
    let one = Request { method, agent, ..request(day, stem, &query, user, client) };
    send(day, one, micros);
}

/// One of the front ends' logs.
struct Front<'a> {
    protocol: &'a str,
    stem: &'a str,
    action: &'a str,
    method: &'a str,
    auth: &'a str,
    agents: &'a str,
    target: u16,
}

fn front(day: &mut Day<'_>, front: &Front<'_>, person: &Person, client: &str, query: &str) {
    let world = day.cx.world;
    let micros = day.moment();
    let user = format!("{}\\{}", world.netbios, person.sam);
    let target = format!("{}:{}", world.hosts.ex.fqdn, front.target);
    let refused = day.dice.once_in(14);
    let host = format!("mail.{}", world.domain);
    let anchor = format!("Smtp~{}", person.mail);
    let agent = match front.agents {
        "probe" => "AMProbe/Local/ClientAccess",
        kind => day.cx.honest.agent(day.dice, kind),
    };
    httpproxy::Request {
        protocol: front.protocol,
        host: &host,
        stem: front.stem,
        action: front.action,
        auth: front.auth,
        user: if refused { "" } else { &user },
        anchor: if refused { "" } else { &anchor },
        agent,
        client,
        server: &world.hosts.ex.name,
        status: if refused { 401 } else { 200 },
        backend: if refused { 0 } else { 200 },
        error: if refused { "UnauthenticatedRequest" } else { "" },
        method: front.method,
        target: &target,
        query,
    }
    .add(day.out, day.dice, micros);
}

/// Outlook and phones look for their mailbox.
pub(super) fn autodiscover(day: &mut Day<'_>) {
    let person = day.anybody();
    let client = if day.dice.once_in(2) { day.outside(person) } else { &person.ip };
    let mut log = Front {
        protocol: "Autodiscover",
        stem: "/autodiscover/autodiscover.xml",
        action: "",
        method: "POST",
        auth: "Negotiate",
        agents: "outlook",
        target: 444,
    };
    let query = format!("?Email={}&Protocol=ActiveSync&RedirectCount=1", person.mail.replace('@', "%40"));
    if day.dice.once_in(12) {
        log = Front {
            stem: "/autodiscover/autodiscover.json",
            method: "GET",
            auth: "",
            agents: "phones",
            ..log
        };
        front(day, &log, person, client, &query);
    } else {
        front(day, &log, person, client, "");
    }
}

/// Calendars and programs that use web services.
pub(super) fn ews(day: &mut Day<'_>) {
    let person = day.anybody();
    let client = if day.dice.once_in(3) { day.outside(person) } else { &person.ip };
    let action =
        day.dice.pick(&["GetUserAvailability", "GetItem", "FindItem", "SyncFolderItems", "GetEvents"]);
    let log = Front {
        protocol: "Ews",
        stem: "/EWS/Exchange.asmx",
        action,
        method: "POST",
        auth: "Negotiate",
        agents: "outlook",
        target: 444,
    };
    front(day, &log, person, client, "");
}

/// Outlook.
pub(super) fn mapi(day: &mut Day<'_>) {
    let world = day.cx.world;
    let person = day.anybody();
    let client = if day.dice.once_in(4) { day.outside(person) } else { &person.ip };
    let stem = if day.dice.once_in(6) { "/mapi/nspi/" } else { "/mapi/emsmdb/" };
    let log = Front {
        protocol: "Mapi",
        stem,
        action: "",
        method: "POST",
        auth: "Negotiate",
        agents: "outlook",
        target: 444,
    };
    let query = format!("?MailboxId={}@{}", person.object, world.domain);
    front(day, &log, person, client, &query);
}

/// Administrators and monitoring use remote PowerShell.
pub(super) fn remote_powershell(day: &mut Day<'_>) {
    let world = day.cx.world;
    let admin = &world.people[day.dice.below(4) * 17 % world.people.len()];
    let agents = if day.dice.once_in(4) { "outlook" } else { "probe" };
    let client = if agents == "probe" { "127.0.0.1" } else { world.hosts.jump.ip.as_str() };
    let log = Front {
        protocol: "PowerShell",
        stem: "/powershell",
        action: "",
        method: "POST",
        auth: "Kerberos",
        agents,
        target: 444,
    };
    front(day, &log, admin, client, "?clientApplication=ManagementShell;PSVersion=5.1.14393.4467");
}

/// Browsers.
pub(super) fn owa(day: &mut Day<'_>) {
    let person = day.anybody();
    let client = if day.dice.once_in(3) { &person.ip } else { day.outside(person) };
    let action = day.dice.pick(&["GetFolder", "FindItem", "GetItem", "GetUserAvailability"]);
    let log = Front {
        protocol: "Owa",
        stem: "/owa/service.svc",
        action,
        method: "POST",
        auth: "FBA",
        agents: "browsers",
        target: 444,
    };
    let query = format!("?action={action}&EP=1&ID=-{}&AC=1", day.dice.within(10..400));
    front(day, &log, person, client, &query);
}

/// The administrators' and the self-service pages.
pub(super) fn ecp(day: &mut Day<'_>) {
    let world = day.cx.world;
    let person = day.anybody();
    if day.dice.once_in(3) {
        let client = day.outside(person);
        let page = day.dice.pick(&[
            "/ecp/",
            "/ecp/MyOptions/AccountInformation.aspx",
            "/ecp/Organize/InboxRules.slab",
            "/ecp/DDI/DDIService.svc/GetList",
        ]);
        let log = Front {
            protocol: "Ecp",
            stem: page,
            action: "",
            method: "GET",
            auth: "FBA",
            agents: "browsers",
            target: 444,
        };
        front(day, &log, person, client, "?exsvurl=1&p=0");
    } else {
        let log = Front {
            protocol: "Ecp",
            stem: "/ecp/exhealth.check",
            action: "",
            method: "GET",
            auth: "",
            agents: "probe",
            target: 444,
        };
        front(day, &log, person, &world.hosts.balancer.ip, "");
    }
}
