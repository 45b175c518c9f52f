//! What bulk senders are called, and the domains that they write from.

use super::data::{Bulk, Kind};
use super::people::{name, plain};
use super::world::World;
use crate::dice::Dice;

/// A sender in bulk, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Brand {
    pub name: String,
    pub domain: String,
    /// Where its pictures lie, which is not always its own domain.
    pub media: String,
    /// What its newsletter is called.
    pub title: String,
    /// For whom it writes.
    pub client: String,
    /// Who signs.
    pub editor: String,
}

impl Brand {
    /// The `number`th of its kind.
    pub(super) fn draw(world: &World, bulk: &Bulk, number: usize, dice: &mut Dice) -> Self {
        let tables = &world.tables;
        let pools = &tables.texts;
        let pick = |dice: &mut Dice, pool: &str| dice.text(pools.all(pool)).to_owned();
        let outlet = &tables.data.outlet[number % tables.data.outlet.len()];
        let (first, last) = name(tables, dice, 40);
        let mut brand = Self { editor: format!("{first} {last}"), ..Self::default() };
        match bulk.kind {
            Kind::Outlet => {
                brand.title = dice.text(&outlet.titles).to_owned();
                let both = format!("{} {}", outlet.name, brand.title);
                brand.name = if dice.once_in(2) { both } else { outlet.name.clone() };
                brand.domain.clone_from(&outlet.domain);
            }
            // Of the house of an outlet, under a domain of its own that no directory lists.
            Kind::Partner => {
                let arm = pick(dice, "partner_name");
                brand.name = format!("{} {arm}", outlet.name);
                brand.domain = format!("{}-{}.example", dashed(&outlet.name), dashed(&arm));
                brand.media.clone_from(&outlet.domain);
            }
            Kind::Freelance => {
                let (f, l) = (plain(&first), plain(&last));
                brand.name.clone_from(&brand.editor);
                brand.domain =
                    [format!("{f}-{l}.example"), format!("{f}{l}.example"), format!("{l}-writes.example")]
                        [dice.below(3)]
                    .clone();
            }
            Kind::Agency => {
                brand.client = pick(dice, "client_name");
                brand.name = pick(dice, "agency_name");
                // Outlets have their press offices, too, and agencies that do it for them.
                if number % 6 == 5 {
                    brand.client.clone_from(&outlet.name);
                    brand.media.clone_from(&outlet.domain);
                }
            }
            Kind::Internal => {
                let house = number % (tables.data.parliament.len() + 1);
                (brand.name, brand.domain) = match tables.data.parliament.get(house) {
                    Some(parliament) => (parliament.name.clone(), parliament.domain.clone()),
                    None => (tables.data.organisation.clone(), "opensocieties-alliance.example".to_owned()),
                };
            }
            Kind::Embassy => brand.name = format!("Embassy of {}", pick(dice, "country")),
            kind => brand.name = pick(dice, &format!("{}_name", kind.pool())),
        }
        if brand.domain.is_empty() {
            brand.place(world, bulk.kind, number, dice);
        }
        if brand.media.is_empty() {
            brand.media.clone_from(&brand.domain);
        }
        brand
    }

    /// Gives it a domain; several senders of one name stand for offices in several towns.
    fn place(&mut self, world: &World, kind: Kind, number: usize, dice: &mut Dice) {
        let pools = &world.tables.texts;
        let place = dice.text(pools.all("town")).to_owned();
        if number / pools.all(&format!("{}_name", kind.pool())).len().max(1) > 0 {
            self.name = format!("{} {place}", self.name);
        }
        self.domain = format!("{}{}.example", dashed(&self.name), dice.pick(&["", "", "-online", "-mail"]));
    }

    /// How the sender is called in `From`.
    pub(super) fn from(&self, kind: Kind, personal: bool, dice: &mut Dice) -> String {
        let (editor, name) = (&self.editor, &self.name);
        match (dice.below(4), personal) {
            (0, true) => format!("{editor}, {name}"),
            (1, true) => editor.clone(),
            (2, true) => format!("{editor} | {name}"),
            _ if kind == Kind::Agency && self.media != self.domain => format!("{} press office", self.client),
            _ => name.clone(),
        }
    }
}

/// A name as it stands in a domain.
fn dashed(name: &str) -> String {
    let name = plain(&name.replace([' ', '&', '’', ','], "-"));
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
