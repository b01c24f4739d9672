//! Runs the tools that the model calls, wherever the conversation is held.
//!
//! A tool always answers in JSON. What went wrong is told in `error` (a word) and `message` (for the model), with what it can offer
//! instead. Whatever the model was talked into: a tool that the agent was not given does not run, the same change is made once in
//! a turn, and what needs the caller's agreement is done only after they heard it and agreed (reliability §5.9).

mod audit;
mod book_appointment;
mod call_back;
mod cancel_appointment;
mod find_slots;
mod hold_slot;
mod move_appointment;
mod my_appointments;
mod of_agent;
mod own;
mod take_message;
mod times;
mod transfer_call;

pub use audit::{Audit, audit_in};

use book_appointment::Book;
use call_back::CallBack;
use cancel_appointment::Cancel;
use find_slots::Find;
use hold_slot::Keep;
use move_appointment::Move;
use my_appointments::Mine;
use of_agent::OfAgent;
use take_message::TakeMessage;

use crate::{
    base::{
        clock::WallClock,
        ids::{CallSid, TurnId},
    },
    dialogue::{
        agent::Agent,
        message::ToolCall,
        tools::{Exchange, NOT_CONFIRMED, is_agreement},
    },
    ports::{
        calendar::Calendar,
        http_tool::HttpTools,
        store::{MAIN_WORKSPACE, SharedStore, Stored, jobs::NewJob, keys::Deed, notes::message_job},
        tool::{Effect, Occasion, Refusal, Reply, Tool},
    },
};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use times::Times;
use tokio::sync::OnceCell;
use tracing::warn;
use transfer_call::Transfer;

/// The tools of every agent, and who sends the requests of those that an agent declares itself.
#[derive(Clone)]
pub struct Tools {
    common: Arc<[Arc<dyn Tool>]>,
    http: Option<Arc<dyn HttpTools>>,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.common.iter().map(|tool| tool.name()).collect();
        f.debug_struct("Tools").field("common", &names).finish_non_exhaustive()
    }
}

impl Tools {
    /// No tool at all.
    pub fn none() -> Self {
        Self { common: Arc::new([]), http: None }
    }

    /// The tool that `agent` calls so; `None` where it was not given one.
    fn of(&self, agent: &Agent, name: &str) -> Option<Arc<dyn Tool>> {
        if !agent.has_tool(name) {
            return None;
        }
        let declared = agent.http.iter().find(|tool| tool.name == name);
        match (declared, &self.http) {
            (Some(tool), Some(http)) => {
                Some(Arc::new(OfAgent { tool: tool.clone(), http: Arc::clone(http) }))
            }
            (Some(_), None) => None,
            (None, _) => self.common.iter().find(|tool| tool.name() == name).cloned(),
        }
    }
}

/// Keeps a job to be done later; once it returns `Ok` the job is safe.
pub type Later = Arc<dyn Fn(NewJob) -> BoxFuture<'static, Stored<()>> + Send + Sync>;

/// Keeps jobs in `store`.
pub fn later_in(store: SharedStore) -> Later {
    Arc::new(move |job| {
        let store = store.clone();
        Box::pin(async move { store.enqueue(vec![job]).await.map(drop) })
    })
}

/// What tools work with.
#[derive(Clone)]
pub struct Means {
    /// The appointment book.
    pub calendar: Arc<dyn Calendar>,
    /// Calendar time.
    pub clock: Arc<dyn WallClock>,
    /// Takes what is to be done after the call.
    pub later: Later,
    /// Sends the requests of tools that an agent declares itself; without it they do not run.
    pub http: Option<Arc<dyn HttpTools>>,
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Means").finish_non_exhaustive()
    }
}

impl Means {
    /// The tools that work with them.
    pub fn tools(self) -> Tools {
        let Self { calendar, clock, later, http } = self;
        let times = Times { calendar, clock };
        let common: [Arc<dyn Tool>; 9] = [
            Arc::new(Find { times: times.clone() }),
            Arc::new(Transfer { times: times.clone() }),
            Arc::new(Keep { times: times.clone() }),
            Arc::new(Book { times: times.clone() }),
            Arc::new(Mine { times: times.clone() }),
            Arc::new(Move { times: times.clone() }),
            Arc::new(Cancel { times }),
            Arc::new(TakeMessage { later: Arc::clone(&later) }),
            Arc::new(CallBack { later }),
        ];
        Tools { common: common.into(), http }
    }
}

/// A tool and its arguments, whatever the order of the model's keys.
type Wish = (String, String);

/// What was changed for a wish.
type Done = Arc<OnceCell<Value>>;

#[derive(Debug, Default)]
struct Agreements {
    /// The wishes that were refused last, with the turn in which they were: the caller hears of them now, if ever.
    pending: BTreeMap<Wish, TurnId>,
    /// What their last yes was taken for: it is good for one wish of a tool.
    granted: Option<(TurnId, Wish)>,
}

/// So many turns after it was refused a wish may be agreed to.
const AGREED_WITHIN: u32 = 2;

/// The tools of one conversation.
pub struct Toolbox {
    tools: Tools,
    audit: Audit,
    agent: Arc<Agent>,
    call: CallSid,
    caller: Option<String>,
    /// The same wish again in a turn gets the same answer.
    done: Mutex<BTreeMap<(TurnId, Wish), Done>>,
    /// What the caller has agreed to, or not yet.
    agreements: Mutex<Agreements>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").field("agent", &self.agent.name).finish_non_exhaustive()
    }
}

impl Toolbox {
    /// The tools of `agent` in a conversation with `caller`: the number as the network verified it, `None` where it is withheld.
    pub fn new(tools: Tools, audit: Audit, agent: Arc<Agent>, call: CallSid, caller: Option<String>) -> Self {
        Self { tools, audit, agent, call, caller, done: Mutex::default(), agreements: Mutex::default() }
    }

    /// Runs one tool, wished in `turn` after `exchange`; never fails. Dropping the future leaves open whether it was done; the
    /// same wish in the same turn tells.
    pub async fn run(&self, turn: TurnId, exchange: Exchange, wished: ToolCall) -> String {
        let occasion = Occasion {
            agent: Arc::clone(&self.agent),
            call: self.call.clone(),
            caller: self.caller.clone(),
            turn,
            exchange,
        };
        self.answer(&occasion, wished).await.unwrap_or_else(Refusal::into_json).to_string()
    }

    async fn answer(&self, occasion: &Occasion, wished: ToolCall) -> Reply {
        let ToolCall { name, arguments, .. } = wished;
        let Some(tool) = self.tools.of(&self.agent, &name) else {
            return Err(Refusal::new("unknown_tool", format!("there is no tool `{name}`")));
        };
        let effect = tool.effect(&arguments);
        if effect == Effect::Reads {
            return tool.run(occasion, &arguments).await;
        }
        let arguments = canonical(&arguments);
        let wish = (name, arguments.clone());
        if let Effect::Agreed { values } = effect {
            self.agreed(occasion, &wish, &values)?;
        }
        let done = self.done_for(occasion.turn, &wish);
        let reply = done.get_or_try_init(|| tool.run(occasion, &arguments)).await.cloned();
        self.note(&wish.0, &reply);
        reply
    }

    fn done_for(&self, turn: TurnId, wish: &Wish) -> Done {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(done.entry((turn, wish.clone())).or_default())
    }

    /// What the caller has not heard is to be read to them first. Where they agree then, the same wish is granted in a later turn,
    /// in whatever words it was read.
    fn agreed(&self, occasion: &Occasion, wish: &Wish, values: &[String]) -> Result<(), Refusal> {
        let (exchange, turn) = (&occasion.exchange, occasion.turn);
        let mut agreements = self.agreements.lock().unwrap_or_else(PoisonError::into_inner);
        let Agreements { pending, granted } = &mut *agreements;
        let again = granted.as_ref().is_some_and(|(at, other)| *at == turn && other == wish);
        let used =
            granted.as_ref().is_some_and(|(at, other)| *at == turn && other.0 == wish.0 && other != wish);
        pending.retain(|_, first| first.0 + AGREED_WITHIN >= turn.0);
        let asked_before = pending.get(wish).is_some_and(|first| *first < turn);
        let agrees =
            exchange.confirms(self.agent.language, values) || asked_before && is_agreement(&exchange.caller);
        if again || agrees && !used {
            pending.remove(wish);
            *granted = Some((turn, wish.clone()));
            return Ok(());
        }
        pending.insert(wish.clone(), turn);
        Err(Refusal::new(
            NOT_CONFIRMED,
            "nothing was done: read all of it back to the caller, wait for a clear yes, and then call this again",
        ))
    }

    fn note(&self, tool: &str, reply: &Reply) {
        let became = match reply {
            Ok(_) => "done",
            Err(refusal) => refusal.error,
        };
        (self.audit)(Deed {
            workspace: MAIN_WORKSPACE.to_owned(),
            who: format!("agent {}", self.agent.name),
            what: format!("tool.{tool}.{became}"),
            object: self.call.to_string(),
        });
    }
}

/// Reads a tool's arguments.
fn read<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(arguments).map_err(|error| Refusal::new("bad_arguments", error.to_string()))
}

/// Leaves `text` for the staff. It is safe before the model is told so.
async fn leave(later: &Later, occasion: &Occasion, about: &str, text: &str) -> Reply {
    match later(message_job(&occasion.call, about, text)).await {
        Ok(()) => Ok(json!({ "noted": true })),
        Err(error) => {
            warn!(code = "MESSAGE", %error, "a caller's message could not be kept");
            let message = "it could not be written down now; say so, and ask the caller to call again";
            Err(Refusal::new("unavailable", message))
        }
    }
}

/// One line of text without control characters, of so many characters at most.
fn one_line(text: &str, most: usize) -> String {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let text: String = text.chars().map(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

fn canonical(arguments: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(arguments) else { return arguments.to_owned() };
    value.sort_all_objects();
    value.to_string()
}

#[cfg(test)]
mod tests;
