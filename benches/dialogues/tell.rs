//! One turn in words, for whoever tunes.

use crate::{
    judge::{Heard, Outcome},
    performance::Performance,
};
use centralita::testbed::corpus::Part;
use std::{fmt::Write as _, time::Duration};

/// The turn with its pauses in milliseconds, where the agent began (`✂`), and what came of it.
pub(crate) fn turn(act: &Performance, place: usize, outcome: &Outcome) -> String {
    let mut told = format!("{} {}: ", act.dialogue.name, place + 1);
    let (Some(script), Some(acted)) = (act.dialogue.script.turns.get(place), act.turns.get(place)) else {
        return told;
    };
    if let Some(after) = script.interrupts {
        write!(told, "[interrupts at {}] ", after.as_millis()).unwrap_or_default();
    }
    let mut cut = outcome.cut;
    let mut segments = acted.says.segments.iter();
    let mut end = Duration::ZERO;
    for part in &script.says {
        end = match part {
            Part::Pause(pause) => end + *pause,
            _ => segments.next().map_or(end, |(_, to)| *to),
        };
        match part {
            Part::Pause(pause) => write!(told, " ({}) ", pause.as_millis()),
            _ => write!(told, "{}", part.text().unwrap_or_default()),
        }
        .unwrap_or_default();
        if let Some(at) = cut.filter(|at| *at <= end) {
            write!(told, "✂{}", at.as_millis()).unwrap_or_default();
            cut = None;
        }
    }
    let response = outcome.response.map_or_else(|| "-".to_owned(), |time| time.as_millis().to_string());
    write!(told, "  → {response}").unwrap_or_default();
    let notes = [
        outcome.unanswered.then_some("NO ANSWER".to_owned()),
        outcome.interruption.filter(|it| it.missed).map(|_| "MISSED STOP".to_owned()),
        match outcome.line {
            Some(Heard::Stopped) => Some("FALSE STOP".to_owned()),
            Some(Heard::Resumed(silence)) => Some(format!("resumed after {}", silence.as_millis())),
            _ => None,
        },
        (!outcome.clears.is_empty()).then(|| {
            format!("clear after {:?}", outcome.clears.iter().map(Duration::as_millis).collect::<Vec<_>>())
        }),
    ];
    for note in notes.into_iter().flatten() {
        write!(told, ", {note}").unwrap_or_default();
    }
    told
}
