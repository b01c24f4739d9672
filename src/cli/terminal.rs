//! Text for the person at the terminal. A closed terminal is nobody's error.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

/// A line of the answer, on standard output.
pub(super) fn say(text: impl Display) {
    drop(writeln!(io::stdout().lock(), "{text}"));
}

/// Why there is no answer, on standard error.
pub(super) fn complain(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
