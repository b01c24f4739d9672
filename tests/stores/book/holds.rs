//! A time that is kept while name and document are asked for.

use super::{ANA, DAY, LEO, book, booking, by, hold, is_taken, left, rows};
use crate::rig::Rig;
use centralita::ports::calendar::{Calendar as _, Theirs};
use std::time::Duration;

facts! {
    what_is_held_is_free_for_its_holder_only,
    a_hold_becomes_the_appointment_with_the_same_professional,
    a_session_holds_one_time_and_keeps_it_where_the_next_is_taken,
    a_hold_ends_by_itself_and_leaves_nothing,
    whoever_has_an_appointment_is_not_put_out_by_a_hold,
}

const AN_HOUR: Duration = Duration::from_hours(1);

fn at(hour: &str) -> String {
    format!("{DAY}T{hour}")
}

async fn what_is_held_is_free_for_its_holder_only(rig: &Rig) {
    let book = book(&rig.store);
    let (ana, leo) = (by(ANA, 1), by(LEO, 2));
    let before =
        jiff::Timestamp::from_millisecond(rig.store.probe().await.unwrap().as_millisecond()).unwrap();
    let held = book.hold(hold("guardia", &at("09:00"), ana.clone(), AN_HOUR)).await.unwrap();
    assert_eq!((held.slot.start, held.slot.professional.as_str()), (at("09:00").parse().unwrap(), "Ana"));
    assert!(held.until.duration_since(before).unsigned_abs() >= AN_HOUR, "by the database's clock");
    assert_eq!(left(&book, "guardia", None).await[0], "09:10 Ana");
    assert_eq!(left(&book, "guardia", Some(leo.session.clone())).await[0], "09:10 Ana");
    assert_eq!(left(&book, "guardia", Some(ana.session.clone())).await[0], "09:00 Ana");
    assert!(is_taken(&book.hold(hold("guardia", &at("09:00"), leo.clone(), AN_HOUR)).await));
    assert!(is_taken(&book.book(booking("guardia", &at("09:00"), "1", leo)).await));
    assert_eq!(book.appointments().await.unwrap(), [], "a hold is no appointment");
    book.book(booking("guardia", &at("09:00"), "28400512", ana)).await.unwrap();
    assert_eq!((rows(rig, "held").await, rows(rig, "booked").await), (0, 1));
}

async fn a_hold_becomes_the_appointment_with_the_same_professional(rig: &Rig) {
    let book = book(&rig.store);
    let (ana, leo) = (by(ANA, 1), by(LEO, 2));
    // Leo takes Ana's hour first, so that Luis is held for the other; then Ana is free again.
    let first = book.book(booking("conducto", &at("09:00"), "28400513", leo.clone())).await.unwrap();
    let held = book.hold(hold("conducto", &at("09:00"), ana.clone(), AN_HOUR)).await.unwrap();
    assert_eq!((first.slot.professional.as_str(), held.slot.professional.as_str()), ("Ana", "Luis"));
    assert_eq!(left(&book, "conducto", None).await, ["10:00 Ana"]);
    let theirs = Theirs { by: leo, document: "28400513".to_owned(), id: first.id };
    book.cancel(theirs).await.unwrap();
    assert_eq!(left(&book, "conducto", None).await, ["09:00 Ana", "10:00 Ana"]);
    let booked = book.book(booking("conducto", &at("09:00"), "28400512", ana)).await.unwrap();
    assert_eq!(booked.slot.professional, "Luis");
}

async fn a_session_holds_one_time_and_keeps_it_where_the_next_is_taken(rig: &Rig) {
    let book = book(&rig.store);
    let (ana, leo) = (by(ANA, 1), by(LEO, 2));
    book.book(booking("guardia", &at("09:20"), "28400513", leo)).await.unwrap();
    for start in ["09:00", "09:10"] {
        book.hold(hold("guardia", &at(start), ana.clone(), AN_HOUR)).await.unwrap();
    }
    assert!(is_taken(&book.hold(hold("guardia", &at("09:20"), ana, AN_HOUR)).await));
    assert_eq!(left(&book, "guardia", None).await[..2], ["09:00 Ana", "09:30 Ana"]);
    assert_eq!(rows(rig, "held").await, 1);
}

async fn a_hold_ends_by_itself_and_leaves_nothing(rig: &Rig) {
    let book = book(&rig.store);
    let (ana, leo) = (by(ANA, 1), by(LEO, 2));
    // It ends with the instant in which it begins.
    book.hold(hold("guardia", &at("09:00"), ana, Duration::ZERO)).await.unwrap();
    assert_eq!((left(&book, "guardia", None).await[0].as_str(), rows(rig, "held").await), ("09:00 Ana", 1));
    book.book(booking("guardia", &at("09:00"), "28400513", leo)).await.unwrap();
    assert_eq!((rows(rig, "held").await, rows(rig, "booked").await), (0, 1));
}

async fn whoever_has_an_appointment_is_not_put_out_by_a_hold(rig: &Rig) {
    let book = book(&rig.store);
    book.book(booking("conducto", &at("09:00"), "28400513", by(LEO, 2))).await.unwrap();
    for start in ["09:00", "09:50"] {
        let held = book.hold(hold("guardia", &at(start), by(ANA, 1), AN_HOUR)).await;
        assert!(is_taken(&held), "Ana has a long visit at nine: {held:?}");
    }
    book.hold(hold("guardia", &at("10:00"), by(ANA, 1), AN_HOUR)).await.unwrap();
    assert_eq!(left(&book, "conducto", None).await, ["09:00 Luis", "10:00 Luis"]);
}
