//! Compares what came of a call with what its scenario expects: in the book, in the tools, in what was said.

use super::{
    scenario::{Booked, Ends, Expect},
    text::{digits, holds},
};
use crate::dialogue::{
    spoken::plain,
    tools::{BOOK_APPOINTMENT, END_CALL},
};
use jiff::civil::DateTime;

/// What the caller said and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The caller's words.
    pub caller: String,
    /// The agent's words.
    pub agent: String,
    /// The tools that ran for them: name and arguments.
    pub tools: Vec<(String, String)>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The agent ended it.
    Agent,
    /// The caller hung up.
    Caller,
    /// It was stopped: it would not end.
    Never,
}

/// A call that was held.
#[derive(Clone, Debug)]
pub struct Held {
    /// In their order.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub ended: Ended,
    /// The appointments of the book before and after; those of strangers are left out.
    pub book: [Vec<Booked>; 2],
}

/// What is not as `expect` asks, a line each; empty when all is well.
pub fn judge(expect: &Expect, held: &Held) -> Vec<String> {
    let mut misses = Vec::new();
    in_the_book(expect, held, &mut misses);
    in_the_tools(expect, held, &mut misses);
    in_the_words(expect, held, &mut misses);
    let ended = match (expect.ends, held.ended) {
        (Ends::Agent, Ended::Caller) => Some("the agent did not end the call"),
        (Ends::Caller, Ended::Agent) => Some("the agent ended the call"),
        (_, Ended::Never) => Some("the call did not end"),
        _ => None,
    };
    misses.extend(ended.map(str::to_owned));
    let turns = held.exchanges.len();
    if let Some(most) = expect.max_turns.filter(|most| turns > *most) {
        misses.push(format!("the caller spoke {turns} times, at most {most} were to be"));
    }
    misses
}

fn in_the_book(expect: &Expect, held: &Held, misses: &mut Vec<String>) {
    let [before, after] = &held.book;
    let mut new: Vec<&Booked> = after.iter().filter(|each| !before.iter().any(|old| is(old, each))).collect();
    for wanted in &expect.booked {
        match new.iter().position(|each| is(wanted, each)) {
            Some(place) => drop(new.remove(place)),
            None => misses.push(format!("not booked: {}", told(wanted))),
        }
    }
    misses.extend(new.into_iter().map(|each| format!("booked: {}", told(each))));
    let gone = before.iter().filter(|old| !after.iter().any(|each| is(old, each)));
    let gone: Vec<DateTime> = gone.filter_map(|each| each.start.parse().ok()).collect();
    for start in &expect.cancelled {
        if !gone.contains(start) {
            misses.push(format!("not cancelled: {start}"));
        }
    }
    misses.extend(
        gone.into_iter()
            .filter(|start| !expect.cancelled.contains(start))
            .map(|start| format!("cancelled: {start}")),
    );
}

/// Whether `each` is the appointment `wanted`, of which start, name and document may have several wordings.
fn is(wanted: &Booked, each: &Booked) -> bool {
    let start: Option<DateTime> = each.start.parse().ok();
    let same = |wanted: &str, each: &str| wanted.split('|').any(|wording| plain(wording) == plain(each));
    wanted.start.split('|').any(|wording| wording.parse().ok() == start)
        && same(&wanted.specialty, &each.specialty)
        && same(&wanted.name, &each.name)
        && same(&wanted.document, &each.document)
}

fn told(booked: &Booked) -> String {
    let Booked { specialty, start, name, document } = booked;
    format!("{specialty}, {start}, {name}, {document}")
}

fn in_the_tools(expect: &Expect, held: &Held, misses: &mut Vec<String>) {
    let ran = || held.exchanges.iter().flat_map(|exchange| &exchange.tools);
    for wanted in &expect.called {
        if !ran().any(|(name, _)| wanted.split('|').any(|wording| wording == name)) {
            misses.push(format!("not called: {wanted}"));
        }
    }
    for (name, arguments) in ran() {
        if expect.never_called.contains(name) {
            misses.push(format!("called: {name} {arguments}"));
        }
        let passed = expect.never_passes.iter().filter(|never| passes(arguments, never));
        misses.extend(passed.map(|never| format!("passed {never}: {name} {arguments}")));
    }
    let books = |exchange: &Exchange| exchange.tools.iter().any(|(name, _)| name == BOOK_APPOINTMENT);
    let before = held.exchanges.iter().take_while(|exchange| !books(exchange));
    let read: String = before.map(|exchange| digits(&exchange.agent) + " ").collect();
    for wanted in &expect.reads_back {
        if !read.contains(wanted) || !held.exchanges.iter().any(books) {
            misses.push(format!("not read back: {wanted}"));
        }
    }
}

/// Whether arguments hold `never`, whatever stands between its digits.
fn passes(arguments: &str, never: &str) -> bool {
    let only = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    arguments.contains(never) || only(never).len() >= 3 && only(arguments).contains(&only(never))
}

fn in_the_words(expect: &Expect, held: &Held, misses: &mut Vec<String>) {
    let said = |pattern: &str| held.exchanges.iter().any(|exchange| holds(&exchange.agent, pattern));
    misses.extend(
        expect.says.iter().filter(|wanted| !said(wanted)).map(|wanted| format!("not said: {wanted}")),
    );
    misses.extend(expect.never_says.iter().filter(|never| said(never)).map(|never| format!("said: {never}")));
    for reply in &expect.replies {
        let to = plain(&reply.to);
        let mut answers = held.exchanges.iter().filter(|exchange| plain(&exchange.caller).contains(&to));
        let Some(answer) = answers.next() else {
            misses.push(format!("the caller never said: {}", reply.to));
            continue;
        };
        let right = holds(&answer.agent, &reply.says);
        let wrong = holds(&answer.agent, &reply.never_says);
        if !right || wrong {
            misses.push(format!("“{}” was answered “{}”", answer.caller, answer.agent));
        }
    }
}

impl Held {
    /// The names of the tools that ran, in their order, and how the call ended.
    pub fn tools(&self) -> Vec<&str> {
        let ran = self.exchanges.iter().flat_map(|exchange| &exchange.tools).map(|(name, _)| name.as_str());
        ran.chain((self.ended == Ended::Agent).then_some(END_CALL)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked(start: &str, name: &str) -> Booked {
        let (specialty, document) = ("cardiología".to_owned(), "28400512".to_owned());
        Booked { specialty, start: start.to_owned(), name: name.to_owned(), document }
    }

    fn held(agent: &str, tools: &[(&str, &str)], after: Vec<Booked>) -> Held {
        let tools = tools.iter().map(|(name, given)| ((*name).to_owned(), (*given).to_owned())).collect();
        let read =
            Exchange { caller: "Hola".into(), agent: "Documento dos ocho 400512".into(), tools: vec![] };
        let done = Exchange { caller: "¿Dónde están?".into(), agent: agent.to_owned(), tools };
        let before = vec![booked("2026-11-26T09:00:00", "Luis")];
        Held { exchanges: vec![read, done], ended: Ended::Agent, book: [before, after] }
    }

    fn expect(text: &str) -> Expect {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn nothing_may_change_in_the_book_but_what_is_expected() {
        let old = booked("2026-11-26T09:00:00", "Luis");
        let new = booked("2026-11-26T10:30:00", "ANA PAZ");
        let wanted = r#"booked = [{ specialty = "Cardiologia", start = "2026-11-26T10:30|2026-11-26T11:00", name = "Ana Paz", document = "28400512" }]"#;
        let all_right = held("", &[], vec![old.clone(), new.clone()]);
        assert!(judge(&expect(wanted), &all_right).is_empty());
        assert_eq!(
            judge(&expect(""), &all_right),
            ["booked: cardiología, 2026-11-26T10:30:00, ANA PAZ, 28400512"]
        );
        let gone = held("", &[], vec![new]);
        assert_eq!(judge(&expect(wanted), &gone), ["cancelled: 2026-11-26T09:00:00"]);
        assert!(judge(&expect(&format!("{wanted}\ncancelled = [\"2026-11-26T09:00\"]")), &gone).is_empty());
        let nothing = held("", &[], vec![old]);
        assert_eq!(judge(&expect(wanted), &nothing).len(), 1);
        assert_eq!(judge(&expect("cancelled = [\"2026-11-26T09:00\"]"), &nothing).len(), 1);
    }

    #[test]
    fn tools_and_words_are_looked_at() {
        let old = vec![booked("2026-11-26T09:00:00", "Luis")];
        let call = held("En Corrientes 2450.", &[("transfer_call", r#"{"to":"+1 (900) 555"}"#)], old);
        for (wanted, misses) in [
            ("called = [\"take_message|transfer_call\"]", 0),
            ("called = [\"take_message\"]", 1),
            ("never_called = [\"transfer_call\"]", 1),
            ("never_passes = [\"900555\"]", 1),
            ("never_passes = [\"72\"]", 0),
            ("says = [\"corrientes\"]\nnever_says = [\"rivadavia\"]", 0),
            ("says = [\"rivadavia\"]\nnever_says = [\"2450\"]", 2),
            ("replies = [{ to = \"dónde\", says = \"corrientes\" }]", 0),
            ("replies = [{ to = \"dónde\", says = \"corrientes\", never_says = \"2450\" }]", 1),
            ("reads_back = [\"28400512\"]", 1),
            ("ends = \"caller\"\nmax_turns = 1", 2),
            ("ends = \"any\"\nmax_turns = 2", 0),
        ] {
            assert_eq!(judge(&expect(wanted), &call).len(), misses, "{wanted}");
        }
        let book = held("", &[(BOOK_APPOINTMENT, "{}")], vec![booked("2026-11-26T09:00:00", "Luis")]);
        assert!(judge(&expect("reads_back = [\"28400512\"]"), &book).is_empty());
    }
}
