//! What is a time, what a booking keeps, and what is forgotten.

use super::{ANA, DAY, LEO, book, booked, booking, by, free, is_taken, left, rings, rows};
use crate::rig::{Rig, call};
use centralita::ports::{
    calendar::{Calendar as _, CalendarError, SlotQuery, Subject},
    store::people::People as _,
};

facts! {
    what_is_no_visit_can_not_be_booked,
    each_professional_is_booked_once_and_the_first_one_first,
    the_same_key_gets_the_same_appointment,
    who_calls_again_gets_what_they_have,
    an_hour_that_the_clock_skips_is_no_time_and_one_that_it_shows_twice_is_one,
    the_book_is_listed_by_time,
    what_was_booked_in_a_call_is_forgotten_with_it,
    who_is_erased_leaves_the_book,
}

fn at(hour: &str) -> String {
    format!("{DAY}T{hour}")
}

async fn what_is_no_visit_can_not_be_booked(rig: &Rig) {
    let book = book(&rig.store);
    for start in [at("09:05"), at("08:50"), at("17:20"), "2031-03-08T09:00".to_owned()] {
        let done = book.book(booking("guardia", &start, "28400512", by(ANA, 1))).await;
        assert!(is_taken(&done), "{start}: {done:?}");
    }
    let unknown = book.book(booking("magia", &at("09:00"), "28400512", by(ANA, 1))).await;
    assert!(matches!(unknown, Err(CalendarError::UnknownSpecialty(_))));
    let (from, to) = (DAY.parse().unwrap(), DAY.parse().unwrap());
    let unknown = book.free(SlotQuery { specialty: "magia".to_owned(), from, to, session: None }).await;
    assert!(matches!(unknown, Err(CalendarError::UnknownSpecialty(_))));
}

async fn each_professional_is_booked_once_and_the_first_one_first(rig: &Rig) {
    let book = book(&rig.store);
    let mut with = Vec::new();
    for n in 1..=2 {
        let document = format!("2840051{n}");
        let appointment = book.book(booking("conducto", &at("09:00"), &document, by(LEO, n))).await.unwrap();
        with.push(appointment.slot.professional);
    }
    assert_eq!(with, ["Ana", "Luis"]);
    assert!(is_taken(&book.book(booking("conducto", &at("09:00"), "28400519", by(LEO, 9))).await));
    assert_eq!(left(&book, "conducto", None).await, ["10:00 Ana"]);
    assert_eq!(left(&book, "guardia", None).await[0], "10:00 Ana", "she has a long visit at nine");
}

async fn the_same_key_gets_the_same_appointment(rig: &Rig) {
    let book = book(&rig.store);
    let first = booked(&book, "conducto", &at("09:00"), 1).await;
    assert_eq!(booked(&book, "conducto", &at("09:00"), 1).await, first);
    // Another patient of the same caller is another appointment.
    let child = book.book(booking("conducto", &at("09:00"), "50400512", by(ANA, 1))).await.unwrap();
    assert_eq!(child.slot.professional, "Luis");
    assert_eq!(rows(rig, "booked").await, 2);
}

async fn who_calls_again_gets_what_they_have(rig: &Rig) {
    let book = book(&rig.store);
    let first = booked(&book, "conducto", &at("09:00"), 1).await;
    assert_eq!(booked(&book, "conducto", &at("09:00"), 2).await, first);
    // Whoever knows the document only learns nothing by it.
    let other = book.book(booking("conducto", &at("09:00"), "28400512", by(LEO, 3))).await.unwrap();
    assert_ne!(other.id, first.id);
}

/// Santiago's clocks: on 7 September 2031 they skip the hour after midnight, on the evening of 5 April 2031 they repeat the one
/// before it.
async fn an_hour_that_the_clock_skips_is_no_time_and_one_that_it_shows_twice_is_one(rig: &Rig) {
    let book = book(&rig.store);
    assert!(is_taken(&book.book(booking("conducto", "2031-09-07T00:00", "28400512", by(ANA, 1))).await));
    let appointment = booked(&book, "conducto", "2031-09-07T01:00", 1).await;
    assert_eq!(appointment.slot.start.to_string(), "2031-09-07T01:00:00");
    let instants = "SELECT starts_at, ends_at - starts_at, zone FROM appointments ORDER BY starts_at";
    let told = |from: &str, long: &str| [from, long, "America/Santiago"].map(|text| Some(text.to_owned()));
    // 04:00 in UTC, which is both midnight before and one o'clock after.
    assert_eq!(rig.sql(instants).await, [told("1946520000000", "3600000")]);
    let twice = free(&book, "guardia", ["2031-04-05", "2031-04-05"], None).await;
    let starts: Vec<String> = twice.iter().map(|slot| slot.start.time().to_string()).collect();
    assert_eq!(starts, ["23:00:00", "23:10:00", "23:20:00"]);
    booked(&book, "guardia", "2031-04-05T23:00", 2).await;
    // 02:00 in UTC; an hour later it is 23:00 again.
    assert_eq!(rig.sql(instants).await, [told("1933207200000", "600000"), told("1946520000000", "3600000")]);
    assert!(is_taken(&book.book(booking("guardia", "2031-04-05T23:00", "28400513", by(LEO, 3))).await));
}

async fn the_book_is_listed_by_time(rig: &Rig) {
    let book = book(&rig.store);
    let late = booked(&book, "guardia", &at("12:00"), 1).await;
    let early = booked(&book, "guardia", &at("09:00"), 2).await;
    rig.sql(&format!(
        "UPDATE appointments SET ends_at = 1 WHERE id = '{}'",
        booked(&book, "guardia", &at("09:10"), 3).await.id
    ))
    .await;
    assert_eq!(book.appointments().await.unwrap(), [early.clone(), late]);
    assert_eq!(early.call, Some(call(2).sid));
    // What was booked in writing has no call.
    let by = Subject { session: "chat 7".to_owned(), phone: Some(LEO.to_owned()) };
    assert_eq!(book.book(booking("guardia", &at("09:20"), "1", by)).await.unwrap().call, None);
    assert_eq!(book.appointments().await.unwrap()[1].call, None);
}

async fn what_was_booked_in_a_call_is_forgotten_with_it(rig: &Rig) {
    let book = book(&rig.store);
    booked(&book, "guardia", &at("09:00"), 1).await;
    let other = booked(&book, "guardia", &at("09:10"), 2).await;
    assert_eq!(book.forget([call(1).sid, call(9).sid].into()).await.unwrap(), 1);
    assert_eq!(book.forget([].into()).await.unwrap(), 0);
    assert_eq!(book.appointments().await.unwrap(), [other]);
    assert_eq!(left(&book, "guardia", None).await[0], "09:00 Ana");
}

async fn who_is_erased_leaves_the_book(rig: &Rig) {
    let book = book(&rig.store);
    // One from the number that the call's record has, one that the channel tells, in writing.
    rings(rig, 1, ANA).await;
    book.book(booking("guardia", &at("09:00"), "28400512", by("", 1))).await.unwrap();
    let chat = Subject { session: "chat 7".to_owned(), phone: Some(ANA.to_owned()) };
    book.book(booking("guardia", &at("09:10"), "28400512", chat)).await.unwrap();
    let leo = book.book(booking("guardia", &at("09:20"), "28400513", by(LEO, 3))).await.unwrap();
    assert_eq!(rig.store.erase(ANA.to_owned()).await.unwrap().appointments, 2);
    assert_eq!(book.appointments().await.unwrap(), [leo]);
    assert!(!rig.dump().await.contains("28400512"));
    // While the call lasts nobody is made known by it again.
    book.book(booking("guardia", &at("09:00"), "28400512", by(ANA, 1))).await.unwrap();
    assert!(!rig.dump().await.contains(&ANA[1..]));
}
