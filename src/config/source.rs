//! Lays the file, the environment and the command line over the defaults, value by value.
//!
//! Every value is tried alone against the strict [`Config`], so that each mistake is told and none hides another.

use super::{
    Config, DEFAULTS,
    complaint::{Complaint, Origin},
    env::{self, Environment, SECRETS, VARIABLES},
    secret_files,
};
use serde::Deserialize as _;
use std::collections::BTreeMap;
use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

/// What is being read.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// The configuration file: its name, for complaints, and its text.
    pub file: Option<(&'a str, &'a str)>,
    /// The environment.
    pub environment: Environment,
    /// Settings by switches: the switch as it is typed, the setting, the value.
    pub switches: Vec<(&'static str, &'static str, String)>,
}

/// The configuration before its rules are checked.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) config: Config,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) complaints: Vec<Complaint>,
}

struct Merge<'a> {
    table: Table,
    config: Config,
    environment: &'a Environment,
    origins: BTreeMap<String, Origin>,
    complaints: Vec<Complaint>,
}

pub(super) fn merge(sources: &Sources<'_>) -> Result<Merged, Complaint> {
    let broken = |error: toml::de::Error| Complaint {
        place: "src/config/default.toml".to_owned(),
        what: error.to_string(),
        remedy: "this build is broken: report it".to_owned(),
    };
    let table: Table = DEFAULTS.parse().map_err(broken)?;
    let config = Config::deserialize(table.clone()).map_err(broken)?;
    let mut opened = secret_files::open(&sources.environment);
    let complaints = std::mem::take(&mut opened.complaints);
    let environment = &opened.environment;
    let mut merge = Merge { table, config, environment, origins: BTreeMap::new(), complaints };
    if let Some((name, text)) = sources.file {
        merge.file(name, text);
    }
    for (name, key) in VARIABLES {
        let named_before = matches!(merge.origins.get(*key), Some(Origin::Environment(_)));
        if let Some(text) = env::get(environment, name).filter(|_| !named_before) {
            let value = merge.parsed(key, text);
            merge.set(key, value, opened.origin(name));
        }
    }
    for (switch, key, text) in &sources.switches {
        let value = merge.parsed(key, text);
        merge.set(key, value, Origin::Switch(switch));
    }
    let Merge { mut config, origins, complaints, .. } = merge;
    config.without_meaning = env::without_meaning(environment);
    config.tool_secrets = env::tool_secrets(environment);
    Ok(Merged { config, origins, complaints })
}

impl Merge<'_> {
    fn file(&mut self, name: &str, text: &str) {
        let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                // Without the excerpt that the error would print: it may show a secret.
                let line = error.span().map_or(1, |span| line_of(span.start));
                self.complaints.push(Complaint {
                    place: format!("{name} line {line}"),
                    what: format!("not TOML: {}", error.message()),
                    remedy: "mend the line; `centralita check --example` prints a complete file".to_owned(),
                });
                return;
            }
        };
        let mut leaves = Vec::new();
        collect("", table.get_ref(), &mut leaves);
        for (key, value, at) in leaves {
            let origin = Origin::File { name: name.to_owned(), line: line_of(at) };
            if let Some(value) = self.expanded(&key, value, &origin) {
                self.set(&key, value, origin);
            }
        }
    }

    /// Puts the environment in for `${NAME}`, where it may stand.
    fn expanded(&mut self, key: &str, value: Value, origin: &Origin) -> Option<Value> {
        let reference = value.as_str().and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
        let secret = SECRETS.contains(&key);
        match (secret, reference) {
            (true, Some(name)) => {
                let Some(text) = env::get(self.environment, name) else {
                    self.complain(
                        key,
                        origin,
                        format!("environment variable `{name}` is not set"),
                        format!("set {name}, or remove this line"),
                    );
                    return None;
                };
                Some(Value::String(text.to_owned()))
            }
            (true, None) if value.as_str() == Some("") => Some(value),
            (true, None) => {
                let name = env::variable_of(key).unwrap_or("NAME");
                let remedy = format!("put it into an environment variable and write \"${{{name}}}\"");
                self.complain(key, origin, "a secret must not stand in a file".to_owned(), remedy);
                None
            }
            (false, Some(_)) => {
                let remedy = env::variable_of(key).map_or_else(
                    || "write the value itself".to_owned(),
                    |name| format!("write the value itself, or remove the line and set the environment variable {name}"),
                );
                self.complain(key, origin, "only secrets are read by `${NAME}`".to_owned(), remedy);
                None
            }
            (false, None) => Some(value),
        }
    }

    /// A text as the type that the default has.
    fn parsed(&self, key: &str, text: &str) -> Value {
        let number = || text.parse().ok().map(Value::Integer);
        let truth = || match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(Value::Boolean(true)),
            "0" | "false" | "no" | "off" => Some(Value::Boolean(false)),
            _ => None,
        };
        let parsed = match lookup(&self.table, key) {
            Some(Value::Integer(_)) => number(),
            Some(Value::Boolean(_)) => truth(),
            _ => None,
        };
        parsed.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) {
        let mut table = self.table.clone();
        let placed = place(&mut table, key, value);
        match Config::deserialize(table.clone()) {
            Ok(config) if placed => {
                self.table = table;
                self.config = config;
                self.origins.insert(key.to_owned(), origin);
            }
            Ok(_) => self.complain(key, &origin, "not a setting".to_owned(), REMEDY.to_owned()),
            Err(error) => {
                let what = if SECRETS.contains(&key) { "not a usable text" } else { error.message() };
                self.complain(key, &origin, what.to_owned(), REMEDY.to_owned());
            }
        }
    }

    fn complain(&mut self, key: &str, origin: &Origin, what: String, remedy: String) {
        self.complaints.push(Complaint { place: format!("{key} ({origin})"), what, remedy });
    }
}

const REMEDY: &str = "`centralita check --example` prints every setting with its meaning";

/// Every value of the file with its dotted key and its place in the text.
fn collect(prefix: &str, table: &DeTable<'_>, leaves: &mut Vec<(String, Value, usize)>) {
    for (key, value) in table {
        let name = key.get_ref();
        let key_path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) if prefix.is_empty() => collect(&key_path, inner, leaves),
            other => leaves.push((key_path, owned(other), key.span().start)),
        }
    }
}

/// Only texts, lists of them, whole numbers and truth values are settings; anything else stays what it is called, to be
/// complained of.
fn owned(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or_else(|_| Value::Float(f64::INFINITY), Value::Integer)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| owned(item.get_ref())).collect()),
        DeValue::Table(_) => Value::Table(Table::new()),
    }
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    table.get(section)?.get(name)
}

/// Puts a value at its dotted key; false where the key does not name a setting's place.
fn place(table: &mut Table, key: &str, value: Value) -> bool {
    let Some((section, name)) = key.split_once('.') else {
        return table.insert(key.to_owned(), value).is_none();
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    section.as_table_mut().map(|section| section.insert(name.to_owned(), value)).is_some()
}
