//! Who speaks when nobody interrupts.

use crate::script::says;
use crate::stage::{Stage, heard, hearing};
use centralita::dialogue::input::Input;

#[test]
fn the_agent_greets_first_and_the_first_clause_is_spoken_at_once() {
    let mut stage = Stage::open([]);
    stage.now(Input::Begin {
        opening: "Buenas tardes. Clínica Santa Lucía, ¿en qué puedo ayudarle?".to_owned(),
    });
    stage.until(200);
    assert_eq!(
        stage.story(),
        "    0 say 1.0 “Buenas tardes.”\n    0 say 1.1 “Clínica Santa Lucía, ¿en qué puedo ayudarle?”"
    );
    assert_eq!(stage.sent[0].0, 100);
}

#[test]
fn the_recognisers_signal_ends_the_turn_and_the_answer_follows_without_delay_of_ours() {
    let mut stage = Stage::greeted([says("Muy bien, gracias.")]);
    stage.say("¿Cómo está?", 1_000).until(6_000);
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “¿Cómo está?”\n 2550 say 2.0 “Muy bien,”\n 2550 say 2.1 “gracias.”"
    );
    // Last voiced frame at 2000 ms; recogniser 350, model 200, voice 100: nothing of it is ours.
    assert_eq!(stage.first_sound(0x10, 2_000), 2_650);
    assert_eq!(stage.call.floor(), "listening");
    let report = stage.reports.pop().unwrap();
    assert_eq!(
        (report.endpoint_ms, report.first_token_ms, report.first_sound_ms, report.response_ms),
        (Some(350), Some(550), Some(650), Some(650))
    );
}

#[test]
fn without_a_signal_half_a_second_of_silence_ends_a_complete_sentence() {
    let mut stage = Stage::greeted([says("Perfecto.")]);
    stage.speak_until(2_000).at(2_100, heard("El jueves.", false)).until(3_000);
    assert_eq!(stage.when("ask"), 2_500);
}

#[test]
fn an_unfinished_sentence_gets_more_time_and_is_one_turn() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.speak_until(2_000).at(2_300, heard("Quiero un turno para", true)).until(2_700);
    stage.speak_until(3_500).at(3_850, heard("cardiología.", true)).until(4_000);
    assert_eq!(stage.story(), " 3850 ask 2: “Quiero un turno para cardiología.”");
}

#[test]
fn interim_text_that_never_becomes_final_is_used_after_a_short_wait() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.speak_until(2_000).at(2_100, hearing("El jueves a las diez")).until(4_000);
    assert_eq!(stage.when("turn over?"), 2_500);
    assert_eq!(stage.when("ask 2: “El jueves a las diez”"), 3_000);
}

#[test]
fn a_late_or_doubled_final_makes_no_second_turn() {
    let mut stage = Stage::greeted([says("Muy bien, gracias."), says("No.")]);
    stage.say("¿Cómo está?", 1_000).at(2_600, heard("¿Cómo está?", true)).until(9_000);
    assert_eq!(stage.questions.len(), 1);
}

#[test]
fn empty_finals_on_silence_start_no_turn() {
    let mut stage = Stage::greeted([says("Nunca.")]);
    stage.at(1_500, heard("", false)).at(2_000, heard("", true)).until(4_000);
    assert_eq!(stage.story(), "");
}

#[test]
fn what_the_caller_adds_before_the_answer_is_heard_joins_the_same_turn() {
    let mut stage = Stage::greeted([says("Claro que sí."), says("Perfecto.")]);
    stage.say("Quiero un turno.", 1_000).until(2_400);
    stage.say("Para mi hija.", 600).until(6_000);
    assert_eq!(stage.when("ask 3: “Quiero un turno. Para mi hija.”"), 3_350);
}

#[test]
fn a_network_stall_in_the_middle_of_a_turn_does_not_leave_the_caller_alone() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.speak_until(2_000);
    stage.frames_flow = false;
    stage.at(2_200, heard("El jueves.", true)).until(3_500);
    assert_eq!(stage.when("ask"), 2_750);
}
