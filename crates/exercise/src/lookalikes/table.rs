//! Those that `exercises/lookalikes.toml` lists: programs, files, cmdlets and requests.

use serde::Deserialize;

use super::Days;
use crate::ExerciseError;
use crate::formats::iis::Request;
use crate::formats::windows::{self, Cmdlet, Process, Who};
use crate::story::Desk;
use crate::world::Host;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    program: Vec<ProgramRow>,
    file: Vec<FileRow>,
    cmdlet: Vec<CmdletRow>,
    request: Vec<RequestRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramRow {
    technique: String,
    kind: String,
    host: String,
    times: usize,
    who: String,
    image: String,
    command: String,
    parent: String,
    parent_command: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    technique: String,
    kind: String,
    host: String,
    times: usize,
    burst: usize,
    image: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CmdletRow {
    technique: String,
    kind: String,
    times: usize,
    burst: usize,
    name: String,
    parameters: String,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestRow {
    technique: String,
    kind: String,
    times: usize,
    burst: usize,
    method: String,
    stem: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    user: String,
    client: String,
    #[serde(default)]
    agents: String,
    status: u16,
    #[serde(default)]
    sent: u64,
}

/// Stages the whole table.
pub(super) fn stage(desk: &mut Desk<'_>, days: &Days) -> Result<(), ExerciseError> {
    let table: Table = toml::from_str(include_str!("../../../../exercises/lookalikes.toml"))
        .map_err(|error| ExerciseError::Data { file: "lookalikes.toml", what: error.to_string() })?;
    for row in &table.program {
        repeated(desk, days, (&row.technique, &row.kind), (row.times, 1), |desk| program(desk, row));
    }
    for row in &table.file {
        repeated(desk, days, (&row.technique, &row.kind), (row.times, row.burst), |desk| file(desk, row));
    }
    for row in &table.cmdlet {
        repeated(desk, days, (&row.technique, &row.kind), (row.times, row.burst), |desk| cmdlet(desk, row));
    }
    for row in &table.request {
        repeated(desk, days, (&row.technique, &row.kind), (row.times, row.burst), |desk| request(desk, row));
    }
    Ok(())
}

fn repeated(
    desk: &mut Desk<'_>,
    days: &Days,
    (technique, kind): (&str, &str),
    (times, burst): (usize, usize),
    mut one: impl FnMut(&mut Desk<'_>),
) {
    desk.honest(technique, kind);
    for _ in 0..times {
        days.some(desk);
        for _ in 0..burst {
            desk.wait(1, 20);
            one(desk);
        }
    }
}

fn filled(desk: &mut Desk<'_>, text: &str) -> String {
    let world = desk.cx.world;
    let (person, other, admin) =
        (desk.dice.one(&world.people), desk.dice.one(&world.people), desk.dice.one(&world.admins));
    let number = desk.dice.within(10_000..99_999).to_string();
    let pairs: [(&str, &str); 9] = [
        ("{user!}", &format!("{}\\{}", world.netbios, person.sam)),
        ("{user%}", &person.mail.replace('@', "%40")),
        (
            "{user}",
            if text.contains("Users\\") || text.contains("Profiles$") {
                &world.people[0].sam
            } else {
                &person.mail
            },
        ),
        ("{other}", &other.mail),
        ("{admin}", &admin.sam),
        ("{domain}", &world.domain),
        ("{host}", &world.hosts.fs.name),
        ("{backup}", &world.hosts.backup.name),
        ("{number}", &number),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn host<'a>(desk: &Desk<'a>, role: &str) -> &'a Host {
    let hosts = &desk.cx.world.hosts;
    match role {
        "fs" => &hosts.fs,
        "ws" => &hosts.desk,
        _ => &hosts.ex,
    }
}

fn program(desk: &mut Desk<'_>, row: &ProgramRow) {
    let world = desk.cx.world;
    let host = host(desk, &row.host);
    let command = filled(desk, &row.command);
    let parent_command = filled(desk, &row.parent_command);
    let admin = desk.dice.one(&world.admins);
    let who = match row.who.as_str() {
        "system" => Who::system(world, host),
        "user" => Who::person(world, &world.people[0]),
        _ => Who::account(world, admin, 0xb00_0000 + desk.dice.within(0..0x1000_0000)),
    };
    let process = Process {
        image: &row.image,
        command: &command,
        parent: &row.parent,
        parent_command: &parent_command,
        directory: if row.who == "system" { "C:\\Windows\\system32\\" } else { "C:\\Users\\" },
        who: &who,
        pid: desk.pid(),
        parent_pid: 4 * desk.dice.within(150..900),
    };
    let cx = desk.cx;
    process.sysmon(&cx, desk.plan.out(&format!("{}-sysmon", row.host)), desk.now, host);
    process.security(&cx, desk.plan.out(&format!("{}-security", row.host)), desk.now + 600);
}

fn file(desk: &mut Desk<'_>, row: &FileRow) {
    let host = host(desk, &row.host);
    let path = filled(desk, &row.path);
    let cx = desk.cx;
    windows::file_created(
        &cx,
        desk.plan.out(&format!("{}-sysmon", row.host)),
        desk.now,
        host,
        &row.image,
        &path,
    );
}

fn cmdlet(desk: &mut Desk<'_>, row: &CmdletRow) {
    let world = desk.cx.world;
    let parameters = filled(desk, &row.parameters);
    let admin = desk.dice.one(&world.admins);
    let caller = format!("{}/Admins/{}", world.realm, admin.sam);
    let cmdlet = Cmdlet {
        name: &row.name,
        parameters: &parameters,
        caller: &caller,
        caller_sid: &admin.sid,
        host: "w3wp#MSExchangePowerShellAppPool",
        error: &row.error,
    };
    let cx = desk.cx;
    cmdlet.add(&cx, desk.plan.out("ex-management"), desk.now);
}

fn request(desk: &mut Desk<'_>, row: &RequestRow) {
    let world = desk.cx.world;
    let (stem, query) = (filled(desk, &row.stem), filled(desk, &row.query));
    let user = filled(desk, &row.user);
    let person = desk.dice.one(&world.people);
    let client = match row.client.as_str() {
        "scanner" => &world.hosts.scanner.ip,
        "monitor" => &world.hosts.monitor.ip,
        "jump" => &world.hosts.jump.ip,
        "inside" => &person.ip,
        _ => &person.home,
    };
    let agent = match row.agents.as_str() {
        "" if row.client == "scanner" => "Mozilla/5.0 (compatible; vulnerability scan)",
        "" => "",
        kind => desk.cx.honest.agent(&mut desk.dice, kind),
    };
    let request = Request {
        server: &world.hosts.ex.ip,
        method: &row.method,
        stem: &stem,
        query: &query,
        user: &user,
        client,
        agent,
        status: (row.status, 0, if row.status == 404 { 2 } else { 0 }),
        taken: desk.dice.within(1..400),
        sent: row.sent + desk.dice.within(300..9000),
        received: desk.dice.within(300..2000),
    };
    request.add(desk.plan.out("ex-iis"), desk.now);
}
