//! Runs the tools that the model calls: finds free times and books them through [`Calendar`].
//!
//! A tool always answers in JSON. What went wrong is told in `error` (a word) and `message` (for the model), with what
//! it can offer instead.

use crate::{
    base::{clock::WallClock, ids::CallSid, language::Language},
    dialogue::{
        agent::{
            Agent,
            tools::{BOOK_APPOINTMENT, FIND_SLOTS},
        },
        clinic::Specialty,
        message::ToolCall,
    },
    ports::calendar::{Booking, Calendar, CalendarError, Slot, SlotQuery},
};
use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::sync::Mutex;
use tracing::warn;

/// As many times are told at most.
const MOST_SLOTS: usize = 40;
/// As many times are told after a day that has none.
const MOST_NEXT: usize = 6;
/// How far the search for the next free time looks, in days: first so far, then so far.
const LOOK_AHEAD: [i32; 2] = [14, 90];

/// The tools of one agent, for all its calls.
pub struct Toolbox {
    agent: Arc<Agent>,
    calendar: Arc<dyn Calendar>,
    clock: Arc<dyn WallClock>,
    /// What was booked in this process, by call and arguments: the same request again gets the same answer.
    booked: Mutex<BTreeMap<(CallSid, String), String>>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").field("agent", &self.agent.name).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Morning,
    Afternoon,
    Evening,
}

impl Part {
    fn holds(self, start: DateTime) -> bool {
        match self {
            Self::Morning => start.hour() < 13,
            Self::Afternoon => (13..20).contains(&start.hour()),
            Self::Evening => start.hour() >= 18,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    specialty: String,
    day: Option<String>,
    part_of_day: Option<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    specialty: String,
    start: String,
    name: String,
    document: String,
}

impl Toolbox {
    /// The tools of `agent` on that book.
    pub fn new(agent: Arc<Agent>, calendar: Arc<dyn Calendar>, clock: Arc<dyn WallClock>) -> Self {
        Self { agent, calendar, clock, booked: Mutex::new(BTreeMap::new()) }
    }

    /// Runs one tool; never fails. Cancel-safe: a booking that was begun is either made or not, and asking again tells.
    pub async fn run(&self, call: CallSid, tool: ToolCall) -> String {
        let answer = match tool.name.as_str() {
            FIND_SLOTS => self.find(&tool.arguments).await,
            BOOK_APPOINTMENT => self.book(call, &tool.arguments).await,
            other => Err(refusal("unknown_tool", &format!("there is no tool `{other}`"))),
        };
        answer.unwrap_or_else(|refusal| refusal).to_string()
    }

    /// Forgets what was booked in a call that is over.
    pub async fn call_ended(&self, call: &CallSid) {
        self.booked.lock().await.retain(|(booked_in, _), _| booked_in != call);
    }

    fn now(&self) -> DateTime {
        self.clock.now().to_zoned(self.agent.zone.clone()).datetime()
    }

    fn language(&self) -> Language {
        self.agent.language
    }

    fn specialty(&self, name: &str) -> Result<&Specialty, Value> {
        self.agent.clinic.specialty(name).ok_or_else(|| {
            let known: Vec<&str> =
                self.agent.clinic.specialties.iter().map(|each| each.called(self.agent.language)).collect();
            let mut answer = refusal("unknown_specialty", "the business has no such specialty");
            put(&mut answer, "specialties", json!(known));
            answer
        })
    }

    async fn find(&self, arguments: &str) -> Result<Value, Value> {
        let wanted: Find = read(arguments)?;
        let specialty = self.specialty(&wanted.specialty)?;
        let part = |slot: &Slot| wanted.part_of_day.is_none_or(|part| part.holds(slot.start));
        let mut answer = json!({ "specialty": specialty.called(self.language()) });
        let Some(day) = wanted.day else {
            let slots = self.next(specialty, self.now().date(), part, MOST_SLOTS).await?;
            put(&mut answer, "slots", tell(&slots));
            return Ok(answer);
        };
        let day: Date = day.parse().map_err(|_| refusal("bad_day", "write `day` as YYYY-MM-DD"))?;
        let today = self.now().date();
        if day < today {
            return Err(refusal("day_is_past", &format!("today is {today}; ask for another day")));
        }
        let [_, farthest] = LOOK_AHEAD;
        if day > today.saturating_add(farthest.days()) {
            return Err(refusal("day_is_too_far", &format!("appointments are given {farthest} days ahead")));
        }
        let mut slots = self.between(specialty, day, day).await?;
        slots.retain(part);
        slots.truncate(MOST_SLOTS);
        put(&mut answer, "day", json!(day.to_string()));
        put(&mut answer, "slots", tell(&slots));
        if slots.is_empty() {
            put(&mut answer, "next", tell(&self.next(specialty, day, |_| true, MOST_NEXT).await?));
        }
        Ok(answer)
    }

    async fn book(&self, call: CallSid, arguments: &str) -> Result<Value, Value> {
        let wanted: Book = read(arguments)?;
        let specialty = self.specialty(&wanted.specialty)?;
        let start: DateTime =
            wanted.start.parse().map_err(|_| refusal("bad_start", "write `start` as YYYY-MM-DDTHH:MM"))?;
        let name = wanted.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(2..=100).contains(&name.chars().count()) || !name.chars().any(char::is_alphabetic) {
            return Err(refusal("bad_name", "ask for the patient's full name"));
        }
        let document: String = wanted.document.chars().filter(|sign| sign.is_alphanumeric()).collect();
        if !(5..=20).contains(&document.chars().count()) {
            return Err(refusal("bad_document", "ask for the document number; it has 5 to 20 signs"));
        }
        // One booking at a time: two equal requests of one call can't pass each other.
        let mut booked = self.booked.lock().await;
        let key = (call.clone(), format!("{}|{start}|{document}", specialty.name));
        if let Some(answer) = booked.get(&key).and_then(|answer| serde_json::from_str(answer).ok()) {
            return Ok(answer);
        }
        if start <= self.now() {
            return Err(refusal("start_is_past", &format!("it is {} now", self.now())));
        }
        let booking = Booking { specialty: specialty.name.clone(), start, name, document, call };
        match self.calendar.book(booking).await {
            Ok(appointment) => {
                let answer = json!({
                    "booked": true,
                    "id": appointment.id,
                    "specialty": specialty.called(self.language()),
                    "professional": appointment.slot.professional,
                    "start": appointment.slot.start.strftime("%Y-%m-%dT%H:%M").to_string(),
                    "name": appointment.name,
                    "document": appointment.document,
                });
                booked.insert(key, answer.to_string());
                Ok(answer)
            }
            Err(CalendarError::Taken) => {
                let day = start.date();
                let mut answer = refusal("taken", "that time is not free; offer another one");
                put(&mut answer, "slots", tell(&self.between(specialty, day, day).await?));
                put(&mut answer, "next", tell(&self.next(specialty, day, |_| true, MOST_NEXT).await?));
                Err(answer)
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// The free times of those days that are not past.
    async fn between(&self, specialty: &Specialty, from: Date, to: Date) -> Result<Vec<Slot>, Value> {
        let query = SlotQuery { specialty: specialty.name.clone(), from, to };
        let mut slots = self.calendar.free(query).await.map_err(|error| unavailable(&error))?;
        slots.retain(|slot| slot.start > self.now());
        Ok(slots)
    }

    /// The first free times from that day on.
    async fn next(
        &self,
        specialty: &Specialty,
        from: Date,
        fits: impl Fn(&Slot) -> bool,
        most: usize,
    ) -> Result<Vec<Slot>, Value> {
        for days in LOOK_AHEAD {
            let mut slots = self.between(specialty, from, from.saturating_add(days.days())).await?;
            slots.retain(&fits);
            slots.truncate(most);
            if !slots.is_empty() {
                return Ok(slots);
            }
        }
        Ok(Vec::new())
    }
}

fn read<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, Value> {
    serde_json::from_str(arguments).map_err(|error| refusal("bad_arguments", &error.to_string()))
}

fn refusal(error: &str, message: &str) -> Value {
    json!({ "error": error, "message": message })
}

fn unavailable(error: &CalendarError) -> Value {
    warn!(%error, "the appointment book did not answer");
    refusal("unavailable", "the appointment book can't be reached now; nothing was booked")
}

fn put(answer: &mut Value, key: &str, value: Value) {
    if let Value::Object(answer) = answer {
        answer.insert(key.to_owned(), value);
    }
}

fn tell(slots: &[Slot]) -> Value {
    let tell = |slot: &Slot| {
        json!({
            "start": slot.start.strftime("%Y-%m-%dT%H:%M").to_string(),
            "professional": slot.professional,
        })
    };
    slots.iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::clock::SetClock, ports::calendar::Appointment};
    use futures_util::{FutureExt, future::BoxFuture};
    use std::{
        collections::BTreeSet,
        sync::atomic::{AtomicU32, Ordering},
    };

    /// Free on Monday at ten and at eleven; counts the bookings.
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
            let Booking { specialty, start, name, document, call } = booking;
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

    fn toolbox() -> Toolbox {
        let (text, data) =
            (include_str!("../../../prompts/clinica.md"), include_str!("../../../prompts/clinica.toml"));
        let agent = Agent::parse("clinica", text, data).unwrap();
        let now = "2026-11-21T12:30:00Z".parse().unwrap();
        Toolbox::new(Arc::new(agent), Arc::new(TwoSlots::default()), Arc::new(SetClock(now)))
    }

    fn run(toolbox: &Toolbox, name: &str, arguments: &Value) -> Value {
        let call = ToolCall { id: "1".into(), name: name.into(), arguments: arguments.to_string() };
        let answer = toolbox.run(format!("CA{:032}", 1).parse().unwrap(), call).now_or_never().unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn booking(start: &str) -> Value {
        json!({ "specialty": "Cardiologia", "start": start, "name": "Ana Paz", "document": "28.400.512" })
    }

    #[test]
    fn the_same_booking_of_a_call_is_made_once() {
        let toolbox = toolbox();
        let first = run(&toolbox, BOOK_APPOINTMENT, &booking("2026-11-23T10:00"));
        assert_eq!(first["booked"], true);
        assert_eq!((&first["id"], &first["document"]), (&json!("0"), &json!("28400512")));
        assert_eq!(run(&toolbox, BOOK_APPOINTMENT, &booking("2026-11-23T10:00")), first);
    }

    #[test]
    fn a_taken_time_is_answered_with_free_ones() {
        let answer = run(&toolbox(), BOOK_APPOINTMENT, &booking("2026-11-23T11:00"));
        assert_eq!(answer["error"], "taken");
        assert_eq!(answer["slots"][0]["start"], "2026-11-23T10:00");
    }

    #[test]
    fn wrong_arguments_are_told() {
        let toolbox = toolbox();
        for (name, arguments, error) in [
            ("fly", json!({}), "unknown_tool"),
            (FIND_SLOTS, json!("text"), "bad_arguments"),
            (FIND_SLOTS, json!({ "specialty": "x", "dia": "y" }), "bad_arguments"),
            (FIND_SLOTS, json!({ "specialty": "astrology" }), "unknown_specialty"),
            (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "Monday" }), "bad_day"),
            (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "2026-11-20" }), "day_is_past"),
            (FIND_SLOTS, json!({ "specialty": "cardiology", "day": "2028-11-20" }), "day_is_too_far"),
            (BOOK_APPOINTMENT, booking("Monday"), "bad_start"),
            (BOOK_APPOINTMENT, booking("2026-11-20T10:00"), "start_is_past"),
        ] {
            assert_eq!(run(&toolbox, name, &arguments)["error"], error, "{name} {arguments}");
        }
    }

    #[test]
    fn a_day_without_free_times_tells_the_next_ones() {
        let arguments = json!({ "specialty": "cardiología", "day": "2026-11-22" });
        let answer = run(&toolbox(), FIND_SLOTS, &arguments);
        assert_eq!(answer["slots"], json!([]));
        assert_eq!(answer["next"][0], json!({ "start": "2026-11-23T10:00", "professional": "Dra. Paz" }));
        let answer =
            run(&toolbox(), FIND_SLOTS, &json!({ "specialty": "cardiología", "part_of_day": "evening" }));
        assert_eq!(answer["slots"], json!([]));
    }
}
