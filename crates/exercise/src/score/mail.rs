//! How well mails of a campaign were told from honest ones.

use std::collections::{BTreeMap, BTreeSet};

use model::Time;
use serde::{Deserialize, Serialize};

use super::share;
use crate::alliance::Difficulty;
use crate::truth::{Hostile, HostileMail, Mailings, Truth};

/// Mails of the truth and of findings that call a mail reconnaissance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MailScore {
    /// How well the campaign hid.
    pub difficulty: Option<Difficulty>,
    /// Hostile mails of the truth.
    pub hostile: u64,
    /// Those that were called reconnaissance.
    pub found: u64,
    /// Mails that were called reconnaissance.
    pub reported: u64,
    /// Found among hostile.
    pub recall: f64,
    /// Found among reported.
    pub precision: f64,
    /// By sender and wave, in order of time.
    pub raised_by: Vec<RaisedScore>,
    /// Mailings in which an honest mail was called reconnaissance.
    pub newsletters_called: u64,
    /// Their names.
    pub called: BTreeSet<String>,
}

impl MailScore {
    /// Waves that were noticed by their third mailbox.
    pub fn raised(&self) -> usize {
        self.raised_by.iter().filter(|wave| wave.by_the_third).count()
    }

    /// Whether the goals are met: at most one newsletter where nothing is hostile, else 99 of 100
    /// reported mails hostile, 95, at the hardest 90, of 100 hostile ones found, and every wave noticed by
    /// its third mailbox.
    pub fn is_met(&self) -> bool {
        if self.hostile == 0 {
            return self.newsletters_called <= 1;
        }
        let recall = if self.difficulty == Some(Difficulty::Hard) { 0.90 } else { 0.95 };
        self.precision >= 0.99 && self.recall >= recall && self.raised() == self.raised_by.len()
    }
}

/// When a wave of one sender was noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedScore {
    /// The sender's address.
    pub sender: String,
    /// Which of the sender's waves.
    pub wave: u64,
    /// Mailboxes that it reached.
    pub mailboxes: u64,
    /// How many mailboxes it had reached with its first mail that was called reconnaissance.
    pub raised: Option<u64>,
    /// Whether that was at the third mailbox or before.
    pub by_the_third: bool,
}

/// Whether a path below the evidence folder lies in a mailbox.
pub(super) fn is_mail(path: &str) -> bool {
    path.starts_with("mail/")
}

/// A mail of the truth, and when it came.
type Sent<'a> = (Time, &'a Hostile, &'a HostileMail);

/// Nothing where no mailboxes were staged.
pub(super) fn score(
    truth: &Truth,
    called: &BTreeSet<(String, u64)>,
    mailings: &[Mailings],
) -> Option<MailScore> {
    let mails: Vec<(&Hostile, &HostileMail)> =
        truth.records.hostile.iter().filter_map(|record| Some((record, record.mail.as_ref()?))).collect();
    if mails.is_empty() && mailings.is_empty() {
        return None;
    }
    let is_called = |record: &Hostile| called.contains(&(record.path.clone(), record.record));
    let found = mails.iter().filter(|(record, _)| is_called(record)).count() as u64;
    let mut waves: BTreeMap<(&str, u64), Vec<Sent<'_>>> = BTreeMap::new();
    for (record, mail) in &mails {
        waves.entry((&mail.sender, mail.wave)).or_default().push((record.time, record, mail));
    }
    let mut raised_by: Vec<(Time, RaisedScore)> = waves
        .into_iter()
        .filter_map(|((sender, wave), mut all)| {
            all.sort_by_key(|(time, record, _)| (*time, &record.path, record.record));
            let (mut reached, mut raised) = (BTreeSet::new(), None);
            for (_, record, mail) in &all {
                reached.insert(&mail.mailbox);
                if raised.is_none() && is_called(record) {
                    raised = Some(reached.len() as u64);
                }
            }
            let by_the_third = raised.is_some_and(|at| at <= 3);
            let mailboxes = reached.len() as u64;
            let first = all.first()?.0;
            Some((first, RaisedScore { sender: sender.to_owned(), wave, mailboxes, raised, by_the_third }))
        })
        .collect();
    raised_by.sort_by_key(|(first, _)| *first);
    let honest: BTreeSet<String> = mailings
        .iter()
        .flat_map(|file| {
            file.mailing.iter().enumerate().filter(|(at, mailing)| {
                !mailing.is_empty() && called.contains(&(file.path.clone(), *at as u64 + 1))
            })
        })
        .map(|(_, mailing)| mailing.clone())
        .collect();
    let (hostile, reported) = (mails.len() as u64, called.len() as u64);
    Some(MailScore {
        difficulty: truth.difficulty,
        hostile,
        found,
        reported,
        recall: share(found, hostile),
        precision: share(found, reported),
        raised_by: raised_by.into_iter().map(|(_, raised)| raised).collect(),
        newsletters_called: honest.len() as u64,
        called: honest,
    })
}
