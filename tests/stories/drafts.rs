//! Answers that are begun before the caller's turn is surely over.

use crate::script::{calls, says};
use crate::stage::{Stage, heard, hearing};
use centralita::dialogue::{agent::Patience, event::SttEvent, input::Input, message::Message, stats::Waste};

/// The caller's last voiced frame comes at 2000 ms, its words 100 ms later, their final at 2350 ms.
fn question(stage: &mut Stage, text: &str) {
    stage.speak_until(2_000).later(2_100, hearing(text));
    stage.later(2_350, heard(text, true));
}

#[test]
fn a_stable_interim_is_answered_430_ms_after_the_last_word() {
    let mut stage = Stage::greeted([says("Sí, claro. ¿A qué hora?")]);
    question(&mut stage, "¿Atienden el jueves?");
    stage.until(6_000);
    assert_eq!(
        stage.story(),
        " 2100 ask 2: “¿Atienden el jueves?”
 2300 say 2.0 “Sí, claro.”
 2300 turn over?
 2350 say 2.1 “¿A qué hora?”"
    );
    assert_eq!(stage.first_sound(0x10, 2_000), 2_400);
    let report = &stage.reports[0];
    assert!(report.drafted);
    assert_eq!((report.prompted_ms, report.first_token_ms), (Some(100), Some(300)));
    assert_eq!((report.endpoint_ms, report.response_ms), (Some(350), Some(400)));
    assert!(stage.wasted.is_empty());
}

#[test]
fn a_draft_is_spoken_only_when_the_turn_is_over() {
    let mut stage = Stage::greeted([says("Claro.")]);
    question(&mut stage, "Quiero un turno el jueves.");
    stage.until(6_000);
    // The sound was there at 2400 ms; the silence that ends such a sentence is 800 ms.
    assert_eq!(stage.first_sound(0x10, 2_000), 2_800);
    assert_eq!(stage.questions.len(), 1);
}

#[test]
fn it_is_never_later_than_an_answer_without_a_draft() {
    let respond = |speculation: bool, text: &str| {
        let patience = Patience { speculation, ..Patience::default() };
        let mut stage = Stage::open_with(patience, [says("Claro que sí.")]).greet();
        question(&mut stage, text);
        stage.until(8_000);
        stage.first_sound(0x10, 2_000)
    };
    for text in ["¿Atienden el jueves?", "Quiero un turno.", "Hola", "Quiero un turno para", "28 400"] {
        assert!(respond(true, text) <= respond(false, text), "{text}");
    }
    assert_eq!((respond(true, "Quiero un turno."), respond(false, "Quiero un turno.")), (3_020, 3_320));
}

#[test]
fn who_goes_on_is_answered_anew_and_the_draft_is_counted() {
    let mut stage = Stage::greeted([says("Sí, claro."), says("¿Para cuándo?")]);
    stage.speak_until(2_000).later(2_100, hearing("¿Hay turno?"));
    stage.until(2_340);
    stage.later(2_700, hearing("¿Hay turno para mi"));
    stage.speak_until(3_000);
    stage.later(3_100, hearing("¿Hay turno para mi hija?"));
    stage.later(3_350, heard("¿Hay turno para mi hija?", true));
    stage.until(6_000);
    assert_eq!(
        stage.story(),
        " 2100 ask 2: “¿Hay turno?”
 2300 say 2.0 “Sí, claro.”
 2300 turn over?
 2700 cancel speech 2
 3100 ask 3: “¿Hay turno para mi hija?”
 3300 say 3.0 “¿Para cuándo?”
 3300 turn over?"
    );
    assert_eq!(stage.wasted, [Waste { tokens: 1, characters: 10 }]);
    let Some(Message::User { content }) = stage.questions[1].last() else { panic!("{:?}", stage.questions) };
    assert_eq!(content, "¿Hay turno para mi hija?");
}

#[test]
fn a_final_that_means_the_same_is_answered_by_the_draft() {
    let mut stage = Stage::greeted([says("Sí.")]);
    stage.speak_until(2_000).later(2_100, hearing("eh atienden el jueves por la tarde gracias"));
    stage.later(2_350, heard("¿Atienden el jueves por la tarde? Gracias.", true));
    stage.until(5_000);
    assert_eq!(stage.questions.len(), 1);
    assert!(stage.reports[0].drafted);
}

#[test]
fn a_final_that_means_something_else_is_answered_itself() {
    let mut stage = Stage::greeted([says("Sí."), says("No.")]);
    stage.speak_until(2_000).later(2_100, hearing("¿Atienden el jueves?"));
    stage.later(2_310, heard("¿Atienden el jueves santo?", true));
    stage.until(5_000);
    assert_eq!(stage.when("cancel speech 2"), 2_310);
    assert_eq!(stage.when("ask 3: “¿Atienden el jueves santo?”"), 2_310);
    assert!(stage.sent.iter().all(|(at, _)| *at < 2_000 || *at >= 2_610), "the first answer was never heard");
}

#[test]
fn drafts_are_bounded_and_words_that_go_on_are_drafted_late() {
    let mut stage = Stage::greeted([]);
    for (count, text) in (0..6).zip(["¿el lunes?", "¿martes?", "¿jueves?", "¿viernes?", "¿sábado?", "¿hoy?"])
    {
        let begin = 1_000 + count * 600;
        stage.speak_until(begin + 400).later(begin + 500, hearing(text));
        stage.until(begin + 600);
    }
    assert_eq!(stage.questions.len(), 3);

    let mut stage = Stage::greeted([]);
    stage.speak_until(2_000).later(2_100, hearing("Quiero un turno para"));
    stage.until(6_000);
    assert_eq!((stage.when("ask 2"), stage.when("turn over?")), (2_920, 3_500));
}

#[test]
fn tools_of_a_draft_wait_for_the_end_of_the_turn() {
    let mut stage = Stage::greeted([calls("", "find_slots"), says("El jueves a las diez.")]);
    question(&mut stage, "Quiero un turno el jueves.");
    stage.until(6_000);
    assert_eq!(stage.when("run find_slots"), 2_800);
    assert_eq!(stage.when("ask 2: tool"), 3_100);
}

#[test]
fn a_draft_that_fails_is_forgotten() {
    let mut stage = Stage::greeted([vec![(100, Err(false))], says("Claro.")]);
    question(&mut stage, "¿Atienden el jueves?");
    stage.until(5_000);
    assert_eq!(stage.when("ask 3"), 2_350);
    assert!(!stage.reports[0].drafted);
    assert!(!stage.story().contains("clip"), "{}", stage.story());
}

#[test]
fn the_recognisers_eager_end_begins_a_draft_and_its_resumption_drops_no_word() {
    let mut stage = Stage::greeted([says("Sí."), says("No.")]);
    stage.speak_until(2_000);
    stage.later(2_240, Input::Hearing(SttEvent::EagerEnd { text: "¿Atienden el jueves?".to_owned() }));
    stage.until(2_280);
    assert_eq!(stage.when("ask 2"), 2_240);
    stage.now(Input::Hearing(SttEvent::Resumed)).speak_until(2_900);
    stage.later(3_000, hearing("¿Atienden el jueves o el viernes?"));
    stage.later(3_200, heard("¿Atienden el jueves o el viernes?", true));
    stage.until(6_000);
    assert_eq!(stage.when("ask 3: “¿Atienden el jueves o el viernes?”"), 3_000);
    assert_eq!(stage.answers().len(), 2);
}

#[test]
fn whoever_hangs_up_in_a_pause_leaves_no_draft_behind() {
    let mut stage = Stage::greeted([says("Sí, claro.")]);
    stage.speak_until(2_000).later(2_100, hearing("¿Hay turno?"));
    stage.at(2_200, Input::LineEnded);
    assert_eq!(stage.when("cancel model 2"), 2_200);
    assert_eq!(stage.wasted.len(), 1);
}

#[test]
fn a_draft_is_not_spoken_while_the_last_sound_has_no_words() {
    let mut stage = Stage::greeted([says("Sí, claro."), says("No."), says("Ese día no.")]);
    stage.speak_until(2_000).at(2_100, heard("¿Atienden el jueves?", false)).until(2_240);
    stage.speak_until(2_500).later(2_850, heard("santo?", false));
    stage.until(6_000);
    // The silence ends the turn at 2800 ms; the sound of the draft was there at 2400 ms.
    assert_eq!(
        stage.story(),
        " 2100 ask 2: “¿Atienden el jueves?”
 2300 say 2.0 “Sí, claro.”
 2800 cancel speech 2
 2800 ask 3: “¿Atienden el jueves?”
 2850 cancel model 3
 2850 ask 4: “¿Atienden el jueves? santo?”
 3050 say 4.0 “Ese día no.”"
    );
    assert_eq!((stage.answers()[1..].len(), stage.wasted.len()), (1, 1));
}

#[test]
fn behind_an_eager_end_the_final_text_is_waited_for_and_not_for_ever() {
    let eager = |text: &str| Input::Hearing(SttEvent::EagerEnd { text: text.to_owned() });
    let seems_over = || {
        let mut stage = Stage::greeted([says("Sí, claro."), says("Ese día no.")]);
        stage.speak_until(2_000).later(2_240, eager("¿Atienden el jueves?"));
        stage
    };
    let mut same = seems_over();
    same.at(2_500, heard("¿Atienden el jueves?", true)).until(6_000);
    assert_eq!((same.first_sound(0x10, 2_000), same.questions.len()), (2_540, 1));

    let mut other = seems_over();
    other.at(2_600, heard("¿Atienden el jueves santo?", true)).until(6_000);
    assert_eq!(
        other.story(),
        " 2240 ask 2: “¿Atienden el jueves?”
 2300 turn over?
 2440 say 2.0 “Sí, claro.”
 2600 cancel speech 2
 2600 ask 3: “¿Atienden el jueves santo?”
 2800 say 3.0 “Ese día no.”"
    );

    let mut never = seems_over();
    never.until(6_000);
    assert_eq!((never.first_sound(0x10, 2_000), never.questions.len()), (2_800, 1));
}
