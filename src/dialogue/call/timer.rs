//! The deadlines of a call and how long each is.

use crate::base::timers::TimerName;
use std::time::Duration;

/// What a call may be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The caller is silent on their turn: ask whether they are there.
    StillThere,
    /// The caller types, and the next key is waited for.
    Keypad,
    /// Caller frames stopped coming in the middle of their turn.
    FramesStalled,
    /// The turn is over by its silence, but the recogniser owes the text.
    Text,
    /// The caller's words do not go on, whatever sounds on the line.
    NoProgress,
    /// We owe an answer and the caller hears nothing: play the hold phrase.
    Hold,
    /// The model owes its first token, or the next one.
    Model,
    /// The voice owes sound.
    Voice,
    /// A tool owes its reply.
    Tool,
    /// What was sent will have been played.
    Played,
    /// The end of the goodbye was not acknowledged.
    GoodbyeHeard,
    /// The caller made a sound over our voice: interruption or not?
    Decide,
    /// The recogniser has been away.
    Hearing,
    /// The longest call.
    MaxCall,
}

/// How many there are.
pub(super) const TIMERS: usize = 14;

/// Those of whose turn it is; they end with it.
pub(super) const OF_A_TURN: [Timer; 12] = [
    Timer::StillThere,
    Timer::Keypad,
    Timer::FramesStalled,
    Timer::Text,
    Timer::NoProgress,
    Timer::Hold,
    Timer::Model,
    Timer::Voice,
    Timer::Tool,
    Timer::Played,
    Timer::GoodbyeHeard,
    Timer::Decide,
];

/// Those of which one is always armed while we have the floor: something is owed, or plays.
pub(super) const WHILE_WE_SPEAK: &[Timer] =
    &[Timer::Hold, Timer::Model, Timer::Voice, Timer::Tool, Timer::Played, Timer::GoodbyeHeard];

impl TimerName for Timer {
    fn index(self) -> usize {
        self as usize
    }
}

/// Caller frames come every 20 ms; after this long without one they count as silence (field §2.1: 750 ms).
pub(super) const FRAMES_STALLED: Duration = Duration::from_millis(750);
/// A recogniser that has a partial gets this long to make it final (protocols/deepgram.md §2.3: 300 to 500 ms).
pub(super) const PARTIAL_TO_FINAL: Duration = Duration::from_millis(500);
/// A recogniser that heard speech but gave no text: afterwards we ask the caller to repeat, within 4 s of their last word.
pub(super) const NO_TEXT: Duration = Duration::from_millis(2_800);
/// A recogniser by utterance that was asked in the middle of speech. Nobody waits in silence meanwhile; a full window takes
/// it 2.2 s on one core (measured, Whisper base), and one of another call may be before it.
pub(super) const TEXT_OF_SPEECH: Duration = Duration::from_secs(5);
/// The hold phrase comes at the latest this long after the caller's last voiced frame: within 4 s they hear something.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_millis(3_800);
/// But not so soon after a turn whose end took long that it would come before every answer.
pub(super) const LEAST_PATIENCE: Duration = Duration::from_millis(500);
/// The model's first token (reliability C3: an answer before 8 s is used).
pub(super) const FIRST_TOKEN: Duration = Duration::from_secs(8);
/// Between two tokens (reliability C4).
pub(super) const NEXT_TOKEN: Duration = Duration::from_secs(3);
/// From text to sound.
pub(super) const SOUND: Duration = Duration::from_secs(4);
/// What an unacknowledged goodbye gets beyond our own estimate (reliability A9).
pub(super) const GOODBYE_HEARD: Duration = Duration::from_secs(2);
/// A sound over our voice that brought no word by then was none: the answer goes on. A streaming recogniser tells the first
/// words 0.8 s after the first sound (`tests/protocols/deepgram/listen_v1_session.jsonl`: 0.48 s to 1.25 s), and the way there
/// and back takes time too.
pub(super) const NO_WORD: Duration = Duration::from_millis(1_500);
/// Speech this long takes the floor even without a word of text (design §5).
pub(super) const SURELY_SPEECH: Duration = Duration::from_millis(700);
/// The recogniser away for this long: the caller is told.
pub(super) const HEARING_AWAY: Duration = Duration::from_secs(3);
/// The recogniser away for this long more: the call ends politely.
pub(super) const HEARING_GONE: Duration = Duration::from_secs(12);
