//! `/v1/text-to-speech/{voice}/multi-stream-input`: one socket, several contexts.

use super::{
    Shared,
    contexts::{Contexts, Due, Refused},
    refusal::{Query as Wanted, admit, refuse},
    wire::{Alignment, Audio, Failure, Final, FromClient},
};
use crate::{
    base::clock,
    ports,
    testbed::{
        faults::Met,
        log::{Service, Visit},
        socket::{self, Ends, Over},
        speech::{Chunk, SpeechFault},
    },
};
use axum::{
    extract::{
        Path, Query, State,
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

/// The `inactivity_timeout` when the query names none (ElevenLabs' documentation: 20 s).
const INACTIVITY: Duration = Duration::from_secs(20);

const TOO_MANY: Failure = Failure {
    message: "Maximum simultaneous contexts per WebSocket connection exceeded (5). Please close an existing context \
              before opening a new one.",
    error: "max_active_conversations",
    code: 1008,
};

const QUOTA: Failure =
    Failure { message: "This request exceeds your quota.", error: "quota_exceeded", code: 1008 };

pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Path(voice): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let visit = shared.log.visit(Service::ElevenLabs, format!("/multi-stream-input {voice}"));
    let fault = shared.faults.take();
    let refused = if let SpeechFault::Refuse(status) = fault.now() { Some(status) } else { None };
    let wanted = match admit(&visit, (&headers, shared.options.key.as_deref()), Wanted::read(&pairs), refused)
    {
        Ok(wanted) => wanted,
        Err((status, why)) => return refuse(status, why.as_deref()),
    };
    let asked = wanted.inactivity_timeout.map(Duration::from_secs);
    let patience = shared.options.inactivity.or(asked).unwrap_or(INACTIVITY);
    let contexts = Contexts::new(shared.options.pace, wanted.auto_mode);
    let session = Session { shared, contexts, fault, visit, patience, heard_of: clock::now() };
    socket::accept(upgrade, |socket| session.run(socket))
}

struct Session {
    shared: Arc<Shared>,
    contexts: Contexts,
    fault: Met<SpeechFault>,
    visit: Visit,
    patience: Duration,
    heard_of: Instant,
}

impl Session {
    async fn run(mut self, mut socket: WebSocket) {
        let mut ends = Ends::new(&self.shared.gone, &self.shared.cut);
        let over = self.serve(&mut socket, &mut ends).await;
        ends.finish(&mut socket, &self.visit, over).await;
    }

    async fn serve(&mut self, socket: &mut WebSocket, ends: &mut Ends) -> Over {
        loop {
            let now = clock::now();
            let idle = self.heard_of + self.patience;
            let due = self.contexts.next_deadline(now).map_or(idle, |at| at.min(idle));
            let over = tokio::select! {
                over = ends.next() => Some(over),
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => self.take(socket, &text).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Some(Over::Gone),
                    Some(Ok(_)) => None,
                },
                () = ports::until(Some(due)) => self.tick(socket, idle).await,
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    async fn tick(&mut self, socket: &mut WebSocket, idle: Instant) -> Option<Over> {
        let now = clock::now();
        if now >= idle {
            let seconds = self.patience.as_secs();
            return Some(Over::Close(
                1008,
                format!(
                    "Have not received a new text input within the timeout of {seconds} seconds. Streaming input \
                     terminated."
                ),
            ));
        }
        while let Some(due) = self.contexts.take_due(now) {
            let sent = match &due {
                Due::Audio { context, chunk, first } => {
                    if *first {
                        self.visit.note("first-audio", context.clone());
                    }
                    send_audio(socket, context, chunk).await
                }
                Due::Final { context } => {
                    self.visit.note("final", context.clone());
                    socket::send(socket, &Final { is_final: true, context_id: context }).await
                }
                Due::Break => {
                    socket::send(socket, &QUOTA).await;
                    return Some(Over::Close(1008, QUOTA.error.to_owned()));
                }
            };
            if !sent {
                return Some(Over::Gone);
            }
        }
        None
    }

    async fn take(&mut self, socket: &mut WebSocket, text: &str) -> Option<Over> {
        let now = clock::now();
        let fault = self.fault.now();
        let Ok(message) = serde_json::from_str::<FromClient>(text) else {
            self.visit.note("bad-message", text);
            return Some(Over::Close(1008, "Invalid message received.".to_owned()));
        };
        self.heard_of = now;
        if message.close_socket {
            self.visit.note("close-socket", "");
            return Some(Over::Close(1000, String::new()));
        }
        let said = message.text.as_deref().unwrap_or_default();
        if message.context_id.is_none() && said.trim().is_empty() && !message.flush && !message.close_context
        {
            self.visit.note("keep-alive", "");
            return None;
        }
        if fault == SpeechFault::Garbage {
            return (!say_nonsense(socket).await).then_some(Over::Gone);
        }
        let name = message.context_id.as_deref().unwrap_or("default");
        if message.close_context {
            self.visit.note("close-context", name);
            if let Some(text) = self.contexts.close(now, name, &fault) {
                self.visit.note("speak", text);
            }
            return None;
        }
        let open = self.contexts.count();
        let settings = message.voice_settings.is_some() || message.generation_config.is_some();
        let taken = match fault {
            SpeechFault::MaxContexts => Err(Refused::TooManyContexts),
            _ => self.contexts.say(now, name, said, message.flush, settings, &fault),
        };
        if self.contexts.count() > open {
            self.visit.note("contexts", self.contexts.count().to_string());
        }
        match taken {
            Ok(Some(text)) => self.visit.note("speak", text),
            Ok(None) => {}
            Err(Refused::TooManyContexts) => {
                socket::send(socket, &TOO_MANY).await;
                return Some(Over::Close(1008, TOO_MANY.error.to_owned()));
            }
            Err(Refused::SettingsTooLate) => {
                let why = "Voice settings can only be set in the first message of a context.";
                return Some(Over::Close(1008, why.to_owned()));
            }
        }
        if fault == SpeechFault::StopReading {
            self.visit.note("stopped-reading", "");
            self.shared.gone.cancelled().await;
            return Some(Over::Gone);
        }
        None
    }
}

async fn say_nonsense(socket: &mut WebSocket) -> bool {
    let texts =
        ["", "not JSON", "[]", r#"{"audio":7}"#, r#"{"audio":"%%%","contextId":3}"#, r#"{"isFinal":[]}"#];
    socket::say_nonsense(socket, &texts).await
}

async fn send_audio(socket: &mut WebSocket, context: &str, chunk: &Chunk) -> bool {
    let alignment = (!chunk.chars.is_empty()).then(|| align(chunk));
    let audio = Audio {
        audio: STANDARD.encode(&chunk.audio),
        normalized_alignment: alignment.as_ref(),
        alignment: alignment.as_ref(),
        context_id: context,
    };
    socket::send(socket, &audio).await
}

fn align(chunk: &Chunk) -> Alignment {
    let chars: Vec<char> = chunk.chars.chars().collect();
    let mut alignment = Alignment::default();
    let length = chunk.audio.len() / 8;
    let at = |i: usize| u32::try_from(length * i / chars.len().max(1)).unwrap_or(u32::MAX);
    for i in 0..chars.len() {
        alignment.char_start_times_ms.push(at(i));
        alignment.char_durations_ms.push(at(i + 1) - at(i));
    }
    alignment.chars = chars;
    alignment
}
