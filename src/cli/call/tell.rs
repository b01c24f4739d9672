//! What happens in a call, told to a person or to a program.

use crate::cli::terminal::say;
use serde_json::{Value, json};
use std::time::Instant;

use crate::base::clock;

/// Tells events as they happen and keeps them.
#[derive(Debug)]
pub(super) struct Teller {
    json: bool,
    began: Instant,
    events: Vec<Value>,
}

impl Teller {
    /// One JSON object per line.
    pub(super) fn json() -> Self {
        Self { json: true, began: clock::now(), events: Vec::new() }
    }

    /// One sentence per line.
    pub(super) fn human() -> Self {
        Self { json: false, ..Self::json() }
    }

    /// `what` happened; `text` says more.
    pub(super) fn tell(&mut self, what: &str, text: &str) {
        let at = u64::try_from(clock::now().duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        let event = json!({"at_ms": at, "event": what, "text": text});
        if self.json {
            say(&event);
        } else {
            let seconds = at / 1_000;
            say(format_args!("{:2}:{:02}  {what:<12} {text}", seconds / 60, seconds % 60));
        }
        self.events.push(event);
    }

    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// All events.
    pub(super) fn finish(self) -> Vec<Value> {
        self.events
    }
}
