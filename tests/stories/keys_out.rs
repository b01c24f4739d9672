//! The agent presses keys.

use crate::{
    script::{presses, says},
    stage::{Stage, VoiceActs, heard},
};
use centralita::dialogue::{message::Message, record::Entry};

fn reply_of(stage: &Stage) -> String {
    let Some(Message::Tool { content, .. }) = stage.questions[1].last() else { panic!("{stage:?}") };
    content.clone()
}

#[test]
fn tones_are_played_at_the_pace_of_speech_and_the_answer_goes_on_behind_them() {
    let mut stage = Stage::open([presses("", "1w2"), says("Listo.")]).presses_keys().greet();
    stage.say("¿Marca el uno?", 1_000).until(8_000);
    let asked = stage.when("ask 2: “¿Marca el uno?”");
    assert_eq!(stage.when("ask 2: tool {\"ok\":true}"), asked + 200);
    // 200 + 500 + 200 ms, then the words.
    let sent: Vec<u64> = stage.sent.iter().filter(|(at, _)| *at >= asked).map(|(at, _)| *at).collect();
    assert_eq!(sent[0], asked + 200);
    let words = stage.sent.iter().position(|(at, byte)| *at >= asked && *byte == 0x10).unwrap();
    let before = stage.sent.iter().position(|(at, _)| *at >= asked).unwrap();
    assert_eq!(words - before, 45);
    assert_eq!(stage.answers().last(), Some(&("Listo.", false)));
    let Some(Entry::Tool { arguments, reply, .. }) =
        stage.record.iter().find(|entry| matches!(entry, Entry::Tool { .. }))
    else {
        panic!("{:?}", stage.record)
    };
    assert_eq!((arguments.as_str(), reply.as_str()), (r#"{"digits":"1w2"}"#, r#"{"ok":true}"#));
}

#[test]
fn who_speaks_into_the_tones_does_not_stop_them() {
    let mut stage =
        Stage::open([presses("", "1234567890"), says("Listo."), says("Sí.")]).presses_keys().greet();
    stage.say("¿Puede marcar?", 1_000);
    let asked = 2_350;
    stage.until(asked + 400);
    stage.speak_until(asked + 1_400).at(asked + 1_600, heard("Marque uno para turnos.", true));
    stage.until(asked + 6_000);
    let tones = stage.sent.iter().filter(|(at, byte)| *at >= asked && *byte != 0x10).count();
    assert!(!stage.story().contains("clear"), "{}", stage.story());
    assert_eq!(tones, 100);
}

#[test]
fn keys_that_there_are_not_are_refused() {
    for wrong in ["", "5x", "123456789012345678901234567890123"] {
        let mut stage = Stage::open([presses("", wrong), says("No pude.")]).presses_keys().greet();
        stage.say("Marque.", 1_000).until(8_000);
        assert!(reply_of(&stage).contains("bad_digits"), "{wrong}");
        assert_eq!(stage.answers().last(), Some(&("No pude.", false)));
    }
}

#[test]
fn tones_never_sound_among_the_words_of_the_same_answer() {
    // A voice that tells when a piece is complete, and one that drips its sound and never tells.
    for (voice, refused) in [(VoiceActs::Well, 1), (VoiceActs::Drips, 3)] {
        let again = || std::iter::repeat_with(|| presses("", "12"));
        let replies = std::iter::once(presses("Marco.", "12")).chain(again().take(refused));
        let mut stage = Stage::open(replies.chain([says("Listo.")])).presses_keys().greet();
        stage.voice = voice;
        stage.say("Marque uno y dos.", 1_000).until(12_000);
        assert!(reply_of(&stage).contains("among your words"), "{}", stage.story());
        let sent: Vec<bool> =
            stage.sent.iter().filter(|(at, _)| *at > 2_000).map(|(_, byte)| *byte == 0x10).collect();
        let changes = sent.windows(2).filter(|pair| pair[0] != pair[1]).count();
        // Words, tones, words.
        assert_eq!((sent[0], changes), (true, 2), "{}", stage.story());
        assert_eq!(sent.iter().filter(|words| !**words).count(), 20);
        assert_eq!(stage.answers().last(), Some(&("Marco. Listo.", false)));
    }
}

#[test]
fn an_agent_that_was_not_given_the_tool_presses_nothing() {
    let mut stage = Stage::greeted([presses("", "1"), says("No puedo.")]);
    stage.say("Marque.", 1_000).until(8_000);
    assert_eq!(stage.tools.len(), 1);
    let tones = stage.sent.iter().filter(|(at, byte)| *at >= 2_000 && *byte != 0x10).count();
    assert_eq!(tones, 0);
}
