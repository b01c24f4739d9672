//! Where things are kept.

mod sql;
pub mod state;
mod store;

pub use sql::{Options, Place, SCHEMA, STEPS, file, schema};
pub use store::{Book, Business, BusinessNow, SqlStore};
