//! Whether the demo's call did what it should: judged by the server's API, the caller's measurements and the recording.

use super::{
    draw::Drawn,
    transcribe,
    watch::{file_of, text_of},
};
use crate::{
    base::language::Language,
    cli::terminal::say,
    ports::stt::SpeechToText,
    testbed::{caller::figures, word_error::WordErrors},
};
use jiff::civil::DateTime;
use serde_json::Value;

/// The mean response may take so long, in milliseconds.
const MEAN_RESPONSE: u64 = 2_000;
/// The word error of the agent's side may be so large.
const WORD_ERROR: f64 = 0.15;
/// The agent says at least so many words.
const WORDS: usize = 60;

/// All that is known about a call that is over.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) drawn: &'a Drawn,
    pub(super) language: Language,
    /// The record from the server's API.
    pub(super) record: &'a Value,
    /// The appointments from the server's API.
    pub(super) appointments: &'a Value,
    /// What the caller's process measured.
    pub(super) caller: &'a Value,
}

/// Counts what does not hold while every check is told.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    failed: usize,
}

impl Verdict {
    fn check(&mut self, holds: bool, what: &str) {
        let sign = if holds { '✓' } else { '✗' };
        self.failed += usize::from(!holds);
        say(format_args!("  {sign} {what}"));
    }

    /// Whether everything holds.
    pub(super) const fn holds(&self) -> bool {
        self.failed == 0
    }
}

impl Evidence<'_> {
    /// Tells each check; everything but the recording.
    pub(super) fn judge(&self, verdict: &mut Verdict) {
        self.appointment(verdict);
        self.interruption(verdict);
        self.goodbye(verdict);
        self.response(verdict);
    }

    fn appointment(&self, verdict: &mut Verdict) {
        let wish = &self.drawn.wish;
        let listed = self.appointments.get("appointments").and_then(Value::as_array);
        let call = self.drawn.scenario.call.as_str();
        let booked = listed.into_iter().flatten().rfind(|one| text_of(one, "call") == call);
        let Some(booked) = booked else {
            verdict.check(false, "the appointment is not in the server's book");
            return;
        };
        let start = text_of(booked, "start").parse::<DateTime>().ok();
        let same = text_of(booked, "specialty") == wish.specialty && start == Some(wish.start);
        let told = format!(
            "appointment in the server's book: {}, {}, {} (drawn: {}, {})",
            text_of(booked, "specialty"),
            text_of(booked, "start"),
            text_of(booked, "name"),
            wish.specialty,
            wish.start,
        );
        verdict.check(same, &told);
    }

    fn interruption(&self, verdict: &mut Verdict) {
        let stopped = items(self.caller, "interruptions").find_map(|one| one.get("clear_ms")?.as_u64());
        let cut = items(self.record, "entries").find(|entry| {
            let interrupted = entry.get("interrupted").and_then(Value::as_bool).unwrap_or_default();
            let words = |key| text_of(entry, key).split_whitespace().count();
            interrupted && words("heard") < words("meant")
        });
        match (stopped, cut) {
            (Some(ms), Some(_)) => {
                verdict.check(true, &format!("the interruption stopped the agent after {ms} ms"));
            }
            (Some(ms), None) => verdict.check(
                false,
                &format!("the agent stopped after {ms} ms, but its transcript is not cut to what was heard"),
            ),
            (None, _) => verdict.check(false, "the interruption did not stop the agent"),
        }
    }

    fn goodbye(&self, verdict: &mut Verdict) {
        let heard = self.caller.get("goodbye_heard").and_then(Value::as_bool).unwrap_or_default();
        let outcome = text_of(self.record, "outcome");
        let by_caller =
            if heard { "and the caller heard it" } else { "and the caller did not understand it" };
        verdict.check(
            heard && outcome == "goodbye",
            &format!("the agent's goodbye was played to its end (outcome: {outcome}) {by_caller}"),
        );
    }

    fn response(&self, verdict: &mut Verdict) {
        let responses: Vec<u64> = items(self.caller, "responses_ms").filter_map(Value::as_u64).collect();
        let count = responses.len() as u64;
        let mean = responses.iter().sum::<u64>().checked_div(count);
        let told = match mean {
            Some(mean) => format!(
                "mean response {mean} ms over {count} turns, from the caller's last sound to the agent's first (at most {MEAN_RESPONSE})"
            ),
            None => "no response was measured".to_owned(),
        };
        verdict.check(mean.is_some_and(|mean| mean <= MEAN_RESPONSE), &told);
    }

    /// Compares the agent's side of the recording with what the transcript says was heard.
    pub(super) async fn recording(
        &self,
        recogniser: &dyn SpeechToText,
        verdict: &mut Verdict,
    ) -> anyhow::Result<()> {
        let said: Vec<&str> = items(self.record, "entries")
            .filter(|entry| text_of(entry, "what") == "agent")
            .map(|entry| text_of(entry, "heard"))
            .collect();
        let said = said.join(" ");
        let heard =
            transcribe::agent(file_of(self.record, "recording"), &self.drawn.scenario, recogniser).await?;
        let spelled = |text: &str| figures::spelled(self.language, text);
        let heard = self.without_clips(&spelled(&heard));
        let errors = WordErrors::between(&said, &heard, &spelled);
        let words = said.split_whitespace().count();
        verdict.check(
            errors.rate() <= WORD_ERROR && words >= WORDS,
            &format!("the recording says what the transcript says: word error {errors}, {words} words (at most 15 %, at least {WORDS} words)"),
        );
        if errors.rate() > WORD_ERROR {
            say(format_args!("      transcript: {}\n      recording:  {}", spelled(&said), spelled(&heard)));
        }
        Ok(())
    }

    /// The standard phrases that were played stand in the recording, but are not sentences of the agent.
    fn without_clips(&self, heard: &str) -> String {
        let clips = items(self.record, "entries").filter(|entry| text_of(entry, "what") == "clip");
        clips.fold(heard.to_owned(), |heard, entry| {
            heard.replacen(&figures::spelled(self.language, text_of(entry, "text")), "", 1)
        })
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl DoubleEndedIterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
