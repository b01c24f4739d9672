//! `centralita agent try`: a conversation in the terminal, with a throw-away book unless told otherwise.

use crate::{
    base::{
        clock::{SetClock, SystemClock, WallClock},
        ids::CallSid,
    },
    boot,
    channels::{
        text::{Ran, RunTool, TextSession},
        voice::{
            agents::{self, Agents},
            tools::Toolbox,
        },
    },
    cli::{Settings, eval, task, terminal::say},
    config::{Config, agent_file},
    dialogue::agent::Agent,
    net::tls,
    ports::calendar::{Appointment, Calendar},
    storage::calendar_file::CalendarFile,
};
use anyhow::Context as _;
use jiff::civil::DateTime;
use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::Arc,
};

/// So much of a tool's reply is shown, in characters.
const SHOWN: usize = 240;

/// Who is talked with, and where.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The agent: a name in the prompts folder, or a Markdown file.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Book into the server's own appointment book.
    #[arg(long)]
    book: bool,
    /// Talk as if it were this moment in the agent's zone, such as 2026-11-24T09:10.
    #[arg(long, value_name = "MOMENT")]
    now: Option<DateTime>,
    /// Call from this number.
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
    /// Show whole replies of tools.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Talks until one side ends it.
pub(super) fn run(args: &Args) -> ExitCode {
    tls::install();
    task::run(&args.settings, async |config| talk(args, config).await)
}

async fn talk(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let (prompts, name) = match &args.name {
        Some(name) => agent_file(name, &config.voice.prompts_dir),
        None => config.agent(),
    };
    let agent = Arc::new(agents::read_agent(&prompts, &name)?);
    let clock: Arc<dyn WallClock> = match args.now {
        Some(now) => Arc::new(SetClock(now.to_zoned(agent.zone.clone())?.timestamp())),
        None => Arc::new(SystemClock),
    };
    let folder = eval::Folder::new().context("no appointment book can be made")?;
    let calendar = if args.book { own_book(config)? } else { eval::throw_away(&agent, &folder) };
    let now = clock.now().to_zoned(agent.zone.clone());
    let run = tools(&agent, &calendar, clock)?;
    let mut session = TextSession::new(&agent, &now, args.caller.as_deref(), boot::model(config)?, run);
    let greeting = eval::opening(&agent, &now);
    session.opens(&greeting);
    say(format_args!("{}: {greeting}", agent.name));
    converse(&mut session, &agent.name, args.full).await?;
    if !args.book {
        for Appointment { slot, name, document, .. } in calendar.appointments().await? {
            say(format_args!(
                "In the book: {}, {}, {}, {name}, {document}",
                slot.specialty, slot.start, slot.professional
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The book of the configured server.
fn own_book(config: &Config) -> anyhow::Result<Arc<dyn Calendar>> {
    let (folder, name) = config.agent();
    let clinic = Agents::open(folder)?.find(&name)?.clinic.clone();
    Ok(Arc::new(CalendarFile::new(boot::book(config), Arc::new(move || Arc::clone(&clinic)))))
}

fn tools(
    agent: &Arc<Agent>,
    calendar: &Arc<dyn Calendar>,
    clock: Arc<dyn WallClock>,
) -> anyhow::Result<RunTool> {
    let toolbox = Arc::new(Toolbox::new(Arc::clone(agent), Arc::clone(calendar), clock));
    let call: CallSid = format!("CA{:032x}", rand::random::<u128>()).parse()?;
    Ok(Arc::new(move |wish| {
        let (toolbox, call) = (Arc::clone(&toolbox), call.clone());
        Box::pin(async move { toolbox.run(call, wish.call).await })
    }))
}

/// Line by line, until the agent ends it or there are no more lines.
async fn converse(session: &mut TextSession, name: &str, full: bool) -> io::Result<()> {
    let typed = io::stdin().is_terminal();
    loop {
        prompt(typed)?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !typed {
            say(format_args!("> {line}"));
        }
        let turn = session.says(line).await;
        turn.ran.iter().for_each(|ran| show(ran, full));
        say(format_args!("{name}: {}", turn.reply.text));
        if turn.reply.ends {
            say(format_args!("({name} ended the conversation)"));
            return Ok(());
        }
    }
}

fn prompt(typed: bool) -> io::Result<()> {
    if typed {
        let mut out = io::stdout().lock();
        out.write_all(b"> ")?;
        out.flush()?;
    }
    Ok(())
}

fn show(Ran { name, arguments, reply }: &Ran, full: bool) {
    let whole = full || reply.chars().count() <= SHOWN;
    let shown: String =
        if whole { reply.clone() } else { reply.chars().take(SHOWN).chain(['…']).collect() };
    say(format_args!("  [{name} {arguments}] {shown}"));
}
