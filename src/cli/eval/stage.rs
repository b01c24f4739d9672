//! Where a conversation in text is held: an agent, a model, an appointment book in memory, a clock that stands still.

use crate::{
    base::{
        clock::{SetClock, WallClock},
        ids::CallSid,
    },
    channels::{
        text::{ModelPatience, RunTool, TextSession},
        tools::{Later, Means, Toolbox},
    },
    dialogue::agent::Agent,
    ports::{
        calendar::{Booking, Calendar, CalendarError, Subject},
        llm::LanguageModel,
    },
    testbed::eval::{Book, Booked, Caller, Ended, Exchange, Held, Move, Scenario, Standing},
};
use jiff::Zoned;
use std::{sync::Arc, time::Duration};

/// A call judges what is answered, not how fast: a model at home may take its time.
const PATIENCE: ModelPatience = ModelPatience { first: Duration::from_mins(1), next: Duration::from_mins(1) };

/// A call that has not ended by then does not end.
const MOST_TURNS: usize = 30;

/// The number of everybody else whose appointments stand in the book.
const OTHERS: &str = "+5491155599999";

/// Why a call could not be held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The book refused what the scenario puts into it.
    #[error("the appointment book refused {what}: {source}")]
    Book {
        /// What was to stand in it.
        what: String,
        /// Why it does not.
        source: CalendarError,
    },
    /// The moment of the scenario does not exist in the agent's zone.
    #[error("there is no such moment: {0}")]
    Moment(#[from] jiff::Error),
}

/// What runs the tools of one conversation on that book. What they leave for later is left undone: nobody reads the messages of a
/// conversation that is only tried.
pub fn tools(
    agent: &Arc<Agent>,
    calendar: Arc<dyn Calendar>,
    clock: Arc<dyn WallClock>,
    call: CallSid,
    caller: Option<String>,
) -> RunTool {
    let later: Later = Arc::new(|_| Box::pin(async { Ok(()) }));
    let tools = Means { calendar, clock, later, http: None }.tools();
    let toolbox = Arc::new(Toolbox::new(tools, Arc::new(drop), Arc::clone(agent), call, caller));
    Arc::new(move |wish| {
        let toolbox = Arc::clone(&toolbox);
        Box::pin(async move { toolbox.run(wish.turn, wish.exchange, wish.call).await })
    })
}

/// Holds the call of `scenario` with `agent`, who thinks with `model`.
///
/// # Errors
/// When the book does not take what the scenario puts into it, or its moment does not exist.
pub async fn hold(
    agent: &Arc<Agent>,
    model: &Arc<dyn LanguageModel>,
    scenario: &Scenario,
) -> Result<Held, StageError> {
    let now = scenario.now.to_zoned(agent.zone.clone())?;
    let clock: Arc<dyn WallClock> = Arc::new(SetClock(now.timestamp()));
    let book = Arc::new(Book::new(Arc::clone(agent), Arc::clone(&clock)));
    furnish(&book, scenario).await?;
    let before = standing(&book).await?;
    let caller = Some(scenario.caller.clone());
    let run = tools(agent, Arc::clone(&book) as Arc<dyn Calendar>, clock, CallSid::nobody(), caller);
    let mut session =
        TextSession::new(agent, &now, Some(&scenario.caller), Arc::clone(model), run).with_patience(PATIENCE);
    session.opens(&opening(agent, &now));
    let mut caller = Caller::new(scenario, agent.language);
    let (exchanges, ended) = talk(&mut session, &mut caller).await;
    let after = standing(&book).await?;
    Ok(Held { exchanges, ended, book: [before, after] })
}

/// The agent's first sentence at that moment.
pub fn opening(agent: &Agent, now: &Zoned) -> String {
    agent.opening(now.with_time_zone(agent.zone.clone()).hour())
}

async fn talk(session: &mut TextSession, caller: &mut Caller<'_>) -> (Vec<Exchange>, Ended) {
    let mut exchanges = Vec::new();
    let mut line = caller.opens();
    while exchanges.len() < MOST_TURNS {
        let turn = session.says(&line).await;
        let ran = turn.ran.into_iter().map(|ran| (ran.name, ran.arguments)).collect();
        exchanges.push(Exchange { caller: line, agent: turn.reply.text.clone(), tools: ran });
        if turn.reply.ends {
            return (exchanges, Ended::Agent);
        }
        match caller.hears(&turn.reply.text) {
            Move::Say(next) => line = next,
            Move::HangUp => return (exchanges, Ended::Caller),
        }
    }
    (exchanges, Ended::Never)
}

/// Puts into the book what stands in it before the call, and what strangers take.
async fn furnish(book: &Book, scenario: &Scenario) -> Result<(), StageError> {
    let refused = |what: String| move |source| StageError::Book { what, source };
    for (number, Standing { specialty, start, name, document, of_caller }) in (1..).zip(&scenario.book) {
        let phone = if *of_caller { scenario.caller.as_str() } else { OTHERS };
        let booking = Booking {
            key: format!("before-{number}"),
            specialty: specialty.clone(),
            start: *start,
            name: name.clone(),
            document: document.clone(),
            by: Subject { session: format!("before-{number}"), phone: Some(phone.to_owned()) },
        };
        book.book(booking).await.map_err(refused(format!("{specialty}, {start}")))?;
    }
    for time in &scenario.taken {
        book.take(time).map_err(refused(format!("{}, {}", time.specialty, time.start)))?;
    }
    book.take_meanwhile(&scenario.taken_meanwhile).map_err(refused("a time to be taken".to_owned()))
}

async fn standing(book: &Book) -> Result<Vec<Booked>, StageError> {
    let all = book.appointments().await;
    let all = all.map_err(|source| StageError::Book { what: "to be read".to_owned(), source })?;
    let told = all.into_iter().map(|each| Booked {
        specialty: each.slot.specialty,
        start: each.slot.start.to_string(),
        name: each.name,
        document: each.document,
    });
    Ok(told.collect())
}
