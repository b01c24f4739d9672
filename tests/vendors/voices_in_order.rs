//! Voices in order: who gives no sound is replaced, at any piece of an answer.

use crate::rig::{hear, tts_spec, within};
use centralita::{
    base::ids::TurnId,
    ports::tts::{SpeechCommand, SpeechEvent, TextToSpeech},
    providers::{
        deepgram::{self, Speak},
        elevenlabs::{self, ElevenLabs},
        failover::Voices,
    },
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        speech::SpeechFault,
    },
};
use futures_util::StreamExt as _;
use std::{sync::Arc, time::Duration};

/// No test comes near it.
const NEVER: Duration = Duration::from_mins(10);

const TURN: TurnId = TurnId(1);

fn say(piece: u32, text: &str) -> SpeechCommand {
    SpeechCommand::Say { turn: TURN, piece, text: text.to_owned() }
}

/// Deepgram's voice and behind it ElevenLabs'.
fn voices(fakes: &Fakes, change: impl FnOnce(&mut deepgram::Options)) -> Voices {
    let (url, key) = (fakes.deepgram.url().parse().unwrap(), "key".to_owned());
    let mut first = deepgram::Options::new(url, key.clone().into());
    change(&mut first);
    let url = fakes.elevenlabs.url().parse().unwrap();
    let second = elevenlabs::Options::new(url, key.into(), "VOICEFAKE123".to_owned());
    let voices: [Arc<dyn TextToSpeech>; 2] =
        [Arc::new(Speak::new(first).unwrap()), Arc::new(ElevenLabs::new(second))];
    Voices::new(voices)
}

#[tokio::test]
async fn a_voice_that_has_no_place_is_asked_twice_and_then_the_next_one() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.deepgram.speak_faults().always(SpeechFault::Refuse(429));
    // A place may become free within half a second, and nobody waits for it longer.
    let mut session = voices(&fakes, |first| {
        assert!(first.speak.patience.pause <= Duration::from_millis(500));
        first.speak.patience.pause = Duration::from_millis(1);
    })
    .with_patience(NEVER)
    .open(tts_spec());
    session.commands.send(say(0, "Claro que sí.")).await.unwrap();
    session.commands.send(SpeechCommand::Finish { turn: TURN }).await.unwrap();
    let heard = hear(&mut session, TURN).await;
    assert_eq!((heard.failed, heard.switches, heard.pieces), (None, 1, vec![0]));
    assert_eq!(fakes.log().count(Service::Deepgram, "opened"), 2);
    assert_eq!(fakes.log().details(Service::ElevenLabs, "speak"), ["Claro que sí. "]);
}

#[tokio::test]
async fn a_later_piece_that_gives_no_sound_is_spoken_by_the_next_voice() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    let voices = voices(&fakes, |first| first.speak.patience.first_byte = NEVER);
    let mut session = voices.open(tts_spec());
    session.commands.send(say(0, "Claro que sí.")).await.unwrap();
    while within(session.events.next()).await != Some(SpeechEvent::PieceDone { turn: TURN, piece: 0 }) {}

    fakes.deepgram.speak_faults().always(SpeechFault::Silent);
    session.commands.send(say(1, "¿Para qué día?")).await.unwrap();
    session.commands.send(SpeechCommand::Finish { turn: TURN }).await.unwrap();
    let heard = hear(&mut session, TURN).await;
    assert_eq!((heard.failed, heard.switches, heard.pieces), (None, 1, vec![1]));
    assert_eq!(fakes.log().details(Service::ElevenLabs, "speak"), ["¿Para qué día? "]);
}
