//! `/v1/speech-to-text/realtime`: one socket of live recognition (Scribe), committed by the fake's own ear.

use super::{
    Shared,
    refusal::{admit, refuse},
    wire::{self, FromListener},
};
use crate::{
    base::clock,
    ports,
    testbed::{
        faults::Met,
        log::{Service, Visit},
        recogniser::{Decided, Pace, Recogniser, Recognises},
        socket::{self, Ends, Over},
    },
};
use axum::{
    extract::{
        Query, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::HeaderMap,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What goes wrong with the recognition of one socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScribeFault {
    /// Nothing.
    #[default]
    None,
    /// The upgrade is answered by this HTTP status with ElevenLabs' body.
    Refuse(u16),
    /// Instead of `session_started` this error comes, then close 1008.
    Error(&'static str),
    /// After the first partial of an utterance this error comes, then close 1008.
    ErrorMidUtterance(&'static str),
    /// The connection is cut without a close frame after the first partial of an utterance.
    CutMidUtterance,
    /// The connection is cut without a close frame between the two messages of a commit.
    CutBetweenCommits,
    /// Commits never come.
    PartialsOnly,
    /// The commit comes 2 s late, and twice.
    LateTwice,
    /// The words of a commit are a megabyte long and hold control characters.
    HugeText,
    /// The socket is no longer read once audio came.
    StopReading,
    /// Audio is taken, nothing is ever said.
    Silent,
    /// Before each message stand others: of unknown type, without fields, not JSON, binary.
    UnknownEvents,
}

/// How late the commit of [`ScribeFault::LateTwice`] comes.
const LATE: Duration = Duration::from_secs(2);

/// The words of a commit, and the seconds between which they were said.
#[derive(Clone, Debug)]
struct Words {
    text: String,
    from: f64,
    to: f64,
}

/// How the fake listens.
#[derive(Clone, Copy, Debug)]
pub struct ScribePace {
    /// From the last voiced frame to the commit.
    pub final_after: Duration,
    /// Between partials.
    pub partial_every: Duration,
}

impl Default for ScribePace {
    /// As the fake of Deepgram (design §9).
    fn default() -> Self {
        Self { final_after: Duration::from_millis(350), partial_every: Duration::from_millis(150) }
    }
}

/// Reads a query: whether times are wanted. The error goes to the client.
fn read(pairs: &[(String, String)]) -> Result<bool, String> {
    let (mut model, mut format, mut vad, mut timed) = (false, false, false, false);
    for (name, value) in pairs {
        let wrong = || format!("`{name}={value}` is not valid here");
        match name.as_str() {
            "model_id" => model = value.starts_with("scribe_"),
            "audio_format" => format = value == "ulaw_8000",
            "commit_strategy" => vad = value == "vad",
            "include_timestamps" => timed = value.parse().map_err(|_| wrong())?,
            "vad_silence_threshold_secs" => {
                let seconds: f64 = value.parse().map_err(|_| wrong())?;
                if !(0.3..=3.0).contains(&seconds) {
                    return Err(wrong());
                }
            }
            "language_code" if (2..=3).contains(&value.len()) => {}
            "include_language_detection"
            | "vad_threshold"
            | "min_speech_duration_ms"
            | "min_silence_duration_ms"
            | "keyterms"
            | "no_verbatim"
            | "filter_background_audio" => {}
            _ => return Err(wrong()),
        }
    }
    if model && format && vad {
        Ok(timed)
    } else {
        Err("this fake hears only Scribe models in ulaw_8000 and commits by vad".to_owned())
    }
}

pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let visit = shared.log.visit(Service::ElevenLabs, "/v1/speech-to-text/realtime");
    let fault = shared.scribe.take();
    let refused = if let ScribeFault::Refuse(status) = fault.now() { Some(status) } else { None };
    let wanted = read(&pairs).map_err(|why| (400, why));
    let timed = match admit(&visit, (&headers, shared.options.key.as_deref()), wanted, refused) {
        Ok(timed) => timed,
        Err((status, why)) => return refuse(status, why.as_deref()),
    };
    let recogniser = ear(&shared);
    let session = Session { shared, timed, fault, visit, recogniser, decided: Vec::new(), late: Vec::new() };
    socket::accept(upgrade, |socket| session.run(socket))
}

/// A recogniser that has heard nothing. The one that it replaces puts back the sentence that it had begun: before the client
/// can know that the socket is over, so that the next socket hears it again.
fn ear(shared: &Shared) -> Recogniser {
    let ScribePace { final_after, partial_every } = shared.options.scribe;
    let pace = Pace { final_after, partial_every, utterance_end: None };
    Recogniser::new(pace, shared.script.clone())
}

struct Session {
    shared: Arc<Shared>,
    timed: bool,
    fault: Met<ScribeFault>,
    visit: Visit,
    recogniser: Recogniser,
    decided: Vec<Decided>,
    late: Vec<(Instant, Words)>,
}

impl Session {
    async fn run(mut self, mut socket: WebSocket) {
        let mut ends = Ends::new(&self.shared.gone, &self.shared.cut);
        let over = self.serve(&mut socket, &mut ends).await;
        ends.finish(&mut socket, &self.visit, over).await;
        self.visit.note("heard", format!("{:.2} s", self.recogniser.seconds()));
    }

    async fn serve(&mut self, socket: &mut WebSocket, ends: &mut Ends) -> Over {
        if let ScribeFault::Error(name) = self.fault.now() {
            return fail(socket, name).await;
        }
        if !socket::send(socket, &wire::session_started()).await {
            return Over::Gone;
        }
        loop {
            let late = self.late.first().map(|(due, _)| *due);
            let due = late.into_iter().chain(self.recogniser.next_deadline()).min();
            let over = tokio::select! {
                over = ends.next() => Some(over),
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => self.take(socket, &text).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Some(Over::Gone),
                    Some(Ok(_)) => None,
                },
                () = ports::until(due) => self.tick(socket).await,
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    async fn tick(&mut self, socket: &mut WebSocket) -> Option<Over> {
        let now = clock::now();
        while self.late.first().is_some_and(|(due, _)| *due <= now) {
            let (_, words) = self.late.remove(0);
            if let Some(over) = self.send(socket, &words).await {
                return Some(over);
            }
        }
        self.recogniser.tick(now, &mut self.decided);
        self.tell(socket).await
    }

    async fn take(&mut self, socket: &mut WebSocket, text: &str) -> Option<Over> {
        let message = serde_json::from_str::<FromListener>(text).ok();
        let chunk = message.filter(|message| {
            message.message_type == "input_audio_chunk"
                && message.sample_rate.is_none_or(|rate| rate == 8_000)
        });
        let audio = chunk.as_ref().and_then(|chunk| STANDARD.decode(&chunk.audio_base_64).ok());
        let (Some(chunk), Some(audio)) = (chunk, audio) else {
            self.visit.note("bad-message", text);
            return Some(fail(socket, "input_error").await);
        };
        if self.fault.now() == ScribeFault::StopReading {
            self.visit.note("stopped-reading", "");
            self.shared.gone.cancelled().await;
            return Some(Over::Gone);
        }
        self.recogniser.hear(clock::now(), &audio, &mut self.decided);
        if let Some(over) = self.tell(socket).await {
            return Some(over);
        }
        if !chunk.commit {
            return None;
        }
        self.visit.note("commit", "");
        self.recogniser.finish(&mut self.decided);
        match self.decided.pop() {
            Some(Decided::Final { text, from, to }) if !text.is_empty() => {
                self.commit(socket, Words { text, from, to }).await
            }
            _ => {
                let nothing = wire::error("insufficient_audio_activity");
                (!socket::send(socket, &nothing).await).then_some(Over::Gone)
            }
        }
    }

    /// Says what was decided, with the fault that holds.
    async fn tell(&mut self, socket: &mut WebSocket) -> Option<Over> {
        let fault = self.fault.now();
        for decided in std::mem::take(&mut self.decided) {
            if fault == ScribeFault::Silent {
                continue;
            }
            if fault == ScribeFault::UnknownEvents && !say_nonsense(socket).await {
                return Some(Over::Gone);
            }
            match decided {
                Decided::Partial { text, .. } => {
                    if !socket::send(socket, &wire::partial(&text)).await {
                        return Some(Over::Gone);
                    }
                    match fault {
                        ScribeFault::CutMidUtterance => {
                            self.recogniser = ear(&self.shared);
                            return Some(Over::Gone);
                        }
                        ScribeFault::ErrorMidUtterance(name) => {
                            self.recogniser = ear(&self.shared);
                            return Some(fail(socket, name).await);
                        }
                        _ => {}
                    }
                }
                Decided::Final { text, from, to } if !text.is_empty() => {
                    if let Some(over) = self.commit(socket, Words { text, from, to }).await {
                        return Some(over);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Commits, with the fault that holds.
    async fn commit(&mut self, socket: &mut WebSocket, mut words: Words) -> Option<Over> {
        let fault = self.fault.now();
        if fault == ScribeFault::PartialsOnly {
            return None;
        }
        self.visit.note("final", words.text.clone());
        if fault == ScribeFault::LateTwice {
            let due = clock::now() + LATE;
            self.late.extend([(due, words.clone()), (due, words)]);
            return None;
        }
        if fault == ScribeFault::HugeText {
            words.text = socket::huge();
        }
        self.send(socket, &words).await
    }

    /// The two messages of a commit.
    async fn send(&self, socket: &mut WebSocket, Words { text, from, to }: &Words) -> Option<Over> {
        if !socket::send(socket, &wire::committed(text)).await
            || self.fault.now() == ScribeFault::CutBetweenCommits
        {
            return Some(Over::Gone);
        }
        let timed = !self.timed || socket::send(socket, &wire::timed(text, *from, *to)).await;
        (!timed).then_some(Over::Gone)
    }
}

/// An error, and the close that follows it.
async fn fail(socket: &mut WebSocket, name: &'static str) -> Over {
    if socket::send(socket, &wire::error(name)).await {
        Over::Close(1008, name.to_owned())
    } else {
        Over::Gone
    }
}

async fn say_nonsense(socket: &mut WebSocket) -> bool {
    let texts =
        ["", "not JSON", "[]", r#"{"message_type":"surprise"}"#, r#"{"message_type":"partial_transcript"}"#];
    socket::say_nonsense(socket, &texts).await
}
