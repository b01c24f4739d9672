//! Business systems that are told what happened: request and answer, tried again, never on the way of the sound.

pub mod http_tool;
pub mod webhook;
