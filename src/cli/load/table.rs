//! `centralita load --table`: the table of the README. Each row is measured against a server and fakes of its own, so that
//! three processes share the machine.

use super::{ACCOUNT, Args, Target, options, watched};
use crate::{
    base::clock::{SystemClock, WallClock as _},
    cli::{
        model_folder,
        server::{Order, Server, program},
        terminal::say,
    },
    dialogue::agent,
    net::tls,
    providers::local::{self, Progress},
    shutdown::HangUps,
    testbed::load::LoadReport,
};
use anyhow::{Context as _, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

/// What is measured in a row.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Calls at a time.
    calls: u16,
    /// Whether Silero judges what is speech, or the gate alone.
    silero: bool,
    /// Whether answers are begun before the turn is surely over.
    speculation: bool,
}

const ROWS: [Row; 6] = [
    Row { calls: 1, silero: true, speculation: false },
    Row { calls: 25, silero: true, speculation: false },
    Row { calls: 100, silero: true, speculation: false },
    Row { calls: 300, silero: true, speculation: false },
    Row { calls: 100, silero: false, speculation: false },
    Row { calls: 100, silero: true, speculation: true },
];

/// Who answers.
const AGENT: &str = "clinica";

const HEAD: &str = "\
| calls | judge of speech | speculation | response p50 | added p50 | added p95 | barge-in to `clear` p95 | frame lateness p99.9 | underruns > 20 ms \
| CPU per call-second | memory per call | machine busy |
|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

/// Measures and prints the table; whether every call of every row was held to its end.
pub(super) fn measure(args: &Args) -> anyhow::Result<bool> {
    tls::install();
    let models = model_folder(args.model_dir.as_deref())?;
    let silero = local::voice_activity(&models, Some(Progress::Shown));
    silero.context("the table needs Silero; the log says why it is not to be had")?;
    let folder = Folder::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut well = true;
    say(HEAD);
    for row in ROWS {
        let models = if row.silero { models.path() } else { &folder.0 };
        let report = runtime.block_on(async {
            // A terminal that is closed tells the server nothing but to read its configuration again: it is ended by us.
            let mut hang_ups = HangUps::listen()?;
            tokio::select! {
                report = measured(args, row, &folder.0, models) => report,
                () = hang_ups.next() => bail!("stopped"),
            }
        })?;
        say(cells(&report, row));
        for reason in &report.failed {
            say(format_args!("failed: {reason}"));
        }
        well &= report.is_well();
    }
    say(format_args!("\n{}", machine(args.seconds)));
    Ok(well)
}

/// A folder for the servers' files, gone when the table is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let folder = env::temp_dir().join(format!("centralita-load-{}", process::id()));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The agent's files in `folder`, so that it begins answers early or not.
fn agent(folder: &Path, speculation: bool) -> anyhow::Result<PathBuf> {
    let prompts = env::var_os("PROMPTS_DIR").map_or_else(|| PathBuf::from("prompts"), PathBuf::from);
    let read = |file: &Path| fs::read_to_string(file).with_context(|| file.display().to_string());
    let text = read(&prompts.join(format!("{AGENT}.md")))?;
    let data = agent::data_name(&text).context("the agent names no data")?;
    fs::write(folder.join(&data), read(&prompts.join(&data))?)?;
    let file = folder.join(format!("{AGENT}.md"));
    fs::write(&file, speculating(&text, speculation)?)?;
    Ok(file)
}

/// The agent's text, so that it begins answers early or not.
fn speculating(text: &str, speculation: bool) -> anyhow::Result<String> {
    let line = |speculation| format!("\nspeculation = {speculation}\n");
    let text = text.replace(&line(!speculation), &line(speculation));
    if !text.contains(&line(speculation)) {
        bail!("{AGENT}.md has no line `speculation = …`: what is measured would be unknown");
    }
    Ok(text)
}

async fn measured(args: &Args, row: Row, data: &Path, models: &Path) -> anyhow::Result<LoadReport> {
    let Row { calls, speculation, .. } = row;
    let (fakes, mut settings) = fakes().await?;
    settings.push(("MAX_CALLS".to_owned(), calls.to_string()));
    settings.push(("TWILIO_ACCOUNT_SID".to_owned(), ACCOUNT.to_owned()));
    let agent = agent(data, speculation)?;
    let mut server = Server::start(Order { agent: &agent, data, models, settings: &settings })?;
    server.ready().await?;
    let (webhook, auth_token) = (format!("{}/webhook/voice", server.url), server.auth_token.clone());
    let target = Target { webhook, auth_token, pid: server.pid() };
    let report = watched(options(args, calls, target, ACCOUNT)?).await?;
    server.stop().await?;
    drop(fakes);
    Ok(report)
}

/// The fakes as a process, and the settings that make a server use them. Dropping it ends it.
async fn fakes() -> anyhow::Result<(Child, Vec<(String, String)>)> {
    let mut command = program()?;
    let mut child = command.arg("fakes").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("the fakes are mute")?).lines();
    let mut settings = Vec::new();
    while let Some(line) = lines.next_line().await? {
        match line.strip_prefix("export ").and_then(|setting| setting.split_once('=')) {
            Some((name, value)) => settings.push((name.to_owned(), value.to_owned())),
            None => return Ok((child, settings)),
        }
    }
    bail!("the fakes ended before they listened")
}

fn cells(report: &LoadReport, row: Row) -> String {
    let figure = |figure: Option<f64>, unit: &str, digits: usize| {
        figure.map_or_else(|| "?".to_owned(), |figure| format!("{figure:.digits$} {unit}"))
    };
    format!(
        "| {} | {} | {} | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms | {:.1} ms | {} | {} | {} | {} |",
        report.calls,
        if row.silero { "Silero" } else { "gate alone" },
        if row.speculation { "yes" } else { "no" },
        report.response.p50,
        report.added.p50,
        report.added.p95,
        report.barge_in.p95,
        report.late_p999,
        report.underruns,
        figure(report.cpu_ms_per_call_second, "ms", 2),
        figure(report.kib_per_call, "KiB", 0),
        figure(report.machine_busy.map(|busy| busy * 100.0), "%", 0),
    )
}

/// When and on what was measured, as far as the system tells.
fn machine(seconds: u64) -> String {
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let value =
            text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':')).map(|(_, v)| v.trim());
        value.unwrap_or("?").to_owned()
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "Measured {} for {seconds} s per row on {cores} cores of {}, {} of memory, Linux {}.",
        SystemClock.now().strftime("%Y-%m-%d"),
        line("/proc/cpuinfo", "model name"),
        line("/proc/meminfo", "MemTotal"),
        kernel.trim(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_cannot_be_told_to_speculate_is_not_measured() {
        let told = |text| speculating(text, true).ok();
        let wanted = Some("+++\nspeculation = true\n".to_owned());
        assert_eq!(told("+++\nspeculation = false\n"), wanted);
        assert_eq!(told("+++\nspeculation = true\n"), wanted);
        assert_eq!(told("+++\nspeculation=false\n"), None);
        assert_eq!(told("+++\n"), None);
    }
}
