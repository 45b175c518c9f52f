//! The scenario `alliance`: mailboxes of legislators, four months of honest mail, and a campaign of
//! reconnaissance within.
//!
//! First everything is planned as small items (when, in whose mailbox, what); then the items of each
//! folder are written in order of time, each message from dice of its own. So no more than one folder
//! is in memory, and what is hostile stays the same at every scale.

mod attach;
pub(crate) mod boxes;
mod brand;
mod bulk;
mod data;
mod forward;
mod grammar;
mod hostile;
mod institution;
mod letters;
mod logs;
mod machine;
pub(crate) mod mime;
mod page;
mod people;
pub(crate) mod service;
pub(crate) mod way;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use model::Time;

use self::boxes::Boxes;
use self::hostile::Campaign;
pub use self::hostile::Difficulty;
use self::world::{Item, What, World};
use crate::ExerciseError;
use crate::calendar::midnight;
use crate::scenario::ScenarioInfo;
use crate::store::Store;
use crate::truth::{Background, Truth, TruthRecords};

/// The scenario's name.
pub(crate) const NAME: &str = "alliance";

/// Name and title.
pub(crate) fn info() -> Result<ScenarioInfo, ExerciseError> {
    let data = data::data()?;
    Ok(ScenarioInfo { name: data.name, title: data.title })
}

/// Writes `out/evidence`, `out/institution.toml` and `out/mailings.jsonl`.
pub(crate) fn stage(
    seed: u64,
    scale: f64,
    difficulty: Difficulty,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, ExerciseError> {
    let mut world = World::new(seed)?;
    let campaign = Campaign::plan(&world, difficulty);
    let items = plan(&mut world, scale, &campaign);
    let mut store = Store::new(&out.join("evidence"), progress)?;
    let written = Boxes { world: &world, campaign: &campaign }.write(&items, &mut store, out)?;
    institution::write(&world, out)?;
    let mut hostile = written.hostile;
    let browsed = logs::write(&world, &campaign, scale, &written.opens, &mut store, &mut hostile)?;
    hostile.sort_by(|a, b| (a.time, &a.path, a.record).cmp(&(b.time, &b.path, b.record)));
    let data = &world.tables.data;
    let records = items.len() as u64 + browsed - hostile.len() as u64;
    Ok(Truth {
        schema: 1,
        scenario: data.name.clone(),
        seed,
        scale,
        difficulty: Some(difficulty),
        organisation: data.organisation.clone(),
        first_seen: hostile.first().map(|record| record.time),
        detected: Time::from_micros(midnight(data.detected)),
        hosts: BTreeMap::new(),
        addresses: campaign.domains(),
        accounts: Vec::new(),
        background: Background { records, bytes: store.finish()? },
        records: TruthRecords { hostile },
        lookalikes: BTreeMap::new(),
        // Who opens such a mail tells when, where and on what; nobody reads the mailbox by that.
        exposure: Vec::new(),
        incidents: 1,
        gaps: Vec::new(),
    })
}

/// Everything that lies in the mailboxes, by owner, folder and time.
fn plan(world: &mut World, scale: f64, campaign: &Campaign) -> Vec<Item> {
    let mut items = Vec::new();
    campaign.items(&mut items);
    let mut left = (scale * 1e6) as u64;
    let mut round = 0;
    while left > 0 {
        let kept = left.min(1_000_000);
        bulk::plan(world, u64::from(round), kept, &mut items);
        letters::plan(world, round, kept, &mut items);
        forward::plan(world, round, kept, &mut items);
        machine::plan(world, round, kept, &mut items);
        left -= kept;
        round += 1;
    }
    let is_hostile = |item: &Item| matches!(item.what, What::Hostile(_));
    items.sort_by_key(|item| (item.owner, item.folder, item.micros, is_hostile(item)));
    items
}

#[cfg(test)]
mod tests;
