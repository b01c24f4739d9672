//! The process stands still for half a minute: it is stopped, or its machine is (reliability J6).

use crate::{
    script::{calls, says},
    stage::{Stage, plain},
};
use centralita::dialogue::{agent::Patience, event::AnswerEvent};
use std::time::Duration;

const STORY: &str = "A la una y a las dos y a las tres y ya se va y no va y si va y se fue y ya no es.";

/// What was sent since, as how many frames at which millisecond.
fn sent_since(stage: &Stage, ms: u64) -> Vec<(u64, usize)> {
    let mut times: Vec<u64> = stage.sent.iter().map(|(at, _)| *at).filter(|at| *at >= ms).collect();
    times.dedup();
    let count = |at: u64| stage.sent.iter().filter(|(sent, _)| *sent == at).count();
    times.into_iter().map(|at| (at, count(at))).collect()
}

#[test]
fn who_was_speaking_goes_on_at_the_pace_of_speech_and_not_with_all_that_was_due() {
    let mut stage = Stage::greeted([says(STORY)]);
    stage.say("Cuénteme algo, por favor.", 1_000).until(5_000);
    stage.stand_still_until(35_000);
    assert_eq!(sent_since(&stage, 35_000), [(35_000, 8)]);
    stage.until(45_000);
    let mut frames = 0;
    for (at, count) in sent_since(&stage, 35_000) {
        frames += count as u64;
        assert!(frames * 20 <= at - 35_000 + 160, "{frames} frames were sent by {at}");
    }
    assert_eq!(stage.answers().last(), Some(&(STORY, false)));
    assert_eq!(stage.story().lines().count(), 2, "it was asked and said once: {}", stage.story());
}

/// The story of a turn in which the process stands still from `ms` on, while something is owed that it finds when it wakes.
fn owed(ms: u64, mut stage: Stage) -> String {
    stage.say("¿Atienden hoy?", 1_000).until(ms);
    stage.stand_still_until(ms + 30_000).until(ms + 40_000);
    stage.story()
}

#[test]
fn nobody_is_blamed_for_what_waited_to_be_read() {
    let done = AnswerEvent::Done { truncated: false };
    let late = vec![(2_000, Ok(AnswerEvent::Text("Sí, claro.".to_owned()))), (2_000, Ok(done))];
    assert_eq!(
        owed(3_000, Stage::greeted([late])),
        " 2350 ask 2: “¿Atienden hoy?”
33000 say 2.0 “Sí, claro.”
41820 say 3.0 “¿Sigue ahí?”"
    );
    let mut voice = Stage::greeted([says("Sí, claro.")]);
    voice.voice_takes_ms = 2_000;
    assert_eq!(
        owed(3_000, voice),
        " 2350 ask 2: “¿Atienden hoy?”
 2550 say 2.0 “Sí, claro.”
41720 say 3.0 “¿Sigue ahí?”"
    );
    let mut tool = Stage::greeted([calls("", "book"), says("Sí, claro.")]);
    tool.tool_delay_ms = Some(2_000);
    assert_eq!(
        owed(3_000, tool),
        " 2350 ask 2: “¿Atienden hoy?”
 2550 run book
33000 ask 2: tool {\"ok\":1}
33200 say 2.0 “Sí, claro.”
42020 say 3.0 “¿Sigue ahí?”"
    );
}

#[test]
fn a_silent_caller_is_given_the_rest_of_their_time() {
    let mut stage = Stage::greeted([]);
    stage.until(2_000).stand_still_until(32_000).until(40_000);
    // Without the half minute they are asked at 8460.
    assert_eq!(stage.story(), "38460 say 2.0 “¿Sigue ahí?”");
}

#[test]
fn the_longest_call_ends_in_its_time() {
    let patience = Patience { max_call: Duration::from_secs(20), ..plain(800) };
    let mut stage = Stage::open_with(patience, []).greet();
    stage.until(2_000).stand_still_until(32_000).until(40_000);
    assert!(stage.story().starts_with("32000 say 2.0 “Tengo que terminar la llamada.”"), "{}", stage.story());
    assert!(stage.ended);
}
