//! Speech to text by `/v1/listen` (Nova) or `/v2/listen` (Flux): one socket a call.

use super::{
    Options, query,
    turn::{self, Turn},
    wire::{self, FromDeepgram, TurnState},
};
use crate::{
    net::ws::Message,
    ports::stt::{SpeechToText, SttSession, SttSpec},
    providers::live::{self, Covered, Line, Listener, Refusal, Said, SignOfLife},
};
use bytes::Bytes;
use http::{HeaderMap, Uri};
use std::{sync::Arc, time::Duration};

/// How Deepgram listens.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The model: `nova-3`, or one of Flux, such as `flux-general-multi`, which decides itself when a turn is over.
    pub model: String,
    /// The language by Deepgram's code, such as `multi`; `None` follows the agent's tag.
    pub language: Option<String>,
    /// Silence that makes a result `speech_final`, in steps of 1 ms; 300 ms suits the telephone.
    pub endpointing: Duration,
    /// No new word for this long gives `UtteranceEnd`; Deepgram wants at least 1 s.
    pub utterance_end: Duration,
    /// Numbers, dates and e-mail addresses written as one would.
    pub smart_format: bool,
    /// Punctuation and capitals.
    pub punctuate: bool,
    /// How sure Flux is when it tells an eager end of turn, 0.3 to 0.9; `None`: it tells none.
    pub eager: Option<f32>,
    /// Words to be expected, such as names of doctors; 500 tokens in total, nova-3 and later.
    pub keyterms: Vec<String>,
    /// Whether Deepgram may not train on the audio (changes the price).
    pub no_training: bool,
    /// How the connection is kept; Deepgram closes one that is silent for 10 s.
    pub line: Line,
}

impl ListenOptions {
    pub(super) fn is_flux(&self) -> bool {
        self.model.starts_with("flux-")
    }
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            model: "nova-3".to_owned(),
            language: None,
            endpointing: Duration::from_millis(300),
            utterance_end: Duration::from_secs(1),
            smart_format: true,
            punctuate: true,
            eager: Some(0.5),
            keyterms: Vec::new(),
            no_training: false,
            line: Line::default(),
        }
    }
}

/// Deepgram's recogniser.
#[derive(Debug)]
pub struct Listen {
    options: Arc<Options>,
}

impl Listen {
    /// A recogniser; connects when a call opens it.
    pub fn new(options: Options) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl SpeechToText for Listen {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn open(&self, spec: SttSpec) -> SttSession {
        let listener = DeepgramListener {
            address: query::address(&self.options, &spec),
            options: Arc::clone(&self.options),
            turn: Turn::default(),
        };
        live::open(listener, self.options.listen.line)
    }
}

/// One call's recognition.
struct DeepgramListener {
    options: Arc<Options>,
    address: Option<Uri>,
    turn: Turn,
}

impl Listener for DeepgramListener {
    const NAME: &'static str = "deepgram";

    fn address(&self) -> Option<Uri> {
        self.address.clone()
    }

    fn headers(&self) -> HeaderMap {
        self.options.headers()
    }

    fn refusal(body: &[u8]) -> String {
        wire::error_name(body)
    }

    fn audio(&self, frame: Bytes) -> Message {
        Message::Binary(frame)
    }

    /// Flux knows no message for it, and the telephone pauses while a call is on hold.
    fn sign_of_life(&self) -> SignOfLife {
        if self.options.listen.is_flux() {
            SignOfLife::Silence
        } else {
            SignOfLife::Message(Message::text(wire::KEEP_ALIVE))
        }
    }

    fn turn_over(&self) -> Option<Message> {
        self.turn.has_unfinished().then(|| Message::text(wire::FINALIZE))
    }

    fn farewell() -> Option<Message> {
        Some(Message::text(wire::CLOSE_STREAM))
    }

    fn read(&mut self, text: &str) -> Said {
        let message = FromDeepgram::read(text);
        let (result, covered) = match &message {
            FromDeepgram::Results(results) => (true, results.is_final.then_some(results.end)),
            FromDeepgram::TurnInfo(info) => (true, (info.state == TurnState::Over).then_some(info.end)),
            // The session is over, whether or not a close follows.
            FromDeepgram::Error(code) if self.options.listen.is_flux() => {
                let refusal = Some(Refusal { reason: code.clone(), ours: false });
                return Said { refusal, ..Said::default() };
            }
            FromDeepgram::Error(kind) | FromDeepgram::Trouble(kind) => {
                tracing::debug!(provider = "deepgram", kind, "Recogniser complains");
                (false, None)
            }
            _ => (false, None),
        };
        let events = match message {
            FromDeepgram::TurnInfo(info) => turn::of_flux(info),
            message => self.turn.read(message).into_iter().collect(),
        };
        Said { events, result, covered: covered.map(Covered::To), refusal: None }
    }
}
