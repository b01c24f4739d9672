//! A conversation by turns as a value: the caller's words go in, what is to be done next comes out.
//!
//! It serves whatever is written or comes as whole turns: the terminal, messages, `<Gather>`. What is said has no sound here: nobody
//! interrupts it, and all of it counts as heard. Tools have the limits of a phone call.

use crate::{
    base::{ids::TurnId, language::Language},
    dialogue::{
        message::{Message, ToolCall},
        phrases::{self, pieces},
        record::Clip,
        tool_limits::{DONE, NOT_ENDED, TOO_MANY, TOOLS_PER_CALL, TOOLS_PER_TURN},
        tools::END_CALL,
        transcript::Transcript,
    },
};

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask the model, and give its answer to [`Conversation::answered`].
    Ask {
        /// The conversation, the system message first.
        messages: Vec<Message>,
    },
    /// Run these tools, and give their replies to [`Conversation::replied`].
    Run {
        /// The turn in which they are asked for.
        turn: TurnId,
        /// At least one, each with an identifier of its own.
        calls: Vec<ToolCall>,
    },
    /// Say this. The turn is over.
    Say(Reply),
}

/// The agent's whole answer to one turn of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Plain text that can be spoken, never empty.
    pub text: String,
    /// The conversation is over when it has been said.
    pub ends: bool,
}

/// What came of one request to the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// All of it; both may be empty.
    Whole {
        /// The words.
        text: String,
        /// The tools it wants.
        calls: Vec<ToolCall>,
    },
    /// Nothing that can be used.
    Failed {
        /// Another try may succeed.
        may_pass: bool,
    },
}

/// The agent's turn that is under way.
#[derive(Clone, Debug, Default)]
struct Turn {
    said: Vec<String>,
    tools: u32,
    /// Of the present request: asked again after a failure or an empty answer.
    retried: bool,
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    language: Language,
    system: String,
    transcript: Transcript,
    turn: TurnId,
    present: Turn,
    tools: u32,
}

impl Conversation {
    /// A conversation in which nobody has said anything. `system` is the agent's system message.
    pub fn new(language: Language, system: String) -> Self {
        Self {
            language,
            system,
            transcript: Transcript::default(),
            turn: TurnId::default(),
            present: Turn::default(),
            tools: 0,
        }
    }

    /// The agent says something of its own accord, such as its greeting.
    pub fn opens(&mut self, greeting: &str) {
        self.transcript.agent(greeting, &[]);
    }

    /// What was said before, elsewhere; nothing is known of the turns it took.
    pub fn recalls(&mut self, said: Vec<Message>) {
        self.transcript = Transcript::of(said);
    }

    /// The conversation without its system message.
    pub fn messages(&self) -> Vec<Message> {
        self.transcript.clone().into_messages()
    }

    /// The caller said or wrote `text`.
    pub fn says(&mut self, text: &str) -> Step {
        self.turn = self.turn.next();
        self.present = Turn::default();
        self.transcript.caller(text);
        self.ask()
    }

    /// The model answered what was asked last.
    pub fn answered(&mut self, answer: Answered) -> Step {
        match answer {
            Answered::Whole { text, calls } => self.takes(&pieces(&text).join(" "), calls),
            Answered::Failed { may_pass } if may_pass => self.again(),
            Answered::Failed { .. } => self.give_up(),
        }
    }

    /// The tools replied, each by the identifier of its call.
    pub fn replied(&mut self, replies: &[(String, String)]) -> Step {
        for (id, reply) in replies {
            self.transcript.tool_replied(id, reply);
        }
        self.ask()
    }

    fn takes(&mut self, text: &str, calls: Vec<ToolCall>) -> Step {
        if text.is_empty() && calls.is_empty() {
            return self.again();
        }
        let calls = self.named(calls);
        self.transcript.agent(text, &calls);
        if !text.is_empty() {
            self.present.said.push(text.to_owned());
        }
        if calls.is_empty() { self.say(false) } else { self.tools(calls, !text.is_empty()) }
    }

    /// Some servers count their calls anew in each answer, or give no identifier at all.
    fn named(&mut self, calls: Vec<ToolCall>) -> Vec<ToolCall> {
        let name = |call| {
            self.present.tools += 1;
            let id = format!("t{:04}c{:03}", self.turn.0, self.present.tools);
            ToolCall { id, ..call }
        };
        calls.into_iter().map(name).collect()
    }

    fn tools(&mut self, calls: Vec<ToolCall>, has_words: bool) -> Step {
        // Who also asks for something else must first read what came of it.
        if calls.iter().all(|call| call.name == END_CALL) {
            for call in &calls {
                self.transcript.tool_replied(&call.id, DONE);
            }
            return self.goodbye(has_words);
        }
        let mut run = Vec::new();
        for call in calls {
            if call.name == END_CALL {
                self.transcript.tool_replied(&call.id, NOT_ENDED);
                continue;
            }
            self.tools += 1;
            if self.present.tools > TOOLS_PER_TURN || self.tools > TOOLS_PER_CALL {
                self.transcript.tool_replied(&call.id, TOO_MANY);
            } else {
                run.push(call);
            }
        }
        if !run.is_empty() {
            Step::Run { turn: self.turn, calls: run }
        } else if self.present.tools > TOOLS_PER_TURN * 2 {
            // A model that does nothing but call tools, even when told not to, gives no answer.
            self.give_up()
        } else {
            self.ask()
        }
    }

    fn goodbye(&mut self, has_words: bool) -> Step {
        if !has_words {
            let goodbye = phrases::goodbye(self.language);
            self.transcript.agent(goodbye, &[]);
            self.present.said.push(goodbye.to_owned());
        }
        self.say(true)
    }

    fn ask(&mut self) -> Step {
        self.present.retried = false;
        Step::Ask { messages: self.transcript.messages(&self.system) }
    }

    /// Nothing came: once more, then the caller is told.
    fn again(&mut self) -> Step {
        if self.present.retried {
            return self.give_up();
        }
        let step = self.ask();
        self.present.retried = true;
        step
    }

    /// The apology is ours, not the model's: it does not read it again.
    fn give_up(&mut self) -> Step {
        let sorry = phrases::clip(self.language, Clip::Again).iter().copied().next().unwrap_or_default();
        self.present.said.push(sorry.to_owned());
        self.say(false)
    }

    fn say(&mut self, ends: bool) -> Step {
        Step::Say(Reply { text: std::mem::take(&mut self.present.said).join(" "), ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Conversation {
        let mut conversation = Conversation::new(Language::Es, "Atiende.".to_owned());
        conversation.opens("Buenos días.");
        conversation
    }

    fn words(text: &str) -> Answered {
        Answered::Whole { text: text.to_owned(), calls: Vec::new() }
    }

    fn wants(text: &str, tools: &[&str]) -> Answered {
        let call =
            |name: &&str| ToolCall { id: "1".into(), name: (*name).to_owned(), arguments: "{}".into() };
        Answered::Whole { text: text.to_owned(), calls: tools.iter().map(call).collect() }
    }

    fn said(step: &Step) -> (&str, bool) {
        match step {
            Step::Say(Reply { text, ends }) => (text, *ends),
            other => panic!("{other:?}"),
        }
    }

    fn ran(step: Step) -> Vec<(String, String)> {
        match step {
            Step::Run { calls, .. } => calls.into_iter().map(|call| (call.id, "{}".to_owned())).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_before_and_behind_a_tool_are_one_answer() {
        let mut talk = conversation();
        let Step::Ask { messages } = talk.says("Hola") else { panic!() };
        assert_eq!(messages.len(), 3);
        let replies = ran(talk.answered(wants("Déjeme <b>ver</b>.", &["find_slots", "find_slots"])));
        assert_eq!(replies[1].0, "t0001c002");
        assert!(matches!(talk.replied(&replies), Step::Ask { .. }));
        assert_eq!(said(&talk.answered(words("Hay lugar."))), ("Déjeme ver. Hay lugar.", false));
        let Some(Message::Tool { content, .. }) = talk.messages().get(3).cloned() else { panic!() };
        assert_eq!(content, "{}");
    }

    #[test]
    fn an_empty_answer_and_a_failure_are_tried_once_more() {
        for nothing in [words(" "), Answered::Failed { may_pass: true }] {
            let mut talk = conversation();
            talk.says("Hola");
            assert!(matches!(talk.answered(nothing.clone()), Step::Ask { .. }));
            assert!(said(&talk.answered(nothing.clone())).0.starts_with("Disculpe"));
            // The next turn has its own two tries.
            talk.says("¿Hola?");
            assert!(matches!(talk.answered(nothing), Step::Ask { .. }));
        }
        let mut talk = conversation();
        talk.says("Hola");
        assert!(said(&talk.answered(Answered::Failed { may_pass: false })).0.starts_with("Disculpe"));
        assert_eq!(talk.messages().len(), 2, "the apology is not the model's");
    }

    #[test]
    fn the_end_is_said_with_the_models_words_or_ours() {
        let mut talk = conversation();
        talk.says("Adiós");
        assert_eq!(said(&talk.answered(wants("Hasta luego.", &[END_CALL]))), ("Hasta luego.", true));
        let mut talk = conversation();
        talk.says("Adiós");
        assert_eq!(said(&talk.answered(wants("", &[END_CALL]))), (phrases::goodbye(Language::Es), true));
    }

    #[test]
    fn who_wants_something_else_too_does_not_end() {
        let mut talk = conversation();
        talk.says("Adiós");
        let replies = ran(talk.answered(wants("", &["find_slots", END_CALL])));
        assert_eq!(replies.len(), 1);
        let Step::Ask { messages } = talk.replied(&replies) else { panic!() };
        assert_eq!(
            messages.last(),
            Some(&Message::Tool { call_id: "t0001c002".into(), content: NOT_ENDED.into() })
        );
    }

    #[test]
    fn a_model_that_only_calls_tools_is_stopped() {
        let mut talk = conversation();
        let mut step = talk.says("Hola");
        let (mut ran, mut asked) = (0, 0);
        loop {
            step = match step {
                Step::Ask { .. } => {
                    asked += 1;
                    talk.answered(wants("", &["find_slots"]))
                }
                Step::Run { calls, .. } => {
                    ran += calls.len();
                    let replies: Vec<_> = calls.into_iter().map(|call| (call.id, String::new())).collect();
                    talk.replied(&replies)
                }
                Step::Say(reply) => {
                    assert!(reply.text.starts_with("Disculpe") && !reply.ends);
                    break;
                }
            };
        }
        assert_eq!((ran, asked), (8, 17));
    }

    #[test]
    fn a_conversation_has_forty_tools() {
        let mut talk = conversation();
        let mut ran = 0;
        for _ in 0..10 {
            talk.says("Hola");
            if let Step::Run { calls, .. } = talk.answered(wants("", &["find_slots"; 6])) {
                ran += calls.len();
            }
            talk.answered(words("Ya está."));
        }
        assert_eq!(ran, 40);
    }
}
