//! Signal work on slices: pure, and free of allocation once a call runs.
//!
//! Telephone audio is mu-law at 8 kHz in frames of 160 bytes (20 ms); models hear `f32` between -1 and 1.

pub mod activity;
pub mod dtmf;
pub mod g711;
pub mod level;
pub mod opus;
pub mod pcm;
pub mod recording;
pub mod resample;
pub mod wav;
