//! A telephone network and paid services to try the server against, on this machine and without an account.
//!
//! The wires are written here a second time, from the vendors' descriptions: nothing of `providers` is used, so that a
//! mistake there cannot hide behind the same mistake here.

pub mod caller;
pub mod corpus;
pub mod deepgram;
mod door;
pub mod elevenlabs;
pub mod eval;
pub mod fakes;
pub mod faults;
pub mod hearing;
pub mod load;
pub mod log;
pub mod mulaw;
pub mod openai;
pub mod phone;
mod recogniser;
pub mod script;
pub mod sink;
mod socket;
pub mod speech;
pub mod twilio_rest;
pub mod voice;
pub mod word_error;
