//! What a trial found, as one line.

use crate::cli::terminal::say;
use std::fmt::Display;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Ok,
    /// It works, or will, but not as well as it could.
    Warn,
    /// Calls will fail until it is mended.
    Fail,
}

/// What was found, and how to mend it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    what: &'static str,
    pub(super) verdict: Verdict,
    text: String,
}

impl Finding {
    pub(super) fn ok(what: &'static str, text: impl Display) -> Self {
        Self { what, verdict: Verdict::Ok, text: text.to_string() }
    }

    pub(super) fn warn(what: &'static str, text: impl Display, remedy: impl Display) -> Self {
        Self { what, verdict: Verdict::Warn, text: format!("{text}: {remedy}") }
    }

    pub(super) fn fail(what: &'static str, text: impl Display, remedy: impl Display) -> Self {
        Self { what, verdict: Verdict::Fail, text: format!("{text}: {remedy}") }
    }

    /// Prints it, on one line whatever others have said in it.
    pub(super) fn tell(&self) {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        let text: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        say(format!("{verdict:<4}  {:<10}  {text}", self.what));
    }
}
