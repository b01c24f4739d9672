//! The caller types on the keypad.

use crate::{
    script::{REPEAT, calls, says},
    stage::{Stage, heard, hearing},
};
use centralita::dialogue::{agent::Patience, input::Input, message::Message, record::Entry};
use std::time::Duration;

const ASKS: &str = "¿Me da su número de documento?";
const OFFER: &str = "También puede marcarlo en el teclado y terminar con numeral.";

/// Presses keys 200 ms apart, the first one now.
fn press(stage: &mut Stage, keys: &str) {
    let start = stage.ms();
    for (key, at) in keys.chars().zip((start..).step_by(200)) {
        stage.at(at, Input::Digit(key));
    }
}

/// What the caller said or typed, as the record has it.
fn said(stage: &Stage) -> Vec<(u64, &str)> {
    let said = stage.record.iter().filter_map(|entry| match entry {
        Entry::Caller { at_ms, text } => Some((*at_ms, text.as_str())),
        _ => None,
    });
    said.collect()
}

/// The agent has asked for the document, and its question was heard.
fn asked(replies: impl IntoIterator<Item = crate::script::Reply>) -> Stage {
    let mut stage = Stage::greeted(std::iter::once(says(ASKS)).chain(replies));
    stage.say("Quiero un turno.", 1_000).until(6_000);
    assert_eq!((stage.call.floor(), stage.answers().last()), ("listening", Some(&(ASKS, false))));
    stage
}

#[test]
fn the_terminator_ends_the_entry_and_it_is_a_turn() {
    let mut stage = asked([says("Gracias.")]);
    press(&mut stage, "28400512#");
    assert_eq!(stage.call.floor(), "agent");
    assert_eq!(stage.when("ask 3: “[keypad] 28400512”"), 7_600);
    stage.until(10_000);
    assert_eq!(said(&stage)[1..], [(7_600, "[keypad] 28400512")]);
    let keys = stage.record.iter().filter(|entry| matches!(entry, Entry::Digit { .. })).count();
    assert_eq!((keys, stage.answers().last()), (9, Some(&("Gracias.", false))));
}

#[test]
fn without_it_the_entry_ends_two_and_a_half_seconds_after_the_last_key() {
    let mut stage = asked([says("Gracias.")]);
    press(&mut stage, "28");
    stage.until(8_000);
    press(&mut stage, "40");
    stage.until(10_699);
    assert_eq!((stage.call.floor(), stage.questions.len()), ("caller", 1));
    stage.until(12_000);
    assert_eq!(stage.when("ask 3: “[keypad] 2840”"), 10_700);
    assert_eq!(said(&stage)[1..], [(8_200, "[keypad] 2840")]);

    let patience = Patience { keypad: Duration::from_millis(900), ..Patience::default() };
    let mut stage = Stage::open_with(patience, [says("Uno.")]).greet();
    stage.at(2_000, Input::Digit('1')).until(4_000);
    assert_eq!(stage.when("ask 2: “[keypad] 1”"), 2_900);
}

#[test]
fn a_hundred_keys_in_a_second_are_one_entry_of_thirty_two() {
    let mut stage = asked([says("Gracias.")]);
    for count in 0..100 {
        stage.at(6_000 + count * 10, Input::Digit('7'));
    }
    stage.until(60_000);
    let asked = format!("“[keypad] {}”", "7".repeat(32));
    assert_eq!(stage.when(&asked), 6_310);
    let keys = stage.record.iter().filter(|entry| matches!(entry, Entry::Digit { .. })).count();
    assert_eq!((stage.questions.len(), keys, said(&stage).len()), (2, 32, 2));
    assert!(stage.answers().contains(&("Gracias.", false)));
}

#[test]
fn the_star_clears_the_entry() {
    let mut stage = asked([says("Gracias.")]);
    press(&mut stage, "999*12#");
    stage.until(9_000);
    assert_eq!(stage.when("“[keypad] 12”"), 7_200);
    // Nothing is left: the caller keeps their turn, and is asked after their usual time.
    let mut stage = asked([]);
    press(&mut stage, "99*#");
    assert_eq!(stage.call.floor(), "listening");
    stage.until(14_599);
    assert_eq!(stage.answers().len(), 2);
    stage.until(17_000);
    assert_eq!(stage.when("¿Sigue ahí?"), 14_600);
    let mut stage = asked([]);
    press(&mut stage, "*#");
    assert_eq!((stage.call.floor(), stage.questions.len()), ("listening", 1));
}

#[test]
fn the_first_key_stops_the_agent_like_a_sentence() {
    let story =
        "Para turnos marque uno. Para resultados marque dos. Para hablar con una persona marque tres.";
    let mut stage = Stage::greeted([says(story), says("Resultados.")]);
    stage.say("Hola.", 1_000).at(5_000, Input::Digit('2')).until(5_400);
    assert_eq!((stage.when("clear"), stage.call.floor()), (5_000, "caller"));
    assert_eq!(stage.sent.iter().filter(|(at, _)| *at > 5_000).count(), 0);
    stage.at(5_400, Input::Digit('#')).until(9_000);
    assert_eq!(stage.when("“[keypad] 2”"), 5_400);
    let told = stage.answers();
    assert!(story.starts_with(told[1].0) && told[1].0.len() < story.len() && told[1].1, "{told:?}");
}

#[test]
fn a_key_before_the_answer_is_heard_goes_on_with_the_same_turn() {
    let mut stage = asked([says("Gracias."), says("Perfecto.")]);
    press(&mut stage, "28#400#");
    stage.until(10_000);
    assert_eq!(stage.when("ask 4: “[keypad] 28 [keypad] 400”"), 7_200);
    assert_eq!(stage.answers().last(), Some(&("Perfecto.", false)));
}

#[test]
fn a_goodbye_that_ends_the_call_is_not_stopped_by_keys() {
    let mut stage = Stage::greeted([]);
    stage.at(2_000, Input::EndAsked).at(3_000, Input::Digit('1')).until(20_000);
    assert!(stage.ended && stage.questions.is_empty(), "{}", stage.story());
}

#[test]
fn words_and_keys_of_one_turn_are_one_question() {
    let mut stage = asked([says("Gracias.")]);
    stage.speak_until(7_000).now(hearing("Es el"));
    stage.at(7_100, Input::Digit('2')).at(7_350, heard("Es el", true));
    // The silence would have ended the turn long ago.
    stage.until(9_500);
    assert_eq!(stage.call.floor(), "caller");
    stage.at(9_500, Input::Digit('8')).at(9_600, Input::Digit('#')).until(13_000);
    assert_eq!(stage.when("“Es el [keypad] 28”"), 9_600);
    assert_eq!(stage.questions.len(), 2);
}

#[test]
fn words_that_may_still_change_are_waited_for() {
    let mut stage = asked([says("Gracias.")]);
    stage.speak_until(7_000).now(hearing("Es él"));
    stage.at(7_100, Input::Digit('2')).at(7_200, Input::Digit('#')).at(7_350, heard("Es el", true));
    stage.until(13_000);
    assert_eq!(stage.when("“Es el [keypad] 2”"), 7_700);
}

#[test]
fn an_answer_that_is_drafted_is_dropped_at_the_first_key() {
    let mut stage = asked([says("Espero."), says("Gracias.")]);
    stage.speak_until(7_000).at(7_080, hearing("¿Se lo marco?"));
    stage.until(7_250);
    assert_eq!(stage.questions.len(), 2);
    stage.at(7_250, Input::Digit('2')).at(7_400, heard("¿Se lo marco?", true));
    stage.at(7_500, Input::Digit('#')).until(13_000);
    assert_eq!(stage.wasted.len(), 1);
    assert_eq!(stage.when("“¿Se lo marco? [keypad] 2”"), 7_500);
}

#[test]
fn a_slow_answer_is_covered_by_the_time_of_the_last_key() {
    let slow = vec![(6_000, Err(false))];
    let mut stage = asked([slow]);
    press(&mut stage, "1#");
    stage.until(12_000);
    assert_eq!(stage.when("clip Hold"), 6_200 + 2_200);
}

#[test]
fn who_hangs_up_while_typing_has_typed_it() {
    let mut stage = asked([]);
    press(&mut stage, "284");
    stage.at(7_000, Input::LineEnded);
    assert_eq!(said(&stage)[1..], [(6_400, "[keypad] 284")]);
}

#[test]
fn a_number_that_is_asked_for_again_may_be_typed_and_that_is_said_once() {
    let again = "No le entendí. ¿Me repite el documento?";
    let mut stage = asked([says(again), says(again)]);
    stage.say("El ventiocho.", 1_000).until(18_000);
    let both = format!("{again} {OFFER}");
    assert_eq!(stage.answers().last(), Some(&(both.as_str(), false)));
    stage.say("Ventiocho.", 1_000).until(28_000);
    assert_eq!(stage.answers().last(), Some(&(again, false)));
    let Some(Message::Assistant { content, .. }) = stage.questions[2].get(5) else { panic!("{stage:?}") };
    assert_eq!(content, &both);
}

#[test]
fn who_was_not_understood_is_offered_the_keypad_behind_the_phrase_and_the_number_stays_awaited() {
    let mut stage = asked([says("Gracias.")]);
    stage.speak_until(7_000).at(7_400, hearing("")).until(20_000);
    let repeat = stage.first_sound(REPEAT, 7_000);
    let offered = stage.first_sound(0x10, repeat);
    assert!(offered > repeat, "{}", stage.story());
    assert_eq!(stage.answers().last(), Some(&(OFFER, false)));
    // Half a number is still waited for, and the offer is not made twice.
    stage.speak_until(21_000).until(32_000);
    assert_eq!(stage.story().matches("clip Repeat").count(), 2);
    assert_eq!(stage.story().matches("marcarlo").count(), 1);
}

#[test]
fn what_is_not_a_number_or_is_read_back_is_no_reason_to_offer_the_keypad() {
    let name = "¿Cómo se llama?";
    let mut stage = Stage::greeted([says(name), says(name)]);
    stage.say("Quiero un turno.", 1_000).until(6_000);
    stage.say("Un turno.", 1_000).until(12_000);
    let mut other = asked([says("¿Su documento es el 2 8 4?"), calls("Hasta luego.", "end_call")]);
    other.say("Ventiocho.", 1_000).until(12_000);
    for stage in [&stage, &other] {
        assert!(!stage.story().contains("teclado"), "{}", stage.story());
    }
}

/// How long the caller is waited for behind half a number, when nothing says that they have finished.
fn patience_with_half_a_number(stage: &mut Stage) -> Option<u64> {
    let end = stage.ms() + 1_000;
    stage.speak_until(end).later(end + 40, heard("Es el 28.", false));
    stage.until(end + 6_000);
    stage.reports.last().and_then(|report| report.endpoint_ms)
}

#[test]
fn what_nobody_heard_and_a_reprompt_change_nothing_in_what_is_awaited() {
    let mut stage = asked([says("Gracias.")]);
    let at_once = patience_with_half_a_number(&mut stage);

    let mut stage = asked([says("Gracias.")]);
    stage.until(16_000);
    assert_eq!(stage.answers().last(), Some(&("¿Sigue ahí?", false)));
    assert_eq!(patience_with_half_a_number(&mut stage), at_once);

    let mut stage = asked([says("¿Cómo se llama?"), says("Gracias.")]);
    stage.voice_takes_ms = 2_000;
    stage.say("Un momento, por favor.", 1_000).until(8_600);
    // Its sound would come at 9550 ms; who speaks sooner than 8500 ms had only paused.
    assert_eq!(stage.when("¿Cómo se llama?"), 7_550);
    assert_eq!(patience_with_half_a_number(&mut stage), at_once);
    assert!(stage.answers().contains(&("", true)), "{:?}", stage.answers());
}

#[test]
fn what_was_said_and_typed_is_kept_when_the_call_ends_in_the_middle_of_it() {
    let mut stage = asked([]);
    stage.speak_until(7_000).now(hearing("Es el"));
    stage.at(7_100, Input::Digit('2')).at(7_200, Input::EndAsked).until(20_000);
    assert_eq!(said(&stage)[1..], [(7_100, "Es el [keypad] 2")]);
    assert!(stage.ended && stage.story().contains("Tengo que terminar"), "{}", stage.story());

    let patience = Patience { max_call: Duration::from_secs(3), ..Patience::default() };
    let mut stage = Stage::open_with(patience, []).greet();
    stage.speak_until(2_900).now(hearing("Quería saber")).speak_until(3_200).until(20_000);
    assert_eq!(said(&stage), [(3_000, "Quería saber")]);
}
