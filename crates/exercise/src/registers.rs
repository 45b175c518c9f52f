//! Copies of registers with invented electors, as they lie on the share.

use std::io::Write as _;

use crate::calendar::DAY;
use crate::dice::Dice;
use crate::world::World;

/// A file of the share.
pub(crate) struct RegisterFile {
    /// Path below the share.
    pub path: String,
    pub bytes: Vec<u8>,
    /// Electors in it.
    pub rows: u64,
    /// When it was last changed.
    pub micros: i64,
}

/// Columns of a register in the United Kingdom.
const COLUMNS: &str = "Elector Number Prefix,Elector Number,Elector Number Suffix,Elector Markers,Elector DOB,\
    Elector Surname,Elector Forename,PostCode,Address1,Address2,Address3,Address4,Address5,Address6";

/// About `rows` electors, in files of the share that hold comma-separated values.
pub(crate) fn files(world: &World, dice: &mut Dice, rows: u64, begin: i64) -> Vec<RegisterFile> {
    let share = world.register_share();
    let paths: Vec<&String> = world.registers.iter().step_by(16).take(12).collect();
    let each = rows.div_ceil(paths.len() as u64).max(1);
    paths
        .iter()
        .enumerate()
        .map(|(number, path)| {
            let path = path.replace('\\', "/").replace(".xlsx", ".csv");
            let mut bytes = format!("{COLUMNS}\r\n").into_bytes();
            for row in 0..each {
                elector(world, dice, number, row, &mut bytes);
            }
            let micros = begin - DAY * (10 + 31 * number as i64);
            RegisterFile { path: format!("{}/{path}", share.name), bytes, rows: each, micros }
        })
        .collect()
}

fn elector(world: &World, dice: &mut Dice, file: usize, row: u64, out: &mut Vec<u8>) {
    let names = &world.names;
    let area = char::from(b'A' + (file % 26) as u8);
    let district = char::from(b'A' + (row / 400 % 26) as u8);
    // Only those who come of age during the year of the register carry a date of birth.
    let (marker, born) = if dice.once_in(90) {
        ("", format!("{:02}/{:02}/2004", dice.within(1..29), dice.within(1..13)))
    } else {
        (dice.pick(&["", "", "", "", "G", "K", "E", "F"]), String::new())
    };
    let town = dice.one(&names.towns);
    let _ = write!(
        out,
        "{area}{district},{},{},{marker},{born},{},{},{area}{district}{} {}{area}{district},{} {},{town},{},,,\r\n",
        1 + row % 400,
        if dice.once_in(200) { "1" } else { "" },
        dice.one(&names.surnames),
        dice.one(&names.forenames),
        dice.within(1..20),
        dice.within(1..9),
        dice.within(1..180),
        dice.one(&names.streets),
        dice.one(&names.regions),
    );
}
