//! The appointment book: each time is given once, and each appointment is its owner's.

mod crowd;
mod holds;
mod theirs;
mod times;
mod tools;

use crate::rig::{Rig, call};
use centralita::{
    dialogue::clinic::Clinic,
    ports::{
        calendar::{Appointment, Booking, Calendar as _, CalendarError, Hold, Slot, SlotQuery, Subject},
        store::calls::{CallRecords as _, NewCall},
    },
    storage::{Book, Business, SqlStore},
};
use jiff::tz::TimeZone;
use std::{sync::Arc, time::Duration};

/// Fifty visits with Ana every day, and on Mondays longer ones with her or with Luis, who does nothing else.
const DATA: &str = r#"
name = "C"
address = "A"
phone = "1"
hours = { monday = "09:00-18:00" }
[[specialties]]
name = "guardia"
professionals = ["Ana"]
minutes = 10
[specialties.hours]
monday = "09:00-17:20"
tuesday = "09:00-17:20"
wednesday = "09:00-17:20"
thursday = "09:00-17:20"
saturday = "23:00-23:30"
[[specialties]]
name = "conducto"
professionals = ["Ana", "Luis"]
minutes = 60
hours = { monday = "09:00-11:00", sunday = "00:00-02:00" }
"#;

/// The day that everybody wants, a Monday, and the last of the days on which there are others.
const DAY: &str = "2031-03-03";
const LAST: &str = "2031-03-06";

const ANA: &str = "+34600100200";
const LEO: &str = "+34600300400";

/// The book of a business in Santiago de Chile.
pub(crate) fn book(store: &SqlStore) -> Book {
    let clinic = Arc::new(Clinic::parse("c.toml", DATA).unwrap());
    let zone = TimeZone::get("America/Santiago").unwrap();
    store.book(Arc::new(move || Business { clinic: Arc::clone(&clinic), zone: zone.clone() }))
}

/// Somebody who calls from this number in their `n`th call; no number where it is withheld.
fn by(phone: &str, n: u32) -> Subject {
    let phone = (!phone.is_empty()).then(|| phone.to_owned());
    Subject { session: call(n).sid.to_string(), phone }
}

fn booking(specialty: &str, start: &str, document: &str, by: Subject) -> Booking {
    Booking {
        key: format!("{}|{specialty}|{start}|{document}", by.session),
        specialty: specialty.to_owned(),
        start: start.parse().unwrap(),
        name: "Aurelia Paz".to_owned(),
        document: document.to_owned(),
        by,
    }
}

fn hold(specialty: &str, start: &str, by: Subject, life: Duration) -> Hold {
    Hold { specialty: specialty.to_owned(), start: start.parse().unwrap(), by, life }
}

/// Ana Paz books from her own number, in her `n`th call.
async fn booked(book: &Book, specialty: &str, start: &str, n: u32) -> Appointment {
    book.book(booking(specialty, start, "28400512", by(ANA, n))).await.unwrap()
}

async fn free(book: &Book, specialty: &str, [from, to]: [&str; 2], session: Option<String>) -> Vec<Slot> {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    book.free(SlotQuery { specialty: specialty.to_owned(), from, to, session }).await.unwrap()
}

/// The free times of the day, with who attends.
async fn left(book: &Book, specialty: &str, session: Option<String>) -> Vec<String> {
    let slots = free(book, specialty, [DAY, DAY], session).await;
    slots.iter().map(|slot| format!("{} {}", slot.start.strftime("%H:%M"), slot.professional)).collect()
}

fn is_taken<T: std::fmt::Debug>(done: &Result<T, CalendarError>) -> bool {
    matches!(done, Err(CalendarError::Taken))
}

/// How many rows the book has in this state.
async fn rows(rig: &Rig, state: &str) -> i64 {
    rig.number(&format!("SELECT count(*) FROM appointments WHERE state = '{state}'")).await
}

/// The network has announced the `n`th call, from this number.
async fn rings(rig: &Rig, n: u32, from: &str) {
    rig.store.call_arrived(NewCall { from: from.to_owned(), ..call(n) }).await.unwrap();
}
