//! What has to be done again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::days;
use crate::judge::Room;
use crate::quarantine::{Act, What};
use crate::wire::ends as ended;

const DAY: i64 = 86_400_000_000;
/// Between two looks for what is too old.
const CLEANING: Duration = Duration::from_secs(3600);

/// Makes what was learned lasting every second, and clears what is too old every hour.
pub(super) async fn upkeep(room: Arc<Room>, mut ends: watch::Receiver<bool>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut cleaned: Option<tokio::time::Instant> = None;
    loop {
        tokio::select! {
            () = ended(&mut ends) => return,
            now = second.tick() => {
                let clean = cleaned.is_none_or(|last| now.duration_since(last) >= CLEANING);
                if clean {
                    cleaned = Some(now);
                }
                let room = room.clone();
                let work = tokio::task::spawn_blocking(move || once(&room, clean));
                if let Err(error) = work.await {
                    tracing::error!(%error, "upkeep broke off");
                }
            }
        }
    }
}

fn once(room: &Room, clean: bool) {
    let kept =
        room.memory.keep().and_then(|()| if room.memory.is_full() { room.memory.renew() } else { Ok(()) });
    if let Err(error) = kept {
        tracing::error!(error = %error, cause = super::causes(&error), "what was learned could not be kept");
    }
    if !clean {
        return;
    }
    let setup = room.setup();
    let now = (room.outside.now)();
    if let Err(error) = room.memory.forget(days(&setup.config), now) {
        tracing::error!(%error, "what is old could not be forgotten");
    }
    let retention = i64::from(setup.config.quarantine.retention_days) * DAY;
    let act = Act { time: now, who: "gate", what: What::Delete, note: "older than retention_days" };
    let expired = room.quarantine().expire(now.plus_micros(-retention), now.plus_micros(-retention), &act);
    match expired {
        Ok(0) => {}
        Ok(originals) => tracing::info!(originals, "originals were deleted after their time"),
        Err(error) => tracing::error!(%error, "old originals could not be deleted"),
    }
}
