//! Centralita: a self-hosted, real-time voice media server.
//!
//! A module uses only what stands below it; `tests/layering.rs` enforces it. From the bottom up:
//!
//! | module | what stands there |
//! |---|---|
//! | [`base`] | units, identifiers, secrets, clocks, bounded queues |
//! | [`audio`] | G.711, Opus, frames, resampling, voice activity, recording; slices in, slices out |
//! | [`telemetry`] | logs for people, metrics for machines |
//! | [`dialogue`] | **the conversation as a value**: floor, end of turn, barge-in, playback, transcript, agents |
//! | [`ports`] | what a call needs from outside, as traits |
//! | [`net`] | HTTP, WebSocket and TLS clients with time limits |
//! | [`providers`] | a folder for each vendor, and `local`: the recogniser, the voice and the receptionist that need no key |
//! | [`integrations`] | business systems that are told what happened |
//! | [`storage`] | where appointments and records lie |
//! | [`channels`] | the shells, which wait, read the clock and carry out what the dialogue decides: `voice` of a call, `text` of a conversation by turns |
//! | [`jobs`] | what is done later, again or at fixed hours: deliveries, summaries |
//! | [`web`] | the carrier's webhooks and media sockets, the API, health and metrics |
//! | [`config`] | one strict configuration with all its mistakes told together |
//! | [`testbed`] | a phone network and stand-ins for the paid services, on real sockets |
//! | [`boot`], [`shutdown`], [`cli`] | puts it together, takes it down, the command line |
//!
//! Where to begin: [`dialogue::call::Call`] is what happens in a call, `channels/voice/actor.rs` is what drives it, and
//! `tests/stories/` shows both sides of every situation with exact times. Why it is so: `src/docs/decisions/`.

pub mod audio;
pub mod base;
pub mod boot;
pub mod channels;
pub mod cli;
pub mod config;
pub mod dialogue;
pub mod integrations;
pub mod jobs;
pub mod net;
pub mod ports;
pub mod providers;
pub mod shutdown;
pub mod storage;
pub mod telemetry;
pub mod testbed;
pub mod web;
