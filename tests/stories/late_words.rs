//! The recogniser makes its words final when they are being answered already.

use crate::script::{Reply, says};
use crate::stage::{Stage, heard, hearing, plain};
use centralita::dialogue::{message::Message, record::Entry};

/// A call whose caller has the floor, at 1000 ms; half a second of silence ends every turn.
fn patient(replies: impl IntoIterator<Item = Reply>) -> Stage {
    Stage::open_with(plain(500), replies).greet()
}

/// The caller said "El jueves a las diez.", of which only "El jueves" was told: it is being answered since 3000 ms. The
/// model's first words come at 3200 ms, their sound at 3300 ms.
fn answered_early() -> Stage {
    let mut stage = patient([says("¿A qué hora?"), says("Reservado."), says("De nada.")]);
    stage.speak_until(2_000).at(2_100, hearing("El jueves")).until(3_100);
    assert_eq!(stage.when("ask 2: “El jueves”"), 3_000);
    stage
}

/// What the model is told at last, without the system message: the caller's words, and the agent's in brackets.
fn told(stage: &Stage) -> Vec<String> {
    let messages = stage.questions.last().unwrap().iter().skip(1);
    let words = messages.map(|message| match message {
        Message::Assistant { content, .. } => format!("[{content}]"),
        Message::User { content } | Message::Tool { content, .. } | Message::System { content } => {
            content.clone()
        }
    });
    words.collect()
}

#[test]
fn an_answer_that_nobody_hears_yet_is_taken_back_and_given_to_all_the_words() {
    let mut stage = answered_early();
    stage.at(3_150, heard("El jueves a las diez.", true)).until(6_000);
    assert_eq!(
        stage.story(),
        " 2500 turn over?
 3000 ask 2: “El jueves”
 3150 cancel model 2
 3150 ask 3: “El jueves a las diez.”
 3350 say 3.0 “Reservado.”"
    );
    assert_eq!(told(&stage), ["[Hola.]", "El jueves a las diez."]);
    let amended = stage.record.iter().any(
        |entry| matches!(entry, Entry::Amended { at_ms: 3_150, text } if text == "El jueves a las diez."),
    );
    assert!(amended, "{:?}", stage.record);

    let mut stage = answered_early();
    stage.at(3_250, heard("El jueves no, el lunes.", true)).until(6_000);
    assert_eq!(stage.when("cancel speech 2"), 3_250);
    assert_eq!(stage.when("ask 3: “El jueves no, el lunes.”"), 3_250);
    assert!(!stage.story().contains("clear"), "{}", stage.story());
    assert_eq!(stage.answers()[1..], [("Reservado.", false)]);
}

#[test]
fn an_answer_that_plays_goes_on_and_the_next_one_knows_all_the_words() {
    let mut stage = answered_early();
    stage.at(3_400, heard("El jueves a las diez.", true)).until(5_000);
    assert_eq!(stage.questions.len(), 1);
    stage.say("¿Me oyó?", 600).until(7_000);
    assert_eq!(told(&stage), ["[Hola.]", "El jueves a las diez.", "[¿A qué hora?]", "¿Me oyó?"]);
}

#[test]
fn words_behind_a_final_that_was_answered_are_added_and_a_repetition_is_not() {
    let mut stage = patient([says("¿A qué hora?"), says("Reservado.")]);
    stage.speak_until(2_000).at(2_100, heard("El jueves.", false)).until(2_600);
    assert_eq!(stage.when("ask 2: “El jueves.”"), 2_500);
    stage.at(2_650, heard("el jueves", true)).at(2_690, heard("A las diez.", true)).until(6_000);
    assert_eq!(stage.when("ask 3: “El jueves. A las diez.”"), 2_690);
    assert_eq!(stage.questions.len(), 2);
}

#[test]
fn the_same_words_written_better_change_nothing() {
    let mut stage = answered_early();
    stage.at(3_150, heard("¡El, eh… Juéves!", true)).at(3_180, heard("El jueves.", true)).until(6_000);
    assert_eq!(stage.questions.len(), 1);
    assert_eq!(stage.answers()[1], ("¿A qué hora?", false));
}

#[test]
fn a_caller_who_goes_on_before_the_words_are_final_is_understood_once() {
    let mut stage = answered_early();
    stage.speak_until(3_500).now(hearing("El jueves a las diez")).speak_until(3_800);
    stage.at(4_150, heard("El jueves a las diez y media.", true)).until(7_000);
    assert_eq!(told(&stage), ["[Hola.]", "El jueves a las diez y media."]);
    let taken_back = |entry: &Entry| matches!(entry, Entry::Amended { text, .. } if text.is_empty());
    assert!(stage.record.iter().any(taken_back), "{:?}", stage.record);
}

#[test]
fn words_behind_a_final_that_only_sets_marks_reach_the_model_too() {
    let mut stage = answered_early();
    stage.at(3_120, heard("¡El jueves!", false)).at(3_150, heard("A las diez.", true)).until(6_000);
    assert_eq!(stage.when("ask 3: “¡El jueves! A las diez.”"), 3_150);
    assert_eq!(told(&stage), ["[Hola.]", "¡El jueves! A las diez."]);
}
