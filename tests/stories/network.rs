//! What Twilio does with our sound, and what we make of its echoes.

use crate::script::says;
use crate::stage::{Stage, VoiceActs, heard, hearing};
use centralita::dialogue::{message::Message, record::Entry};

const STORY: &str = "A la una y a las dos y a las tres y ya se va y no va y si va y se fue y ya no es.";

/// The agent tells a story of many short words and is interrupted at `ms`; or it goes on at `ms` + 310 behind an "ajá" and is
/// interrupted then, while the echoes of the first time still come in. Returns what record and model say that was heard.
fn interrupted(ms: u64, goes_on: bool, echoes: bool) -> (String, String) {
    let mut stage = Stage::greeted([says(STORY), says("Dígame.")]);
    stage.echoes = echoes;
    stage.say("Cuénteme algo, por favor.", 1_000).until(ms);
    if goes_on {
        stage.flush_takes_ms = 270;
        stage.speak_until(ms + 100).at(ms + 310, heard("Ajá.", true));
    }
    let end = stage.ms() + 300;
    stage
        .speak_until(end)
        .now(hearing("Espere"))
        .at(end + 350, heard("Espere, por favor.", true))
        .until(end + 400);
    let recorded = stage.record.iter().rev().find_map(|entry| match entry {
        Entry::Agent { heard, interrupted: true, .. } => Some(heard.clone()),
        _ => None,
    });
    let told = stage.questions.last().unwrap().iter().rev().find_map(|message| match message {
        Message::Assistant { content, .. } => Some(content.clone()),
        _ => None,
    });
    assert_eq!(stage.story().matches("clear").count(), 1 + usize::from(goes_on));
    (recorded.unwrap(), told.unwrap())
}

#[test]
fn marks_that_are_echoed_for_sound_that_was_thrown_away_are_not_heard() {
    for goes_on in [false, true] {
        for step in 0..40 {
            let ms = 4_000 + step * 20;
            let (recorded, told) = interrupted(ms, goes_on, true);
            assert!(STORY.starts_with(&recorded) && recorded.len() < STORY.len() && recorded.len() > 10);
            assert_eq!(told, recorded);
            // A network that echoes nothing leaves us our own clock, which knows what was played.
            assert_eq!(recorded, interrupted(ms, goes_on, false).0, "interrupted at {ms}");
        }
    }
}

#[test]
fn tiny_chunks_are_sent_two_frames_at_a_time_and_never_more_than_200_ms_ahead() {
    for voice in [VoiceActs::Drips, VoiceActs::Well] {
        let mut stage = Stage::greeted([says("Había una vez un rey que vivía en un castillo.")]);
        stage.voice = voice;
        stage.say("Cuénteme algo, por favor.", 1_000).until(9_000);
        let sent: Vec<u64> = stage.sent.iter().map(|(at, _)| *at).filter(|at| *at > 2_000).collect();
        let begin = sent[0];
        let mut times = sent.clone();
        times.dedup();
        let last = times.pop().unwrap();
        let mut total = 0;
        for at in times {
            let count = sent.iter().filter(|other| **other == at).count() as u64;
            let played = at - begin;
            assert!(count >= 2 || total <= played + 60, "one frame at {at} with {total} of {played} ms sent");
            total += count * 20;
            assert!(total <= played + 200, "{total} ms sent at {at}, {played} ms played");
        }
        assert!(total > 3_000 && last > begin + 3_000);
    }
}

/// Five seconds of sound that a stall held back come at once, and in them the caller says something and falls silent.
#[test]
fn the_end_of_a_turn_that_comes_in_a_burst_is_found_by_the_sound_and_not_by_the_clock() {
    let mut stage = Stage::greeted([says("Sí, claro."), says("A las ocho.")]);
    stage.frames_flow = false;
    stage.until(6_000);
    stage.burst(150, 100);
    stage.at(6_300, heard("¿Atienden hoy?", true)).until(9_000);
    assert_eq!(stage.when("ask 2: “¿Atienden hoy?”"), 6_300);
    assert_eq!(stage.questions.len(), 1);

    // What follows is as it always is.
    stage.say("¿Hasta qué hora?", 1_000).until(13_000);
    assert_eq!(stage.when("ask 3: “¿Hasta qué hora?”"), 10_350);
}
