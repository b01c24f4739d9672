//! Where things are kept.

pub mod calendar_file;
mod sql;
pub mod state;
mod store;

pub use sql::{Options, Place, SCHEMA};
pub use store::SqlStore;
