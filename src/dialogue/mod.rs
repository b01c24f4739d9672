//! The conversation core: pure. It never waits, reads no clock, opens no socket; it is told and it decides.
//!
//! [`call::Call`] composes small machines of the same shape: the caller's turn, our answer, playback, timers.

pub mod agent;
pub mod answer;
pub mod backchannel;
pub mod call;
pub mod caller;
pub mod clinic;
pub mod clips;
pub mod draft;
pub mod endpoint;
pub mod event;
pub mod input;
pub mod keypad;
pub mod markup;
pub mod message;
pub mod noise;
pub mod output;
pub mod phrases;
pub mod pieces;
pub mod playback;
pub mod progress;
pub mod question;
pub mod record;
pub mod replay;
pub mod spoken;
pub mod stats;
pub mod summary;
pub mod text;
pub mod timeline;
pub mod tool_limits;
pub mod tools;
pub mod transcript;
pub mod turns;
