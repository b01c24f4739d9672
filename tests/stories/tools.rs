//! The model runs tools.

use crate::script::{LOOKUP, calls, says};
use crate::stage::{Stage, heard, hearing};
use centralita::dialogue::{
    event::AnswerEvent,
    input::Input,
    message::{Message, ToolCall},
    record::Entry,
};

#[test]
fn the_answer_goes_on_with_what_the_tool_replied() {
    let mut stage = Stage::greeted([calls("Un segundo.", "find_slots"), says("Hay lugar el jueves.")]);
    stage.say("Quiero un turno, por favor.", 1_000).until(8_000);
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “Quiero un turno, por favor.”
 2550 say 2.0 “Un segundo.”
 2550 run find_slots
 2850 ask 2: tool {\"ok\":1}
 3050 say 2.1 “Hay lugar el jueves.”"
    );
}

#[test]
fn a_tool_call_that_comes_slowly_is_waited_for() {
    let mut slow = calls("Un momento.", "book");
    for (delay, event) in slow.iter_mut().skip(1) {
        (*delay, _) = (5_200, event);
    }
    let parts = (1..=5).map(|second| (200 + second * 1_000, Ok(AnswerEvent::Working)));
    slow.splice(1..1, parts);
    let mut stage = Stage::greeted([slow, says("Listo.")]);
    stage.say("Resérvelo, por favor.", 1_000).until(12_000);
    // "Un momento." sounds until 3430 ms; then the hold phrase fills the silence.
    assert_eq!(
        stage.story(),
        " 2350 ask 2: “Resérvelo, por favor.”
 2550 say 2.0 “Un momento.”
 5630 clip Hold
 7550 run book
 7850 ask 2: tool {\"ok\":1}
 8050 say 2.1 “Listo.”"
    );
}

#[test]
fn words_that_follow_a_slow_tool_get_the_full_patience_with_the_voice() {
    for tool_ms in [3_000, 4_850, 5_000] {
        let mut stage = Stage::greeted([calls("Un segundo.", "find_slots"), says("Hay lugar el jueves.")]);
        stage.tool_delay_ms = Some(tool_ms);
        stage.say("Quiero un turno, por favor.", 1_000).until(2_550 + tool_ms);
        stage.voice_takes_ms = 1_000;
        stage.until(12_000);
        let said = stage.when("say 2.1");
        assert_eq!(said, 2_550 + tool_ms + 200);
        assert_eq!(stage.first_sound(0x10, said), said + 1_000, "{}", stage.story());
        assert!(!stage.story().contains("clip Again"), "{}", stage.story());
    }
}

#[test]
fn a_slow_tool_is_covered_by_the_hold_phrase_and_given_up_in_time() {
    let mut stage = Stage::greeted([calls("", "find_slots"), says("No lo encuentro.")]);
    stage.tool_delay_ms = None;
    stage.say("¿Hay turnos?", 1_000).until(14_000);
    assert_eq!(stage.when("clip Lookup"), 4_550);
    assert_eq!(stage.when("tool {\"error\":\"timed out\"}"), 12_550);
    let mut silent_since = 2_000;
    for (at, byte) in stage.sent.iter().filter(|(at, _)| *at > 2_000) {
        assert!(at - silent_since <= 4_000, "silence before {at}, {byte:#x}");
        silent_since = *at;
    }
    assert_eq!(stage.first_sound(LOOKUP, 2_000), 4_550);
}

#[test]
fn what_a_tool_did_is_told_even_when_the_caller_interrupted() {
    let mut stage =
        Stage::greeted([calls("Estoy reservando su turno ahora mismo.", "book"), says("Sí, ya está.")]);
    stage.tool_delay_ms = Some(3_000);
    stage.say("Sí, reserve, por favor.", 1_000).until(3_000);
    stage
        .speak_until(3_900)
        .at(3_900, hearing("¿Ya lo hizo?"))
        .at(4_250, heard("¿Ya lo hizo?", true))
        .until(8_000);
    let replied = stage.questions[1].iter().any(|message| {
        matches!(message, Message::Tool { call_id, content } if call_id == "t0002c001" && content.contains("still running"))
    });
    assert!(replied, "{:?}", stage.questions[1]);
    stage.replies.push_back(says("Listo."));
    stage.say("¿Y ahora?", 700).until(10_000);
    let last = stage.questions.last().unwrap();
    assert!(
        last.iter().any(|m| matches!(m, Message::Tool { content, .. } if content == "{\"ok\":1}")),
        "{last:?}"
    );
}

#[test]
fn a_draft_that_does_not_know_what_a_tool_did_is_made_anew() {
    let mut stage = Stage::greeted([
        calls("Estoy reservando su turno.", "book"),
        says("Todavía no."),
        says("Sí, ya está."),
    ]);
    stage.tool_delay_ms = Some(3_000);
    stage.say("Sí, reserve, por favor.", 1_000).until(3_000);
    stage
        .speak_until(5_300)
        .at(5_400, hearing("¿Ya quedó?"))
        .at(5_650, heard("¿Ya quedó?", true))
        .until(9_000);
    // The tool replies at 5550 ms.
    assert_eq!((stage.when("ask 3: “¿Ya quedó?”"), stage.when("cancel model 3")), (5_400, 5_550));
    assert_eq!((stage.when("ask 4: “¿Ya quedó?”"), stage.wasted.len()), (5_560, 1));
    assert_eq!(replies(&stage), ["{\"ok\":1}"]);
    assert_eq!(stage.answers().last(), Some(&("Sí, ya está.", false)));
}

/// What the tools replied, as the model reads it in the last question.
fn replies(stage: &Stage) -> Vec<&str> {
    let messages = stage.questions.last().unwrap().iter();
    let reply = messages.filter_map(|message| match message {
        Message::Tool { content, .. } => Some(content.as_str()),
        _ => None,
    });
    reply.collect()
}

/// The replies in the record of the call, with their time.
fn recorded(stage: &Stage) -> Vec<(u64, &str, &str)> {
    let tools = stage.record.iter().filter_map(|entry| match entry {
        Entry::Tool { at_ms, name, reply, .. } => Some((*at_ms, name.as_str(), reply.as_str())),
        _ => None,
    });
    tools.collect()
}

#[test]
fn a_success_that_comes_after_the_time_out_is_kept() {
    let mut stage =
        Stage::greeted([calls("", "book"), says("No pude reservar, lo siento."), says("Ya está.")]);
    stage.tool_delay_ms = Some(10_500);
    stage.say("Resérvelo, por favor.", 1_000).until(16_000);
    stage.say("¿Y ahora?", 1_000).until(18_000);
    assert_eq!(replies(&stage), ["{\"ok\":1}"]);
    let late = "{\"error\":\"timed out\"}";
    assert_eq!(recorded(&stage), [(12_550, "book", late), (13_050, "book", "{\"ok\":1}")]);
}

#[test]
fn a_reply_after_an_interruption_is_recorded() {
    let mut stage = Stage::greeted([calls("Estoy reservando su turno.", "book"), says("Dígame.")]);
    stage.tool_delay_ms = Some(3_000);
    stage.say("Sí, reserve, por favor.", 1_000).until(3_000);
    stage.speak_until(3_900).at(3_900, hearing("Espere")).at(4_250, heard("Espere.", true)).until(8_000);
    assert_eq!(recorded(&stage), [(5_550, "book", "{\"ok\":1}")]);
}

#[test]
fn calls_that_came_with_the_same_id_keep_their_own_replies() {
    let call =
        |name: &str| ToolCall { id: "call_0".to_owned(), name: name.to_owned(), arguments: "{}".to_owned() };
    let asks = |name| {
        let done = AnswerEvent::Done { truncated: false };
        vec![(200, Ok(AnswerEvent::ToolCall(call(name)))), (200, Ok(done))]
    };
    let mut stage = Stage::greeted([asks("find_slots"), asks("book"), says("Listo.")]);
    stage.tool_delay_ms = None;
    stage.say("Un turno, por favor.", 1_000).until(2_550);
    for reply in ["slots", "booked"] {
        let (turn, call) = stage.tools.last().unwrap().clone();
        stage.now(Input::ToolReplied { turn, id: call.id, reply: reply.to_owned() });
        let next = stage.ms() + 200;
        stage.until(next);
    }
    assert_eq!(replies(&stage), ["slots", "booked"]);
    assert_eq!(recorded(&stage), [(2_550, "find_slots", "slots"), (2_750, "book", "booked")]);
    // Mistral takes nine letters and digits and nothing else.
    let ids: Vec<&str> = stage.tools.iter().map(|(_, call)| call.id.as_str()).collect();
    assert_eq!(ids, ["t0002c001", "t0002c002"]);
}

#[test]
fn a_goodbye_waits_for_the_result_of_another_tool() {
    let mut reply = calls("Listo, queda reservado. Hasta luego.", "end_call");
    let book = ToolCall { id: String::new(), name: "book".to_owned(), arguments: "{}".to_owned() };
    reply.insert(1, (200, Ok(AnswerEvent::ToolCall(book))));
    let mut stage = Stage::greeted([reply, says("Perdón, ese turno ya no está.")]);
    stage.say("Resérvelo, por favor.", 1_000).until(20_000);
    assert_eq!(stage.when("ask 2: tool {\"error\":\"not ended"), 2_850);
    assert_eq!(replies(&stage)[0], "{\"ok\":1}");
    assert_eq!(stage.when("say 2.2 “Perdón,"), 3_050);
    assert!(!stage.ended, "{}", stage.story());
}

#[test]
fn a_model_that_only_calls_tools_is_stopped() {
    let mut stage = Stage::greeted((0..50).map(|_| calls("", "find_slots")));
    stage.tool_delay_ms = Some(10);
    stage.say("¿Atienden hoy?", 500).until(30_000);
    assert_eq!(stage.tools.len(), 8);
    assert!(stage.story().contains("clip Again"), "{}", stage.story());
}
