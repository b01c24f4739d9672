//! The vendors' wires, against recorded sessions and vectors that lie beside this file.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod twilio;
mod twilio_gather;
mod twilio_rest;
mod twilio_signature;

/// The text of `tests/protocols/<path>`.
fn fixture(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/protocols");
    std::fs::read_to_string(format!("{root}/{path}")).unwrap()
}

/// The names of the files in `tests/protocols/<folder>` that end with `end`.
fn fixtures(folder: &str, end: &str) -> Vec<String> {
    let root = format!("{}/tests/protocols/{folder}", env!("CARGO_MANIFEST_DIR"));
    let names =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(end)).collect();
    names.sort();
    names
}
