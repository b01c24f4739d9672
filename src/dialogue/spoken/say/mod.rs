//! Values as a person says them, all words written out, so that every voice says them alike.

mod day;
mod document;
mod email;
mod hour;
mod money;
mod number;
mod phone;
pub mod text;

pub use day::{date, month, weekday, weekdays};
pub use document::{document, spelled};
use email::address;
pub use email::{email, email_spelled};
pub use hour::{hour, hour_of_day, part_of_day, stretch};
pub use money::money;
pub use number::{Agreement, counted, digits, number, ordinal, phone, rank};
pub use phone::{international, phone_number};
