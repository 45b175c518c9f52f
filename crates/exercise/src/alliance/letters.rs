//! Mail that people write: threads, lists, constituents, letters of campaigns, journalists.

use super::grammar::capital;
use super::mime::{Body, Coding, escape, mailbox, words};
use super::people::{Person, outsider, plain};
use super::way::{Draft, Way, message_id};
use super::world::{Folder, Item, What, World};
use crate::calendar::{MINUTE, Rhythm};
use crate::dice::Dice;

/// Adds all of them; each is kept with a chance of `kept` in a million.
pub(super) fn plan(world: &World, round: u32, kept: u64, items: &mut Vec<Item>) {
    threads(world, round, kept, items);
    lists(world, round, kept, items);
    let volume = |name: &str| world.tables.volume(name) as u32;
    let single = |name: &str, rhythm, what: fn(u32) -> What, items: &mut Vec<Item>| {
        for number in 0..volume(name) {
            let number = number + round * 1_000_000;
            let mut dice = world.dice(&format!("plan-{name}"), u64::from(number));
            if dice.within(0..1_000_000) < kept {
                let (owner, micros) = (world.anybody(&mut dice), world.moment(&mut dice, rhythm));
                items.push(Item { micros, owner, folder: Folder::Inbox, what: what(number) });
            }
        }
    };
    single("constituents", Rhythm::Outside, What::Constituent, items);
    single("interviews", Rhythm::Office, What::Interview, items);
    for campaign in 0..volume("campaigns") {
        let mut dice = world.dice("plan-campaign", u64::from(campaign + round * 1000));
        let start = dice.within(0..world.days() - 12);
        for number in 0..volume("campaign_letters") {
            if dice.within(0..1_000_000) >= kept {
                continue;
            }
            let day = start + dice.within(0..12).min(dice.within(0..12));
            let micros = Rhythm::Outside.moment(&mut dice, world.day(day));
            let owner = world.anybody(&mut dice);
            let what = What::Campaign { campaign, number: number + round * 1_000_000 };
            items.push(Item { micros, owner, folder: Folder::Inbox, what });
        }
    }
}

/// The two who write in a thread: an owner, and another owner or somebody outside or of the staff.
struct Pair {
    owner: u16,
    other: Result<u16, Person>,
    /// Whether the owner wrote first.
    owner_first: bool,
}

fn pair(world: &World, thread: u32, dice: &mut Dice) -> Pair {
    let owner = world.anybody(dice);
    let other = match dice.weighted(&[5, 3, 5]) {
        0 => {
            let other = world.anybody(dice);
            Ok(if other == owner { (owner + 1) % world.owners.len() as u16 } else { other })
        }
        1 => Err(staff(world, owner, dice)),
        _ => {
            // Everybody has a circle of people to write with.
            let circle = (usize::from(owner) * 7 + dice.below(12)) % world.outsiders.len();
            Err(world.outsiders[circle].clone())
        }
    };
    let owner_first = (thread + u32::from(owner)).is_multiple_of(2);
    Pair { owner, other, owner_first }
}

fn staff(world: &World, owner: u16, dice: &mut Dice) -> Person {
    let number = dice.within(0..3);
    let house = world.house(owner);
    let mut own = world.dice("staff", u64::from(owner) * 4 + number);
    let (first, last) = super::people::name(&world.tables, &mut own, house.foreign_names);
    let address = format!("{}.{}.staff@{}", plain(&first), plain(&last), house.domain);
    Person { first, last, address, zone: world.person(owner).zone }
}

fn threads(world: &World, round: u32, kept: u64, items: &mut Vec<Item>) {
    for number in 0..world.tables.volume("threads") as u32 {
        let thread = number + round * 1_000_000;
        let mut dice = world.dice("thread", u64::from(thread));
        let both = pair(world, thread, &mut dice);
        let steps = 1 + dice.weighted(&[30, 26, 18, 12, 8, 4, 2]) as u32;
        let mut micros = world.moment(&mut dice, Rhythm::Office);
        if dice.within(0..1_000_000) >= kept {
            continue;
        }
        for step in 0..steps {
            if !world.within(micros) {
                break;
            }
            let by_owner = both.owner_first == step.is_multiple_of(2);
            let what = What::Letter { thread, step };
            let own = if by_owner { Folder::Sent } else { Folder::Inbox };
            items.push(Item { micros, owner: both.owner, folder: own, what });
            if let Ok(other) = both.other {
                let folder = if by_owner { Folder::Inbox } else { Folder::Sent };
                items.push(Item { micros, owner: other, folder, what });
            }
            micros += (dice.within(3..90) * dice.within(1..40)) as i64 * MINUTE;
        }
    }
}

/// One message of a thread, as it lies with one of the two.
pub(super) fn letter(world: &World, item: &Item, thread: u32, step: u32) -> Draft {
    let mut same = world.dice("thread", u64::from(thread));
    let both = pair(world, thread, &mut same);
    let owner = world.person(both.owner).clone();
    let other = match &both.other {
        Ok(other) => world.person(*other).clone(),
        Err(other) => other.clone(),
    };
    let by_owner = both.owner_first == step.is_multiple_of(2);
    let (from, to) = if by_owner { (&owner, &other) } else { (&other, &owner) };
    let mut said = world.dice("letter", u64::from(thread) * 8 + u64::from(step));
    let mut about = world.dice("about", u64::from(thread));
    let subject = capital(&world.tables.texts.say(&mut about, "letter_subject", &[]));
    let subject = if step == 0 {
        subject
    } else {
        format!("{} {subject}", said.pick(&["Re:", "RE:", "Re:", "AW:", "SV:"]))
    };
    let sender = from.name();
    let vars = [("you", to.first.as_str()), ("me", sender.as_str())];
    let pools = &world.tables.texts;
    let mut body = format!(
        "{}\n\n{}\n\n{}\n{}\n",
        pools.say(&mut said, "hello", &vars),
        pools.say(&mut said, "letter", &vars),
        pools.say(&mut said, "bye", &vars),
        from.first
    );
    if step > 0 {
        let quoted = pools.say(&mut said, "paragraph", &vars);
        body += &format!("\n{} wrote:\n> {}\n>\n> {}\n", to.name(), quoted, to.first);
    }
    let id = |step: u32| {
        let mut dice = world.dice("id", u64::from(thread) * 8 + u64::from(step));
        let sender = if both.owner_first == step.is_multiple_of(2) { &owner } else { &other };
        message_id(&mut dice, 1_610_000_000_000_000 + i64::from(thread) * 1_000_000, sender.domain())
    };
    let mut fields = vec![
        ("From", mailbox(&sender, &from.address)),
        ("To", mailbox(&to.name(), &to.address)),
        ("Subject", words(&subject)),
        ("Message-ID", id(step)),
    ];
    if step > 0 {
        fields.push(("In-Reply-To", id(step - 1)));
        let all: Vec<String> = (0..step).map(id).collect();
        fields.push(("References", all.join("\n ")));
    }
    fields.push((
        "User-Agent",
        said.pick(&[
            "Mozilla Thunderbird 78.7",
            "Roundcube Webmail/1.4.11",
            "K-9 Mail for Android",
            "Mutt/2.0.5",
        ])
        .to_owned(),
    ));
    let rich = said.once_in(2);
    let coding = Coding::draw(&mut said);
    let mut body = personal(body, rich, coding, &mut said, from);
    if step == 0 && said.once_in(6) {
        let name = format!("{}.docx", plain(&pools.say(&mut said, "thing", &[]).replace(' ', "-")));
        let document = super::attach::docx(&pools.say(&mut said, "paragraph", &[]), None);
        let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        body = Body::Many("mixed", vec![body, Body::file(kind, &name, document)]);
    }
    let sent = item.folder == Folder::Sent;
    Draft {
        micros: item.micros,
        zone: from.zone,
        from: from.address.clone(),
        fields,
        body,
        way: (!sent).then(|| Way::own(from)),
    }
}

/// What a program for people makes of a text.
fn personal(text: String, rich: bool, coding: Coding, dice: &mut Dice, from: &Person) -> Body {
    if !rich {
        return Body::text(coding, text);
    }
    let lines: Vec<String> = text.lines().map(escape).collect();
    let html = match dice.below(3) {
        0 => format!(
            "<html><head></head><body><div dir=\"ltr\">{}</div></body></html>\n",
            lines.join("<br>\n")
        ),
        1 => {
            let paragraphs: Vec<String> =
                lines.iter().map(|line| format!("<p class=\"MsoNormal\">{line}<o:p></o:p></p>")).collect();
            format!(
                "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style><!--\np.MsoNormal{{margin:0cm;\
                 font-size:11.0pt;font-family:\"Calibri\",sans-serif}}\n--></style></head><body lang=\"EN-GB\">\
                 <div class=\"WordSection1\">\n{}\n</div></body></html>\n",
                paragraphs.join("\n")
            )
        }
        _ => format!(
            "<html><body style=\"overflow-wrap: break-word;\">{}<br><br><img src=\"cid:sig@{}\" alt=\"\"></body></html>\n",
            lines.join("<br>\n"),
            from.domain()
        ),
    };
    let page = Body::html(coding, html.clone());
    let page = if html.contains("cid:sig") {
        let picture = Body::inline("image/png", &format!("sig@{}", from.domain()), super::attach::png());
        Body::Many("related", vec![page, picture])
    } else {
        page
    };
    Body::Many("alternative", vec![Body::text(coding, text), page])
}

fn members(world: &World, list: u32) -> (String, Vec<u16>) {
    let names = world.tables.texts.all("list_name");
    let mut dice = world.dice("list", u64::from(list));
    let mut all: Vec<u16> = (0..world.owners.len() as u16).collect();
    dice.shuffle(&mut all);
    all.truncate(6 + dice.below(75));
    (names[list as usize % names.len()].clone(), all)
}

fn lists(world: &World, round: u32, kept: u64, items: &mut Vec<Item>) {
    for list in 0..world.tables.volume("lists") as u32 {
        let (_, members) = members(world, list);
        for post in 0..world.tables.volume("list_posts") as u32 {
            let post = post + round * 1_000_000;
            let mut dice = world.dice(&format!("post-{list}"), u64::from(post));
            let micros = world.moment(&mut dice, Rhythm::Office);
            if dice.within(0..1_000_000) >= kept {
                continue;
            }
            for (place, owner) in members.iter().enumerate() {
                let micros = micros + place as i64 * 400_000;
                items.push(Item {
                    micros,
                    owner: *owner,
                    folder: Folder::Inbox,
                    what: What::Post { list, post },
                });
            }
        }
    }
}

/// A post to a list.
pub(super) fn post(world: &World, item: &Item, list: u32, post: u32) -> Draft {
    let (name, members) = members(world, list);
    let mut same = world.dice(&format!("posted-{list}"), u64::from(post));
    let from = world.person(*same.one(&members));
    let domain = "lists.opensocieties-alliance.example";
    let sender = from.name();
    let pools = &world.tables.texts;
    let vars = [("me", sender.as_str())];
    let subject = capital(&pools.say(&mut same, "list_subject", &vars));
    let mut text = pools.say(&mut same, "list_post", &vars);
    if same.once_in(3) {
        text += &format!(
            "\n\nhttps://www.{}/{}\n",
            same.pick(&["psr.example", "theledger.example", "riksting.example"]),
            same.within(1000..99_999)
        );
    }
    text += &format!(
        "\n_______________________________________________\n{name} mailing list\n{name}@{domain}\nhttps://{domain}/mailman/listinfo/{name}\n"
    );
    let reply = same.once_in(2);
    let fields = vec![
        ("From", mailbox(&sender, &from.address)),
        ("To", format!("{name}@{domain}")),
        ("Subject", words(&format!("{}[{name}] {subject}", if reply { "Re: " } else { "" }))),
        ("Message-ID", message_id(&mut same, item.micros, from.domain())),
        ("List-Id", format!("<{name}.{domain}>")),
        ("List-Post", format!("<mailto:{name}@{domain}>")),
        (
            "List-Unsubscribe",
            format!(
                "<https://{domain}/mailman/options/{name}>,\n <mailto:{name}-request@{domain}?subject=unsubscribe>"
            ),
        ),
        ("Precedence", "list".to_owned()),
        ("X-Mailman-Version", "2.1.34".to_owned()),
        ("Errors-To", format!("{name}-bounces@{domain}")),
    ];
    let coding = Coding::draw(&mut same);
    let way = Way {
        host: domain.to_owned(),
        envelope: format!("{name}-bounces@{domain}"),
        spf: "pass",
        dmarc: "fail",
        signed: vec![(domain.to_owned(), "mailman")],
        inner: format!("mail.{}", from.domain()),
    };
    Draft {
        micros: item.micros,
        zone: from.zone,
        from: from.address.clone(),
        fields,
        body: Body::text(coding, text),
        way: Some(way),
    }
}

/// A letter of somebody who lives in the constituency.
pub(super) fn constituent(world: &World, item: &Item, number: u32, dice: &mut Dice) -> Draft {
    let pools = &world.tables.texts;
    // Some write again.
    let mut who = world.dice("constituent", u64::from(number) / 3 * 2 + u64::from(number % 3 / 2));
    let domain = dice_domain(world, &mut who);
    let from = outsider(&world.tables, &mut who, domain);
    let owner = world.person(item.owner);
    let sender = from.name();
    let vars = [("you", owner.last.as_str()), ("me", sender.as_str())];
    let subject = capital(&pools.say(dice, "constituent_subject", &vars));
    let text = format!(
        "{}\n\n{}\n\n{}\n{sender}\n{} {}\n",
        pools.say(dice, "hello", &vars),
        pools.say(dice, "constituent", &vars),
        pools.say(dice, "bye", &vars),
        dice.within(1..200),
        dice.text(&world.tables.names.streets)
    );
    let (rich, coding) = (dice.once_in(2), Coding::draw(dice));
    let body = personal(text, rich, coding, dice, &from);
    let body = if dice.once_in(9) {
        Body::Many("mixed", vec![body, Body::inline("image/jpeg", "photo", super::attach::png())])
    } else {
        body
    };
    mailed(&from, owner, &subject, item.micros, body, dice)
}

/// A letter that a campaign's site wrote and somebody sent.
pub(super) fn campaign(world: &World, item: &Item, campaign: u32, number: u32, dice: &mut Dice) -> Draft {
    let pools = &world.tables.texts;
    let mut same = world.dice("campaign", u64::from(campaign));
    let cause = dice_cause(world, campaign);
    let vars = [("cause", cause.as_str())];
    let letters = pools.all("campaign_letter");
    let letter = pools.fill(&mut same, &letters[campaign as usize % letters.len()], &vars);
    let site = format!("act-on-{}.example", plain(&cause.replace(' ', "-")));
    let by_site = same.once_in(3);
    let mut who = world.dice("campaigner", u64::from(campaign) << 24 | u64::from(number));
    let domain = dice_domain(world, &mut who);
    let mut from = outsider(&world.tables, &mut who, domain);
    let owner = world.person(item.owner);
    let sender = from.name();
    let own = pools.say(dice, "campaign_own", &vars);
    let subject = pools.say(dice, "campaign_subject", &vars);
    let mut text = format!(
        "{}\n\n{own}{letter}\n\n{sender}\n{} {}, {}\n",
        pools.say(dice, "hello", &[("you", &owner.name())]),
        dice.within(1..300),
        dice.text(&world.tables.names.streets),
        dice.text(pools.all("town"))
    );
    if !by_site {
        return mailed(&from, owner, &subject, item.micros, Body::text(Coding::draw(dice), text), dice);
    }
    // Sites that send by themselves write in the name of those who filled in the form.
    let reply = from.address.clone();
    let own_address = format!("{}.{}@{site}", plain(&from.first), plain(&from.last));
    text += &format!(
        "\nThis letter was sent by a supporter through https://{site}/letters/{}\n",
        1 + number % 4000
    );
    from.address = own_address;
    let mut draft = mailed(&from, owner, &subject, item.micros, Body::text(Coding::Quoted, text), dice);
    draft.fields.push(("Reply-To", reply));
    draft
}

fn dice_cause(world: &World, campaign: u32) -> String {
    let causes = world.tables.texts.all("causes");
    causes[campaign as usize % causes.len()].clone()
}

fn dice_domain<'w>(world: &'w World, dice: &mut Dice) -> &'w str {
    dice.text(world.tables.texts.all("freemail"))
}

/// A journalist of an outlet, or one who writes for it from a mailbox of the own.
pub(super) fn interview(world: &World, item: &Item, number: u32, dice: &mut Dice) -> Draft {
    let pools = &world.tables.texts;
    // A journalist writes to several members over the months.
    let mut who = world.dice("journalist", u64::from(number % 90));
    let outlet = who.one(&world.tables.data.outlet);
    let free = who.once_in(6);
    let domain = if free { dice_domain(world, &mut who) } else { &outlet.domain };
    let from = outsider(&world.tables, &mut who, domain);
    let footer = who.once_in(3);
    let role =
        who.pick(&["Reporter", "Political Editor", "Producer", "Freelance journalist", "Correspondent"]);
    let owner = world.person(item.owner);
    let sender = from.name();
    let vars = [("you", owner.last.as_str()), ("me", sender.as_str()), ("outlet", outlet.name.as_str())];
    let subject = capital(&pools.say(dice, "interview_subject", &vars));
    let mut text = pools.say(dice, "hello", &vars) + "\n\n";
    for _ in 0..2 + dice.below(4) {
        text += &pools.say(dice, "interview", &vars);
        text.push(' ');
    }
    text += &format!(
        "\n\n{}\n{sender}\n{role}, {}\nTel. 0{}\n",
        pools.say(dice, "bye", &vars),
        outlet.name,
        dice.within(1_000_000..9_999_999)
    );
    let coding = Coding::draw(dice);
    let body = if footer {
        let lines: Vec<String> = text.lines().map(escape).collect();
        let html = format!(
            "<html><body><div>{}</div>\n<p><a href=\"https://www.{}/?utm_source=signature\"><img src=\"https://media.{}/signature.png\" \
             width=\"320\" height=\"60\" alt=\"{}\"></a></p>\n<p><a href=\"https://www.{}/subscribe\">Subscribe from 1 a week</a></p></body></html>\n",
            lines.join("<br>\n"),
            outlet.domain,
            outlet.domain,
            escape(&outlet.name),
            outlet.domain
        );
        Body::Many("alternative", vec![Body::text(coding, text), Body::html(coding, html)])
    } else {
        personal(text, dice.once_in(2), coding, dice, &from)
    };
    let mut draft = mailed(&from, owner, &subject, item.micros, body, dice);
    if dice.once_in(3) {
        draft.fields[0].1 = mailbox(&format!("{sender} ({})", outlet.name), &from.address);
    }
    draft
}

/// A message of one person to another, from a server of the sender's own provider.
pub(super) fn mailed(
    from: &Person,
    owner: &Person,
    subject: &str,
    micros: i64,
    body: Body,
    dice: &mut Dice,
) -> Draft {
    let mut fields = vec![
        ("From", mailbox(&from.name(), &from.address)),
        ("To", mailbox(&if dice.once_in(2) { owner.name() } else { String::new() }, &owner.address)),
        ("Subject", words(subject)),
        ("Message-ID", message_id(dice, micros, from.domain())),
    ];
    if dice.once_in(2) {
        let agent = dice.pick(&[
            "iPhone Mail (18D70)",
            "Microsoft Outlook 16.0",
            "Webmail 4.2",
            "Apple Mail (2.3654.60.0.2.21)",
        ]);
        fields.push(("X-Mailer", agent.to_owned()));
    }
    let mut way = Way::own(from);
    match dice.within(0..20) {
        0 => (way.spf, way.dmarc) = ("softfail", "none"),
        1 => {
            way.signed.clear();
            way.dmarc = "none";
        }
        _ => {}
    }
    Draft { micros, zone: from.zone, from: from.address.clone(), fields, body, way: Some(way) }
}
