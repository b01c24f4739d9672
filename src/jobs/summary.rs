//! Sums up each call that is over: one note for each, however the call ended and however often it is asked for.
//!
//! A language model writes it. Where none can be had for more than an hour, or it will not, the facts are told in plain words.

use super::job::{Ended, Job};
use crate::{
    base::{backoff, ids::CallSid, language::Language},
    dialogue::{
        agent::Agent,
        message::Message,
        record::Entry,
        summary::{Facts, shortened, transcript},
    },
    ports::{
        llm::{AnswerEvent, LanguageModel, LlmError, Question},
        store::{
            SharedStore, StoreError, Stored,
            calls::{CallRow, CallState, TurnRow},
            jobs::{Claim, Outcome},
            notes::{NewNote, Note, SUMMARY},
            outbox::{NewDelivery, Settle},
        },
    },
};
use futures_util::{StreamExt as _, future::BoxFuture};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    fs, join,
    time::{sleep, timeout},
};

/// What summaries are asked for with, unless the folder of prompts has a file of its own.
const PROMPTS: [(Language, &str); 2] = [
    (Language::Es, include_str!("../../prompts/parts/summary.es.md")),
    (Language::En, include_str!("../../prompts/parts/summary.en.md")),
];

/// Who answered: the agent of that name, where there is one.
pub type AgentOf = Arc<dyn Fn(&str) -> Option<Arc<Agent>> + Send + Sync>;

/// Whoever wants each summary besides the notes, such as the state store, which gives it to other nodes and later events.
pub trait Keep: Send + Sync + 'static {
    /// Keeps the summary of a call; the same one again changes nothing.
    ///
    /// # Errors
    /// Why it was not kept, for the log; it is offered again.
    fn keep(&self, call: CallSid, text: String) -> BoxFuture<'_, Result<(), String>>;
}

/// How summaries are made.
#[derive(Clone, Debug)]
pub struct Style {
    /// How long a call that is not over yet is left alone.
    pub not_over: Duration,
    /// How long the model may take for all of it.
    pub patience: Duration,
    /// The first and the longest wait after it failed.
    pub again: [Duration; 2],
    /// How long an attempt keeps its place at least. Two run at a time, in all processes together, so that after an outage the
    /// model is asked at most 5 times a second (reliability G7).
    pub least: Duration,
    /// Letters of the transcript that the model reads: an hour of talking.
    pub transcript: usize,
    /// Tokens of the answer.
    pub tokens: u32,
    /// Letters of the summary.
    pub longest: usize,
    /// The folder of prompts: its `parts/summary.es.md` and `parts/summary.en.md` count from the next summary on.
    pub prompts: Option<PathBuf>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            not_over: Duration::from_secs(5),
            patience: Duration::from_mins(1),
            again: [Duration::from_secs(5), Duration::from_mins(10)],
            least: Duration::from_millis(400),
            transcript: 60_000,
            tokens: 500,
            longest: 1_500,
            prompts: None,
        }
    }
}

/// The job of the kind [`SUMMARY`].
pub struct Summary {
    /// Where calls and notes are.
    pub store: SharedStore,
    /// Who writes.
    pub model: Arc<dyn LanguageModel>,
    /// Who answered the call.
    pub agents: AgentOf,
    /// Who is told: the names of targets, and how their deliveries are settled.
    pub targets: Vec<(String, Settle)>,
    /// Who keeps it besides.
    pub keep: Option<Arc<dyn Keep>>,
    /// How.
    pub style: Style,
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("targets", &self.targets)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

impl Job for Summary {
    fn kind(&self) -> &'static str {
        SUMMARY
    }

    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(async move { self.carry_out(&claim).await.map(Ended::So) })
    }
}

impl Summary {
    async fn carry_out(&self, claim: &Claim) -> Stored<Outcome> {
        let dead = |error: &str| Ok(Outcome::Dead { error: error.to_owned() });
        let Some(Ok(sid)) = claim.payload.get("call").and_then(Value::as_str).map(str::parse::<CallSid>)
        else {
            return dead("the job names no call");
        };
        let call = match self.store.call(sid.clone()).await {
            Err(StoreError::Unknown) => return dead("there is no such call"),
            found => found?,
        };
        if call.state != CallState::Over {
            return Ok(Outcome::Later { after: self.style.not_over });
        }
        let notes = self.store.notes_of(sid.to_string()).await?;
        let note = match notes.into_iter().find(|note| note.kind == SUMMARY) {
            // The attempt before died behind it.
            Some(note) => note,
            None => match self.write(&call, claim).await? {
                Ok(note) => note,
                Err(again) => return Ok(again),
            },
        };
        self.hand_on(sid, note, claim).await
    }

    async fn write(&self, call: &CallRow, claim: &Claim) -> Stored<Result<Note, Outcome>> {
        let entries = entries(&self.store.turns(call.call.sid.clone()).await?);
        let facts = facts(call, &entries, (self.agents)(&call.call.agent).as_deref());
        let (words, ()) = join!(self.words(&facts, &entries), async { sleep(self.style.least).await });
        let text = match words {
            Ok(text) => text,
            Err(Failed { why, may_pass: true }) if !claim.is_last => {
                let after = backoff::nth(claim.attempt, self.style.again, rand::random());
                return Ok(Err(Outcome::Again { after, error: why }));
            }
            Err(Failed { why, .. }) => {
                tracing::warn!(code = "SUMMARY_PLAIN", call.sid = %call.call.sid, why, "a call is summed up without the model");
                shortened(&facts.plain(), self.style.longest)
            }
        };
        let deliveries = self.targets.iter().map(|to| delivery(call, SUMMARY, &text, to)).collect();
        let note = NewNote { call: call.call.sid.to_string(), kind: SUMMARY.to_owned(), text, deliveries };
        self.store.write_note(note).await.map(Ok)
    }

    async fn hand_on(&self, sid: CallSid, note: Note, claim: &Claim) -> Stored<Outcome> {
        let Some(keep) = &self.keep else { return Ok(Outcome::Done) };
        match keep.keep(sid.clone(), note.text).await {
            Ok(()) => Ok(Outcome::Done),
            Err(error) if !claim.is_last => {
                let after = backoff::nth(claim.attempt, self.style.again, rand::random());
                Ok(Outcome::Again { after, error })
            }
            Err(error) => {
                tracing::error!(code = "SUMMARY_KEPT", call.sid = %sid, error, "a summary is only in the notes");
                Ok(Outcome::Done)
            }
        }
    }

    /// Asks the model.
    async fn words(&self, facts: &Facts, entries: &[Entry]) -> Result<String, Failed> {
        let prompt = self.prompt(facts.language).await;
        let system = format!("{}\n\nThe call:\n\n{}", prompt.trim(), facts.block());
        let spoken = format!("<transcript>\n{}\n</transcript>", transcript(entries, self.style.transcript));
        let messages = vec![Message::System { content: system }, Message::User { content: spoken }];
        let question = Question { messages, tools: Arc::new([]), max_tokens: self.style.tokens };
        let late = || Failed::for_now(format!("no summary within {:?}", self.style.patience));
        let text = timeout(self.style.patience, self.listen(question)).await.map_err(|_| late())??;
        let text = shortened(&text, self.style.longest);
        if text.is_empty() { Err(Failed::for_now("the model said nothing".to_owned())) } else { Ok(text) }
    }

    async fn listen(&self, question: Question) -> Result<String, Failed> {
        let (mut answer, mut text) = (self.model.ask(question), String::new());
        while let Some(event) = answer.next().await {
            match event? {
                AnswerEvent::Text(part) => text.push_str(&part),
                AnswerEvent::Done { .. } => return Ok(text),
                AnswerEvent::Working | AnswerEvent::Switched | AnswerEvent::ToolCall(_) => {}
            }
        }
        Err(Failed::for_now("the answer has no end".to_owned()))
    }

    async fn prompt(&self, language: Language) -> String {
        let built_in = PROMPTS.iter().find(|(of, _)| *of == language).map_or("", |(_, text)| text);
        let Some(folder) = &self.style.prompts else { return built_in.to_owned() };
        let own = fs::read_to_string(folder.join(format!("parts/summary.{language}.md"))).await;
        own.ok().filter(|text| !text.trim().is_empty()).unwrap_or_else(|| built_in.to_owned())
    }
}

/// Why the model wrote nothing.
struct Failed {
    why: String,
    may_pass: bool,
}

impl Failed {
    const fn for_now(why: String) -> Self {
        Self { why, may_pass: true }
    }
}

impl From<LlmError> for Failed {
    fn from(error: LlmError) -> Self {
        // A key or a plan is mended while the attempts last; what the model declines it will always decline.
        let may_pass = !matches!(error, LlmError::Declined { .. });
        Self { why: error.to_string(), may_pass }
    }
}

/// What was said and done, as far as it can be read: a newer program may have written more.
fn entries(turns: &[TurnRow]) -> Vec<Entry> {
    turns.iter().filter_map(|turn| serde_json::from_str(&turn.body).ok()).collect()
}

fn facts(call: &CallRow, entries: &[Entry], agent: Option<&Agent>) -> Facts {
    let zone = agent.map_or(TimeZone::UTC, |agent| agent.zone.clone());
    let mut facts = Facts {
        language: agent.map(|agent| agent.language).unwrap_or_default(),
        business: agent.map(|agent| agent.clinic.name.clone()).unwrap_or_default(),
        caller: if call.call.from.starts_with('+') { call.call.from.clone() } else { String::new() },
        began: Some(zone.to_datetime(call.began_at.unwrap_or(call.call.at))),
        seconds: seconds(call),
        outcome: call.outcome.clone().unwrap_or_default(),
        ..Facts::default()
    };
    facts.learn(entries);
    facts
}

/// By our clock while we had the line, else by the network's.
fn seconds(call: &CallRow) -> Option<i64> {
    let ours = call.began_at.zip(call.ended_at).map(|(began, ended)| ended.as_second() - began.as_second());
    ours.or(call.network.1)
}

/// A note of this kind in the form of Standard Webhooks: type, time, data.
pub(super) fn delivery(
    call: &CallRow,
    kind: &str,
    text: &str,
    (target, settle): &(String, Settle),
) -> NewDelivery {
    let sid = &call.call.sid;
    let payload = json!({
        "type": format!("call.{kind}"),
        "timestamp": call.ended_at,
        "data": {
            "call": sid,
            "workspace": call.call.workspace,
            "contact": call.contact,
            "agent": call.call.agent,
            "direction": call.call.direction,
            "from": call.call.from,
            "to": call.call.to,
            "began_at": call.began_at,
            "ended_at": call.ended_at,
            "seconds": seconds(call),
            "outcome": call.outcome,
            "text": text,
        },
    });
    NewDelivery { target: target.clone(), settle: *settle, key: format!("note:{sid}:{kind}"), payload }
}
