//! Honest senders in bulk: newsletters, alerts, press releases, invitations, surveys, notices.

use super::brand::Brand;
use super::data::{Bulk, Kind};
use super::mime::{Body, Coding, mailbox, words};
use super::page::{Block, Content, Layout, text};
use super::people::plain;
use super::service::Filled;
use super::way::{Draft, Way, message_id};
use super::world::{Folder, Item, What, World};
use crate::calendar::{DAY, HOUR, MINUTE, SECOND, Stamp, is_free};
use crate::dice::Dice;
use crate::formats::fixed;

/// What an issue tells its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// Links and a pixel, each with tokens.
    All,
    Links,
    Pixel,
    Nothing,
}

/// A sender with a list of recipients.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub kind: Kind,
    pub brand: Brand,
    pub address: String,
    pub audience: Vec<u16>,
    /// When the issues go out.
    issues: Vec<i64>,
    from: String,
    code: String,
    service: usize,
    layout: Layout,
    watch: Watch,
    coding: Coding,
    plain_too: bool,
    reply_to: Option<String>,
    street: String,
    color: String,
    zone: &'static str,
    blocks: usize,
    pictures: bool,
    /// Whether the service writes the envelope with its own domain.
    hosted: bool,
    /// Seconds that one mailing takes for each recipient.
    pace: i64,
}

/// Adds the bulk senders of one round and what they send; each issue is kept with a chance of `kept`
/// in a million.
pub(super) fn plan(world: &mut World, round: u64, kept: u64, items: &mut Vec<Item>) {
    for bulk in world.tables.data.bulk.clone() {
        for number in 0..bulk.count {
            let mut dice = world.dice(&format!("series-{round}-{}", bulk.kind.pool()), number as u64);
            let series = draw(world, &bulk, number, &mut dice);
            let at = world.series.len() as u32;
            for (issue, start) in series.issues.iter().enumerate() {
                if dice.within(0..1_000_000) >= kept {
                    continue;
                }
                let mut order = series.audience.clone();
                dice.shuffle(&mut order);
                for (place, owner) in order.iter().enumerate() {
                    let micros = start + place as i64 * series.pace + dice.within(0..SECOND as u64) as i64;
                    // Some recipients put away what they read.
                    let folder = if dice.once_in(7) { Folder::Archive } else { Folder::Inbox };
                    let what = What::Issue { series: at, issue: issue as u32 };
                    items.push(Item { micros, owner: *owner, folder, what });
                }
            }
            world.series.push(series);
        }
    }
}

fn draw(world: &World, bulk: &Bulk, number: usize, dice: &mut Dice) -> Series {
    let tables = &world.tables;
    let kind = bulk.kind;
    let house = number % (tables.data.parliament.len() + 1);
    let brand = Brand::draw(world, bulk, number, dice);
    let personal = kind == Kind::Freelance || dice.once_in(3);
    let local = if personal {
        plain(&brand.editor.replace(' ', "."))
    } else {
        const OFFICES: [&str; 9] =
            ["news", "newsletter", "info", "press", "hello", "no-reply", "post", "redaktion", "contact"];
        dice.pick(&OFFICES).to_owned()
    };
    let sub = dice.pick(&["", "", "news.", "mail.", "e."]);
    let from = if kind == Kind::Freelance { brand.name.clone() } else { brand.from(kind, personal, dice) };
    let service = world.service(dice, kind == Kind::Internal);
    let watch = match kind {
        Kind::Internal => [Watch::All, Watch::Links, Watch::Nothing][dice.weighted(&[3, 3, 2])],
        _ => [Watch::All, Watch::Links, Watch::Pixel, Watch::Nothing][dice.weighted(&[14, 3, 2, 1])],
    };
    Series {
        kind,
        address: format!("{local}@{sub}{}", brand.domain),
        audience: audience(world, bulk, house, dice),
        issues: issues(world, bulk, dice),
        from,
        code: plain(brand.name.split(' ').next().unwrap_or(&brand.name)),
        service,
        layout: Layout::draw(dice, brand.media != brand.domain),
        watch,
        coding: Coding::draw(dice),
        plain_too: !dice.once_in(4),
        reply_to: dice
            .once_in(4)
            .then(|| format!("{} <reply-{}@{sub}reply.example>", brand.editor, dice.letters(6))),
        street: format!(
            "{} {}, {}",
            dice.within(1..160),
            dice.text(&tables.names.streets),
            dice.text(tables.texts.all("town"))
        ),
        color: format!("#{:06x}", dice.within(0..1 << 24)),
        zone: ["+0000", "+0100", "+0000", "-0500", "+0200"][dice.below(5)],
        blocks: match kind {
            Kind::Event | Kind::Survey => 1,
            Kind::Agency | Kind::Freelance => 1 + dice.below(3),
            _ => 2 + dice.below(7),
        },
        pictures: brand.media != brand.domain || dice.once_in(2),
        hosted: dice.below(3) > 0,
        pace: SECOND / 20 + dice.within(0..6) as i64 * SECOND,
        brand,
    }
}

fn audience(world: &World, bulk: &Bulk, house: usize, dice: &mut Dice) -> Vec<u16> {
    if bulk.kind == Kind::Internal {
        let all = world.owners.iter().enumerate();
        let of =
            all.filter(|(_, owner)| owner.parliament == house || house >= world.tables.data.parliament.len());
        return of.map(|(at, _)| at as u16).collect();
    }
    let [least, most] = bulk.audience;
    let share = dice.within(0..1000) as f64 / 1000.0;
    let wanted = least + ((most - least) as f64 * share * share) as usize;
    let mut all: Vec<u16> = (0..world.owners.len() as u16).collect();
    dice.shuffle(&mut all);
    // Half of all senders know one parliament better than the others.
    if dice.once_in(2) {
        let house = world.owners[usize::from(all[0])].parliament;
        all.sort_by_key(|owner| world.owners[usize::from(*owner)].parliament != house);
    }
    all.truncate(wanted.max(3));
    all
}

fn issues(world: &World, bulk: &Bulk, dice: &mut Dice) -> Vec<i64> {
    let every = *dice.one(&bulk.every);
    let fresh = dice.within(0..100) < bulk.fresh;
    let first = if fresh { dice.within(8..world.days() - 8) } else { dice.within(0..every.clamp(1, 12)) };
    let hour = dice.within(5..17) as i64 * HOUR + dice.within(0..60) as i64 * MINUTE;
    let mut all = Vec::new();
    let mut day = first;
    while day < world.days() - 1 {
        let mut on = day;
        while is_free(crate::calendar::civil(world.day(on)).date(), &world.tables.data.holidays)
            && on < world.days() - 2
        {
            on += 1;
        }
        let micros = world.day(on) + hour + dice.within(0..20 * MINUTE as u64) as i64;
        if all.last().is_none_or(|last| micros - last > DAY / 2) {
            all.push(micros);
        }
        day += every;
    }
    all
}

/// The message of one issue to one owner, and the address that is asked for when it is opened.
pub(super) fn draft(
    world: &World,
    item: &Item,
    at: u32,
    issue: u32,
    dice: &mut Dice,
) -> (Draft, Option<String>) {
    let series = &world.series[at as usize];
    let owner = world.person(item.owner);
    let service = &world.services()[series.service];
    let mut same = world.dice(&format!("issue-{at}"), u64::from(issue));
    let stamp = Stamp::new(series.issues[issue as usize]);
    let number = format!("{}", 10_000 + (fixed(&series.address) % 80_000) + u64::from(issue));
    let key = fixed(&format!("{}.{at}.{issue}.{}", world.seed, owner.address));
    let filled = Filled {
        service,
        domain: &series.brand.domain,
        code: &series.code,
        issue: number.clone(),
        address: &owner.address,
        key,
    };
    let outlets = &world.tables.data.outlet;
    let (one, two) = (same.below(outlets.len()), same.below(outlets.len()));
    let person = owner.name();
    let date = stamp.date();
    let vars = [
        ("first", owner.first.as_str()),
        ("name", person.as_str()),
        ("editor", &series.brand.editor),
        ("title", &series.brand.title),
        ("date", &date),
        ("sender", &series.brand.name),
        ("client", &series.brand.client),
        ("outlet", &outlets[one].name),
        ("outlet2", &outlets[two].name),
    ];
    let pools = &world.tables.texts;
    let pool = series.kind.pool();
    let subject = super::grammar::capital(&pools.say(&mut same, &format!("{pool}_subject"), &vars));
    let watched = matches!(series.watch, Watch::All | Watch::Links);
    let mut links = 0;
    let mut link = |target: String| {
        links += 1;
        if watched { filled.link(links - 1, &target) } else { target }
    };
    let blocks = (0..series.blocks)
        .map(|number| {
            let slug = plain(&pools.say(&mut same, "thing", &vars).replace(' ', "-"));
            let target = match series.kind {
                Kind::Digest | Kind::Freelance => &outlets[(one + number) % outlets.len()].domain,
                Kind::Partner => &series.brand.media,
                _ => &series.brand.domain,
            };
            let text = match series.kind {
                Kind::Outlet => pools.say(&mut same, "teaser", &vars),
                _ => {
                    let sentences = 1 + same.below(4);
                    let all: Vec<String> =
                        (0..sentences).map(|_| pools.say(&mut same, pool, &vars)).collect();
                    all.join(" ")
                }
            };
            Block {
                title: match series.kind {
                    Kind::Outlet | Kind::Digest => pools.say(&mut same, "headline", &vars),
                    _ => pools.title(&mut same, "section", &vars),
                },
                text,
                more: pools.say(&mut same, "more", &vars),
                link: link(format!("https://www.{target}/{}/{slug}", 100 + same.within(0..900_000))),
                picture: if series.pictures {
                    format!("https://media.{}/{:08x}.jpg", series.brand.media, same.within(0..1 << 32))
                } else {
                    String::new()
                },
            }
        })
        .collect();
    let pixel =
        if matches!(series.watch, Watch::All | Watch::Pixel) { filled.pixel() } else { String::new() };
    let content = Content {
        brand: series.brand.name.clone(),
        subject: subject.clone(),
        date: date.clone(),
        opening: pools.say(&mut same, "opening", &vars),
        preview: pools.say(&mut same, "headline", &vars),
        blocks,
        closing: pools.say(
            &mut same,
            if series.kind == Kind::Freelance { "freelance_sign" } else { "editor" },
            &vars,
        ),
        street: series.street.clone(),
        logo: format!("https://media.{}/logo.png", series.brand.media),
        color: series.color.clone(),
        pixel: pixel.clone(),
        unsubscribe: filled.unsubscribe(),
        online: link(format!("https://www.{}/online/{number}", series.brand.domain)),
    };
    let html = Body::html(series.coding, series.layout.html(&content));
    let body = if series.plain_too {
        Body::Many("alternative", vec![Body::text(series.coding, text(&content)), html])
    } else {
        html
    };
    let body = match series.kind {
        Kind::Agency if same.once_in(5) => {
            let release = format!("%PDF-1.4\n% {}\n%%EOF\n", content.preview);
            Body::Many(
                "mixed",
                vec![body, Body::file("application/pdf", "release.pdf", release.into_bytes())],
            )
        }
        _ => body,
    };
    let fields = fields(series, &filled, owner, &subject, item.micros, dice);
    let mta = filled.mta();
    let envelope = if series.hosted {
        format!("bounce+{}={}@bounce.{}", filled.recipient(), owner.address.replace('@', "="), service.domain)
    } else {
        format!("bounces-{}@{}", number, series.address.rsplit('@').next().unwrap_or_default())
    };
    let envelope = envelope.chars().take(140).collect();
    let mut signed = vec![(series.brand.domain.clone(), "k1")];
    if series.hosted || dice.once_in(3) {
        signed.push((service.domain.clone(), "mail"));
    }
    let inner =
        if dice.once_in(2) { format!("app{}.int.{}", 1 + key % 9, service.domain) } else { String::new() };
    let way = Way { host: mta, envelope, spf: "pass", dmarc: "pass", signed, inner };
    let draft = Draft {
        micros: item.micros,
        zone: series.zone,
        from: series.address.clone(),
        fields,
        body,
        way: Some(way),
    };
    (draft, (!pixel.is_empty()).then_some(pixel))
}

fn fields(
    series: &Series,
    filled: &Filled<'_>,
    owner: &super::people::Person,
    subject: &str,
    micros: i64,
    dice: &mut Dice,
) -> Vec<(&'static str, String)> {
    let service = filled.service;
    let mut fields = vec![
        ("From", mailbox(&series.from, &series.address)),
        ("To", mailbox(if series.plain_too { "" } else { &owner.first }, &owner.address)),
        ("Subject", words(subject)),
        ("Message-ID", message_id(dice, micros, &service.domain)),
    ];
    if let Some(reply) = &series.reply_to {
        fields.push(("Reply-To", words(reply)));
    }
    let page = filled.unsubscribe();
    let mail = format!("<mailto:unsubscribe-{}@{}>", filled.recipient(), service.domain);
    fields.push((
        "List-Unsubscribe",
        if dice.once_in(2) { format!("<{page}>,\n {mail}") } else { format!("<{page}>") },
    ));
    if service.one_click {
        fields.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    if !matches!(series.kind, Kind::Event | Kind::Survey) {
        fields.push(("List-Id", format!("{} <{}.{}>", series.code, filled.issue, service.domain)));
    }
    fields.extend(
        service
            .headers
            .iter()
            .filter_map(|header| header.split_once(": "))
            .map(|(name, value)| (header_name(name), filled.fill(value, 0, ""))),
    );
    fields
}

/// Names of the fields that services add, which are few.
fn header_name(name: &str) -> &'static str {
    const NAMES: [&str; 20] = [
        "X-Postwheel-Campaign",
        "X-Mailer",
        "Feedback-ID",
        "X-Campaign",
        "X-SF-EID",
        "X-Mailin-EID",
        "X-Mailin-Client",
        "Origin-messageId",
        "X-Channel-ID",
        "X-Return-Path-Hint",
        "X-Campaign-Activity-ID",
        "X-Civic-Mailing",
        "X-Mailtide-Sid",
        "X-Mailtide-Variables",
        "X-Kampa-Job",
        "Precedence",
        "X-MessageId",
        "X-ListMember",
        "X-Eventhall-Type",
        "Auto-Submitted",
    ];
    NAMES.iter().find(|known| **known == name).copied().unwrap_or("X-Tenant")
}
