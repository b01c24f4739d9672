//! `centralita check`: is the configuration usable, what would be used, and how to mend it.

use super::{
    BAD_CONFIGURATION, Settings,
    terminal::{complain, say},
};
use crate::{
    base::connecting,
    config::{Config, DEFAULTS, Llm, Stt, Tts, TurnEndModel},
    dialogue::agent::Agent,
    providers::local::{
        ModelFolder,
        models::{self, Bundle},
    },
};
use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

/// How long a running server may take to say that it is well.
const HEALTH: Duration = Duration::from_secs(3);

/// What is checked.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Print a configuration file with every setting, its default and its meaning.
    #[arg(long)]
    example: bool,
    /// Ask the server that runs on this machine whether it is well (for container health checks).
    #[arg(long, conflicts_with = "example")]
    health: bool,
}

/// Checks and explains.
pub fn run(args: &Args) -> ExitCode {
    if args.example {
        say(DEFAULTS.trim_end());
        return ExitCode::SUCCESS;
    }
    if args.health {
        return well(&args.settings);
    }
    let (config, agent) = match args.settings.read_all() {
        Ok(read) => read,
        Err(complaints) => {
            complain(complaints);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    let models = match ModelFolder::resolve(config.server.model_dir.as_deref()) {
        Ok(folder) => ("models", models(&config, &folder)),
        Err(error) => {
            complain(error);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    let answers = ("agent", format!("{} ({}), with {}", agent.name, agent.tag, tools(&agent)));
    for (name, text) in [answers].into_iter().chain(explained(&config)).chain([models]) {
        say(format!("{name:<10} {text}"));
    }
    ExitCode::SUCCESS
}

/// The agents' files are left alone: a server that runs goes on with the last good ones.
fn well(settings: &Settings) -> ExitCode {
    let config = match settings.read() {
        Ok(config) => config,
        Err(complaints) => {
            complain(complaints);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    if let Err(error) = health(&config) {
        complain(format!("the server on port {} is not well: {error}", config.server.port));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn tools(agent: &Agent) -> String {
    let names: Vec<&str> = agent.tools.iter().map(|tool| tool.name.as_str()).collect();
    if names.is_empty() { "no tools".to_owned() } else { names.join(", ") }
}

/// What would be used, line by line.
fn explained(config: &Config) -> Vec<(&'static str, String)> {
    let address = SocketAddr::new(config.bind(), config.server.port);
    let reach =
        if config.bind().is_loopback() { "this machine only" } else { "every network of this machine" };
    let public = config.server.public_url.as_ref().map_or_else(
        || format!("http://{address}, good for this machine only; Twilio needs PUBLIC_URL"),
        |url| format!("{url}; let Twilio call {url}/webhook/voice"),
    );
    let signatures = if config.twilio.can_verify() {
        "checked on every request of Twilio"
    } else {
        "a random token for each run, said in its log; Twilio needs TWILIO_AUTH_TOKEN"
    };
    let hang_up = match (&config.twilio.account_sid, &config.twilio.auth_token) {
        (Some(_), Some(_)) => format!("by {}", config.twilio.api_base_url),
        _ => "by closing the media socket; TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN add the REST API"
            .to_owned(),
    };
    vec![
        ("listens", format!("{address} ({reach})")),
        ("public", public),
        ("signatures", signatures.to_owned()),
        ("hang-up", hang_up),
        ("stt", stt(config)),
        ("llm", llm(config)),
        ("tts", tts(config)),
        ("turn end", turn_end(config).to_owned()),
        ("state", state(config).to_owned()),
        ("data", config.server.data_dir.display().to_string()),
        ("calls", calls(config)),
    ]
}

fn calls(config: &Config) -> String {
    let voice = &config.voice;
    let memory = voice.max_memory.map(|percent| format!("; none beyond {percent} % of the memory"));
    let late = voice.max_late.map(|late| format!("; none while sound is {} ms late", late.as_millis()));
    format!("at most {} at a time{}{}", voice.max_calls, memory.unwrap_or_default(), late.unwrap_or_default())
}

/// Everybody in order, as one line.
fn in_order<T>(chosen: &[T], told: impl Fn(&T) -> String) -> String {
    chosen.iter().map(told).collect::<Vec<_>>().join(", then ")
}

fn stt(config: &Config) -> String {
    let chosen = config.stt();
    let more = if chosen.len() == 1 { "; DEEPGRAM_API_KEY or ELEVENLABS_API_KEY takes theirs" } else { "" };
    in_order(&chosen, |stt| match stt {
        Stt::Deepgram(_) => format!("Deepgram {} at {}", config.deepgram.model, config.deepgram.base_url),
        Stt::ElevenLabs(_) => {
            format!("ElevenLabs {} at {}", config.elevenlabs.stt_model, config.elevenlabs.base_url)
        }
        Stt::Embedded => format!("embedded (Whisper base){more}"),
    })
}

fn llm(config: &Config) -> String {
    let chosen = config.llm();
    let more =
        if chosen.len() == 1 { "; OPENAI_API_KEY or OPENAI_BASE_URL takes a language model" } else { "" };
    in_order(&chosen, |llm| match llm {
        Llm::OpenAi { address, settings, .. } => format!("{} at {address}", settings.model),
        Llm::Embedded => format!("embedded receptionist{more}"),
    })
}

fn tts(config: &Config) -> String {
    let chosen = config.tts();
    let more = if chosen.len() == 1 { "; ELEVENLABS_API_KEY or DEEPGRAM_API_KEY takes theirs" } else { "" };
    in_order(&chosen, |tts| match tts {
        Tts::ElevenLabs(_) => {
            format!("ElevenLabs {} at {}", config.elevenlabs.model, config.elevenlabs.base_url)
        }
        Tts::Deepgram(_) => format!("Deepgram Aura at {}", config.deepgram.base_url),
        Tts::OpenAi { address, .. } => {
            format!("{} ({}) at {address}", config.openai_speech.model, config.openai_speech.voice)
        }
        Tts::Embedded => format!("embedded (Kokoro){more}"),
    })
}

const fn turn_end(config: &Config) -> &'static str {
    match config.providers.turn_end {
        TurnEndModel::None => "by words and silence; TURN_END_MODEL=smart-turn adds the melody",
        TurnEndModel::SmartTurn => "by words, silence and melody (Smart Turn)",
    }
}

const fn state(config: &Config) -> &'static str {
    match config.state.redis_url {
        None => "the database's own table; REDIS_URL takes Redis, where nodes share it",
        Some(_) => "Redis, and the database's own table while it is away",
    }
}

/// The models that the configuration uses, with their files.
fn used(config: &Config) -> impl Iterator<Item = (&'static str, &'static [&'static Bundle])> {
    let hears = config.stt().iter().any(|stt| matches!(stt, Stt::Embedded));
    let speaks = config.tts().iter().any(|tts| matches!(tts, Tts::Embedded));
    let melody = config.providers.turn_end == TurnEndModel::SmartTurn;
    let all: [(&str, bool, &[&Bundle]); 4] = [
        ("recogniser", hears, &[&models::WHISPER]),
        ("voice", speaks, &[&models::VOICE, &models::ENGLISH]),
        ("voice activity", true, &[&models::VOICE_ACTIVITY]),
        ("turn end", melody, &[&models::TURN_END]),
    ];
    all.into_iter().filter(|(_, used, _)| *used).map(|(name, _, bundles)| (name, bundles))
}

fn is_here(folder: &ModelFolder, bundles: &[&Bundle]) -> bool {
    bundles.iter().all(|bundle| folder.has(bundle))
}

/// The models that are used and not here.
pub(super) fn missing(config: &Config, folder: &ModelFolder) -> Vec<&'static str> {
    used(config).filter(|(_, bundles)| !is_here(folder, bundles)).map(|(name, _)| name).collect()
}

/// What is here and what the first start would fetch.
fn models(config: &Config, folder: &ModelFolder) -> String {
    let told = used(config).map(|(name, bundles)| {
        let state = match (is_here(folder, bundles), config.needs_models()) {
            (true, _) => "here",
            (false, true) => "fetched by the first start",
            (false, false) => "not here, the simple gate stands in",
        };
        format!("{name} {state}")
    });
    format!("{} in {}", told.collect::<Vec<_>>().join(", "), folder.path().display())
}

/// Asks the server on this machine for `/healthz`.
fn health(config: &Config) -> io::Result<()> {
    let host = match config.bind() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    let address = SocketAddr::new(host, config.server.port);
    let mut socket = TcpStream::connect_timeout(&address, connecting::LIMIT)?;
    socket.set_read_timeout(Some(HEALTH))?;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    socket.read_exact(&mut head)?;
    if &head == b"HTTP/1.1 200" {
        Ok(())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
    }
}
