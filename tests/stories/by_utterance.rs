//! A recogniser that tells words only behind a pause, or when it is asked.

use crate::script::{REPEAT, Reply, says};
use crate::stage::{Stage, heard, hearing, plain};
use centralita::dialogue::input::Input;

const TEXTS: [&str; 3] = ["Mire, llamo por mi hija", "que tiene fiebre", "y quiero un turno."];

/// A call in which half a second of silence ends every turn.
fn patient(replies: impl IntoIterator<Item = Reply>) -> Stage {
    Stage::set_up(plain(500), true, replies)
}

/// A call whose caller has the floor, at 1000 ms.
fn greeted() -> Stage {
    patient([says("Entiendo."), says("Dígame.")]).greet()
}

/// The caller speaks until `end_ms`, with breaths of 300 ms; whenever the recogniser is asked it gives the next of `texts`,
/// or none, 600 ms later; the first time `takes_ms`.
fn talk(stage: &mut Stage, end_ms: u64, takes_ms: u64, texts: &[&str]) {
    let mut told = 0;
    while stage.ms() < end_ms + 6_000 {
        let next = stage.ms() + 20;
        if next <= end_ms && next % 1_300 < 1_000 {
            stage.speak_until(next);
        } else {
            stage.until(next);
        }
        if stage.story().matches("turn over?").count() > told {
            let text = texts.get(told).copied().unwrap_or_default();
            stage.later(next + if told == 0 { takes_ms } else { 600 }, heard(text, true));
            told += 1;
        }
    }
}

#[test]
fn it_is_told_of_pause_and_end_and_answers_then() {
    let mut stage = greeted();
    stage.speak_until(2_000).at(2_900, hearing("Hola")).at(2_910, heard("Hola", true)).until(3_000);
    assert_eq!((stage.pauses[0], stage.when("turn over?"), stage.when("ask")), (2_200, 2_500, 2_910));
}

#[test]
fn who_speaks_long_with_short_breaths_is_answered_once_and_after_the_end() {
    // Its text comes while the caller speaks, in a breath, and later than who waits in silence would be patient.
    for takes_ms in [100, 600, 900, 1_240, 3_500] {
        let mut stage = greeted();
        talk(&mut stage, 11_800, takes_ms, &TEXTS[..2]);
        assert_eq!(stage.when("ask 2: “Mire, llamo por mi hija que tiene fiebre”"), 12_900, "{takes_ms}");
        assert_eq!((stage.questions.len(), stage.first_sound(0x10, 1_000)), (1, 13_200));
        assert!(!stage.story().contains("clip"), "{}", stage.story());
    }
}

#[test]
fn who_speaks_for_twenty_seconds_is_asked_about_twice_and_for_a_minute_at_most() {
    let mut stage = greeted();
    talk(&mut stage, 20_000, 600, &TEXTS);
    assert_eq!(stage.when("ask 2: “Mire, llamo por mi hija que tiene fiebre y quiero un turno.”"), 21_100);
    assert_eq!(stage.questions.len(), 1);

    let mut stage = greeted();
    talk(&mut stage, 90_000, 600, &["bueno"; 20]);
    assert_eq!(stage.when("ask 2"), 61_940);
}

#[test]
fn a_sound_that_brings_no_words_when_asked_is_noise() {
    let mut stage = greeted();
    stage.noise = true;
    stage.at(8_200, heard("", true)).until(8_400);
    assert_eq!((stage.when("turn over?"), stage.first_sound(REPEAT, 0)), (8_060, 8_200));
    // It does not stop our voice.
    stage.until(9_000);
    assert!(!stage.story().contains("clear"), "{}", stage.story());

    let mut stage = greeted();
    stage.noise = true;
    stage.until(15_000);
    assert_eq!((stage.when("turn over?"), stage.first_sound(REPEAT, 0)), (8_060, 13_060));

    // Behind words it ends the turn.
    let mut stage = greeted();
    stage.noise = true;
    stage.at(8_200, heard("El jueves.", true)).at(15_300, heard("", true)).until(16_000);
    assert_eq!(stage.when("ask 2: “El jueves.”"), 15_300);
}

#[test]
fn a_text_that_ends_before_the_caller_does_not_end_the_turn() {
    // The recogniser cuts what is longer than its window, and a pause may be followed by more before its text comes.
    let mut stage = greeted();
    stage.speak_until(3_000).now(heard("Quiero un turno", false)).speak_until(3_200).until(3_700);
    assert_eq!((stage.when("turn over?"), stage.questions.len()), (3_700, 0));
    stage.at(4_500, heard("el jueves.", true)).until(4_600);
    assert_eq!(stage.when("ask 2: “Quiero un turno el jueves.”"), 4_500);

    let mut stage = greeted();
    stage.speak_until(2_000).until(2_520);
    stage.speak_until(2_800).at(2_960, heard("Quiero un turno", true)).until(3_300);
    assert_eq!((stage.questions.len(), stage.story().matches("turn over?").count()), (0, 2));
    stage.at(3_500, heard("el jueves.", true)).until(4_000);
    assert_eq!(stage.when("ask 2: “Quiero un turno el jueves.”"), 3_500);
}

#[test]
fn speech_of_700_ms_over_the_greeting_takes_the_floor() {
    let mut stage = patient([]);
    let opening = "Buenas tardes. Clínica Santa Lucía, ¿en qué puedo ayudarle?".to_owned();
    stage.now(Input::Begin { opening }).until(1_000);
    stage.speak_until(1_680);
    assert_eq!((stage.when("clear"), stage.call.floor()), (1_080, "paused"));
    stage.speak_until(1_700);
    assert_eq!(stage.call.floor(), "caller");
}

#[test]
fn on_a_noisy_line_words_interrupt() {
    let mut stage = greeted();
    stage.noise = true;
    stage.at(8_200, heard("", true)).until(8_600);
    stage.noise = false;
    stage.until(9_000);
    assert_eq!((stage.call.floor(), stage.pauses.last()), ("agent", Some(&8_800)));
    stage.now(hearing("Espere, por favor")).until(9_020);
    assert_eq!((stage.when("clear"), stage.call.floor()), (9_000, "caller"));
}
