//! Owners of mailboxes, their staff, and people outside.

use super::data::{Parliament, Tables};
use crate::dice::Dice;

/// Somebody with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub first: String,
    pub last: String,
    pub address: String,
    /// Offset of the clock by which they write.
    pub zone: &'static str,
}

impl Person {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub(super) fn domain(&self) -> &str {
        self.address.rsplit('@').next().unwrap_or_default()
    }
}

/// The owner of a mailbox.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub person: Person,
    /// Index of the parliament.
    pub parliament: usize,
    /// Whether the mailbox is a Maildir.
    pub maildir: bool,
}

/// The owners, by parliament.
pub(super) fn owners(tables: &Tables, seed: u64) -> Vec<Owner> {
    let mut dice = Dice::new(seed, "owners");
    let mut all: Vec<Owner> = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for (parliament, house) in tables.data.parliament.iter().enumerate() {
        let members = all.len() + house.members;
        while all.len() < members {
            let (first, last) = name(tables, &mut dice, house.foreign_names);
            let address = format!("{}@{}", local(parliament, &first, &last), house.domain);
            if !taken.insert(address.clone()) {
                continue;
            }
            let maildir = all.len() % tables.data.maildir_every == 1;
            let person = Person { first, last, address, zone: zone(house) };
            all.push(Owner { person, parliament, maildir });
        }
    }
    all
}

fn zone(house: &Parliament) -> &'static str {
    match house.zone.as_str() {
        "+0100" => "+0100",
        "-0400" => "-0400",
        _ => "+0000",
    }
}

/// The part before the sign, as each house builds it.
fn local(house: usize, first: &str, last: &str) -> String {
    let (first, last) = (plain(first), plain(last));
    match house % 4 {
        0 => format!("{first}.{last}"),
        1 => format!("{}{last}", first.chars().next().unwrap_or('x')),
        2 => format!("{last}.{first}"),
        _ => format!("{}.{last}", first.chars().next().unwrap_or('x')),
    }
}

/// A name; `foreign` of a hundred come from other languages.
pub(super) fn name(tables: &Tables, dice: &mut Dice, foreign: u64) -> (String, String) {
    if dice.within(0..100) < foreign {
        let pools = &tables.texts;
        let first = dice.text(pools.all("outside_first")).to_owned();
        return (first, dice.text(pools.all("outside_last")).to_owned());
    }
    let first = dice.text(&tables.names.forenames).to_owned();
    (first, dice.text(&tables.names.surnames).to_owned())
}

/// Somebody at `domain`; number keeps addresses of one name apart.
pub(super) fn outsider(tables: &Tables, dice: &mut Dice, domain: &str) -> Person {
    let (first, last) = name(tables, dice, 35);
    let (f, l) = (plain(&first), plain(&last));
    let address = match dice.below(6) {
        0 => format!("{f}.{l}@{domain}"),
        1 => format!("{l}@{domain}"),
        2 => format!("{f}{}@{domain}", dice.within(10..99)),
        3 => format!("{f}_{l}{}@{domain}", dice.within(1950..2003)),
        4 => format!("{}{l}@{domain}", &f[..1]),
        _ => format!("{f}{l}@{domain}"),
    };
    let zone = dice.pick(&["+0000", "+0100", "+0100", "+0200", "-0500", "-0400"]);
    Person { first, last, address, zone: ZONES.iter().find(|known| **known == zone).unwrap_or(&"+0000") }
}

const ZONES: [&str; 6] = ["+0000", "+0100", "+0200", "-0500", "-0400", "+0300"];

/// A word as it stands in an address: small ASCII letters.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for symbol in text.to_lowercase().chars() {
        match symbol {
            'a'..='z' | '0'..='9' | '-' => out.push(symbol),
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' | 'œ' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'å' | 'à' | 'á' => out.push('a'),
            'é' | 'è' | 'ë' | 'ê' => out.push('e'),
            'ï' | 'í' => out.push('i'),
            'ł' => out.push('l'),
            'ç' => out.push('c'),
            'ř' => out.push('r'),
            'ô' | 'ó' => out.push('o'),
            _ => {}
        }
    }
    if out.is_empty() { "x".to_owned() } else { out }
}
