use std::collections::BTreeSet;

use crate::dice::Dice;
use crate::evtx_writer::Sid;
use crate::scenario::Names;

/// Somebody who works there.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub forename: String,
    pub surname: String,
    /// Name in the directory.
    pub sam: String,
    /// Mail address, also the name in the cloud.
    pub mail: String,
    pub department: String,
    pub sid: Sid,
    /// Their computer.
    pub workstation: String,
    /// Its address.
    pub ip: String,
    /// Where they are seen from outside.
    pub home: String,
    /// Identifier in the cloud.
    pub object: uuid::Uuid,
    /// Index of the device that reads their mail on the move.
    pub phone: usize,
}

impl Person {
    /// “Surname, Forename”
    pub(crate) fn display(&self) -> String {
        format!("{} {}", self.forename, self.surname)
    }
}

/// An account that is no person.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Name in the directory.
    pub sam: String,
    pub sid: Sid,
}

/// Accounts under which programs run.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    /// Backup software.
    pub backup: Account,
    /// Software deployment.
    pub deploy: Account,
    /// Monitoring.
    pub monitor: Account,
    /// The one that the intruder will hold.
    pub stolen: Account,
}

impl Services {
    pub(super) fn new(dice: &mut Dice, names: &Names, sid: &dyn Fn(u32) -> Sid) -> Self {
        let prefix = dice.pick(&["svc-", "svc_", "s-", "sa."]);
        let mut words = names.services.clone();
        dice.shuffle(&mut words);
        let mut rid = 1600;
        let mut account = || {
            rid += 1 + dice.within(0..9) as u32;
            Account {
                sam: format!("{prefix}{}", words.pop().unwrap_or_else(|| dice.letters(5))),
                sid: sid(rid),
            }
        };
        Self { backup: account(), deploy: account(), monitor: account(), stolen: account() }
    }
}

/// Draws people with names that differ.
pub(super) fn draw(
    dice: &mut Dice,
    names: &Names,
    count: usize,
    domain: &str,
    netbios: &str,
    outside: &[String],
    sid: &dyn Fn(u32) -> Sid,
) -> Vec<Person> {
    let mut taken = BTreeSet::new();
    let style = dice.below(3);
    let subnets = [dice.within(20..120), dice.within(121..220)];
    let net = dice.within(60..120);
    (0..count)
        .map(|number| {
            let (forename, surname) = loop {
                let pair = (dice.one(&names.forenames).clone(), dice.one(&names.surnames).clone());
                let sam = sam(style, &pair.0, &pair.1);
                if taken.insert(sam) {
                    break pair;
                }
            };
            let sam = sam(style, &forename, &surname);
            let subnet = subnets[number % 2];
            Person {
                mail: format!("{}.{}@{domain}", forename.to_lowercase(), plain(&surname)),
                department: dice.one(&names.departments).clone(),
                sid: sid(1110 + 3 * number as u32),
                workstation: format!("{netbios}-WS{:04}", 200 + number * 7 % 5000),
                ip: format!("10.{net}.{subnet}.{}", 10 + number / 2 % 240),
                home: outside[number % (outside.len() / 2)].clone(),
                object: dice.guid(),
                phone: dice.below(3),
                forename,
                surname,
                sam,
            }
        })
        .collect()
}

/// A few of the people have a second account for administration.
pub(super) fn admins(dice: &mut Dice, people: &[Person], sid: &dyn Fn(u32) -> Sid) -> Vec<Account> {
    let prefix = dice.pick(&["adm-", "a-", "admin."]);
    (0..4.min(people.len()))
        .map(|number| Account {
            sam: format!("{prefix}{}", people[number * 17 % people.len()].sam),
            sid: sid(1500 + number as u32),
        })
        .collect()
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['\'', ' '], "")
}

fn sam(style: usize, forename: &str, surname: &str) -> String {
    let (forename, surname) = (forename.to_lowercase(), plain(surname));
    match style {
        0 => format!("{}{surname}", &forename[..1]),
        1 => format!("{forename}.{surname}"),
        _ => format!("{surname}{}", &forename[..2]),
    }
}
