use std::collections::BTreeMap;

use model::{Exposed, ExposureKind, Time};
use serde::{Deserialize, Serialize};

use crate::alliance::Difficulty;

/// What an exercise staged: written as `truth.json`, read by [`crate::score`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Version of this shape; 1 now.
    pub schema: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The scale of ordinary traffic.
    pub scale: f64,
    /// How well the intruder hides, where a scenario has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Difficulty>,
    /// The invented organisation.
    pub organisation: String,
    /// Time of the first hostile record.
    pub first_seen: Option<Time>,
    /// When the organisation noticed.
    pub detected: Time,
    /// Hosts that the intruder was on, by role.
    pub hosts: BTreeMap<String, String>,
    /// Outside addresses that the intruder used.
    pub addresses: Vec<String>,
    /// Accounts that the intruder held or made.
    pub accounts: Vec<String>,
    /// The records that the intrusion left.
    pub records: TruthRecords,
    /// What looks hostile and is not, by the technique that it resembles.
    pub lookalikes: BTreeMap<String, Lookalikes>,
    /// What was put at risk, as far as the records show it.
    pub exposure: Vec<Risk>,
    /// How many intrusions there were.
    pub incidents: u64,
    /// Logs that are missing.
    pub gaps: Vec<Missing>,
    /// Everything that is not hostile.
    pub background: Background,
}

/// The records that the intrusion left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthRecords {
    /// In order of time.
    pub hostile: Vec<Hostile>,
}

/// One record that the intrusion left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hostile {
    /// Path below the evidence folder, members of archives after a `!`.
    pub path: String,
    /// Its number as the format counts.
    pub record: u64,
    /// Its time, as exact as the format writes it.
    pub time: Time,
    /// The technique that it belongs to.
    pub technique: String,
    /// What an expert would say of it.
    pub fact: String,
    /// What is known of it where it is a mail of a campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<HostileMail>,
}

/// A mail of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostileMail {
    /// The sender's address.
    pub sender: String,
    /// Which of the sender's waves it belongs to, from 1.
    pub wave: u64,
    /// Address of the owner of the mailbox.
    pub mailbox: String,
    /// The outlet that the sender claims.
    pub outlet: String,
    /// What tells its sender who opened it.
    pub token: String,
}

/// A line of `mailings.jsonl`: which mailing each message of a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailings {
    /// Path below the evidence folder.
    pub path: String,
    /// By record; nothing for what is no mailing.
    pub mailing: Vec<String>,
}

/// What looks like a technique and is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookalikes {
    /// How many records were staged as such, ordinary traffic apart.
    pub count: u64,
    /// What they are, and how many records of each.
    pub kinds: BTreeMap<String, u64>,
}

/// One thing that was put at risk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Risk {
    /// What kind of thing.
    pub what: Exposed,
    /// Its name.
    pub name: String,
    /// The worst that was done to it.
    pub how: ExposureKind,
}

/// A span for which a log is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Host.
    pub host: String,
    /// The log.
    pub log: String,
    /// First missing moment.
    pub from: Time,
    /// First moment that is there again.
    pub until: Time,
}

/// Everything that is not hostile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// Records, look-alikes among them.
    pub records: u64,
    /// Bytes of all evidence, unpacked.
    pub bytes: u64,
}
