//! The caller speaks over the agent.

use crate::script::{BURST, says};
use crate::stage::{Stage, VoiceActs, heard, hearing};
use centralita::dialogue::{event::SttEvent, input::Input, message::Message, record::Entry};

const STORY: &str = "Había una vez un rey que vivía en un castillo. Tenía tres hijas y un perro muy viejo.";

/// The agent has been telling a story since 2650 ms.
fn telling() -> Stage {
    let mut stage = Stage::greeted([says(STORY), says("Dígame.")]);
    stage.say("Cuénteme algo, por favor.", 1_000).until(4_000);
    stage
}

#[test]
fn the_voice_stops_80_ms_after_the_first_voiced_frame_and_a_sentence_takes_the_floor() {
    let mut stage = telling();
    stage.speak_until(4_600).at(4_600, hearing("Espere un momento")).until(4_700);
    assert_eq!(stage.when("clear"), 4_080);
    assert_eq!(stage.call.floor(), "caller");
    let paused = stage.record.iter().find(|entry| matches!(entry, Entry::Paused { .. }));
    assert_eq!(paused, Some(&Entry::Paused { at_ms: 4_080, after_ms: Some(60) }));
    stage.at(4_950, heard("Espere un momento, por favor.", true)).until(8_000);
    let after_clear = stage.sent.iter().filter(|(at, _)| (4_080..5_250).contains(at)).count();
    assert_eq!(after_clear, 0);
    assert_eq!(stage.when("ask 3: “Espere un momento, por favor.”"), 4_950);
}

#[test]
fn the_history_holds_only_what_was_heard() {
    let mut stage = telling();
    stage
        .speak_until(4_600)
        .at(4_600, hearing("Espere un momento"))
        .at(4_950, heard("Espere, por favor.", true))
        .until(5_000);
    // 2650 to 4080 ms: 1420 ms are 20 characters of the story.
    let heard = "Había una vez un rey";
    assert_eq!(
        stage.questions[1][3],
        Message::Assistant { content: heard.to_owned(), tool_calls: Vec::new() }
    );
    let told = stage.record.iter().any(|entry| {
        matches!(entry, Entry::Agent { heard: h, interrupted: true, meant, .. } if h == heard && meant == STORY)
    });
    assert!(told, "{:?}", stage.record);
}

#[test]
fn a_backchannel_goes_on_from_the_word_that_was_cut() {
    let mut stage = telling();
    stage.speak_until(4_300).at(4_500, heard("Ajá.", true)).until(12_000);
    assert_eq!(stage.when("clear"), 4_080);
    let resumed = stage.first_sound(0x10, 4_100);
    assert_eq!(resumed, 4_500);
    assert_eq!(stage.questions.len(), 1);
    let told = stage
        .record
        .iter()
        .any(|entry| matches!(entry, Entry::Agent { heard, interrupted: false, .. } if heard == STORY));
    assert!(told, "{:?}", stage.record);
}

#[test]
fn a_backchannel_whose_text_comes_twice_stops_the_voice_once() {
    let mut stage = telling();
    stage.speak_until(4_200).at(4_250, hearing("Ajá")).at(4_500, heard("Ajá.", true)).until(12_000);
    assert_eq!(stage.story().matches("clear").count(), 1);
    assert_eq!(stage.first_sound(0x10, 4_100), 4_400);
    assert_eq!(stage.questions.len(), 1);
}

#[test]
fn a_cough_without_words_goes_on_too() {
    let mut stage = telling();
    stage.speak_until(4_160).until(12_000);
    assert_eq!(stage.when("clear"), 4_080);
    assert_eq!(stage.first_sound(0x10, 4_100), 4_760);
    assert_eq!(stage.questions.len(), 1);
}

#[test]
fn long_speech_without_a_word_is_none_to_a_streaming_recogniser_unless_it_is_away() {
    let mut stage = Stage::open([]);
    stage.now(Input::Begin { opening: STORY.to_owned() }).until(2_000);
    stage.speak_until(4_000).until(5_000);
    assert_eq!((stage.when("clear"), stage.first_sound(0x10, 2_100)), (2_080, 3_580));

    let mut stage = telling();
    let lost = SttEvent::Lost { fatal: false, reason: String::new() };
    stage.now(Input::Hearing(lost)).speak_until(4_680);
    assert_eq!(stage.call.floor(), "paused");
    stage.speak_until(4_700);
    assert_eq!(stage.call.floor(), "caller");
}

#[test]
fn a_click_does_not_stop_the_voice() {
    let mut stage = telling();
    stage.speak_until(4_060).until(5_000);
    assert!(!stage.story().contains("clear"));
}

#[test]
fn what_the_old_turn_still_sends_is_never_played() {
    let mut stage = telling();
    stage.speak_until(4_800).until(4_900);
    let turn = centralita::base::ids::TurnId(2);
    let audio = bytes::Bytes::from_static(&[0x77; 1_600]);
    let late = centralita::dialogue::event::SpeechEvent::Audio { turn, piece: 1, audio, text: None };
    stage.now(Input::Speech(late)).until(6_000);
    assert!(stage.sent.iter().all(|(_, byte)| *byte != 0x77));
}

#[test]
fn of_a_minute_of_sound_at_once_three_seconds_are_held_and_it_stops_as_any_other() {
    let mut stage = Stage::greeted([says("Le cuento un cuento."), says("Dígame.")]);
    stage.voice = VoiceActs::Bursts;
    stage.say("Cuénteme algo, por favor.", 1_000).until(4_000);
    let held = stage.held_ms();
    assert!((3_000..3_250).contains(&held), "{held} ms");
    stage.voice = VoiceActs::Well;
    stage
        .speak_until(4_600)
        .at(4_600, hearing("Espere un momento"))
        .at(4_950, heard("Espere un momento, por favor.", true))
        .until(8_000);
    assert_eq!(stage.when("clear"), 4_080);
    assert!(stage.sent.iter().all(|(at, sound)| *at < 4_080 || *sound != BURST), "{:?}", stage.sent);
    assert_eq!(stage.first_sound(0x10, 4_080), 5_250);
}

#[test]
fn yes_over_the_last_word_of_a_question_is_its_answer() {
    let mut stage = Stage::greeted([says("¿Le confirmo el turno?"), says("Confirmado.")]);
    stage.say("El jueves.", 1_000).until(3_700);
    stage.say("Sí.", 300).until(6_000);
    assert_eq!(stage.when("ask 3: “Sí.”"), 4_720);
}

#[test]
fn text_of_old_sound_does_not_interrupt() {
    let mut stage = telling();
    stage.at(4_000, heard("algo", true)).until(5_000);
    assert!(!stage.story().contains("clear"));
}
