//! Many who want the same times at once.

use super::{ANA, DAY, LAST, book, booked, booking, by, free, is_taken, rows};
use crate::rig::Rig;
use centralita::{
    ports::calendar::{Appointment, Booking, Calendar as _, CalendarError, Theirs},
    storage::Book,
};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Barrier;

facts! {
    two_hundred_callers_book_fifty_slots_once_each_and_all_others_get_another,
    of_equal_requests_at_once_one_books_and_all_get_the_same,
    of_many_who_move_to_one_time_one_does,
    visits_that_overlap_are_kept_apart_in_a_crowd,
    who_looks_while_another_one_writes_waits_for_them,
}

const CALLERS: u32 = 200;
const SLOTS: u32 = 50;

/// Each overlap of two appointments of one professional.
const OVERLAPS: &str = "SELECT count(*) FROM appointments AS one JOIN appointments AS other \
    ON one.professional = other.professional AND one.id < other.id \
       AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at \
    WHERE one.state = 'booked' AND other.state = 'booked'";

/// What one of them went through.
struct Luck {
    at_once: bool,
    appointment: Appointment,
}

fn wish(n: u32, start: &str) -> Booking {
    booking("guardia", start, &format!("2840{n:04}"), by(&format!("+34600{n:06}"), n))
}

/// Wants one of the fifty; where it is taken, takes what is offered on the days behind until they have something.
async fn wants(book: Arc<Book>, n: u32, all_here: Arc<Barrier>) -> Luck {
    let minutes = 9 * 60 + 10 * (n % SLOTS);
    let start = format!("{DAY}T{:02}:{:02}", minutes / 60, minutes % 60);
    all_here.wait().await;
    match book.book(wish(n, &start)).await {
        Ok(appointment) => return Luck { at_once: true, appointment },
        Err(CalendarError::Taken) => {}
        Err(error) => panic!("{error}"),
    }
    let next = "2031-03-04";
    loop {
        let offered = free(&book, "guardia", [next, LAST], None).await;
        assert!(!offered.is_empty(), "caller {n} is offered nothing");
        let slot = &offered[n as usize % offered.len()];
        match book.book(wish(n, &slot.start.to_string())).await {
            Ok(appointment) => return Luck { at_once: false, appointment },
            Err(CalendarError::Taken) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The days have two hundred times in all, so that everybody gets one only if none is given twice and none is lost.
async fn two_hundred_callers_book_fifty_slots_once_each_and_all_others_get_another(rig: &Rig) {
    let other = rig.another().await.unwrap();
    let books = [Arc::new(book(&rig.store)), Arc::new(book(&other))];
    let all_here = Arc::new(Barrier::new(CALLERS as usize));
    let callers = (0..CALLERS).map(|n| {
        // The four who want the same time come through both processes.
        let book = Arc::clone(&books[(n / SLOTS) as usize % 2]);
        tokio::spawn(wants(book, n, Arc::clone(&all_here)))
    });
    let lucks: Vec<Luck> = join_all(callers).await.into_iter().map(Result::unwrap).collect();
    let at_once: Vec<&Luck> = lucks.iter().filter(|luck| luck.at_once).collect();
    assert_eq!(at_once.len(), SLOTS as usize);
    let of_the_day = at_once.iter().filter(|luck| luck.appointment.slot.start.date() == DAY.parse().unwrap());
    assert_eq!(of_the_day.count(), SLOTS as usize);
    let starts: BTreeSet<String> = lucks.iter().map(|luck| luck.appointment.slot.start.to_string()).collect();
    assert_eq!(starts.len(), CALLERS as usize);
    assert_eq!((rows(rig, "booked").await, rig.number(OVERLAPS).await), (i64::from(CALLERS), 0));
    assert_eq!(free(&books[0], "guardia", [DAY, LAST], None).await, []);
    other.close().await;
}

async fn of_equal_requests_at_once_one_books_and_all_get_the_same(rig: &Rig) {
    let book = Arc::new(book(&rig.store));
    let start = format!("{DAY}T10:00");
    let asks = (0..20).map(|_| {
        let (book, start) = (Arc::clone(&book), start.clone());
        tokio::spawn(async move { booked(&book, "conducto", &start, 1).await })
    });
    let got: BTreeSet<String> =
        join_all(asks).await.into_iter().map(|appointment| appointment.unwrap().id).collect();
    assert_eq!((got.len(), rows(rig, "booked").await), (1, 1));
}

async fn of_many_who_move_to_one_time_one_does(rig: &Rig) {
    let book = Arc::new(book(&rig.store));
    let mut all = Vec::new();
    for n in 0..5 {
        all.push(booked(&book, "guardia", &format!("{DAY}T09:{n}0"), n).await);
    }
    let moves = all.iter().map(|appointment| {
        let what = Theirs { by: by(ANA, 9), document: "28400512".to_owned(), id: appointment.id.clone() };
        let book = Arc::clone(&book);
        tokio::spawn(async move { book.reschedule(what, format!("{LAST}T09:00").parse().unwrap()).await })
    });
    let done: Vec<_> = join_all(moves).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
    assert_eq!(done.iter().filter(|done| is_taken(done)).count(), 4, "{done:?}");
    assert_eq!((rows(rig, "booked").await, rig.number(OVERLAPS).await), (5, 0));
}

/// Short visits with Ana and long ones with Ana or Luis, all in the same two hours.
async fn visits_that_overlap_are_kept_apart_in_a_crowd(rig: &Rig) {
    let book = Arc::new(book(&rig.store));
    let crowd = (0..40).map(|n| {
        let book = Arc::clone(&book);
        let booking = if n % 2 == 0 {
            let minutes = 9 * 60 + 10 * (n / 2 % 12);
            wish(n, &format!("{DAY}T{:02}:{:02}", minutes / 60, minutes % 60))
        } else {
            Booking { specialty: "conducto".to_owned(), ..wish(n, &format!("{DAY}T{:02}:00", 9 + n / 2 % 2)) }
        };
        tokio::spawn(async move { book.book(booking).await })
    });
    let done: Vec<_> = join_all(crowd).await.into_iter().map(Result::unwrap).collect();
    assert!(done.iter().all(|done| done.is_ok() || is_taken(done)), "{done:?}");
    assert_eq!(rig.number(OVERLAPS).await, 0);
    // Ten wanted each hour, so that nobody who could attend is left.
    assert_eq!(free(&book, "conducto", [DAY, DAY], None).await, []);
}

/// Whoever is about to write waits here until the gate is open.
const GATE: &str = "CREATE TABLE gate (open BOOLEAN); \
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
      LOOP EXIT WHEN EXISTS (SELECT 1 FROM gate); PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END $$; \
    CREATE TRIGGER wait BEFORE INSERT OR UPDATE ON appointments FOR EACH ROW EXECUTE FUNCTION wait()";

/// Those who wait, at the gate or for somebody who is there.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND state = 'active' AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')";

/// Two who want something at once: neither writes before both have looked, or wait for the other to be through.
async fn at_once<T: Send + 'static>(
    rig: &Rig,
    wishes: [impl Future<Output = T> + Send + 'static; 2],
) -> Vec<T> {
    rig.sql("DELETE FROM gate").await;
    let wishes = join_all(wishes.map(tokio::spawn));
    while rig.number(WAITING).await < 2 {}
    rig.sql("INSERT INTO gate VALUES (TRUE)").await;
    wishes.await.into_iter().map(Result::unwrap).collect()
}

/// SQLite has one writer, so that nobody can look meanwhile.
async fn who_looks_while_another_one_writes_waits_for_them(rig: &mut Rig) {
    if rig.is_sqlite() {
        return;
    }
    rig.spoils_the_schema();
    rig.sql(GATE).await;
    let book = Arc::new(book(&rig.store));
    let books = |booking: Booking| {
        let book = Arc::clone(&book);
        async move { book.book(booking).await }
    };
    let start = |hour: &str| format!("{DAY}T{hour}");
    // A short visit with Ana in the long one that somebody else wants, who goes to Luis where she comes second.
    let long = Booking { specialty: "conducto".to_owned(), ..wish(1, &start("09:00")) };
    let done = at_once(rig, [books(long), books(wish(2, &start("09:10")))]).await;
    assert!(done.iter().all(|done| done.is_ok() || is_taken(done)), "{done:?}");
    assert_eq!(rig.number(OVERLAPS).await, 0);
    // The same twice.
    let same = at_once(rig, [books(wish(3, &start("12:00"))), books(wish(3, &start("12:00")))]).await;
    assert_eq!(same[0].as_ref().unwrap(), same[1].as_ref().unwrap());
    // Two appointments to one time.
    let mut wishes = Vec::new();
    for (n, hour) in [(4, "13:00"), (5, "13:10")] {
        let appointment = booked(&book, "guardia", &start(hour), n).await;
        let what = Theirs { by: by(ANA, 9), document: "28400512".to_owned(), id: appointment.id };
        let (book, to) = (Arc::clone(&book), start("14:00").parse().unwrap());
        wishes.push(async move { book.reschedule(what, to).await });
    }
    let wishes: [_; 2] = wishes.try_into().ok().unwrap();
    let moved = at_once(rig, wishes).await;
    assert_eq!(moved.iter().filter(|moved| moved.is_ok()).count(), 1, "{moved:?}");
    assert_eq!(rig.number(OVERLAPS).await, 0);
}
