//! `centralita demo`: a whole call with a simulated caller, shown while it goes on and checked afterwards.

mod chart;
mod draw;
mod transcribe;
mod verify;
mod watch;

use super::{
    server::{self, Order, Server},
    terminal::{complain, say},
};
use crate::{
    base::clock::{SystemClock, WallClock as _},
    channels::voice::agents::Agents,
    config::agent_file,
    dialogue::agent,
    net::tls,
    providers::local::{self, Progress, Speech},
    shutdown::HangUps,
};
use anyhow::{Context as _, bail};
use draw::Drawn;

use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};
use verify::{Evidence, Verdict};
use watch::{Screen, file_of};

/// How long the end of the process waits for a decoding.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Which call.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Draws the specialty, day, time, name, document, voices and the moment of the interruption.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Who answers: a name in the prompts folder, or a Markdown file.
    #[arg(long, value_name = "NAME", default_value = "clinica")]
    agent: String,
    /// Where the recording, the transcript and the logs go, in a new folder; DATA_DIR of the environment, else data.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Where the embedded speech models lie.
    #[arg(long, value_name = "FOLDER")]
    model_dir: Option<PathBuf>,
}

/// Holds the call; succeeds only if everything that was to happen did.
pub fn run(args: &Args) -> ExitCode {
    match demonstrated(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn demonstrated(args: &Args) -> anyhow::Result<bool> {
    tls::install();
    let (prompts, name) = agent_file(&args.agent, &folder("PROMPTS_DIR", "prompts"));
    let file = prompts.join(format!("{name}.md"));
    let agent = Agents::open(prompts)?.find(&name)?;
    let models = super::model_folder(args.model_dir.as_deref())?;
    let speech = Speech::new(models.clone(), Progress::Shown)?;
    // Fetched here, with progress bars, so that neither process below must.
    let recogniser = speech.recogniser()?;
    speech.voice()?;
    drop(local::voice_activity(&models, Some(Progress::Shown)));

    let now = SystemClock.now().to_zoned(agent.zone.clone()).datetime();
    let drawn = draw::draw(args.seed, &agent, now)?;
    let data = fresh_folder(&args.data_dir.clone().unwrap_or_else(|| folder("DATA_DIR", "data")), args.seed)?;
    tell_plan(args.seed, &drawn);
    let stage =
        Stage { agent: own_agent(&file, &data, drawn.agent_voice)?, data, models: models.path().to_owned() };

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let mut hang_ups = HangUps::listen()?;
        let (record, appointments) = tokio::select! {
            held = stage.hold(&drawn) => held?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                bail!("stopped");
            }
            // The terminal is closed, which tells the server nothing but to read its configuration again.
            () = hang_ups.next() => bail!("stopped"),
        };
        let caller = read_json(&stage.result())?;
        let language = agent.language;
        let evidence = Evidence {
            drawn: &drawn,
            language,
            record: &record,
            appointments: &appointments,
            caller: &caller,
        };
        say(format_args!("\nHow long the agent took to answer\n{}", chart::chart(&record)));
        say(format_args!("Recording:  {}", file_of(&record, "recording")));
        let transcript = stage.data.join(format!("{}.json", drawn.scenario.call));
        fs::write(&transcript, format!("{record:#}\n"))?;
        say(format_args!("Transcript: {}", transcript.display()));
        say(format_args!("Once more:  centralita replay {}\n\nChecks", file_of(&record, "replay")));
        let mut verdict = Verdict::default();
        evidence.judge(&mut verdict);
        evidence.recording(&*recogniser, &mut verdict).await?;
        Ok(verdict.holds())
    });
    runtime.shutdown_timeout(LAST_TASKS);
    result
}

fn tell_plan(seed: u64, drawn: &Drawn) {
    let wish = &drawn.wish;
    say(format_args!(
        "Seed {seed}: {} wants {}, {}; document {}. The agent speaks as {}, the caller as {}.",
        wish.name, wish.specialty, wish.start, wish.document, drawn.agent_voice, drawn.scenario.voice
    ));
}

/// Where the processes of a demo live.
struct Stage {
    agent: PathBuf,
    data: PathBuf,
    models: PathBuf,
}

impl Stage {
    fn result(&self) -> PathBuf {
        self.data.join("caller.json")
    }

    /// Starts both processes and shows the call; its record, and the appointment book. Dropping it ends both.
    async fn hold(&self, drawn: &Drawn) -> anyhow::Result<(Value, Value)> {
        let order = Order { agent: &self.agent, data: &self.data, models: &self.models, settings: &[] };
        let mut server = Server::start(order)?;
        say(format_args!(
            "The server starts on {}; its log is {}",
            server.url,
            self.data.join("server.log").display()
        ));
        server.ready().await?;
        let scenario = self.data.join("scenario.json");
        fs::write(&scenario, serde_json::to_vec_pretty(&drawn.scenario)?)?;
        let caller = server::program()?
            .arg("call")
            .arg("--url")
            .arg(format!("{}/webhook/voice", server.url))
            .arg("--scenario")
            .arg(&scenario)
            .arg("--result")
            .arg(self.result())
            .arg("--model-dir")
            .arg(&self.models)
            .env("TWILIO_AUTH_TOKEN", &server.auth_token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the caller could not be started")?;
        say("The caller makes its sentences, then dials.\n");
        let record = Screen::new(&server, drawn.scenario.call.as_str()).show(caller).await?;
        let appointments = server.get("/api/appointments").await?.unwrap_or_default();
        server.stop().await?;
        Ok((record, appointments))
    }
}

/// The folder that the environment names.
fn folder(variable: &str, otherwise: &str) -> PathBuf {
    env::var_os(variable).filter(|folder| !folder.is_empty()).map_or_else(|| otherwise.into(), PathBuf::from)
}

/// A copy of the agent that records its calls and speaks with the drawn voice.
fn own_agent(path: &Path, data: &Path, voice: &str) -> anyhow::Result<PathBuf> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let prompts = data.join("prompts");
    fs::create_dir_all(&prompts)?;
    if let Some(file) = agent::data_name(&text) {
        fs::copy(path.with_file_name(&file), prompts.join(&file)).with_context(|| file.clone())?;
    }
    let copy = prompts.join(path.file_name().unwrap_or_default());
    fs::write(&copy, with_settings(&text, voice))?;
    Ok(copy)
}

fn with_settings(text: &str, voice: &str) -> String {
    let mut copy = String::with_capacity(text.len() + 64);
    let (mut fences, mut tables) = (0, false);
    for line in text.lines() {
        let in_front = fences == 1 && !tables;
        let key = line.split('=').next().unwrap_or_default().trim();
        if !(in_front && matches!(key, "record" | "voice")) {
            copy.push_str(line);
            copy.push('\n');
        }
        tables |= in_front && line.starts_with('[');
        if line.trim_end() == "+++" {
            fences += 1;
            if fences == 1 {
                copy.push_str("record = true\nvoice = \"");
                copy.push_str(voice);
                copy.push_str("\"\n");
            }
        }
    }
    copy
}

fn fresh_folder(data: &Path, seed: u64) -> anyhow::Result<PathBuf> {
    let stamp = SystemClock.now().strftime("%Y%m%d-%H%M%S").to_string();
    let folder = data.join(format!("demo-{seed}-{stamp}-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
    Ok(fs::canonicalize(folder)?)
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read(path).with_context(|| {
        format!("the caller left no result at {}; its messages stand above", path.display())
    })?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::agent::Agent;

    #[test]
    fn the_copy_of_an_agent_records_and_has_the_drawn_voice() {
        for name in ["clinica", "dental", "clinic-en"] {
            let text = fs::read_to_string(format!("prompts/{name}.md")).unwrap();
            let data = fs::read_to_string(format!("prompts/{}", agent::data_name(&text).unwrap())).unwrap();
            let agent = Agent::parse(name, &with_settings(&text, "em_alex"), &data).unwrap();
            assert!(agent.record);
            assert_eq!(agent.voice, "em_alex");
        }
    }

    #[test]
    fn every_seed_draws_a_time_that_the_clinic_has() {
        let agent = Agents::open("prompts").unwrap().find("clinica").unwrap();
        let now = "2026-11-21T12:00".parse().unwrap();
        for seed in 0..50 {
            let drawn = draw::draw(seed, &agent, now).unwrap();
            let specialty = agent.clinic.specialty(&drawn.wish.specialty).unwrap();
            assert!(agent.clinic.starts(specialty, drawn.wish.start.date()).contains(&drawn.wish.start));
            assert_ne!(drawn.agent_voice, drawn.scenario.voice);
        }
    }
}
