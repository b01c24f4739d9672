//! A scenario, as it stands in its file.

use crate::{dialogue::spoken::plain, testbed::caller::Asked};
use jiff::civil::DateTime;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// A caller's number where the scenario names none.
const CALLER: &str = "+5491155500101";

/// When a call takes place where the scenario does not say: a Tuesday morning.
const NOW: DateTime = jiff::civil::date(2026, 11, 24).at(9, 10, 0, 0);

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file or folder can't be read.
    #[error("{path} can't be read: {source}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not written as prompts/eval/README.md says.
    #[error("{path}: {what}")]
    Mistake {
        /// Which one.
        path: PathBuf,
        /// Line, column and what is expected there.
        what: String,
    },
}

/// One call to be held.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its end.
    #[serde(skip)]
    pub name: String,
    /// What happens, in a line.
    pub title: String,
    /// What the caller wants.
    pub goal: String,
    /// How the caller is.
    #[serde(default)]
    pub temper: String,
    /// The moment of the call in the agent's zone.
    #[serde(default = "now")]
    pub now: DateTime,
    /// The caller's number, E.164.
    #[serde(default = "caller")]
    pub caller: String,
    /// Also meant to be held over the telephone.
    #[serde(default)]
    pub audio: bool,
    /// What the caller says after the greeting.
    pub opening: String,
    /// What the caller knows.
    #[serde(default)]
    pub facts: Facts,
    /// What the caller says to what is asked.
    #[serde(default)]
    pub answers: BTreeMap<Asked, Lines>,
    /// What stands in the book already.
    #[serde(default)]
    pub book: Vec<Standing>,
    /// Times without a place left.
    #[serde(default)]
    pub taken: Vec<Time>,
    /// Times whose last place is taken when the agent wants to book it.
    #[serde(default)]
    pub taken_meanwhile: Vec<Time>,
    /// What must be true at the end.
    #[serde(default)]
    pub expect: Expect,
}

const fn now() -> DateTime {
    NOW
}

fn caller() -> String {
    CALLER.to_owned()
}

/// What a caller knows of themselves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The patient's name.
    pub name: Option<String>,
    /// The patient's document.
    pub document: Option<String>,
    /// The number to be called back.
    pub phone: Option<String>,
}

/// One line, or several that are said one after the other; the last one stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Lines {
    /// Always the same.
    One(String),
    /// Each time the next one.
    Many(Vec<String>),
}

impl Lines {
    /// What is said the next time, after it was said so often.
    pub fn after(&self, times: usize) -> Option<&str> {
        match self {
            Self::One(line) => Some(line),
            Self::Many(lines) => lines.get(times).or(lines.last()).map(String::as_str),
        }
    }
}

/// An appointment that stands in the book before the call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// As the business's data calls it.
    pub specialty: String,
    /// When it begins.
    pub start: DateTime,
    /// The patient.
    pub name: String,
    /// The patient's document.
    pub document: String,
    /// Made from the caller's own number.
    #[serde(default)]
    pub of_caller: bool,
}

/// A time of a specialty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// As the business's data calls it.
    pub specialty: String,
    /// When it begins.
    pub start: DateTime,
}

/// What must be true at the end. In texts, `|` stands between wordings that are as good as each other.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Exactly these appointments are new in the book.
    pub booked: Vec<Booked>,
    /// Exactly the appointments with these starts are gone.
    pub cancelled: BTreeSet<DateTime>,
    /// Said by the agent at some time.
    pub says: Vec<String>,
    /// Never said by the agent.
    pub never_says: Vec<String>,
    /// Answers to certain lines.
    pub replies: Vec<ExpectedReply>,
    /// Digits that the agent says before it books.
    pub reads_back: Vec<String>,
    /// Tools that are called.
    pub called: Vec<String>,
    /// Tools that are not called.
    pub never_called: Vec<String>,
    /// What no tool is given.
    pub never_passes: Vec<String>,
    /// Who ends the call.
    pub ends: Ends,
    /// The caller speaks at most so often.
    pub max_turns: Option<usize>,
}

/// An appointment that must be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Booked {
    /// As the business's data calls it.
    pub specialty: String,
    /// When it begins: one or several moments with `|` between them.
    pub start: String,
    /// The patient.
    pub name: String,
    /// The patient's document.
    pub document: String,
}

/// What must be answered to one line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedReply {
    /// A part of that line.
    pub to: String,
    /// Said in the answer.
    pub says: String,
    /// Not said in it.
    #[serde(default)]
    pub never_says: String,
}

/// Who ends a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The agent, after its goodbye.
    #[default]
    Agent,
    /// The caller hangs up.
    Caller,
    /// Either.
    Any,
}

/// Reads one scenario.
///
/// # Errors
/// The first mistake of the file, with its line.
pub fn read(path: &Path) -> Result<Scenario, ScenarioError> {
    let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let mistake = |what: String| ScenarioError::Mistake { path: path.to_owned(), what };
    let mut scenario: Scenario = toml::from_str(&text).map_err(|error| mistake(error.to_string()))?;
    scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for booked in &scenario.expect.booked {
        for start in booked.start.split('|') {
            if let Err(error) = start.parse::<DateTime>() {
                return Err(mistake(format!("`start` {start}: {error}; write it as 2026-11-26T10:30")));
            }
        }
    }
    let lines: Vec<String> = scenario.lines().map(plain).collect();
    for reply in &scenario.expect.replies {
        if !lines.iter().any(|line| line.contains(&plain(&reply.to))) {
            return Err(mistake(format!("no line of the caller holds `{}`", reply.to)));
        }
    }
    Ok(scenario)
}

impl Scenario {
    /// Everything that the caller may say.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let answers = self.answers.values().flat_map(|lines| match lines {
            Lines::One(line) => std::slice::from_ref(line),
            Lines::Many(lines) => lines,
        });
        std::iter::once(&self.opening).chain(answers).map(String::as_str)
    }
}

/// Reads all scenarios of a folder, by name.
///
/// # Errors
/// The first mistake of any of them.
pub fn read_all(folder: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    let unreadable = |source| ScenarioError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}
