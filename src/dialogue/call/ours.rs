//! Our side: the model's words, the voice's sound, the tools.

use super::{Call, Phase, Timer, timer};
use crate::{
    base::{ids::TurnId, units::Samples},
    dialogue::{
        event::{AnswerEvent, SpeechEvent},
        message::ToolCall,
        output::{Ending, Output, Outputs},
        phrases,
        record::Entry,
        tool_limits::{DONE, NOT_ENDED, TIMED_OUT, TOO_MANY, TOOLS_PER_CALL, TOOLS_PER_TURN},
        tools::{END_CALL, SEND_DIGITS, transfer_to},
    },
};
use std::time::Instant;

impl Call {
    /// Asks the model for the present answer, or for the rest of it.
    pub(super) fn ask(&mut self, now: Instant, out: &mut Outputs) {
        let mut transcript = self.transcript.clone();
        if let Phase::Ours(answer) = &self.phase {
            answer.tell(answer.timeline.text(), &mut transcript);
        }
        let messages = transcript.messages(&self.setup.system);
        out.push(Output::AskModel { turn: self.turn, messages });
        self.timers.set(Timer::Model, now + timer::FIRST_TOKEN);
    }

    pub(super) fn answer(&mut self, now: Instant, turn: TurnId, event: AnswerEvent, out: &mut Outputs) {
        if self.draft.as_ref().is_some_and(|draft| draft.turn == turn) {
            self.draft_answer(now, event, out);
            return;
        }
        let Phase::Ours(answer) = &mut self.phase else { return };
        // Behind the end of a request nothing is said before its tools have replied.
        if answer.turn != turn || answer.text_done || !answer.running().is_empty() {
            return;
        }
        if event == AnswerEvent::Switched {
            self.timers.set(Timer::Model, now + timer::FIRST_TOKEN);
            out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: "llm".to_owned() }));
            return;
        }
        if !matches!(event, AnswerEvent::Done { .. }) {
            answer.moments.token.get_or_insert(now);
            self.timers.set(Timer::Model, now + timer::NEXT_TOKEN);
        }
        match event {
            AnswerEvent::Text(token) => {
                let pieces = answer.text(&token);
                let too_long = answer.is_too_long();
                self.say(now, pieces, out);
                if too_long {
                    out.push(Output::CancelModel { turn });
                    self.answer_ended(now, out);
                }
            }
            AnswerEvent::Working | AnswerEvent::Switched => {}
            AnswerEvent::ToolCall(call) => answer.wants(call),
            AnswerEvent::Done { .. } => self.answer_ended(now, out),
        }
    }

    fn answer_ended(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        self.timers.stop(Timer::Model);
        let pieces = answer.text_ended();
        let (tools, words) = (answer.wants_tools(), answer.has_words());
        self.say(now, pieces, out);
        if tools {
            self.run_tools(now, out);
        } else if words {
            self.offer_keypad_where_asked_again(now, out);
            self.text_done(now, out);
        } else {
            self.empty_answer(now, out);
        }
    }

    /// The network has played the sound before the mark `name`.
    pub(super) fn marked(&mut self, now: Instant, name: &str) {
        let played = self.playback.mark(name);
        if let (Phase::Ours(answer), Some(played)) = (&mut self.phase, played)
            && played > Samples(0)
            && answer.moments.heard.is_none()
        {
            answer.moments.heard = now.checked_sub(played.duration());
        }
    }

    /// The answer has no more words.
    pub(super) fn text_done(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        answer.text_done = true;
        let pieces = answer.asked_pieces();
        if pieces > 0 {
            out.push(Output::FinishSpeech { turn: answer.turn });
            self.voice_owes(now, pieces);
        }
    }

    /// The voice was asked for `piece`, or for its end behind the last one. It has its whole time from now on, unless it owes
    /// an earlier piece.
    fn voice_owes(&mut self, now: Instant, piece: u32) {
        let Phase::Ours(answer) = &self.phase else { return };
        if !self.timers.is_set(Timer::Voice) || answer.timeline.sounds_up_to(piece) {
            self.timers.set(Timer::Voice, now + timer::SOUND);
        }
    }

    pub(super) fn say(&mut self, now: Instant, pieces: Vec<(u32, String)>, out: &mut Outputs) {
        for (piece, text) in pieces {
            let Phase::Ours(answer) = &mut self.phase else { return };
            answer.moments.piece.get_or_insert(now);
            out.push(Output::Say { turn: answer.turn, piece, text });
            self.voice_owes(now, piece);
        }
    }

    /// Speaks a sentence of our own as the whole of the present answer.
    pub(super) fn speak_script(&mut self, now: Instant, text: &str, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        let mut pieces = answer.text(text);
        pieces.extend(answer.text_ended());
        self.say(now, pieces, out);
        self.text_done(now, out);
    }

    fn run_tools(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        let (turn, so_far, words) = (answer.turn, answer.tool_calls, answer.has_words());
        let calls = answer.end_round();
        // Who also asks for something else must first read what came of it.
        let goodbye_only = calls.iter().all(|call| call.name == END_CALL);
        let mut keys = Vec::new();
        for call in calls {
            if call.name == END_CALL {
                answer.ends = goodbye_only.then_some(Ending::Goodbye);
                answer.replied(&call.id, if goodbye_only { DONE } else { NOT_ENDED });
                continue;
            }
            self.tool_calls += 1;
            if so_far > TOOLS_PER_TURN || self.tool_calls > TOOLS_PER_CALL {
                answer.replied(&call.id, TOO_MANY);
            } else if call.name == SEND_DIGITS && self.setup.sends_digits {
                keys.push(call);
            } else {
                out.push(Output::RunTool { turn, call });
            }
        }
        for call in keys {
            self.press_keys(now, call, out);
        }
        let Phase::Ours(answer) = &self.phase else { return };
        let waiting = !answer.running().is_empty();
        if waiting {
            self.timers.set(Timer::Tool, now + self.setup.patience.tool);
        } else if goodbye_only {
            self.say_goodbye(now, words, out);
        } else if so_far > TOOLS_PER_TURN * 2 {
            // A model that does nothing but call tools, even when told not to, gives no answer.
            self.answer_failed(now, turn, false, out);
        } else {
            self.ask(now, out);
        }
    }

    /// The model ended the call; where it had no words for that, we do. What it said before a tool was no goodbye.
    fn say_goodbye(&mut self, now: Instant, words: bool, out: &mut Outputs) {
        if words {
            self.text_done(now, out);
        } else {
            self.speak_script(now, phrases::goodbye(self.setup.language), out);
        }
    }

    pub(super) fn tool_replied(
        &mut self,
        now: Instant,
        turn: TurnId,
        id: &str,
        reply: &str,
        out: &mut Outputs,
    ) {
        let at_ms = self.at_ms(now);
        let answer = match &mut self.phase {
            Phase::Ours(answer) if answer.turn == turn => Some(answer),
            _ => None,
        };
        // When the turn is over what the tool did is done all the same: the model will read it.
        let call = match &answer {
            Some(answer) => answer.call(id),
            None => self.transcript.tool_replied(id, reply),
        };
        let Some(ToolCall { name, arguments, .. }) = call.cloned() else { return };
        let entry = Entry::Tool { at_ms, name: name.clone(), arguments, reply: reply.to_owned() };
        out.push(Output::Record(entry));
        let Some(answer) = answer else {
            self.draft_knows_too_little(out);
            return;
        };
        if let Some(place) = transfer_to(&name, reply) {
            answer.ends = Some(Ending::Transfer(place));
        }
        if answer.replied(id, reply) {
            self.timers.stop(Timer::Tool);
            if matches!(answer.ends, Some(Ending::Transfer(_))) {
                self.announce_transfer(now, out);
            } else {
                self.ask(now, out);
            }
        }
    }

    /// The caller is passed on once they have heard so; where the model had no words for that, we do.
    fn announce_transfer(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        if answer.spoke_with_tools() {
            self.text_done(now, out);
        } else {
            self.speak_script(now, phrases::passes_on(self.setup.language), out);
        }
    }

    pub(super) fn tool_is_late(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        let turn = answer.turn;
        for id in answer.running().to_vec() {
            self.tool_replied(now, turn, &id, TIMED_OUT, out);
        }
    }

    pub(super) fn speech(&mut self, now: Instant, event: SpeechEvent, out: &mut Outputs) {
        if self.draft.as_ref().is_some_and(|draft| draft.turn == event.turn()) {
            self.draft_speech(now, event, out);
            return;
        }
        let Phase::Ours(answer) = &mut self.phase else { return };
        match event {
            SpeechEvent::Audio { turn, piece, audio, text } if turn == answer.turn && !answer.sound_done => {
                answer.moments.sound.get_or_insert(now);
                answer.timeline.hear(piece, audio.len() as u64, text.as_deref());
                self.playback.push(audio);
                self.timers.set(Timer::Voice, now + timer::SOUND);
            }
            SpeechEvent::PieceDone { turn, piece } if turn == answer.turn => answer.timeline.complete(piece),
            SpeechEvent::Switched { turn } if turn == answer.turn && !answer.sound_done => {
                self.timers.set(Timer::Voice, now + timer::SOUND);
                out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: "tts".to_owned() }));
            }
            SpeechEvent::Done { turn } if turn == answer.turn => {
                self.timers.stop(Timer::Voice);
                if answer.timeline.samples() == 0 {
                    self.speech_failed(now, out);
                } else {
                    answer.timeline.complete_all();
                    answer.sound_done = true;
                }
            }
            SpeechEvent::Failed { turn, .. } if turn == answer.turn && !answer.sound_done => {
                self.speech_failed(now, out);
            }
            _ => {}
        }
    }
}
