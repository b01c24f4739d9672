//! Whole telephone conversations with the embedded receptionist, in text: both sides in memory, on a fixed morning.
//!
//! In all of them, the first piece of every answer must be short: the caller waits while it is made.
//!
//! The stories stand in `*.txt` beside this file; `CENTRALITA_BLESS=1` writes what the receptionist answers now.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod call;
mod never;

use call::Call;
use std::{fmt::Write as _, fs, path::Path};

fn replay(file: &str) {
    let path = Path::new("tests/receptionist").join(file);
    let written = fs::read_to_string(&path).unwrap();
    let mut told = String::new();
    let mut call: Option<Call> = None;
    for line in written.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            writeln!(told, "{}# {title}", if call.is_some() { "\n" } else { "" }).unwrap();
            call = None;
        } else if let Some(agent) = line.strip_prefix("agent: ") {
            writeln!(told, "agent: {agent}").unwrap();
            call = Some(Call::begin(agent));
        } else if let Some((command, rest)) = line.split_once(": ").filter(|_| line.starts_with("* ")) {
            writeln!(told, "{line}").unwrap();
            call.as_mut().unwrap().event(command.trim_start_matches("* "), rest);
        } else if let Some(said) = line.strip_prefix("> ") {
            let answer = call.as_mut().unwrap().says(said);
            writeln!(told, "> {said}\n{answer}").unwrap();
        }
    }
    if bless() {
        fs::write(&path, &told).unwrap();
        return;
    }
    for (number, (now, then)) in told.lines().zip(written.lines()).enumerate() {
        assert_eq!(now, then, "{}:{}", path.display(), number + 1);
    }
    assert_eq!(told.lines().count(), written.lines().count(), "{}", path.display());
}

#[expect(clippy::disallowed_methods, reason = "the switch that rewrites the stories is for people")]
fn bless() -> bool {
    std::env::var("CENTRALITA_BLESS").is_ok()
}

#[test]
fn stories_in_spanish() {
    replay("clinica.txt");
}

#[test]
fn stories_of_trouble_in_spanish() {
    replay("trouble.txt");
}

#[test]
fn stories_in_english() {
    replay("clinic-en.txt");
}

#[test]
fn stories_of_another_clinic() {
    replay("dental.txt");
}
