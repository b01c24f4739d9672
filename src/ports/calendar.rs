//! The appointment book.

use crate::base::ids::CallSid;
use futures_util::future::BoxFuture;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which free slots are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotQuery {
    /// The specialty, by the name the clinic's data gives it.
    pub specialty: String,
    /// The first day to look at, in the clinic's zone.
    pub from: Date,
    /// The last day to look at.
    pub to: Date,
}

/// A time that can be booked, in the clinic's own zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The specialty, by the name the clinic's data gives it.
    pub specialty: String,
    /// Who attends.
    pub professional: String,
    /// When it starts.
    pub start: DateTime,
}

/// A request for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The specialty.
    pub specialty: String,
    /// When it starts, in the clinic's zone.
    pub start: DateTime,
    /// The patient's full name.
    pub name: String,
    /// The patient's document: digits and letters only.
    pub document: String,
    /// The call in which it was booked.
    pub call: CallSid,
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
    /// The call in which it was booked.
    pub call: CallSid,
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
    /// The book can't be read or written now.
    #[error("the appointment book is unavailable: {0}")]
    Unavailable(String),
}

/// An appointment book.
pub trait Calendar: Send + Sync + 'static {
    /// The free slots, earliest first.
    fn free(&self, query: SlotQuery) -> BoxFuture<'_, Result<Vec<Slot>, CalendarError>>;
    /// Books one slot; the same booking again returns the same appointment.
    fn book(&self, booking: Booking) -> BoxFuture<'_, Result<Appointment, CalendarError>>;
    /// All appointments, earliest first.
    fn appointments(&self) -> BoxFuture<'_, Result<Vec<Appointment>, CalendarError>>;
    /// Takes out what was booked in these calls, and tells how much it was.
    fn forget(&self, calls: BTreeSet<CallSid>) -> BoxFuture<'_, Result<u64, CalendarError>>;
}
