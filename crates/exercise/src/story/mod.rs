//! The intrusion: what the intruder does, step by step, and the records that it leaves.

mod commands;
mod desk;
mod entry;
mod lateral;
mod linux;
mod mailboxes;
mod persistence;
mod reads;
mod removal;
mod spam;
mod spray;

pub(crate) use desk::{Desk, Mark, Plan, Tools};

use crate::ExerciseError;
use crate::calendar::{DAY, HOUR, MINUTE, SECOND, midnight};
use crate::catalogue::Catalogue;
use crate::context::Context;
use crate::honest::Honest;
use crate::lookalikes;
use crate::scenario::{Scenario, Step};
use crate::world::World;

/// All records of the story and of what looks like it, before they are put among the others.
pub(crate) fn plan(
    scenario: &Scenario,
    world: &World,
    catalogue: &Catalogue,
    honest: &Honest,
    seed: u64,
) -> Result<Plan, ExerciseError> {
    let tools = Tools::built_in()?;
    let cx = Context { world, catalogue, honest };
    let mut desk = Desk::new(cx, &tools, seed);
    for phase in &scenario.phase {
        let later = desk.dice.within(0..phase.later + 1) as i64 * DAY;
        for step in phase.step.iter().filter(|step| step.staged) {
            begin(&mut desk, step, later);
            run(&mut desk, step).map_err(|what| ExerciseError::Data {
                file: "commission.toml",
                what: format!("phase {}: {what}", phase.name),
            })?;
        }
    }
    lookalikes::stage(&mut desk, scenario)?;
    let mut plan = desk.plan;
    for batch in plan.batches.values_mut() {
        batch.sort();
        if let Some(what) = batch.fault.take() {
            return Err(ExerciseError::Data { file: "windows.toml", what });
        }
    }
    Ok(plan)
}

/// Sets the clock: the first step of a day begins within two hours of the hour it names, each
/// further one some minutes after the one before.
fn begin(desk: &mut Desk<'_>, step: &Step, later: i64) {
    let earliest = midnight(step.on) + later + step.after * HOUR;
    if desk.now < earliest {
        desk.now = earliest + desk.dice.within(0..(2 * HOUR) as u64) as i64;
    } else {
        desk.now += 4 * MINUTE + desk.dice.within(0..(20 * MINUTE) as u64) as i64;
    }
    desk.now = desk.now / SECOND * SECOND + desk.dice.within(0..SECOND as u64) as i64;
}

fn run(desk: &mut Desk<'_>, step: &Step) -> Result<(), String> {
    let variant = step.variant.as_str();
    match step.technique.as_str() {
        "proxyshell-request" => entry::proxyshell(desk, step.count),
        "export-to-webroot" if variant == "mailbox" => mailboxes::exported(desk, step.count),
        "export-to-webroot" => entry::page_exported(desk, step.count),
        "webshell-used" => entry::shell_used(desk, step.count),
        "webserver-child" => commands::typed(desk, step.count),
        "discovery-domain" => commands::discovery(desk, step.count),
        "credential-dump" => commands::credentials(desk, variant),
        "persistence" => persistence::stage(desk, variant, step.count),
        "lateral" => lateral::stage(desk, step.count),
        "share-bulk-read" => reads::share(desk, step.count, variant),
        "samba-bulk-read" => reads::samba(desk, step.count),
        "mailbox-access" => mailboxes::accessed(desk, variant, step.count),
        "password-spray" => spray::stage(desk, variant, step.count),
        "spam-from-own-server" => spam::stage(desk, step.count),
        "archive-staging" => removal::archived(desk, step.count),
        "exfiltration" => removal::taken(desk, variant, step.count),
        "log-clearing" => removal::cleared(desk, variant),
        "linux" => linux::stage(desk, variant),
        other => return Err(format!("there is no technique “{other}”")),
    }
    Ok(())
}
