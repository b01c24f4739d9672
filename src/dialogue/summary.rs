//! What is known of a call that is over: for whoever sums it up, and in plain words where nobody does.

use super::{
    message::Message,
    record::Entry,
    tools::{BOOK_APPOINTMENT, CANCEL_APPOINTMENT, MOVE_APPOINTMENT, NOT_CONFIRMED},
};
use crate::base::language::Language;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Letters of the caller's own words that are quoted.
const LONGEST_QUOTE: usize = 160;
/// Among so many of the caller's first turns is the one that says what they want.
const FIRST: usize = 3;
/// What opens and ends a block of data in a system message.
const FENCE: [&str; 2] = ["```json\n", "```"];

/// The facts of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The language to write in.
    pub language: Language,
    /// The business that was called.
    pub business: String,
    /// The caller's number; empty where it is not known.
    pub caller: String,
    /// When it began, in the business's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<DateTime>,
    /// How long it lasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// How it ended: one of our words, such as `goodbye`, or the network's.
    pub outcome: String,
    /// How often the caller spoke.
    pub turns: usize,
    /// What the caller said near the beginning.
    pub said: String,
    /// Tools that refused or failed, each with its reason.
    pub failed: Vec<String>,
    /// What was booked.
    pub booked: Vec<Booked>,
    /// What was moved, and where to.
    #[serde(default)]
    pub moved: Vec<Booked>,
    /// What was cancelled.
    #[serde(default)]
    pub cancelled: Vec<Booked>,
}

/// An appointment that was made, moved or cancelled in the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// For what.
    pub specialty: String,
    /// With whom.
    #[serde(default)]
    pub professional: String,
    /// When, in the business's zone.
    pub start: DateTime,
    /// For whom.
    #[serde(default)]
    pub name: String,
}

#[derive(Serialize, Deserialize)]
struct Block {
    summary: Facts,
}

impl Facts {
    /// Takes in what was said and done.
    pub fn learn(&mut self, entries: &[Entry]) {
        let said = said(entries);
        self.turns = said.len();
        let longest = said.iter().take(FIRST).max_by_key(|text| text.chars().count());
        let quote = longest.map(|text| shortened(text, LONGEST_QUOTE)).unwrap_or_default();
        quote.trim_end_matches('.').clone_into(&mut self.said);
        for entry in entries {
            let Entry::Tool { name, reply, .. } = entry else { continue };
            let reply: Value = serde_json::from_str(reply).unwrap_or_default();
            if let Some(error) = reply.get("error").and_then(Value::as_str) {
                // That the caller was asked first is no failure.
                if error != NOT_CONFIRMED {
                    self.failed.push(format!("{name} ({error})"));
                }
            } else if let Some(done) = self.done_by(name)
                && let Ok(appointment) = serde_json::from_value(reply)
                && !done.contains(&appointment)
            {
                done.push(appointment);
            }
        }
        self.failed.dedup();
    }

    fn done_by(&mut self, tool: &str) -> Option<&mut Vec<Booked>> {
        match tool {
            BOOK_APPOINTMENT => Some(&mut self.booked),
            MOVE_APPOINTMENT => Some(&mut self.moved),
            CANCEL_APPOINTMENT => Some(&mut self.cancelled),
            _ => None,
        }
    }

    /// What became of each appointment, in these words.
    fn appointments<'f>(&'f self, words: [&'f str; 3]) -> impl Iterator<Item = (&'f str, &'f Booked)> {
        let done = words.into_iter().zip([&self.booked, &self.moved, &self.cancelled]);
        done.flat_map(|(word, each)| each.iter().map(move |appointment| (word, appointment)))
    }

    /// The facts as a block of a system message.
    pub fn block(&self) -> String {
        let [open, end] = FENCE;
        let block = serde_json::to_string_pretty(&Block { summary: self.clone() }).unwrap_or_default();
        format!("{open}{}\n{end}\n", block.replace(end, "'''"))
    }

    /// The facts that a conversation asks to be summed up; `None` where it is about something else.
    pub fn asked(messages: &[Message]) -> Option<Self> {
        let [open, end] = FENCE;
        let Message::System { content } = messages.first()? else { return None };
        let (block, _) = content.split_once(open)?.1.split_once(end)?;
        serde_json::from_str::<Block>(block).ok().map(|block| block.summary)
    }

    /// The facts in plain words, for the staff.
    pub fn plain(&self) -> String {
        match self.language {
            Language::Es => self.in_spanish(),
            Language::En => self.in_english(),
        }
    }

    fn in_spanish(&self) -> String {
        let who = match &self.caller[..] {
            "" => "Llamada de un número desconocido".to_owned(),
            caller => format!("Llamada de {caller}"),
        };
        let when = self.began.map(|at| at.strftime("%d/%m/%Y a las %H:%M").to_string()).unwrap_or_default();
        let parts =
            [with(" a ", &self.business), with(" el ", &when), with("; duró ", &self.lasted())].concat();
        let mut told = vec![format!("{who}{parts}.")];
        let end = match &self.outcome[..] {
            "goodbye" => "Terminó con una despedida.",
            "caller_left" => "La persona colgó.",
            "silence" => "Terminó porque la persona ya no dijo nada.",
            "too_long" => "Llegó a la duración máxima.",
            "trouble" => "Se cortó por un problema técnico.",
            "asked" => "La terminó el personal, o el servidor al cerrarse.",
            "network" | "lost" => "Se perdió la conexión con la red telefónica.",
            _ => "No consta cómo terminó.",
        };
        told.push(end.to_owned());
        let words = ["Quedó reservado", "Se cambió", "Se canceló"];
        for (done, Booked { specialty, professional, start, name }) in self.appointments(words) {
            let at = start.strftime("%d/%m/%Y a las %H:%M");
            let (whom, name) = (with(" con ", professional), with(", a nombre de ", name));
            told.push(format!("{done}: {specialty}{whom}, el {at}{name}."));
        }
        if self.appointments(words).next().is_none() {
            told.push("No se reservó nada.".to_owned());
        }
        if !self.failed.is_empty() {
            told.push(format!("No se pudo: {}.", self.failed.join(", ")));
        }
        told.push(match self.turns {
            0 => "La persona no dijo nada.".to_owned(),
            1 => format!("La persona habló una vez: «{}».", self.said),
            turns => format!("La persona habló {turns} veces; al comienzo dijo: «{}».", self.said),
        });
        told.join(" ")
    }

    fn in_english(&self) -> String {
        let who = match &self.caller[..] {
            "" => "Call from an unknown number".to_owned(),
            caller => format!("Call from {caller}"),
        };
        let when = self.began.map(|at| at.strftime("%Y-%m-%d at %H:%M").to_string()).unwrap_or_default();
        let parts = [with(" to ", &self.business), with(" on ", &when), with("; it lasted ", &self.lasted())]
            .concat();
        let mut told = vec![format!("{who}{parts}.")];
        let end = match &self.outcome[..] {
            "goodbye" => "It ended with a goodbye.",
            "caller_left" => "The caller hung up.",
            "silence" => "It ended because the caller said nothing any more.",
            "too_long" => "It reached the longest time allowed.",
            "trouble" => "It was cut by a technical problem.",
            "asked" => "The staff ended it, or the server when it was stopped.",
            "network" | "lost" => "The connection to the telephone network was lost.",
            _ => "How it ended is not known.",
        };
        told.push(end.to_owned());
        let words = ["Booked", "Moved", "Cancelled"];
        for (done, Booked { specialty, professional, start, name }) in self.appointments(words) {
            let at = start.strftime("%Y-%m-%d at %H:%M");
            let (whom, name) = (with(" with ", professional), with(", for ", name));
            told.push(format!("{done}: {specialty}{whom}, {at}{name}."));
        }
        if self.appointments(words).next().is_none() {
            told.push("Nothing was booked.".to_owned());
        }
        if !self.failed.is_empty() {
            told.push(format!("Not done: {}.", self.failed.join(", ")));
        }
        told.push(match self.turns {
            0 => "The caller said nothing.".to_owned(),
            1 => format!("The caller spoke once: “{}”.", self.said),
            turns => {
                format!("The caller spoke {turns} times; near the beginning they said: “{}”.", self.said)
            }
        });
        told.join(" ")
    }

    fn lasted(&self) -> String {
        match self.seconds {
            None => String::new(),
            Some(seconds) if seconds < 60 => format!("{seconds} s"),
            Some(seconds) => format!("{} min {} s", seconds / 60, seconds % 60),
        }
    }
}

/// A part that may be missing, with what leads to it.
fn with(lead: &str, part: &str) -> String {
    if part.is_empty() { String::new() } else { format!("{lead}{part}") }
}

/// What the caller said, turn by turn, as it was understood in the end.
fn said(entries: &[Entry]) -> Vec<&str> {
    let mut said: Vec<&str> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Caller { text, .. } => said.push(text),
            Entry::Amended { text, .. } => {
                said.pop();
                said.push(text);
            }
            _ => {}
        }
    }
    said.retain(|text| !text.trim().is_empty());
    said
}

/// The conversation line by line, as a model reads it, of at most so many letters: where it is longer its middle is left out.
pub fn transcript(entries: &[Entry], longest: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Caller { text, .. } => lines.push(format!("Caller: {text}")),
            Entry::Amended { text, .. } => {
                if let Some(place) = lines.iter().rposition(|line| line.starts_with("Caller: ")) {
                    lines.remove(place);
                }
                lines.push(format!("Caller: {text}"));
            }
            Entry::Agent { heard, interrupted, .. } if !heard.is_empty() => {
                let cut = if *interrupted { " [interrupted]" } else { "" };
                lines.push(format!("Agent: {heard}{cut}"));
            }
            Entry::Clip { text, .. } if !text.is_empty() => lines.push(format!("Agent: {text}")),
            Entry::Tool { name, arguments, reply, .. } => {
                lines.push(format!("Tool: {name} {arguments} -> {reply}"));
            }
            Entry::Digit { digit, .. } => lines.push(format!("Caller pressed: {digit}")),
            _ => {}
        }
    }
    let text = lines.join("\n");
    let count = text.chars().count();
    if count <= longest {
        return text;
    }
    // How a call began matters, and how it ended matters more.
    let head = longest / 3;
    let mut short: String = text.chars().take(head).collect();
    short.push_str("\n[...]\n");
    short.extend(text.chars().skip(count - (longest - head)));
    short
}

/// A text for people of at most so many letters, ended behind a sentence where there is one: single blanks, no control characters.
pub fn shortened(text: &str, longest: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let text = words.join(" ");
    if text.chars().count() <= longest {
        return text;
    }
    let mut cut: String = text.chars().take(longest).collect();
    match cut.rfind(['.', '!', '?']) {
        Some(end) if end > cut.len() / 2 => cut.truncate(end + 1),
        _ => {
            cut.truncate(cut.rfind(' ').unwrap_or(cut.len()));
            cut.push('…');
        }
    }
    cut
}

#[cfg(test)]
mod tests;
