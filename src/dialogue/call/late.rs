//! Words of a turn that the recogniser makes final when we already answer it.

use super::{Call, Phase, theirs::TEXT_BEHIND};
use crate::dialogue::{
    endpoint::{begins_like, ends_with_words, same_words},
    event::SttEvent,
    output::{Output, Outputs},
    question::{Question, joined},
    record::Entry,
    stats::Moments,
};
use std::time::Instant;

impl Call {
    /// Takes in text of the turn that is being answered. Where it says more than we knew, the answer is taken back and the
    /// model asked anew, unless the caller hears it already, or a tool runs for it: then the model reads the words when it is
    /// asked next.
    ///
    /// Returns whether the text belongs to that turn.
    pub(super) fn late_words(&mut self, now: Instant, event: &SttEvent, out: &mut Outputs) -> bool {
        let Phase::Ours(answer) = &mut self.phase else { return false };
        let SttEvent::Final { text, .. } = event else { return false };
        let (text, moments, holds) = (text.trim(), answer.moments, answer.holds);
        let tool_runs = !answer.running().is_empty();
        let known = answer.question.text();
        let Some(voiced) = self.caller.last_voiced() else { return false };
        if known.is_empty() || text.is_empty() {
            return false;
        }
        let spoke_since = moments.asked.is_some_and(|asked| voiced > asked);
        let fresh = now.saturating_duration_since(voiced) < TEXT_BEHIND;
        let Question { finals, partial, typed } = &answer.question;
        if partial.is_empty() {
            if spoke_since || !fresh {
                return false;
            }
            if ends_with_words(finals, text) {
                return true;
            }
        } else if spoke_since && !begins_like(text, partial) {
            return false;
        }
        let question = Question { finals: joined(finals, text), typed: typed.clone(), ..Question::default() };
        let full = question.text();
        answer.question = question.clone();
        // What the model read must be what comes here next, mark for mark.
        self.transcript.amend(&known, &full);
        if let Some((answered, _)) = &mut self.answered {
            answered.clone_from(&full);
        }
        if same_words(&full, &known) {
            return true;
        }
        out.push(Output::Record(Entry::Amended { at_ms: self.at_ms(now), text: full }));
        // What a tool replies is told to the answer that ran it: there the model reads all the words with it.
        if !self.playback.has_begun() && !tool_runs {
            self.playback.cut(now, out);
            if let Some(unheard) = self.stop_answer(out) {
                // It was never said, but the tools that it ran have run.
                unheard.tell("", &mut self.transcript);
            }
            let moments =
                Moments { voiced: moments.voiced, text: Some(now), asked: Some(now), ..Moments::default() };
            self.answer_question(now, question, moments, out);
            if let Phase::Ours(answer) = &mut self.phase {
                answer.holds = holds;
            }
        }
        true
    }

    /// A caller who interrupts before the last words were final is heard with them once more: they count once.
    pub(super) fn take_back_what_is_said_again(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        let Question { finals, partial, typed } = &answer.question;
        if !partial.is_empty() && begins_like(&self.caller.text(), partial) {
            let text = joined(finals, typed);
            self.transcript.amend(&answer.question.text(), &text);
            out.push(Output::Record(Entry::Amended { at_ms: self.at_ms(now), text }));
        }
    }
}
