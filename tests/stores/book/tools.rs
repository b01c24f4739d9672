//! The tools on the book, with a model that obeys an attacker (SEC69, SEC70): whoever is on the line gets at what is theirs only.

use super::{ANA, DATA, DAY, LEO, book, booked, booking, by, rows};
use crate::rig::{Rig, call};
use centralita::{
    base::{clock::SetClock, ids::TurnId},
    channels::tools::{Means, Toolbox, later_in},
    dialogue::{agent::Agent, message::ToolCall, tools::Exchange},
    ports::{calendar::Calendar as _, store::keys::Keys as _},
};
use serde_json::{Value, json};
use std::sync::Arc;

facts! {
    an_appointment_is_found_moved_and_cancelled,
    a_change_waits_for_the_callers_yes,
    a_hijacked_model_gets_at_nobody_elses_appointment,
    a_taken_time_is_answered_with_others_and_the_appointment_stays,
    a_time_is_held_until_it_is_booked,
}

const AGENT: &str = r#"+++
language = "es-CL"
zone = "America/Santiago"
greeting = "Hola."
tools = ["find_slots", "hold_slot", "book_appointment", "my_appointments", "move_appointment", "cancel_appointment"]
data = "c.toml"
+++
Atiende.
"#;

/// A conversation with whoever calls from this number, on a day long before.
struct Talk(Toolbox);

impl Talk {
    fn begin(rig: &Rig, n: u32, caller: &str) -> Self {
        let agent = Arc::new(Agent::parse("a", AGENT, DATA).unwrap());
        let clock = Arc::new(SetClock("2031-03-01T12:00:00Z".parse().unwrap()));
        let (calendar, later) = (Arc::new(book(&rig.store)), later_in(rig.store.clone()));
        let tools = Means { calendar, clock, later, http: None }.tools();
        let caller = (!caller.is_empty()).then(|| caller.to_owned());
        Self(Toolbox::new(tools, Arc::new(drop), agent, call(n).sid, caller))
    }

    /// The model wants this in a turn after the caller has said something.
    async fn run(&self, turn: u32, said: &str, name: &str, arguments: Value) -> Value {
        let exchange = Exchange { agent: "¿Está bien?".to_owned(), caller: said.to_owned() };
        let wished = ToolCall { id: "1".into(), name: name.into(), arguments: arguments.to_string() };
        serde_json::from_str(&self.0.run(TurnId(turn), exchange, wished).await).unwrap()
    }

    /// Wants it, is told that the caller must agree, and wants it again when they have.
    async fn agreed(&self, turn: u32, name: &str, arguments: Value) -> Value {
        let first = self.run(turn, "Cámbielo.", name, arguments.clone()).await;
        assert_eq!(first["error"], "not_confirmed");
        self.run(turn + 1, "Sí, por favor.", name, arguments).await
    }
}

fn at(hour: &str) -> String {
    format!("{DAY}T{hour}")
}

async fn an_appointment_is_found_moved_and_cancelled(rig: &Rig) {
    let hers = booked(&book(&rig.store), "guardia", &at("09:00"), 1).await;
    let talk = Talk::begin(rig, 2, ANA);
    let mine = || talk.run(1, "", "my_appointments", json!({"document": "28.400.512"}));
    let told = |start: &str| json!({"id": hers.id, "specialty": "guardia", "professional": "Ana", "start": at(start), "name": "Aurelia Paz"});
    assert_eq!(mine().await, json!({"appointments": [told("09:00")]}));
    let wish = json!({"id": hers.id, "document": "28400512", "start": at("10:00")});
    let mut moved = told("10:00");
    moved["moved"] = json!(true);
    assert_eq!(talk.agreed(2, "move_appointment", wish).await, moved);
    assert_eq!(mine().await, json!({"appointments": [told("10:00")]}));
    let wish = json!({"id": hers.id, "document": "28400512"});
    let mut cancelled = told("10:00");
    cancelled["cancelled"] = json!(true);
    assert_eq!(talk.agreed(5, "cancel_appointment", wish).await, cancelled);
    let none = mine().await;
    assert_eq!(none["appointments"], json!([]));
    assert!(none["message"].is_string(), "{none}");
}

async fn a_change_waits_for_the_callers_yes(rig: &Rig) {
    let hers = booked(&book(&rig.store), "guardia", &at("09:00"), 1).await;
    let talk = Talk::begin(rig, 2, ANA);
    let wish = json!({"id": hers.id, "document": "28400512"});
    // A yes to something else is none to this, however often the model wants it in that turn.
    for said in ["Sí.", "Sí.", "No, déjelo."] {
        assert_eq!(talk.run(2, said, "cancel_appointment", wish.clone()).await["error"], "not_confirmed");
    }
    assert_eq!(talk.run(3, "No, no lo cancele.", "cancel_appointment", wish).await["error"], "not_confirmed");
    assert_eq!(rows(rig, "booked").await, 1);
}

async fn a_hijacked_model_gets_at_nobody_elses_appointment(rig: &Rig) {
    let hers = booked(&book(&rig.store), "guardia", &at("09:00"), 1).await;
    // Leo knows the document and the identifier; one who calls with her number does not know the document; one has no number.
    for (n, caller, document) in [(2, LEO, "28400512"), (3, ANA, "99999999"), (4, "", "28400512")] {
        let talk = Talk::begin(rig, n, caller);
        let mine = talk.run(1, "", "my_appointments", json!({"document": document})).await;
        assert_eq!(mine["appointments"], json!([]), "{caller}");
        let wish = json!({"id": hers.id, "document": document});
        assert_eq!(talk.agreed(2, "cancel_appointment", wish.clone()).await["error"], "not_theirs");
        let mut shift = wish;
        shift["start"] = json!(at("10:00"));
        assert_eq!(talk.agreed(4, "move_appointment", shift).await["error"], "not_theirs");
    }
    // For whom it is done is nothing that the model could write.
    let talk = Talk::begin(rig, 5, LEO);
    let asked = json!({"document": "28400512", "phone": ANA});
    assert_eq!(talk.run(1, "", "my_appointments", asked).await["error"], "bad_arguments");
    let deeds = rig.store.deeds(hers.id.clone(), 9).await.unwrap();
    let denied = deeds.iter().filter(|(_, deed)| deed.what == "appointment.denied").count();
    assert_eq!((denied, deeds.len()), (6, 6));
    assert_eq!(book(&rig.store).appointments().await.unwrap(), [hers]);
}

async fn a_taken_time_is_answered_with_others_and_the_appointment_stays(rig: &Rig) {
    let book = book(&rig.store);
    let hers = booked(&book, "guardia", &at("09:00"), 1).await;
    book.book(booking("guardia", &at("09:10"), "28400513", by(LEO, 2))).await.unwrap();
    let talk = Talk::begin(rig, 3, ANA);
    let wish = json!({"id": hers.id, "document": "28400512", "start": at("09:10")});
    let refused = talk.agreed(1, "move_appointment", wish).await;
    assert_eq!((&refused["error"], &refused["slots"][0]["start"]), (&json!("taken"), &json!(at("09:20"))));
    for (turn, start, error) in [(3, "2031-02-28T09:00", "start_is_past"), (5, "at ten", "bad_start")] {
        let wish = json!({"id": hers.id, "document": "28400512", "start": start});
        assert_eq!(talk.agreed(turn, "move_appointment", wish).await["error"], error);
    }
    assert_eq!(book.appointments().await.unwrap()[0], hers);
}

async fn a_time_is_held_until_it_is_booked(rig: &Rig) {
    let (ana, leo) = (Talk::begin(rig, 1, ANA), Talk::begin(rig, 2, LEO));
    let wish = || json!({"specialty": "guardia", "start": at("09:00")});
    let held = ana.run(1, "A las nueve.", "hold_slot", wish()).await;
    assert_eq!(
        (&held["held"], &held["minutes"], &held["start"]),
        (&json!(true), &json!(5), &json!(at("09:00")))
    );
    let refused = leo.run(1, "A las nueve.", "hold_slot", wish()).await;
    assert_eq!((&refused["error"], &refused["slots"][0]["start"]), (&json!("taken"), &json!(at("09:10"))));
    let day = json!({"specialty": "guardia", "day": DAY});
    let first =
        async |talk: &Talk| talk.run(2, "", "find_slots", day.clone()).await["slots"][0]["start"].clone();
    assert_eq!((first(&ana).await, first(&leo).await), (json!(at("09:00")), json!(at("09:10"))));
    let wish =
        json!({"specialty": "guardia", "start": at("09:00"), "name": "Ana Paz", "document": "28400512"});
    assert_eq!(ana.agreed(3, "book_appointment", wish).await["booked"], true);
    assert_eq!((rows(rig, "held").await, rows(rig, "booked").await), (0, 1));
}
