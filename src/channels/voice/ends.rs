//! How a call begins on a line and how it ends, in the words of its record.

use super::{
    actor::Ended,
    calls::{CallStart, Next},
    staff::MAY_COME_BACK,
};
use crate::{
    dialogue::{
        agent::{Agent, Place},
        output::Ending,
    },
    ports::store::calls::{HANDED_OVER, TRANSFERRED},
};
use std::time::Duration;

/// What the agent begins with.
pub(super) fn opening(agent: &Agent, start: &CallStart, hour: i8, nobody_answered: bool) -> String {
    match start.epoch {
        1 => agent.opening(hour),
        _ if nobody_answered => agent.nobody_answered().to_owned(),
        _ => agent.reopening().to_owned(),
    }
}

/// What follows the media socket.
pub(super) fn next(ended: Ended, agent: &Agent) -> Next {
    match passed_to(ended, agent) {
        Some(place) => Next::Transfer(place.clone()),
        None if ended == Ended::Ours(Ending::ByTurns) => Next::ByTurns,
        None => Next::HangUp,
    }
}

/// The place that the caller is passed on to.
fn passed_to(ended: Ended, agent: &Agent) -> Option<&Place> {
    let Ended::Ours(Ending::Transfer(place)) = ended else { return None };
    agent.places.get(usize::from(place))
}

/// How long the network may take to bring the call back; `None` where it is over.
pub(super) fn may_come_back(ended: Ended, agent: &Agent) -> Option<Duration> {
    match ended {
        Ended::Line(_) | Ended::HandedOver | Ended::Ours(Ending::ByTurns) => Some(MAY_COME_BACK),
        _ => passed_to(ended, agent).map(|place| place.rings + MAY_COME_BACK),
    }
}

/// What the files of a call's stream are called.
pub(super) fn name(start: &CallStart) -> String {
    match start.epoch {
        1 => start.call.to_string(),
        epoch => format!("{}-{epoch}", start.call),
    }
}

/// As the record and the metrics call it.
pub(super) const fn outcome(ended: Ended) -> &'static str {
    match ended {
        Ended::Ours(Ending::Transfer(_)) => TRANSFERRED,
        Ended::Ours(Ending::ByTurns) | Ended::HandedOver => HANDED_OVER,
        Ended::Ours(ending) => ending.name(),
        Ended::Line(_) => "caller_left",
        Ended::Network => "network",
        Ended::Fenced => "taken_over",
    }
}
