//! One turn of the agent: the text that comes from the model, the pieces that went to the voice, the tools that run.

use crate::{
    base::ids::TurnId,
    dialogue::{
        message::ToolCall, output::Ending, pieces::Pieces, question::Question, record::Clip, stats::Moments,
        timeline::Timeline, transcript::Transcript,
    },
};
use std::time::Instant;

/// Where the words of an answer come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The language model.
    Model,
    /// Ourselves: greeting, reprompt, goodbye.
    Script,
    /// A standard phrase that needs no voice.
    Clip,
}

/// Text and tool calls of one request to the model; an answer has as many as tools were run, plus one.
#[derive(Clone, Debug, Default)]
struct Round {
    /// Characters of the timeline's text at the end of the round.
    chars: usize,
    /// It had words for the caller.
    spoke: bool,
    calls: Vec<ToolCall>,
}

/// One turn of the agent.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each true once and for all, not a state"
)]
pub struct Answer {
    /// Which one.
    pub turn: TurnId,
    /// Where its words come from.
    pub origin: Origin,
    /// What it answers, where the caller asked.
    pub question: Question,
    /// Text against sound.
    pub timeline: Timeline,
    /// When each step happened.
    pub moments: Moments,
    /// The call ends when this has been heard.
    pub ends: Option<Ending>,
    /// The caller may take the floor.
    pub interruptible: bool,
    /// Until then keys of ours sound: who speaks into them does not interrupt them.
    pub keys_until: Option<Instant>,
    /// A standard phrase that follows, because something failed.
    pub followed_by: Option<Clip>,
    /// Asked again after a failure or an empty answer.
    pub retried: bool,
    /// Begun before the caller's turn was surely over.
    pub drafted: bool,
    /// When the hold phrase is due, while the caller hears nothing of us. A sound of the caller does not put it off.
    pub hold_at: Option<Instant>,
    /// How often the hold phrase was played.
    pub holds: u32,
    /// The model, or the script, has nothing more to say.
    pub text_done: bool,
    /// The voice has given all its sound.
    pub sound_done: bool,
    /// Since when playback stands still because the caller may be interrupting.
    pub paused: Option<Instant>,
    /// Tools asked for in this turn, all rounds.
    pub tool_calls: u32,
    /// Characters of the timeline's text before what is said aside.
    aside_from: Option<usize>,
    pieces: Pieces,
    asked_pieces: u32,
    /// Pieces of the requests before the present one.
    pieces_before: u32,
    rounds: Vec<Round>,
    calls: Vec<ToolCall>,
    running: Vec<String>,
    replies: Vec<(String, String)>,
}

impl Answer {
    /// An answer that has not begun.
    pub fn new(turn: TurnId, origin: Origin, moments: Moments) -> Self {
        Self {
            turn,
            origin,
            question: Question::default(),
            timeline: Timeline::default(),
            moments,
            ends: None,
            interruptible: true,
            keys_until: None,
            aside_from: None,
            followed_by: None,
            retried: false,
            drafted: false,
            hold_at: None,
            holds: 0,
            text_done: origin == Origin::Clip,
            sound_done: origin == Origin::Clip,
            paused: None,
            tool_calls: 0,
            pieces: Pieces::default(),
            asked_pieces: 0,
            pieces_before: 0,
            rounds: Vec::new(),
            calls: Vec::new(),
            running: Vec::new(),
            replies: Vec::new(),
        }
    }

    /// Takes in a token; returns the pieces that can be spoken.
    pub fn text(&mut self, token: &str) -> Vec<(u32, String)> {
        let mut pieces = Vec::new();
        self.pieces.push(token, &mut pieces);
        self.number(pieces)
    }

    /// The present request to the model is complete; returns what is left to speak.
    pub fn text_ended(&mut self) -> Vec<(u32, String)> {
        let mut pieces = Vec::new();
        self.pieces.finish(&mut pieces);
        self.number(pieces)
    }

    /// Begins the present request anew. What it brought so far is forgotten: nothing of it was given out.
    pub fn try_again(&mut self) {
        self.retried = true;
        self.pieces.forget();
        self.calls.clear();
    }

    /// The model wants a tool. Its call gets an identifier of ours: some servers count anew in each answer, or give none,
    /// and one takes nine letters and digits only.
    pub fn wants(&mut self, call: ToolCall) {
        self.tool_calls += 1;
        let id = format!("t{:04}c{:03}", self.turn.0, self.tool_calls);
        self.calls.push(ToolCall { id, ..call });
    }

    /// Whether the model wants tools that have not been started.
    pub fn wants_tools(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Ends the round; returns the tools to be run.
    pub fn end_round(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls);
        let spoke = self.has_words();
        self.pieces_before = self.asked_pieces;
        self.running.extend(calls.iter().map(|call| call.id.clone()));
        self.rounds.push(Round { chars: self.timeline.text().chars().count(), spoke, calls: calls.clone() });
        calls
    }

    /// Whether words came with the tools that ran last.
    pub fn spoke_with_tools(&self) -> bool {
        self.rounds.last().is_some_and(|round| round.spoke)
    }

    /// A tool of this answer replied; what it said before, such as that its time is over, does not count any more.
    /// Returns true when it was the last one that was waited for.
    pub fn replied(&mut self, id: &str, reply: &str) -> bool {
        self.replies.retain(|(replied, _)| replied != id);
        self.replies.push((id.to_owned(), reply.to_owned()));
        let before = self.running.len();
        self.running.retain(|running| running != id);
        self.running.is_empty() && before > 0
    }

    /// The tool calls that have no reply yet.
    pub fn running(&self) -> &[String] {
        &self.running
    }

    /// The call of this answer with that identifier.
    pub fn call(&self, id: &str) -> Option<&ToolCall> {
        self.rounds.iter().flat_map(|round| &round.calls).find(|call| call.id == id)
    }

    /// Whether the caller may take the floor at `now`.
    pub fn may_be_interrupted(&self, now: Instant) -> bool {
        self.interruptible && self.keys_until.is_none_or(|at| at <= now)
    }

    /// What follows asks for nothing: it offers the keypad, or asks whether the caller is there.
    pub fn says_aside(&mut self) {
        self.aside_from = Some(self.timeline.text().chars().count());
    }

    /// What was heard of the words before those said aside; nothing where there are none.
    pub fn without_aside<'a>(&self, heard: &'a str) -> Option<&'a str> {
        let Some(from) = self.aside_from else { return Some(heard) };
        let end = heard.char_indices().nth(from).map_or(heard.len(), |(at, _)| at);
        heard.get(..end).filter(|_| from > 0)
    }

    /// Gives up: no more text, no tool that is waited for.
    pub fn give_up(&mut self) {
        self.text_done = true;
        self.calls.clear();
        self.running.clear();
    }

    /// Whether the answer is as long as it may be.
    pub const fn is_too_long(&self) -> bool {
        self.pieces.is_full()
    }

    /// How many pieces the voice was asked for.
    pub const fn asked_pieces(&self) -> u32 {
        self.asked_pieces
    }

    /// Whether anything was asked of the voice.
    pub const fn has_spoken(&self) -> bool {
        self.asked_pieces > 0
    }

    /// Whether all that the voice was asked for has begun to sound.
    pub fn sounds(&self) -> bool {
        self.timeline.sounds_up_to(self.asked_pieces)
    }

    /// Whether the present request brought anything for the voice.
    pub const fn has_words(&self) -> bool {
        self.asked_pieces > self.pieces_before
    }

    /// Whether nothing more will come: no text, no tool, no sound.
    pub fn is_complete(&self) -> bool {
        self.text_done
            && self.running.is_empty()
            && self.calls.is_empty()
            && (self.sound_done || !self.has_spoken())
    }

    /// Writes into `transcript` what was heard, round by round, with the tools and their replies.
    pub fn tell(&self, heard: &str, transcript: &mut Transcript) {
        let text: Vec<char> = self.timeline.text().chars().collect();
        let heard = heard.chars().count();
        let part = |from: usize, to: usize| -> String {
            let words: String = text.iter().take(to.min(heard)).skip(from).collect();
            words.trim().to_owned()
        };
        let mut from = 0;
        for round in &self.rounds {
            transcript.agent(&part(from, round.chars), &round.calls);
            from = round.chars;
        }
        for (id, reply) in &self.replies {
            transcript.tool_replied(id, reply);
        }
        transcript.agent(&part(from, text.len()), &[]);
    }

    fn number(&mut self, pieces: Vec<String>) -> Vec<(u32, String)> {
        let first = self.asked_pieces;
        let numbered: Vec<_> = (first..).zip(pieces).collect();
        for (_, text) in &numbered {
            self.timeline.ask(text);
            self.asked_pieces += 1;
        }
        numbered
    }
}
