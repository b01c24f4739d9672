//! Providers refuse, stall or die: the caller hears something within 4 s, and the call goes on or ends politely.

use crate::script::{AGAIN, DEAF, GOODBYE, HELP, HOLD, LOOKUP, REPEAT, TROUBLE, calls, says};
use crate::stage::{Stage, VoiceActs, heard};
use centralita::dialogue::{
    event::{AnswerEvent, SttEvent},
    input::Input,
    record::Entry,
};

fn lost(fatal: bool) -> Input {
    Input::Hearing(SttEvent::Lost { fatal, reason: "refused".to_owned() })
}

#[test]
fn a_model_that_refuses_is_excused_and_the_call_goes_on() {
    let mut stage = Stage::greeted([vec![(50, Err(false))], says("Ahora sí.")]);
    stage.say("¿Atienden hoy?", 1_000).until(5_000);
    assert_eq!(stage.first_sound(AGAIN, 2_000), 2_400);
    stage.say("¿Hola?", 600).until(9_000);
    assert!(stage.story().contains("“Ahora sí.”"));
}

#[test]
fn a_model_that_fails_once_is_asked_again_at_once() {
    let mut stage = Stage::greeted([vec![(50, Err(true))], says("Ahora sí.")]);
    stage.say("¿Atienden hoy?", 1_000).until(5_000);
    assert_eq!(stage.questions.len(), 2);
    assert!(!stage.story().contains("clip"));
}

#[test]
fn a_second_try_does_not_begin_with_the_words_of_the_first() {
    let broken = vec![(200, Ok(AnswerEvent::Text("Le bus".to_owned()))), (300, Err(true))];
    let mut stage = Stage::greeted([broken, says("Claro, hay lugar.")]);
    stage.say("¿Atienden hoy?", 1_000).until(3_000);
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “¿Atienden hoy?”
 2650 cancel model 2
 2650 ask 2: “¿Atienden hoy?”
 2850 say 2.0 “Claro, hay lugar.”"
    );
}

#[test]
fn a_slow_first_token_is_covered_by_the_hold_phrase_and_then_used() {
    let slow = vec![
        (6_000, Ok(AnswerEvent::Text("Ya está.".to_owned()))),
        (6_000, Ok(AnswerEvent::Done { truncated: false })),
    ];
    let mut stage = Stage::greeted([slow]);
    stage.say("¿Atienden hoy?", 1_000).until(12_000);
    assert_eq!(stage.first_sound(HOLD, 2_000), 4_550);
    assert_eq!(stage.when("say 2.0 “Ya está.”"), 8_350);
}

#[test]
fn the_hold_phrase_comes_3_8_s_after_the_last_voiced_frame_at_the_latest() {
    let mut stage = Stage::greeted([]);
    stage.speak_until(2_000).at(5_200, heard("¿Atienden hoy?", true)).until(9_000);
    assert_eq!(stage.when("ask 2"), 5_200);
    assert_eq!(stage.first_sound(HOLD, 2_000), 5_800);

    let mut stage = Stage::greeted([vec![(2_000, Ok(AnswerEvent::Done { truncated: false }))]]);
    stage.say("¿Atienden hoy?", 1_000).until(9_000);
    assert_eq!(stage.questions.len(), 2);
    assert_eq!(stage.first_sound(HOLD, 2_000), 4_550);
}

#[test]
fn coughs_do_not_put_the_hold_phrase_off() {
    let mut stage = Stage::greeted([]);
    stage.say("¿Atienden hoy?", 1_000).until(3_400).speak_until(3_560).until(9_000);
    assert_eq!(stage.first_sound(HOLD, 2_000), 4_550);

    // It is overdue when the cough proves to be none of our business: 600 ms after its end.
    let mut stage = Stage::greeted([]);
    stage
        .say("¿Atienden hoy?", 1_000)
        .until(3_000)
        .speak_until(3_160)
        .until(4_400)
        .speak_until(4_560)
        .until(9_000);
    assert_eq!(stage.first_sound(HOLD, 2_000), 5_160);

    // Behind our own words too: "Un segundo." has sounded by 3430 ms.
    let mut stage = Stage::greeted([calls("Un segundo.", "find_slots")]);
    stage.tool_delay_ms = None;
    stage.say("¿Atienden hoy?", 1_000).until(4_000).speak_until(4_160).until(9_000);
    assert_eq!(stage.first_sound(LOOKUP, 2_000), 5_630);
}

#[test]
fn a_model_that_never_answers_is_given_up_after_a_second_try() {
    let mut stage = Stage::greeted([]);
    stage.say("¿Atienden hoy?", 1_000).until(25_000);
    assert_eq!(stage.questions.len(), 2);
    assert!(stage.story().contains("clip Again"), "{}", stage.story());
}

/// The words of the standard phrases that the caller heard, in order.
fn phrases(stage: &Stage) -> Vec<&str> {
    let texts = stage.record.iter().filter_map(|entry| match entry {
        Entry::Clip { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn who_waits_long_hears_other_words_each_time_and_then_what_to_do() {
    let mut stage = Stage::greeted([]);
    stage.say("¿Atienden hoy?", 1_000).until(25_000);
    stage.say("¿Y mañana?", 600).until(40_000);
    assert_eq!(
        phrases(&stage),
        [
            "Un momento, por favor.",
            "Deme un segundo, por favor.",
            "Enseguida estoy con usted.",
            "Disculpe, tuve un inconveniente técnico. ¿Puede repetirlo, por favor?",
            "Un momento, por favor.",
            "Deme un segundo, por favor.",
            "Enseguida estoy con usted.",
            "Disculpe, tuve un inconveniente técnico. ¿Puede repetirlo, por favor?",
        ]
    );
}

#[test]
fn a_slow_tool_is_covered_by_words_of_its_own() {
    let mut stage = Stage::greeted([calls("", "find_slots"), vec![]]);
    stage.tool_delay_ms = Some(5_000);
    stage.say("¿Hay turnos?", 1_000).until(11_000);
    // The tool runs from 2550 ms to 7550 ms; then the model owes an answer.
    assert_eq!(stage.first_sound(LOOKUP, 2_000), 4_550);
    assert_eq!(
        phrases(&stage),
        ["Déjeme revisar la agenda, por favor.", "Un momento, por favor.", "Deme un segundo, por favor.",]
    );
}

#[test]
fn a_model_that_stalls_in_mid_sentence_keeps_what_was_said() {
    let stalled = vec![(200, Ok(AnswerEvent::Text("Claro. Tenemos lugar el".to_owned())))];
    let mut stage = Stage::greeted([stalled]);
    stage.say("¿Atienden hoy?", 1_000).until(9_000);
    assert!(stage.story().contains("say 2.0 “Claro.”"));
    let quiet_until = stage.first_sound(AGAIN, 2_000).min(stage.first_sound(HOLD, 2_000));
    assert!(quiet_until < 7_000, "{quiet_until}");
}

#[test]
fn an_empty_answer_is_asked_once_more_and_then_the_caller_is() {
    let empty = || vec![(100, Ok(AnswerEvent::Done { truncated: false }))];
    let mut stage = Stage::greeted([empty(), empty()]);
    stage.say("¿Atienden hoy?", 1_000).until(5_000);
    assert_eq!(stage.questions.len(), 2);
    assert_eq!(stage.first_sound(REPEAT, 2_000), 2_550);
}

#[test]
fn an_empty_answer_after_a_tool_is_no_silent_turn() {
    let empty = || vec![(100, Ok(AnswerEvent::Done { truncated: false }))];
    let mut stage = Stage::greeted([calls("Un segundo.", "find_slots"), empty(), says("Hay lugar.")]);
    stage.say("Un turno, por favor.", 1_000).until(8_000);
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “Un turno, por favor.”
 2550 say 2.0 “Un segundo.”
 2550 run find_slots
 2850 ask 2: tool {\"ok\":1}
 2950 ask 2: tool {\"ok\":1}
 3150 say 2.1 “Hay lugar.”"
    );

    let mut stage = Stage::greeted([calls("Un segundo.", "find_slots"), empty(), empty()]);
    stage.say("Un turno, por favor.", 1_000).until(8_000);
    // "Un segundo." sounds from 2650 ms on in 40 frames.
    assert_eq!(stage.first_sound(REPEAT, 2_000), 3_450);
}

#[test]
fn a_model_that_fails_after_a_tool_is_asked_again() {
    let mut stage =
        Stage::greeted([calls("Un segundo.", "find_slots"), vec![(50, Err(true))], says("Hay lugar.")]);
    stage.say("Un turno, por favor.", 1_000).until(8_000);
    assert_eq!(stage.when("say 2.1 “Hay lugar.”"), 3_100);
    assert!(!stage.story().contains("clip"), "{}", stage.story());
}

#[test]
fn an_endless_answer_is_cut() {
    let endless = (0..2_000).map(|n| (200 + n, Ok(AnswerEvent::Text("palabra y ".to_owned())))).collect();
    let mut stage = Stage::greeted([endless]);
    stage.say("¿Atienden hoy?", 1_000).until(4_000);
    assert!(stage.story().contains("cancel model 2"), "{}", stage.story());
}

#[test]
fn a_voice_that_refuses_is_excused_by_a_clip() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.voice = VoiceActs::Refuses;
    stage.say("¿Atienden hoy?", 1_000).until(5_000);
    assert_eq!(stage.first_sound(AGAIN, 2_000), 2_560);
}

#[test]
fn a_voice_that_is_silent_is_covered_and_given_up() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.voice = VoiceActs::Silent;
    stage.say("¿Atienden hoy?", 1_000).until(12_000);
    assert_eq!(stage.first_sound(HOLD, 2_000), 4_550);
    assert!(stage.first_sound(AGAIN, 2_000) <= 7_550);
}

#[test]
fn a_voice_that_stalls_after_its_first_sound_is_given_up() {
    let mut stage = Stage::greeted([says("Claro que sí, con gusto.")]);
    stage.voice = VoiceActs::Stalls;
    stage.say("¿Atienden hoy?", 1_000).until(12_000);
    // Two pieces give 300 ms each from 2650 ms on.
    assert_eq!(stage.first_sound(HOLD, 2_000), 2_650 + 600 + 2_200);
    assert!(stage.story().contains("clip Again"), "{}", stage.story());
}

#[test]
fn even_the_greeting_may_fail() {
    let mut stage = Stage::open([]);
    stage.voice = VoiceActs::Refuses;
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(3_000);
    assert_eq!(stage.first_sound(HELP, 0), 10);
    assert_eq!(stage.call.floor(), "listening");
}

#[test]
fn what_fails_before_the_caller_was_answered_leaves_the_call_to_the_network_at_once() {
    let mut stage = Stage::open([]).else_by_turns();
    stage.voice = VoiceActs::Refuses;
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(3_000);
    assert!(stage.story().ends_with("hang up: by_turns"), "{}", stage.story());
    assert!(!stage.story().contains("clip"), "{}", stage.story());

    // The recogniser's failure waits for the end of the greeting, and for nothing else.
    let mut stage = Stage::open([]).else_by_turns().greet();
    stage.at(2_000, lost(true)).until(10_000);
    assert!(stage.story().ends_with("hang up: by_turns"), "{}", stage.story());
    assert_eq!(stage.when("hang up: by_turns"), 2_000);
    assert!(!stage.story().contains("clip"), "{}", stage.story());
}

#[test]
fn who_was_answered_already_keeps_the_conversation_they_are_in() {
    let mut stage = Stage::open([says("Claro.")]).else_by_turns().greet();
    stage.say("¿Atienden hoy?", 1_000).until(6_000);
    stage.at(6_000, lost(true)).until(16_000);
    assert!(stage.story().ends_with("hang up: trouble"), "{}", stage.story());
}

#[test]
fn a_recogniser_that_is_silent_is_excused_within_4_s_of_the_last_word() {
    let mut stage = Stage::greeted([]);
    stage.speak_until(2_000).until(8_000);
    assert_eq!(stage.first_sound(REPEAT, 2_000), 5_300);
}

#[test]
fn three_turns_without_a_word_end_the_call_politely() {
    let mut stage = Stage::greeted([]);
    for _ in 0..3 {
        let end = stage.ms() + 1_000;
        stage.speak_until(end);
        let rest = stage.ms() + 5_500;
        stage.until(rest);
    }
    stage.until(40_000);
    assert_eq!(stage.sent.iter().filter(|(_, byte)| *byte == GOODBYE).count(), 50);
    assert!(stage.story().ends_with("hang up: trouble"), "{}", stage.story());
}

#[test]
fn a_recogniser_that_is_away_is_told_within_4_s_and_ends_the_call_when_it_stays_away() {
    let mut stage = Stage::greeted([]);
    stage.at(2_000, lost(false)).until(30_000);
    assert_eq!(stage.first_sound(DEAF, 2_000), 5_000);
    assert!(stage.story().ends_with("hang up: trouble"), "{}", stage.story());
}

#[test]
fn a_recogniser_that_comes_back_in_time_is_not_noticed() {
    let mut stage = Stage::greeted([says("Claro.")]);
    stage.at(2_000, lost(false)).at(2_500, Input::Hearing(SttEvent::Ready));
    stage.say("¿Atienden hoy?", 800).until(7_000);
    assert!(!stage.story().contains("clip"));
}

#[test]
fn a_recogniser_that_refuses_our_key_ends_the_call_politely_at_once() {
    let mut stage = Stage::greeted([]);
    stage.at(2_000, lost(true)).until(10_000);
    assert_eq!(stage.first_sound(TROUBLE, 2_000), 2_000);
    assert!(stage.story().ends_with("hang up: trouble"), "{}", stage.story());
}
