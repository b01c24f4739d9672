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
fn the_silence_that_ends_a_turn_follows_from_its_words() {
    for (text, signalled, asked_at) in [
        ("¿Atienden el jueves?", true, 2_350),
        ("¿Atienden el jueves?", false, 2_300),
        ("Quiero un turno el jueves.", true, 2_800),
        ("Quiero un turno el jueves.", false, 2_940),
        ("Hola, buenas tardes.", true, 3_020),
        ("Quiero un turno para el", true, 3_480),
        ("Quiero un turno, eh…", false, 3_580),
    ] {
        let mut stage = Stage::greeted([says("Perfecto.")]);
        stage.speak_until(2_000).later(if signalled { 2_350 } else { 2_040 }, heard(text, signalled));
        stage.until(6_000);
        let over = stage.reports.first().and_then(|report| report.endpoint_ms);
        assert_eq!(over, Some(asked_at - 2_000), "{text}: {}", stage.story());
    }
}

#[test]
fn what_was_asked_for_is_waited_for() {
    for (opening, asked_at) in [("Queda reservado.", 3_240), ("¿Su número de documento?", 3_560)] {
        let mut stage = Stage::open([says("Gracias.")]);
        stage.now(Input::Begin { opening: opening.to_owned() }).until(1_000);
        stage.until(3_000);
        assert_eq!(stage.call.floor(), "listening");
        let begin = stage.ms();
        stage.speak_until(begin + 1_000).later(begin + 1_040, heard("Es el 28.", false));
        stage.until(begin + 4_000);
        let over = stage.reports.first().and_then(|report| report.endpoint_ms);
        assert_eq!(over, Some(asked_at - 2_000), "{opening}");
    }
}

#[test]
fn who_pauses_long_within_a_turn_is_waited_for_longer_from_then_on() {
    let mut stage = Stage::greeted([says("Perfecto."), says("Muy bien.")]);
    stage.speak_until(1_500).now(heard("Quiero un turno para", false)).until(2_500);
    stage.speak_until(3_000).now(heard("mi hija.", false)).until(6_000);
    stage.speak_until(7_000).later(7_040, heard("Quiero un turno el jueves.", false));
    stage.until(11_000);
    let ends: Vec<_> = stage.reports.iter().filter_map(|report| report.endpoint_ms).collect();
    assert_eq!(ends, [880, 980]);
}

#[test]
fn who_interrupts_is_not_taken_for_somebody_who_pauses() {
    // The first sound comes at 2650 ms; who begins before 2850 ms did not answer it.
    for (begins, text, waited) in [(2_900, "No, perdón, el viernes.", 940), (2_800, "El viernes.", 960)] {
        let mut stage =
            Stage::greeted([says("Tengo lugar el jueves a las diez."), says("Muy bien."), says("Listo.")]);
        stage.say("¿Qué días hay?", 1_000).until(begins);
        assert_eq!(stage.first_sound(0x10, 2_000), 2_650);
        stage.speak_until(begins + 700).now(hearing(text)).until(begins + 900);
        assert_eq!(stage.call.floor(), "caller");
        stage.now(heard(text, true)).until(7_000);
        stage.speak_until(8_000).later(8_040, heard("Quiero un turno el jueves.", false));
        stage.until(12_000);
        assert_eq!(stage.reports.last().unwrap().endpoint_ms, Some(waited), "{begins}");
    }
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
    stage.speak_until(2_000).at(2_100, hearing("El jueves a las diez")).until(6_000);
    assert_eq!(stage.when("turn over?"), 3_060);
    assert_eq!(stage.reports[0].endpoint_ms, Some(1_560));
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
    stage.say("¿Hay turno?", 1_000).until(2_400);
    stage.say("Para mi hija.", 600).until(6_000);
    assert_eq!(stage.when("ask 3: “¿Hay turno? Para mi hija.”"), 3_420);
}

#[test]
fn a_network_stall_in_the_middle_of_a_turn_does_not_leave_the_caller_alone() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.speak_until(2_000);
    stage.frames_flow = false;
    stage.at(2_200, heard("El jueves.", true)).until(3_500);
    assert_eq!(stage.when("ask"), 2_750);
}
