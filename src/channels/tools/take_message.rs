//! Takes a message for the staff.

use super::{Later, leave, one_line, read};
use crate::{
    base::language::Language,
    dialogue::tools::{TAKE_MESSAGE, TakeMessage as Wanted},
    ports::{
        store::notes::MESSAGE,
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use std::fmt;

/// [`TAKE_MESSAGE`].
pub(super) struct TakeMessage {
    pub(super) later: Later,
}

impl fmt::Debug for TakeMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeMessage").finish_non_exhaustive()
    }
}

impl Tool for TakeMessage {
    fn name(&self) -> &str {
        TAKE_MESSAGE
    }

    fn effect(&self, _: &str) -> Effect {
        Effect::Changes
    }

    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let wanted: Wanted = read(arguments)?;
            let text = one_line(&wanted.text, LONGEST);
            if text.is_empty() {
                return Err(Refusal::new("no_text", "ask the caller what the message is"));
            }
            leave(&self.later, occasion, MESSAGE, &told(occasion, &wanted, &text)).await
        })
    }
}

/// The longest message, in characters.
const LONGEST: usize = 1_000;
/// The longest name.
const LONGEST_NAME: usize = 100;

/// As the staff read it. Whatever the model wrote, the number is the one that the network told.
fn told(occasion: &Occasion, wanted: &Wanted, text: &str) -> String {
    let part = |lead: &str, value: &Option<String>| {
        let value = one_line(value.as_deref().unwrap_or_default(), LONGEST_NAME);
        if value.is_empty() { String::new() } else { format!("{lead}{value}") }
    };
    let language = occasion.agent.language;
    let (to, from, number) = match language {
        Language::Es => (" para ", " de ", "número desconocido"),
        Language::En => (" for ", " from ", "unknown number"),
    };
    let (to, name) = (part(to, &wanted.to), part(from, &wanted.name));
    let number = occasion.caller.as_deref().unwrap_or(number);
    let message = match language {
        Language::Es => "Mensaje",
        Language::En => "Message",
    };
    format!("{message}{to}{name} ({number}): {text}")
}
