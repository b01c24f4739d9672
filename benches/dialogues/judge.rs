//! What became of each turn, as its caller would tell it.

use crate::{
    caller::{Moments, PATIENCE, Talk},
    line::{Noticed, Stretch},
    performance::Performance,
};
use std::time::{Duration, Instant};

/// A shorter sound of the agent is the rest of a line, not an answer.
const ANSWER: Duration = Duration::from_millis(300);
/// An interrupted agent must be silent after this.
const SOON: Duration = Duration::from_millis(500);
/// A `clear` later than this is not for the sound before it.
const FOR_IT: Duration = Duration::from_millis(1_500);
/// A line of which so much was heard was spoken to its end.
const WHOLE: f64 = 0.85;

/// What became of a line that nobody wanted to interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was spoken without a break.
    Through,
    /// It was stopped and went on after this silence.
    Resumed(Duration),
    /// It was stopped for good.
    Stopped,
}

/// What became of an interruption.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interruption {
    /// The agent was audible later than 500 ms after it.
    pub(crate) missed: bool,
}

/// What became of one turn.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How far into the turn the agent began to speak, if it did.
    pub(crate) cut: Option<Duration>,
    /// From the last voiced frame to the answer; absent where the agent spoke at that moment, or never answered.
    pub(crate) response: Option<Duration>,
    /// No answer came while the caller waited.
    pub(crate) unanswered: bool,
    /// The line before the turn, where something sounded over it that is no interruption.
    pub(crate) line: Option<Heard>,
    pub(crate) interruption: Option<Interruption>,
    /// From the first voiced frame of speech over the agent to `clear`.
    pub(crate) clears: Vec<Duration>,
}

/// Judges all turns of a call.
pub(crate) fn judge(act: &Performance, talk: &Talk) -> Vec<Outcome> {
    let ends = talk.turns.iter().skip(1).map(|next| next.said.from);
    let last = talk.turns.last().map(|turn| turn.said.to + PATIENCE);
    let untils: Vec<Instant> = ends.chain(last).collect();
    (talk.turns.iter().zip(untils).enumerate())
        .map(|(place, (turn, until))| one(act, place, &talk.noticed, turn, until))
        .collect()
}

fn one(act: &Performance, place: usize, noticed: &Noticed, turn: &Moments, until: Instant) -> Outcome {
    let said = turn.said;
    let script = act.dialogue.script.turns.get(place);
    let says = act.turns.get(place).map(|acted| &acted.says);
    let first = says.and_then(|says| says.segments.first()).map_or(said.from, |(_, to)| said.from + *to);
    let spoke = |at: Instant| move |stretch: &&Stretch| stretch.from <= at && stretch.to > at;
    let over = noticed.agent.iter().find(spoke(said.from)).copied();
    let interrupts = script.is_some_and(|turn| turn.interrupts.is_some());
    let begun = |from: Instant, to: Instant| {
        noticed.agent.iter().map(|stretch| stretch.from).find(|at| *at > from && *at < to)
    };
    // Who goes on after a stop while the first sentence is said has missed it; later on it cuts the turn off.
    let interruption = over.filter(|_| interrupts).map(|over| {
        let went_on = begun(said.from, first.min(said.to)).is_some();
        Interruption { missed: over.to > said.from + SOON || went_on }
    });
    let from = if interruption.is_some() { first } else { said.from };
    let cut = begun(from, said.to).map(|at| at - said.from);
    let answer =
        noticed.agent.iter().find(|it| it.from >= said.to && it.from < until && it.to - it.from >= ANSWER);
    let speaks = noticed.agent.iter().any(|it| spoke(said.to)(&it));
    let spoken_sounds = script.into_iter().flat_map(|turn| &turn.sounds).zip(&turn.sounds);
    let speech = spoken_sounds
        .filter(|(sound, _)| matches!(sound.what, centralita::testbed::corpus::Aside::Says(_)))
        .map(|(_, said)| said.from)
        .chain(interruption.map(|_| said.from));
    let for_it = |at: Instant| noticed.clears.iter().find(|clear| **clear >= at && **clear < at + FOR_IT);
    Outcome {
        cut,
        response: answer.filter(|_| !speaks).map(|answer| answer.from - said.to),
        unanswered: answer.is_none() && !speaks,
        line: line(act, place, noticed, turn),
        interruption,
        clears: speech.filter_map(|at| for_it(at).map(|clear| *clear - at)).collect(),
    }
}

/// What became of the line before a turn, where a sound or noise fell over it and the caller meant to hear it out.
fn line(act: &Performance, place: usize, noticed: &Noticed, turn: &Moments) -> Option<Heard> {
    let script = act.dialogue.script.turns.get(place)?;
    let meant = script.interrupts.is_none() && script.overlaps.is_none();
    let sounded = !script.sounds.is_empty() || act.dialogue.script.noise.is_some();
    let onset = turn.onset.filter(|_| meant && sounded)?;
    let end = turn.said.from;
    let broke = (noticed.agent.windows(2))
        .filter_map(|pair| if let [one, next] = pair { Some((one, next)) } else { None })
        .filter(|(one, next)| one.from >= onset && next.from < end)
        .map(|(one, next)| next.from.saturating_duration_since(one.to));
    let silences: Vec<Duration> = broke.collect();
    if noticed.audible(onset, end) < turn.line.mul_f64(WHOLE) {
        return Some(Heard::Stopped);
    }
    Some(silences.into_iter().max().map_or(Heard::Through, Heard::Resumed))
}
