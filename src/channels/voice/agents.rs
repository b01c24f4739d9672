//! The agents of the prompts folder. An edited file counts from the next call on; a broken edit keeps the last good agent.

use crate::dialogue::agent::{self, Agent, Mistake};
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};
use tracing::{error, info};

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsError {
    /// The folder or a file can't be read.
    #[error("{path} can't be read: {source}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no `*.md`.
    #[error("there is no agent in {0}: add a file such as clinica.md")]
    Empty(PathBuf),
    /// There is no such agent.
    #[error("there is no agent `{name}`; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The agents there are.
        known: String,
    },
    /// What people wrote is wrong.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

struct Lines<'a>(&'a [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

/// When the files of an agent were last written, and their lengths.
type Stamp = [Option<(SystemTime, u64)>; 2];

#[derive(Debug)]
struct Kept {
    agent: Arc<Agent>,
    stamp: Stamp,
    data: String,
}

/// The agents of one folder.
#[derive(Debug)]
pub struct Agents {
    folder: PathBuf,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Agents {
    /// Reads all agents of `folder`. Blocks for the disk.
    ///
    /// # Errors
    /// When the folder can't be read, holds no agent, or any agent has mistakes: all of them are told.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, AgentsError> {
        let folder = folder.into();
        let unreadable = |source| AgentsError::Unreadable { path: folder.clone(), source };
        let (mut kept, mut mistakes) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
            let (Some(name), Some("md")) = (name, path.extension().and_then(|end| end.to_str())) else {
                continue;
            };
            match read(&folder, &name) {
                Ok(agent) => drop(kept.insert(name, agent)),
                Err(AgentsError::Mistakes(found)) => mistakes.extend(found),
                Err(other) => return Err(other),
            }
        }
        if !mistakes.is_empty() {
            mistakes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            mistakes.dedup();
            return Err(AgentsError::Mistakes(mistakes));
        }
        if kept.is_empty() {
            return Err(AgentsError::Empty(folder));
        }
        Ok(Self { folder, kept: Mutex::new(kept) })
    }

    /// The names of the agents.
    pub fn names(&self) -> Vec<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The agent for a call that begins, read again if its files have changed. Looks at the disk, for microseconds.
    ///
    /// # Errors
    /// [`AgentsError::Unknown`] when the folder had no such agent at the start. Mistakes of an edit are logged instead.
    pub fn find(&self, name: &str) -> Result<Arc<Agent>, AgentsError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.keys().cloned().collect::<Vec<_>>().join(", ");
        let unknown = || AgentsError::Unknown { name: name.to_owned(), known };
        let entry = kept.get_mut(name).ok_or_else(unknown)?;
        let stamp = stamp(&self.folder, name, &entry.data);
        if stamp != entry.stamp {
            match read(&self.folder, name) {
                Ok(fresh) => {
                    info!(agent = name, "agent read again");
                    *entry = fresh;
                }
                Err(why) => {
                    tell(name, &why);
                    entry.stamp = stamp;
                }
            }
        }
        Ok(entry.agent.clone())
    }
}

fn tell(name: &str, why: &AgentsError) {
    if let AgentsError::Mistakes(mistakes) = why {
        for mistake in mistakes {
            let (file, line) = (&mistake.file, mistake.line);
            error!(
                agent = name,
                file, line, "{}; {}; the last good version goes on", mistake.what, mistake.remedy
            );
        }
    } else {
        error!(agent = name, "{why}; the last good version goes on");
    }
}

/// Reads one agent of `folder`, whatever stands in the others. Blocks for the disk.
///
/// # Errors
/// When a file of it can't be read, or has mistakes.
pub fn read_agent(folder: &Path, name: &str) -> Result<Agent, AgentsError> {
    read(folder, name).map(|kept| Agent::clone(&kept.agent))
}

fn read(folder: &Path, name: &str) -> Result<Kept, AgentsError> {
    let open = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).map_err(|source| AgentsError::Unreadable { path, source })
    };
    let text = open(&format!("{name}.md"))?;
    let data_file = agent::data_name(&text).unwrap_or_default();
    // The stamp is taken first: an edit during the reading is seen by the next call.
    let stamp = stamp(folder, name, &data_file);
    let beside = !data_file.is_empty() && Path::new(&data_file).file_name() == Some(data_file.as_ref());
    let data = if beside { open(&data_file)? } else { String::new() };
    let agent = Agent::parse(name, &text, &data).map_err(AgentsError::Mistakes)?;
    Ok(Kept { agent: Arc::new(agent), stamp, data: data_file })
}

fn stamp(folder: &Path, name: &str, data_file: &str) -> Stamp {
    [format!("{name}.md"), data_file.to_owned()].map(|file| {
        let facts = fs::metadata(folder.join(file)).ok()?;
        Some((facts.modified().ok()?, facts.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("centralita-agents-{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for file in ["clinica.md", "clinica.toml", "clinic-en.md", "dental.md", "dental.toml"] {
            fs::copy(Path::new("prompts").join(file), folder.join(file)).unwrap();
        }
        folder
    }

    fn edit(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
    }

    #[test]
    fn an_edit_counts_from_the_next_call_and_a_broken_one_does_not() {
        let folder = folder("edit");
        let agents = Agents::open(&folder).unwrap();
        assert_eq!(agents.names(), ["clinic-en", "clinica", "dental"]);
        edit(&folder.join("clinica.md"), "Clínica Santa Lucía, le", "Clínica del Parque, le");
        assert!(agents.find("clinica").unwrap().greeting.starts_with("Clínica del Parque"));
        edit(&folder.join("clinica.toml"), "minutes = 30", "minuten = 30");
        let agent = agents.find("clinica").unwrap();
        assert_eq!(agent.clinic.specialties[0].minutes, 30);
        edit(&folder.join("clinica.toml"), "minuten = 30", "minutes = 45");
        assert_eq!(agents.find("clinica").unwrap().clinic.specialties[0].minutes, 45);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn mistakes_at_the_start_are_told_with_file_and_line() {
        let folder = folder("start");
        edit(&folder.join("dental.md"), "es-MX", "fr-FR");
        edit(&folder.join("dental.toml"), "phone =", "fone =");
        let told = Agents::open(&folder).unwrap_err().to_string();
        assert!(told.starts_with("dental.md:2: language `fr-FR` is not spoken;"), "{told}");
        assert!(told.contains("\ndental.toml:7: unknown key `fone`;"), "{told}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_agent_that_does_not_exist_is_told_with_those_that_do() {
        let folder = folder("unknown");
        let told = Agents::open(&folder).unwrap().find("../secret").unwrap_err().to_string();
        assert_eq!(told, "there is no agent `../secret`; there are: clinic-en, clinica, dental");
        fs::remove_dir_all(folder).unwrap();
    }
}
