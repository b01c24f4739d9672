//! Scripted dialogues to measure turn-taking by: what callers say, where they pause, and what sounds over the agent's voice.

use crate::base::language::Language;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Which half of the corpus a dialogue belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Policies may be tuned to it.
    Tuning,
    /// Policies are judged by it.
    HeldOut,
}

impl Half {
    /// The half of a file, by its name without the folder: held out where the last bit of the name's SHA-256 is one.
    pub fn of(file_name: &str) -> Self {
        let odd = Sha256::digest(file_name).last().is_some_and(|byte| byte & 1 == 1);
        if odd { Self::HeldOut } else { Self::Tuning }
    }
}

/// One dialogue.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The file's name without folder and ending.
    pub name: String,
    /// What is spoken.
    pub language: Language,
    /// Tuned to, or held out.
    pub half: Half,
    /// The caller, without the agent.
    pub script: Script,
}

/// What a file holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The caller's voice, by Kokoro's name; none where all of it was recorded.
    pub voice: Option<String>,
    /// What sounds behind the caller all the time.
    pub noise: Option<Noise>,
    /// The agent's answer to the last turn.
    pub closing: String,
    /// The caller's turns.
    #[serde(rename = "turn")]
    pub turns: Vec<Turn>,
}

/// A steady noise on the caller's side.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// What it sounds like.
    pub kind: NoiseKind,
    /// How loud it is (RMS).
    pub dbfs: f32,
}

/// What a steady noise sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseKind {
    /// White noise.
    Hiss,
    /// The mains and its harmonics.
    Hum,
    /// Many voices far away.
    Murmur,
}

/// One turn of the caller, and what comes before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// What the agent says before it; before the first turn that is its greeting.
    pub agent: Option<String>,
    /// What the caller lets sound over that, without wanting the floor.
    #[serde(default)]
    pub sounds: Vec<Sound>,
    /// The turn interrupts the agent so long after the agent began.
    #[serde(default, deserialize_with = "some_milliseconds")]
    pub interrupts: Option<Duration>,
    /// The turn begins so long before the agent's end.
    #[serde(default, deserialize_with = "some_milliseconds")]
    pub overlaps: Option<Duration>,
    /// The turn.
    pub says: Vec<Part>,
}

/// Something that sounds over the agent's voice.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawSound")]
pub struct Sound {
    /// How long after the agent began.
    pub after: Duration,
    /// What.
    pub what: Aside,
}

/// What sounds over the agent's voice and wants no floor.
#[derive(Clone, Debug)]
pub enum Aside {
    /// A backchannel.
    Says(String),
    /// A cough of this length.
    Cough(Duration),
    /// A knock of this length.
    Knock(Duration),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSound {
    #[serde(deserialize_with = "milliseconds")]
    after: Duration,
    says: Option<String>,
    #[serde(default, deserialize_with = "some_milliseconds")]
    cough: Option<Duration>,
    #[serde(default, deserialize_with = "some_milliseconds")]
    knock: Option<Duration>,
}

impl TryFrom<RawSound> for Sound {
    type Error = &'static str;

    fn try_from(raw: RawSound) -> Result<Self, Self::Error> {
        let what = match (raw.says, raw.cough, raw.knock) {
            (Some(words), None, None) => Aside::Says(words),
            (None, Some(length), None) => Aside::Cough(length),
            (None, None, Some(length)) => Aside::Knock(length),
            _ => return Err("a sound is one of `says`, `cough` and `knock`"),
        };
        Ok(Self { after: raw.after, what })
    }
}

/// A part of a turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// Nothing is said for this time.
    #[serde(deserialize_with = "milliseconds")]
    Pause(Duration),
    /// Words for the embedded voice.
    Says(String),
    /// Words that a person recorded.
    Recorded(Recorded),
}

impl Part {
    /// Its words; none in a pause.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Pause(_) => None,
            Self::Says(text) => Some(text),
            Self::Recorded(recorded) => Some(&recorded.text),
        }
    }
}

/// Words of a person, as Asterisk's sound packages have them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The words.
    pub text: String,
    /// The recordings, one behind the other, as the package names them.
    pub prompts: Vec<String>,
}

/// Why there is no corpus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A folder or a file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file means nothing.
    #[error("{path}: {source}", path = .path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
}

/// Reads all dialogues of a folder that has one folder for each language; in the order of their names.
///
/// # Errors
/// When a file cannot be read, or is wrong.
pub fn read(folder: &Path) -> Result<Vec<Dialogue>, CorpusError> {
    let mut dialogues = Vec::new();
    for language in [Language::Es, Language::En] {
        let folder = folder.join(language.code());
        let unreadable = |source| CorpusError::Unreadable { path: folder.clone(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let text = fs::read_to_string(&path)
                .map_err(|source| CorpusError::Unreadable { path: path.clone(), source })?;
            let script = toml::from_str(&text)
                .map_err(|source| CorpusError::Wrong { path: path.clone(), source: Box::new(source) })?;
            let half = Half::of(&name.to_string_lossy());
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            dialogues.push(Dialogue { name, language, half, script });
        }
    }
    Ok(dialogues)
}

fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

fn some_milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    milliseconds(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn corpus() -> Vec<Dialogue> {
        read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/corpus"))).unwrap()
    }

    /// How long the fake voice speaks a line, at 14 characters a second.
    fn spoken(line: &str) -> Duration {
        Duration::from_secs_f64(line.chars().count() as f64 / 14.0)
    }

    #[test]
    fn the_corpus_has_the_turns_pauses_and_sounds_that_figures_need() {
        let (mut counts, mut turns) = (BTreeMap::new(), BTreeMap::new());
        for dialogue in corpus() {
            *turns.entry(dialogue.half).or_insert(0) += dialogue.script.turns.len();
            let mut count = |what| *counts.entry(what).or_insert(0) += 1;
            if dialogue.script.noise.is_some() {
                count("noisy lines");
            }
            for turn in &dialogue.script.turns {
                count(dialogue.language.code());
                turn.interrupts.iter().for_each(|_| count("interruptions"));
                turn.overlaps.iter().for_each(|_| count("overlaps"));
                for sound in &turn.sounds {
                    count(match sound.what {
                        Aside::Says(_) => "backchannels",
                        Aside::Cough(_) => "coughs",
                        Aside::Knock(_) => "knocks",
                    });
                }
                for part in &turn.says {
                    match part {
                        Part::Pause(_) => count("pauses"),
                        Part::Recorded(_) => count("recordings"),
                        Part::Says(_) => {}
                    }
                }
            }
        }
        let least = [
            ("es", 110),
            ("en", 55),
            ("noisy lines", 8),
            ("interruptions", 18),
            ("overlaps", 6),
            ("backchannels", 30),
            ("coughs", 12),
            ("knocks", 7),
            ("pauses", 230),
            ("recordings", 25),
        ];
        for (what, least) in least {
            assert!(counts.get(what).is_some_and(|count| *count >= least), "{what}: {counts:?}");
        }
        assert!(turns.values().sum::<usize>() >= 170 && turns.values().all(|half| *half >= 80), "{turns:?}");
    }

    #[test]
    fn a_sound_is_one_thing_and_nothing_besides() {
        let read = |sound: &str| toml::from_str::<Sound>(sound);
        let cough = read("after = 100\ncough = 260").unwrap();
        assert!(matches!(cough.what, Aside::Cough(length) if length == Duration::from_millis(260)));
        for wrong in ["after = 100", "after = 1\ncough = 2\nknock = 3", "after = 1\ncough = 2\nlouder = 3"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// An agent that stops for good at a sound must be told from one that speaks to its end.
    #[test]
    fn what_sounds_over_the_agent_leaves_enough_of_its_line() {
        for dialogue in corpus() {
            for turn in &dialogue.script.turns {
                let line =
                    spoken(turn.agent.as_deref().unwrap_or("Clínica Santa Lucía, ¿en qué puedo ayudarle?"));
                let told = format!("{}: {turn:?}", dialogue.name);
                let last = turn.sounds.iter().map(|sound| sound.after).max().unwrap_or_default();
                assert!(last.is_zero() || last + Duration::from_secs(1) <= line.mul_f64(0.8), "{told}");
                assert!(turn.interrupts.is_none_or(|at| at + Duration::from_secs(1) <= line), "{told}");
                let begins = [turn.interrupts.is_some(), turn.overlaps.is_some(), !turn.sounds.is_empty()];
                assert!(begins.into_iter().filter(|is| *is).count() <= 1, "{told}");
            }
        }
    }

    #[test]
    fn a_turn_begins_and_ends_in_words_and_its_pauses_are_such_as_people_make() {
        for dialogue in corpus() {
            for turn in &dialogue.script.turns {
                let told = format!("{}: {turn:?}", dialogue.name);
                assert!(turn.says.len() % 2 == 1, "{told}");
                for (place, part) in turn.says.iter().enumerate() {
                    let pause = if let Part::Pause(pause) = part { Some(pause.as_millis()) } else { None };
                    assert_eq!(pause.is_some(), place % 2 == 1, "{told}");
                    assert!(pause.is_none_or(|pause| (200..=1_500).contains(&pause)), "{told}");
                }
            }
        }
    }

    #[test]
    fn the_half_of_a_file_is_decided_by_its_name() {
        // sha256sum: …48057 and …645a8.
        assert_eq!(Half::of("a.toml"), Half::HeldOut);
        assert_eq!(Half::of("d.toml"), Half::Tuning);
    }
}
