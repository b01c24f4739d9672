//! `centralita agent check`: every mistake of the agents' files, with file, line and remedy.

use super::new::prompts;
use crate::{
    channels::voice::agents::{self, AgentsError},
    cli::{
        BAD_CONFIGURATION,
        eval::FOLDER,
        terminal::{complain, say},
    },
    config::agent_file,
    dialogue::agent::Agent,
    testbed::eval,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What is looked at.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The agent: a name in the folder, or a Markdown file; all of the folder when none is named.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The folder; PROMPTS_DIR of the environment, else prompts.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Looks and tells.
pub(super) fn run(args: &Args) -> ExitCode {
    let folder = args.folder.clone().unwrap_or_else(prompts);
    let (folder, names) = match &args.name {
        Some(name) => {
            let (folder, name) = agent_file(name, &folder);
            (folder, Ok(vec![name]))
        }
        None => (folder.clone(), names(&folder)),
    };
    let names = match names {
        Ok(names) if names.is_empty() => {
            Err(format!("there is no agent in {}; `centralita agent new NAME` makes one", folder.display()))
        }
        Ok(names) => Ok(names),
        Err(error) => Err(format!("{} can't be read: {error}", folder.display())),
    };
    match names.map(|names| all_right(&folder, &names)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BAD_CONFIGURATION),
        Err(why) => {
            complain(why);
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

/// The agents of the folder, by name.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "md") {
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

fn all_right(folder: &Path, names: &[String]) -> bool {
    let mut right = true;
    for name in names {
        let scenarios = scenarios(folder, name);
        match (agents::read_agent(folder, name), scenarios) {
            (Ok(agent), Ok(scenarios)) => say(summary(&agent, scenarios)),
            (agent, scenarios) => {
                right = false;
                match agent {
                    Err(AgentsError::Unreadable { path, source }) => complain(format_args!(
                        "{} can't be read: {source}; `data` in {name}.md names the file beside it",
                        path.display()
                    )),
                    Err(error) => complain(error),
                    Ok(_) => {}
                }
                if let Err(error) = scenarios {
                    complain(error);
                }
            }
        }
    }
    right
}

/// How many there are.
fn scenarios(folder: &Path, name: &str) -> Result<usize, eval::ScenarioError> {
    let folder = folder.join(FOLDER).join(name);
    if folder.is_dir() { eval::read_all(&folder).map(|all| all.len()) } else { Ok(0) }
}

fn summary(agent: &Agent, scenarios: usize) -> String {
    let tools: Vec<&str> = agent.tools.iter().map(|tool| tool.name.as_str()).collect();
    format!(
        "{:<16} {}, {}, {} specialties, {scenarios} scenarios, tools: {}",
        agent.name,
        agent.tag,
        agent.clinic.name,
        agent.clinic.specialties.len(),
        tools.join(", ")
    )
}
