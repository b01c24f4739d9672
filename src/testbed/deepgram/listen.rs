//! `/v1/listen` and `/v2/listen`: one socket of live recognition.

mod asked;
mod flux;

pub(super) use asked::{upgrade, upgrade_flux};

use super::{
    ListenFault, Shared,
    query::Listen,
    refusal::REQUEST_ID,
    wire::{self, FromClient, ToClient},
};
use crate::{
    base::clock,
    ports,
    testbed::{
        faults::Met,
        log::Visit,
        recogniser::{Decided, Dictated, Pace, Recogniser, Recognises, Word},
        socket::{self, Ends, Over},
    },
};
use asked::Wanted;
use axum::extract::ws::{Message, WebSocket};
use flux::Turns;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast;

/// `UtteranceEnd` of sockets that did not ask for one but meet [`ListenFault::UtteranceEndOnly`].
const DEFAULT_UTTERANCE_END: Duration = Duration::from_secs(1);

/// How late the final of [`ListenFault::LateTwice`] comes.
const LATE: Duration = Duration::from_secs(2);

struct Session {
    shared: Arc<Shared>,
    listen: Listen,
    /// Only at `/v2/listen`.
    turns: Option<Turns>,
    fault: Met<ListenFault>,
    visit: Visit,
    recogniser: Box<dyn Recognises>,
    dictation: broadcast::Receiver<Arc<[Word]>>,
    decided: Vec<Decided>,
    heard_of: Instant,
    late: Vec<(Instant, ToClient)>,
}

impl Session {
    fn new(shared: Arc<Shared>, wanted: Wanted, fault: Met<ListenFault>, visit: Visit) -> Self {
        let (mut listen, mut final_after, mut turns) = (Listen::default(), shared.options.final_after, None);
        match wanted {
            Wanted::Results(results) => listen = results,
            Wanted::Turns(flux) => {
                final_after = final_after.min(flux.timeout);
                turns = Some(Turns::new(flux, shared.options.eager_after));
            }
        }
        let unasked = (fault.now() == ListenFault::UtteranceEndOnly).then_some(DEFAULT_UTTERANCE_END);
        let pace = Pace {
            final_after,
            partial_every: shared.options.partial_every,
            utterance_end: listen.utterance_end.or(unasked),
        };
        let heard_of = clock::now();
        let recogniser: Box<dyn Recognises> = if shared.options.dictated {
            Box::new(Dictated::new(pace, heard_of))
        } else {
            Box::new(Recogniser::new(pace, shared.script.clone()))
        };
        let dictation = shared.dictation.subscribe();
        let (decided, late) = (Vec::new(), Vec::new());
        Self { shared, listen, turns, fault, visit, recogniser, dictation, decided, heard_of, late }
    }

    async fn run(mut self, mut socket: WebSocket) {
        let mut ends = Ends::new(&self.shared.gone, &self.shared.cut);
        let over = self.serve(&mut socket, &mut ends).await;
        ends.finish(&mut socket, &self.visit, over).await;
        self.visit.note("heard", format!("{:.2} s", self.recogniser.seconds()));
    }

    async fn serve(&mut self, socket: &mut WebSocket, ends: &mut Ends) -> Over {
        if self.turns.is_some() && !socket::send(socket, &Turns::connected()).await {
            return Over::Gone;
        }
        loop {
            let idle = self.heard_of + self.shared.options.idle;
            let late = self.late.first().map(|(due, _)| *due);
            let eager = self.turns.as_ref().and_then(Turns::next_deadline);
            let due = [Some(idle), late, eager, self.recogniser.next_deadline()].into_iter().flatten().min();
            let over = tokio::select! {
                over = ends.next() => Some(over),
                received = socket.recv() => match received {
                    Some(Ok(message)) => self.take(socket, message).await,
                    _ => Some(Over::Gone),
                },
                Ok(words) = self.dictation.recv() => {
                    self.recogniser.told(clock::now(), &words);
                    None
                }
                () = ports::until(due) => self.tick(socket, idle).await,
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    async fn tick(&mut self, socket: &mut WebSocket, idle: Instant) -> Option<Over> {
        let now = clock::now();
        if now >= idle {
            return Some(Over::Close(1011, "NET-0001".to_owned()));
        }
        while self.late.first().is_some_and(|(due, _)| *due <= now) {
            let (_, message) = self.late.remove(0);
            self.visit.note("late-final", "");
            socket::send(socket, &message).await;
        }
        self.recogniser.tick(now, &mut self.decided);
        self.tell(socket, now).await
    }

    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Option<Over> {
        let now = clock::now();
        match message {
            Message::Binary(audio) if audio.is_empty() => return self.end(socket).await,
            Message::Binary(audio) => {
                self.heard_of = now;
                if self.fault.now() == ListenFault::StopReading {
                    self.visit.note("stopped-reading", "");
                    self.shared.gone.cancelled().await;
                    return Some(Over::Gone);
                }
                self.recogniser.hear(now, &audio, &mut self.decided);
                return self.tell(socket, now).await;
            }
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(FromClient::KeepAlive | FromClient::Finalize) if self.turns.is_some() => {
                    // Flux knows neither.
                    self.visit.note("unknown-message", text.to_string());
                    let code = "UNPARSABLE_CLIENT_MESSAGE";
                    let description = "the message is not one of this service";
                    socket::send(socket, &ToClient::Error { sequence_id: 0, code, description }).await;
                    return Some(Over::Close(1008, "DATA-0000".to_owned()));
                }
                Ok(FromClient::KeepAlive) => {
                    self.visit.note("keep-alive", "");
                    // Before the first audio it does not save the stream.
                    if self.recogniser.seconds() > 0.0 {
                        self.heard_of = now;
                    }
                }
                Ok(FromClient::Finalize) => {
                    self.visit.note("finalize", "");
                    self.heard_of = now;
                    return self.finalize(socket).await;
                }
                Ok(FromClient::CloseStream) => return self.end(socket).await,
                Ok(FromClient::Unknown) | Err(_) => {
                    self.visit.note("unknown-message", text.to_string());
                    return Some(Over::Close(1008, "DATA-0000".to_owned()));
                }
            },
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
        None
    }

    async fn finalize(&mut self, socket: &mut WebSocket) -> Option<Over> {
        let fault = self.fault.now();
        if matches!(fault, ListenFault::IgnoreFinalize | ListenFault::PartialsOnly) {
            return None;
        }
        self.recogniser.finish(&mut self.decided);
        let seconds = self.recogniser.seconds();
        let (text, from, to) = match self.decided.pop() {
            Some(Decided::Final { text, from, to }) => (text, from, to),
            _ => (String::new(), seconds, seconds),
        };
        self.visit.note("final", text.clone());
        let finalized = || {
            let results = results(&text, from, to, true, false);
            ToClient::Results(wire::Results { from_finalize: true, ..results })
        };
        if fault == ListenFault::LateTwice {
            // What has been decided before comes late enough; nothing is left to be said.
            if !text.is_empty() {
                self.delay(finalized);
            }
            return None;
        }
        (!socket::send(socket, &finalized()).await).then_some(Over::Gone)
    }

    /// Keeps a message, to be sent late and twice.
    fn delay(&mut self, message: impl Fn() -> ToClient) {
        let due = clock::now() + LATE;
        self.late.extend([(due, message()), (due, message())]);
    }

    /// `CloseStream`: what is open becomes final, the metadata follow, then the socket is closed.
    async fn end(&mut self, socket: &mut WebSocket) -> Option<Over> {
        self.visit.note("close-stream", "");
        self.recogniser.finish(&mut self.decided);
        if let Some(over) = self.tell(socket, clock::now()).await {
            return Some(over);
        }
        if self.turns.is_some() {
            return Some(Over::Close(1000, String::new()));
        }
        let metadata = ToClient::Metadata {
            transaction_key: "deprecated",
            request_id: REQUEST_ID.to_owned(),
            sha256: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
            created: "2026-11-21T09:00:00.000Z",
            duration: self.recogniser.seconds(),
            channels: 1,
            models: ["000000d2-1111-4222-8333-0000000000d2"],
        };
        socket::send(socket, &metadata).await;
        Some(Over::Close(1000, String::new()))
    }

    /// Says what was decided, with the fault that holds.
    async fn tell(&mut self, socket: &mut WebSocket, now: Instant) -> Option<Over> {
        if self.turns.is_some() {
            return self.tell_turns(socket, now).await;
        }
        let fault = self.fault.now();
        for decided in std::mem::take(&mut self.decided) {
            let partial = matches!(decided, Decided::Partial { .. });
            let message = match decided {
                _ if fault == ListenFault::Silent => continue,
                Decided::Started { at } => {
                    self.visit.note("speech", "");
                    if !self.listen.vad_events {
                        continue;
                    }
                    ToClient::SpeechStarted { channel: [0, 1], timestamp: at }
                }
                Decided::Partial { text, from, to } => {
                    if !self.listen.interim_results {
                        continue;
                    }
                    ToClient::Results(results(&text, from, to, false, false))
                }
                Decided::Final { .. } if fault == ListenFault::PartialsOnly => continue,
                Decided::Final { text, from, to } => {
                    self.visit.note("final", text.clone());
                    let text = if fault == ListenFault::HugeText { socket::huge() } else { text };
                    let ended = fault != ListenFault::UtteranceEndOnly;
                    let message = || ToClient::Results(results(&text, from, to, true, ended));
                    if fault == ListenFault::LateTwice {
                        self.delay(message);
                        continue;
                    }
                    message()
                }
                Decided::UtteranceEnd { last_word_end } => {
                    ToClient::UtteranceEnd { channel: [0, 1], last_word_end }
                }
            };
            if fault == ListenFault::UnknownEvents && !say_nonsense(socket).await {
                return Some(Over::Gone);
            }
            if !socket::send(socket, &message).await {
                return Some(Over::Gone);
            }
            match fault {
                ListenFault::CloseMidUtterance if partial => {
                    return Some(Over::Close(1011, "NET-0000".to_owned()));
                }
                ListenFault::CutMidUtterance if partial => return Some(Over::Gone),
                _ => {}
            }
        }
        None
    }
}

async fn say_nonsense(socket: &mut WebSocket) -> bool {
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let texts = [
        r#"{"type":"Surprise","channel":{"deep":[1,2,{"deeper":null}]}}"#,
        r#"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":-1}"#,
        r#"{"type":"Results"}"#,
        r#"{"type":"Warning","description":"a warning that is not in the description"}"#,
        nested.as_str(),
        "not JSON at all",
        "",
    ];
    socket::say_nonsense(socket, &texts).await
}

fn results(text: &str, from: f64, to: f64, is_final: bool, speech_final: bool) -> wire::Results {
    let count = text.split_whitespace().count().max(1);
    // A huge text carries no words of its own: it is the transcript that is tested.
    let words = if count > 1_000 { Vec::new() } else { words(text, from, (to - from) / count as f64) };
    let confidence = if text.is_empty() { 0.0 } else { 0.98 };
    let alternative = wire::Alternative { transcript: text.to_owned(), confidence, words };
    wire::Results {
        channel_index: [0, 1],
        duration: to - from,
        start: from,
        is_final,
        speech_final,
        channel: wire::Channel { alternatives: [alternative] },
        metadata: wire::ResultMetadata {
            request_id: REQUEST_ID.to_owned(),
            model_info: wire::ModelInfo { name: "general-nova-3", version: "2026-02-17.0", arch: "nova-3" },
            model_uuid: "000000d2-1111-4222-8333-0000000000d2",
        },
        from_finalize: false,
    }
}

fn words(text: &str, from: f64, each: f64) -> Vec<wire::Word> {
    let word = |(i, shown): (u32, &str)| wire::Word {
        word: shown.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase(),
        start: from + each * f64::from(i),
        end: from + each * f64::from(i + 1),
        confidence: 0.98,
        punctuated_word: shown.to_owned(),
    };
    (0..).zip(text.split_whitespace()).map(word).collect()
}
