//! Many scripted callers against a running server, and what was measured.

mod caller;
mod process;
mod report;
mod run;
mod voices;

pub use process::Process;
pub use report::{LoadReport, Spread};
pub use run::{HangUps, LoadError, LoadOptions, run};
