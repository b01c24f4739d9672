//! Another recogniser listens, or the same one again: how a turn ends then, and what of it was heard already.

use crate::script::{calls, listener, says};
use crate::stage::{Stage, heard, hearing};
use centralita::dialogue::{event::SttEvent, input::Input, record::Entry};

fn lost() -> Input {
    Input::Hearing(SttEvent::Lost { fatal: false, reason: "gone".to_owned() })
}

#[test]
fn who_listens_decides_how_a_turn_ends_whoever_listened_before() {
    let both = || [Stage::open([says("Sí.")]), Stage::by_utterance([says("Sí.")])].map(Stage::greet);
    let streaming = both().map(|mut stage| {
        stage.now(listener(false)).say("¿Atienden el jueves?", 1_000).until(6_000);
        stage.story()
    });
    assert_eq!(streaming[0], streaming[1]);
    assert!(!streaming[0].contains("turn over?") && streaming[0].contains("say"), "{}", streaming[0]);
    let by_utterance = both().map(|mut stage| {
        stage.now(listener(true)).say("¿Atienden el jueves?", 1_000).until(6_000);
        stage.story()
    });
    assert_eq!(by_utterance[0], by_utterance[1]);
    assert!(by_utterance[0].contains("turn over?"), "{}", by_utterance[0]);
}

#[test]
fn in_mid_turn_too_the_one_who_takes_over_decides() {
    let mut stage = Stage::greeted([says("Sí.")]);
    stage.speak_until(1_500).now(lost()).now(listener(true)).speak_until(2_000);
    stage.at(2_350, heard("¿Atienden el jueves", true)).speak_until(2_800).until(4_000);
    assert!(stage.questions.is_empty(), "{}", stage.story());
    assert!(stage.story().contains("turn over?"), "{}", stage.story());
    stage.at(4_100, heard("por la tarde?", true)).until(4_200);
    assert_eq!(stage.when("ask 2: “¿Atienden el jueves por la tarde?”"), 4_100);
}

#[test]
fn words_older_than_what_is_heard_again_stay() {
    let words = ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho"];
    let mut stage = Stage::greeted([says("Sí.")]);
    for (at, count) in (2..).zip(1..=8) {
        stage.speak_until(at * 1_000).now(hearing(&words[..count].join(" ")));
    }
    // What was told up to 5500 ms was spoken up to 5000 ms; the rest is heard again.
    stage.speak_until(9_500).now(lost());
    stage.speak_until(10_000).now(Input::Hearing(SttEvent::Ready));
    stage.speak_until(10_500).now(hearing("cinco seis siete ocho nueve"));
    stage.at(10_900, heard("cinco seis siete ocho nueve", true)).until(14_000);
    assert_eq!(stage.when("ask 2: “uno dos tres cuatro cinco seis siete ocho nueve”"), stage.when("ask 2"));
}

#[test]
fn words_that_were_answered_open_no_turn_when_they_are_told_again() {
    let mut stage = Stage::greeted([says("¿A qué hora?"), says("Sí.")]);
    stage.speak_until(2_000).at(2_100, hearing("Quiero el jueves")).until(7_000);
    let asked = stage.questions.len();
    assert_eq!(stage.call.floor(), "listening");
    stage.now(hearing("Quiero el")).now(heard("Quiero el jueves.", true)).until(7_500);
    assert_eq!((stage.call.floor(), stage.questions.len()), ("listening", asked));
    // Said once more they are new.
    stage.say("Quiero el jueves.", 800).until(10_000);
    assert_eq!(stage.questions.len(), asked + 1);
}

#[test]
fn words_like_those_that_were_answered_long_ago_are_new_however_softly_they_are_spoken() {
    // They were answered at 2350 ms; the sound that is heard again, and the way of its text, are 7 s.
    for (at, floor) in [(9_349, "listening"), (9_350, "caller")] {
        let mut stage = Stage::greeted([says("¿Cómo?")]);
        stage.say("¿Atienden hoy?", 1_000).until(at - 1);
        stage.at(at, hearing("¿Atienden hoy?"));
        assert_eq!(stage.call.floor(), floor, "{at}");
    }
}

#[test]
fn a_tool_that_runs_is_waited_for_when_more_words_become_final() {
    let mut stage = Stage::greeted([calls("", "find_slots"), says("Hay lugar.")]);
    stage.speak_until(2_000).at(2_100, hearing("El jueves por la tarde")).until(2_150);
    while stage.tools.is_empty() {
        stage.until(stage.ms() + 10);
    }
    stage.now(heard("El jueves por la tarde, a las cinco.", true)).until(9_000);
    assert_eq!((stage.tools.len(), stage.answers().last()), (1, Some(&("Hay lugar.", false))));
    assert!(!stage.story().contains("cancel"), "{}", stage.story());
    let told = format!("{:?}", stage.questions.last().unwrap());
    assert!(told.contains("a las cinco") && told.contains("{\\\"ok\\\":1}"), "{told}");
}

#[test]
fn words_before_the_recogniser_was_lost_belong_to_the_next_question() {
    let mut stage = Stage::greeted([says("Sí.")]);
    stage.speak_until(1_900).now(hearing("Quiero un turno")).speak_until(2_000).now(lost());
    stage.speak_until(6_000).until(7_000);
    assert_eq!(stage.when("clip Deaf"), 5_000);
    stage.now(Input::Hearing(SttEvent::Ready)).say("para el jueves.", 1_000).until(12_000);
    assert_eq!(stage.when("ask 3: “Quiero un turno para el jueves.”"), 8_440);
    let said = stage.record.iter().filter_map(|entry| match entry {
        Entry::Caller { at_ms, text } => Some((*at_ms, text.as_str())),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), [(5_000, "Quiero un turno"), (8_000, "para el jueves.")]);
}
