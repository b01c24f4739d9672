//! Moves one of the caller's own appointments to another time.

use super::{
    own, read,
    times::{self, MOST_NEXT, Times},
};
use crate::{
    dialogue::tools::{HOW_TO_WRITE_A_START, MOVE_APPOINTMENT, MoveAppointment},
    ports::{
        calendar::CalendarError,
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use jiff::civil::DateTime;

/// [`MOVE_APPOINTMENT`].
#[derive(Debug)]
pub(super) struct Move {
    pub(super) times: Times,
}

impl Tool for Move {
    fn name(&self) -> &str {
        MOVE_APPOINTMENT
    }

    fn effect(&self, arguments: &str) -> Effect {
        match read::<MoveAppointment>(arguments) {
            // Nobody says an identifier: so the caller agrees once it was asked for, and not by some yes before.
            Ok(asked) => Effect::Agreed { values: vec![asked.id] },
            Err(_) => Effect::Reads,
        }
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.shift(occasion, arguments))
    }
}

impl Move {
    async fn shift(&self, occasion: &Occasion, arguments: &str) -> Reply {
        let asked: MoveAppointment = read(arguments)?;
        let start: DateTime =
            asked.start.parse().map_err(|_| Refusal::new("bad_start", HOW_TO_WRITE_A_START))?;
        let now = self.times.now(&occasion.agent);
        if start <= now {
            return Err(Refusal::new("start_is_past", format!("it is {now} now")));
        }
        let what = own::theirs(occasion, &asked.id, &asked.document);
        match self.times.calendar.reschedule(what.clone(), start).await {
            Ok(moved) => Ok(own::done(&occasion.agent, &moved, "moved")),
            Err(CalendarError::Taken) => {
                let mine = self.times.calendar.mine(what.by, what.document).await;
                let mine = mine.map_err(|error| own::refusal(&error))?;
                let moved = mine.iter().find(|appointment| appointment.id == what.id);
                let refusal = Refusal::new(
                    "taken",
                    "that time is not free, and the appointment stays; offer another one",
                );
                let Some(moved) = moved else { return Err(refusal) };
                let specialty = times::specialty(&occasion.agent, &moved.slot.specialty)?;
                let day = start.date();
                let slots = self.times.between(occasion, specialty, [day, day]).await?;
                let next = self.times.next(occasion, specialty, day, |_| true, MOST_NEXT).await?;
                Err(refusal.with("slots", times::tell(&slots)).with("next", times::tell(&next)))
            }
            Err(error) => Err(own::refusal(&error)),
        }
    }
}
