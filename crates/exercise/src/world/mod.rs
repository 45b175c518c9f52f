//! The invented organisation: its people, hosts, shares and correspondents, and its intruder.

mod hosts;
mod intruder;
mod people;

pub(crate) use hosts::{Host, Hosts};
pub(crate) use intruder::Intruder;
pub(crate) use people::{Account, Person, Services};

use crate::dice::Dice;
use crate::evtx_writer::Sid;
use crate::scenario::{Names, Scenario};

/// Everything that has a name. Drawn from the seed alone, so that all streams speak of the same.
pub(crate) struct World {
    pub names: Names,
    /// “Northmarch Electoral Commission”
    pub organisation: String,
    /// Mail domain.
    pub domain: String,
    /// Directory domain, as Kerberos writes it.
    pub realm: String,
    /// Directory domain, as NTLM writes it.
    pub netbios: String,
    /// Identifier of the Microsoft 365 tenant.
    pub tenant: uuid::Uuid,
    /// Number of the account that holds backups in the cloud.
    pub cloud_account: u64,
    pub people: Vec<Person>,
    /// Accounts that administrators use beside their own.
    pub admins: Vec<Account>,
    pub services: Services,
    pub hosts: Hosts,
    pub shares: Vec<Share>,
    /// Files of register copies, relative to their share.
    pub registers: Vec<String>,
    /// Addresses outside that ordinary traffic comes from.
    pub outside: Vec<String>,
    pub intruder: Intruder,
    /// The three numbers that all its security identifiers share.
    domain_sid: [u32; 3],
}

/// A share of the file server or of the network storage.
pub(crate) struct Share {
    /// Its name.
    pub name: String,
    /// Folder on the server.
    pub folder: String,
    /// Whether it holds register copies.
    pub registers: bool,
}

impl World {
    /// Draws a world.
    pub(crate) fn new(scenario: &Scenario, names: Names, seed: u64) -> Self {
        let mut dice = Dice::new(seed, "world");
        let region = dice.one(&names.regions).clone();
        let [task, short] = dice.one(&names.tasks).clone();
        let initial: String = region.chars().take(2).collect();
        let netbios = format!("{initial}{short}").to_uppercase();
        let domain = format!("{}-{short}.example", region.to_lowercase());
        let realm = format!("{}.{domain}", dice.pick(&["corp", "ad", "int", "hq"]));
        let domain_sid = [0; 3].map(|_: u32| dice.within(100_000_000..4_000_000_000) as u32);
        let mut outside = outside_addresses(&mut dice);
        let hosts = Hosts::new(&mut dice, &netbios, &realm);
        let sid = |rid: u32| domain_user(domain_sid, rid);
        let people = people::draw(&mut dice, &names, scenario.people, &domain, &netbios, &outside, &sid);
        let services = Services::new(&mut dice, &names, &sid);
        let admins = people::admins(&mut dice, &people, &sid);
        let intruder = Intruder::new(&mut dice, &names, &mut outside);
        let shares = shares(&mut dice, &names);
        let registers = register_files(&mut dice, &names);
        Self {
            organisation: format!("{region} {task}"),
            tenant: dice.guid(),
            cloud_account: dice.within(100_000_000_000..999_999_999_999),
            names,
            domain,
            realm,
            netbios,
            people,
            admins,
            services,
            hosts,
            shares,
            registers,
            outside,
            intruder,
            domain_sid,
        }
    }

    /// The security identifier of an account with that relative identifier.
    pub(crate) fn sid(&self, rid: u32) -> Sid {
        domain_user(self.domain_sid, rid)
    }

    /// The share that holds register copies.
    pub(crate) fn register_share(&self) -> &Share {
        self.shares.iter().find(|share| share.registers).unwrap_or(&self.shares[0])
    }
}

fn domain_user(domain: [u32; 3], rid: u32) -> Sid {
    Sid::new(5, &[21, domain[0], domain[1], domain[2], rid])
}

/// The documentation ranges of RFC 5737, in random order.
fn outside_addresses(dice: &mut Dice) -> Vec<String> {
    let mut all: Vec<String> = ["192.0.2", "198.51.100", "203.0.113"]
        .iter()
        .flat_map(|net| (2..=253).map(move |last| format!("{net}.{last}")))
        .collect();
    dice.shuffle(&mut all);
    all
}

fn shares(dice: &mut Dice, names: &Names) -> Vec<Share> {
    let register = dice.pick(&["Registers", "RegisterData", "ElectoralRolls", "ER-Copies", "Rolls"]);
    let mut shares: Vec<Share> = names
        .departments
        .iter()
        .map(|name| name.replace(' ', ""))
        .chain(["Common".to_owned(), "Scans".to_owned(), "Profiles$".to_owned()])
        .map(|name| Share {
            folder: format!("D:\\Shares\\{}", name.trim_end_matches('$')),
            name,
            registers: false,
        })
        .collect();
    shares.push(Share { name: register.to_owned(), folder: format!("E:\\{register}"), registers: true });
    shares
}

/// One folder a borough, one file a month and kind.
fn register_files(dice: &mut Dice, names: &Names) -> Vec<String> {
    let style = dice.below(3);
    let mut files = Vec::new();
    for area in names.towns.iter().chain(&names.regions) {
        let area = area.replace(' ', "");
        for year in 2018..=2021 {
            for (number, part) in
                ["full", "open", "absent", "overseas", "changes", "monthly"].iter().enumerate()
            {
                files.push(match style {
                    0 => format!("{area}\\{year}\\{area}_{part}_{year}.csv"),
                    1 => format!("{year}\\{area}-{part}-register.xlsx"),
                    _ => format!("{area}\\ER_{area}_{year}{:02}_{part}.csv", number * 2 + 1),
                });
            }
        }
    }
    files
}
