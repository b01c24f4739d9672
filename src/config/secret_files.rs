//! Secrets in files, as container platforms mount them: the variable `NAME_FILE` names the file that holds what `NAME` would.
//!
//! What such a variable says is never told: it may be the secret itself, in the wrong place.

use super::{
    complaint::{Complaint, Origin},
    env::{self, Environment, SECRETS, VARIABLES},
};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read as _},
};

/// What follows the name of a secret's variable.
pub const FILE: &str = "_FILE";

/// No secret is longer, in bytes.
const LONGEST: u64 = 64 << 10;

/// The environment with the secrets that lie in files.
pub(super) struct Opened {
    pub(super) environment: Environment,
    /// The variables that were read from files.
    from_files: BTreeSet<&'static str>,
    pub(super) complaints: Vec<Complaint>,
}

impl Opened {
    /// Where the value of a variable came from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        let file = if self.from_files.contains(name) { FILE } else { "" };
        Origin::Environment(format!("{name}{file}"))
    }
}

/// Reads every secret whose file is named. An empty file is no secret, as an empty variable is none.
pub(super) fn open(environment: &Environment) -> Opened {
    let mut opened =
        Opened { environment: environment.clone(), from_files: BTreeSet::new(), complaints: Vec::new() };
    for (name, key) in VARIABLES.iter().filter(|(_, key)| SECRETS.contains(key)) {
        let variable = format!("{name}{FILE}");
        let Some(path) = env::get(environment, &variable) else { continue };
        let mut complain = |what: String, remedy: &str| {
            let place = format!("{key} ({})", Origin::Environment(variable.clone()));
            opened.complaints.push(Complaint { place, what, remedy: remedy.to_owned() });
        };
        if env::get(environment, name).is_some() {
            complain(format!("{name} is set too"), "set one of them");
            continue;
        }
        match read(path) {
            Ok(text) => {
                opened.environment.insert((*name).to_owned(), text);
                opened.from_files.insert(name);
            }
            Err(error) => complain(
                format!("the file that it names cannot be read: {error}"),
                "give the path of a text file that this user may read",
            ),
        }
    }
    opened
}

fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    // A device could go on for ever.
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is too long for a secret"));
    }
    Ok(text)
}
