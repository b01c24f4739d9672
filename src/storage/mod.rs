//! Where things are kept.

pub mod calendar_file;
