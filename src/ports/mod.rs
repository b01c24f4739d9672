//! What we need from outside, as traits; no vendor is named here.
//!
//! Ports used during a call are *sessions*: opening returns a sink and a stream at once, dropping them closes.
//! Connecting, retrying and time-outs are the adapter's; what happened arrives as events of the stream.

pub mod calendar;
pub mod carrier;
pub mod llm;
pub mod media;
pub mod phone;
pub mod stt;
pub mod tts;
pub mod voice_activity;
