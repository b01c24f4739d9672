//! Speech to text, streaming.

use crate::{
    audio::g711,
    base::{
        ids::CallSid,
        language::Language,
        queue::{Reader, Writer, drop_oldest},
    },
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::fmt;

pub use crate::dialogue::event::{HEARD_AGAIN, SttEvent};

/// Entries that wait for a recogniser before the oldest is lost: 5 s of 20 ms frames (design §9).
pub const AUDIO_WAITING: usize = 250;

/// What a recognition is opened for.
#[derive(Clone, Debug)]
pub struct SttSpec {
    /// The call, for logs.
    pub call: CallSid,
    /// The language that the caller is expected to speak.
    pub language: Language,
    /// Its regional tag, such as `es-MX`.
    pub tag: String,
}

/// What the call tells its recogniser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HearingCommand {
    /// Caller audio: mu-law, 8 kHz, usually 20 ms (160 bytes), in order and without gaps.
    Audio(Bytes),
    /// Caller audio like [`HearingCommand::Audio`] of a time in which nothing has stood out of the line's noise for a second.
    /// Who keeps audio to be heard again keeps [`silence`] of the same length in its place.
    Quiet(Bytes),
    /// The caller has been silent for about 200 ms. A recogniser that works by utterance may start decoding.
    Paused,
    /// The caller's turn is over: make final what was heard. Recognisers with their own end-of-turn ignore it.
    TurnOver,
}

/// So many samples of mu-law silence. Up to 100 ms take no memory of their own.
pub fn silence(samples: usize) -> Bytes {
    static SILENCE: [u8; 800] = [g711::SILENCE; 800];
    SILENCE.get(..samples).map_or_else(|| vec![g711::SILENCE; samples].into(), Bytes::from_static)
}

/// The two ends of a recognition. Dropping `commands` ends it.
pub struct SttSession {
    /// Audio and hints; never waits, loses the oldest entry beyond [`AUDIO_WAITING`].
    pub commands: Writer<HearingCommand>,
    /// What was heard. Ends when the recogniser gave up.
    pub events: BoxStream<'static, SttEvent>,
}

impl fmt::Debug for SttSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SttSession").finish_non_exhaustive()
    }
}

impl SttSession {
    /// The queue that every adapter uses between the call and its own task.
    pub fn queue() -> (Writer<HearingCommand>, Reader<HearingCommand>) {
        drop_oldest(AUDIO_WAITING)
    }
}

/// A recogniser.
pub trait SpeechToText: Send + Sync + 'static {
    /// Its name in logs and metrics, such as `deepgram`.
    fn name(&self) -> &'static str;
    /// Whether it gives text only behind [`HearingCommand::Paused`] or [`HearingCommand::TurnOver`], and a final with
    /// `end_of_turn` for each of the latter, however empty. The others tell partials while the caller speaks. A call goes
    /// by it until [`SttEvent::Listener`] says otherwise.
    fn by_utterance(&self) -> bool {
        false
    }
    /// Opens a recognition for one call; connects behind the returned session. Must be called within a tokio runtime.
    fn open(&self, spec: SttSpec) -> SttSession;
}
