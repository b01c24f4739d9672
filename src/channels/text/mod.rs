//! The shell of a conversation by turns: asks the model, runs the tools, and waits for both. What to do next is decided by
//! [`Conversation`].

use crate::{
    base::ids::TurnId,
    dialogue::{
        agent::Agent,
        message::{Message, ToolCall, ToolSpec},
        text::{Answered, Conversation, Reply, Step},
        tool_limits::TIMED_OUT,
        tools::{Exchange, SEND_DIGITS},
    },
    ports::llm::{AnswerEvent, AnswerStream, LanguageModel, Question},
};
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, join_all},
};
use jiff::Zoned;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::timeout;
use tracing::warn;

/// As many tokens as an answer may have at most, its tool calls among them.
const MOST_TOKENS: u32 = 800;

/// A tool that is wanted.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The agent's turn in which it is wanted, counted from one.
    pub turn: TurnId,
    /// What was said last.
    pub exchange: Exchange,
    /// Which one, with its arguments.
    pub call: ToolCall,
}

/// Runs one tool; its reply is for the model. Dropped when its time is over.
pub type RunTool = Arc<dyn Fn(Wish) -> BoxFuture<'static, String> + Send + Sync>;

/// A tool that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// The model's arguments, JSON text.
    pub arguments: String,
    /// What it replied, or that its time was over.
    pub reply: String,
}

/// What came of one turn of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What to say.
    pub reply: Reply,
    /// The tools that ran, in the order in which the model wanted them.
    pub ran: Vec<Ran>,
}

/// How long a conversation waits for its model.
#[derive(Clone, Copy, Debug)]
pub struct ModelPatience {
    /// For the first token of an answer.
    pub first: Duration,
    /// For each one after it.
    pub next: Duration,
}

/// The same as on the telephone (reliability C3, C4).
impl Default for ModelPatience {
    fn default() -> Self {
        Self { first: Duration::from_secs(8), next: Duration::from_secs(3) }
    }
}

/// One conversation.
pub struct TextSession {
    conversation: Conversation,
    model: Arc<dyn LanguageModel>,
    specs: Arc<[ToolSpec]>,
    run: RunTool,
    patience: ModelPatience,
    tool_time: Duration,
}

impl fmt::Debug for TextSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextSession").field("model", &self.model.name()).finish_non_exhaustive()
    }
}

impl TextSession {
    /// A conversation of `agent` that begins at `now`; `caller` is the other side's number, as the network verified it.
    pub fn new(
        agent: &Agent,
        now: &Zoned,
        caller: Option<&str>,
        model: Arc<dyn LanguageModel>,
        run: RunTool,
    ) -> Self {
        // There is no line on which keys could be pressed.
        let specs = agent.tools.iter().filter(|tool| tool.name != SEND_DIGITS).cloned().collect();
        Self {
            conversation: Conversation::new(agent.language, agent.system_message(now, caller)),
            model,
            specs,
            run,
            patience: ModelPatience::default(),
            tool_time: agent.patience.tool,
        }
    }

    /// Waits so long for the model.
    #[must_use]
    pub const fn with_patience(mut self, patience: ModelPatience) -> Self {
        self.patience = patience;
        self
    }

    /// The agent says something of its own accord, such as its greeting.
    pub fn opens(&mut self, greeting: &str) {
        self.conversation.opens(greeting);
    }

    /// What was said before, elsewhere: the conversation goes on behind it.
    pub fn recalls(&mut self, said: Vec<Message>) {
        self.conversation.recalls(said);
    }

    /// The conversation so far, without its system message.
    pub fn messages(&self) -> Vec<Message> {
        self.conversation.messages()
    }

    /// The caller said or wrote `text`; gives the agent's answer. Never fails: what goes wrong is apologised for.
    ///
    /// Dropping the future leaves open what its tools did; the conversation must not go on then.
    pub async fn says(&mut self, text: &str) -> Turn {
        let mut ran = Vec::new();
        let mut step = self.conversation.says(text);
        loop {
            step = match step {
                Step::Ask { messages } => {
                    let answer = self.ask(messages).await;
                    self.conversation.answered(answer)
                }
                Step::Run { turn, calls } => {
                    let replies = self.run(turn, calls, &mut ran).await;
                    self.conversation.replied(&replies)
                }
                Step::Say(reply) => return Turn { reply, ran },
            };
        }
    }

    async fn ask(&self, messages: Vec<Message>) -> Answered {
        let question = Question { messages, tools: Arc::clone(&self.specs), max_tokens: MOST_TOKENS };
        collect(self.model.ask(question), self.patience).await.unwrap_or_else(|failed| {
            warn!(code = "LLM", model = self.model.name(), reason = failed.reason, "no answer");
            Answered::Failed { may_pass: failed.may_pass }
        })
    }

    async fn run(&self, turn: TurnId, calls: Vec<ToolCall>, ran: &mut Vec<Ran>) -> Vec<(String, String)> {
        let exchange = Exchange::of(&self.conversation.messages());
        let one = |call: ToolCall| async {
            let exchange = exchange.clone();
            let (id, name, arguments) = (call.id.clone(), call.name.clone(), call.arguments.clone());
            let reply = timeout(self.tool_time, (self.run)(Wish { turn, exchange, call })).await;
            (id, Ran { name, arguments, reply: reply.unwrap_or_else(|_late| TIMED_OUT.to_owned()) })
        };
        let done = join_all(calls.into_iter().map(one)).await;
        let replies = done.iter().map(|(id, ran)| (id.clone(), ran.reply.clone())).collect();
        ran.extend(done.into_iter().map(|(_, ran)| ran));
        replies
    }
}

/// Why there is no answer.
struct Failed {
    may_pass: bool,
    /// For the log; holds no secret.
    reason: String,
}

/// The whole answer of a model.
async fn collect(mut answer: AnswerStream, patience: ModelPatience) -> Result<Answered, Failed> {
    let (mut text, mut calls) = (String::new(), Vec::new());
    let late = |_elapsed| Failed { may_pass: true, reason: "late".to_owned() };
    let mut wait = patience.first;
    loop {
        match timeout(wait, answer.next()).await.map_err(late)? {
            Some(Ok(AnswerEvent::Text(more))) => text.push_str(&more),
            Some(Ok(AnswerEvent::ToolCall(call))) => calls.push(call),
            Some(Ok(AnswerEvent::Working)) => {}
            Some(Ok(AnswerEvent::Switched)) => {
                wait = patience.first;
                continue;
            }
            Some(Ok(AnswerEvent::Done { .. })) | None => return Ok(Answered::Whole { text, calls }),
            Some(Err(error)) => {
                return Err(Failed { may_pass: error.may_pass(), reason: error.to_string() });
            }
        }
        wait = patience.next;
    }
}

#[cfg(test)]
mod tests;
