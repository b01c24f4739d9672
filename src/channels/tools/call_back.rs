//! Has the staff call the caller back, at the number that they call from.

use super::{Later, leave, one_line, read};
use crate::{
    base::language::Language,
    dialogue::tools::{CALL_BACK, CallBack as Wanted},
    ports::{
        store::notes,
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use std::fmt;

/// [`CALL_BACK`].
pub(super) struct CallBack {
    pub(super) later: Later,
}

impl fmt::Debug for CallBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBack").finish_non_exhaustive()
    }
}

impl Tool for CallBack {
    fn name(&self) -> &str {
        CALL_BACK
    }

    fn effect(&self, _: &str) -> Effect {
        Effect::Changes
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let wanted: Wanted = read(arguments)?;
            // Whatever number the conversation had, a call to it would be at somebody else's wish (reliability SEC75).
            let Some(number) = &occasion.caller else {
                let message = "the caller's number is withheld; ask them to call again, or take a message";
                return Err(Refusal::new("no_number", message));
            };
            leave(&self.later, occasion, notes::CALL_BACK, &told(occasion, &wanted, number)).await
        })
    }
}

/// The longest reason, in characters.
const LONGEST: usize = 1_000;
/// The longest of the other parts.
const LONGEST_PART: usize = 100;

/// As the staff read it.
fn told(occasion: &Occasion, wanted: &Wanted, number: &str) -> String {
    let part = |value: &Option<String>| one_line(value.as_deref().unwrap_or_default(), LONGEST_PART);
    let (name, when, reason) = (part(&wanted.name), part(&wanted.when), one_line(&wanted.reason, LONGEST));
    let who = if name.is_empty() { number.to_owned() } else { format!("{name} ({number})") };
    let (who, when) = match occasion.agent.language {
        Language::Es => (format!("Devolver la llamada a {who}"), with(", cuándo: ", &when)),
        Language::En => (format!("Please call {who} back"), with(", when: ", &when)),
    };
    format!("{who}{when}. {reason}").trim_end().to_owned()
}

fn with(lead: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{lead}{value}") }
}
