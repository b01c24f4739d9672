//! The caller's words that are being answered.

/// What the caller asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Those words that will not change.
    pub finals: String,
    /// Those behind them of which the recogniser was not sure when the answer began; empty where it was.
    pub partial: String,
    /// What the caller typed on the keypad, behind what they said.
    pub typed: String,
}

impl Question {
    /// All of them.
    pub fn text(&self) -> String {
        joined(&joined(&self.finals, &self.partial), &self.typed)
    }
}

/// Two texts with a space between them.
pub fn joined(text: &str, more: &str) -> String {
    let mut text = text.to_owned();
    append(&mut text, more);
    text
}

/// Adds `more` to `text`, with a space between them where there is something on both sides.
pub fn append(text: &mut String, more: &str) {
    if more.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
