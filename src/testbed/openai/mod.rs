//! A fake of OpenAI's chat completions (and of servers compatible with it), streamed and whole, and of its voices.

mod answer;
mod chat;
mod speech;
mod wire;

pub use answer::{Answer, ModelPace};

use super::{
    door::Door,
    faults::Faults,
    log::{Log, Service},
    script::Script,
    speech::{SpeechFault, SpeechPace},
};
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing,
};
use serde_json::{Value, json};
use std::{
    fmt, io,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicU64},
    time::Duration,
};

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LlmFault {
    /// Nothing.
    #[default]
    None,
    /// The request is answered by this HTTP status with OpenAI's body.
    Refuse(u16),
    /// 429 with `retry-after` and `retry-after-ms`.
    RetryAfter(Duration),
    /// 429 of the kind that must not be retried.
    QuotaExceeded,
    /// The first token comes only after this time.
    SlowFirstToken(Duration),
    /// After so many tokens nothing more comes.
    StallAfter(usize),
    /// After so many tokens the connection breaks.
    CutAfter(usize),
    /// After so many tokens the stream ends properly but without `[DONE]`.
    EndAfter(usize),
    /// After so many tokens an error stands in the stream.
    ErrorAfter(usize),
    /// The stream comes in slices of 1 to 40 bytes.
    OddSlices,
    /// Lines end with CR LF.
    Crlf,
    /// Comments, event names, empty data and no space after the colon.
    Comments,
    /// Nothing of the stream means anything.
    Garbage,
    /// The answer has neither text nor calls.
    Empty,
    /// Tokens without end.
    Endless,
    /// The first chunk has no choices (Azure).
    AzureStyle,
    /// Each tool call comes whole, and all with index 0 (Ollama).
    OllamaStyle,
}

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct OpenAiOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// The key that is accepted; any when absent.
    pub key: Option<String>,
    /// How fast it is.
    pub pace: ModelPace,
    /// What is answered when no script says otherwise, over and over.
    pub answers: Vec<Answer>,
    /// The voice.
    pub speech: SpeechPace,
}

impl Default for OpenAiOptions {
    /// Answers of 20 to 25 words whose first clause has three (design §9).
    fn default() -> Self {
        let answers = [
            "Claro que sí, con mucho gusto le ayudo con su cita y le cuento qué horarios nos quedan libres \
             para esta semana. ¿Qué día prefiere?",
            "Por supuesto que, si le parece bien, le propongo el martes por la mañana o el jueves por la tarde \
             con la doctora. ¿Cuál prefiere?",
            "Muy bien entonces, atendemos de lunes a viernes de ocho a siete y los sábados por la mañana hasta la \
             una en punto.",
            "Con mucho gusto, la clínica queda en el centro de la ciudad, a dos cuadras del parque principal, y \
             tiene estacionamiento para pacientes.",
        ];
        Self {
            port: 0,
            key: None,
            pace: ModelPace::default(),
            answers: answers.map(Answer::text).to_vec(),
            speech: SpeechPace::default(),
        }
    }
}

/// Decides an answer by the whole request, as it came.
pub type Mind = Box<dyn Fn(&Value) -> Answer + Send + Sync>;

struct Shared {
    options: OpenAiOptions,
    log: Log,
    faults: Faults<LlmFault>,
    speech: Faults<SpeechFault>,
    script: Script<Answer>,
    rules: Mutex<Vec<(String, Answer)>>,
    mind: OnceLock<Mind>,
    calls: AtomicU64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Shared {
    /// The answer to what the user said last.
    fn answer(&self, said: &str, request: &Value) -> Answer {
        if let Some(mind) = self.mind.get() {
            return mind(request);
        }
        let said = said.to_lowercase();
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter().find(|(part, _)| said.contains(part)).map(|(_, answer)| answer.clone());
        drop(rules);
        rule.or_else(|| self.script.take()).unwrap_or_default()
    }
}

/// The running fake.
#[derive(Debug)]
pub struct OpenAi {
    door: Door,
    shared: Arc<Shared>,
}

impl OpenAi {
    pub(super) async fn start(options: OpenAiOptions, log: Log) -> io::Result<Self> {
        let port = options.port;
        let shared = Arc::new(Shared {
            script: Script::cycle(options.answers.clone()),
            options,
            log,
            faults: Faults::default(),
            speech: Faults::default(),
            rules: Mutex::default(),
            mind: OnceLock::new(),
            calls: AtomicU64::new(1),
        });
        let router = Router::new()
            .route("/v1/chat/completions", routing::post(chat::post))
            .route("/v1/audio/speech", routing::post(speech::post))
            .route("/v1/models", routing::get(models))
            .with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared })
    }

    /// Its base URL, with `/v1` as clients want it.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.door.address())
    }

    /// What goes wrong with answers; a visit is a request.
    pub fn faults(&self) -> &Faults<LlmFault> {
        &self.shared.faults
    }

    /// What goes wrong with voices; a visit is a request.
    pub fn speech_faults(&self) -> &Faults<SpeechFault> {
        &self.shared.speech
    }

    /// What is answered next, whatever is asked.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script.queue(answers);
    }

    /// What is answered from now on, whatever is asked and however often.
    pub fn answers_only(&self, answer: Answer) {
        self.shared.script.only(answer);
    }

    /// What is answered, always, to a last user text that contains `part` (letter case does not matter). A request
    /// that ends with tool results is matched by those.
    pub fn answer_to(&self, part: &str, answer: Answer) {
        let mut rules = self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.push((part.to_lowercase(), answer));
    }

    /// Answers are decided by `mind` from now on, whatever scripts and rules say. The first one stays.
    pub fn think(&self, mind: Mind) {
        drop(self.shared.mind.set(mind));
    }

    /// Requests in flight.
    pub fn open(&self) -> usize {
        self.shared.log.open(Service::OpenAi)
    }

    /// Refuses connections and breaks those that are open.
    pub async fn shut(&self) {
        self.door.shut().await;
    }

    /// Takes connections again.
    pub async fn reopen(&self) {
        self.door.reopen().await;
    }
}

/// The models that it says it has; it answers as any.
async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let _visit = shared.log.visit(Service::OpenAi, "/v1/models");
    if !chat::is_authorised(&headers, shared.options.key.as_deref()) {
        return chat::refuse(401, None);
    }
    let model = json!({"id": "fake-model", "object": "model", "created": 0, "owned_by": "a-clinic"});
    Json(json!({"object": "list", "data": [model]})).into_response()
}
