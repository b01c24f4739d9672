//! The voice of this machine: Kokoro by piece. The next piece is spoken while the one before plays.

use super::{
    kokoro::{Kokoro, KokoroError, Stop, Voice},
    line,
    workers::Workers,
};
use crate::{
    base::{ids::TurnId, units::PHONE_RATE},
    dialogue::spoken::{Locale, say::text},
    ports::tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TextToSpeech, TtsSession, TtsSpec},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use std::{collections::VecDeque, future, sync::Arc};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Bytes of one chunk of audio: 200 ms.
const CHUNK: usize = PHONE_RATE as usize / 5;
/// Pieces that wait at most; an agent has no more to say in one turn.
const PIECES: usize = 256;

/// Which sound it is; another number for a change that is heard.
const SOUND: &str = "kokoro-82m-int8 1";

/// Kokoro behind the port; calls share the weights.
#[derive(Clone, Debug)]
pub(super) struct LocalTextToSpeech {
    pub(super) kokoro: Arc<Kokoro>,
    pub(super) workers: Arc<Workers>,
}

impl TextToSpeech for LocalTextToSpeech {
    fn name(&self) -> &'static str {
        "local-kokoro"
    }

    fn signature(&self, spec: &TtsSpec) -> String {
        format!("{SOUND} {}", Voice::of(&spec.voice, spec.language).name)
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let (commands, reader) = mpsc::channel(COMMANDS_WAITING);
        let session = Session {
            engine: self.clone(),
            voice: Voice::of(&spec.voice, spec.language),
            locale: spec.locale,
            commands: reader,
            waiting: VecDeque::new(),
            events: VecDeque::new(),
            running: None,
        };
        // The session lives in the stream: polling drives it, dropping ends it. No task of its own.
        let events = stream::unfold(session, async |mut session| Some((session.next().await?, session)));
        TtsSession { commands, events: events.boxed() }
    }
}

/// Tells a synthesis to give up when it is dropped.
struct Leash(Stop);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What is still to be done, in order.
enum Job {
    Say { turn: TurnId, piece: u32, text: String },
    Finish { turn: TurnId },
}

impl Job {
    fn turn(&self) -> TurnId {
        match self {
            Self::Say { turn, .. } | Self::Finish { turn } => *turn,
        }
    }
}

struct Running {
    turn: TurnId,
    piece: u32,
    audio: BoxFuture<'static, Result<Bytes, String>>,
    _leash: Leash,
}

struct Session {
    engine: LocalTextToSpeech,
    voice: Voice,
    locale: Locale,
    commands: mpsc::Receiver<SpeechCommand>,
    waiting: VecDeque<Job>,
    events: VecDeque<SpeechEvent>,
    running: Option<Running>,
}

impl Session {
    /// The next event; `None` once the call has dropped its end.
    async fn next(&mut self) -> Option<SpeechEvent> {
        loop {
            // Before anything is given away: a cancelled turn must not sound.
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command);
            }
            self.begin();
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let running = &mut self.running;
            let spoken = async {
                match running {
                    Some(running) => (running.turn, running.piece, (&mut running.audio).await),
                    None => future::pending().await,
                }
            };
            tokio::select! {
                command = self.commands.recv() => self.obey(command?),
                (turn, piece, audio) = spoken => {
                    self.running = None;
                    self.spoken(turn, piece, audio);
                }
            }
        }
    }

    fn obey(&mut self, command: SpeechCommand) {
        match command {
            SpeechCommand::Say { turn, .. } if self.waiting.len() >= PIECES => {
                self.fail(turn, "too many pieces are waiting to be spoken".into());
            }
            SpeechCommand::Say { turn, piece, text } => {
                let text = text::words(&text, self.locale);
                self.waiting.push_back(Job::Say { turn, piece, text });
            }
            SpeechCommand::Finish { turn } => self.waiting.push_back(Job::Finish { turn }),
            SpeechCommand::Cancel { turn } => self.forget(turn),
        }
    }

    /// Nothing of `turn` is wanted any more.
    fn forget(&mut self, turn: TurnId) {
        self.waiting.retain(|job| job.turn() != turn);
        self.events.retain(|event| event.turn() != turn);
        if self.running.as_ref().is_some_and(|running| running.turn == turn) {
            self.running = None;
        }
    }

    /// Starts the next piece; what is already spoken may still wait to be taken.
    fn begin(&mut self) {
        while self.running.is_none() {
            match self.waiting.pop_front() {
                Some(Job::Say { turn, piece, text }) => match self.speak(turn, piece, text) {
                    Ok(running) => self.running = Some(running),
                    Err(error) => self.fail(turn, error.to_string()),
                },
                Some(Job::Finish { turn }) => self.events.push_back(SpeechEvent::Done { turn }),
                None => return,
            }
        }
    }

    fn spoken(&mut self, turn: TurnId, piece: u32, audio: Result<Bytes, String>) {
        let mut audio = match audio {
            Ok(audio) => audio,
            Err(reason) => return self.fail(turn, reason),
        };
        while !audio.is_empty() {
            let chunk = audio.split_to(audio.len().min(CHUNK));
            self.events.push_back(SpeechEvent::Audio { turn, piece, audio: chunk, text: None });
        }
        self.events.push_back(SpeechEvent::PieceDone { turn, piece });
    }

    fn fail(&mut self, turn: TurnId, reason: String) {
        self.forget(turn);
        self.events.push_back(SpeechEvent::Failed { turn, reason });
    }

    fn speak(&self, turn: TurnId, piece: u32, text: String) -> Result<Running, KokoroError> {
        let stop = self.engine.kokoro.stop()?;
        let leash = Leash(stop.clone());
        let (kokoro, voice) = (Arc::clone(&self.engine.kokoro), self.voice);
        let work = move || kokoro.speak(&text, voice, &stop).map(|sound| Bytes::from(line::to_phone(&sound)));
        let workers = Arc::clone(&self.engine.workers);
        let audio = async move {
            match workers.run(work).await {
                Some(spoken) => spoken.map_err(|error| error.to_string()),
                None => Err("the voice gave up".into()),
            }
        };
        // A task of its own, so that the next piece is made while the call has sound enough and asks for none.
        let task = AbortOnDropHandle::new(tokio::spawn(audio));
        let audio = task.map(|made| made.unwrap_or_else(|_| Err("the voice gave up".into()))).boxed();
        Ok(Running { turn, piece, audio, _leash: leash })
    }
}
