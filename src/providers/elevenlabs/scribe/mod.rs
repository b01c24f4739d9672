//! Speech to text by Scribe: one socket a call, in the telephone's own encoding.

mod wire;

use super::headers;
use crate::{
    net::{address::BaseUrl, ws::Message},
    ports::stt::{SpeechToText, SttEvent, SttSession, SttSpec},
    providers::live::{self, Covered, Line, Listener, Refusal, Said, SignOfLife},
};
use bytes::Bytes;
use http::{HeaderMap, Uri};
use secrecy::SecretString;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use wire::FromScribe;

/// Commits that wait for their other message; the two of one come together.
const HALVES_WAITING: usize = 8;

/// Where Scribe is reached, and how it listens.
#[derive(Clone, Debug)]
pub struct ScribeOptions {
    /// The origin, such as `https://api.elevenlabs.io` or a residency region's.
    pub base_url: BaseUrl,
    /// The API key.
    pub key: SecretString,
    /// The model.
    pub model: String,
    /// Silence that ends an utterance; ElevenLabs wants more than 0.3 s and at most 3 s.
    pub silence: Duration,
    /// How the connection is kept.
    pub line: Line,
}

impl ScribeOptions {
    /// Everything else at its default.
    pub fn new(base_url: BaseUrl, key: SecretString) -> Self {
        Self {
            base_url,
            key,
            model: "scribe_v2_realtime".to_owned(),
            silence: Duration::from_millis(350),
            line: Line::default(),
        }
    }

    /// The address with all settings; `None` where it is no URI, which a parsed base address cannot cause.
    fn address(&self, spec: &SttSpec) -> Option<Uri> {
        let mut url = self.base_url.ws("/v1/speech-to-text/realtime");
        url.query_pairs_mut()
            .append_pair("model_id", &self.model)
            .append_pair("audio_format", "ulaw_8000")
            .append_pair("commit_strategy", "vad")
            .append_pair("vad_silence_threshold_secs", &self.silence.as_secs_f64().to_string())
            // The times tell what a new connection need not hear again.
            .append_pair("include_timestamps", "true")
            .append_pair("language_code", spec.language.code());
        url.as_str().parse().ok()
    }
}

/// ElevenLabs' recogniser.
#[derive(Debug)]
pub struct Scribe {
    options: Arc<ScribeOptions>,
}

impl Scribe {
    /// A recogniser; connects when a call opens it.
    pub fn new(options: ScribeOptions) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl SpeechToText for Scribe {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn open(&self, spec: SttSpec) -> SttSession {
        let address = self.options.address(&spec);
        let listener = ScribeListener {
            options: Arc::clone(&self.options),
            address,
            unfinished: false,
            halves: VecDeque::new(),
        };
        live::open(listener, self.options.line)
    }
}

/// One call's recognition.
struct ScribeListener {
    options: Arc<ScribeOptions>,
    address: Option<Uri>,
    /// The newest text is a partial.
    unfinished: bool,
    /// Commits whose other message has not come, in order: the text, and whether it came with times.
    halves: VecDeque<(String, bool)>,
}

impl ScribeListener {
    /// A commit is told twice, with and without times, and once to the call. It follows a pause or our own wish, so it is the
    /// end of a turn; an empty one only where it takes words back.
    ///
    /// The other message is that of the oldest commit that lacks it, though it may write the text in another way; of two
    /// commits it is the one with the same text, since not every commit must have both.
    fn commit(&mut self, text: String, timed: bool) -> Option<SttEvent> {
        let lacks = |(_, other): &(String, bool)| *other != timed;
        if self.halves.front().is_some_and(lacks) {
            let same = self.halves.iter().position(|(other, _)| *other == text).unwrap_or(0);
            self.halves.drain(..=same);
            return None;
        }
        if self.halves.len() == HALVES_WAITING {
            self.halves.pop_front();
        }
        self.halves.push_back((text.clone(), timed));
        let news = std::mem::take(&mut self.unfinished) || !text.is_empty();
        news.then_some(SttEvent::Final { text, end_of_turn: true })
    }
}

impl Listener for ScribeListener {
    const NAME: &'static str = "elevenlabs";
    /// Of a cough it says nothing, and need not.
    const SOUND: Duration = Duration::from_secs(1);

    fn address(&self) -> Option<Uri> {
        self.address.clone()
    }

    fn headers(&self) -> HeaderMap {
        headers(&self.options.key)
    }

    fn refusal(body: &[u8]) -> String {
        super::wire::error_name(body)
    }

    /// `session_started` says when it listens: a wrong key is told on the open socket.
    fn connected(&mut self) -> Option<SttEvent> {
        self.halves.clear();
        None
    }

    fn audio(&self, frame: Bytes) -> Message {
        Message::text(wire::audio(&frame))
    }

    /// There is no message for it.
    fn sign_of_life(&self) -> SignOfLife {
        SignOfLife::Silence
    }

    fn turn_over(&self) -> Option<Message> {
        self.unfinished.then(|| Message::text(wire::COMMIT))
    }

    fn farewell() -> Option<Message> {
        None
    }

    fn read(&mut self, text: &str) -> Said {
        match FromScribe::read(text) {
            FromScribe::Started => Said::event(SttEvent::Ready),
            FromScribe::Partial(text) => {
                self.unfinished |= !text.is_empty();
                let event = (!text.is_empty()).then_some(SttEvent::Partial { text });
                Said { result: true, ..Said::event(event) }
            }
            FromScribe::Committed { text, timed, end } => {
                let event = self.commit(text, timed);
                // The message without times comes first, and nothing after it is sure to come.
                let guess = (event.is_some() && !timed).then_some(Covered::SentBut(self.options.silence));
                Said { result: true, covered: end.map(Covered::To).or(guess), ..Said::event(event) }
            }
            FromScribe::Failed(reason) => {
                let ours = wire::is_lasting(&reason);
                Said { refusal: Some(Refusal { reason, ours }), ..Said::default() }
            }
            FromScribe::Complaint(kind) => {
                tracing::debug!(provider = "elevenlabs", kind, "Recogniser complains");
                Said::default()
            }
            FromScribe::Unknown => Said::default(),
        }
    }
}
