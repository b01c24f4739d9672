//! Whose an appointment is: number and document together open it, and neither alone does (SEC69, SEC70).

use super::{ANA, DAY, LAST, LEO, book, booked, booking, by, is_taken, left, rings, rows};
use crate::rig::Rig;
use centralita::ports::{
    calendar::{Appointment, Calendar as _, CalendarError, Subject, Theirs},
    store::keys::Keys as _,
};

facts! {
    who_asks_is_told_their_own_appointments_to_come,
    a_stranger_can_neither_cancel_nor_move_and_is_written_down,
    the_callers_number_comes_from_the_calls_record_where_the_channel_tells_none,
    a_withheld_number_opens_nothing,
    a_cancelled_time_is_free_and_cancelling_twice_is_once,
    an_appointment_moves_and_its_old_time_is_free,
    who_moves_keeps_their_professional_where_there_is_time,
    what_has_begun_is_neither_moved_nor_cancelled,
}

const DOCUMENT: &str = "28400512";

fn at(hour: &str) -> String {
    format!("{DAY}T{hour}")
}

fn theirs(appointment: &Appointment, by: Subject, document: &str) -> Theirs {
    Theirs { by, document: document.to_owned(), id: appointment.id.clone() }
}

/// What was done with an appointment and in which call, the newest first.
async fn deeds(rig: &Rig, appointment: &Appointment) -> Vec<(String, String)> {
    let deeds = rig.store.deeds(appointment.id.clone(), 9).await.unwrap();
    deeds.into_iter().map(|(_, deed)| (deed.what, deed.who)).collect()
}

async fn who_asks_is_told_their_own_appointments_to_come(rig: &Rig) {
    let book = book(&rig.store);
    let late = booked(&book, "guardia", &at("12:00"), 1).await;
    let early = booked(&book, "conducto", &at("09:00"), 2).await;
    let past = booked(&book, "guardia", &at("12:10"), 3).await;
    rig.sql(&format!("UPDATE appointments SET starts_at = 1, ends_at = 2 WHERE id = '{}'", past.id)).await;
    // Of her child, from her own number; and somebody else's with her document.
    book.book(booking("guardia", &at("12:20"), "50400512", by(ANA, 4))).await.unwrap();
    book.book(booking("guardia", &at("12:30"), DOCUMENT, by(LEO, 5))).await.unwrap();
    let mine = book.mine(by(ANA, 6), "28.400.512".to_owned()).await.unwrap();
    assert_eq!(mine, [early, late]);
    for (phone, document) in
        [(LEO, "50400512"), (ANA, "50400513"), (ANA, ""), ("", DOCUMENT), ("+34600000000", DOCUMENT)]
    {
        assert_eq!(book.mine(by(phone, 7), document.to_owned()).await.unwrap(), [], "{phone} {document}");
    }
}

async fn a_stranger_can_neither_cancel_nor_move_and_is_written_down(rig: &Rig) {
    let book = book(&rig.store);
    let hers = booked(&book, "guardia", &at("09:00"), 1).await;
    let stranger = by(LEO, 2);
    for (by, document) in [(stranger.clone(), DOCUMENT), (by(ANA, 3), "28400513"), (by(ANA, 4), "")] {
        let cancelled = book.cancel(theirs(&hers, by.clone(), document)).await;
        assert!(matches!(cancelled, Err(CalendarError::NotTheirs)), "{cancelled:?}");
        let moved = book.reschedule(theirs(&hers, by, document), at("10:00").parse().unwrap()).await;
        assert!(matches!(moved, Err(CalendarError::NotTheirs)), "{moved:?}");
    }
    assert_eq!(book.appointments().await.unwrap(), std::slice::from_ref(&hers));
    let deeds = deeds(rig, &hers).await;
    assert_eq!(deeds.len(), 6);
    assert!(deeds.iter().all(|(what, _)| what == "appointment.denied"), "{deeds:?}");
    assert_eq!(deeds[5].1, stranger.session, "the call is told, and never the number");
    // What nobody has is answered alike, and is nothing to write down.
    let none = Theirs { id: "none".to_owned(), ..theirs(&hers, by(ANA, 1), DOCUMENT) };
    assert!(matches!(book.cancel(none.clone()).await, Err(CalendarError::NotTheirs)));
    assert!(matches!(
        book.reschedule(none, at("10:00").parse().unwrap()).await,
        Err(CalendarError::NotTheirs)
    ));
    assert_eq!(rig.number("SELECT count(*) FROM audit").await, 6);
}

async fn the_callers_number_comes_from_the_calls_record_where_the_channel_tells_none(rig: &Rig) {
    let book = book(&rig.store);
    for (n, from) in [(1, ANA), (2, ANA), (3, LEO)] {
        rings(rig, n, from).await;
    }
    let hers = book.book(booking("guardia", &at("09:00"), DOCUMENT, by("", 1))).await.unwrap();
    assert_eq!(book.mine(by("", 3), DOCUMENT.to_owned()).await.unwrap(), []);
    assert!(matches!(book.cancel(theirs(&hers, by("", 3), DOCUMENT)).await, Err(CalendarError::NotTheirs)));
    assert_eq!(book.mine(by("", 2), DOCUMENT.to_owned()).await.unwrap(), std::slice::from_ref(&hers));
    // In writing she is the same person.
    let chat = Subject { session: "chat 7".to_owned(), phone: Some(ANA.to_owned()) };
    book.cancel(theirs(&hers, chat, DOCUMENT)).await.unwrap();
}

async fn a_withheld_number_opens_nothing(rig: &Rig) {
    let book = book(&rig.store);
    rings(rig, 1, "anonymous").await;
    let booked = book.book(booking("guardia", &at("09:00"), DOCUMENT, by("", 1))).await.unwrap();
    for by in [by("", 1), by("anonymous", 1), by("", 2), by("+266696687", 3), by(ANA, 4)] {
        assert_eq!(book.mine(by.clone(), DOCUMENT.to_owned()).await.unwrap(), []);
        let cancelled = book.cancel(theirs(&booked, by, DOCUMENT)).await;
        assert!(matches!(cancelled, Err(CalendarError::NotTheirs)));
    }
}

async fn a_cancelled_time_is_free_and_cancelling_twice_is_once(rig: &Rig) {
    let book = book(&rig.store);
    let first = booked(&book, "guardia", &at("09:00"), 1).await;
    for n in 2..=3 {
        assert_eq!(book.cancel(theirs(&first, by(ANA, n), DOCUMENT)).await.unwrap(), first);
    }
    assert_eq!(deeds(rig, &first).await, [("appointment.cancel".to_owned(), by(ANA, 2).session)]);
    assert_eq!((book.appointments().await.unwrap(), rows(rig, "cancelled").await), (vec![], 1));
    assert_eq!(left(&book, "guardia", None).await[0], "09:00 Ana");
    let moved = book.reschedule(theirs(&first, by(ANA, 3), DOCUMENT), at("10:00").parse().unwrap()).await;
    assert!(matches!(moved, Err(CalendarError::NotTheirs)), "{moved:?}");
    // Whoever changes their mind in the same call books anew.
    let again = booked(&book, "guardia", &at("09:00"), 1).await;
    assert_ne!(again.id, first.id);
    assert_eq!(book.appointments().await.unwrap(), [again]);
}

async fn an_appointment_moves_and_its_old_time_is_free(rig: &Rig) {
    let book = book(&rig.store);
    let hers = booked(&book, "guardia", &at("09:00"), 1).await;
    book.book(booking("guardia", &at("09:20"), "28400513", by(LEO, 2))).await.unwrap();
    let what = || theirs(&hers, by(ANA, 3), DOCUMENT);
    for start in [at("09:20"), at("09:15")] {
        assert!(is_taken(&book.reschedule(what(), start.parse().unwrap()).await), "{start}");
    }
    assert_eq!(book.mine(by(ANA, 3), DOCUMENT.to_owned()).await.unwrap(), std::slice::from_ref(&hers));
    for _ in 0..2 {
        let moved = book.reschedule(what(), format!("{LAST}T17:10").parse().unwrap()).await.unwrap();
        assert_eq!((&moved.id, moved.slot.start.to_string()), (&hers.id, format!("{LAST}T17:10:00")));
        assert_eq!(book.mine(by(ANA, 3), DOCUMENT.to_owned()).await.unwrap(), [moved]);
    }
    assert_eq!(deeds(rig, &hers).await, [("appointment.move".to_owned(), by(ANA, 3).session)]);
    assert_eq!(left(&book, "guardia", None).await[..2], ["09:00 Ana", "09:10 Ana"]);
}

async fn who_moves_keeps_their_professional_where_there_is_time(rig: &Rig) {
    let book = book(&rig.store);
    book.book(booking("conducto", &at("09:00"), "28400513", by(LEO, 2))).await.unwrap();
    let hers = booked(&book, "conducto", &at("09:00"), 1).await;
    assert_eq!(hers.slot.professional, "Luis");
    let what = || theirs(&hers, by(ANA, 3), DOCUMENT);
    let moved = book.reschedule(what(), at("10:00").parse().unwrap()).await.unwrap();
    assert_eq!(moved.slot.professional, "Luis", "Ana is free too");
    book.cancel(what()).await.unwrap();
    // It overlaps with what it was itself, and with nothing else.
    let short = booked(&book, "guardia", &at("10:00"), 4).await;
    let moved =
        book.reschedule(theirs(&short, by(ANA, 5), DOCUMENT), at("10:10").parse().unwrap()).await.unwrap();
    assert_eq!(moved.slot.start.to_string(), format!("{DAY}T10:10:00"));
}

async fn what_has_begun_is_neither_moved_nor_cancelled(rig: &Rig) {
    let book = book(&rig.store);
    let hers = booked(&book, "guardia", &at("09:00"), 1).await;
    rig.sql(&format!("UPDATE appointments SET starts_at = 1, ends_at = 2 WHERE id = '{}'", hers.id)).await;
    let what = || theirs(&hers, by(ANA, 2), DOCUMENT);
    assert!(matches!(book.cancel(what()).await, Err(CalendarError::Past)));
    assert!(matches!(book.reschedule(what(), at("10:00").parse().unwrap()).await, Err(CalendarError::Past)));
}
