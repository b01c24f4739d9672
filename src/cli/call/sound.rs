//! The caller's sound: sentences by the embedded voice, recordings from files, both as mu-law.

use crate::{
    audio::{g711, resample::Resampler, wav},
    base::units::PHONE_RATE,
    providers::local::{Speech, SpeechError, kokoro::Voice},
};
use bytes::Bytes;
use std::{collections::HashMap, fs::File, io::BufReader, path::Path, sync::Arc};

/// Speaks, and remembers what it has spoken.
#[derive(Debug)]
pub(super) struct Mouth {
    speech: Arc<Speech>,
    voice: Voice,
    spoken: HashMap<String, Bytes>,
}

impl Mouth {
    pub(super) fn new(speech: Arc<Speech>, voice: Voice) -> Self {
        Self { speech, voice, spoken: HashMap::new() }
    }

    /// The sound of `text`. Blocks for a quarter of the time that it lasts.
    pub(super) fn prepare(&mut self, text: &str) -> Result<Bytes, SpeechError> {
        if let Some(audio) = self.spoken.get(text) {
            return Ok(audio.clone());
        }
        let audio = Bytes::from(self.speech.say(text, self.voice)?);
        self.spoken.insert(text.to_owned(), audio.clone());
        Ok(audio)
    }

    /// The sound of `text`, made on another thread where it is new.
    pub(super) async fn say(&mut self, text: &str) -> anyhow::Result<Bytes> {
        if let Some(audio) = self.spoken.get(text) {
            return Ok(audio.clone());
        }
        let (speech, voice, owned) = (Arc::clone(&self.speech), self.voice, text.to_owned());
        let audio = tokio::task::spawn_blocking(move || speech.say(&owned, voice)).await??;
        let audio = Bytes::from(audio);
        self.spoken.insert(text.to_owned(), audio.clone());
        Ok(audio)
    }
}

/// A WAV file of any rate as mu-law at 8 kHz.
pub(super) fn read(path: &Path) -> anyhow::Result<Bytes> {
    let sound = wav::read(BufReader::new(File::open(path)?))?;
    let mut resampler = Resampler::new(sound.rate, PHONE_RATE)?;
    let mut samples = Vec::new();
    resampler.push(&sound.samples, &mut samples);
    resampler.flush(&mut samples);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of 16 bits")]
    let pcm: Vec<i16> =
        samples.iter().map(|sample| (sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16).collect();
    let mut codes = Vec::with_capacity(pcm.len());
    g711::encode_into(&pcm, &mut codes);
    Ok(codes.into())
}
