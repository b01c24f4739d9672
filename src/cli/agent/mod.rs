//! `centralita agent`: makes an agent, looks for mistakes in agents, tries one in the terminal.

mod check;
mod new;
mod talk;

use std::process::ExitCode;

/// What is wanted.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Wish {
    /// Writes the two files of a new agent, with comments; never over files that are there.
    New(new::Args),
    /// Looks for mistakes in agents, their data and their scenarios, and says how to mend each.
    Check(check::Args),
    /// Holds a conversation with an agent in the terminal, line by line, and shows what its tools do.
    Try(talk::Args),
}

/// Does what is wanted.
pub fn run(args: &Args) -> ExitCode {
    match &args.wish {
        Wish::New(args) => new::run(args),
        Wish::Check(args) => check::run(args),
        Wish::Try(args) => talk::run(args),
    }
}
