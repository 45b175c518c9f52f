//! A folder of messages as many owners have it: what looks like bulk mail is delivered to several
//! mailboxes, as bulk-mail services set it; everything else goes to one.
//!
//! Nothing in it is hostile, so whatever is called reconnaissance in it is wrongly called so.

mod deliver;
mod message;
mod tokens;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::civil::date;
use model::Time;

use self::deliver::{Deliver, Owner};
use crate::ExerciseError;
use crate::alliance::boxes::{entry, quote};
use crate::calendar::{DAY, HOUR, SECOND, midnight};
use crate::dice::Dice;
use crate::scenario::Names;
use crate::store::{Store, Target};
use crate::truth::{Background, Truth, TruthRecords};

/// The institution whose mailboxes they are.
pub(crate) const DOMAIN: &str = "assembly-northmarch.example";
/// Bytes of a message; a larger one is left out.
const LARGEST: u64 = 8 << 20;
/// Days over which the mail arrives.
const DAYS: u64 = 120;

/// One message in one mailbox.
struct Copy {
    micros: i64,
    owner: usize,
    /// Index of the file.
    file: usize,
    bulk: bool,
}

/// Writes `out/evidence/mail`, `out/institution.toml`, `out/mailings.jsonl` and `out/truth.json` from
/// the messages in `from`, one a file.
///
/// Each message that looks like bulk mail (a page with links, or fields of a list) goes to 3 to 40 of
/// `owners` mailboxes, with tokens of its own for each; every other goes to one. The same messages,
/// number and seed give the same bytes.
pub fn mailboxes(
    from: &Path,
    owners: usize,
    seed: u64,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, ExerciseError> {
    if !(3..=10_000).contains(&owners) {
        return Err(ExerciseError::Owners { owners });
    }
    let files = files(from)?;
    let people = people(owners, seed)?;
    let begin = midnight(date(2021, 1, 11));
    let mut copies = Vec::new();
    for (number, path) in files.iter().enumerate() {
        let Some(raw) = read(path)? else { continue };
        let Some(parts) = message::split(&raw) else { continue };
        let bulk = message::is_bulk(&parts);
        let mut dice = Dice::new(seed, &format!("delivery-{number}"));
        let start = begin + dice.within(0..DAYS * 24) as i64 * HOUR;
        let mut all: Vec<usize> = (0..owners).collect();
        dice.shuffle(&mut all);
        all.truncate(if bulk { 3 + dice.below(38) } else { 1 });
        for (place, owner) in all.into_iter().enumerate() {
            let micros = start + place as i64 * (1 + dice.within(0..20) as i64) * SECOND;
            copies.push(Copy { micros, owner, file: number, bulk });
        }
    }
    copies.sort_by_key(|copy| (copy.owner, copy.micros, copy.file));
    let mut store = Store::new(&out.join("evidence"), progress)?;
    let list_path = out.join("mailings.jsonl");
    let failed = || ExerciseError::io(&list_path);
    let mut list = BufWriter::new(File::create(&list_path).map_err(failed())?);
    for of_owner in copies.chunk_by(|a, b| a.owner == b.owner) {
        let Some(first) = of_owner.first() else { continue };
        let owner = &people[first.owner];
        let path = format!("mail/{}/Inbox.mbox", owner.address);
        let (mut bytes, mut names) = (Vec::new(), Vec::new());
        for copy in of_owner {
            let Some(raw) = read(&files[copy.file])? else { continue };
            let Some(parts) = message::split(&raw) else { continue };
            let start = bytes.len();
            let mailing = Deliver { seed, number: copy.file, owner, micros: copy.micros, bulk: copy.bulk };
            mailing.write(&parts, &mut bytes);
            quote(&mut bytes, start);
            bytes.push(b'\n');
            names.push(name(from, &files[copy.file]));
        }
        let last = of_owner.last().map_or(begin, |copy| copy.micros);
        entry(&mut list, &path, &names).map_err(failed())?;
        store.put(&Target { path, archive: None }, &bytes, last)?;
    }
    list.flush().map_err(failed())?;
    institution(&people, out)?;
    let truth = Truth {
        schema: 1,
        scenario: "mailboxes".to_owned(),
        seed,
        scale: 1.0,
        difficulty: None,
        organisation: "House of Assembly of Northmarch".to_owned(),
        first_seen: None,
        detected: Time::from_micros(begin + (DAYS as i64 + 1) * DAY),
        hosts: BTreeMap::new(),
        addresses: Vec::new(),
        accounts: Vec::new(),
        background: Background { records: copies.len() as u64, bytes: store.finish()? },
        records: TruthRecords::default(),
        lookalikes: BTreeMap::new(),
        exposure: Vec::new(),
        incidents: 0,
        gaps: Vec::new(),
    };
    crate::stage::write_truth(&truth, out)?;
    Ok(truth)
}

/// All files below `from`, in order of their paths.
fn files(from: &Path) -> Result<Vec<PathBuf>, ExerciseError> {
    let (mut found, mut folders) = (Vec::new(), vec![from.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(ExerciseError::io(&folder))? {
            let entry = entry.map_err(ExerciseError::io(&folder))?;
            let kind = entry.file_type().map_err(ExerciseError::io(&folder))?;
            // Links are not followed, so that no folder is walked twice.
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, ExerciseError> {
    let length = fs::metadata(path).map_err(ExerciseError::io(path))?.len();
    if length > LARGEST {
        return Ok(None);
    }
    fs::read(path).map(Some).map_err(ExerciseError::io(path))
}

fn name(from: &Path, path: &Path) -> String {
    path.strip_prefix(from).unwrap_or(path).to_string_lossy().into_owned()
}

fn people(owners: usize, seed: u64) -> Result<Vec<Owner>, ExerciseError> {
    let names = Names::built_in()?;
    let mut dice = Dice::new(seed, "mailbox-owners");
    let mut taken = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for number in 0..owners {
        let (first, last) = (dice.text(&names.forenames).to_owned(), dice.text(&names.surnames).to_owned());
        let local = format!("{first}.{last}").to_lowercase().replace('\'', "");
        let local = if taken.insert(local.clone()) { local } else { format!("{local}{number}") };
        all.push(Owner { name: format!("{first} {last}"), address: format!("{local}@{DOMAIN}") });
    }
    Ok(all)
}

fn institution(people: &[Owner], out: &Path) -> Result<(), ExerciseError> {
    let mut text = format!(
        "# What is known of the institution.\n\ndomains = [\"{DOMAIN}\"]\nhosts = [\"mx1.{DOMAIN}\", \"store.{DOMAIN}\"]\n\
         relays = [\"192.0.2.10/32\"]\nauthserv_ids = [\"mx1.{DOMAIN}\"]\n"
    );
    for person in people {
        text += &format!("\n[[people]]\nname = \"{}\"\naddresses = [\"{}\"]\n", person.name, person.address);
    }
    let path = out.join("institution.toml");
    fs::write(&path, text).map_err(ExerciseError::io(&path))
}

#[cfg(test)]
mod tests;
