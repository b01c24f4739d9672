//! One call: the caller's lines go in, what the receptionist says and calls comes out.

use centralita::{
    base::{
        clock::SetClock,
        ids::{CallSid, TurnId},
    },
    channels::tools::{Later, Means, Toolbox},
    dialogue::{
        agent::{self, Agent},
        event::AnswerEvent,
        message::{Message, ToolCall},
        pieces::Pieces,
        tools::Exchange,
    },
    ports::calendar::{Appointment, Booking, Calendar, CalendarError, Slot, SlotQuery},
    providers::local::brain,
};
use futures_util::future::BoxFuture;
use jiff::{ToSpan, civil::DateTime};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    sync::{Arc, Mutex},
};

/// Saturday, 21 November 2026, 09:30 in Buenos Aires.
const NOW: &str = "2026-11-21T12:30:00Z";

/// The first piece of every answer has at most so many characters: the embedded voice makes a piece as a whole.
const FIRST_PIECE: usize = 30;

/// A book in memory; times may be taken and the book may be away.
#[derive(Debug, Default)]
struct Book {
    agent: Option<Arc<Agent>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    appointments: Vec<Appointment>,
    taken: Vec<DateTime>,
    /// Taken between the look and the booking.
    snatched: Vec<DateTime>,
    away: bool,
}

impl Book {
    fn free_now(&self, query: &SlotQuery) -> Result<Vec<Slot>, CalendarError> {
        let state = self.state.lock().unwrap();
        if state.away {
            return Err(CalendarError::Unavailable("away".into()));
        }
        let clinic = &self.agent.as_ref().unwrap().clinic;
        let specialty = clinic.specialty(&query.specialty).unwrap();
        let starts = query.from.series(1.day()).take_while(|day| *day <= query.to);
        Ok(starts
            .flat_map(|day| clinic.starts(specialty, day))
            .filter(|start| !state.taken.contains(start))
            .filter(|start| !state.appointments.iter().any(|each| each.slot.start == *start))
            .map(|start| Slot {
                specialty: specialty.name.clone(),
                professional: specialty.professionals.first().unwrap().clone(),
                start,
            })
            .collect())
    }

    fn book_now(&self, booking: Booking) -> Result<Appointment, CalendarError> {
        let day = booking.start.date();
        let query = SlotQuery { specialty: booking.specialty.clone(), from: day, to: day, session: None };
        let slots = self.free_now(&query)?;
        let mut state = self.state.lock().unwrap();
        if state.snatched.contains(&booking.start) {
            state.taken.push(booking.start);
            return Err(CalendarError::Taken);
        }
        let slot = slots.into_iter().find(|slot| slot.start == booking.start).ok_or(CalendarError::Taken)?;
        let id = format!("{:06}", state.appointments.len() + 1);
        let Booking { name, document, by, .. } = booking;
        let call = by.session.parse().ok();
        let appointment = Appointment { id, slot, name, document, call };
        state.appointments.push(appointment.clone());
        Ok(appointment)
    }
}

impl Calendar for Book {
    fn free(&self, query: SlotQuery) -> BoxFuture<'_, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async move { self.free_now(&query) })
    }

    fn book(&self, booking: Booking) -> BoxFuture<'_, Result<Appointment, CalendarError>> {
        Box::pin(async move { self.book_now(booking) })
    }

    fn appointments(&self) -> BoxFuture<'_, Result<Vec<Appointment>, CalendarError>> {
        Box::pin(async move { Ok(self.state.lock().unwrap().appointments.clone()) })
    }

    fn forget(&self, _: BTreeSet<CallSid>) -> BoxFuture<'_, Result<u64, CalendarError>> {
        Box::pin(async { Ok(0) })
    }
}

/// A call in progress.
pub(crate) struct Call {
    pub(crate) agent: Arc<Agent>,
    book: Arc<Book>,
    toolbox: Toolbox,
    runtime: tokio::runtime::Runtime,
    turn: TurnId,
    messages: Vec<Message>,
}

impl Call {
    /// The agent has greeted.
    pub(crate) fn begin(name: &str) -> Self {
        let text = fs::read_to_string(format!("prompts/{name}.md")).unwrap();
        let data = fs::read_to_string(format!("prompts/{}", agent::data_name(&text).unwrap())).unwrap();
        let agent = Arc::new(Agent::parse(name, &text, &data).unwrap());
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let system = agent.system_message(&now.to_zoned(agent.zone.clone()), Some("+15550100100"));
        let book = Arc::new(Book { agent: Some(agent.clone()), ..Book::default() });
        let later: Later = Arc::new(|_| Box::pin(async { Ok(()) }));
        let messages = vec![
            Message::System { content: system },
            Message::Assistant { content: agent.opening(9), tool_calls: Vec::new() },
        ];
        Self {
            toolbox: Toolbox::new(
                Means { calendar: book.clone(), clock: Arc::new(SetClock(now)), later, http: None }.tools(),
                Arc::new(drop),
                agent.clone(),
                CallSid::nobody(),
                Some("+15550100100".to_owned()),
            ),
            turn: TurnId::default(),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            agent,
            book,
            messages,
        }
    }

    /// Something happens that nobody says.
    pub(crate) fn event(&mut self, what: &str, detail: &str) {
        match what {
            "taken" => self.book.state.lock().unwrap().taken.push(detail.parse().unwrap()),
            "snatched" => self.book.state.lock().unwrap().snatched.push(detail.parse().unwrap()),
            "book" => self.book.state.lock().unwrap().away = detail == "away",
            "heard only" => self.cut(detail),
            "agent adds" => {
                self.messages.push(Message::Assistant { content: detail.to_owned(), tool_calls: Vec::new() });
            }
            other => panic!("unknown event {other}"),
        }
    }

    /// The caller interrupted: of the agent's last text only `heard` was heard; nothing at all when it is `nothing`.
    fn cut(&mut self, heard: &str) {
        let Some(Message::Assistant { content, tool_calls }) = self.messages.last_mut() else {
            panic!("nothing to cut")
        };
        assert!(heard == "nothing" || content.starts_with(heard), "{content}");
        heard.clone_into(content);
        if heard == "nothing" && tool_calls.is_empty() {
            self.messages.pop();
        }
    }

    /// Of the agent's last text only `letters` letters were heard.
    pub(crate) fn cut_at(&mut self, letters: usize) {
        if let Some(Message::Assistant { content, .. }) = self.messages.last_mut() {
            *content = content.chars().take(letters).collect();
        }
    }

    /// The caller says `text`; returns what the agent says, with its tools in brackets.
    pub(crate) fn says(&mut self, text: &str) -> String {
        // As the transcript does: turns without an answer between them are one.
        if let Some(Message::User { content }) = self.messages.last_mut() {
            content.push(' ');
            content.push_str(text);
        } else {
            self.messages.push(Message::User { content: text.to_owned() });
        }
        let mut told = String::new();
        let exchange = Exchange::of(&self.messages);
        self.turn = self.turn.next();
        for _round in 0..4 {
            let (said, calls) = self.ask();
            told.push_str(&said);
            self.messages.push(Message::Assistant { content: said, tool_calls: calls.clone() });
            if calls.is_empty() {
                return told;
            }
            for call in calls {
                write!(told, " [{} {}] ", call.name, call.arguments).unwrap();
                if call.name == "end_call" {
                    return told.trim().to_owned();
                }
                let reply = self.toolbox.run(self.turn, exchange.clone(), call.clone());
                let reply = self.runtime.block_on(reply);
                self.messages.push(Message::Tool { call_id: call.id, content: reply });
            }
        }
        panic!("the receptionist calls tools for ever: {told}");
    }

    fn ask(&self) -> (String, Vec<ToolCall>) {
        let (mut said, mut calls) = (String::new(), Vec::new());
        let (mut cutter, mut pieces) = (Pieces::default(), Vec::new());
        for event in brain::answer(&self.messages, &self.agent.tools) {
            match event {
                AnswerEvent::Text(text) => {
                    cutter.push(&text, &mut pieces);
                    said.push_str(&text);
                }
                AnswerEvent::ToolCall(call) => calls.push(call),
                AnswerEvent::Working | AnswerEvent::Switched | AnswerEvent::Done { .. } => {}
            }
        }
        assert!(!said.trim().is_empty() || !calls.is_empty(), "the receptionist is silent");
        cutter.finish(&mut pieces);
        let first = pieces.into_iter().next().unwrap_or_default();
        assert!(first.chars().count() <= FIRST_PIECE, "the caller waits while `{first}` is made: {said}");
        (said, calls)
    }
}
