//! The simulated phone: Twilio's side of a call, webhooks and media stream, in real time.

mod line;
mod microphone;
mod network;
mod oddities;
mod options;
mod playout;
mod recorder;
mod signing;
mod stream;
mod twiml;
mod wire;
mod witness;

pub use line::{Call, Phone};
pub use options::{
    CallRecord, Ended, HangUpStyle, Oddity, PhoneError, PhoneEvent, PhoneFaults, PhoneOptions,
};
pub use signing::sign;
pub use twiml::BadTwiml;
pub use witness::{Interruption, Measured};
