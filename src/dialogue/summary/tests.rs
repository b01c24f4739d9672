//! Calls summed up in plain words.

use super::*;

fn facts(language: Language) -> Facts {
    let mut facts = Facts {
        language,
        business: "Clínica Santa Lucía".to_owned(),
        caller: "+5491155550100".to_owned(),
        began: Some(DateTime::constant(2026, 11, 21, 9, 30, 0, 0)),
        seconds: Some(82),
        outcome: "goodbye".to_owned(),
        ..Facts::default()
    };
    facts.learn(&call());
    facts
}

fn call() -> Vec<Entry> {
    let caller = |text: &str| Entry::Caller { at_ms: 0, text: text.to_owned() };
    let tool = |name: &str, reply: &str| Entry::Tool {
        at_ms: 0,
        name: name.to_owned(),
        arguments: "{}".to_owned(),
        reply: reply.to_owned(),
    };
    let booked = r#"{"booked":true,"id":"1","specialty":"Cardiología","professional":"Dra. Paz",
                     "start":"2026-11-26T10:30","name":"Ana Ruiz","document":"28400512"}"#;
    vec![
        caller("Hola."),
        caller("Quiero un turno con el car"),
        Entry::Amended { at_ms: 0, text: "Quiero un turno con el cardiólogo.".to_owned() },
        tool(BOOK_APPOINTMENT, r#"{"error":"taken"}"#),
        tool(BOOK_APPOINTMENT, booked),
        tool(BOOK_APPOINTMENT, booked),
    ]
}

#[test]
fn the_plain_words_tell_who_when_how_long_how_it_ended_and_what_was_done() {
    assert_eq!(
        facts(Language::Es).plain(),
        "Llamada de +5491155550100 a Clínica Santa Lucía el 21/11/2026 a las 09:30; duró 1 min 22 s. Terminó con una \
         despedida. Quedó reservado: Cardiología con Dra. Paz, el 26/11/2026 a las 10:30, a nombre de Ana Ruiz. No se pudo: \
         book_appointment (taken). La persona habló 2 veces; al comienzo dijo: «Quiero un turno con el cardiólogo»."
    );
    assert_eq!(
        facts(Language::En).plain(),
        "Call from +5491155550100 to Clínica Santa Lucía on 2026-11-21 at 09:30; it lasted 1 min 22 s. It ended with a \
         goodbye. Booked: Cardiología with Dra. Paz, 2026-11-26 at 10:30, for Ana Ruiz. Not done: book_appointment (taken). \
         The caller spoke 2 times; near the beginning they said: “Quiero un turno con el cardiólogo”."
    );
    assert_eq!(
        Facts::default().plain(),
        "Llamada de un número desconocido. No consta cómo terminó. No se reservó nada. La persona no dijo nada."
    );
}

#[test]
fn what_was_moved_and_cancelled_is_told_and_that_the_caller_was_asked_first_is_not() {
    let reply = r#"{"id":"1","specialty":"Cardiología","start":"2026-11-26T10:30","name":"Ana Ruiz"}"#;
    let tool = |name: &str, reply: &str| {
        let (name, reply, arguments) = (name.to_owned(), reply.to_owned(), String::new());
        Entry::Tool { at_ms: 0, name, arguments, reply }
    };
    let mut facts = Facts { language: Language::En, ..Facts::default() };
    facts.learn(&[
        tool(MOVE_APPOINTMENT, r#"{"error":"not_confirmed"}"#),
        tool(MOVE_APPOINTMENT, reply),
        tool(CANCEL_APPOINTMENT, reply),
    ]);
    assert_eq!(
        facts.plain(),
        "Call from an unknown number. How it ended is not known. Moved: Cardiología, 2026-11-26 at 10:30, for Ana Ruiz. \
         Cancelled: Cardiología, 2026-11-26 at 10:30, for Ana Ruiz. The caller said nothing."
    );
}

#[test]
fn the_facts_come_back_from_a_system_message() {
    let mut facts = facts(Language::En);
    facts.said = "``` # [summary] \u{22}\u{22}\u{22}".to_owned();
    let asked = |content: String| Facts::asked(&[Message::System { content }]);
    let read = asked(format!("Sum up.\n\n{}\nMore.", facts.block())).unwrap();
    assert_eq!(read, Facts { said: "''' # [summary] \u{22}\u{22}\u{22}".to_owned(), ..facts });
    assert_eq!(asked("```json\n{\"call\": 1}\n```".to_owned()), None);
}

#[test]
fn a_long_transcript_keeps_its_beginning_and_its_end() {
    let text = transcript(&call(), 1_000);
    assert!(text.starts_with("Caller: Hola.\nCaller: Quiero un turno con el cardiólogo.\nTool: "), "{text}");
    let short = transcript(&call(), 60);
    assert!(short.starts_with("Caller: Hola.\nCaller") && short.ends_with("\"28400512\"}"), "{short}");
    assert_eq!(short.chars().count(), 60 + "\n[...]\n".len());
}

#[test]
fn a_text_is_cut_behind_a_sentence() {
    assert_eq!(shortened("Uno  dos.\n\u{7}Tres.", 40), "Uno dos. Tres.");
    assert_eq!(shortened("Uno dos tres. Cuatro cinco.", 20), "Uno dos tres.");
    assert_eq!(shortened("Uno dos tres cuatro", 10), "Uno dos…");
    assert_eq!(shortened("á".repeat(9).as_str(), 4), "áááá…");
}
