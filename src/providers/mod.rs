//! Services used during a call, one folder a vendor; no vendor sees another, and `failover` sees only the ports. What several
//! vendors do alike stands in folders of its own: `by_piece` and `live`.

pub mod by_piece;
pub mod deepgram;
pub mod elevenlabs;
pub mod failover;
pub mod live;
pub mod local;
pub mod openai;
pub mod twilio;
