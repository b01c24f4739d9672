//! Centralita: a self-hosted, real-time voice media server.
//!
//! A module uses only what stands below it; `tests/layering.rs` enforces it.

pub mod audio;
pub mod base;
pub mod boot;
pub mod channels;
pub mod cli;
pub mod config;
pub mod dialogue;
pub mod net;
pub mod ports;
pub mod providers;
pub mod shutdown;
pub mod storage;
pub mod telemetry;
pub mod testbed;
pub mod web;
