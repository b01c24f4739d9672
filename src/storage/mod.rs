//! Where things are kept.

pub mod calendar_file;
mod sql;
pub mod state;
mod store;

pub use sql::{Options, Place, SCHEMA, STEPS, file, schema};
pub use store::SqlStore;
