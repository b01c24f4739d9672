//! The appointment book: who has which time, and whose it is.
//!
//! The free times are what the business's hours allow less what is held or booked. Whoever takes a time holds the locks of all
//! who could attend it, so that nobody else takes one that overlaps; the locks are those of the transaction, which a pooler in
//! transaction mode leaves alone, and SQLite has one writer anyway.

mod claim;
mod rows;
mod take;

use super::{SqlStore, erase::TOGETHER, instant, millis};
use crate::{
    base::ids::CallSid,
    dialogue::clinic::{Clinic, Specialty, Visit, free},
    ports::{
        calendar::{
            Appointment, Booked, Booking, Calendar, CalendarError, Held, Hold, Slot, SlotQuery, Subject,
            Theirs,
        },
        store::{MAIN_WORKSPACE, StoreError, Stored},
    },
    storage::sql::{Arg, Engine},
};
use claim::{Claimed, Verdict};
use jiff::{ToSpan, civil::DateTime, tz::TimeZone};
use std::{collections::BTreeSet, fmt, sync::Arc};
use take::{Take, Why};

/// The business whose book it is, as it is at this moment.
#[derive(Clone, Debug)]
pub struct Business {
    /// Its hours and who attends.
    pub clinic: Arc<Clinic>,
    /// Where its clocks are.
    pub zone: TimeZone,
}

impl Business {
    fn specialty(&self, name: &str) -> Result<&Specialty, CalendarError> {
        self.clinic.specialty(name).ok_or_else(|| CalendarError::UnknownSpecialty(name.to_owned()))
    }

    /// The visits that begin then, whoever attends.
    fn visits(&self, specialty: &Specialty, start: DateTime) -> Vec<Visit> {
        let mut visits = self.clinic.visits(specialty, start.date(), &self.zone);
        visits.retain(|visit| visit.start == start);
        visits
    }
}

/// Tells the business as it is at this moment.
pub type BusinessNow = Arc<dyn Fn() -> Business + Send + Sync>;

/// The book in a database.
pub struct Book {
    engine: Arc<Engine>,
    business: BusinessNow,
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl SqlStore {
    /// The appointment book of that business in this database, by the same connections.
    pub fn book(&self, business: BusinessNow) -> Book {
        Book { engine: Arc::clone(&self.engine), business }
    }
}

impl Calendar for Book {
    fn free(&self, query: SlotQuery) -> Booked<'_, Vec<Slot>> {
        Box::pin(async move {
            let business = (self.business)();
            let specialty = business.specialty(&query.specialty)?;
            let days = query.from.series(1.day()).take_while(|day| *day <= query.to);
            let visits: Vec<Visit> =
                days.flat_map(|day| business.clinic.visits(specialty, day, &business.zone)).collect();
            let Some((from, to)) = rows::ends(&visits) else { return Ok(Vec::new()) };
            let asked = rows::Asked {
                workspace: MAIN_WORKSPACE.to_owned(),
                professionals: specialty.professionals.clone(),
                from,
                to,
                but: query.session,
            };
            let busy = self.engine.read(asked, |tx, asked| Box::pin(rows::busy(tx, asked))).await;
            let mut visits = free(visits, &busy.map_err(away)?);
            // Whoever is listed first attends.
            visits.dedup_by(|next, first| next.start == first.start);
            Ok(visits.into_iter().map(|visit| slot(&specialty.name, visit)).collect())
        })
    }

    fn hold(&self, wish: Hold) -> Booked<'_, Held> {
        Box::pin(async move {
            let Hold { specialty, start, by, life } = wish;
            let take = self.take(&specialty, start, by, Why::Hold { life: millis(life) })?;
            let held = self.engine.write(take, |tx, take| Box::pin(take::hold(tx, take))).await;
            let (slot, until) = held.map_err(away)?.ok_or(CalendarError::Taken)?;
            Ok(Held { slot, until: instant(until) })
        })
    }

    fn book(&self, booking: Booking) -> Booked<'_, Appointment> {
        Box::pin(async move {
            let Booking { key, specialty, start, name, document, by } = booking;
            let take = self.take(&specialty, start, by, Why::Book { key, name, document })?;
            let booked = self.engine.write(take, |tx, take| Box::pin(take::book(tx, take))).await;
            booked.map_err(away)?.ok_or(CalendarError::Taken)
        })
    }

    fn mine(&self, by: Subject, document: String) -> Booked<'_, Vec<Appointment>> {
        Box::pin(async move {
            let asked = (MAIN_WORKSPACE.to_owned(), by, document);
            let mine = self.engine.read(asked, |tx, (workspace, by, document)| {
                Box::pin(claim::mine(tx, workspace, by, document))
            });
            mine.await.map_err(away)
        })
    }

    fn reschedule(&self, what: Theirs, to: DateTime) -> Booked<'_, Appointment> {
        Box::pin(async move {
            let find = (MAIN_WORKSPACE.to_owned(), what.id.clone());
            let known =
                self.engine.read(find, |tx, (workspace, id)| Box::pin(rows::known(tx, workspace, id)));
            let Some(row) = known.await.map_err(away)? else { return Err(CalendarError::NotTheirs) };
            let specialty = row.appointment.slot.specialty;
            let take = self.take(
                &specialty,
                to,
                what.by.clone(),
                Why::Move { from: row.appointment.slot.professional },
            );
            // A specialty that is no longer there has no times; whose it is comes first all the same.
            let take = match take {
                Err(CalendarError::UnknownSpecialty(_)) => None,
                take => Some(take?),
            };
            let moved = self.engine.write((claimed(what), take), |tx, (claimed, take)| {
                Box::pin(claim::reschedule(tx, claimed, take.as_ref()))
            });
            verdict(moved.await)
        })
    }

    fn cancel(&self, what: Theirs) -> Booked<'_, Appointment> {
        Box::pin(async move {
            let claimed = claimed(what);
            verdict(self.engine.write(claimed, |tx, claimed| Box::pin(claim::cancel(tx, claimed))).await)
        })
    }

    fn appointments(&self) -> Booked<'_, Vec<Appointment>> {
        Box::pin(async move {
            let all = self
                .engine
                .read(MAIN_WORKSPACE.to_owned(), |tx, workspace| Box::pin(rows::to_come(tx, workspace)));
            all.await.map_err(away)
        })
    }

    fn forget(&self, calls: BTreeSet<CallSid>) -> Booked<'_, u64> {
        Box::pin(async move {
            let calls: Vec<CallSid> = calls.into_iter().collect();
            let gone = self.engine.write(calls, |tx, calls| {
                Box::pin(async move {
                    let mut gone = 0;
                    for some in calls.chunks(TOGETHER) {
                        let sql = format!(
                            "DELETE FROM appointments WHERE call_sid IN (VALUES {})",
                            super::places(1, some.len(), 1)
                        );
                        let args: Vec<Arg> = some.iter().map(|call| call.as_str().into()).collect();
                        gone += tx.run(&sql, args).await?;
                    }
                    Ok(gone)
                })
            });
            gone.await.map_err(away)
        })
    }
}

impl Book {
    fn take(&self, specialty: &str, start: DateTime, by: Subject, why: Why) -> Result<Take, CalendarError> {
        let business = (self.business)();
        let specialty = business.specialty(specialty)?;
        Ok(Take {
            workspace: MAIN_WORKSPACE.to_owned(),
            specialty: specialty.name.clone(),
            visits: business.visits(specialty, start),
            zone: business.zone.iana_name().unwrap_or("UTC").to_owned(),
            by,
            why,
        })
    }
}

fn claimed(what: Theirs) -> Claimed {
    Claimed { workspace: MAIN_WORKSPACE.to_owned(), what }
}

fn verdict(done: Stored<Verdict>) -> Result<Appointment, CalendarError> {
    match done.map_err(away)? {
        Verdict::Done(appointment) => Ok(appointment),
        Verdict::Denied => Err(CalendarError::NotTheirs),
        Verdict::Past => Err(CalendarError::Past),
        Verdict::Taken => Err(CalendarError::Taken),
    }
}

fn away(error: StoreError) -> CalendarError {
    match error {
        // Two who begin together in spite of the lock: the index lets one of them.
        StoreError::Conflict(_) => CalendarError::Taken,
        error => CalendarError::Unavailable(error.to_string()),
    }
}

fn slot(specialty: &str, visit: Visit) -> Slot {
    Slot { specialty: specialty.to_owned(), professional: visit.professional, start: visit.start }
}
