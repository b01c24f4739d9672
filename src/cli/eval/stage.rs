//! Where a conversation in text is held: an agent, a model, an appointment book of its own, a clock that stands still.

use crate::{
    base::{
        clock::SetClock,
        ids::{BadId, CallSid},
    },
    channels::{
        text::{ModelPatience, RunTool, TextSession, Wish},
        voice::tools::Toolbox,
    },
    dialogue::agent::{Agent, tools::BOOK_APPOINTMENT},
    ports::{
        calendar::{Booking, Calendar, CalendarError},
        llm::LanguageModel,
    },
    storage::calendar_file::CalendarFile,
    testbed::eval::{Booked, Caller, Ended, Exchange, Held, Move, Scenario, Standing, Time},
};
use jiff::Zoned;
use std::{
    env, fs, io,
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// A call judges what is answered, not how fast: a model at home may take its time.
const PATIENCE: ModelPatience = ModelPatience { first: Duration::from_mins(1), next: Duration::from_mins(1) };

/// A call that has not ended by then does not end.
const MOST_TURNS: usize = 30;

/// Who takes the places that a scenario wants taken.
const STRANGER: &str = "(taken)";

/// More strangers than a time has places.
const STRANGERS: u32 = 50;

/// Why a call could not be held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The folder of the book can't be made.
    #[error("no appointment book can be made: {0}")]
    Folder(#[from] io::Error),
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
    /// Never: our own identifiers are well-formed.
    #[error(transparent)]
    Id(#[from] BadId),
}

/// A folder that goes when the book in it is not needed any more.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one among the system's temporary files.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("centralita-book-{}-{count}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A throw-away book of the agent's business.
pub fn throw_away(agent: &Arc<Agent>, folder: &Folder) -> Arc<dyn Calendar> {
    let clinic = Arc::clone(&agent.clinic);
    Arc::new(CalendarFile::new(folder.0.join("appointments.json"), Arc::new(move || Arc::clone(&clinic))))
}

/// The tools of one conversation.
struct Stage {
    calendar: Arc<dyn Calendar>,
    toolbox: Toolbox,
    call: CallSid,
    taken_meanwhile: Vec<Time>,
    /// Done once.
    taken: AtomicBool,
}

impl Stage {
    async fn run(&self, wish: Wish) -> String {
        if wish.call.name == BOOK_APPOINTMENT && !self.taken.swap(true, Ordering::Relaxed) {
            for time in &self.taken_meanwhile {
                if let Err(error) = take(&*self.calendar, time).await {
                    return format!("\"{error}\"");
                }
            }
        }
        self.toolbox.run(self.call.clone(), wish.call).await
    }
}

/// Holds the call of `scenario` with `agent`, who thinks with `model`.
///
/// # Errors
/// When there is no book, or it does not take what the scenario puts into it.
pub async fn hold(
    agent: &Arc<Agent>,
    model: &Arc<dyn LanguageModel>,
    scenario: &Scenario,
) -> Result<Held, StageError> {
    let folder = Folder::new()?;
    let calendar = throw_away(agent, &folder);
    let now = scenario.now.to_zoned(agent.zone.clone())?;
    furnish(&*calendar, scenario).await?;
    let before = standing(&*calendar).await?;
    let stage = Arc::new(Stage {
        calendar: Arc::clone(&calendar),
        toolbox: Toolbox::new(Arc::clone(agent), Arc::clone(&calendar), Arc::new(SetClock(now.timestamp()))),
        call: call(0)?,
        taken_meanwhile: scenario.taken_meanwhile.clone(),
        taken: AtomicBool::new(false),
    });
    let run: RunTool = Arc::new(move |wish| {
        let stage = Arc::clone(&stage);
        Box::pin(async move { stage.run(wish).await })
    });
    let mut session =
        TextSession::new(agent, &now, Some(&scenario.caller), Arc::clone(model), run).with_patience(PATIENCE);
    session.opens(&opening(agent, &now));
    let mut caller = Caller::new(scenario, agent.language);
    let (exchanges, ended) = talk(&mut session, &mut caller).await;
    let after = standing(&*calendar).await?;
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

/// Puts into the book what stands in it before the call.
async fn furnish(calendar: &dyn Calendar, scenario: &Scenario) -> Result<(), StageError> {
    for (number, Standing { specialty, start, name, document, .. }) in (1..).zip(&scenario.book) {
        let booking = Booking {
            specialty: specialty.clone(),
            start: *start,
            name: name.clone(),
            document: document.clone(),
            call: call(number)?,
        };
        let what = format!("{specialty}, {start}");
        calendar.book(booking).await.map_err(|source| StageError::Book { what, source })?;
    }
    for time in &scenario.taken {
        take(calendar, time).await?;
    }
    Ok(())
}

/// Takes all places of a time; there must have been one.
async fn take(calendar: &dyn Calendar, Time { specialty, start }: &Time) -> Result<(), StageError> {
    for stranger in 0..STRANGERS {
        let booking = Booking {
            specialty: specialty.clone(),
            start: *start,
            name: STRANGER.to_owned(),
            document: format!("9990{stranger:04}"),
            call: call(1_000 + stranger)?,
        };
        match calendar.book(booking).await {
            Ok(_) => {}
            Err(CalendarError::Taken) if stranger > 0 => return Ok(()),
            Err(source) => return Err(StageError::Book { what: format!("{specialty}, {start}"), source }),
        }
    }
    Ok(())
}

fn call(number: u32) -> Result<CallSid, BadId> {
    format!("CA{number:032}").parse()
}

/// The appointments of the book, without those of strangers.
async fn standing(calendar: &dyn Calendar) -> Result<Vec<Booked>, StageError> {
    let all = calendar.appointments().await;
    let all = all.map_err(|source| StageError::Book { what: "to be read".to_owned(), source })?;
    let ours = all.into_iter().filter(|each| each.name != STRANGER);
    let told = ours.map(|each| Booked {
        specialty: each.slot.specialty,
        start: each.slot.start.to_string(),
        name: each.name,
        document: each.document,
    });
    Ok(told.collect())
}
