//! One call by turns.

use super::{Crew, Said, scribe::Scribe};
use crate::{
    base::clock,
    channels::{
        text::{Ran, TextSession, Turn, Wish},
        tools::{Toolbox, audit_in},
        voice::admission::is_withheld,
    },
    dialogue::{
        agent::Agent,
        message::Message,
        phrases,
        record::Clip,
        text::Reply,
        tools::TRANSFER_CALL,
        turns::{Course, Heard, Move},
    },
    ports::store::calls::NewCall,
};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tracing::Instrument as _;

/// What one request is answered; whoever asks it again gets the same.
type Answering = Shared<BoxFuture<'static, Said>>;
/// The agent's answer, which may still be thought about; `None` where that broke off.
type Thinking = Shared<BoxFuture<'static, Option<Turn>>>;

/// A call that this process has.
pub(super) struct Talk {
    pub(super) agent: Arc<Agent>,
    pub(super) scribe: Scribe,
    /// How long a request waits for the agent before the caller hears that they should wait.
    within: Duration,
    session: Arc<tokio::sync::Mutex<TextSession>>,
    state: Mutex<State>,
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk").field("scribe", &self.scribe).finish_non_exhaustive()
    }
}

struct State {
    course: Course,
    /// The number of the newest request, and its answer.
    last: (u32, Answering),
    /// What the agent thinks about, and since when.
    thinking: Option<(Thinking, Instant)>,
    touched: Instant,
}

impl Talk {
    /// The call is ours after its request `number`, to which `said` was answered; before that was said what is in `history`.
    pub(super) fn begin(
        crew: &Arc<Crew>,
        agent: &Agent,
        call: NewCall,
        epoch: i64,
        history: Vec<Message>,
        (number, said): (u32, Said),
    ) -> Self {
        let now = clock::now();
        let caller = (!is_withheld(&call.from)).then(|| call.from.clone());
        // Nobody would dial: the model offers a message instead.
        let agent = Arc::new(agent.without(TRANSFER_CALL));
        let toolbox = Arc::new(Toolbox::new(
            crew.tools.clone(),
            audit_in(crew.store.clone()),
            Arc::clone(&agent),
            call.sid.clone(),
            caller.clone(),
        ));
        let run = move |wish: Wish| {
            let toolbox = Arc::clone(&toolbox);
            async move { toolbox.run(wish.turn, wish.exchange, wish.call).await }.boxed()
        };
        let zoned = crew.clock.now().to_zoned(agent.zone.clone());
        let mut session =
            TextSession::new(&agent, &zoned, caller.as_deref(), Arc::clone(&crew.model), Arc::new(run));
        session.recalls(history);
        let scribe = Scribe::begin(Arc::clone(crew), call, epoch);
        if let Said::Asks(text) = &said {
            scribe.agent_says(text);
            session.opens(text);
        }
        let state = State {
            course: Course::new(agent.language, agent.patience.clone(), now),
            last: (number, ready(said)),
            thinking: None,
            touched: now,
        };
        Self {
            agent,
            scribe,
            within: crew.within,
            session: Arc::new(tokio::sync::Mutex::new(session)),
            state: Mutex::new(state),
        }
    }

    /// The answer to a request. `waits`: the caller was told to wait, and said nothing.
    pub(super) fn asked(self: &Arc<Self>, number: u32, waits: bool, heard: &Heard) -> Answering {
        let mut state = self.state();
        let now = clock::now();
        state.touched = now;
        if number <= state.last.0 {
            return state.last.1.clone();
        }
        let answer = if self.scribe.is_over() {
            ready(Said::IsOver)
        } else if waits {
            self.goes_on(&state)
        } else {
            self.hears(&mut state, now, heard)
        };
        state.last = (number, answer.clone());
        answer
    }

    fn hears(self: &Arc<Self>, state: &mut State, now: Instant, heard: &Heard) -> Answering {
        match state.course.heard(now, heard) {
            Move::Ask(words) => {
                if let Heard::Keys(keys) = heard {
                    self.scribe.pressed(keys);
                }
                self.scribe.caller_said(&words);
                state.thinking = Some((self.think(words), now));
                self.goes_on(state)
            }
            Move::Say(text) => {
                self.scribe.agent_says(text);
                ready(Said::Asks(text.to_owned()))
            }
            Move::End(text, ending) => {
                self.scribe.agent_says(text);
                self.scribe.end(ending.name(), Duration::ZERO);
                ready(Said::Ends(text.to_owned()))
            }
        }
    }

    /// Waits for the agent, as long as the caller may be left in silence.
    fn goes_on(self: &Arc<Self>, state: &State) -> Answering {
        let Some((thinking, since)) = state.thinking.clone() else {
            // The process that thought about it is gone, and with it the answer.
            let text = self.agent.reopening();
            self.scribe.agent_says(text);
            return ready(Said::Asks(text.to_owned()));
        };
        let talk = Arc::clone(self);
        async move {
            match timeout(talk.within, thinking).await {
                Ok(Some(turn)) => talk.says(turn.reply, since),
                Ok(None) => talk.says(talk.sorry(), since),
                Err(_late) => talk.holds(),
            }
        }
        .boxed()
        .shared()
    }

    fn think(self: &Arc<Self>, words: String) -> Thinking {
        let talk = Arc::clone(self);
        let span =
            tracing::info_span!("call", call.sid = %self.scribe.call.sid, agent.name = %self.agent.name);
        let work = async move {
            let turn = talk.session.lock().await.says(&words).await;
            for Ran { name, arguments, reply } in turn.ran.clone() {
                talk.scribe.ran(name, arguments, reply);
            }
            turn
        };
        // On its own: what a tool has begun is brought to its end even when the caller hangs up.
        let running = tokio::spawn(work.instrument(span));
        async move { running.await.ok() }.boxed().shared()
    }

    fn says(&self, reply: Reply, since: Instant) -> Said {
        let turn = self.scribe.agent_says(&reply.text);
        self.scribe.answered(turn, clock::now().saturating_duration_since(since));
        if reply.ends {
            self.scribe.end("goodbye", Duration::ZERO);
            return Said::Ends(reply.text);
        }
        Said::Asks(reply.text)
    }

    fn sorry(&self) -> Reply {
        let sorry =
            phrases::clip(self.agent.language, Clip::Again).iter().copied().next().unwrap_or_default();
        Reply { text: sorry.to_owned(), ends: false }
    }

    fn holds(&self) -> Said {
        let text = self.state().course.holds();
        self.scribe.held(text);
        Said::Holds(text.to_owned())
    }

    /// It ends politely, as soon as it is our turn.
    pub(super) fn end(&self) {
        self.state().course.end();
    }

    /// When the network asked last.
    pub(super) fn touched(&self) -> Instant {
        self.state().touched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ready(said: Said) -> Answering {
    async move { said }.boxed().shared()
}
