//! The recogniser of this machine: Whisper by utterance, decoded while the caller pauses.

mod ear;
mod hearing;

use super::{line, whisper::Whisper, workers::Workers};
use crate::{
    base::{language::Language, queue::Reader},
    ports::stt::{HearingCommand, SpeechToText, SttEvent, SttSession, SttSpec},
};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use hearing::{Act, Hearing};
use std::{
    collections::VecDeque,
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Whisper behind the port; calls share the weights.
#[derive(Clone, Debug)]
pub(super) struct LocalSpeechToText {
    pub(super) whisper: Arc<Whisper>,
    pub(super) workers: Arc<Workers>,
}

impl SpeechToText for LocalSpeechToText {
    fn name(&self) -> &'static str {
        "local-whisper"
    }

    fn by_utterance(&self) -> bool {
        true
    }

    fn open(&self, spec: SttSpec) -> SttSession {
        let (commands, reader) = SttSession::queue();
        let session = Session {
            engine: self.clone(),
            language: spec.language,
            commands: reader,
            hearing: Hearing::default(),
            events: VecDeque::from([SttEvent::Ready]),
            running: None,
        };
        // The session lives in the stream: polling drives it, dropping ends it. No task of its own.
        let events = stream::unfold(session, async |mut session| Some((session.next().await?, session)));
        SttSession { commands, events: events.boxed() }
    }
}

/// Tells a decoding to give up when it is dropped.
struct Leash(Arc<AtomicBool>);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Running {
    id: u64,
    text: BoxFuture<'static, String>,
    _leash: Leash,
}

struct Session {
    engine: LocalSpeechToText,
    language: Language,
    commands: Reader<HearingCommand>,
    hearing: Hearing,
    events: VecDeque<SttEvent>,
    running: Option<Running>,
}

impl Session {
    /// The next event; `None` once the call has dropped its end.
    async fn next(&mut self) -> Option<SttEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let running = &mut self.running;
            let decoded = async {
                match running {
                    Some(running) => (running.id, (&mut running.text).await),
                    None => future::pending().await,
                }
            };
            tokio::select! {
                command = self.commands.recv() => match command? {
                    HearingCommand::Audio(codes) | HearingCommand::Quiet(codes) => self.hearing.audio(&codes),
                    HearingCommand::Paused => self.hearing.paused(),
                    HearingCommand::TurnOver => self.hearing.turn_over(),
                },
                (id, text) = decoded => {
                    self.running = None;
                    self.hearing.decoded(id, text);
                }
            }
            self.act();
        }
    }

    fn act(&mut self) {
        while let Some(act) = self.hearing.next_act() {
            match act {
                Act::Tell(event) => self.events.push_back(event),
                Act::Abandon => self.running = None,
                Act::Decode { id, samples } => self.running = Some(self.decode(id, samples)),
            }
        }
    }

    fn decode(&self, id: u64, samples: Vec<i16>) -> Running {
        let flag = Arc::new(AtomicBool::new(false));
        let leash = Leash(Arc::clone(&flag));
        let (whisper, language) = (Arc::clone(&self.engine.whisper), self.language);
        let work = move || {
            let given_up = || flag.load(Ordering::Relaxed);
            whisper.transcribe(&line::to_wideband(&samples), language, &given_up)
        };
        let workers = Arc::clone(&self.engine.workers);
        let text = async move {
            match workers.run(work).await {
                Some(Ok(text)) => text.unwrap_or_default(),
                Some(Err(error)) => {
                    tracing::error!(%error, "A decoding failed; the caller's words are lost");
                    String::new()
                }
                None => String::new(),
            }
        };
        Running { id, text: text.boxed(), _leash: leash }
    }
}
