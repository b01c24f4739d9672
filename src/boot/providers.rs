//! Who listens, thinks and speaks: the adapters that the configuration chooses.

use super::{StartError, clips::clips, store::Kept};
use crate::{
    base::{clock::SystemClock, secret::SecretString},
    channels::{
        tools::Tools,
        turns::{self, Crew, Turns},
        voice::{agents::Agents, calls::Calls, desk::Desk, phrases::Phrases, staff::Staff},
    },
    config::{Config, Llm, Stt, Tts, TurnEndModel},
    net::http::NoClient,
    ports::{
        llm::LanguageModel, phone::Phone, stt::SpeechToText, tts::TextToSpeech, turn_end::TurnEnd,
        voice_activity::VoiceActivity,
    },
    providers::{
        deepgram, elevenlabs, failover,
        local::{self, ModelFolder, Speech, brain::Receptionist},
        openai,
        twilio::{Account, Keyring, Rest},
    },
};
use std::{collections::BTreeMap, fmt::Display, sync::Arc, time::Duration};

/// The folder of the phrases in the data folder.
const PHRASES: &str = "phrases";

/// How long the end of a call waits for the disk.
const SAVING: Duration = Duration::from_secs(5);

/// The adapters of a server.
pub(super) struct Chosen {
    hearing: Arc<dyn SpeechToText>,
    model: Arc<dyn LanguageModel>,
    voice: Arc<dyn TextToSpeech>,
    /// Who speaks unless it fails: how the agents are meant to sound.
    first_voice: Arc<dyn TextToSpeech>,
    activity: Option<Arc<dyn VoiceActivity>>,
    turn_end: Option<Arc<dyn TurnEnd>>,
    /// Absent where calls end by closing their socket only.
    phone: Option<Arc<dyn Phone>>,
}

impl Chosen {
    /// Builds them; blocks while models are fetched and loaded.
    pub(super) fn build(config: &Config, keys: &Keyring) -> Result<Self, StartError> {
        let folder = ModelFolder::resolve(config.server.model_dir.as_deref()).map_err(unusable)?;
        let speech = Speech::new(folder.clone(), local::Progress::Shown).map_err(unusable)?;
        // With embedded speech something is fetched anyway; otherwise no start should hang on a download.
        let voices = voices(config, &speech)?;
        let first_voice = voices.first().cloned();
        let voice = voice(voices);
        let fetch = config.needs_models().then_some(local::Progress::Shown);
        Ok(Self {
            hearing: hearing(config, &speech)?,
            model: model(config)?,
            first_voice: first_voice.unwrap_or_else(|| Arc::clone(&voice)),
            voice,
            activity: local::voice_activity(&folder, fetch),
            turn_end: turn_end(config, &folder),
            phone: phone(config, keys).map_err(unusable)?,
        })
    }

    /// What `/health` tells of them.
    pub(super) fn features(&self) -> BTreeMap<String, String> {
        let activity = self.activity.as_ref().map_or("gate", |model| model.name());
        let hang_up = if self.phone.is_some() { "rest" } else { "socket" };
        [
            ("stt", self.hearing.name()),
            ("llm", self.model.name()),
            ("tts", self.voice.name()),
            ("voiceActivity", activity),
            ("turnEnd", self.turn_end.as_ref().map_or("none", |model| model.name())),
            ("hangUp", hang_up),
        ]
        .map(|(what, name)| (what.to_owned(), name.to_owned()))
        .into()
    }

    /// Who thinks.
    pub(super) fn model(&self) -> Arc<dyn LanguageModel> {
        Arc::clone(&self.model)
    }

    /// The calls by turns of this process.
    pub(super) fn turns(&self, tools: Tools, config: &Config, kept: &Kept) -> Arc<Turns> {
        Arc::new(Turns::new(Crew {
            model: Arc::clone(&self.model),
            tools,
            clock: Arc::new(SystemClock),
            store: kept.store.clone(),
            ledger: kept.ledger.clone(),
            owner: kept.owner.clone(),
            which: config.voice.by_turns,
            recall: turns::RECALL,
            within: turns::WITHIN,
        }))
    }

    /// The calls of this process.
    pub(super) fn calls(
        &self,
        agents: Arc<Agents>,
        tools: Tools,
        turns: Arc<Turns>,
        config: &Config,
        kept: &Kept,
    ) -> Arc<dyn Calls> {
        tracing::info!(providers = ?self.features(), "providers");
        let folder = config.server.data_dir.clone();
        let phrases = Phrases::open(Arc::clone(&self.first_voice), clips, folder.join(PHRASES));
        if let Ok(agent) = agents.find(&config.agent().1) {
            phrases.learn(&agent);
        }
        Arc::new(Desk::new(Staff {
            hearing: Arc::clone(&self.hearing),
            model: Arc::clone(&self.model),
            voice: Arc::clone(&self.voice),
            activity: self.activity.clone(),
            turn_end: self.turn_end.clone(),
            turns: Some(turns),
            phone: self.phone.clone(),
            tools,
            agents,
            phrases,
            clock: Arc::new(SystemClock),
            folder,
            saving: SAVING,
            store: kept.store.clone(),
            ledger: kept.ledger.clone(),
            owner: kept.owner.clone(),
        }))
    }
}

fn unusable(error: impl Display) -> StartError {
    StartError::Provider(error.to_string())
}

fn hearing(config: &Config, speech: &Speech) -> Result<Arc<dyn SpeechToText>, StartError> {
    let chosen = config.stt();
    let recognisers = chosen.into_iter().map(|stt| recogniser_of(config, stt, speech));
    let mut recognisers = recognisers.collect::<Result<Vec<_>, _>>()?;
    match recognisers.len() {
        1 => Ok(recognisers.remove(0)),
        _ => Ok(Arc::new(failover::Recognisers::new(recognisers))),
    }
}

fn recogniser_of(
    config: &Config,
    stt: Stt<'_>,
    speech: &Speech,
) -> Result<Arc<dyn SpeechToText>, StartError> {
    match stt {
        Stt::Deepgram(key) => Ok(Arc::new(deepgram::Listen::new(deepgram(config, key)))),
        Stt::ElevenLabs(key) => {
            let settings = &config.elevenlabs;
            let mut options = elevenlabs::ScribeOptions::new(settings.base_url.clone(), key.clone());
            options.model.clone_from(&settings.stt_model);
            Ok(Arc::new(elevenlabs::Scribe::new(options)))
        }
        Stt::Embedded => speech.recogniser().map_err(unusable),
    }
}

/// Who thinks, by the configuration.
///
/// # Errors
/// When a client for it can't be built on this machine.
pub fn model(config: &Config) -> Result<Arc<dyn LanguageModel>, StartError> {
    let chosen = config.llm();
    let models = chosen.into_iter().map(|llm| model_of(config, llm));
    let mut models = models.collect::<Result<Vec<_>, _>>()?;
    match models.len() {
        1 => Ok(models.remove(0)),
        _ => Ok(Arc::new(failover::Models::new(models))),
    }
}

fn model_of(config: &Config, llm: Llm<'_>) -> Result<Arc<dyn LanguageModel>, StartError> {
    match llm {
        Llm::OpenAi { name, address, settings } => {
            let mut options = openai::Options::new(address, settings.api_key.clone(), settings.model.clone());
            options.name = name;
            options.http.idle = config.providers.keep_connections;
            Ok(Arc::new(openai::Chat::new(options).map_err(unusable)?))
        }
        Llm::Embedded => Ok(Arc::new(Receptionist)),
    }
}

/// The voices in their order.
fn voices(config: &Config, speech: &Speech) -> Result<Vec<Arc<dyn TextToSpeech>>, StartError> {
    config.tts().into_iter().map(|tts| voice_of(config, tts, speech)).collect()
}

/// The voice of the calls, made of all of them.
fn voice(voices: Vec<Arc<dyn TextToSpeech>>) -> Arc<dyn TextToSpeech> {
    match &voices[..] {
        [only] => Arc::clone(only),
        _ => Arc::new(failover::Voices::new(voices)),
    }
}

fn voice_of(config: &Config, tts: Tts<'_>, speech: &Speech) -> Result<Arc<dyn TextToSpeech>, StartError> {
    match tts {
        Tts::ElevenLabs(key) => {
            let settings = &config.elevenlabs;
            let (base, voice) = (settings.base_url.clone(), settings.voice_id.clone());
            let mut options = elevenlabs::Options::new(base, key.clone(), voice);
            options.model.clone_from(&settings.model);
            Ok(Arc::new(elevenlabs::ElevenLabs::new(options)))
        }
        Tts::Deepgram(key) => Ok(Arc::new(deepgram::Speak::new(deepgram(config, key)).map_err(unusable)?)),
        Tts::OpenAi { address, key } => {
            let settings = &config.openai_speech;
            let (model, voice) = (settings.model.clone(), settings.voice.clone());
            let mut options = openai::SpeechOptions::new(address, key.cloned(), model, voice);
            options.patience.http.idle = config.providers.keep_connections;
            Ok(Arc::new(openai::Speech::new(options).map_err(unusable)?))
        }
        Tts::Embedded => speech.voice().map_err(unusable),
    }
}

/// Fetched by the first start that wants it, as it was asked for.
fn turn_end(config: &Config, folder: &ModelFolder) -> Option<Arc<dyn TurnEnd>> {
    match config.providers.turn_end {
        TurnEndModel::None => None,
        TurnEndModel::SmartTurn => local::turn_end(folder, local::Progress::Shown),
    }
}

fn deepgram(config: &Config, key: &SecretString) -> deepgram::Options {
    let mut options = deepgram::Options::new(config.deepgram.base_url.clone(), key.clone());
    options.listen.model.clone_from(&config.deepgram.model);
    options.speak.patience.http.idle = config.providers.keep_connections;
    options
}

fn phone(config: &Config, keys: &Keyring) -> Result<Option<Arc<dyn Phone>>, NoClient> {
    let (Some(sid), Some(_)) = (&config.twilio.account_sid, &config.twilio.auth_token) else {
        return Ok(None);
    };
    let base_url = config.twilio.api_base_url.clone();
    Ok(Some(Arc::new(Rest::new(Account { sid: sid.clone(), keys: keys.clone(), base_url })?)))
}
