//! The language model: asks, watches the clock, hands the answer on as it comes.

use super::{
    Options,
    collect::{Collector, Trouble},
    endpoint::Endpoint,
    request,
    transport::{self, Transport},
    wire::Chunk,
};
use crate::{
    base::clock,
    net::{
        http::{self, NoClient},
        patience,
    },
    ports::llm::{AnswerEvent, AnswerStream, LanguageModel, LlmError, Question},
};
use async_openai::{Client, error::OpenAIError, types::stream::StreamResponse};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// Bytes of text for each token that was allowed; a server that ignores the limit is cut here. Spanish has about four.
const BYTES_PER_TOKEN: usize = 16;

/// A model behind chat completions.
#[derive(Debug)]
pub struct Chat {
    options: Arc<Options>,
    client: Client<Endpoint>,
}

impl Chat {
    /// A model; its connections are shared by all calls.
    ///
    /// # Errors
    /// [`NoClient`] when no HTTP client can be built.
    pub fn new(options: Options) -> Result<Self, NoClient> {
        let client = http::client(&options.base_url, options.http)?;
        let endpoint = Endpoint::new(&options.base_url, options.key.as_ref(), options.key_header);
        let service = Transport { client: client.clone(), name: options.name };
        let client = Client::build(client, endpoint).with_http_service(service);
        Ok(Self { options: Arc::new(options), client })
    }
}

impl LanguageModel for Chat {
    fn name(&self) -> &'static str {
        self.options.name
    }

    fn ask(&self, question: Question) -> AnswerStream {
        let asking = Asking {
            options: Arc::clone(&self.options),
            client: self.client.clone(),
            asked: clock::now(),
            limit: (question.max_tokens as usize).saturating_mul(BYTES_PER_TOKEN),
            question: Some(question),
            chunks: None,
            answer: Some(Collector::default()),
            ready: VecDeque::new(),
        };
        stream::unfold(asking, async |mut asking| asking.next().await.map(|event| (event, asking))).boxed()
    }
}

/// One question under way. Dropping it cancels the request.
struct Asking {
    options: Arc<Options>,
    client: Client<Endpoint>,
    asked: Instant,
    /// The longest text, in bytes.
    limit: usize,
    question: Option<Question>,
    chunks: Option<StreamResponse<Chunk>>,
    /// `None` once the answer has ended.
    answer: Option<Collector>,
    ready: VecDeque<AnswerEvent>,
}

impl Asking {
    async fn next(&mut self) -> Option<Result<AnswerEvent, LlmError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            self.answer.as_ref()?;
            if let Err(error) = self.advance().await {
                (self.answer, self.chunks) = (None, None);
                return Some(Err(error));
            }
        }
    }

    /// Takes one step; what is to be told lands in `ready`.
    async fn advance(&mut self) -> Result<(), LlmError> {
        if let Some(question) = self.question.take() {
            self.chunks = Some(self.open(&question).await?);
        }
        let Some(chunks) = self.chunks.as_mut() else { return self.finish(false) };
        let Some(answer) = self.answer.as_mut() else { return Ok(()) };
        let begun = answer.has_begun();
        let deadline =
            if begun { clock::now() + self.options.idle } else { self.asked + self.options.first_token };
        let deadline = deadline.min(self.asked + self.options.total);
        match patience::within(deadline, chunks.next()).await {
            Ok(Some(Ok(chunk))) => match answer.take(&chunk) {
                Ok(event) => {
                    self.ready.extend(event);
                    if answer.length() > self.limit {
                        self.cut();
                    }
                    Ok(())
                }
                Err(trouble) => Err(broken(begun, trouble)),
            },
            // One event that is no chunk, such as empty data: the others may be well.
            Ok(Some(Err(OpenAIError::JSONDeserialize(..)))) => Ok(()),
            // The model has said its last word, only the farewell is missing.
            Ok(Some(Err(_))) | Err(_) if answer.is_finished() => self.finish(false),
            Ok(Some(Err(error))) if !begun => Err(transport::consequence(&error)),
            Ok(Some(Err(_))) => Err(broken(begun, Trouble::Unfinished)),
            Ok(None) => self.finish(true),
            Err(_) if clock::now() >= self.asked + self.options.total && begun => {
                self.cut();
                Ok(())
            }
            Err(_) => Err(self.late(begun)),
        }
    }

    async fn open(&mut self, question: &Question) -> Result<StreamResponse<Chunk>, LlmError> {
        let unbuilt = || LlmError::Declined { reason: "the request could not be built".to_owned() };
        let body = request::body(&self.options, question).ok_or_else(unbuilt)?;
        let chat = self.client.chat();
        let opening = Box::pin(chat.create_stream_byot::<_, Chunk>(body));
        match patience::within(self.asked + self.options.first_token, opening).await {
            Ok(Ok(chunks)) => Ok(chunks),
            Ok(Err(error)) => Err(transport::consequence(&error)),
            Err(_) => Err(self.late(false)),
        }
    }

    fn finish(&mut self, complete: bool) -> Result<(), LlmError> {
        self.chunks = None;
        let Some(answer) = self.answer.take() else { return Ok(()) };
        let begun = answer.has_begun();
        self.ready.extend(answer.end(complete).map_err(|trouble| broken(begun, trouble))?);
        Ok(())
    }

    /// Ends an answer without end; dropping the stream closes the request.
    fn cut(&mut self) {
        (self.answer, self.chunks) = (None, None);
        self.ready.push_back(AnswerEvent::Done { truncated: true });
    }

    fn late(&self, begun: bool) -> LlmError {
        let told = |what: &str, limit: Duration| format!("{what} within {limit:?}");
        if begun {
            LlmError::BrokeOff { reason: told("nothing more", self.options.idle) }
        } else {
            LlmError::Busy { reason: told("no word", self.options.first_token) }
        }
    }
}

/// What trouble within a stream means.
fn broken(begun: bool, trouble: Trouble) -> LlmError {
    match trouble {
        Trouble::Declined => {
            LlmError::Declined { reason: "declined by the model, or by its filter".to_owned() }
        }
        Trouble::Error(name) if name.is_quota() => LlmError::Refused { reason: name.0 },
        Trouble::Error(name) if begun => {
            LlmError::BrokeOff { reason: format!("error {} in the stream", name.0) }
        }
        Trouble::Error(name) => LlmError::Busy { reason: format!("error {} in the stream", name.0) },
        Trouble::Unfinished if begun => LlmError::BrokeOff { reason: "the stream ended early".to_owned() },
        Trouble::Unfinished => LlmError::Busy { reason: "the stream ended at once".to_owned() },
    }
}
