//! Passes the call on to a person. Here it is only allowed: the call carries it out, once what was said has been heard.

use super::{read, times::Times};
use crate::{
    dialogue::tools::{TRANSFER_CALL, TransferCall},
    ports::tool::{Effect, Occasion, Refusal, Reply, Tool},
};
use futures_util::future::BoxFuture;
use serde_json::json;

/// [`TRANSFER_CALL`].
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) times: Times,
}

impl Tool for Transfer {
    fn name(&self) -> &str {
        TRANSFER_CALL
    }

    fn effect(&self, _: &str) -> Effect {
        Effect::Changes
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let TransferCall { to } = read(arguments)?;
            let agent = &occasion.agent;
            // Only these: a number, however it is written, is no name of a place (reliability SEC67, SEC68).
            let Some(index) = agent.places.iter().position(|place| place.name == to) else {
                let known: Vec<&str> = agent.places.iter().map(|place| place.name.as_str()).collect();
                return Err(Refusal::new("unknown_place", "the call can't be passed on there")
                    .with("places", json!(known)));
            };
            let now = self.times.now(agent);
            if agent.places.get(index).is_some_and(|place| !place.always) && !agent.clinic.is_open(now) {
                let message = "nobody is there now; offer to take a message, or to have them called back";
                return Err(Refusal::new("closed", message));
            }
            Ok(json!({ "transferring": to, "place": index }))
        })
    }
}
