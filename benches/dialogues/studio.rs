//! Where the callers' words become sound: spoken once by the embedded voices and kept on disk, or recorded by a person.
//!
//! The recordings are Asterisk's core sounds, spoken by Allison Smith, under CC-BY-SA-3.0: the Debian packages
//! `asterisk-core-sounds-es-wav` and `asterisk-core-sounds-en-wav`. They are fetched into the cache and nothing of them is kept
//! in the repository.

use crate::made;
use anyhow::{Context as _, bail};
use centralita::{
    audio::wav,
    base::language::Language,
    providers::local::{ModelFolder, Progress, Speech, kokoro::Voice, models, voice_activity},
    testbed::hearing::is_audible,
};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

const FRAME: usize = 160;

/// Where the packages put the voices of each language.
const SOUNDS: &str = "usr/share/asterisk/sounds";

pub(crate) struct Studio {
    speech: Speech,
    cache: PathBuf,
    /// Where the recordings are; told what is missing where there are none.
    recordings: Result<PathBuf, String>,
}

impl Studio {
    /// Fetches what is missing; blocks, for minutes the first time.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let folder = ModelFolder::resolve(None)?;
        let cache = folder.path().parent().unwrap_or(folder.path()).join("corpus");
        fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
        if voice_activity(&folder, Some(Progress::Shown)).is_none() || !folder.has(&models::VOICE_ACTIVITY) {
            println!("!! Silero is not to be had: voice activity is judged by the gate alone");
        }
        let recordings = recordings(&cache).map_err(|error| format!("{error:#}"));
        Ok(Self { speech: Speech::new(folder, Progress::Shown)?, cache, recordings })
    }

    /// Why there are no recordings, if there are none.
    pub(crate) fn without_recordings(&self) -> Option<&str> {
        self.recordings.as_ref().err().map(String::as_str)
    }

    /// What `voice` says, from its first to its last voiced frame: mu-law.
    pub(crate) fn spoken(&self, text: &str, voice: Voice) -> anyhow::Result<Vec<u8>> {
        let hash = Sha256::digest(format!("{} {text}", voice.name));
        let key = hash.iter().take(15).fold(0_u128, |key, byte| key << 8 | u128::from(*byte));
        let path = self.cache.join(format!("{key:030x}.ulaw"));
        if let Ok(sound) = fs::read(&path) {
            return Ok(sound);
        }
        let sound = voiced(&self.speech.say(text, voice)?).to_vec();
        // Two benches at a time must not read each other's half-written files.
        let unfinished = path.with_extension(std::process::id().to_string());
        fs::write(&unfinished, &sound)?;
        fs::rename(&unfinished, &path)?;
        Ok(sound)
    }

    /// The recordings of these names, one behind the other, each from its first to its last voiced frame.
    pub(crate) fn recorded(&self, names: &[String], language: Language) -> anyhow::Result<Vec<u8>> {
        let Ok(folder) = &self.recordings else { bail!("there are no recordings") };
        let voice = match language {
            Language::Es => "es_MX_f_Allison",
            Language::En => "en_US_f_Allison",
        };
        let mut all = Vec::new();
        for name in names {
            let path = folder.join(SOUNDS).join(voice).join(format!("{name}.wav"));
            let file = File::open(&path).with_context(|| path.display().to_string())?;
            let sound = wav::read(file).with_context(|| path.display().to_string())?;
            all.extend(voiced(&made::encoded(&sound.samples)));
        }
        Ok(all)
    }
}

/// From the first to the last voiced frame.
fn voiced(sound: &[u8]) -> &[u8] {
    let frames: Vec<bool> = sound.chunks_exact(FRAME).map(is_audible).collect();
    let first = frames.iter().position(|is| *is).unwrap_or(0);
    let last = frames.iter().rposition(|is| *is).map_or(0, |last| last + 1);
    sound.get(first * FRAME..last * FRAME).unwrap_or_default()
}

/// Unpacks the packages into the cache, once.
fn recordings(cache: &Path) -> anyhow::Result<PathBuf> {
    let folder = cache.join("recordings");
    if folder.join("whole").is_file() {
        return Ok(folder);
    }
    let packages = folder.join("packages");
    fs::create_dir_all(&packages)?;
    for package in ["asterisk-core-sounds-es-wav", "asterisk-core-sounds-en-wav"] {
        run(Command::new("apt-get").args(["download", package]).current_dir(&packages))?;
    }
    for package in fs::read_dir(&packages)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(&folder))?;
    }
    fs::remove_dir_all(&packages)?;
    fs::write(folder.join("whole"), "")?;
    Ok(folder)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let told = format!("{command:?}");
    let output = command.output().with_context(|| told.clone())?;
    if !output.status.success() {
        bail!("{told}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
