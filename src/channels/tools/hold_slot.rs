//! Keeps a free time for the caller while name and document are asked for.

use super::{
    own, read,
    times::{self, MOST_NEXT, Times, tell, written},
};
use crate::{
    dialogue::tools::{HOLD_SLOT, HOW_TO_WRITE_A_START, HoldSlot},
    ports::{
        calendar::{CalendarError, Hold},
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use jiff::civil::DateTime;
use serde_json::json;
use std::time::Duration;

/// Long enough for name, document and reading back, also for somebody who looks for the document; short enough that nobody who hangs
/// up keeps a time from others.
const LIFE: Duration = Duration::from_mins(5);

/// [`HOLD_SLOT`].
#[derive(Debug)]
pub(super) struct Keep {
    pub(super) times: Times,
}

impl Tool for Keep {
    fn name(&self) -> &str {
        HOLD_SLOT
    }

    fn effect(&self, arguments: &str) -> Effect {
        if read::<HoldSlot>(arguments).is_ok() { Effect::Changes } else { Effect::Reads }
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.keep(occasion, arguments))
    }
}

impl Keep {
    async fn keep(&self, occasion: &Occasion, arguments: &str) -> Reply {
        let asked: HoldSlot = read(arguments)?;
        let specialty = times::specialty(&occasion.agent, &asked.specialty)?;
        let start: DateTime =
            asked.start.parse().map_err(|_| Refusal::new("bad_start", HOW_TO_WRITE_A_START))?;
        let now = self.times.now(&occasion.agent);
        if start <= now {
            return Err(Refusal::new("start_is_past", format!("it is {now} now")));
        }
        let wish = Hold { specialty: specialty.name.clone(), start, by: own::subject(occasion), life: LIFE };
        match self.times.calendar.hold(wish).await {
            Ok(held) => Ok(json!({
                "held": true,
                "minutes": LIFE.as_secs() / 60,
                "specialty": specialty.called(occasion.agent.language),
                "professional": held.slot.professional,
                "start": written(held.slot.start),
            })),
            Err(CalendarError::Taken) => {
                let day = start.date();
                let slots = self.times.between(occasion, specialty, [day, day]).await?;
                let next = self.times.next(occasion, specialty, day, |_| true, MOST_NEXT).await?;
                Err(Refusal::new("taken", "that time is not free; offer another one")
                    .with("slots", tell(&slots))
                    .with("next", tell(&next)))
            }
            Err(error) => Err(own::refusal(&error)),
        }
    }
}
