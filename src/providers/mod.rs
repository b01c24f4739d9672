//! Services used during a call, one folder a vendor; no vendor sees another.

pub mod deepgram;
pub mod elevenlabs;
pub mod local;
pub mod openai;
pub mod twilio;
