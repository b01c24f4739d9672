//! All fakes at once.

use super::{
    deepgram::{Deepgram, DeepgramOptions},
    elevenlabs::{ElevenLabs, ElevenLabsOptions},
    log::Log,
    openai::{OpenAi, OpenAiOptions},
    sink::{Sink, SinkOptions},
    twilio_rest::{TwilioOptions, TwilioRest},
};
use std::{io, path::PathBuf};

/// How the fakes behave. The defaults have the delays of design §9 (350 + 200 + 100 ms) and free ports.
#[derive(Clone, Debug, Default)]
pub struct FakeOptions {
    /// Speech to text, Aura voices.
    pub deepgram: DeepgramOptions,
    /// Chat completions, a voice.
    pub openai: OpenAiOptions,
    /// Voices, speech to text.
    pub elevenlabs: ElevenLabsOptions,
    /// Twilio's REST interface.
    pub twilio: TwilioOptions,
    /// Whoever is told about calls.
    pub sink: SinkOptions,
    /// Where the log is written as JSON lines, beside the one in memory.
    pub log_file: Option<PathBuf>,
}

/// The running fakes, on loopback. Dropping them closes their ports and breaks every connection.
#[derive(Debug)]
pub struct Fakes {
    /// Speech to text, Aura voices.
    pub deepgram: Deepgram,
    /// Chat completions, a voice.
    pub openai: OpenAi,
    /// Voices, speech to text.
    pub elevenlabs: ElevenLabs,
    /// Twilio's REST interface.
    pub twilio: TwilioRest,
    /// Whoever is told about calls.
    pub sink: Sink,
    log: Log,
}

impl Fakes {
    /// Starts them within the present tokio runtime.
    ///
    /// # Errors
    /// When a port is taken or the log file cannot be created.
    pub async fn start(options: FakeOptions) -> io::Result<Self> {
        let log = Log::new(options.log_file.as_deref())?;
        Ok(Self {
            deepgram: Deepgram::start(options.deepgram, log.clone()).await?,
            openai: OpenAi::start(options.openai, log.clone()).await?,
            elevenlabs: ElevenLabs::start(options.elevenlabs, log.clone()).await?,
            twilio: TwilioRest::start(options.twilio, log.clone()).await?,
            sink: Sink::start(options.sink, log.clone()).await?,
            log,
        })
    }

    /// What happened.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Sockets and requests of speech and language providers that are open: none after the last call.
    pub fn open(&self) -> usize {
        self.deepgram.open() + self.openai.open() + self.elevenlabs.open()
    }

    /// Waits until [`Fakes::open`] is 0. Cancel-safe; has no time limit of its own.
    pub async fn closed(&self) {
        self.log.until(|_| self.open() == 0).await;
    }

    /// The environment that makes a server use them; keys are made up where none is demanded.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DEEPGRAM_BASE_URL", self.deepgram.url()),
            ("DEEPGRAM_API_KEY", "fake-deepgram-key".to_owned()),
            ("OPENAI_BASE_URL", self.openai.url()),
            ("OPENAI_API_KEY", "fake-openai-key".to_owned()),
            ("OPENAI_MODEL", "fake-model".to_owned()),
            ("ELEVENLABS_BASE_URL", self.elevenlabs.url()),
            ("ELEVENLABS_API_KEY", "fake-elevenlabs-key".to_owned()),
            ("ELEVENLABS_VOICE_ID", "fake-voice".to_owned()),
            ("TWILIO_API_BASE_URL", self.twilio.url()),
            ("NOTES_URL", self.sink.url()),
        ]
    }
}
