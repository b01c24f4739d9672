//! Calls by turns: the telephone network listens and speaks by itself and asks us what to say (Twilio's `<Gather>` and `<Say>`).
//!
//! For agents whose file says `turns = true`, and where no media stream is of use. The conversation, its tools and its record are the
//! same as on a stream; only nobody can be interrupted. Each request has a number and one answer, however often it is made; an answer
//! that takes long is covered by a phrase behind which the network asks again.

mod scribe;
mod talk;

use crate::{
    base::{
        clock::{self, WallClock},
        ids::CallSid,
    },
    channels::{
        ledger::Ledger,
        tools::Tools,
        voice::{calls::CallSummary, record},
    },
    dialogue::{agent::Agent, message::Message, phrases, record::Clip, turns::Heard},
    ports::{
        carrier::Arrival,
        llm::LanguageModel,
        store::{
            MAIN_WORKSPACE, Owner, SharedStore, StoreError, Stored,
            calls::{HANDED_OVER, NewCall},
        },
    },
};
use dashmap::DashMap;
use serde::Deserialize;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use talk::Talk;
use tokio::time::timeout;

/// How long a request waits for the agent: with the way to the network and its voice's first sound the caller is in silence for less
/// than 4 s (reliability LB3).
pub const WITHIN: Duration = Duration::from_millis(3_200);

/// How long a call that this process does not know waits for what was said before; the caller hears silence meanwhile.
pub const RECALL: Duration = Duration::from_secs(2);

/// How long the last answer of a call that is over can be had again.
const ENDINGS_KEPT: Duration = Duration::from_mins(5);

/// No sentence and no answer to it take so long: the caller hung up, and nobody told us.
const FORSAKEN: Duration = Duration::from_mins(10);

/// How long another process may take to bring a call back that was handed over, before it is summed up.
const MAY_COME_BACK: Duration = Duration::from_mins(2);

/// Which calls are held by turns, besides those of agents that ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByTurns {
    /// None.
    WhereAsked,
    /// Those whose recogniser or voice fails before the caller was answered.
    InTrouble,
    /// All.
    Always,
}

/// Who works in calls by turns.
pub struct Crew {
    /// The language model.
    pub model: Arc<dyn LanguageModel>,
    /// What it may have done.
    pub tools: Tools,
    /// Calendar time.
    pub clock: Arc<dyn WallClock>,
    /// Where records are.
    pub store: SharedStore,
    /// Where they are written.
    pub ledger: Ledger,
    /// Who this process is.
    pub owner: Owner,
    /// How long a request waits for what was said before; see [`RECALL`].
    pub recall: Duration,
    /// Which calls are held so.
    pub which: ByTurns,
    /// How long a request waits for the agent; [`WITHIN`].
    pub within: Duration,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("model", &self.model.name()).finish_non_exhaustive()
    }
}

/// What the network asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Under which epoch it was told to ask.
    pub epoch: i64,
    /// Which request of the call this is, from 1; 0 is the one with which the call arrived.
    pub number: u32,
    /// The caller was only told to wait.
    pub waits: bool,
}

/// What the caller is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// This; then we listen.
    Asks(String),
    /// This; then the network asks again at once.
    Holds(String),
    /// This; then the call ends.
    Ends(String),
    /// Nothing more: the call is over.
    IsOver,
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who speaks.
    pub agent: Arc<Agent>,
    /// The epoch and the number of the next request.
    pub next: (i64, u32),
    /// What.
    pub said: Said,
}

/// The calls by turns of this process.
#[derive(Debug)]
pub struct Turns {
    crew: Arc<Crew>,
    live: DashMap<CallSid, Arc<Talk>>,
    /// One call at a time is taken over: of two requests that are the same, the second one finds what the first one took.
    taking: tokio::sync::Mutex<()>,
}

impl Turns {
    /// No call yet.
    pub fn new(crew: Crew) -> Self {
        Self { crew: Arc::new(crew), live: DashMap::new(), taking: tokio::sync::Mutex::default() }
    }

    /// Whether calls of this agent are held so.
    pub fn answers(&self, agent: &Agent) -> bool {
        self.crew.which == ByTurns::Always || agent.turns
    }

    /// Whether calls go on so whose media stream is of no use from the beginning.
    pub fn stand_in(&self) -> bool {
        self.crew.which != ByTurns::WhereAsked
    }

    /// What a call is answered that arrives; nothing has begun by that.
    pub fn opening(&self, agent: Arc<Agent>) -> Answer {
        let hour = self.crew.clock.now().to_zoned(agent.zone.clone()).hour();
        let said = Said::Asks(agent.opening(hour));
        Answer { agent, next: (1, 1), said }
    }

    /// A call begins with its opening. Once more, nothing happens.
    pub fn begins(&self, arrival: Arrival, opening: &Answer) {
        self.clear(clock::now());
        let call = self.new_call(arrival, &opening.agent);
        let talk = || {
            let agent = Arc::clone(&opening.agent);
            let sid = call.sid.clone();
            tracing::info!(call.sid = %sid, agent.name = %agent.name, "Call began by turns");
            Arc::new(Talk::begin(&self.crew, &agent, call.clone(), 1, Vec::new(), (0, opening.said.clone())))
        };
        self.live.entry(call.sid.clone()).or_insert_with(talk);
    }

    /// The answer to a request in the midst of a call. A call that another process had goes on here, with `agent`.
    pub async fn goes_on(&self, arrival: Arrival, agent: Arc<Agent>, asked: Asked, heard: &Heard) -> Answer {
        let talk = match self.present(&arrival.call, asked.epoch) {
            Some(talk) => Some(talk),
            None => self.takes_over(arrival, &agent, asked).await,
        };
        let Some(talk) = talk else {
            return Answer { agent, next: (asked.epoch, asked.number), said: Said::IsOver };
        };
        let said = talk.asked(asked.number, asked.waits, heard).await;
        let agent = Arc::clone(&talk.agent);
        Answer { agent, next: (talk.scribe.epoch, asked.number.saturating_add(1)), said }
    }

    /// What a call hears whose media stream of the epoch `former` was of no use: it begins by turns. Once more, the same.
    pub async fn instead(&self, arrival: Arrival, agent: Arc<Agent>, former: i64) -> Answer {
        let asked = Asked { epoch: former + 1, number: 0, waits: false };
        self.goes_on(arrival, agent, asked, &Heard::Nothing).await
    }

    /// Whether this process has the call.
    pub fn has(&self, call: &CallSid) -> bool {
        self.live.contains_key(call)
    }

    /// The live calls.
    pub fn list(&self) -> Vec<CallSummary> {
        self.live.iter().filter(|talk| !talk.scribe.is_over()).map(|talk| talk.scribe.summary()).collect()
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.live.iter().filter(|talk| !talk.scribe.is_over()).count()
    }

    /// The live calls with their epochs. Those whose callers have silently gone are ended first.
    pub fn live_calls(&self) -> Vec<(CallSid, i64)> {
        self.clear(clock::now());
        let live = self.live.iter().filter(|talk| !talk.scribe.is_over());
        live.map(|talk| (talk.key().clone(), talk.scribe.epoch)).collect()
    }

    /// Ends a call politely, as soon as it is our turn; `false` where there is none. So for the others.
    pub fn hang_up(&self, call: &CallSid) -> bool {
        self.with(call, Talk::end)
    }

    /// The network says that it is over.
    pub fn is_over(&self, call: &CallSid) -> bool {
        self.with(call, |talk| talk.scribe.end("caller_left", Duration::ZERO))
    }

    /// Lets go of it, for another process.
    pub fn hand_over(&self, call: &CallSid) -> bool {
        let talk = self.live.remove(call);
        talk.inspect(|(_, talk)| talk.scribe.end(HANDED_OVER, MAY_COME_BACK)).is_some()
    }

    /// Another process has it.
    pub fn fenced(&self, call: &CallSid) -> bool {
        self.live.remove(call).inspect(|(_, talk)| talk.scribe.let_go()).is_some()
    }

    fn with(&self, call: &CallSid, what: impl FnOnce(&Talk)) -> bool {
        let talk = self.live.get(call).map(|talk| Arc::clone(&talk));
        talk.filter(|talk| !talk.scribe.is_over()).inspect(|talk| what(talk)).is_some()
    }

    fn present(&self, call: &CallSid, epoch: i64) -> Option<Arc<Talk>> {
        // A later epoch than ours was at another process meanwhile.
        self.live.get(call).map(|talk| Arc::clone(&talk)).filter(|talk| talk.scribe.epoch >= epoch)
    }

    async fn takes_over(&self, arrival: Arrival, agent: &Arc<Agent>, asked: Asked) -> Option<Arc<Talk>> {
        let _one_at_a_time = self.taking.lock().await;
        if let Some(talk) = self.present(&arrival.call, asked.epoch) {
            return Some(talk);
        }
        self.clear(clock::now());
        // What arrives anew was at a media stream before.
        let former = if asked.number == 0 { asked.epoch - 1 } else { asked.epoch };
        let (epoch, history) = self.recalled(&arrival.call, former).await?;
        tracing::warn!(code = "RESUME", call.sid = %arrival.call, epoch, "a call by turns goes on here");
        let call = self.new_call(arrival, agent);
        let before = match asked.number.checked_sub(1) {
            Some(before) => (before, Said::IsOver),
            None => (0, Said::Asks(self.first_words(agent, &history))),
        };
        let talk = Talk::begin(&self.crew, agent, call, epoch, history, before);
        let talk = Arc::new(talk);
        if let Some(stale) = self.live.insert(talk.scribe.call.sid.clone(), Arc::clone(&talk)) {
            stale.scribe.let_go();
        }
        Some(talk)
    }

    /// The call's next epoch, and what was said, as far as the store tells in time; `None` where the call is over.
    async fn recalled(&self, call: &CallSid, former: i64) -> Option<(i64, Vec<Message>)> {
        let why = match timeout(self.crew.recall, self.recall(call, former)).await {
            Ok(Ok(found)) => return found,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store is slow".to_owned(),
        };
        tracing::warn!(code = "RECALL", call.sid = %call, why, "the call goes on without what was said before");
        Some((former + 1, Vec::new()))
    }

    /// Whoever is asked by the network has the call, so it is taken from whoever had it.
    async fn recall(&self, call: &CallSid, former: i64) -> Stored<Option<(i64, Vec<Message>)>> {
        let (store, ledger) = (&self.crew.store, &self.crew.ledger);
        ledger.settle().await;
        let former = store.call(call.clone()).await?.epoch.max(former);
        match store.resume_call(call.clone(), former).await {
            Ok(resumed) => Ok(Some((resumed.epoch, record::history(store, call.clone()).await?))),
            Err(StoreError::Unknown) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who has been greeted is not greeted again.
    fn first_words(&self, agent: &Agent, history: &[Message]) -> String {
        if history.is_empty() {
            return agent.opening(self.crew.clock.now().to_zoned(agent.zone.clone()).hour());
        }
        let help = phrases::clip(agent.language, Clip::Help);
        help.iter().copied().next().unwrap_or_default().to_owned()
    }

    /// Forgets calls that are long over, and ends those that nobody asks for any more.
    fn clear(&self, now: Instant) {
        self.live.retain(|_, talk| {
            let idle = now.saturating_duration_since(talk.touched());
            if idle >= FORSAKEN {
                talk.scribe.end("caller_left", Duration::ZERO);
            }
            !talk.scribe.is_over() || idle < ENDINGS_KEPT
        });
    }

    fn new_call(&self, arrival: Arrival, agent: &Agent) -> NewCall {
        NewCall {
            sid: arrival.call,
            workspace: MAIN_WORKSPACE.to_owned(),
            agent: agent.name.clone(),
            direction: "inbound".to_owned(),
            from: arrival.from,
            to: arrival.to,
            account: arrival.account.to_string(),
            at: self.crew.clock.now(),
        }
    }
}
