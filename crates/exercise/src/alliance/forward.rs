//! Members hand on what they got: newsletters, and mails of the campaign.

use super::bulk;
use super::hostile::Campaign;
use super::mime::{Body, Coding, date, escape, mailbox, words};
use super::way::{Draft, Way, message_id};
use super::world::{Folder, Item, What, World};
use crate::calendar::MINUTE;
use crate::dice::Dice;

/// A mail that is handed on, as it lies with the member who does it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forwarded {
    lies: Item,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Issue { series: u32, issue: u32 },
    Hostile(u32),
}

impl Forwarded {
    fn of(item: &Item) -> Option<Self> {
        let source = match item.what {
            What::Issue { series, issue } if item.folder == Folder::Inbox => Source::Issue { series, issue },
            What::Hostile(number) => Source::Hostile(number),
            _ => return None,
        };
        Some(Self { lies: *item, source })
    }
}

/// Adds mails that hand on some of `items`.
pub(super) fn plan(world: &mut World, round: u32, kept: u64, items: &mut Vec<Item>) {
    let all: Vec<Forwarded> = items.iter().filter_map(Forwarded::of).collect();
    let (hostile, issues): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| matches!(one.source, Source::Hostile(_)));
    let every = world.tables.volume("forwarded_campaign").max(1);
    let mut sources = Vec::new();
    for (number, source) in hostile.iter().enumerate().filter(|_| round == 0) {
        if world.dice("forwarded", number as u64).once_in(every) {
            sources.push(*source);
        }
    }
    for number in 0..world.tables.volume("forwards") {
        let mut dice = world.dice("plan-forward", number + u64::from(round) * 1_000_000);
        if dice.within(0..1_000_000) < kept && !issues.is_empty() {
            sources.push(*dice.one(&issues));
        }
    }
    for source in sources {
        let number = world.forwards.len() as u32;
        let mut dice = world.dice("forward-to", u64::from(number));
        let to = world.anybody(&mut dice);
        let micros = source.lies.micros + dice.within(10..4000) as i64 * MINUTE;
        if to != source.lies.owner && world.within(micros) {
            world.forwards.push(source);
            items.push(Item { micros, owner: to, folder: Folder::Inbox, what: What::Forward(number) });
        }
    }
}

/// A mail that a member wrote around another.
pub(super) fn draft(world: &World, campaign: &Campaign, item: &Item, number: u32, dice: &mut Dice) -> Draft {
    let Forwarded { lies, source } = world.forwards[number as usize];
    let inner = match source {
        Source::Hostile(number) => campaign.mail(world, &lies, number).draft,
        Source::Issue { series, issue } => bulk::draft(world, &lies, series, issue, dice).0,
    };
    let (from, to) = (world.person(lies.owner), world.person(item.owner));
    let field = |name: &str| {
        inner.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    };
    let remark = world.tables.texts.say(dice, "remark", &[]);
    let head = format!(
        "---------- Forwarded message ---------\nFrom: {}\nDate: {}\nTo: {}",
        inner.from,
        date(lies.micros, from.zone),
        from.address
    );
    let (text, html) = texts(&inner.body);
    let plain = format!("{remark}\n\n{}\n\n{head}\n\n{text}\n", from.first);
    let lines: Vec<String> = head.lines().map(escape).collect();
    let page = format!(
        "<html><body><div dir=\"ltr\">{}<br><br>{}</div><br>\n<div class=\"quote\">{}<br><br>\n{html}\n</div></body></html>\n",
        escape(&remark),
        escape(&from.first),
        lines.join("<br>\n")
    );
    let fields = vec![
        ("From", mailbox(&from.name(), &from.address)),
        ("To", mailbox(&to.name(), &to.address)),
        ("Subject", forwarded(field("Subject"), dice)),
        ("Message-ID", message_id(dice, item.micros, from.domain())),
        ("References", field("Message-ID").to_owned()),
    ];
    let coding = if dice.once_in(2) { Coding::Quoted } else { Coding::Base64 };
    let mut parts = vec![Body::text(coding, plain)];
    if !html.is_empty() {
        parts.push(Body::html(coding, page));
    }
    let body = Body::Many("alternative", parts);
    Draft {
        micros: item.micros,
        zone: from.zone,
        from: from.address.clone(),
        fields,
        body,
        way: Some(Way::own(from)),
    }
}

/// `subject`, which may be coded, with what programs put before it.
fn forwarded(subject: &str, dice: &mut Dice) -> String {
    let mark = dice.pick(&["Fwd:", "FW:", "WG:", "Fwd:", "TR:"]);
    words(&format!("{mark} ")) + subject
}

/// The text of a body, and its page.
fn texts(body: &Body) -> (String, String) {
    match body {
        Body::Leaf(kind, _, _, content) => {
            let content = String::from_utf8_lossy(content).into_owned();
            match kind.as_str() {
                kind if kind.starts_with("text/plain") => (content, String::new()),
                kind if kind.starts_with("text/html") && !kind.contains("name=") => (String::new(), content),
                _ => (String::new(), String::new()),
            }
        }
        Body::Many(_, parts) => parts
            .iter()
            .map(texts)
            .fold((String::new(), String::new()), |all, one| (all.0 + &one.0, all.1 + &one.1)),
    }
}
