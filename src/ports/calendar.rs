//! The appointment book.
//!
//! Who asks is told by the channel and never by a model: see [`Subject`]. A slot is held while name and document are asked for,
//! confirmed by the person, and then booked; a hold that nobody makes an appointment of ends by itself.

use crate::base::ids::CallSid;
use futures_util::future::{BoxFuture, ready};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, time::Duration};

/// Who asks, as the channel knows them. Nothing in it is what they, or a model, say of themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The call, or the conversation, in which they ask.
    pub session: String,
    /// Their number (E.164); `None` where only the record of the session knows it, or nobody does.
    pub phone: Option<String>,
}

impl Subject {
    /// Whoever is on the line in this call.
    pub fn of_call(call: &CallSid) -> Self {
        Self { session: call.to_string(), phone: None }
    }
}

/// A number is nothing for a log.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Which free slots are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotQuery {
    /// The specialty, by the name the clinic's data gives it.
    pub specialty: String,
    /// The first day to look at, in the clinic's zone.
    pub from: Date,
    /// The last day to look at.
    pub to: Date,
    /// The session that asks: what is held for it is free for it.
    pub session: Option<String>,
}

/// A time that can be booked, in the clinic's own zone. A time that the clock shows twice is the first of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The specialty, by the name the clinic's data gives it.
    pub specialty: String,
    /// Who attends.
    pub professional: String,
    /// When it starts.
    pub start: DateTime,
}

/// A wish to have a slot kept for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The specialty.
    pub specialty: String,
    /// When it starts, in the clinic's zone.
    pub start: DateTime,
    /// For whom.
    pub by: Subject,
    /// How long, by the book's own clock.
    pub life: Duration,
}

/// A slot that is kept for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What and when.
    pub slot: Slot,
    /// Until then nobody else can have it.
    pub until: Timestamp,
}

/// A request for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The same key again gets the same appointment, as long as that is not cancelled.
    pub key: String,
    /// The specialty.
    pub specialty: String,
    /// When it starts, in the clinic's zone.
    pub start: DateTime,
    /// The patient's full name.
    pub name: String,
    /// The patient's document: digits and letters only.
    pub document: String,
    /// Who books it.
    pub by: Subject,
}

/// A booked slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Identifies it in the book.
    pub id: String,
    /// What and when.
    #[serde(flatten)]
    pub slot: Slot,
    /// The patient's full name.
    pub name: String,
    /// The patient's document.
    pub document: String,
    /// The call in which it was booked, where it was one.
    pub call: Option<CallSid>,
}

/// An appointment that somebody says is theirs. It is if it was booked from their number and for the document that they give:
/// neither alone opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theirs {
    /// Who says so.
    pub by: Subject,
    /// The document that they give.
    pub document: String,
    /// The appointment's [`id`](Appointment::id).
    pub id: String,
}

/// Why the book did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// The slot is taken, or never was one.
    #[error("that time is not free")]
    Taken,
    /// The clinic has no such specialty.
    #[error("there is no specialty `{0}`")]
    UnknownSpecialty(String),
    /// There is no such appointment, or it is somebody else's: whoever asks is not told which.
    #[error("there is no such appointment of theirs")]
    NotTheirs,
    /// It has begun, or is over.
    #[error("that appointment is past")]
    Past,
    /// This book knows no such thing.
    #[error("the appointment book can't do that")]
    Unsupported,
    /// The book can't be read or written now.
    #[error("the appointment book is unavailable: {0}")]
    Unavailable(String),
}

/// What a method of the book returns.
pub type Booked<'b, T> = BoxFuture<'b, Result<T, CalendarError>>;

fn unsupported<'b, T: Send + 'b>() -> Booked<'b, T> {
    Box::pin(ready(Err(CalendarError::Unsupported)))
}

/// An appointment book. Every method may be repeated after [`CalendarError::Unavailable`]: what was done already is not done again.
pub trait Calendar: Send + Sync + 'static {
    /// The free slots, earliest first.
    fn free(&self, query: SlotQuery) -> Booked<'_, Vec<Slot>>;

    /// Keeps a slot for a session, and gives up what was held for it before; where it is [`CalendarError::Taken`], that stays.
    fn hold(&self, hold: Hold) -> Booked<'_, Held> {
        let _ = hold;
        unsupported()
    }

    /// Books one slot, held or not.
    fn book(&self, booking: Booking) -> Booked<'_, Appointment>;

    /// The appointments to come of whoever asks and gives this document, earliest first.
    fn mine(&self, by: Subject, document: String) -> Booked<'_, Vec<Appointment>> {
        let _ = (by, document);
        unsupported()
    }

    /// Moves an appointment to another start; it stays the same appointment, with whoever attended it where they are free.
    fn reschedule(&self, what: Theirs, to: DateTime) -> Booked<'_, Appointment> {
        let _ = (what, to);
        unsupported()
    }

    /// Cancels an appointment: its slot is free again. Done twice, it is done.
    fn cancel(&self, what: Theirs) -> Booked<'_, Appointment> {
        let _ = what;
        unsupported()
    }

    /// The appointments that are not over, earliest first, a thousand at most.
    fn appointments(&self) -> Booked<'_, Vec<Appointment>>;

    /// Takes out what was booked in these calls, and tells how much it was.
    fn forget(&self, calls: BTreeSet<CallSid>) -> Booked<'_, u64>;
}

/// The book of a business that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBook;

impl Calendar for NoBook {
    fn free(&self, _: SlotQuery) -> Booked<'_, Vec<Slot>> {
        unsupported()
    }

    fn book(&self, _: Booking) -> Booked<'_, Appointment> {
        unsupported()
    }

    fn appointments(&self) -> Booked<'_, Vec<Appointment>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn forget(&self, _: BTreeSet<CallSid>) -> Booked<'_, u64> {
        Box::pin(ready(Ok(0)))
    }
}
