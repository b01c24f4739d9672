//! The server from outside: webhooks, media sockets and the API on real sockets, with a stub in the place of the calls.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod api;
#[path = "../support/counted.rs"]
mod counted;
mod description;
mod desk;
mod faults;
mod http;
mod keys;
mod limits;
mod line;
mod line_ends;
#[path = "../support/log.rs"]
mod log;
mod media;
mod nodes;
mod people;
mod phone;
mod recording;
mod records;
mod resume;
mod rig;
mod room;
mod rows;
mod staff;
#[path = "../support/store.rs"]
mod store;
mod stub;
mod turn_end;
mod turns;
mod turns_go_on;
mod voice;
