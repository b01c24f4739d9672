//! Tells the caller's own appointments.

use super::{own, read, times::Times};
use crate::{
    dialogue::tools::{MY_APPOINTMENTS, MyAppointments},
    ports::tool::{Effect, Occasion, Reply, Tool},
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

/// [`MY_APPOINTMENTS`].
#[derive(Debug)]
pub(super) struct Mine {
    pub(super) times: Times,
}

impl Tool for Mine {
    fn name(&self) -> &str {
        MY_APPOINTMENTS
    }

    fn effect(&self, _: &str) -> Effect {
        Effect::Reads
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let asked: MyAppointments = read(arguments)?;
            let mine = self.times.calendar.mine(own::subject(occasion), own::signs(&asked.document)).await;
            let mine = mine.map_err(|error| own::refusal(&error))?;
            let told: Vec<Value> =
                mine.iter().map(|appointment| own::tell(&occasion.agent, appointment)).collect();
            if told.is_empty() {
                // The number is one of two things that must fit: what was booked from another one is for people to look up.
                let message =
                    "none is to come that was booked from the number that is calling, for this document";
                return Ok(json!({ "appointments": told, "message": message }));
            }
            Ok(json!({ "appointments": told }))
        })
    }
}
