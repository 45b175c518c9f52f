//! The campaign: senders who pose as journalists and learn who opens their mail.

use super::attach;
use super::data::Service;
use super::grammar::capital;
use super::mime::{Body, Coding, escape, mailbox, words};
use super::people::{Person, name, plain};
use super::service::{Filled, token};
use super::way::{Draft, Way, message_id};
use super::world::{Folder, Item, What, World};
use crate::calendar::{DAY, HOUR, MINUTE, Rhythm, is_free, midnight};
use crate::dice::Dice;
use crate::formats::fixed;

/// How well the campaign hides.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// One text for each sender, one host.
    #[default]
    Easy,
    /// Several texts for each sender, in turn.
    Medium,
    /// Every text is put in other words, hosts change and carry the tokens, and the bulk-mail services
    /// are those of honest newsletters.
    Hard,
}

impl Difficulty {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

/// One account on the bulk-mail service.
#[derive(Clone, Debug)]
struct Sender {
    person: Person,
    /// Name as it stands in `From`, where that does not vary.
    shown: String,
    outlet: String,
    domain: String,
    tracking: String,
    service: usize,
    shape: &'static str,
    role: String,
    path: &'static str,
}

/// One mail of the campaign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub sender: usize,
    pub wave: usize,
    pub owner: u16,
    pub micros: i64,
}

/// The campaign as it is planned.
#[derive(Clone, Debug)]
pub(super) struct Campaign {
    difficulty: Difficulty,
    senders: Vec<Sender>,
    pub sent: Vec<Sent>,
}

/// How a mail tells that it was opened.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub draft: Draft,
    /// What is asked for when it is opened.
    pub beacon: String,
    pub token: String,
    /// What carries the token: `link`, `document` or the like.
    pub carrier: &'static str,
}

impl Campaign {
    pub(super) fn plan(world: &World, difficulty: Difficulty) -> Self {
        let tables = &world.tables;
        let hostile = &tables.data.hostile;
        let mut dice = world.dice("hostile", 0);
        let senders: Vec<Sender> =
            (0..hostile.senders).map(|number| sender(world, difficulty, number, &mut dice)).collect();
        let (first, last) = (midnight(hostile.first), midnight(hostile.last));
        let each = hostile.mails / hostile.senders;
        let mut order: Vec<u16> = (0..world.owners.len() as u16).collect();
        dice.shuffle(&mut order);
        let mut sent = Vec::new();
        for sender in 0..senders.len() {
            // Every sender begins where the last one stopped, so that most mailboxes get some.
            let targets: Vec<u16> = (0..each).map(|at| order[(sender * each + at) % order.len()]).collect();
            let waves = 1.max(hostile.waves);
            for wave in 0..waves {
                let span = (last - first) / waves as i64;
                let mut start =
                    first + wave as i64 * span + dice.within(0..(span / DAY).max(1) as u64) as i64 * DAY;
                while is_free(crate::calendar::civil(start).date(), &tables.data.holidays) {
                    start += DAY;
                }
                let opening = start + dice.within(7..13) as i64 * HOUR;
                let of_wave = &targets[wave * each / waves..(wave + 1) * each / waves];
                for (place, owner) in of_wave.iter().enumerate() {
                    let micros = if difficulty == Difficulty::Hard {
                        Rhythm::Office.moment(&mut dice, start + (place % 3) as i64 * DAY)
                    } else {
                        opening + place as i64 * 4 * MINUTE + dice.within(0..MINUTE as u64) as i64
                    };
                    sent.push(Sent { sender, wave, owner: *owner, micros });
                }
            }
        }
        Self { difficulty, senders, sent }
    }

    pub(super) fn items(&self, items: &mut Vec<Item>) {
        items.extend(self.sent.iter().enumerate().map(|(number, sent)| Item {
            micros: sent.micros,
            owner: sent.owner,
            folder: Folder::Inbox,
            what: What::Hostile(number as u32),
        }));
    }

    /// Who a mail comes from, and the outlet that it claims.
    pub(super) fn claims(&self, number: u32) -> (&str, &str) {
        let sender = &self.senders[self.sent[number as usize].sender];
        (&sender.person.address, &sender.outlet)
    }

    /// Hosts' domains of all senders.
    pub(super) fn domains(&self) -> Vec<String> {
        let all = self.senders.iter().flat_map(|sender| [sender.domain.clone(), sender.tracking.clone()]);
        let mut all: Vec<String> = all.collect();
        all.sort();
        all.dedup();
        all
    }

    /// One of its mails.
    pub(super) fn mail(&self, world: &World, item: &Item, number: u32) -> Told {
        let sent = self.sent[number as usize];
        let sender = &self.senders[sent.sender];
        let mut own = world.dice("hostile-mail", u64::from(number));
        let tables = &world.tables;
        // What the dice of the text depend on decides how many mails share it.
        let text_key = match self.difficulty {
            Difficulty::Easy => sent.sender as u64,
            Difficulty::Medium => (sent.sender * 8 + (number as usize % 4)) as u64,
            Difficulty::Hard => 1_000_000 + u64::from(number),
        };
        let mut text = world.dice("hostile-text", text_key);
        let story = match self.difficulty {
            Difficulty::Easy => sent.sender,
            Difficulty::Medium => sent.sender + number as usize % 2,
            Difficulty::Hard => text.below(tables.stories.len()),
        } % tables.stories.len();
        let story = &tables.stories[story];
        let owner = world.person(item.owner);
        let whole = owner.name();
        let me = sender.person.name();
        let vars = [
            ("first", owner.first.as_str()),
            ("last", owner.last.as_str()),
            ("name", whole.as_str()),
            ("me", me.as_str()),
            ("outlet", sender.outlet.as_str()),
            ("story", story.title.as_str()),
        ];
        let lies = &tables.lies;
        let hard = self.difficulty == Difficulty::Hard;
        let subject = capital(&lies.say(&mut text, "subject", &vars));
        let say = |text: &mut Dice, pool: &str| lies.say(text, pool, &vars);
        let opening = format!("{}.", capital(&say(&mut text, "who")));
        let why = format!("{}.", say(&mut text, "why"));
        let mut lines: Vec<String> =
            story.lines.iter().map(|line| capital(&lies.fill(&mut text, line, &vars))).collect();
        if hard {
            let left_out = text.below(lines.len());
            lines.remove(left_out);
        }
        let asks = say(&mut text, "ask");
        let more = if !hard || text.once_in(2) { say(&mut text, "ask") } else { String::new() };
        let greeting = say(&mut text, "greeting");
        let close = say(&mut text, "close");
        let button = say(&mut text, "button");
        let quote = lines.join(" ");
        // Some of those who hide well lead to the real article, too.
        let outlet = tables.data.outlet.iter().find(|outlet| hard && outlet.name == sender.outlet);
        let source = outlet.filter(|_| text.once_in(6)).map_or_else(String::new, |outlet| {
            format!("https://www.{}/{}", outlet.domain, plain(&story.title.replace(' ', "-")))
        });
        let pieces = Pieces {
            greeting,
            opening,
            why,
            quote,
            source,
            asks: format!("{asks} {more}").trim().to_owned(),
            close,
            button,
        };
        let key = fixed(&format!("{}.hostile.{number}.{}", world.seed, owner.address));
        let mark = token(sender.shape, key);
        let urls = self.urls(world, sender, sent, key, &mark, story, &owner.address);
        let (mut body, carrier, beacon) = page(sender, &pieces, &urls, &mut text, hard);
        let (mut beacon, mut carrier) = (beacon, carrier);
        if own.within(0..100) < tables.data.hostile.attached {
            let (file, kind, url) = attachment(&pieces, &urls, &mut own);
            carrier = kind;
            beacon = url;
            body = Body::Many("mixed", vec![body_without(&pieces, sender), file]);
        }
        let shown =
            if hard { shown(&sender.person, &sender.outlet, text.below(6)) } else { sender.shown.clone() };
        let service = &world.services()[sender.service];
        let mut fields = vec![
            ("From", mailbox(&shown, &sender.person.address)),
            ("To", mailbox(if own.once_in(2) { &whole } else { "" }, &owner.address)),
            ("Subject", words(&subject)),
            ("Message-ID", message_id(&mut own, item.micros, &service.domain)),
        ];
        if !hard || own.once_in(2) {
            fields.push(("List-Unsubscribe", format!("<{}>", urls.leave)));
        }
        fields.push(("X-Mailer", format!("{} {}", service.name, 3 + sent.sender % 4)));
        let envelope = format!("bounce-{}@mail.{}", key % 1_000_000_007, sender.domain);
        let way = Way {
            host: service.mta.replace("{n}", &(1 + key % 40).to_string()),
            envelope,
            spf: "pass",
            dmarc: "pass",
            signed: vec![(sender.domain.clone(), "k1"), (service.domain.clone(), "mail")],
            inner: format!("app{}.int.{}", 1 + key % 9, service.domain),
        };
        let draft = Draft {
            micros: item.micros,
            zone: sender.person.zone,
            from: sender.person.address.clone(),
            fields,
            body,
            way: Some(way),
        };
        Told { draft, beacon, token: mark, carrier }
    }

    #[allow(clippy::too_many_arguments)]
    fn urls(
        &self,
        world: &World,
        sender: &Sender,
        sent: Sent,
        key: u64,
        mark: &str,
        story: &super::data::Story,
        address: &str,
    ) -> Urls {
        let slug: String = plain(&story.title.replace(' ', "-"));
        let service: &Service = &world.services()[sender.service];
        let path = sender.path.replace("{t}", mark);
        let base = sender.tracking.trim_end_matches(".example");
        match (self.difficulty, sent.sender % 3) {
            // Addresses of the service itself, as its honest customers have them.
            (Difficulty::Hard, 0) => {
                let code = plain(&sender.outlet.replace(' ', ""));
                let issue = (1000 + sent.wave * 7 + sent.sender).to_string();
                let domain = &sender.domain;
                let filled = Filled { service, domain, code: &code, issue, address, key };
                let target = format!("https://www.{domain}/{slug}");
                Urls { pixel: filled.pixel(), link: filled.link(0, &target), leave: filled.unsubscribe() }
            }
            // The token is part of the name of the host.
            (Difficulty::Hard, 1) => {
                let label = token("hex16", key);
                let host =
                    format!("{label}.{}{}.example", base, ["", "-eu", "-a", "-static"][key as usize % 4]);
                Urls {
                    pixel: format!(
                        "https://{host}/{}.gif",
                        ["s", "p", "logo", "spacer"][(key >> 8) as usize % 4]
                    ),
                    link: format!("https://{host}/{slug}"),
                    leave: format!("https://{host}/leave"),
                }
            }
            (Difficulty::Hard, _) => {
                let sub = ["img", "media", "static", "assets", "cdn", "i", "pics"][key as usize % 7];
                let host = format!(
                    "{sub}{}.{}{}.example",
                    (key >> 8) % 9,
                    base,
                    ["", "-net", "-one"][(key >> 16) as usize % 3]
                );
                Urls {
                    pixel: format!("https://{host}{path}"),
                    link: format!("https://{host}/read/{slug}?m={mark}"),
                    leave: format!("https://{host}/u/{mark}"),
                }
            }
            _ => Urls {
                pixel: format!("https://img.{}{path}", sender.tracking),
                link: format!("https://www.{}/{slug}?ref={mark}", sender.tracking),
                leave: format!("https://www.{}/unsubscribe/{mark}", sender.tracking),
            },
        }
    }
}

fn sender(world: &World, difficulty: Difficulty, number: usize, dice: &mut Dice) -> Sender {
    let tables = &world.tables;
    let persona = &tables.data.hostile.persona[number % tables.data.hostile.persona.len()];
    let (first, last) = name(tables, dice, 50);
    let local = match dice.below(4) {
        0 => format!("{}.{}", plain(&first), plain(&last)),
        1 => format!("{}{}", &plain(&first)[..1], plain(&last)),
        2 => dice.pick(&["news", "editor", "newsroom", "desk", "redaction"]).to_owned(),
        _ => plain(&first),
    };
    let zone = ["+0000", "+0100", "+0200", "-0500"][dice.below(4)];
    let person = Person { first, last, address: format!("{local}@{}", persona.domain), zone };
    let shown = shown(&person, &persona.outlet, dice.below(5));
    let service = match difficulty {
        Difficulty::Hard => world.service(dice, false),
        _ => tables.data.service.iter().position(|service| service.name == "Sendfield").unwrap_or(0),
    };
    Sender {
        shown,
        outlet: persona.outlet.clone(),
        domain: persona.domain.clone(),
        tracking: persona.tracking.clone(),
        service,
        shape: ["hex32", "uuid", "base64url", "mixed12", "hex16"][dice.below(5)],
        role: tables.lies.say(dice, "role", &[]),
        path: ["/o/{t}.png", "/img/{t}/logo.gif", "/pixel?id={t}", "/t/{t}", "/mail/banner.jpg?u={t}"]
            [dice.below(5)],
        person,
    }
}

/// How a sender calls itself; the sixth way leaves the outlet to the signature.
fn shown(person: &Person, outlet: &str, way: usize) -> String {
    match way {
        0 => format!("{} | {outlet}", person.name()),
        1 => format!("{outlet} News"),
        2 => format!("{} ({outlet})", person.name()),
        3 => format!("{}, {outlet}", person.name()),
        4 => format!("{outlet} - {}", person.last),
        _ => person.name(),
    }
}

struct Urls {
    pixel: String,
    link: String,
    leave: String,
}

struct Pieces {
    greeting: String,
    opening: String,
    why: String,
    quote: String,
    /// The real article, where the mail names it.
    source: String,
    asks: String,
    close: String,
    button: String,
}

impl Pieces {
    fn signature(&self, sender: &Sender) -> [String; 4] {
        [self.close.clone(), sender.person.name(), sender.role.clone(), sender.outlet.clone()]
    }
}

/// The text and the page, and what is asked for when the page is opened.
fn page(
    sender: &Sender,
    pieces: &Pieces,
    urls: &Urls,
    dice: &mut Dice,
    hard: bool,
) -> (Body, &'static str, String) {
    let [close, me, role, outlet] = pieces.signature(sender).map(|line| escape(&line));
    let [greeting, opening, why, quote, asks, button] =
        [&pieces.greeting, &pieces.opening, &pieces.why, &pieces.quote, &pieces.asks, &pieces.button]
            .map(|text| escape(text));
    let (link, leave, pixel) = (escape(&urls.link), escape(&urls.leave), escape(&urls.pixel));
    let quote = match pieces.source.as_str() {
        "" => quote,
        source => format!("{quote} (<a href=\"{source}\">{outlet}</a>)"),
    };
    let way = if hard { dice.below(4) } else { sender.shape.len() % 4 };
    let beacon = match way {
        0 => format!("<img src=\"{pixel}\" width=\"1\" height=\"1\" alt=\"\">"),
        1 => format!("<img src=\"{pixel}\" style=\"display:none\">"),
        2 => format!("<div style=\"background-image:url('{pixel}');width:1px;height:1px\"></div>"),
        _ => format!("<img alt=\"{outlet}\" src=\"{pixel}\" width=\"180\" height=\"40\">"),
    };
    let html = match (way + usize::from(hard) * dice.below(2)) % 4 {
        0 => format!(
            "<html><body>\n<p>{greeting}</p>\n<p>{opening} {why}</p>\n<blockquote>{quote}</blockquote>\n<p>{asks}</p>\n\
             <p><a href=\"{link}\">{button}</a></p>\n<p>{close}<br>{me}<br>{role}<br>{outlet}</p>\n{beacon}\n</body></html>\n"
        ),
        1 => format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body style=\"font-family:Arial\"><div>{greeting}</div><br>\n\
             <div>{opening}</div><div>{why}</div><br>\n<div style=\"border-left:2px solid #999;padding-left:8px\"><i>{quote}</i></div><br>\n\
             <div>{asks} <a href=\"{link}\">{button}</a></div><br>\n<div>{close}</div><div><b>{me}</b></div><div>{role}, {outlet}</div>\n\
             {beacon}<div style=\"font-size:10px\"><a href=\"{leave}\">Unsubscribe</a></div></body></html>\n"
        ),
        2 => format!(
            "<html><body>{beacon}<table width=\"600\"><tr><td><h3>{outlet}</h3></td></tr>\n<tr><td>{greeting}<br><br>{why} {opening}</td></tr>\n\
             <tr><td style=\"background:#f5f5f5;padding:10px\">{quote} <a href=\"{link}\">{button}</a></td></tr>\n\
             <tr><td>{asks}<br><br>{close}<br>{me}<br>{role}</td></tr>\n\
             <tr><td><small>{outlet}. <a href=\"{leave}\">Stop receiving these</a></small></td></tr></table></body></html>\n"
        ),
        _ => format!(
            "<html><head></head><body>\n<span>{greeting}</span><br><br>\n<span>{opening}</span> <span>{why}</span><br><br>\n&laquo; {quote} &raquo;<br><br>\n\
             <a href=\"{link}\" style=\"color:#0a58ca\">{button}</a><br><br>\n{asks}<br><br>{close}<br>\n--<br>{me} | {role} | {outlet}<br>{beacon}</body></html>\n"
        ),
    };
    let text = format!(
        "{}\n\n{} {}\n\n  {}\n\n{}\n\n{}: {}\n\n{}\n",
        pieces.greeting,
        pieces.opening,
        pieces.why,
        pieces.quote,
        pieces.asks,
        pieces.button,
        urls.link,
        pieces.signature(sender).join("\n")
    );
    let coding = if hard { Coding::draw(dice) } else { Coding::Quoted };
    let page = Body::html(coding, html);
    let body = if !hard || !dice.once_in(4) {
        Body::Many("alternative", vec![Body::text(coding, text), page])
    } else {
        page
    };
    (body, "link", urls.pixel.clone())
}

/// The text alone, of a mail whose attachment tells.
fn body_without(pieces: &Pieces, sender: &Sender) -> Body {
    let text = format!(
        "{}\n\n{} {}\n\n{}\n\n{}\n",
        pieces.greeting,
        pieces.opening,
        pieces.why,
        pieces.asks,
        pieces.signature(sender).join("\n")
    );
    let html = text.lines().map(|line| format!("<div>{}</div>\n", escape(line))).collect::<String>();
    let html = format!("<html><body>{html}</body></html>\n");
    Body::Many("alternative", vec![Body::text(Coding::Quoted, text), Body::html(Coding::Quoted, html)])
}

fn attachment(pieces: &Pieces, urls: &Urls, dice: &mut Dice) -> (Body, &'static str, String) {
    let names = ["article", "full-text", "reading-copy", "extract", "background"];
    let name = names[dice.below(names.len())];
    match dice.below(3) {
        0 => {
            let html = format!(
                "<html><head><meta charset=\"utf-8\"></head><body><img src=\"{}\" width=\"1\" height=\"1\"><p>{}</p>\
                 <p><a href=\"{}\">{}</a></p></body></html>\n",
                escape(&urls.pixel),
                escape(&pieces.quote),
                escape(&urls.link),
                escape(&pieces.button)
            );
            let file = Body::file("text/html", &format!("{name}.html"), html.into_bytes());
            (file, "attached page", urls.pixel.clone())
        }
        1 => {
            let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
            let document = attach::docx(&pieces.quote, Some(&urls.pixel));
            (Body::file(kind, &format!("{name}.docx"), document), "attached document", urls.pixel.clone())
        }
        _ => {
            let document = attach::pdf(&pieces.button, &urls.link);
            (
                Body::file("application/pdf", &format!("{name}.pdf"), document),
                "attached PDF",
                urls.link.clone(),
            )
        }
    }
}
