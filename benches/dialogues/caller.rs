//! One scripted caller: listens to the agent's lines, lets sounds fall over them, says its turns.

use crate::{
    house::{House, greeting},
    line::{Line, Noticed, Said},
    performance::Performance,
};
use anyhow::bail;
use centralita::{
    base::{clock, language::Language},
    testbed::openai::Answer,
};
use std::time::{Duration, Instant};

/// How long an answer is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(6);
/// An agent that is silent for so long within a line will not go on with it.
const GIVEN_UP: Duration = Duration::from_millis(2_200);
/// Characters that the fake voice speaks in a second.
const PACE: f64 = 14.0;

/// The moments of one turn.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// When the agent began its line before the turn, if it did.
    pub(crate) onset: Option<Instant>,
    /// How long that line is.
    pub(crate) line: Duration,
    /// What sounded over it.
    pub(crate) sounds: Vec<Said>,
    /// The turn: its first and its last voiced frame.
    pub(crate) said: Said,
}

/// What a conversation was like.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) noticed: Noticed,
    pub(crate) turns: Vec<Moments>,
    /// Frames that came later than 20 ms behind the one before, of how many.
    pub(crate) late: (usize, u64),
}

/// How long the fake voice speaks.
pub(crate) fn spoken(line: &str) -> Duration {
    Duration::from_secs_f64(line.chars().count() as f64 / PACE)
}

/// Holds one call.
///
/// # Errors
/// When the call ends before the script does.
pub(crate) async fn talk(house: &House, act: &Performance, number: usize) -> anyhow::Result<Talk> {
    let language = act.dialogue.language;
    let lines = act.lines(greeting(language));
    let mut line = Line::new(house.dial(number)?, &house.fakes);
    line.background(act.background.clone()).await;
    let mut turns = Vec::new();
    let mut onset = listen(&mut line, clock::now() + PATIENCE, clock::now()).await;
    for (place, (turn, acted)) in act.dialogue.script.turns.iter().zip(&act.turns).enumerate() {
        let length = spoken(lines.get(place).copied().unwrap_or_default());
        let mut sounds = Vec::new();
        let began = onset.unwrap_or_else(clock::now);
        if !turn.sounds.is_empty() {
            house.fakes.openai.answers_only(Answer::text(pardon(language)));
        }
        for (sound, utterance) in turn.sounds.iter().zip(&acted.sounds) {
            line.until(began + sound.after, |_| false).await;
            sounds.extend(line.say(utterance).await);
        }
        let waits = turn.interrupts.or(turn.overlaps.map(|before| length.saturating_sub(before)));
        match waits.filter(|_| onset.is_some()) {
            Some(after) => drop(line.until(began + after, |_| false).await),
            None => hear_out(&mut line, began, length, place).await,
        }
        let next = lines.get(place + 1).copied().unwrap_or_default();
        house.fakes.openai.answers_only(Answer::text(next));
        let said = line.say(&acted.says).await;
        let (Some(said), false) = (said, line.over) else {
            bail!("{}: the call ended in turn {}", act.dialogue.name, place + 1)
        };
        turns.push(Moments { onset, line: length, sounds, said });
        onset = listen(&mut line, said.to + PATIENCE, said.to).await;
    }
    if let Some(onset) = onset {
        hear_out(&mut line, onset, spoken(&act.dialogue.script.closing), 0).await;
    }
    let (noticed, record) = line.hang_up().await;
    let late = record.measured.late.iter().filter(|late| late.as_millis() > 20).count();
    if record.events_lost > 0 {
        bail!("{}: {} events of the phone were lost", act.dialogue.name, record.events_lost);
    }
    Ok(Talk { noticed, turns, late: (late, record.measured.frames) })
}

/// Waits until the agent is audible; tells since when.
async fn listen(line: &mut Line<'_>, deadline: Instant, since: Instant) -> Option<Instant> {
    line.until(deadline, |noticed| noticed.onset(since).is_some()).await;
    line.noticed.onset(since)
}

/// Waits for the end of the agent's line, and a moment longer, not always the same.
async fn hear_out(line: &mut Line<'_>, onset: Instant, length: Duration, place: usize) {
    let thought = Duration::from_millis(300 + place as u64 * 97 % 400);
    let heard = |noticed: &Noticed| noticed.audible(onset, clock::now()) >= length.mul_f64(0.93);
    let deadline = clock::now() + length * 2 + GIVEN_UP * 2;
    let done = |noticed: &Noticed| noticed.silent_for() >= if heard(noticed) { thought } else { GIVEN_UP };
    line.until(deadline, done).await;
}

/// What the agent asks who takes a sound over its voice for a question: shorter than any line.
const fn pardon(language: Language) -> &'static str {
    match language {
        Language::Es => "¿Perdón?",
        Language::En => "Pardon?",
    }
}
