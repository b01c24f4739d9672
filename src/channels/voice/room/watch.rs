//! Reads what there is once a second, and has new calls refused while it is too little.

use super::{Beats, Bounds, Memory, Reading, Room, Scarce, beat::Metronome};
use crate::{channels::voice::admission::Admission, telemetry::metrics};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

/// From reading to reading.
const EVERY: Duration = Duration::from_secs(1);

/// Watches over the room for calls.
#[derive(Debug)]
pub struct Watch {
    admission: Arc<Admission>,
    bounds: Bounds,
    memory: Memory,
    room: Room,
}

impl Watch {
    /// Reads the memory for the first time, so that it counts from the first call on.
    pub async fn begin(admission: Arc<Admission>, bounds: Bounds, memory: Memory) -> Self {
        for what in Scarce::ALL {
            metrics::admission_closed(what.label(), false);
        }
        let mut watch = Self { admission, bounds, memory, room: Room::new(bounds) };
        watch.look(Beats::default()).await;
        watch
    }

    /// Watches for ever. Once the future is dropped, what was decided last stays.
    pub async fn run(mut self) {
        let metronome = Metronome::default();
        match self.bounds.late {
            Some(bound) => {
                tokio::join!(metronome.beat(bound), self.look_on(&metronome));
            }
            None => self.look_on(&metronome).await,
        }
    }

    async fn look_on(&mut self, metronome: &Metronome) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(metronome.take()).await;
        }
    }

    async fn look(&mut self, beats: Beats) {
        let memory_percent = match self.bounds.memory_percent {
            Some(_) => used(self.memory).await,
            None => None,
        };
        metrics::pacing_late(beats.late.into());
        for (what, is_scarce) in self.room.read(Reading { memory_percent, beats }) {
            metrics::admission_closed(what.label(), is_scarce);
            let reason = what.label();
            if is_scarce {
                tracing::warn!(code = "ADMISSION_CLOSED", reason, "new calls are refused");
            } else {
                tracing::info!(
                    code = "ADMISSION_OPEN",
                    reason,
                    "new calls are not refused for this any more"
                );
            }
        }
        self.admission.lacks(self.room.full());
    }
}

/// The kernel sums up a large group when it is asked.
async fn used(memory: Memory) -> Option<u64> {
    let percent = spawn_blocking(move || memory.percent()).await.ok()??;
    metrics::memory_used(percent);
    Some(percent)
}
