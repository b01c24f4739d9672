//! `centralita eval`: holds the calls of prompts/eval with the agents, in text, and says which ended as they should.

mod result;
mod stage;

pub use result::{Tried, junit};
pub use stage::{StageError, hold, opening, tools};

use super::{
    BAD_CONFIGURATION, Settings, task,
    terminal::{complain, say},
};
use crate::{
    base::clock,
    boot,
    channels::voice::agents::Agents,
    config::Config,
    dialogue::agent::Agent,
    net::tls,
    ports::llm::LanguageModel,
    testbed::eval::{self, Scenario},
};
use anyhow::{Context as _, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// The folder of the scenarios within the folder of the prompts.
pub(super) const FOLDER: &str = "eval";

/// What is tried.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The agent: a name in the prompts folder, or a Markdown file; all agents that have scenarios when none is named.
    #[arg(value_name = "AGENT")]
    name: Option<String>,
    /// Only the scenarios of this name, or of a name that begins with it.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Take the scenarios of this folder instead of `eval/AGENT` in the prompts folder.
    #[arg(long, value_name = "FOLDER", requires = "name")]
    scenarios: Option<PathBuf>,
    /// Write the results as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Show what was said: of each call, not only of those that miss something.
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Tries them; succeeds when all end as they should.
pub fn run(args: &Args) -> ExitCode {
    tls::install();
    task::run(&args.settings, async |config| {
        let plan = match plan(args, config) {
            Ok(plan) => plan,
            Err(error) => {
                complain(format!("{error:#}"));
                return Ok(ExitCode::from(BAD_CONFIGURATION));
            }
        };
        let model = boot::model(config)?;
        let mut tried = Vec::new();
        for (agent, scenarios) in &plan {
            for scenario in scenarios {
                let one = attempt(agent, &model, scenario).await;
                say(one.line());
                if args.show || !one.misses.is_empty() {
                    say(one.transcript());
                }
                tried.push(one);
            }
        }
        let right = tried.iter().filter(|each| each.misses.is_empty()).count();
        say(format_args!("{right} of {} as expected, with {}", tried.len(), model.name()));
        if let Some(file) = &args.junit {
            fs::write(file, junit(&tried)).with_context(|| format!("{} can't be written", file.display()))?;
        }
        Ok(if right == tried.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Holds one call and judges it.
pub async fn attempt(agent: &Arc<Agent>, model: &Arc<dyn LanguageModel>, scenario: &Scenario) -> Tried {
    let begin = clock::now();
    let held = hold(agent, model, scenario).await.map_err(|error| error.to_string());
    let misses = match &held {
        Ok(held) => eval::judge(&scenario.expect, held),
        Err(error) => vec![error.clone()],
    };
    Tried {
        agent: agent.name.clone(),
        scenario: scenario.clone(),
        held,
        misses,
        took: clock::now().saturating_duration_since(begin),
    }
}

type Plan = Vec<(Arc<Agent>, Vec<Scenario>)>;

fn plan(args: &Args, config: &Config) -> anyhow::Result<Plan> {
    let (prompts, asked) = match &args.name {
        Some(name) => {
            let (folder, name) = crate::config::agent_file(name, &config.voice.prompts_dir);
            (folder, Some(name))
        }
        None => (config.voice.prompts_dir.clone(), None),
    };
    let agents = Agents::open(&prompts)?;
    let all = prompts.join(FOLDER);
    let names = asked.map_or_else(
        || agents.names().into_iter().filter(|name| all.join(name).is_dir()).collect(),
        |name| vec![name],
    );
    let mut plan = Vec::new();
    for name in names {
        let agent = agents.find(&name)?;
        let folder = args.scenarios.clone().unwrap_or_else(|| all.join(&name));
        plan.push((agent, scenarios(&folder, args.scenario.as_deref())?));
    }
    if plan.iter().all(|(_, scenarios)| scenarios.is_empty()) {
        bail!("no scenario fits; they are TOML files in {}, as its README.md says", all.display());
    }
    Ok(plan)
}

/// Those of that name, else those whose names begin with it.
fn scenarios(folder: &Path, name: Option<&str>) -> anyhow::Result<Vec<Scenario>> {
    let mut all = eval::read_all(folder)?;
    if let Some(name) = name {
        let exact = all.iter().any(|each| each.name == name);
        all.retain(|each| if exact { each.name == name } else { each.name.starts_with(name) });
    }
    Ok(all)
}
