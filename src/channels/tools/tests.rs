//! Tools against an attacker's model and against a book of two times.

use super::*;
use crate::{
    base::clock::SetClock,
    dialogue::tools::{BOOK_APPOINTMENT, CALL_BACK, FIND_SLOTS, TAKE_MESSAGE, TOOLS, TRANSFER_CALL},
    ports::calendar::{Appointment, Booking, CalendarError, Slot, SlotQuery},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
};

/// Free on Monday at ten and at eleven; counts the bookings. Somebody else is faster at eleven.
#[derive(Default)]
struct TwoSlots(AtomicU32);

impl Calendar for TwoSlots {
    fn free(&self, query: SlotQuery) -> BoxFuture<'_, Result<Vec<Slot>, CalendarError>> {
        let slots = ["2026-11-23T10:00", "2026-11-23T11:00"].map(|start| Slot {
            specialty: query.specialty.clone(),
            professional: "Dra. Paz".into(),
            start: start.parse().unwrap(),
        });
        let in_range = |slot: &Slot| (query.from..=query.to).contains(&slot.start.date());
        std::future::ready(Ok(slots.into_iter().filter(in_range).collect())).boxed()
    }

    fn book(&self, booking: Booking) -> BoxFuture<'_, Result<Appointment, CalendarError>> {
        if booking.start.hour() != 10 {
            return std::future::ready(Err(CalendarError::Taken)).boxed();
        }
        let id = self.0.fetch_add(1, Ordering::Relaxed).to_string();
        let Booking { specialty, start, name, document, by, .. } = booking;
        let call = by.session.parse().ok();
        let slot = Slot { specialty, professional: "Dra. Paz".into(), start };
        std::future::ready(Ok(Appointment { id, slot, name, document, call })).boxed()
    }

    fn appointments(&self) -> BoxFuture<'_, Result<Vec<Appointment>, CalendarError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    fn forget(&self, _: BTreeSet<CallSid>) -> BoxFuture<'_, Result<u64, CalendarError>> {
        std::future::ready(Ok(0)).boxed()
    }
}

/// A conversation of the shipped agent, given every tool, on a Saturday morning.
struct Talk {
    toolbox: Toolbox,
    audited: Arc<Mutex<Vec<String>>>,
    kept: Arc<Mutex<Vec<NewJob>>>,
}

impl Talk {
    fn begin() -> Self {
        Self::at("2026-11-21T12:30:00Z")
    }

    fn at(now: &str) -> Self {
        let (text, data) =
            (include_str!("../../../prompts/clinica.md"), include_str!("../../../prompts/clinica.toml"));
        let every: Vec<String> = TOOLS.iter().map(|tool| format!("{tool:?}")).collect();
        let tools = format!("tools = [{}]", every.join(", "));
        let given = |line| if str::starts_with(line, "tools = ") { tools.as_str() } else { line };
        let text = text.lines().map(given).collect::<Vec<_>>().join("\n");
        let place = "[[transfer]]\nname = \"recepción\"\nnumber = \"+541155500101\"\n[patience]";
        let text = text.replace("[patience]", place);
        let agent = Agent::parse("clinica", &text, data).unwrap();
        let now = now.parse().unwrap();
        let kept = Arc::<Mutex<Vec<NewJob>>>::default();
        let later: Later = {
            let kept = Arc::clone(&kept);
            Arc::new(move |job| {
                kept.lock().unwrap().push(job);
                Box::pin(async { Ok(()) })
            })
        };
        let means = Means {
            calendar: Arc::new(TwoSlots::default()),
            clock: Arc::new(SetClock(now)),
            later,
            http: None,
        };
        let audited = Arc::<Mutex<Vec<String>>>::default();
        let audit = {
            let audited = Arc::clone(&audited);
            Arc::new(move |deed: Deed| audited.lock().unwrap().push(deed.what))
        };
        let call = format!("CA{:032}", 1).parse().unwrap();
        let toolbox = Toolbox::new(means.tools(), audit, Arc::new(agent), call, Some(CALLER.to_owned()));
        Self { toolbox, audited, kept }
    }

    fn run(&self, turn: u32, caller: &str, name: &str, arguments: &Value) -> Value {
        let agent =
            "Cardiología, el lunes a las diez, Ana Paz, documento 28.400.512. ¿Es correcto?".to_owned();
        let exchange = Exchange { agent, caller: caller.to_owned() };
        let call = ToolCall { id: "1".into(), name: name.into(), arguments: arguments.to_string() };
        let answer = self.toolbox.run(TurnId(turn), exchange, call).now_or_never().unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

/// The number that the network verified.
const CALLER: &str = "+5491155500199";

fn booking(start: &str) -> Value {
    json!({ "specialty": "Cardiologia", "start": start, "name": "Ana  Paz", "document": "28.400.512" })
}

#[test]
fn the_same_booking_of_a_turn_is_made_once() {
    let talk = Talk::begin();
    let first = talk.run(3, "Sí.", BOOK_APPOINTMENT, &booking("2026-11-23T10:00"));
    assert_eq!(first["booked"], true);
    assert_eq!((&first["id"], &first["document"]), (&json!("0"), &json!("28400512")));
    for _ in 0..2 {
        assert_eq!(talk.run(3, "Sí.", BOOK_APPOINTMENT, &booking("2026-11-23T10:00")), first);
    }
    assert_eq!(talk.run(4, "Sí.", BOOK_APPOINTMENT, &booking("2026-11-23T10:00"))["id"], "1");
    assert_eq!(talk.audited.lock().unwrap()[0], "tool.book_appointment.done");
}

#[test]
fn nothing_is_booked_that_the_caller_did_not_hear_and_agree_to() {
    let talk = Talk::begin();
    let wish = booking("2026-11-23T10:00");
    let other = json!({ "specialty": "cardiología", "start": "2026-11-23T10:00", "name": "Eva Sol", "document": "30111222" });
    for (turn, caller, wish) in [(3, "Quiero un turno.", &wish), (3, "Sí", &other), (4, "¿Cómo?", &other)]
    {
        let answer = talk.run(turn, caller, BOOK_APPOINTMENT, wish);
        assert_eq!(answer["error"], "not_confirmed", "{caller}");
    }
    // It was read back in words that we do not recognise, and the caller agrees.
    assert_eq!(talk.run(5, "Sí, correcto.", BOOK_APPOINTMENT, &other)["booked"], true);
    // That was for this wish, and for once.
    let later = json!({ "specialty": "cardiología", "start": "2026-11-23T10:00", "name": "Eva Sol", "document": "30111223" });
    assert_eq!(talk.run(6, "Sí, correcto.", BOOK_APPOINTMENT, &later)["error"], "not_confirmed");
}

#[test]
fn a_tool_that_the_agent_was_not_given_does_not_run() {
    let mut talk = Talk::begin();
    let mut agent = (*talk.toolbox.agent).clone();
    agent.tools = agent.tools.iter().filter(|tool| tool.name != FIND_SLOTS).cloned().collect();
    talk.toolbox.agent = Arc::new(agent);
    let answer = talk.run(3, "Hola", FIND_SLOTS, &json!({ "specialty": "cardiología" }));
    assert_eq!(answer["error"], "unknown_tool");
}

#[test]
fn a_taken_time_is_answered_with_free_ones() {
    let answer = Talk::begin().run(3, "Sí.", BOOK_APPOINTMENT, &booking("2026-11-23T11:00"));
    assert_eq!(answer["error"], "taken");
    assert_eq!(answer["slots"][0]["start"], "2026-11-23T10:00");
}

#[test]
fn wrong_arguments_are_told() {
    let (talk, mut turn) = (Talk::begin(), 3);
    for (name, arguments, error) in [
        ("fly", json!({}), "unknown_tool"),
        (FIND_SLOTS, json!("text"), "bad_arguments"),
        (FIND_SLOTS, json!({ "specialty": "x", "dia": "y" }), "bad_arguments"),
        (FIND_SLOTS, json!({ "specialty": "astrology" }), "unknown_specialty"),
        (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "Monday" }), "bad_day"),
        (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "2026-11-20" }), "day_is_past"),
        (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "2028-11-20" }), "day_is_too_far"),
        (BOOK_APPOINTMENT, json!({ "start": "2026-11-23T10:00" }), "bad_arguments"),
        (BOOK_APPOINTMENT, booking("Monday"), "bad_start"),
        (BOOK_APPOINTMENT, booking("2026-11-20T10:00"), "start_is_past"),
    ] {
        turn += 1;
        assert_eq!(talk.run(turn, "Sí.", name, &arguments)["error"], error, "{name} {arguments}");
    }
}

#[test]
fn a_day_without_free_times_tells_the_next_ones() {
    let talk = Talk::begin();
    let arguments = json!({ "specialty": "cardiología", "day": "2026-11-22" });
    let answer = talk.run(3, "El domingo", FIND_SLOTS, &arguments);
    assert_eq!(answer["slots"], json!([]));
    assert_eq!(answer["next"][0], json!({ "start": "2026-11-23T10:00", "professional": "Dra. Paz" }));
    let arguments = json!({ "specialty": "cardiología", "part_of_day": "evening" });
    assert_eq!(talk.run(3, "A la noche", FIND_SLOTS, &arguments)["slots"], json!([]));
}

#[test]
fn a_message_is_kept_once_and_tells_the_number_that_the_network_verified() {
    let talk = Talk::begin();
    let message = json!({ "text": "Llego\ntarde\u{7}.", "name": "Ana", "to": "la doctora Paz" });
    for _ in 0..2 {
        assert_eq!(talk.run(3, "Llego tarde", TAKE_MESSAGE, &message), json!({ "noted": true }));
    }
    talk.run(4, "¿Me llaman?", CALL_BACK, &json!({ "reason": "el turno", "when": "a la tarde" }));
    let texts: Vec<Value> = talk.kept.lock().unwrap().iter().map(|job| job.payload["text"].clone()).collect();
    assert_eq!(
        texts,
        [
            json!("Mensaje para la doctora Paz de Ana (+5491155500199): Llego tarde ."),
            json!("Devolver la llamada a +5491155500199, cuándo: a la tarde. el turno"),
        ]
    );
}

#[test]
fn nobody_is_called_back_at_a_number_of_the_conversation() {
    let mut talk = Talk::begin();
    for number in ["number", "phone", "to"] {
        let wish = json!({ "reason": "x", number: "+19005550199" });
        assert_eq!(talk.run(3, "Sí", CALL_BACK, &wish)["error"], "bad_arguments");
    }
    talk.toolbox.caller = None;
    assert_eq!(talk.run(4, "Sí", CALL_BACK, &json!({ "reason": "x" }))["error"], "no_number");
    assert_eq!(talk.kept.lock().unwrap().len(), 0);
}

#[test]
fn callers_are_passed_on_to_places_of_the_agent_while_somebody_is_there() {
    let wish = json!({ "to": "recepción" });
    let answer = Talk::begin().run(3, "Con una persona", TRANSFER_CALL, &wish);
    assert_eq!(answer, json!({ "transferring": "recepción", "place": 0 }));
    // On Sunday.
    let talk = Talk::at("2026-11-22T12:30:00Z");
    assert_eq!(talk.run(3, "Con una persona", TRANSFER_CALL, &wish)["error"], "closed");
    for number in ["+19005550199", "recepción,,900", "tel:900", "٩٠٠", "*72", ""] {
        let answer = talk.run(3, "Sí", TRANSFER_CALL, &json!({ "to": number }));
        assert_eq!((&answer["error"], &answer["places"]), (&json!("unknown_place"), &json!(["recepción"])));
    }
}
