//! Mistakes in the configuration, told together: what, where, and how to mend it.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File {
        /// Its name as it was given.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(
        /// Its name.
        String,
    ),
    /// A switch on the command line.
    Switch(
        /// As it is typed.
        &'static str,
    ),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("not set"),
            Self::File { name, line } => write!(f, "{name} line {line}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Switch(name) => f.write_str(name),
        }
    }
}

/// One mistake. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The setting, such as `server.port`, and where its value came from.
    pub place: String,
    /// What is wrong, with its consequence.
    pub what: String,
    /// How to mend it.
    pub remedy: String,
}

/// All mistakes at once; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "The configuration has a mistake:")?,
            count => write!(f, "The configuration has {count} mistakes:")?,
        }
        for Complaint { place, what, remedy } in &self.0 {
            write!(f, "\n  {place}: {what}\n      {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}
