//! A line that is never silent: only words count.

use crate::script::{REPEAT, says};
use crate::stage::{Stage, heard, hearing};
use centralita::dialogue::input::Input;

const STORY: &str = "Había una vez un rey que vivía en un castillo. Tenía tres hijas y un perro muy viejo.";

/// A call with noise that passes for speech from its first frame on, whose greeting is over at 3000 ms.
fn noisy() -> Stage {
    let mut stage = Stage::open([says("Muy bien."), says("Hasta mañana.")]);
    stage.noise = true;
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(3_000);
    stage
}

/// A call with a recogniser that tells words while they are spoken; the agent has been telling a story since 3050 ms.
fn telling() -> Stage {
    let mut stage = Stage::greeted([says(STORY), says("Dígame.")]);
    stage.speak_until(1_600).now(hearing("Cuénteme")).speak_until(2_600);
    stage.at(2_750, heard("Cuénteme una historia, por favor.", true)).until(4_000);
    assert_eq!(stage.call.floor(), "agent");
    stage
}

#[test]
fn noise_from_the_first_seconds_stops_the_greeting_once_and_it_is_heard_to_its_end() {
    for quiet_ms in [0, 500, 1_000, 2_500] {
        let opening = "Buenas tardes. Clínica Santa Lucía, ¿en qué puedo ayudarle?";
        let mut stage = Stage::open([]);
        stage.now(Input::Begin { opening: opening.to_owned() }).until(quiet_ms);
        stage.noise = true;
        stage.until(8_000);
        assert_eq!(stage.answers(), [(opening, false)], "{quiet_ms}");
        let silence: Vec<u64> =
            stage.sent.windows(2).map(|two| two[1].0 - two[0].0).filter(|gap| *gap > 100).collect();
        assert!(silence.iter().all(|gap| *gap < 1_600) && silence.len() <= 1, "{quiet_ms}: {silence:?}");
    }
}

#[test]
fn words_under_constant_noise_are_answered_two_seconds_after_the_recognisers_signal() {
    let mut stage = noisy();
    stage.at(4_000, hearing("Quiero")).at(4_300, hearing("Quiero un turno"));
    stage.at(4_700, heard("Quiero un turno, por favor.", true)).until(9_000);
    assert_eq!(stage.when("ask"), 6_700);
    // The noise does not stop the answer, and the next words are answered as well.
    assert_eq!(stage.first_sound(0x10, 6_700), 7_000);
    stage.at(9_000, heard("Nada más.", true)).until(13_000);
    assert_eq!(stage.when("ask 3: “Nada más.”"), 11_000);
    assert_eq!(stage.answers(), [("Hola.", false), ("Muy bien.", false), ("Hasta mañana.", false)]);
}

#[test]
fn under_noise_a_final_without_a_signal_gets_three_seconds_and_a_partial_seven() {
    for (event, asked) in [
        (heard("El jueves.", false), 7_000),
        (heard("El jueves a las", true), 7_000),
        (hearing("El jueves"), 11_000),
    ] {
        let mut stage = noisy();
        stage.at(4_000, event).until(12_000);
        assert_eq!(stage.when("ask 2: “El jueves"), asked);
    }
}

#[test]
fn only_new_words_keep_a_turn_open() {
    let mut stage = noisy();
    for step in 0..5 {
        stage.at(4_000 + step * 1_000, hearing("El jueves"));
    }
    stage.until(12_000);
    assert_eq!(stage.when("ask 2: “El jueves”"), 11_000);

    // Partials may come 1.25 s apart.
    let mut stage = noisy();
    stage.at(4_000, heard("El jueves.", true)).at(5_250, hearing("A las")).at(6_500, hearing("A las diez"));
    stage.at(7_700, heard("A las diez.", true)).at(9_000, heard("", true)).until(12_000);
    assert_eq!(stage.when("ask 2: “El jueves. A las diez.”"), 9_700);
}

#[test]
fn noise_that_begins_in_the_middle_of_a_turn_does_not_hold_it_up() {
    let mut stage = Stage::greeted([says("Muy bien.")]);
    stage.speak_until(1_500);
    stage.noise = true;
    stage
        .at(1_800, hearing("Quiero un turno"))
        .at(2_350, heard("Quiero un turno, por favor.", true))
        .until(6_000);
    assert_eq!(stage.when("ask 2: “Quiero un turno, por favor.”"), 4_350);
    assert_eq!(stage.first_sound(0x10, 4_350), 4_650);
    assert_eq!(stage.answers(), [("Hola.", false), ("Muy bien.", false)]);
}

#[test]
fn a_recogniser_that_told_nothing_is_asked_for_its_text_under_noise() {
    let mut stage = noisy();
    // The turn began when the greeting was over, at 1940 ms.
    stage.at(9_900, heard("El jueves.", true)).until(15_000);
    assert_eq!((stage.when("turn over?"), stage.when("ask 2: “El jueves.”")), (8_940, 9_900));
}

#[test]
fn noise_over_our_voice_stops_it_once_and_then_only_words_do() {
    let mut stage = telling();
    stage.noise = true;
    stage.until(7_000);
    assert_eq!(stage.when("clear"), 4_080);
    assert_eq!(stage.first_sound(0x10, 4_080), 5_580);
    assert_eq!(stage.story().matches("clear").count(), 1);
    stage.at(7_000, hearing("Ajá")).at(7_200, hearing("Espere")).until(7_500);
    assert_eq!(stage.story().matches("clear").count(), 2);
    assert!(stage.sent.iter().all(|(at, _)| *at <= 7_200));
    stage.at(7_600, heard("Espere un momento, por favor.", true)).until(10_000);
    assert_eq!(stage.when("ask 3: “Espere un momento, por favor.”"), 9_600);
}

#[test]
fn behind_two_seconds_of_quiet_a_sound_stops_the_voice_again() {
    for (quiet_ms, stops) in [(1_800, false), (1_960, true)] {
        let mut stage = telling();
        stage.speak_until(5_600);
        stage.until(5_600 + quiet_ms);
        stage.speak_until(5_700 + quiet_ms);
        assert_eq!(stage.story().matches("clear").count(), 1 + usize::from(stops), "{quiet_ms}");
    }
}

#[test]
fn noise_without_a_word_is_asked_about_once_and_then_counts_as_silence() {
    let mut stage = Stage::greeted([]);
    stage.noise = true;
    stage.until(3_600_000);
    assert_eq!(stage.first_sound(REPEAT, 0), 10_860);
    assert_eq!(
        stage.story(),
        " 8060 turn over?
10860 clip Repeat
18860 turn over?
21660 say 3.0 “¿Sigue ahí?”
29560 turn over?
32360 say 4.0 “No le escucho.”
32360 say 4.1 “¿Me oye bien?”
41400 turn over?
44200 say 5.0 “Como no le escucho,”
44200 say 5.1 “voy a terminar la llamada.”
44200 say 5.2 “Puede volver a llamarnos cuando quiera.”
44200 say 5.3 “Hasta luego.”
51160 hang up: silence"
    );
}

#[test]
fn an_hour_of_clicks_is_silence() {
    let mut stage = Stage::greeted([]);
    clicks(&mut stage, 40, 1_000);
    let times = ["¿Sigue ahí?", "No le escucho.", "Como no le escucho,", "hang up: silence"]
        .map(|what| stage.when(what));
    assert_eq!(times, [8_460, 17_360, 27_400, 34_360]);
    assert!(!stage.story().contains("turn over?"), "{}", stage.story());
}

#[test]
fn knocks_do_not_put_off_the_question_whether_the_caller_is_there() {
    let mut stage = Stage::greeted([]);
    clicks(&mut stage, 80, 2_000);
    // 8 s after our last word, or when the recogniser had its time for the last knock before that.
    let times = ["¿Sigue ahí?", "No le escucho.", "Como no le escucho,", "hang up: silence"]
        .map(|what| stage.when(what));
    assert_eq!(times, [10_380, 22_380, 36_380, 43_340]);
}

fn clicks(stage: &mut Stage, length_ms: u64, every_ms: u64) {
    while !stage.ended && stage.ms() < 3_600_000 {
        let end = stage.ms() + length_ms;
        stage.speak_until(end);
        let rest = end - length_ms + every_ms;
        stage.until(rest);
    }
}

#[test]
fn a_caller_who_speaks_for_a_minute_is_not_cut_before_and_not_heard_longer() {
    let mut stage = Stage::greeted([says("Entiendo.")]);
    let mut words = String::from("bueno");
    for step in 1..300 {
        let next = 1_000 + step * 300;
        stage.speak_until(next);
        words.push_str(" y");
        stage.now(hearing(&words));
        if !stage.questions.is_empty() {
            break;
        }
    }
    // The turn begins with the third voiced frame.
    assert_eq!(stage.when("ask 2"), 61_060);
}
