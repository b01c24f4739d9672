//! What each tool may be told. The comments are what the model reads of an argument.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a day stands in arguments, told when it does not.
pub const HOW_TO_WRITE_A_DAY: &str = "write `day` as YYYY-MM-DD";
/// How the begin of an appointment stands in arguments, told when it does not.
pub const HOW_TO_WRITE_A_START: &str = "write `start` as YYYY-MM-DDTHH:MM";

/// The most keys that are pressed at once, pauses among them.
pub const MOST_DIGITS: usize = 32;

/// A tool without arguments.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// only times of this part of the day
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PartOfDay {
    /// Up to one o'clock.
    Morning,
    /// From one to eight.
    Afternoon,
    /// From six on.
    Evening,
}

/// The arguments of [`super::FIND_SLOTS`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindSlots {
    /// one of the specialties
    pub specialty: String,
    /// YYYY-MM-DD, in the business's zone
    #[schema(nullable = false)]
    pub day: Option<String>,
    #[expect(missing_docs, reason = "the model reads what its type says")]
    #[schema(inline, nullable = false)]
    pub part_of_day: Option<PartOfDay>,
}

/// The arguments of [`super::BOOK_APPOINTMENT`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookAppointment {
    /// one of the specialties
    pub specialty: String,
    /// YYYY-MM-DDTHH:MM, one of the free times
    pub start: String,
    /// the patient's full name
    pub name: String,
    /// the patient's document, digits and letters only
    pub document: String,
}

/// The arguments of [`super::HOLD_SLOT`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldSlot {
    /// one of the specialties
    pub specialty: String,
    /// YYYY-MM-DDTHH:MM, one of the free times
    pub start: String,
}

/// The arguments of [`super::MY_APPOINTMENTS`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MyAppointments {
    /// the patient's document, as the caller gave it
    pub document: String,
}

/// The arguments of [`super::MOVE_APPOINTMENT`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveAppointment {
    /// the appointment's `id` from my_appointments
    pub id: String,
    /// the patient's document, as the caller gave it
    pub document: String,
    /// YYYY-MM-DDTHH:MM, one of the free times of the same specialty
    pub start: String,
}

/// The arguments of [`super::CANCEL_APPOINTMENT`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelAppointment {
    /// the appointment's `id` from my_appointments
    pub id: String,
    /// the patient's document, as the caller gave it
    pub document: String,
}

/// The arguments of [`super::TAKE_MESSAGE`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeMessage {
    /// the message, in the caller's words
    #[schema(max_length = 1000)]
    pub text: String,
    /// who should read it, if the caller says so
    #[schema(nullable = false)]
    pub to: Option<String>,
    /// the caller's name, if they told it
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// The arguments of [`super::CALL_BACK`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBack {
    /// what about
    #[schema(max_length = 1000)]
    pub reason: String,
    /// when it suits them, as they said it
    #[schema(nullable = false)]
    pub when: Option<String>,
    /// the caller's name, if they told it
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// The arguments of [`super::TRANSFER_CALL`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferCall {
    /// one of the places
    pub to: String,
}

/// The arguments of [`super::SEND_DIGITS`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendDigits {
    /// the keys, 0-9 * # A-D; w waits half a second
    #[schema(pattern = "^[0-9*#A-Dw]+$", max_length = 32)]
    pub digits: String,
}
