//! A call as a value: events in, decisions out. It composes the caller's turn, our answer, playback and the timers.

mod draft;
mod floor;
mod keypad;
mod keys_out;
mod late;
mod liveness;
mod ours;
mod providers;
mod standstill;
mod theirs;
mod timer;
mod words;

use crate::{
    base::{ids::TurnId, language::Language, timers::Timers},
    dialogue::{
        agent::Patience, answer::Answer, caller::CallerTurn, draft::Draft, endpoint::Endpoint, input::Input,
        keypad::Keypad, message::Message, noise::Noise, output::Outputs, playback::Playback,
        progress::Progress, record::Clip, stats::millis, transcript::Transcript,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use timer::{TIMERS, Timer};

pub use crate::dialogue::clips::Clips;

/// Frames count as speech from this probability on while we are silent (Silero's own default).
const THRESHOLD: f32 = 0.5;
/// The same while we speak: tones and noises stay below 0.25 where two judges agree, and voices pass within 120 ms.
const RAISED_THRESHOLD: f32 = 0.6;

/// What a call is given at its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The language of our own phrases.
    pub language: Language,
    /// How patient the agent is.
    pub patience: Patience,
    /// The system message.
    pub system: String,
    /// The standard phrases in that language.
    pub clips: Arc<Clips>,
    /// Probability from which on a frame counts as speech while we are silent.
    pub threshold: f32,
    /// The same while we speak: our own echo and the room must not interrupt.
    pub raised_threshold: f32,
    /// The recogniser gives text only behind a pause, or when it is asked for it; until [`SttEvent::Listener`](crate::dialogue::event::SttEvent) says otherwise.
    pub by_utterance: bool,
    /// Whether the agent may press keys (`send_digits`).
    #[serde(default)]
    pub sends_digits: bool,
    /// The network can go on by turns where recogniser or voice fail before the caller was answered.
    #[serde(default)]
    pub else_by_turns: bool,
    /// What was said and done before the line broke, where this call goes on with an earlier one.
    #[serde(default)]
    pub history: Vec<Message>,
}

impl Default for Setup {
    /// A Spanish call with a streaming recogniser, without a system message and without standard phrases.
    fn default() -> Self {
        Self {
            language: Language::Es,
            patience: Patience::default(),
            system: String::new(),
            clips: Arc::default(),
            threshold: THRESHOLD,
            raised_threshold: RAISED_THRESHOLD,
            by_utterance: false,
            sends_digits: false,
            else_by_turns: false,
            history: Vec::new(),
        }
    }
}

/// Who has the floor.
#[derive(Debug)]
enum Phase {
    /// The stream is not open.
    Before,
    /// Nobody speaks; we wait for the caller.
    Listening,
    /// The caller speaks, or pauses within their turn.
    Caller,
    /// We speak, or prepare to.
    Ours(Box<Answer>),
    /// Over.
    Ended,
}

/// Whether the recogniser hears the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    Well,
    /// It is away; the adapter tries to bring it back.
    Away,
    /// It is still away and the caller was told.
    Told,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    setup: Setup,
    phase: Phase,
    began: Instant,
    turn: TurnId,
    caller: CallerTurn,
    endpoint: Endpoint,
    /// The answer that is prepared while the caller may still go on.
    draft: Option<Draft>,
    /// Drafts of the present turn of the caller.
    drafts: u32,
    /// The edition of the caller's text for which a draft was thought of last.
    considered: u32,
    progress: Progress,
    noise: Noise,
    keypad: Keypad,
    /// The caller was told of the keypad since we ask for the present number.
    keypad_offered: bool,
    playback: Playback,
    transcript: Transcript,
    timers: Timers<Timer, TIMERS>,
    last_frame: Instant,
    /// When anything happened last.
    last_input: Instant,
    /// The recogniser was told that the caller pauses.
    pause_told: bool,
    /// When a caller of whom we hear no word is asked whether they are there. Sounds do not put it off.
    still_there_at: Instant,
    /// How often we asked whether the caller is there, since they last spoke.
    reprompts: u32,
    /// Turns that failed in a row.
    failures: u32,
    hearing: Hearing,
    /// The words of the caller's last turn, and when it ended.
    answered: Option<(String, Instant)>,
    /// Tools run so far.
    tool_calls: u32,
    /// How often each standard phrase was played.
    clips_played: BTreeMap<Clip, usize>,
}

impl Call {
    /// A call whose stream opens at `now`.
    pub fn new(mut setup: Setup, now: Instant) -> Self {
        let transcript = Transcript::of(std::mem::take(&mut setup.history));
        let by_utterance = setup.by_utterance;
        let endpoint = Endpoint::new(setup.patience.end_of_turn, setup.language);
        Self {
            setup,
            phase: Phase::Before,
            began: now,
            turn: TurnId::default(),
            caller: CallerTurn::default(),
            endpoint,
            draft: None,
            drafts: 0,
            considered: 0,
            progress: Progress::new(now, by_utterance),
            noise: Noise::default(),
            keypad: Keypad::default(),
            keypad_offered: false,
            playback: Playback::default(),
            transcript,
            timers: Timers::default(),
            last_frame: now,
            last_input: now,
            pause_told: false,
            still_there_at: now,
            reprompts: 0,
            failures: 0,
            hearing: Hearing::Well,
            answered: None,
            tool_calls: 0,
            clips_played: BTreeMap::new(),
        }
    }

    /// Takes in one event that happened at `now` and appends what is to be done to `out`.
    ///
    /// Events of a turn that is over are ignored, so a cancelled provider may keep talking safely. After
    /// [`Output::HangUp`] or [`Input::LineEnded`] every event is.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Outputs) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        self.leave_out_a_standstill(now);
        match input {
            Input::Begin { opening } => self.begin(now, &opening, out),
            Input::Frame(voice) => self.frame(now, voice, out),
            Input::SoundsOver(probability) => self.sounds_over(now, probability, out),
            Input::Digit(digit) => self.key(now, digit, out),
            Input::Mark(name) => self.marked(now, &name),
            Input::Hearing(event) => self.hearing(now, event, out),
            Input::Answer { turn, event } => self.answer(now, turn, event, out),
            Input::AnswerFailed { turn, again } => self.answer_failed(now, turn, again, out),
            Input::Speech(event) => self.speech(now, event, out),
            Input::ToolReplied { turn, id, reply } => self.tool_replied(now, turn, &id, &reply, out),
            Input::EndAsked => self.end_asked(now, out),
            Input::LineEnded => self.line_ended(now, out),
            Input::Tick => self.tick(now, out),
        }
        self.settle(now, out);
        self.stay_alive(now, out);
    }

    /// When [`Input::Tick`] is next due; always something while the call lives.
    pub fn next_deadline(&self) -> Option<Instant> {
        if matches!(self.phase, Phase::Ended) {
            return None;
        }
        [self.timers.next(), self.playback.next_deadline()].into_iter().flatten().min()
    }

    /// Whether the call is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Whether the voice has given so much that it should wait: 3 s of sound ahead. What it gives meanwhile lies in the
    /// network's buffers, so a voice that falters for longer is still bridged.
    pub fn is_full_of_speech(&self) -> bool {
        self.playback.waiting().duration() >= std::time::Duration::from_secs(3)
    }

    /// Whose turn it is, in a word, for logs and the live view.
    pub const fn floor(&self) -> &'static str {
        match &self.phase {
            Phase::Before => "before",
            Phase::Listening => "listening",
            Phase::Caller => "caller",
            Phase::Ours(answer) if answer.paused.is_some() => "paused",
            Phase::Ours(_) => "agent",
            Phase::Ended => "ended",
        }
    }

    fn at_ms(&self, moment: Instant) -> u64 {
        millis(moment.saturating_duration_since(self.began))
    }
}
