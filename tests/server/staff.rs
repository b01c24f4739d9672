//! Those who work at the desk, as far as its own work must be seen: a recogniser that hears nothing, a voice that says
//! every piece in 20 ms, a model that never answers, and a network that tells what it is asked.

use super::{
    rig::{GUARD, soon},
    store::{Kept, kept},
    stub::Book,
};
use bytes::Bytes;
use centralita::{
    base::{clock::SystemClock, ids::CallSid},
    channels::{
        tools::{Means, later_in},
        voice::{agents::Agents, phrases::Phrases, staff::Staff},
    },
    dialogue::call::Clips,
    ports::{
        llm::{AnswerStream, LanguageModel, Question},
        phone::{Phone, PhoneError},
        stt::{SpeechToText, SttSession, SttSpec},
        tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TextToSpeech, TtsSession, TtsSpec},
    },
};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::sync::{Semaphore, mpsc};

/// What is seen of them, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The recognition of a call was closed.
    HearingClosed,
    /// A call was to be ended at the network.
    HungUp(String),
}

/// Where they work.
pub(crate) struct Office {
    /// The agents, the records and the recordings.
    pub(crate) folder: PathBuf,
    /// So many orders the network carries out.
    pub(crate) network: Arc<Semaphore>,
    /// What it writes to.
    pub(crate) kept: Kept,
    seen: mpsc::Receiver<Seen>,
}

const AGENT: &str = r#"+++
language = "es-AR"
zone = "America/Argentina/Buenos_Aires"
greeting = "Aquí la prueba."
data = "clinica.toml"
record = true
+++
Atiende {{ business }}.
"#;

impl Office {
    pub(crate) async fn open() -> (Self, Staff) {
        static OFFICES: AtomicU32 = AtomicU32::new(0);
        let kept = kept().await;
        let Kept { store, ledger, owner, .. } = kept.clone();
        let number = OFFICES.fetch_add(1, Ordering::Relaxed);
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("office-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("clinica.md"), AGENT).unwrap();
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/clinica.toml"), folder.join("clinica.toml"))
            .unwrap();
        let (tell, seen) = mpsc::channel(100);
        let network = Arc::new(Semaphore::new(100));
        let staff = Staff {
            hearing: Arc::new(Hearing(tell.clone())),
            model: Arc::new(Model),
            voice: Arc::new(Voice),
            activity: None,
            turn_end: None,
            turns: None,
            phone: Some(Arc::new(Network { tell, carries_out: Arc::clone(&network) })),
            tools: Means {
                calendar: Arc::new(Book),
                clock: Arc::new(SystemClock),
                later: later_in(store.clone()),
                http: None,
            }
            .tools(),
            agents: Arc::new(Agents::open(&folder).unwrap()),
            phrases: Phrases::built_in(|_| Arc::new(Clips::default())),
            clock: Arc::new(SystemClock),
            folder: folder.clone(),
            saving: GUARD,
            store,
            ledger,
            owner,
        };
        (Self { folder, network, kept, seen }, staff)
    }

    /// What is seen next.
    pub(crate) async fn sees(&mut self) -> Seen {
        soon(self.seen.recv()).await.unwrap()
    }

    pub(crate) fn sees_no_more(&mut self) {
        assert_eq!(self.seen.try_recv().ok(), None);
    }

    /// Puts a file there whose writer waits until somebody reads: a disk that stalls.
    pub(crate) fn stall(&self, file: &str) -> PathBuf {
        let file = self.folder.join(file);
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        file
    }
}

struct Hearing(mpsc::Sender<Seen>);

impl SpeechToText for Hearing {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn open(&self, _: SttSpec) -> SttSession {
        let (commands, mut queue) = SttSession::queue();
        let tell = self.0.clone();
        let closed = async move {
            while queue.recv().await.is_some() {}
            tell.send(Seen::HearingClosed).await.unwrap();
        };
        tokio::spawn(closed);
        SttSession { commands, events: stream::pending().boxed() }
    }
}

struct Model;

impl LanguageModel for Model {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn ask(&self, _: Question) -> AnswerStream {
        stream::pending().boxed()
    }
}

struct Voice;

impl TextToSpeech for Voice {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn signature(&self, _: &TtsSpec) -> String {
        String::new()
    }

    fn open(&self, _: TtsSpec) -> TtsSession {
        let (commands, queue) = mpsc::channel(COMMANDS_WAITING);
        let events = stream::unfold(queue, async |mut queue| {
            loop {
                let event = match queue.recv().await? {
                    SpeechCommand::Say { turn, piece, .. } => {
                        SpeechEvent::Audio { turn, piece, audio: Bytes::from_static(&[1; 160]), text: None }
                    }
                    SpeechCommand::Finish { turn } => SpeechEvent::Done { turn },
                    SpeechCommand::Cancel { .. } => continue,
                };
                return Some((event, queue));
            }
        });
        TtsSession { commands, events: events.boxed() }
    }
}

struct Network {
    tell: mpsc::Sender<Seen>,
    carries_out: Arc<Semaphore>,
}

impl Phone for Network {
    fn hang_up(&self, call: CallSid) -> BoxFuture<'static, Result<(), PhoneError>> {
        let (tell, carries_out) = (self.tell.clone(), Arc::clone(&self.carries_out));
        async move {
            tell.send(Seen::HungUp(call.to_string())).await.unwrap();
            carries_out.acquire().await.unwrap().forget();
            Ok(())
        }
        .boxed()
    }
}
