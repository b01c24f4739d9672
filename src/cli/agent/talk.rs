//! `centralita agent try`: a conversation in the terminal, with a throw-away book unless told otherwise.

use crate::{
    base::{
        clock::{SetClock, SystemClock, WallClock},
        ids::CallSid,
    },
    boot,
    channels::{
        text::{Ran, TextSession},
        voice::agents,
    },
    cli::{Settings, eval, task, terminal::say},
    config::{Config, agent_file},
    net::tls,
    ports::calendar::{Appointment, Calendar},
    storage::Business,
    testbed::eval::Book,
};
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
    let database = if args.book { Some(boot::Database::attach(config).await?) } else { None };
    let calendar: Arc<dyn Calendar> = match &database {
        Some(database) => {
            let agent = Arc::clone(&agent);
            let business = move || Business { clinic: Arc::clone(&agent.clinic), zone: agent.zone.clone() };
            Arc::new(database.store.book(Arc::new(business)))
        }
        None => Arc::new(Book::new(Arc::clone(&agent), Arc::clone(&clock))),
    };
    let now = clock.now().to_zoned(agent.zone.clone());
    let call: CallSid = format!("CA{:032x}", rand::random::<u128>()).parse()?;
    let run = eval::tools(&agent, Arc::clone(&calendar), clock, call, args.caller.clone());
    let mut session = TextSession::new(&agent, &now, args.caller.as_deref(), boot::model(config)?, run);
    let greeting = eval::opening(&agent, &now);
    session.opens(&greeting);
    say(format_args!("{}: {greeting}", agent.name));
    converse(&mut session, &agent.name, args.full).await?;
    if let Some(database) = database {
        database.store.close().await;
    } else {
        for Appointment { slot, name, document, .. } in calendar.appointments().await? {
            say(format_args!(
                "In the book: {}, {}, {}, {name}, {document}",
                slot.specialty, slot.start, slot.professional
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
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
