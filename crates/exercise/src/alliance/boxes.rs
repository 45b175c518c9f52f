//! Writes the mailboxes: mboxes of one folder each, and Maildirs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use model::Time;

use super::hostile::Campaign;
use super::way::Draft;
use super::world::{Folder, Item, What, World};
use super::{bulk, forward, letters, machine};
use crate::ExerciseError;
use crate::batch::put;
use crate::calendar::{MINUTE, SECOND, Stamp};
use crate::formats::mail::weekday;
use crate::store::{Store, Target};
use crate::truth::{Hostile, HostileMail};

/// One honest mail in so many is seen to be opened in the logs.
const OPENED: u64 = 45;

/// A mail that somebody opened while the logs watched.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub micros: i64,
    pub owner: u16,
    pub url: String,
    /// Number of the mail in the campaign.
    pub hostile: Option<u32>,
}

/// What writing the mailboxes came to.
#[derive(Default)]
pub(super) struct Written {
    pub hostile: Vec<Hostile>,
    pub opens: Vec<Open>,
}

pub(super) struct Boxes<'a> {
    pub world: &'a World,
    pub campaign: &'a Campaign,
}

impl Boxes<'_> {
    /// Writes `items`, which are in order, and beside the evidence which mailing each belongs to.
    pub(super) fn write(
        &self,
        items: &[Item],
        store: &mut Store<'_>,
        out: &Path,
    ) -> Result<Written, ExerciseError> {
        let mut written = Written::default();
        let mailings = out.join("mailings.jsonl");
        let failed = || ExerciseError::io(&mailings);
        let mut list = BufWriter::new(File::create(&mailings).map_err(failed())?);
        for folder in items.chunk_by(|a, b| (a.owner, a.folder) == (b.owner, b.folder)) {
            let Some(first) = folder.first() else { continue };
            let maildir = self.world.owners[usize::from(first.owner)].maildir;
            let mut bytes = Vec::new();
            let mut names = Vec::new();
            let path = self.path(first);
            for (place, item) in folder.iter().enumerate() {
                let record = if maildir { 1 } else { place as u64 + 1 };
                let path = if maildir { self.message(&path, item, place) } else { path.clone() };
                let start = bytes.len();
                self.render(item, (&path, record), &mut bytes, &mut written);
                let mailing = self.world.mailing(item.what);
                if maildir {
                    store.put(&Target { path: path.clone(), archive: None }, &bytes, item.micros)?;
                    bytes.clear();
                    entry(&mut list, &path, &[mailing]).map_err(failed())?;
                } else {
                    quote(&mut bytes, start);
                    bytes.push(b'\n');
                    names.push(mailing);
                }
            }
            if !maildir {
                let last = folder.last().map_or(0, |item| item.micros);
                entry(&mut list, &path, &names).map_err(failed())?;
                store.put(&Target { path, archive: None }, &bytes, last)?;
            }
        }
        list.flush().map_err(failed())?;
        Ok(written)
    }

    fn path(&self, item: &Item) -> String {
        let owner = &self.world.owners[usize::from(item.owner)];
        let folder = format!("mail/{}/{}", self.world.house(item.owner).key, owner.person.address);
        match (owner.maildir, item.folder) {
            (false, name) => format!("{folder}/{}.mbox", name.name()),
            (true, Folder::Inbox) => format!("{folder}/Maildir/cur"),
            (true, name) => format!("{folder}/Maildir/.{}/cur", name.name()),
        }
    }

    fn message(&self, folder: &str, item: &Item, place: usize) -> String {
        let store = self.world.house(item.owner).store();
        let (seconds, rest) = (item.micros.div_euclid(SECOND), item.micros.rem_euclid(SECOND));
        format!("{folder}/{seconds}.M{rest}P{}Q{place}.{store}:2,S", 1000 + seconds % 7000)
    }

    fn render(&self, item: &Item, place: (&str, u64), out: &mut Vec<u8>, written: &mut Written) {
        let world = self.world;
        let (part, number) = match item.what {
            What::Issue { series, issue } => ("i", u64::from(series) << 32 | u64::from(issue)),
            What::Post { list, post } => ("p", u64::from(list) << 32 | u64::from(post)),
            What::Letter { thread, step } => ("l", u64::from(thread) << 32 | u64::from(step)),
            What::Constituent(number) => ("c", u64::from(number)),
            What::Campaign { campaign, number } => ("k", u64::from(campaign) << 32 | u64::from(number)),
            What::Interview(number) => ("j", u64::from(number)),
            What::Machine(number) => ("m", u64::from(number)),
            What::Automatic(number) => ("a", u64::from(number)),
            What::Forward(number) => ("f", u64::from(number)),
            What::Hostile(number) => ("h", u64::from(number)),
        };
        let mut dice = world.dice(&format!("message-{part}-{}", item.owner), number);
        let draft = match item.what {
            What::Issue { series, issue } => {
                let (draft, pixel) = bulk::draft(world, item, series, issue, &mut dice);
                if let Some(url) = pixel.filter(|_| dice.once_in(OPENED)) {
                    let micros = item.micros + dice.within(2..2000) as i64 * MINUTE;
                    written.opens.push(Open { micros, owner: item.owner, url, hostile: None });
                }
                draft
            }
            What::Post { list, post } => letters::post(world, item, list, post),
            What::Letter { thread, step } => letters::letter(world, item, thread, step),
            What::Constituent(number) => letters::constituent(world, item, number, &mut dice),
            What::Campaign { campaign, number } => {
                letters::campaign(world, item, campaign, number, &mut dice)
            }
            What::Interview(number) => letters::interview(world, item, number, &mut dice),
            What::Machine(_) => machine::notice(world, item, &mut dice),
            What::Automatic(_) => machine::answer(world, item, &mut dice),
            What::Forward(number) => forward::draft(world, self.campaign, item, number, &mut dice),
            What::Hostile(number) => self.hostile(item, number, place, written),
        };
        if !world.owners[usize::from(item.owner)].maildir {
            separator(&draft, out);
        }
        draft.write(world.house(item.owner), world.person(item.owner), &mut dice, out);
    }

    fn hostile(&self, item: &Item, number: u32, (path, record): (&str, u64), written: &mut Written) -> Draft {
        let told = self.campaign.mail(self.world, item, number);
        let sent = self.campaign.sent[number as usize];
        let (sender, outlet) = self.campaign.claims(number);
        let mut dice = self.world.dice("opened", u64::from(number));
        if dice.within(0..100) < self.world.tables.data.hostile.opened {
            let micros = item.micros + dice.within(3..1500) as i64 * MINUTE;
            let url = told.beacon.clone();
            written.opens.push(Open { micros, owner: item.owner, url, hostile: Some(number) });
        }
        written.hostile.push(Hostile {
            path: path.to_owned(),
            record,
            time: Time::from_micros(item.micros.div_euclid(SECOND) * SECOND),
            technique: if told.carrier == "link" { "T1598.003" } else { "T1598.002" }.to_owned(),
            fact: format!("{sender} poses as {outlet}; the token is in the {}", told.carrier),
            mail: Some(HostileMail {
                sender: sender.to_owned(),
                wave: sent.wave as u64 + 1,
                mailbox: self.world.person(item.owner).address.clone(),
                outlet: outlet.to_owned(),
                token: told.token,
            }),
        });
        told.draft
    }
}

/// The line that begins a message of an mbox.
fn separator(draft: &Draft, out: &mut Vec<u8>) {
    let stamp = Stamp::new(draft.micros);
    put!(out, "From {} {} {} {}\n", draft.envelope(), weekday(draft.micros), stamp.bsd(), stamp.year);
}

/// Marks the lines from byte `start` on, the first apart, that would begin a message (mboxrd).
pub(crate) fn quote(bytes: &mut Vec<u8>, start: usize) {
    let needs = |line: &[u8]| {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        line[marks..].starts_with(b"From ")
    };
    if !bytes[start..].split_inclusive(|byte| *byte == b'\n').skip(1).any(needs) {
        return;
    }
    let message = bytes.split_off(start);
    for (number, line) in message.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if number > 0 && needs(line) {
            bytes.push(b'>');
        }
        bytes.extend_from_slice(line);
    }
}

/// A line of `mailings.jsonl`: a path, and the mailing of each of its messages.
pub(crate) fn entry(list: &mut impl std::io::Write, path: &str, names: &[String]) -> std::io::Result<()> {
    let line = crate::truth::Mailings { path: path.to_owned(), mailing: names.to_vec() };
    serde_json::to_writer(&mut *list, &line)?;
    list.write_all(b"\n")
}
