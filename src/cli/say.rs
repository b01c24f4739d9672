//! `centralita say`: speaks a text with the embedded voice into a file, as the telephone would hear it.

use super::{
    terminal::{complain, say},
    voice,
};
use crate::{
    audio::{g711, wav},
    base::{language::Language, units::PHONE_RATE},
    providers::local::{ModelFolder, Progress, Speech, kokoro::Voice},
};
use anyhow::{Context as _, anyhow};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to say, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// ef_dora or em_alex (Spanish), af_heart or am_michael (English); the language's first one if left out.
    #[arg(long, value_name = "NAME")]
    voice: Option<String>,
    /// es or en; the voice's own if left out.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Where to: a .wav, or a .ulaw file of raw mu-law at 8 kHz.
    #[arg(long, value_name = "FILE", default_value = "say.wav")]
    out: PathBuf,
    /// Where the embedded speech models lie.
    #[arg(long, value_name = "FOLDER")]
    model_dir: Option<PathBuf>,
    /// The text. Several words need no quotes.
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
}

/// Speaks.
pub fn run(args: &Args) -> ExitCode {
    match spoken(args) {
        Ok(told) => {
            say(told);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn spoken(args: &Args) -> anyhow::Result<String> {
    let voice = voice(args)?;
    let folder = ModelFolder::resolve(args.model_dir.as_deref())?;
    let codes = Speech::new(folder, Progress::Shown)?.say(&args.text.join(" "), voice)?;
    write(&args.out, &codes).with_context(|| args.out.display().to_string())?;
    let seconds = codes.len() as f64 / f64::from(PHONE_RATE);
    Ok(format!("{}: {seconds:.2} s, {}", args.out.display(), voice.name))
}

fn voice(args: &Args) -> anyhow::Result<Voice> {
    let language = args
        .language
        .as_deref()
        .map(|tag| Language::of_tag(tag).ok_or_else(|| anyhow!("`{tag}` is not spoken here: es and en are")))
        .transpose()?;
    voice::find(args.voice.as_deref(), language)
}

fn write(path: &Path, codes: &[u8]) -> anyhow::Result<()> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("ulaw") => Ok(fs::write(path, codes)?),
        Some("wav") => {
            let samples: Vec<i16> = codes.iter().map(|&code| g711::decode(code)).collect();
            let mut file = wav::Writer::new(File::create(path)?, PHONE_RATE, 1)?;
            file.write(&samples)?;
            Ok(file.finish()?)
        }
        _ => Err(anyhow!("end its name with .wav or .ulaw")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(voice: Option<&str>, language: Option<&str>) -> Args {
        Args {
            voice: voice.map(str::to_owned),
            language: language.map(str::to_owned),
            out: "say.wav".into(),
            model_dir: None,
            text: vec!["hola".into()],
        }
    }

    #[test]
    fn voice_and_language_agree() {
        assert_eq!(voice(&args(None, None)).unwrap().name, "ef_dora");
        assert_eq!(voice(&args(None, Some("en-US"))).unwrap().name, "af_heart");
        assert_eq!(voice(&args(Some("em_alex"), Some("es"))).unwrap().name, "em_alex");
        let error = voice(&args(Some("em_alex"), Some("en"))).unwrap_err().to_string();
        assert_eq!(error, "em_alex speaks es and not en");
        assert!(voice(&args(Some("nobody"), None)).is_err());
        assert!(voice(&args(None, Some("fr"))).is_err());
    }
}
