//! Browsing through the proxy, and mailboxes that were collected.

use super::{Day, tracking};
use crate::formats::mail;
use crate::formats::proxy::Request;
use crate::honest::filled;

/// A page, or what belongs to it.
pub(super) fn proxy(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let person = day.anybody();
    if day.dice.once_in(60) {
        return server_update(day, micros);
    }
    let (Some(sites), Some(paths)) = (day.cx.honest.web.get("sites"), day.cx.honest.web.get("paths")) else {
        return;
    };
    let host = format!("www.{}.example", day.dice.text(sites));
    let agent = day.cx.honest.agents.get("browsers").map_or("", |agents| agents[0].as_str());
    let user = format!("{}\\\\{}", world.netbios, person.sam);
    let upload = day.dice.once_in(70);
    let path = if upload {
        "/upload/session".to_owned()
    } else {
        filled(day.dice.text(paths), day.dice, "", "", "")
    };
    let request = Request {
        client: &person.ip,
        user: &user,
        method: if upload { "PUT" } else { day.dice.pick(&["GET", "GET", "GET", "GET", "POST"]) },
        scheme: "https",
        host: if upload { "storage.sharepoint.example" } else { &host },
        path: &path,
        status: *day.dice.one(&[200, 200, 200, 200, 304, 204, 404]),
        agent,
        kind: day.dice.pick(&["text/html", "application/json", "image/png", "application/javascript"]),
        sent: 300 + day.dice.within(0..400) * day.dice.within(1..800),
        received: if upload { day.dice.within(200_000..30_000_000) } else { day.dice.within(300..4000) },
        taken: day.dice.within(3..900),
    };
    request.add(day.out, micros);
}

/// A server fetches updates.
fn server_update(day: &mut Day<'_>, micros: i64) {
    let hosts = &day.cx.world.hosts;
    let client = *day.dice.one(&[&hosts.ex.ip, &hosts.fs.ip, &hosts.dc.ip]);
    let path = format!("/d/msdownload/update/software/defu/{:x}.cab", day.dice.word());
    let request = Request {
        client,
        user: "-",
        method: day.dice.pick(&["GET", "HEAD", "GET", "POST"]),
        scheme: "http",
        host: "download.windowsupdate.example",
        path: &path,
        status: 200,
        agent: "Microsoft-Delivery-Optimization/10.0",
        kind: "application/vnd.ms-cab-compressed",
        sent: day.dice.within(4000..20_000_000),
        received: day.dice.within(300..3000),
        taken: day.dice.within(20..9000),
    };
    request.add(day.out, micros);
}

/// A message of a mailbox that was exported for the investigation.
pub(super) fn mbox(day: &mut Day<'_>) {
    message(day, true);
}

/// A message of the shared mailbox.
pub(super) fn maildir(day: &mut Day<'_>) {
    message(day, false);
}

fn message(day: &mut Day<'_>, mbox: bool) {
    let world = day.cx.world;
    let micros = day.moment();
    let person = day.anybody();
    let sender = tracking::correspondent(day);
    let subject = tracking::subject(day);
    let name = sender.split('@').next().unwrap_or_default().replace('.', " ");
    let topic = day.dice.one(&world.names.topics).to_lowercase();
    let body = format!(
        "Dear {},\n\nThank you for your note about {topic}. Could we speak on {}? I attach what we have so far.\n\n\
         Kind regards\n{name}\n",
        person.forename,
        day.dice.pick(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"])
    );
    let content: Vec<u8> = (0..day.dice.within(400..3000)).map(|_| b'a' + day.dice.below(26) as u8).collect();
    let document = format!("{} {}.txt", day.dice.one(&world.names.documents), day.dice.within(1..30));
    let host = format!("mx1.{}", sender.rsplit('@').next().unwrap_or_default());
    let client = day.dice.one(&world.outside).clone();
    let display = person.display();
    let attached = day.dice.once_in(4);
    let message = mail::Message {
        from: (&name, &sender),
        to: (&display, &person.mail),
        subject: &subject,
        body: &body,
        attachment: attached.then_some((&document, content.as_slice())),
        from_host: (&host, &client),
        by_host: &world.hosts.gw.fqdn,
    };
    mail::add(day.out, day.dice, micros, mbox, &message);
}
