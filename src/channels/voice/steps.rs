//! The steps of each turn: as trace spans within the call's span, as figures, and as one line.

use crate::{
    base::ids::TurnId,
    dialogue::{output::Output, stats::TurnReport},
    telemetry::metrics::{self, Step},
};
use std::time::Duration;
use tracing::Span;

/// What is under way for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// The model was asked and has said nothing that can be spoken.
    Thinking,
    /// The voice was given text and has given no sound.
    Voicing,
    /// It sounds.
    Sounding,
}

/// The span of the present turn and of its step.
#[derive(Debug, Default)]
pub(super) struct Steps {
    turn: Option<(TurnId, Span)>,
    step: Option<(Doing, Span)>,
}

impl Steps {
    /// A decision begins a step.
    pub(super) fn begin(&mut self, output: &Output) {
        match output {
            Output::AskModel { turn, .. } => {
                if self.turn.as_ref().is_none_or(|(open, _)| open != turn) {
                    self.step = None;
                    self.turn = Some((*turn, tracing::info_span!("turn", turn.id = %turn)));
                }
                self.enter(Doing::Thinking);
            }
            Output::Say { .. } if self.is(Doing::Thinking) => self.enter(Doing::Voicing),
            Output::Play(_) if self.is(Doing::Voicing) => self.enter(Doing::Sounding),
            _ => {}
        }
    }

    fn is(&self, doing: Doing) -> bool {
        self.step.as_ref().is_some_and(|(now, _)| *now == doing)
    }

    fn enter(&mut self, doing: Doing) {
        let Some((_, turn)) = &self.turn else { return };
        let step = match doing {
            Doing::Thinking => tracing::info_span!(parent: turn, "model"),
            Doing::Voicing => tracing::info_span!(parent: turn, "voice"),
            Doing::Sounding => tracing::info_span!(parent: turn, "playback"),
        };
        self.step = Some((doing, step));
    }

    /// The turn is over: one line and its figures are the whole story of its latency.
    pub(super) fn told(&mut self, report: &TurnReport) {
        self.step = None;
        let open = self.turn.take_if(|(turn, _)| *turn == report.turn);
        let span = open.map_or_else(Span::current, |(_, span)| span);
        let _entered = span.enter();
        tell_figures(report);
        tracing::info!(
            turn.id = %report.turn,
            stt_final_ms = report.text_ms,
            endpoint_ms = report.endpoint_ms,
            llm_first_token_ms = report.first_token_ms,
            tts_first_byte_ms = report.first_sound_ms,
            first_audio_ms = report.response_ms,
            heard_ms = report.heard_ms,
            drafted = report.drafted,
            interrupted = report.interrupted,
            "turn"
        );
    }
}

/// How long each step took, where it happened.
fn figures(report: &TurnReport) -> impl Iterator<Item = (Step, Duration)> {
    let steps = [
        (Step::SttFinal, report.text_ms, None),
        (Step::Endpoint, report.endpoint_ms, None),
        (Step::ModelFirstToken, report.first_token_ms, report.prompted_ms),
        (Step::FirstPiece, report.first_piece_ms, report.first_token_ms),
        (Step::SpeechFirstByte, report.first_sound_ms, report.first_piece_ms),
        (Step::Response, report.response_ms, None),
        (Step::Heard, report.heard_ms, None),
    ];
    let took = |end: u64, begin: Option<u64>| Duration::from_millis(end.saturating_sub(begin.unwrap_or(0)));
    steps.into_iter().filter_map(move |(step, end, begin)| Some((step, took(end?, begin))))
}

fn tell_figures(report: &TurnReport) {
    for (step, took) in figures(report) {
        metrics::turn_step(step, took);
    }
    if report.drafted {
        metrics::draft_spoken();
    }
    metrics::frames_late(report.late_frames);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_was_asked_before_the_end_of_the_turn_has_its_own_time() {
        let report = TurnReport {
            endpoint_ms: Some(350),
            prompted_ms: Some(100),
            first_token_ms: Some(300),
            drafted: true,
            ..TurnReport::default()
        };
        let figures: Vec<_> = figures(&report).map(|(step, took)| (step, took.as_millis())).collect();
        assert_eq!(figures, [(Step::Endpoint, 350), (Step::ModelFirstToken, 200)]);
    }
}
