//! How calls end.

use crate::script::{calls, says};
use crate::stage::{Stage, VoiceActs, heard};
use centralita::dialogue::{agent::Patience, input::Input};
use std::time::Duration;

#[test]
fn the_goodbye_is_heard_to_its_end_before_we_hang_up() {
    let mut stage = Stage::greeted([calls("Gracias por llamar. Hasta luego.", "end_call")]);
    stage.say("Eso es todo.", 1_000).until(20_000);
    // 32 characters at 14 a second after 2650 ms, in frames of 20 ms, less the space between the pieces.
    assert_eq!(stage.when("hang up: goodbye"), 4_870);
}

#[test]
fn a_goodbye_that_nobody_acknowledges_ends_by_the_clock() {
    let mut stage = Stage::greeted([calls("Hasta luego.", "end_call")]);
    stage.echoes = false;
    stage.say("Eso es todo.", 1_000).until(20_000);
    assert_eq!(stage.when("hang up: goodbye"), 5_510);
}

#[test]
fn a_farewell_does_not_interrupt_the_goodbye_but_a_question_does() {
    let goodbye = || calls("Gracias por llamar a la clínica. Que tenga un buen día.", "end_call");
    let mut stage = Stage::greeted([goodbye(), says("Sí, a las ocho.")]);
    stage.say("Eso es todo.", 1_000).until(3_500);
    stage.say("Gracias, chau.", 500).until(20_000);
    assert_eq!(stage.questions.len(), 1);
    assert!(stage.ended);

    let mut stage = Stage::greeted([goodbye(), says("Sí, a las ocho.")]);
    stage.say("Eso es todo.", 1_000).until(3_500);
    stage.say("Espere, ¿a qué hora abren?", 900).until(9_000);
    assert_eq!(stage.questions.len(), 2);
    assert!(!stage.ended);
}

#[test]
fn a_model_that_ends_without_a_word_still_says_goodbye() {
    let mut stage = Stage::greeted([calls("", "end_call")]);
    stage.say("Chau.", 400).until(20_000);
    assert!(stage.story().contains("say 2.0 “Gracias por llamar.”"));
    assert!(stage.ended);
}

#[test]
fn a_model_that_ends_behind_a_tool_without_a_word_says_goodbye_too() {
    let mut stage = Stage::greeted([calls("Un segundo.", "send_whatsapp"), calls("", "end_call")]);
    stage.say("Mándemelo, chau.", 1_000).until(20_000);
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “Mándemelo, chau.”
 2550 say 2.0 “Un segundo.”
 2550 run send_whatsapp
 2850 ask 2: tool {\"ok\":1}
 3050 say 2.1 “Gracias por llamar.”
 3050 say 2.2 “Hasta luego.”
 5650 hang up: goodbye"
    );
    assert_eq!(stage.answers()[1], ("Un segundo. Gracias por llamar. Hasta luego.", false));
}

#[test]
fn the_longest_call_ends_politely() {
    let patience = Patience { max_call: Duration::from_secs(5), ..Patience::default() };
    let mut stage = Stage::open_with(patience, []);
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(30_000);
    assert_eq!(stage.when("say 2.0 “Tengo que terminar la llamada.”"), 5_000);
    assert!(stage.story().ends_with("hang up: too_long"), "{}", stage.story());
}

#[test]
fn a_stopping_server_says_goodbye_even_without_a_voice() {
    let mut stage = Stage::greeted([]);
    stage.voice = VoiceActs::Refuses;
    stage.at(2_000, Input::EndAsked).until(20_000);
    assert!(stage.story().contains("clip Goodbye"), "{}", stage.story());
    assert!(stage.story().ends_with("hang up: asked"), "{}", stage.story());
}

#[test]
fn after_the_caller_hung_up_nothing_happens_any_more() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage
        .say("¿Atienden hoy?", 500)
        .at(2_300, Input::LineEnded)
        .at(2_400, heard("¿Atienden hoy?", true))
        .until(20_000);
    assert!(stage.call.is_over());
    assert_eq!(stage.story(), " 1850 ask 2: “¿Atienden hoy?”\n 2050 say 2.0 “Claro.”");
}
