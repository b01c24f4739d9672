//! Cancels one of the caller's own appointments.

use super::{own, read, times::Times};
use crate::{
    dialogue::tools::{CANCEL_APPOINTMENT, CancelAppointment},
    ports::tool::{Effect, Occasion, Reply, Tool},
};
use futures_util::future::BoxFuture;

/// [`CANCEL_APPOINTMENT`].
#[derive(Debug)]
pub(super) struct Cancel {
    pub(super) times: Times,
}

impl Tool for Cancel {
    fn name(&self) -> &str {
        CANCEL_APPOINTMENT
    }

    fn effect(&self, arguments: &str) -> Effect {
        match read::<CancelAppointment>(arguments) {
            // Nobody says an identifier: so the caller agrees once it was asked for, and not by some yes before.
            Ok(asked) => Effect::Agreed { values: vec![asked.id] },
            Err(_) => Effect::Reads,
        }
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let asked: CancelAppointment = read(arguments)?;
            let what = own::theirs(occasion, &asked.id, &asked.document);
            let cancelled = self.times.calendar.cancel(what).await.map_err(|error| own::refusal(&error))?;
            Ok(own::done(&occasion.agent, &cancelled, "cancelled"))
        })
    }
}
