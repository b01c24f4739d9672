//! The command line: `centralita` alone serves, everything else is a subcommand in a file of its own.

pub mod agent;
pub mod backup;
pub mod call;
pub mod calls;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod erase;
pub mod eval;
pub mod fakes;
pub mod keys;
pub mod load;
pub mod migrate;
pub mod replay;
pub mod restore;
pub mod say;
pub mod serve;
mod server;
mod settings;
mod task;
mod terminal;
mod voice;

pub use settings::Settings;

use crate::providers::local::{ModelError, ModelFolder};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::{env, ffi::OsString, path::Path, process::ExitCode};

/// The folder of the embedded models: the one named, else `MODEL_DIR` of the environment, else the user's cache.
fn model_folder(named: Option<&Path>) -> Result<ModelFolder, ModelError> {
    let variable = env::var_os("MODEL_DIR").filter(|folder| !folder.is_empty());
    ModelFolder::resolve(named.or(variable.as_deref().map(Path::new)))
}

/// The exit code for a configuration that cannot be used (`EX_CONFIG` of sysexits.h).
pub const BAD_CONFIGURATION: u8 = 78;

/// A phone agent that listens, answers and can be interrupted.
#[derive(Debug, Parser)]
#[command(name = "centralita", version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers calls (also without a subcommand).
    Serve(serve::Args),
    /// Holds a whole call with a simulated caller, shows it, and checks it. Needs no account.
    Demo(demo::Args),
    /// Calls a running server with recordings or typed lines.
    Call(call::Args),
    /// Speaks a text into a file, with the embedded voice.
    Say(say::Args),
    /// Makes an agent, looks for mistakes in agents, tries one in the terminal.
    Agent(agent::Args),
    /// Holds scripted calls with the agents, in text, and says which ended as they should.
    Eval(eval::Args),
    /// Checks the configuration and says what would be used.
    Check(check::Args),
    /// Tries every key, address and store that the server needs, and says how to mend what fails.
    Doctor(doctor::Args),
    /// Brings the database's schema up to date; the server does so too when it starts.
    Migrate(migrate::Args),
    /// Copies the database of a running or stopped server into a file.
    Backup(backup::Args),
    /// Puts a backup in the place of the database, which is kept beside it.
    Restore(restore::Args),
    /// Shows what is known of calls: lists, transcripts, exports.
    Calls(calls::Args),
    /// Erases a person by number: what was said and written, recordings, names.
    Erase(erase::Args),
    /// Makes, lists and revokes keys to the API.
    Keys(keys::Args),
    /// Runs fakes of the paid services on this machine.
    Fakes(fakes::Args),
    /// Places many scripted calls to a running server and measures it.
    Load(load::Args),
    /// Lives through a recorded call once more and compares.
    Replay(replay::Args),
}

/// The whole command line, for its documentation and its tests.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed terminal is nobody's error.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Call(args) => call::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Calls(args) => calls::run(&args),
        Command::Erase(args) => erase::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Agent(args) => agent::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Fakes(args) => fakes::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Say(args) => say::run(&args),
    }
}
