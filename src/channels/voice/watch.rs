//! What the live calls of this process owe the others: a sign of life, and to do what they are asked.

use super::{actor::Steer, desk::Room};
use crate::{
    base::{clock, ids::CallSid},
    ports::store::{StoreError, Stored},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval};

/// How often it is looked whether another process asks something of a call (reliability §3.7).
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two signs of life: a call of which nothing is seen for 30 s counts as lost (reliability §3.8).
const BEAT: u32 = 10;
/// A look that comes so late is that of a process that stood still: who it is to others may have changed meanwhile.
const STOOD_STILL: Duration = Duration::from_secs(3);
/// What another process may ask.
pub const HANG_UP: &str = "hang_up";

/// Watches until the desk is gone.
pub(super) async fn watch(room: Weak<Room>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked_at = clock::now();
    for look in 0_u32.. {
        ticks.tick().await;
        let Some(room) = room.upgrade() else { return };
        let away = clock::now().saturating_duration_since(looked_at);
        let woke = away >= STOOD_STILL;
        if woke {
            let seconds = away.as_secs();
            tracing::warn!(
                code = "STOOD_STILL",
                seconds,
                "this process stood still; its calls may have gone on elsewhere"
            );
        }
        let looked = once(&room, woke || look % BEAT == 0).await;
        // A store that is slow is not us.
        looked_at = clock::now();
        if let Err(error) = looked {
            // The ledger tells of a store that is away; calls go on.
            tracing::debug!(%error, "the live calls could not be compared with the store");
        }
    }
}

async fn once(room: &Arc<Room>, beat: bool) -> Stored<()> {
    let live = room.live_calls();
    if live.is_empty() {
        return Ok(());
    }
    let (store, owner) = (&room.staff.store, &room.staff.owner);
    // First of all: a call that says nothing is closed.
    if beat {
        for call in store.heartbeat(owner.clone(), live.clone()).await? {
            fenced(room, &live, call).await?;
        }
    }
    for (call, command) in store.commands(owner.clone()).await? {
        tracing::info!(call.sid = %call, command, "another process asks something of a call");
        if command == HANG_UP {
            room.steer(&call, Steer::End);
        }
    }
    Ok(())
}

/// A call that the store does not take for ours is another's, or has only just begun.
async fn fenced(room: &Arc<Room>, live: &[(CallSid, i64)], call: CallSid) -> Stored<()> {
    let ours = live.iter().find(|(sid, _)| *sid == call).map_or(0, |(_, epoch)| *epoch);
    let row = match room.staff.store.call(call.clone()).await {
        Ok(row) => row,
        // Its beginning still waits in the ledger.
        Err(StoreError::Unknown) => return Ok(()),
        Err(error) => return Err(error),
    };
    let theirs = row.epoch;
    // Under our own epoch it is another's where two sockets opened with one token, or where we were taken for dead.
    if theirs > ours || theirs == ours && row.owner.as_ref() != Some(&room.staff.owner) {
        tracing::warn!(code = "FENCED", call.sid = %call, ours, theirs, "another process has taken the call over");
        room.steer(&call, Steer::Fenced);
    }
    Ok(())
}
