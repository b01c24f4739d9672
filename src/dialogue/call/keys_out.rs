//! Keys that the agent presses: tones in our sound.

use super::{Call, Phase};
use crate::{
    audio::dtmf,
    base::units::Samples,
    dialogue::{
        message::ToolCall,
        output::{Output, Outputs},
        record::Entry,
        tools::{MOST_DIGITS, SendDigits},
    },
};
use bytes::Bytes;
use std::time::Instant;

const PLAYED: &str = r#"{"ok":true}"#;
const WRONG: &str = r#"{"error":"bad_digits","message":"1 to 32 of 0-9 * # A-D w"}"#;
const AMONG_WORDS: &str = r#"{"error":"not pressed: the tones would sound among your words; press them in an answer of their own"}"#;
const SPOKEN_OVER: &str = r#"{"error":"the other side is speaking; press them in a later answer"}"#;

/// The sound of the keys that the model wants; `None` where it wants something else.
fn sound_of(arguments: &str) -> Option<Vec<u8>> {
    let SendDigits { digits } = serde_json::from_str(arguments).ok()?;
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    dtmf::tones(&digits)
}

impl Call {
    /// Plays the keys behind what waits to be played. They sound to their end, whoever speaks into them. While the voice may
    /// still owe sound of the words before them they are refused.
    pub(super) fn press_keys(&mut self, now: Instant, call: ToolCall, out: &mut Outputs) {
        let at_ms = self.at_ms(now);
        let silent = self.playback.is_silent(now);
        let Phase::Ours(answer) = &mut self.phase else { return };
        let words_are_here = answer.timeline.is_whole() || silent && answer.sounds();
        let ToolCall { id, name, arguments } = call;
        let reply = match sound_of(&arguments) {
            None => WRONG,
            Some(_) if answer.paused.is_some() => SPOKEN_OVER,
            Some(_) if !words_are_here => AMONG_WORDS,
            Some(tones) => {
                let sounding = self.playback.drained_at().map_or(now, |at| at.max(now));
                let waiting = Samples(self.playback.waiting().0 + tones.len() as u64);
                answer.keys_until = Some(sounding + waiting.duration());
                self.playback.push_clip(Bytes::from(tones));
                PLAYED
            }
        };
        answer.replied(&id, reply);
        out.push(Output::Record(Entry::Tool { at_ms, name, arguments, reply: reply.to_owned() }));
    }
}
