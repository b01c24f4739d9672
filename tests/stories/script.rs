//! What model, voice and recogniser of a story do, and how each clip is recognised.

use bytes::Bytes;
use centralita::dialogue::{
    event::{AnswerEvent, SttEvent},
    input::Input,
    message::ToolCall,
    record::Clip,
};

/// The first byte of each clip tells which it is; answers sound like 0x10.
pub(crate) const HOLD: u8 = 0xA0;
pub(crate) const REPEAT: u8 = 0xA1;
pub(crate) const TROUBLE: u8 = 0xA2;
pub(crate) const GOODBYE: u8 = 0xA3;
pub(crate) const LOOKUP: u8 = 0xA4;
pub(crate) const AGAIN: u8 = 0xA5;
pub(crate) const HELP: u8 = 0xA6;
pub(crate) const DEAF: u8 = 0xA7;

/// What sounds of a voice that [bursts](VoiceActs::Bursts).
pub(crate) const BURST: u8 = 0x20;

/// The sound of a standard phrase: a second.
pub(crate) fn clip(clip: Clip) -> Bytes {
    let mark = match clip {
        Clip::Hold => HOLD,
        Clip::Lookup => LOOKUP,
        Clip::Repeat => REPEAT,
        Clip::Again => AGAIN,
        Clip::Help => HELP,
        Clip::Deaf => DEAF,
        Clip::Trouble => TROUBLE,
        Clip::Goodbye => GOODBYE,
    };
    Bytes::from(vec![mark; 8_000])
}

/// What the model does when it is asked: events with their delay in milliseconds after the question.
pub(crate) type Reply = Vec<(u64, Result<AnswerEvent, bool>)>;

/// A model's answer in one go, 200 ms after the question.
pub(crate) fn says(text: &str) -> Reply {
    vec![(200, Ok(AnswerEvent::Text(text.to_owned()))), (200, Ok(AnswerEvent::Done { truncated: false }))]
}

/// A tool call 200 ms after the question, after some words.
pub(crate) fn calls(text: &str, name: &str) -> Reply {
    let call = ToolCall { id: format!("{name}-1"), name: name.to_owned(), arguments: "{}".to_owned() };
    let mut reply = says(text);
    reply.insert(reply.len() - 1, (200, Ok(AnswerEvent::ToolCall(call))));
    if text.is_empty() {
        drop(reply.remove(0));
    }
    reply
}

/// Keys that are pressed, after some words.
pub(crate) fn presses(text: &str, digits: &str) -> Reply {
    let mut reply = calls(text, "send_digits");
    for (_, event) in &mut reply {
        if let Ok(AnswerEvent::ToolCall(call)) = event {
            call.arguments = format!(r#"{{"digits":"{digits}"}}"#);
        }
    }
    reply
}

/// How the voice behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoiceActs {
    /// First sound after `voice_takes_ms`, 14 characters a second, all at once.
    Well,
    /// Refuses each turn at once.
    Refuses,
    /// Takes the text and says nothing.
    Silent,
    /// Gives 300 ms of sound and then nothing.
    Stalls,
    /// Gives its sound in chunks of 7 ms, one every 5 ms.
    Drips,
    /// Gives a minute of sound within 200 ms, whatever the text.
    Bursts,
}

/// A final text of the recogniser.
pub(crate) fn heard(text: &str, end_of_turn: bool) -> Input {
    Input::Hearing(SttEvent::Final { text: text.to_owned(), end_of_turn })
}

/// An interim text of the recogniser.
pub(crate) fn hearing(text: &str) -> Input {
    Input::Hearing(SttEvent::Partial { text: text.to_owned() })
}

/// Another recogniser takes over, which works by utterance or does not.
pub(crate) const fn listener(by_utterance: bool) -> Input {
    Input::Hearing(SttEvent::Listener { by_utterance })
}
