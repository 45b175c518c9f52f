//! Who and what there is, and what lies in which mailbox.

use super::bulk::Series;
use super::data::{Parliament, Service, Tables};
use super::forward::Forwarded;
use super::people::{Owner, Person, owners, plain};
use crate::ExerciseError;
use crate::calendar::{DAY, MINUTE, Rhythm, is_free, midnight};
use crate::dice::Dice;

/// The folder of a mailbox that a message lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Folder {
    Inbox,
    Sent,
    Archive,
}

impl Folder {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "Inbox",
            Self::Sent => "Sent",
            Self::Archive => "Archive",
        }
    }
}

/// What a message is: numbers of which it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Issue {
        series: u32,
        issue: u32,
    },
    Post {
        list: u32,
        post: u32,
    },
    Letter {
        thread: u32,
        step: u32,
    },
    Constituent(u32),
    Campaign {
        campaign: u32,
        number: u32,
    },
    Interview(u32),
    Machine(u32),
    Automatic(u32),
    /// A member hands on the mail with this number in [`World::forwards`].
    Forward(u32),
    Hostile(u32),
}

/// A message in a mailbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub micros: i64,
    pub owner: u16,
    pub folder: Folder,
    pub what: What,
}

/// Everything that messages are made of.
#[derive(Debug)]
pub(super) struct World {
    pub tables: Tables,
    pub seed: u64,
    pub owners: Vec<Owner>,
    pub series: Vec<Series>,
    /// People outside who write letters.
    pub outsiders: Vec<Person>,
    /// Mails that members hand on.
    pub forwards: Vec<Forwarded>,
    begin: i64,
    days: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Result<Self, ExerciseError> {
        let tables = Tables::built_in()?;
        let owners = owners(&tables, seed);
        let begin = midnight(tables.data.begin);
        let days = ((midnight(tables.data.end) - begin) / DAY) as u64;
        let mut world = Self {
            tables,
            seed,
            owners,
            series: Vec::new(),
            outsiders: Vec::new(),
            forwards: Vec::new(),
            begin,
            days,
        };
        let mut dice = world.dice("outsiders", 0);
        world.outsiders = (0..world.tables.volume("outsiders"))
            .map(|_| {
                let domain = if dice.once_in(3) {
                    dice.text(world.tables.texts.all("freemail"))
                } else {
                    dice.text(&world.tables.names.outside_domains)
                };
                super::people::outsider(&world.tables, &mut dice, domain)
            })
            .collect();
        Ok(world)
    }

    /// The dice of one thing.
    pub(super) fn dice(&self, what: &str, number: u64) -> Dice {
        Dice::new(self.seed, &format!("{what}-{number}"))
    }

    pub(super) fn person(&self, owner: u16) -> &Person {
        &self.owners[usize::from(owner)].person
    }

    pub(super) fn house(&self, owner: u16) -> &Parliament {
        &self.tables.data.parliament[self.owners[usize::from(owner)].parliament]
    }

    pub(super) fn anybody(&self, dice: &mut Dice) -> u16 {
        dice.below(self.owners.len()) as u16
    }

    /// A service for honest senders.
    pub(super) fn service(&self, dice: &mut Dice, own: bool) -> usize {
        let fit: Vec<usize> = self
            .tables
            .data
            .service
            .iter()
            .enumerate()
            .filter(|(_, service)| service.own == own)
            .map(|(at, _)| at)
            .collect();
        *dice.one(&fit)
    }

    pub(super) fn services(&self) -> &[Service] {
        &self.tables.data.service
    }

    pub(super) const fn days(&self) -> u64 {
        self.days
    }

    /// The first moment of a day of the period, counted from nought.
    pub(super) const fn day(&self, day: u64) -> i64 {
        self.begin + day as i64 * DAY
    }

    /// A moment of any day, by the habits of `rhythm`.
    pub(super) fn moment(&self, dice: &mut Dice, rhythm: Rhythm) -> i64 {
        loop {
            let day = dice.within(0..self.days);
            let date = crate::calendar::civil(self.day(day)).date();
            let free = is_free(date, &self.tables.data.holidays);
            if !free || dice.within(0..100) < (rhythm.share(true) * 100.0) as u64 {
                return rhythm.moment(dice, self.day(day));
            }
        }
    }

    /// Whether `micros` lies within the period, with an hour to spare for copies.
    pub(super) const fn within(&self, micros: i64) -> bool {
        micros < self.day(self.days) - 60 * MINUTE
    }

    /// The address of somebody's office.
    pub(super) fn office(&self, owner: u16) -> String {
        format!("office.{}@{}", plain(&self.person(owner).last), self.house(owner).domain)
    }

    /// The name of the mailing that a message belongs to; nothing for letters.
    pub(super) fn mailing(&self, what: What) -> String {
        match what {
            What::Issue { series, .. } => {
                let series = &self.series[series as usize];
                format!("{}: {} <{}>", series.kind.pool(), series.brand.name, series.address)
            }
            What::Post { list, .. } => format!("list: {list}"),
            What::Campaign { campaign, .. } => format!("campaign: {campaign}"),
            What::Forward(_) => "handed on by members".to_owned(),
            _ => String::new(),
        }
    }
}
