//! Lists free times.

use super::{
    read,
    times::{self, FARTHEST, MOST_NEXT, MOST_SLOTS, Times, tell},
};
use crate::{
    dialogue::tools::{FIND_SLOTS, FindSlots, HOW_TO_WRITE_A_DAY, PartOfDay},
    ports::{
        calendar::Slot,
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use jiff::{
    ToSpan as _,
    civil::{Date, DateTime},
};
use serde_json::json;

/// [`FIND_SLOTS`].
#[derive(Debug)]
pub(super) struct Find {
    pub(super) times: Times,
}

impl Tool for Find {
    fn name(&self) -> &str {
        FIND_SLOTS
    }

    fn effect(&self, _: &str) -> Effect {
        Effect::Reads
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.find(occasion, arguments))
    }
}

impl Find {
    async fn find(&self, occasion: &Occasion, arguments: &str) -> Reply {
        let agent = &occasion.agent;
        let wanted: FindSlots = read(arguments)?;
        let specialty = times::specialty(agent, &wanted.specialty)?;
        let part = |slot: &Slot| wanted.part_of_day.is_none_or(|part| holds(part, slot.start));
        let (called, today) = (specialty.called(agent.language), self.times.now(agent).date());
        let Some(day) = wanted.day else {
            let slots = self.times.next(occasion, specialty, today, part, MOST_SLOTS).await?;
            return Ok(json!({ "specialty": called, "slots": tell(&slots) }));
        };
        let day: Date = day.parse().map_err(|_| Refusal::new("bad_day", HOW_TO_WRITE_A_DAY))?;
        if day < today {
            return Err(Refusal::new("day_is_past", format!("today is {today}; ask for another day")));
        }
        if day > today.saturating_add(FARTHEST.days()) {
            let message = format!("appointments are given {FARTHEST} days ahead");
            return Err(Refusal::new("day_is_too_far", message));
        }
        let mut slots = self.times.between(occasion, specialty, [day, day]).await?;
        slots.retain(part);
        slots.truncate(MOST_SLOTS);
        let (day_told, slots_told) = (day.to_string(), tell(&slots));
        if slots.is_empty() {
            let next = tell(&self.times.next(occasion, specialty, day, |_| true, MOST_NEXT).await?);
            return Ok(json!({ "specialty": called, "day": day_told, "slots": slots_told, "next": next }));
        }
        Ok(json!({ "specialty": called, "day": day_told, "slots": slots_told }))
    }
}

fn holds(part: PartOfDay, start: DateTime) -> bool {
    match part {
        PartOfDay::Morning => start.hour() < 13,
        PartOfDay::Afternoon => (13..20).contains(&start.hour()),
        PartOfDay::Evening => start.hour() >= 18,
    }
}
