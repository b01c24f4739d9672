//! Where a command takes its configuration from: the environment, a file, switches.

use crate::{
    channels::voice::agents::{Agents, AgentsError},
    config::{Complaint, Complaints, Config, Environment, Sources},
    dialogue::agent::{Agent, Mistake},
};
use std::{env, fs, path::PathBuf, sync::Arc};

/// The switches that every command with a configuration has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Settings {
    /// Read this TOML file too; environment variables win over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen on this port; 0 takes any free one.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Who answers: a name in the prompts folder, or a Markdown file.
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Where the embedded speech models lie.
    #[arg(long, value_name = "FOLDER")]
    pub model_dir: Option<PathBuf>,
    /// Allow providers in private networks; loopback is always allowed.
    #[arg(long)]
    pub allow_private_upstreams: bool,
}

impl Settings {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(&self) -> Result<Config, Complaints> {
        self.read_with(|_| Ok(())).map(|(config, ())| config)
    }

    /// Reads and checks the configuration and the agents; gives the agent that answers.
    ///
    /// # Errors
    /// All mistakes at once, those of the agents' files too.
    pub fn read_all(&self) -> Result<(Config, Arc<Agent>), Complaints> {
        self.read_with(|config| {
            let (folder, name) = config.agent();
            Agents::open(folder).and_then(|agents| agents.find(&name)).map_err(complaints)
        })
    }

    fn read_with<T>(
        &self,
        more: impl FnOnce(&Config) -> Result<T, Vec<Complaint>>,
    ) -> Result<(Config, T), Complaints> {
        let name = self.config.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let (mut text, mut unreadable) = (None, None);
        match self.config.as_ref().map(fs::read_to_string) {
            Some(Ok(read)) => text = Some(read),
            Some(Err(error)) => {
                unreadable = Some(Complaint {
                    place: format!("--config {name}"),
                    what: format!("cannot be read: {error}"),
                    remedy: "give the path of a TOML file; `centralita check --example` prints one"
                        .to_owned(),
                });
            }
            None => {}
        }
        let sources = Sources {
            file: text.as_deref().map(|text| (name.as_str(), text)),
            environment: environment(),
            switches: self.switches(),
        };
        // What is read besides may be named in the file that cannot be read.
        Config::read_with(&sources, |config| {
            unreadable.map_or_else(|| more(config), |mistake| Err(vec![mistake]))
        })
    }

    fn switches(&self) -> Vec<(&'static str, &'static str, String)> {
        let port = self.port.map(|port| ("--port", "server.port", port.to_string()));
        let agent = self.agent.clone().map(|agent| ("--agent", "voice.agent", agent));
        let models = self
            .model_dir
            .as_ref()
            .map(|folder| ("--model-dir", "server.model_dir", folder.display().to_string()));
        let private = self
            .allow_private_upstreams
            .then(|| ("--allow-private-upstreams", "server.allow_private_upstreams", true.to_string()));
        [port, agent, models, private].into_iter().flatten().collect()
    }
}

fn complaints(mistakes: AgentsError) -> Vec<Complaint> {
    let AgentsError::Mistakes(mistakes) = mistakes else {
        let remedy = "name an agent of the prompts folder, or its file, with AGENT or --agent".to_owned();
        return vec![Complaint { place: "voice.agent".to_owned(), what: mistakes.to_string(), remedy }];
    };
    let complaint = |Mistake { file, line, what, remedy }| Complaint {
        place: format!("{file} line {line}"),
        what,
        remedy,
    };
    mistakes.into_iter().map(complaint).collect()
}

/// The variables of the process whose name and text are Unicode.
pub(super) fn environment() -> Environment {
    let unicode = |(name, text): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, text.into_string().ok()?))
    };
    env::vars_os().filter_map(unicode).collect()
}
