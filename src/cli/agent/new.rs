//! `centralita agent new`: two files to begin with, which hold together as they are.

use crate::{
    base::language::Language,
    cli::{
        BAD_CONFIGURATION,
        terminal::{complain, say},
    },
};
use std::{
    env,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The zones of the regions that are asked for most; of another one the agent's owner writes it.
const ZONES: [(&str, &str); 12] = [
    ("es-AR", "America/Argentina/Buenos_Aires"),
    ("es-CL", "America/Santiago"),
    ("es-CO", "America/Bogota"),
    ("es-ES", "Europe/Madrid"),
    ("es-MX", "America/Mexico_City"),
    ("es-PE", "America/Lima"),
    ("es-US", "America/New_York"),
    ("es-UY", "America/Montevideo"),
    ("en-AU", "Australia/Sydney"),
    ("en-CA", "America/Toronto"),
    ("en-GB", "Europe/London"),
    ("en-US", "America/New_York"),
];

/// What is made.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Its name: small letters, digits and hyphens, such as `taller-norte`.
    #[arg(value_name = "NAME")]
    name: String,
    /// The language it speaks and the region, such as es-AR, es-MX, en-US.
    #[arg(long, value_name = "TAG", default_value = "es-MX")]
    language: String,
    /// The folder; PROMPTS_DIR of the environment, else prompts.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Writes the files.
pub(super) fn run(args: &Args) -> ExitCode {
    let folder = args.folder.clone().unwrap_or_else(prompts);
    match written(&folder, &args.name, &args.language) {
        Ok([prompt, data]) => {
            say(format_args!("{}: who answers, and how", prompt.display()));
            say(format_args!("{}: what it knows; begin here", data.display()));
            say(format_args!("then: centralita agent check {}", args.name));
            say(format_args!("      centralita agent try {}", args.name));
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(why);
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

/// The folder of the prompts where none is named.
pub(super) fn prompts() -> PathBuf {
    env::var_os("PROMPTS_DIR")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| "prompts".into(), PathBuf::from)
}

fn written(folder: &Path, name: &str, tag: &str) -> Result<[PathBuf; 2], String> {
    let allowed = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    if name.is_empty() || !name.chars().all(allowed) || name.starts_with('-') {
        return Err(format!("`{name}` can't be an agent's name: use small letters, digits and hyphens"));
    }
    let Some(language) = Language::of_tag(tag) else {
        return Err(format!("language `{tag}` is not spoken; write es-AR, es-MX, en-US or the like"));
    };
    let paths = ["md", "toml"].map(|end| folder.join(format!("{name}.{end}")));
    for path in &paths {
        if path.exists() {
            return Err(format!("{} is there already; nothing was written", path.display()));
        }
    }
    fs::create_dir_all(folder).map_err(|error| told(folder, &error))?;
    for (path, text) in paths.iter().zip(files(name, tag, language)) {
        // Between the look and now somebody may have made it: then it stays.
        let file = File::create_new(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| told(path, &error))?;
    }
    Ok(paths)
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{} can't be written: {error}", path.display())
}

/// The agent's file and its data.
fn files(name: &str, tag: &str, language: Language) -> [String; 2] {
    let known = ZONES.iter().find(|(region, _)| region.eq_ignore_ascii_case(tag)).map(|(_, zone)| *zone);
    let zone = known.unwrap_or("UTC");
    let (prompt, data) = match language {
        Language::Es => (include_str!("new.es.md"), include_str!("new.es.toml")),
        Language::En => (include_str!("new.en.md"), include_str!("new.en.toml")),
    };
    [
        prompt.replace("{LANGUAGE}", tag).replace("{ZONE}", zone).replace("{NAME}", name),
        data.replace("{NAME}", name),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::agent::Agent;

    #[test]
    fn what_is_written_holds_together() {
        for (tag, zone) in [("es-AR", "Argentina"), ("en-GB", "London"), ("es-419", "UTC")] {
            let [prompt, data] = files("taller", tag, Language::of_tag(tag).unwrap());
            let agent = Agent::parse("taller", &prompt, &data).unwrap();
            assert_eq!(agent.tag, tag);
            assert!(agent.zone.iana_name().unwrap_or("UTC").contains(zone), "{tag}");
            assert!(!agent.tools.is_empty() && !prompt.contains("{NAME}") && !data.contains("{NAME}"));
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = env::temp_dir().join(format!("centralita-new-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        written(&folder, "taller", "es-MX").unwrap();
        fs::remove_file(folder.join("taller.md")).unwrap();
        assert!(written(&folder, "taller", "en-US").unwrap_err().contains("taller.toml is there already"));
        assert!(!folder.join("taller.md").exists());
        for (name, tag) in [("../x", "es-MX"), ("", "es-MX"), ("Taller", "es-MX"), ("x", "fr-FR")] {
            written(&folder, name, tag).unwrap_err();
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
