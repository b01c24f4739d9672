//! Language models in order: the next one is asked when one fails or is late, and goes on where one broke off.

use super::{InOrder, Order, seam::Seam};
use crate::{
    base::clock,
    dialogue::message::Message,
    ports::{
        llm::{AnswerEvent, AnswerStream, LanguageModel, LlmError, Question},
        until,
    },
    telemetry::metrics,
};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

/// How long a model may be silent, before its first token or in mid answer, until the next one is asked: the caller hears
/// the hold phrase at about that time (reliability C1), and our own adapters give up later.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Asks for the rest of an answer. As the caller's side, not as the system's and not as an unfinished message of the
/// assistant: that is the one form that every template of every compatible server takes.
const GO_ON: &str = "(The connection broke off after your last words; I have heard them. Go on with the very next word, in \
                     the same language, as if nothing had happened. Repeat nothing, and say nothing about this.)";

/// Language models in the place of one: the next one is asked where one is silent for 2.5 s.
pub type Models = InOrder<dyn LanguageModel>;

impl Models {
    /// The models in the order in which they are wanted. Calls share what is learnt of them.
    pub fn new(models: impl IntoIterator<Item = Arc<dyn LanguageModel>>) -> Self {
        Self::of("llm", PATIENCE, models.into_iter().map(|model| (model.name(), model)))
    }
}

impl LanguageModel for Models {
    fn name(&self) -> &'static str {
        self.order.name(0)
    }

    fn ask(&self, question: Question) -> AnswerStream {
        let asking = Asking {
            untried: (0..self.order.members.len()).collect(),
            order: Arc::clone(&self.order),
            patience: self.patience,
            question,
            racing: Vec::new(),
            begun: false,
            late_at: None,
            said: String::new(),
            tail: String::new(),
            seam: None,
            joins: false,
            acts: false,
            error: None,
            ready: VecDeque::new(),
            over: false,
        };
        stream::unfold(asking, async |mut asking| asking.next().await.map(|event| (event, asking))).boxed()
    }
}

/// One question under way. Dropping it cancels all requests.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not a state")]
struct Asking {
    order: Arc<Order<dyn LanguageModel>>,
    patience: Duration,
    question: Question,
    untried: Vec<usize>,
    /// Who has been asked, in that order; one only once the answer has begun.
    racing: Vec<(usize, AnswerStream)>,
    begun: bool,
    late_at: Option<Instant>,
    /// What was told, up to the end of a word.
    said: String,
    /// A word that may go on.
    tail: String,
    /// How the present model continues another one's answer.
    seam: Option<Seam>,
    /// The next word needs a blank before it.
    joins: bool,
    /// A tool call was told.
    acts: bool,
    /// Why there is no answer: of the first model that was no use only for the moment, else of the first.
    error: Option<LlmError>,
    ready: VecDeque<AnswerEvent>,
    over: bool,
}

impl Asking {
    async fn next(&mut self) -> Option<Result<AnswerEvent, LlmError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            if self.racing.is_empty() && !self.ask_next(None) {
                self.over = true;
                return Some(Err(self.no_answer()));
            }
            let late_at = self.late_at.filter(|_| self.has_next());
            tokio::select! {
                biased;
                (place, item) = first_of(&mut self.racing) => self.take(place, item),
                () = until(late_at) => self.late(),
            }
        }
    }

    fn take(&mut self, place: usize, item: Option<Result<AnswerEvent, LlmError>>) {
        let event = match item {
            Some(Ok(event)) => event,
            Some(Err(error)) => return self.failed(place, error),
            None => {
                let reason = "the stream ended without its end".to_owned();
                return self.failed(place, LlmError::BrokeOff { reason });
            }
        };
        if !self.begun {
            self.begun = true;
            self.wins(place);
        }
        self.late_at = Some(clock::now() + self.patience);
        match event {
            AnswerEvent::Text(token) => self.text(&token),
            AnswerEvent::Working | AnswerEvent::Switched => self.ready.push_back(event),
            AnswerEvent::ToolCall(_) => {
                self.rest();
                self.acts = true;
                self.ready.push_back(event);
            }
            AnswerEvent::Done { .. } => {
                self.rest();
                self.order.succeeded(place);
                self.ready.push_back(event);
                self.end();
            }
        }
    }

    /// Who was asked before the winner was too slow; who was asked after it may be asked again for the rest.
    fn wins(&mut self, winner: usize) {
        let mut before = true;
        for (place, _) in &self.racing {
            if *place == winner {
                before = false;
            } else if before {
                self.order.failed(*place, "late");
            } else {
                self.untried.push(*place);
            }
        }
        self.untried.sort_unstable();
        self.racing.retain(|(place, _)| *place == winner);
    }

    fn failed(&mut self, place: usize, error: LlmError) {
        if matches!(error, LlmError::Declined { .. }) {
            // That one conversation is declined is no reason to leave the model alone in all the others.
            metrics::provider_error(self.order.name(place), error.word());
        } else {
            self.order.failed(place, error.word());
        }
        self.racing.retain(|(racing, _)| *racing != place);
        if self.acts {
            // The calls that were told are whole, and nobody else may ask for them again.
            self.ready.push_back(AnswerEvent::Done { truncated: false });
            return self.end();
        }
        let reason = error.to_string();
        if self.error.as_ref().is_none_or(|kept| error.may_pass() && !kept.may_pass()) {
            self.error = Some(error);
        }
        if self.racing.is_empty() {
            self.ask_next(Some((place, &reason)));
        }
    }

    /// Before the answer has begun the next model runs beside the late one, afterwards in its place.
    fn late(&mut self) {
        let Some((late, _)) = self.racing.last() else { return };
        let late = *late;
        if self.begun {
            let reason = format!("nothing more within {:?}", self.patience);
            self.failed(late, LlmError::BrokeOff { reason });
        } else {
            self.ask_next(Some((late, &format!("no word within {:?}", self.patience))));
        }
    }

    /// Whether somebody is left who can be asked for what is wanted now.
    fn has_next(&self) -> bool {
        let models = self.untried.iter().filter_map(|place| self.order.members.get(*place));
        models.into_iter().any(|member| self.said.is_empty() || member.provider.continues())
    }

    fn ask_next(&mut self, instead: Option<(usize, &str)>) -> bool {
        if !self.said.is_empty() {
            let order = &self.order;
            self.untried
                .retain(|place| order.members.get(*place).is_some_and(|member| member.provider.continues()));
        }
        let Some(place) = self.order.take(&mut self.untried) else { return false };
        let Some(member) = self.order.members.get(place) else { return false };
        self.racing.push((place, member.provider.ask(self.wanted())));
        self.begun = false;
        self.late_at = Some(clock::now() + self.patience);
        self.tail.clear();
        self.seam = (!self.said.is_empty()).then(|| Seam::new(&self.said));
        self.joins = self.said.ends_with(|c: char| !c.is_whitespace());
        if let Some((from, reason)) = instead {
            self.order.replaced(from, place, reason);
            self.ready.push_back(AnswerEvent::Switched);
        }
        true
    }

    /// The question, and what was said already.
    fn wanted(&self) -> Question {
        let mut question = self.question.clone();
        if !self.said.is_empty() {
            let content = self.said.trim().to_owned();
            question.messages.push(Message::Assistant { content, tool_calls: Vec::new() });
            question.messages.push(Message::User { content: GO_ON.to_owned() });
        }
        question
    }

    /// Tells whole words only: half a word could not be continued.
    fn text(&mut self, token: &str) {
        let new = self.seam.as_mut().map_or_else(|| token.to_owned(), |seam| seam.push(token));
        self.tail.push_str(&new);
        let rest = self.tail.split_off(whole_words(&self.tail));
        let words = std::mem::replace(&mut self.tail, rest);
        self.tell(&words);
        if words.is_empty() {
            self.ready.push_back(AnswerEvent::Working);
        }
    }

    /// The model has no more text.
    fn rest(&mut self) {
        let new = self.seam.as_mut().map(Seam::finish).unwrap_or_default();
        let rest = std::mem::take(&mut self.tail) + &new;
        self.tell(&rest);
    }

    fn tell(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        let joint = if self.joins { " " } else { "" };
        self.joins = false;
        let text = format!("{joint}{words}");
        self.said.push_str(&text);
        self.ready.push_back(AnswerEvent::Text(text));
    }

    fn end(&mut self) {
        self.over = true;
        self.racing.clear();
    }

    fn no_answer(&mut self) -> LlmError {
        let error = self.error.take();
        let error = error.unwrap_or_else(|| LlmError::Refused { reason: "there is no model".to_owned() });
        if self.said.is_empty() { error } else { LlmError::BrokeOff { reason: error.to_string() } }
    }
}

/// What comes next, and from whom. Cancel-safe.
async fn first_of(racing: &mut [(usize, AnswerStream)]) -> (usize, Option<Result<AnswerEvent, LlmError>>) {
    poll_fn(|context| {
        for (place, stream) in racing.iter_mut() {
            if let Poll::Ready(item) = stream.poll_next_unpin(context) {
                return Poll::Ready((*place, item));
            }
        }
        Poll::Pending
    })
    .await
}

/// How many bytes of the text are whole words: all where it ends in a mark behind a letter, since what speaks waits for it.
fn whole_words(text: &str) -> usize {
    let body = text.trim_end_matches(['.', ',', ';', ':', '!', '?', '…']);
    let closed = body.len() < text.len() && body.ends_with(char::is_alphabetic);
    let blank = || text.char_indices().rev().find(|(_, letter)| letter.is_whitespace());
    if closed { text.len() } else { blank().map_or(0, |(at, letter)| at + letter.len_utf8()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_may_go_on_is_kept_back() {
        for (text, whole) in [
            ("Tenemos lu", "Tenemos "),
            ("Claro, dígame.", "Claro, dígame."),
            ("a las 10.", "a las "),
            ("gracias,", "gracias,"),
            ("uno ", "uno "),
            ("", ""),
        ] {
            assert_eq!(&text[..whole_words(text)], whole);
        }
    }
}
