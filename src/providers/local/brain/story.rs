//! Where the conversation stands, derived from its messages alone.

use super::{
    asks::{self, Ask},
    slots::{self, Lookup, Query, Slot},
    turn::{self, Turn},
    world::World,
};
use crate::dialogue::{
    message::{Message, ToolCall},
    spoken::hear::{Part, hour::Hour},
    tools::{BOOK_APPOINTMENT, FIND_SLOTS, NOT_CONFIRMED},
};
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_json::Value;

/// What the caller has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The index of the specialty.
    pub specialty: Option<usize>,
    /// The day.
    pub day: Option<Date>,
    /// The hour.
    pub hour: Option<Hour>,
    /// The part of the day.
    pub part: Option<Part>,
    /// Whatever is first.
    pub soonest: bool,
    /// The patient's name.
    pub name: Option<String>,
    /// The name is complete although it is a single word.
    pub one_name: bool,
    /// The patient's document.
    pub document: Option<String>,
}

impl Facts {
    /// Forgets when, and keeps who.
    pub fn forget_visit(&mut self) {
        self.specialty = None;
        self.forget_when();
    }

    /// Forgets day and hour.
    pub fn forget_when(&mut self) {
        (self.day, self.hour, self.part, self.soonest) = (None, None, None, false);
    }

    /// Whether the name is a single word that may be only the first name.
    pub fn needs_surname(&self) -> bool {
        !self.one_name && self.name.as_ref().is_some_and(|name| !name.contains(' '))
    }

    /// Whether anything was said about when.
    pub fn says_when(&self) -> bool {
        self.day.is_some() || self.hour.is_some() || self.part.is_some() || self.soonest
    }
}

/// An appointment as `book_appointment` told it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Booked {
    /// The specialty's name.
    pub specialty: String,
    /// With whom.
    #[serde(default)]
    pub professional: String,
    /// When.
    pub start: DateTime,
}

/// What the last message was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Last {
    /// There is none yet, or the agent spoke last.
    #[default]
    Nothing,
    /// The caller spoke.
    Caller,
    /// `find_slots` answered.
    Found,
    /// `book_appointment` booked.
    Booked,
    /// `book_appointment` refused, with this word.
    NotBooked(String),
    /// Another tool answered.
    OtherTool,
}

/// The conversation so far.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// What does not change.
    pub world: World,
    /// What the caller told.
    pub facts: Facts,
    /// An appointment is being made.
    pub booking: bool,
    /// The last answer of `find_slots`.
    pub lookup: Option<Lookup>,
    /// What was read back to the caller.
    pub read_back: Option<Facts>,
    /// What was booked in this call.
    pub booked: Vec<Booked>,
    /// What the agent asked since the caller last spoke, as far as it was heard.
    pub asked: Option<Ask>,
    /// Turns in a row of which nothing was understood.
    pub misses: u32,
    /// What the caller said last.
    pub turn: Turn,
    /// The digits of a document that is not complete.
    pub digits: String,
    /// What the last message was.
    pub last: Last,
    /// What the agent has said, text by text, as far as it was heard.
    pub said: Vec<String>,
    calls: Vec<ToolCall>,
}

impl Story {
    /// Reads the conversation.
    pub fn new(world: World, messages: &[Message]) -> Self {
        let mut story = Self { world, ..Self::default() };
        for message in messages {
            match message {
                Message::System { .. } => {}
                Message::User { content } => {
                    // A book that did not answer is asked again.
                    story.lookup = story.lookup.take().filter(|lookup| lookup.error.is_none());
                    turn::hear(&mut story, content);
                    story.asked = None;
                    story.last = Last::Caller;
                }
                Message::Assistant { content, tool_calls } => story.agent(content, tool_calls),
                Message::Tool { call_id, content } => story.tool(call_id, content),
            }
        }
        story
    }

    /// The agent's last text, as far as it was heard.
    pub fn last_said(&self) -> &str {
        self.said.last().map_or("", String::as_str)
    }

    /// How many tools were called so far.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// What the caller is expected to answer: what was asked, or else what is missing.
    pub fn expects(&self) -> Option<Ask> {
        self.asked.or_else(|| if self.booking { Some(self.missing()) } else { None })
    }

    /// What the appointment still needs.
    pub fn missing(&self) -> Ask {
        if self.facts.specialty.is_none() {
            Ask::Specialty
        } else if self.slot().is_none() {
            Ask::When
        } else if self.facts.name.is_none() {
            Ask::Name
        } else if self.facts.needs_surname() {
            Ask::Surname
        } else if self.facts.document.is_none() {
            Ask::Document
        } else {
            Ask::Confirm
        }
    }

    /// The free time that day and hour mean, once the tool has told it.
    pub fn slot(&self) -> Option<&Slot> {
        let lookup = self.lookup.as_ref()?;
        if Some(lookup.query.specialty) != self.facts.specialty {
            return None;
        }
        lookup.find(self.facts.day, self.facts.hour?, self.facts.part)
    }

    /// The times that were offered, or are to be.
    pub fn offer(&self) -> Vec<Slot> {
        match (&self.lookup, self.slot()) {
            (Some(lookup), None)
                if Some(lookup.query.specialty) == self.facts.specialty && self.covered() =>
            {
                lookup.offer(self.facts.hour, self.facts.part).into_iter().cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What `find_slots` should be asked now; `None` without a specialty.
    pub fn query(&self) -> Option<Query> {
        Some(Query { specialty: self.facts.specialty?, day: self.facts.day, part: self.facts.part })
    }

    /// Whether `find_slots` has answered what should be asked.
    pub fn covered(&self) -> bool {
        match (&self.lookup, self.query()) {
            (Some(lookup), Some(query)) => lookup.covers(&query),
            _ => false,
        }
    }

    fn agent(&mut self, text: &str, calls: &[ToolCall]) {
        if let Some(ask) = asks::recognise(text, self.world.language) {
            self.asked = Some(ask);
        }
        if asks::is_read_back(text, self.world.language) {
            self.read_back = Some(self.facts.clone());
        }
        if !text.trim().is_empty() {
            self.said.push(text.to_owned());
        }
        self.calls.extend_from_slice(calls);
        self.last = Last::Nothing;
    }

    fn tool(&mut self, id: &str, reply: &str) {
        let Some(call) = self.calls.iter().rev().find(|call| call.id == id).cloned() else { return };
        self.last = match call.name.as_str() {
            FIND_SLOTS => {
                self.lookup = self.query_of(&call).and_then(|query| Lookup::read(query, reply));
                Last::Found
            }
            BOOK_APPOINTMENT => self.booking_replied(reply),
            _ => Last::OtherTool,
        };
    }

    fn booking_replied(&mut self, reply: &str) -> Last {
        let value: Value = serde_json::from_str(reply).unwrap_or_default();
        if value.get("status").is_some() {
            return Last::OtherTool;
        }
        if let Ok(booked) = serde_json::from_value::<Booked>(value.clone()) {
            if !self.booked.contains(&booked) {
                self.booked.push(booked);
            }
            self.booking = false;
            (self.lookup, self.read_back) = (None, None);
            self.facts.forget_visit();
            return Last::Booked;
        }
        let error = value.get("error").and_then(Value::as_str).unwrap_or("unreadable");
        match error {
            "taken" | "start_is_past" | "bad_start" => {
                let query = Query {
                    part: None,
                    ..self.query().unwrap_or(Query { specialty: 0, day: None, part: None })
                };
                self.facts.part = None;
                self.lookup = Lookup::read(query, reply).map(|lookup| Lookup { error: None, ..lookup });
                self.read_back = None;
            }
            "bad_name" => (self.facts.name, self.facts.one_name) = (None, false),
            "bad_document" => self.facts.document = None,
            NOT_CONFIRMED => self.read_back = None,
            _ => {}
        }
        Last::NotBooked(error.to_owned())
    }

    /// The question that a call of `find_slots` asked.
    fn query_of(&self, call: &ToolCall) -> Option<Query> {
        let arguments: Value = serde_json::from_str(&call.arguments).ok()?;
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        let specialty = self.world.clinic.specialty(text("specialty")?)?;
        let index = self.world.clinic.specialties.iter().position(|each| each.name == specialty.name)?;
        let parts = [Part::Morning, Part::Afternoon, Part::Evening];
        Some(Query {
            specialty: index,
            day: text("day").and_then(|day| day.parse().ok()),
            part: parts.into_iter().find(|part| Some(slots::argument(*part)) == text("part_of_day")),
        })
    }
}
