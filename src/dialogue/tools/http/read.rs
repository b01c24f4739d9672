//! Reads the tools that an agent's front matter declares; all mistakes are told together.

use super::{Argument, CALLER, HttpTool, Segment};
use crate::dialogue::{
    agent::section::{Complaints, Place, Section},
    tools::TOOLS,
};

const TOOL: [&str; 8] = ["name", "description", "method", "url", "secret", "confirm", "caller", "arguments"];
const ARGUMENT: [&str; 5] = ["name", "description", "kind", "optional", "values"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const KINDS: [(&str, &str); 3] = [("text", "string"), ("number", "number"), ("flag", "boolean")];

/// Reads the tools of an agent's front matter.
pub(crate) fn read(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Vec<HttpTool> {
    let mut tools: Vec<HttpTool> = Vec::new();
    for entry in section.sections("http", &TOOL, complaints) {
        let (name, place) = entry.need("name", complaints);
        if !is_name(&name) {
            complaints.add(&place, format!("`{name}` is no name for a tool"), "use a-z, 0-9 and _");
        } else if TOOLS.contains(&name.as_str()) || tools.iter().any(|tool| tool.name == name) {
            complaints.add(&place, format!("there is a tool `{name}` already"), "choose another name");
        }
        let (url, url_place) = entry.need("url", complaints);
        let arguments = arguments(&entry, complaints);
        let (origin, path) = address(&url, &url_place, &arguments, complaints);
        tools.push(HttpTool {
            name,
            origin,
            method: choice(&entry, "method", &METHODS, complaints).unwrap_or("GET").to_owned(),
            secret: entry.text("secret", complaints).map(|(name, _)| name),
            confirm: entry.flag("confirm", complaints).unwrap_or(false),
            path,
            caller: entry.flag(CALLER, complaints).unwrap_or(false),
            arguments,
            description: entry.need("description", complaints).0,
        });
    }
    tools
}

fn arguments(entry: &Section<'_>, complaints: &mut Complaints<'_>) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    for argument in entry.sections("arguments", &ARGUMENT, complaints) {
        let (name, place) = argument.need("name", complaints);
        if !is_name(&name) || name == CALLER {
            let remedy = "use a-z, 0-9 and _; `caller = true` beside `url` sends the caller's number";
            complaints.add(&place, format!("`{name}` is no name for an argument"), remedy);
        }
        let kinds = KINDS.map(|(kind, _)| kind);
        let kind = choice(&argument, "kind", &kinds, complaints).unwrap_or("text");
        arguments.push(Argument {
            name,
            description: argument.text("description", complaints).map(|(text, _)| text).unwrap_or_default(),
            kind: KINDS.into_iter().find(|(ours, _)| *ours == kind).map_or("string", |(_, theirs)| theirs),
            optional: argument.flag("optional", complaints).unwrap_or(false),
            values: argument.texts("values", complaints).into_iter().map(|(value, _)| value).collect(),
        });
    }
    arguments
}

/// Takes an address apart.
fn address(
    url: &str,
    place: &Place,
    arguments: &[Argument],
    complaints: &mut Complaints<'_>,
) -> (String, Vec<Segment>) {
    let after = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let (host, path) = after.split_once('/').unwrap_or((after, ""));
    if host.is_empty() || url.contains(['?', '#', '@', '\\', ' ']) || host.contains(['{', '}']) {
        let remedy = "write it like https://shop.example.com/orders/{order}; the host is fixed, arguments stand in the path only";
        complaints.add(place, format!("`{url}` is no address for a tool"), remedy);
        return (String::new(), Vec::new());
    }
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let argument = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = argument else {
            if segment.contains(['{', '}']) || matches!(segment, "." | "..") {
                let what = format!("`{segment}` is no segment of a path");
                complaints.add(place, what, "an argument is a whole segment: /orders/{order}/lines");
            }
            segments.push(Segment::Fixed(segment.to_owned()));
            continue;
        };
        if !arguments.iter().any(|argument| argument.name == name && !argument.optional) {
            let remedy = "declare it with [[http.arguments]], not optional";
            complaints.add(place, format!("the address needs an argument `{name}`"), remedy);
        }
        segments.push(Segment::Of(name.to_owned()));
    }
    let scheme = if url.starts_with("https") { "https" } else { "http" };
    (format!("{scheme}://{host}"), segments)
}

/// One of these words; `None` where it is absent or wrong.
fn choice<'a>(
    entry: &Section<'_>,
    key: &str,
    known: &[&'a str],
    complaints: &mut Complaints<'_>,
) -> Option<&'a str> {
    let (text, place) = entry.text(key, complaints)?;
    let found = known.iter().copied().find(|word| *word == text);
    if found.is_none() {
        complaints.add(&place, format!("`{key}` is `{text}`"), format!("write one of: {}", known.join(", ")));
    }
    found
}

fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}
