//! The free times of the appointment book, as the tools tell them.

use crate::{
    base::clock::WallClock,
    dialogue::{agent::Agent, clinic::Specialty},
    ports::{
        calendar::{Calendar, CalendarError, Slot, SlotQuery},
        tool::{Occasion, Refusal},
    },
};
use jiff::{
    ToSpan as _,
    civil::{Date, DateTime},
};
use serde_json::{Value, json};
use std::{fmt, sync::Arc};
use tracing::warn;

/// As many times are told at most.
pub(super) const MOST_SLOTS: usize = 40;
/// As many times are told after a day that has none.
pub(super) const MOST_NEXT: usize = 6;
/// How far the search for the next free time looks, in days: first so far, then so far.
const LOOK_AHEAD: [i32; 2] = [14, 90];
/// How far ahead appointments are given, in days.
pub(super) const FARTHEST: i32 = LOOK_AHEAD[1];

/// A book and a clock.
#[derive(Clone)]
pub(super) struct Times {
    pub(super) calendar: Arc<dyn Calendar>,
    pub(super) clock: Arc<dyn WallClock>,
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times").finish_non_exhaustive()
    }
}

impl Times {
    /// The hour where the agent works.
    pub(super) fn now(&self, agent: &Agent) -> DateTime {
        self.clock.now().to_zoned(agent.zone.clone()).datetime()
    }

    /// The free times of those days that are not past.
    pub(super) async fn between(
        &self,
        occasion: &Occasion,
        specialty: &Specialty,
        days: [Date; 2],
    ) -> Result<Vec<Slot>, Refusal> {
        let [from, to] = days;
        let session = Some(occasion.call.to_string());
        let query = SlotQuery { specialty: specialty.name.clone(), from, to, session };
        let mut slots = self.calendar.free(query).await.map_err(|error| unavailable(&error))?;
        let now = self.now(&occasion.agent);
        slots.retain(|slot| slot.start > now);
        Ok(slots)
    }

    /// The first free times from that day on.
    pub(super) async fn next(
        &self,
        occasion: &Occasion,
        specialty: &Specialty,
        from: Date,
        fits: impl Fn(&Slot) -> bool + Send,
        most: usize,
    ) -> Result<Vec<Slot>, Refusal> {
        for days in LOOK_AHEAD {
            let days = [from, from.saturating_add(days.days())];
            let mut slots = self.between(occasion, specialty, days).await?;
            slots.retain(&fits);
            slots.truncate(most);
            if !slots.is_empty() {
                return Ok(slots);
            }
        }
        Ok(Vec::new())
    }
}

/// The specialty of that name.
pub(super) fn specialty<'a>(agent: &'a Agent, name: &str) -> Result<&'a Specialty, Refusal> {
    agent.clinic.specialty(name).ok_or_else(|| {
        let known: Vec<&str> =
            agent.clinic.specialties.iter().map(|each| each.called(agent.language)).collect();
        Refusal::new("unknown_specialty", "the business has no such specialty")
            .with("specialties", json!(known))
    })
}

/// The book did not answer.
pub(super) fn unavailable(error: &CalendarError) -> Refusal {
    warn!(code = "BOOK", %error, "the appointment book did not answer");
    Refusal::new("unavailable", "the appointment book can't be reached now; nothing was done")
}

/// Times for the model.
pub(super) fn tell(slots: &[Slot]) -> Value {
    let tell = |slot: &Slot| json!({ "start": written(slot.start), "professional": slot.professional });
    slots.iter().map(tell).collect()
}

/// A time as it stands in arguments and answers.
pub(super) fn written(start: DateTime) -> String {
    start.strftime("%Y-%m-%dT%H:%M").to_string()
}
