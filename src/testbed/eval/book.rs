//! A throw-away appointment book in memory, by a clock that may stand still: scenarios do not age.
//!
//! It keeps the rules of [`Calendar`], and takes times away when a scenario wants it.

use super::scenario::Time;
use crate::{
    base::{clock::WallClock, ids::CallSid},
    dialogue::{
        agent::Agent,
        clinic::{Busy, Specialty, Visit, free},
        spoken::plain,
    },
    ports::calendar::{
        Appointment, Booked, Booking, Calendar, CalendarError, Held, Hold, Slot, SlotQuery, Subject, Theirs,
    },
};
use jiff::{ToSpan as _, civil::DateTime};
use std::{
    collections::BTreeSet,
    fmt,
    future::ready,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Clone)]
struct Entry {
    key: String,
    phone: Option<String>,
    appointment: Appointment,
    busy: Busy,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    /// Times that strangers took.
    taken: Vec<Busy>,
    /// Times that strangers take when somebody wants to book.
    meanwhile: Vec<Time>,
    count: u32,
}

/// The book of an agent's business.
pub struct Book {
    agent: Arc<Agent>,
    clock: Arc<dyn WallClock>,
    state: Mutex<State>,
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").field("agent", &self.agent.name).finish_non_exhaustive()
    }
}

impl Book {
    /// An empty book.
    pub fn new(agent: Arc<Agent>, clock: Arc<dyn WallClock>) -> Self {
        Self { agent, clock, state: Mutex::default() }
    }

    /// Strangers take all places of a time.
    ///
    /// # Errors
    /// When the business has no such time.
    pub fn take(&self, time: &Time) -> Result<(), CalendarError> {
        let visits = self.visits(self.specialty(&time.specialty)?, time.start);
        if visits.is_empty() {
            return Err(CalendarError::Taken);
        }
        self.lock().taken.extend(visits.into_iter().map(busy));
        Ok(())
    }

    /// Strangers take all places of these times in the moment in which somebody wants to book or to move.
    ///
    /// # Errors
    /// When the business has no such time.
    pub fn take_meanwhile(&self, times: &[Time]) -> Result<(), CalendarError> {
        for time in times {
            if self.visits(self.specialty(&time.specialty)?, time.start).is_empty() {
                return Err(CalendarError::Taken);
            }
        }
        self.lock().meanwhile.extend_from_slice(times);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn specialty(&self, name: &str) -> Result<&Specialty, CalendarError> {
        self.agent.clinic.specialty(name).ok_or_else(|| CalendarError::UnknownSpecialty(name.to_owned()))
    }

    fn visits(&self, specialty: &Specialty, start: DateTime) -> Vec<Visit> {
        let mut visits = self.agent.clinic.visits(specialty, start.date(), &self.agent.zone);
        visits.retain(|visit| visit.start == start);
        visits
    }

    /// A place at that time for the appointment `but`, or for a new one.
    fn place(
        &self,
        specialty: &str,
        start: DateTime,
        but: Option<&Appointment>,
    ) -> Result<Visit, CalendarError> {
        let visits = self.visits(self.specialty(specialty)?, start);
        let meanwhile = mem::take(&mut self.lock().meanwhile);
        meanwhile.iter().try_for_each(|time| self.take(time))?;
        let mut places = free(visits, &self.lock().busy(but.map(|own| own.id.as_str())));
        // Who attended it attends it again where they can.
        let same = |visit: &Visit| but.is_some_and(|own| own.slot.professional == visit.professional);
        let first = places.iter().position(same).unwrap_or(0);
        if places.is_empty() { Err(CalendarError::Taken) } else { Ok(places.swap_remove(first)) }
    }

    fn free_now(&self, query: &SlotQuery) -> Result<Vec<Slot>, CalendarError> {
        let specialty = self.specialty(&query.specialty)?;
        let days = query.from.series(1.day()).take_while(|day| *day <= query.to);
        let visits =
            days.flat_map(|day| self.agent.clinic.visits(specialty, day, &self.agent.zone)).collect();
        let mut visits = free(visits, &self.lock().busy(None));
        visits.dedup_by(|next, first| next.start == first.start);
        Ok(visits.into_iter().map(|visit| slot(&specialty.name, visit)).collect())
    }

    fn hold_now(&self, wish: &Hold) -> Result<Held, CalendarError> {
        let specialty = self.specialty(&wish.specialty)?;
        let place = free(self.visits(specialty, wish.start), &self.lock().busy(None));
        let visit = place.into_iter().next().ok_or(CalendarError::Taken)?;
        let until = self.clock.now().checked_add(wish.life).unwrap_or(jiff::Timestamp::MAX);
        Ok(Held { slot: slot(&specialty.name, visit), until })
    }

    fn book_now(&self, booking: Booking) -> Result<Appointment, CalendarError> {
        let Booking { key, specialty, start, name, document, by } = booking;
        if let Some(same) = self.lock().entries.iter().find(|entry| entry.key == key) {
            return Ok(same.appointment.clone());
        }
        let visit = self.place(&specialty, start, None)?;
        let specialty = self.specialty(&specialty)?.name.clone();
        let mut state = self.lock();
        state.count += 1;
        let appointment = Appointment {
            id: format!("{:06}", state.count),
            slot: slot(&specialty, visit.clone()),
            name,
            document,
            call: by.session.parse().ok(),
        };
        state.entries.push(Entry {
            key,
            phone: by.phone,
            appointment: appointment.clone(),
            busy: busy(visit),
        });
        Ok(appointment)
    }

    fn mine_now(&self, by: &Subject, document: &str) -> Vec<Appointment> {
        let now = self.clock.now();
        let state = self.lock();
        let mine = state.entries.iter().filter(|entry| entry.is_of(by, document) && entry.busy.from >= now);
        let mut mine: Vec<Appointment> = mine.map(|entry| entry.appointment.clone()).collect();
        mine.sort_by_key(|each| each.slot.start);
        mine
    }

    fn theirs(&self, what: &Theirs) -> Result<Appointment, CalendarError> {
        let state = self.lock();
        let entry = state.entries.iter().find(|entry| entry.appointment.id == what.id);
        let entry = entry.filter(|entry| entry.is_of(&what.by, &what.document));
        let entry = entry.ok_or(CalendarError::NotTheirs)?;
        if entry.busy.from <= self.clock.now() {
            Err(CalendarError::Past)
        } else {
            Ok(entry.appointment.clone())
        }
    }

    fn move_now(&self, what: &Theirs, to: DateTime) -> Result<Appointment, CalendarError> {
        let own = self.theirs(what)?;
        let visit = self.place(&own.slot.specialty, to, Some(&own))?;
        let moved = Appointment { slot: slot(&own.slot.specialty, visit.clone()), ..own };
        if let Some(entry) = self.lock().entries.iter_mut().find(|entry| entry.appointment.id == what.id) {
            (entry.appointment, entry.busy) = (moved.clone(), busy(visit));
        }
        Ok(moved)
    }

    fn cancel_now(&self, what: &Theirs) -> Result<Appointment, CalendarError> {
        let own = self.theirs(what)?;
        self.lock().entries.retain(|entry| entry.appointment.id != what.id);
        Ok(own)
    }
}

impl State {
    fn busy(&self, but: Option<&str>) -> Vec<Busy> {
        let booked = self.entries.iter().filter(|entry| but != Some(entry.appointment.id.as_str()));
        booked.map(|entry| &entry.busy).chain(&self.taken).cloned().collect()
    }
}

impl Entry {
    /// The number and the document must both fit.
    fn is_of(&self, by: &Subject, document: &str) -> bool {
        let letters = |text: &str| plain(text).replace(' ', "");
        by.phone.is_some()
            && by.phone == self.phone
            && letters(&self.appointment.document) == letters(document)
    }
}

fn busy(visit: Visit) -> Busy {
    Busy { professional: visit.professional, from: visit.from, to: visit.to }
}

fn slot(specialty: &str, visit: Visit) -> Slot {
    Slot { specialty: specialty.to_owned(), professional: visit.professional, start: visit.start }
}

impl Calendar for Book {
    fn free(&self, query: SlotQuery) -> Booked<'_, Vec<Slot>> {
        Box::pin(ready(self.free_now(&query)))
    }

    fn hold(&self, hold: Hold) -> Booked<'_, Held> {
        Box::pin(ready(self.hold_now(&hold)))
    }

    fn book(&self, booking: Booking) -> Booked<'_, Appointment> {
        Box::pin(ready(self.book_now(booking)))
    }

    fn mine(&self, by: Subject, document: String) -> Booked<'_, Vec<Appointment>> {
        Box::pin(ready(Ok(self.mine_now(&by, &document))))
    }

    fn reschedule(&self, what: Theirs, to: DateTime) -> Booked<'_, Appointment> {
        Box::pin(ready(self.move_now(&what, to)))
    }

    fn cancel(&self, what: Theirs) -> Booked<'_, Appointment> {
        Box::pin(ready(self.cancel_now(&what)))
    }

    fn appointments(&self) -> Booked<'_, Vec<Appointment>> {
        let mut all: Vec<Appointment> =
            self.lock().entries.iter().map(|entry| entry.appointment.clone()).collect();
        all.sort_by_key(|each| each.slot.start);
        Box::pin(ready(Ok(all)))
    }

    fn forget(&self, calls: BTreeSet<CallSid>) -> Booked<'_, u64> {
        let mut state = self.lock();
        let before = state.entries.len();
        state
            .entries
            .retain(|entry| entry.appointment.call.as_ref().is_none_or(|call| !calls.contains(call)));
        let gone = before - state.entries.len();
        Box::pin(ready(Ok(gone as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SetClock;
    use futures_util::FutureExt as _;

    fn book() -> Book {
        let (text, data) =
            (include_str!("../../../prompts/clinica.md"), include_str!("../../../prompts/clinica.toml"));
        let agent = Agent::parse("clinica", text, data).unwrap();
        Book::new(Arc::new(agent), Arc::new(SetClock("2026-11-24T12:10:00Z".parse().unwrap())))
    }

    fn booking(start: &str, key: &str) -> Booking {
        Booking {
            key: key.to_owned(),
            specialty: "cardiología".to_owned(),
            start: start.parse().unwrap(),
            name: "Ana Paz".to_owned(),
            document: "28400512".to_owned(),
            by: Subject { session: "s".to_owned(), phone: Some("+541".to_owned()) },
        }
    }

    fn now<T>(wanted: Booked<'_, T>) -> Result<T, CalendarError> {
        wanted.now_or_never().unwrap()
    }

    #[test]
    fn a_time_has_as_many_places_as_people_attend() {
        let book = book();
        let time = "2026-11-26T10:30";
        let first = now(book.book(booking(time, "a"))).unwrap();
        assert_eq!(now(book.book(booking(time, "a"))).unwrap(), first);
        assert_ne!(now(book.book(booking(time, "b"))).unwrap().slot.professional, first.slot.professional);
        assert!(matches!(now(book.book(booking(time, "c"))), Err(CalendarError::Taken)));
        let time = Time { specialty: "cardiología".to_owned(), start: "2026-11-26T11:00".parse().unwrap() };
        book.take_meanwhile(std::slice::from_ref(&time)).unwrap();
        let day = time.start.date();
        let query = SlotQuery { specialty: time.specialty.clone(), from: day, to: day, session: None };
        let is_free = || now(book.free(query.clone())).unwrap().iter().any(|slot| slot.start == time.start);
        assert!(is_free());
        assert!(matches!(now(book.book(booking("2026-11-26T11:00", "d"))), Err(CalendarError::Taken)));
        assert!(!is_free());
    }

    #[test]
    fn an_appointment_is_theirs_by_number_and_document() {
        let book = book();
        let one = booking("2026-11-26T10:30", "a");
        let id = now(book.book(one.clone())).unwrap().id;
        let claim = |phone: Option<&str>, document: &str| Theirs {
            by: Subject { session: "t".to_owned(), phone: phone.map(str::to_owned) },
            document: document.to_owned(),
            id: id.clone(),
        };
        for wrong in [claim(None, "28400512"), claim(Some("+542"), "28400512"), claim(Some("+541"), "1")] {
            assert!(now(book.mine(wrong.by.clone(), wrong.document.clone())).unwrap().is_empty());
            assert!(matches!(now(book.cancel(wrong)), Err(CalendarError::NotTheirs)));
        }
        let right = claim(Some("+541"), "28.400.512");
        assert_eq!(now(book.mine(right.by.clone(), right.document.clone())).unwrap().len(), 1);
        let moved = now(book.reschedule(right.clone(), "2026-11-27T11:00".parse().unwrap())).unwrap();
        assert_eq!((&moved.id, moved.slot.start.to_string().as_str()), (&id, "2026-11-27T11:00:00"));
        now(book.cancel(right)).unwrap();
        assert!(now(book.appointments()).unwrap().is_empty());
    }
}
