//! A dialogue made ready: the sound of everything that its caller says, with the times of the words.

use crate::{made, studio::Studio};
use bytes::Bytes;
use centralita::{
    providers::local::kokoro::Voice,
    testbed::{
        corpus::{Aside, Dialogue, Part, Turn},
        deepgram::Word,
        hearing::is_audible,
        mulaw::SILENCE,
    },
};
use std::time::Duration;

const FRAME: usize = 160;
const SECOND: usize = 8_000;
/// How much noise of a line is made; it sounds over and over.
const BACKGROUND: usize = 10 * SECOND;

/// Something that the caller sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utterance {
    /// Mu-law, from the first voiced frame to the last.
    pub(crate) audio: Bytes,
    pub(crate) words: Vec<Word>,
    /// From when to when each of its segments lasts.
    pub(crate) segments: Vec<(Duration, Duration)>,
}

/// A turn made ready.
#[derive(Debug)]
pub(crate) struct Acted {
    /// What sounds over the agent before it, in the order of the script.
    pub(crate) sounds: Vec<Utterance>,
    pub(crate) says: Utterance,
}

/// A dialogue made ready.
#[derive(Debug)]
pub(crate) struct Performance {
    pub(crate) dialogue: Dialogue,
    pub(crate) turns: Vec<Acted>,
    /// What sounds on the line all the time.
    pub(crate) background: Bytes,
}

/// Takes up the segments of an utterance.
#[derive(Default)]
struct Reel {
    sound: Vec<u8>,
    words: Vec<Word>,
    segments: Vec<(Duration, Duration)>,
}

impl Reel {
    fn at(&self) -> Duration {
        time(self.sound.len())
    }

    fn add(&mut self, sound: &[u8], text: &str) {
        let from = self.at();
        self.words.extend(words(sound, text, from));
        self.sound.extend(sound);
        self.segments.push((from, self.at()));
    }

    /// Over the noise of the line, if there is any.
    fn finish(self, noise: &[f32]) -> Utterance {
        let audio = if noise.is_empty() {
            self.sound
        } else {
            let sound = made::decoded(&self.sound);
            let mixed: Vec<f32> =
                sound.iter().zip(noise.iter().cycle()).map(|(sound, noise)| sound + noise).collect();
            made::encoded(&mixed)
        };
        Utterance { audio: audio.into(), words: self.words, segments: self.segments }
    }
}

fn time(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

/// When each word is spoken: by its letters, over the voiced frames.
fn words(sound: &[u8], text: &str, from: Duration) -> Vec<Word> {
    let frames = sound.chunks(FRAME).enumerate().filter(|(_, frame)| is_audible(frame));
    let voiced: Vec<usize> = frames.map(|(place, _)| place).collect();
    let letters = |word: &str| word.chars().filter(|letter| letter.is_alphanumeric()).count().max(1);
    let all: usize = text.split_whitespace().map(letters).sum();
    let mut spoken = 0;
    let begins = |letters: usize| voiced.get(voiced.len() * letters / all.max(1)).copied();
    let ends = |letters: usize| voiced.get((voiced.len() * letters / all.max(1)).saturating_sub(1)).copied();
    text.split_whitespace()
        .map(|word| {
            let first = begins(spoken).unwrap_or_default();
            spoken += letters(word);
            let last = ends(spoken).unwrap_or_default().max(first);
            Word {
                text: word.to_owned(),
                from: from + time(first * FRAME),
                to: from + time((last + 1) * FRAME),
            }
        })
        .collect()
}

impl Performance {
    /// Makes a dialogue ready. Speaks what was not spoken yet: blocks.
    ///
    /// # Errors
    /// When something cannot be spoken.
    pub(crate) fn new(dialogue: Dialogue, studio: &Studio) -> anyhow::Result<Self> {
        let seed = dialogue.name.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte));
        let noise =
            dialogue.script.noise.map(|noise| made::noise(noise, BACKGROUND, seed)).unwrap_or_default();
        let voice = Voice::of(dialogue.script.voice.as_deref().unwrap_or_default(), dialogue.language);
        let turns = (dialogue.script.turns.iter())
            .map(|turn| {
                let sounds = turn.sounds.iter().map(|sound| aside(&sound.what, studio, voice, seed, &noise));
                Ok(Acted {
                    sounds: sounds.collect::<anyhow::Result<_>>()?,
                    says: says(turn, studio, voice, &noise)?,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let background = made::encoded(&noise).into();
        Ok(Self { dialogue, turns, background })
    }

    /// The agent's lines: before the first turn, before each further one, and behind the last.
    pub(crate) fn lines<'a>(&'a self, greeting: &'a str) -> Vec<&'a str> {
        let script = &self.dialogue.script;
        let before = script.turns.iter().map(|turn| turn.agent.as_deref().unwrap_or(greeting));
        before.chain([script.closing.as_str()]).collect()
    }

    /// How long the caller speaks in all.
    pub(crate) fn lasts(&self) -> Duration {
        let letters: usize = self.lines("").iter().map(|line| line.chars().count()).sum();
        let said: usize = self.turns.iter().map(|turn| turn.says.audio.len()).sum();
        time(said) + Duration::from_millis(letters as u64 * 1_000 / 14)
    }
}

fn says(turn: &Turn, studio: &Studio, voice: Voice, noise: &[f32]) -> anyhow::Result<Utterance> {
    let mut reel = Reel::default();
    for part in &turn.says {
        match part {
            Part::Pause(pause) => reel.sound.resize(reel.sound.len() + made::samples(*pause), SILENCE),
            Part::Says(text) => reel.add(&studio.spoken(text, voice)?, text),
            Part::Recorded(words) => {
                reel.add(&studio.recorded(&words.prompts, voice.language)?, &words.text);
            }
        }
    }
    Ok(reel.finish(noise))
}

fn aside(what: &Aside, studio: &Studio, voice: Voice, seed: u64, noise: &[f32]) -> anyhow::Result<Utterance> {
    let mut reel = Reel::default();
    match what {
        Aside::Says(text) => reel.add(&studio.spoken(text, voice)?, text),
        Aside::Cough(length) => reel.add(&made::encoded(&made::cough(*length, seed)), ""),
        Aside::Knock(length) => reel.add(&made::encoded(&made::knock(*length, seed)), ""),
    }
    Ok(reel.finish(noise))
}
