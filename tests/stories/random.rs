//! Calls in which anything happens at any time.

use crate::{
    script::{Reply, calls, presses, says},
    stage::{Stage, VoiceActs, heard, hearing},
};
use bytes::Bytes;
use centralita::{
    base::{ids::TurnId, units::Decibels},
    dialogue::{
        event::{AnswerEvent, SpeechEvent, SttEvent},
        input::{Input, Voice},
        message::ToolCall,
    },
};
use proptest::prelude::*;

const TEXTS: [&str; 7] =
    ["sí", "", "quiero un turno para", "Espere, no.", "el jueves", "El jueves a las diez.", "¿A qué hora?"];

const TOOLS: [(&str, &str); 4] = [
    ("end_call", "{}"),
    ("book", "{}"),
    ("send_digits", r#"{"digits":"1w2"}"#),
    ("send_digits", r#"{"digits":""}"#),
];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn event() -> impl Strategy<Value = Input> {
    let turn = || (0_u32..6).prop_map(TurnId);
    prop_oneof![
        8 => (any::<bool>()).prop_map(|speaks| {
            let (level, speech) = if speaks { (-20.0, 0.9) } else { (-70.0, 0.0) };
            Input::Frame(Voice { level: Decibels(level), speech })
        }),
        2 => text().prop_map(|text| Input::Hearing(SttEvent::Partial { text })),
        2 => (text(), any::<bool>())
            .prop_map(|(text, end_of_turn)| Input::Hearing(SttEvent::Final { text, end_of_turn })),
        1 => Just(Input::Hearing(SttEvent::UtteranceEnd)),
        1 => text().prop_map(|text| Input::Hearing(SttEvent::EagerEnd { text })),
        1 => Just(Input::Hearing(SttEvent::Resumed)),
        1 => (0.0..1.0_f32).prop_map(Input::SoundsOver),
        1 => Just(Input::Hearing(SttEvent::Ready)),
        1 => any::<bool>().prop_map(crate::script::listener),
        1 => any::<bool>().prop_map(|fatal| Input::Hearing(SttEvent::Lost { fatal, reason: String::new() })),
        2 => (turn(), text()).prop_map(|(turn, text)| Input::Answer { turn, event: AnswerEvent::Text(text) }),
        1 => turn().prop_map(|turn| Input::Answer { turn, event: AnswerEvent::Working }),
        1 => turn().prop_map(|turn| Input::Answer { turn, event: AnswerEvent::Switched }),
        2 => (turn(), any::<bool>())
            .prop_map(|(turn, truncated)| Input::Answer { turn, event: AnswerEvent::Done { truncated } }),
        1 => (turn(), prop::sample::select(&TOOLS[..])).prop_map(|(turn, (name, arguments))| {
            let (name, arguments) = (name.to_owned(), arguments.to_owned());
            let call = ToolCall { id: String::new(), name, arguments };
            Input::Answer { turn, event: AnswerEvent::ToolCall(call) }
        }),
        1 => (turn(), any::<bool>()).prop_map(|(turn, again)| Input::AnswerFailed { turn, again }),
        3 => (turn(), 0_u32..3, 0_usize..9_000).prop_map(|(turn, piece, length)| {
            let audio = Bytes::from(vec![0x10; length]);
            Input::Speech(SpeechEvent::Audio { turn, piece, audio, text: None })
        }),
        1 => (turn(), 0_u32..3).prop_map(|(turn, piece)| Input::Speech(SpeechEvent::PieceDone { turn, piece })),
        1 => turn().prop_map(|turn| Input::Speech(SpeechEvent::Done { turn })),
        1 => turn().prop_map(|turn| Input::Speech(SpeechEvent::Switched { turn })),
        1 => turn().prop_map(|turn| Input::Speech(SpeechEvent::Failed { turn, reason: String::new() })),
        1 => (turn(), 1..3).prop_map(|(turn, count)| {
            Input::ToolReplied { turn, id: format!("t{:04}c{count:03}", turn.0), reply: "{}".to_owned() }
        }),
        1 => prop_oneof![Just("0:1:end"), Just("0:1:160"), Just("x"), Just("9:9:9")]
            .prop_map(|name| Input::Mark(name.to_owned())),
        2 => prop::sample::select(vec!['5', '5', '#', '*']).prop_map(Input::Digit),
        1 => Just(Input::Tick),
        1 => Just(Input::Begin { opening: "Hola.".to_owned() }),
    ]
}

/// What happens in a call.
#[derive(Clone, Debug)]
enum Happening {
    Event(Input),
    /// A sound that passes for speech begins or ends.
    Noise(bool),
    /// The caller says something that the recogniser tells at once and makes final later, perhaps with more words.
    Words(u64, String, String),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        80 => event().prop_map(Happening::Event),
        8 => any::<bool>().prop_map(Happening::Noise),
        8 => (100_u64..2_000, text(), text()).prop_map(|(late, partial, last)| Happening::Words(late, partial, last)),
        1 => Just(Happening::Event(Input::EndAsked)),
        1 => Just(Happening::Event(Input::LineEnded)),
    ]
}

fn voice() -> impl Strategy<Value = VoiceActs> {
    prop_oneof![
        Just(VoiceActs::Well),
        Just(VoiceActs::Refuses),
        Just(VoiceActs::Silent),
        Just(VoiceActs::Stalls),
        Just(VoiceActs::Drips)
    ]
}

/// What the model answers, where it is asked at all.
fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        3 => text().prop_map(|text| says(&text)),
        1 => text().prop_map(|text| calls(&text, "book")),
        1 => text().prop_map(|text| calls(&text, "end_call")),
        1 => (text(), prop_oneof![Just("1w2"), Just("x")]).prop_map(|(text, keys)| presses(&text, keys)),
        1 => any::<bool>().prop_map(|again| vec![(300, Err(again))]),
        1 => text().prop_map(|text| vec![(200, Ok(AnswerEvent::Text(text)))]),
        1 => Just(vec![]),
    ]
}

/// A call, and how the world behaves in it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the world")]
pub(crate) struct RandomCall {
    happenings: Vec<(u64, Happening)>,
    replies: Vec<Reply>,
    voice: VoiceActs,
    echoes: bool,
    frames: bool,
    by_utterance: bool,
    presses_keys: bool,
}

/// A call with a model that answers up to so many times.
pub(crate) fn call(most_replies: usize) -> impl Strategy<Value = RandomCall> {
    let happenings = prop::collection::vec((0_u64..900, happening()), 1..30);
    let replies = prop::collection::vec(reply(), 0..=most_replies);
    (happenings, replies, voice(), any::<[bool; 4]>()).prop_map(
        |(happenings, replies, voice, [echoes, frames, by_utterance, presses_keys])| RandomCall {
            happenings,
            replies,
            voice,
            echoes,
            frames,
            by_utterance,
            presses_keys,
        },
    )
}

impl RandomCall {
    /// The stage of the call, before it begins.
    pub(crate) fn stage(&self) -> Stage {
        let replies = self.replies.clone();
        let mut stage = if self.by_utterance { Stage::by_utterance(replies) } else { Stage::open(replies) };
        if self.presses_keys {
            stage = stage.presses_keys();
        }
        stage.voice = self.voice;
        stage.echoes = self.echoes;
        stage.frames_flow = self.frames;
        stage
    }

    /// Everything happens. Afterwards nobody says any more for two minutes.
    pub(crate) fn happens(self, stage: &mut Stage) {
        stage.now(Input::Begin { opening: "Hola. ¿En qué puedo ayudarle?".to_owned() });
        for (pause, happening) in self.happenings {
            let next = stage.ms() + pause;
            stage.until(next);
            match happening {
                Happening::Event(event) => drop(stage.now(event)),
                Happening::Noise(noise) => stage.noise = noise,
                Happening::Words(late, partial, last) => {
                    stage
                        .speak_until(next + 300)
                        .now(hearing(&partial))
                        .later(next + 300 + late, heard(&last, true));
                }
            }
        }
        let end = stage.ms() + 120_000;
        stage.until(end);
    }
}
