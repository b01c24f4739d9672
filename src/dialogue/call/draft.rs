//! Speculation: the model, and the first piece of speech, begin shortly before the silence ends the turn.

use super::{Call, Hearing, Timer, timer};
use crate::dialogue::{
    answer::{Answer, Origin},
    draft::{Arrival, Draft},
    event::{AnswerEvent, SpeechEvent},
    output::{Output, Outputs},
    question::Question,
    stats::Moments,
};
use std::time::{Duration, Instant};

/// Drafts in one turn of the caller: each may be in vain.
const MOST_DRAFTS: u32 = 3;

/// A draft begins so long before the silence that ends the turn: model and voice need as much to its first sound, and whoever
/// goes on in the meantime has cost nothing.
const LEAD: Duration = Duration::from_millis(600);

impl Call {
    /// Begins a draft where the turn is about to end, and drops one that they have outgrown.
    pub(super) fn speculate(&mut self, now: Instant, out: &mut Outputs) {
        let edition = self.caller.edition();
        if self.draft.as_ref().is_some_and(|draft| draft.is_of(edition)) {
            return;
        }
        if let Some(draft) = &mut self.draft {
            if draft.answers(&self.caller.text(), edition) {
                return;
            }
            self.drop_draft(out);
        }
        if self.considered == edition || !self.caller.is_stable() || self.caller.lacks() > LEAD {
            return;
        }
        self.considered = edition;
        // Text that comes because it was asked for comes with the end of the turn: there is nothing to gain.
        let allowed =
            self.setup.patience.speculation && !self.setup.by_utterance && self.drafts < MOST_DRAFTS;
        if !allowed || self.hearing != Hearing::Well {
            return;
        }
        let text = self.caller.text();
        self.drafts += 1;
        self.turn = self.turn.next();
        let mut transcript = self.transcript.clone();
        transcript.caller(&text);
        let messages = transcript.messages(&self.setup.system);
        out.push(Output::AskModel { turn: self.turn, messages });
        self.draft = Some(Draft::new(self.turn, now, text, edition));
    }

    /// Drops the draft: the caller did not say what it answers.
    pub(super) fn drop_draft(&mut self, out: &mut Outputs) {
        let Some(draft) = self.draft.take() else { return };
        let turn = draft.turn;
        if !draft.is_done() {
            out.push(Output::CancelModel { turn });
        }
        if draft.has_spoken() {
            out.push(Output::CancelSpeech { turn });
        }
        out.push(Output::Wasted(draft.waste()));
    }

    /// Drops the draft, since the conversation before it has changed; the same words may be answered by another one.
    pub(super) fn draft_knows_too_little(&mut self, out: &mut Outputs) {
        if self.draft.is_some() {
            self.drop_draft(out);
            self.considered = 0;
        }
    }

    /// Takes in what the model says for the draft.
    pub(super) fn draft_answer(&mut self, now: Instant, event: AnswerEvent, out: &mut Outputs) {
        let Some(draft) = &mut self.draft else { return };
        if let Some(text) = draft.answer(now, event) {
            out.push(Output::Say { turn: draft.turn, piece: 0, text });
        }
    }

    /// Takes in what the voice gives for the draft; one whose voice fails is none.
    pub(super) fn draft_speech(&mut self, now: Instant, event: SpeechEvent, out: &mut Outputs) {
        let Some(draft) = &mut self.draft else { return };
        if matches!(event, SpeechEvent::Failed { .. }) {
            self.draft_failed(out);
        } else {
            draft.speech(now, event);
        }
    }

    /// Drops the draft, and makes no other one in this turn: who fails now is asked again when it matters.
    pub(super) fn draft_failed(&mut self, out: &mut Outputs) {
        self.drafts = MOST_DRAFTS;
        self.drop_draft(out);
    }

    /// Makes the draft the answer to `question`, if it is one and no sound came behind its words. Returns whether it did.
    pub(super) fn adopt_draft(
        &mut self,
        now: Instant,
        question: &Question,
        moments: Moments,
        out: &mut Outputs,
    ) -> bool {
        let edition = self.caller.edition();
        let answers = self.draft.as_mut().is_some_and(|draft| draft.answers(&question.text(), edition));
        if !answers || !self.caller.is_stable() {
            self.drop_draft(out);
            return false;
        }
        let Some(draft) = self.draft.take() else { return false };
        let spoken = draft.has_spoken();
        let moments = Moments { prompted: Some(draft.began), ..moments };
        let mut answer = Answer::new(draft.turn, Origin::Model, moments);
        answer.question = question.clone();
        answer.drafted = true;
        self.take_floor(answer);
        self.timers.set(Timer::Model, draft.began + timer::FIRST_TOKEN);
        let mut decided = Outputs::default();
        for (at, arrival) in draft.arrived() {
            match arrival {
                // What its end sets going, such as tools, begins now.
                Arrival::Answer(event @ AnswerEvent::Done { .. }) => {
                    self.answer(now, self.turn, event, &mut decided);
                }
                Arrival::Answer(event) => self.answer(at, self.turn, event, &mut decided),
                Arrival::Speech(event) => self.speech(at, event, &mut decided),
            }
        }
        let is_news = |output: &Output| !(spoken && matches!(output, Output::Say { piece: 0, .. }));
        for output in decided.drain().filter(is_news) {
            if matches!(output, Output::Say { .. }) {
                // The voice hears of this piece only now.
                self.timers.set(Timer::Voice, now + timer::SOUND);
            }
            out.push(output);
        }
        true
    }
}
