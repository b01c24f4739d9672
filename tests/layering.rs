//! A module uses only what stands below it, pure modules touch nothing outside, and no file grows into a god file.
//!
//! The table below is the architecture. Inline tests at the end of a file (`#[cfg(test)]`) are not looked at.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Each module of `src/`, from the bottom up, and what it may use besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("audio", &["base"]),
    ("telemetry", &["base"]),
    ("dialogue", &["base", "audio"]),
    ("ports", &["base", "audio", "dialogue"]),
    ("net", &["base", "telemetry"]),
    ("providers", &["base", "audio", "dialogue", "telemetry", "ports", "net"]),
    ("integrations", &["base", "audio", "dialogue", "telemetry", "ports", "net"]),
    ("storage", &["base", "dialogue", "telemetry", "ports"]),
    ("channels", &["base", "audio", "dialogue", "telemetry", "ports"]),
    ("jobs", &["base", "audio", "dialogue", "telemetry", "ports"]),
    ("web", &["base", "audio", "dialogue", "telemetry", "ports", "net", "channels", "jobs"]),
    (
        "config",
        &["base", "dialogue", "telemetry", "net", "providers", "integrations", "storage", "channels", "web"],
    ),
    ("testbed", &["base", "audio", "dialogue", "telemetry", "ports", "net"]),
    ("shutdown", &["base"]),
    ("boot", EVERYTHING_BELOW),
    ("cli", EVERYTHING_BELOW),
    ("main", EVERYTHING_BELOW),
    ("lib", EVERYTHING_BELOW),
];

/// Allows whatever stands earlier in [`LAYERS`].
const EVERYTHING_BELOW: &[&str] = &["*"];

/// Folders whose members do not see each other: one vendor, one folder.
const SIBLINGS: &[&str] = &["providers", "integrations"];

/// What several vendors do alike: seen by each of them, and itself sees none.
const SHARED: &[&[&str]] = &[&["providers", "by_piece"], &["providers", "live"]];

/// Modules that touch nothing outside; besides them every file called `wire.rs`.
const PURE: &[&str] = &["base", "audio", "dialogue"];

/// The one pure file that may read the clock.
const CLOCK: &str = "base/clock.rs";

/// Paths that a pure file must not name.
const IMPURE_PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "rand",
    "reqwest",
    "axum",
    "tokio_tungstenite",
    "crate::base::clock::now",
];

/// Words that a pure file must not contain.
const IMPURE_WORDS: &[&str] = &[
    "async fn",
    "async move",
    ".await",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "clock::now(",
];

const MAX_LINES: usize = 400;

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let mut complaints = String::new();
    for (path, text) in sources("src") {
        for complaint in arrows_upward(&path, &text) {
            writeln!(complaints, "src/{path}: {complaint}").unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut complaints = String::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| is_pure(path)) {
        for word in impure_words(text) {
            writeln!(complaints, "src/{path}: `{word}` in a pure module").unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    let mut complaints = String::new();
    for root in ["src", "tests", "benches"] {
        for (path, text) in sources(root) {
            if !text.starts_with("//! ") {
                writeln!(complaints, "{root}/{path}: does not begin with a `//!` sentence").unwrap();
            }
            let lines = text.lines().count();
            if lines > MAX_LINES {
                writeln!(complaints, "{root}/{path}: {lines} lines, at most {MAX_LINES}").unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn the_table_itself_points_downward() {
    for (place, (module, uses)) in LAYERS.iter().enumerate() {
        for used in uses.iter().filter(|used| **used != "*") {
            let below = LAYERS.iter().position(|(name, _)| name == used);
            assert!(
                below.is_some_and(|below| below < place),
                "{module} may use {used}, which is not below it"
            );
        }
    }
}

#[test]
fn the_scan_sees_an_upward_import_in_every_spelling() {
    let seen = |path: &str, text: &str| arrows_upward(path, text).len();
    assert_eq!(seen("audio/level.rs", "use crate::base::units::Decibels;"), 0);
    assert_eq!(seen("audio/level.rs", "use crate::ports::stt;"), 1);
    assert_eq!(seen("audio/level.rs", "use crate::{base::units, ports::{stt, tts}};"), 2);
    assert_eq!(seen("audio/level.rs", "fn f() { crate::web::router::open() }"), 1);
    assert_eq!(seen("audio/level.rs", "use super::super::channels::voice;"), 1);
    assert_eq!(seen("audio/mod.rs", "use super::channels;"), 1);
    assert_eq!(seen("audio/level.rs", "/// See [`crate::ports`]."), 0);
    assert_eq!(seen("audio/level.rs", "use crate::audio::pcm;"), 0);
    assert_eq!(seen("audio/level.rs", "#[cfg(test)]\nmod tests {\n    use crate::ports::stt;\n}"), 0);
    assert_eq!(seen("providers/twilio/rest.rs", "use crate::providers::twilio::wire;"), 0);
    assert_eq!(seen("providers/twilio/rest.rs", "use crate::providers::deepgram::wire;"), 1);
    assert_eq!(seen("providers/twilio/rest.rs", "use super::{super::deepgram, wire};"), 1);
    assert_eq!(seen("providers/mod.rs", "pub use self::deepgram::Options;"), 0);
    assert_eq!(seen("providers/deepgram/speak.rs", "use crate::providers::by_piece;"), 0);
    assert_eq!(seen("providers/by_piece/mod.rs", "use crate::providers::deepgram::wire;"), 1);
    assert_eq!(seen("channels/voice/actor.rs", "use crate::providers::twilio;"), 1);
    assert_eq!(seen("cli/serve.rs", "use crate::{boot, providers::twilio};"), 0);
    assert_eq!(seen("boot.rs", "use crate::cli::serve;"), 1);
    assert_eq!(seen("surprise/mod.rs", ""), 1);
}

#[test]
fn the_scan_sees_impure_words_in_every_spelling() {
    assert_eq!(impure_words("use std::{collections::HashMap, fs, net::TcpStream};"), ["std::fs", "std::net"]);
    assert_eq!(impure_words("let t = Instant::now();"), ["Instant::now"]);
    assert_eq!(impure_words("use tokio::sync::mpsc;"), ["tokio"]);
    assert_eq!(impure_words("async fn f() {}"), ["async fn"]);
    assert_eq!(impure_words("let x: u8 = rand::random();"), ["rand"]);
    assert_eq!(impure_words("use crate::base::{clock::now, units};"), ["crate::base::clock::now"]);
    assert_eq!(impure_words("// std::fs is not for us\nuse std::fmt; use my_tokio::x;"), [""; 0]);
}

// === the scan ===

fn sources(root: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .map_or_else(|_| Vec::new(), |dir| dir.map(|entry| entry.unwrap().path()).collect());
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

fn is_pure(path: &str) -> bool {
    let wire = path.ends_with("/wire.rs") || path.contains("/wire/");
    path != CLOCK && (wire || PURE.contains(&module_of(path).first().unwrap().as_str()))
}

/// `providers/twilio/rest.rs` is `[providers, twilio, rest]`, a `mod.rs` is its folder.
fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

fn arrows_upward(path: &str, text: &str) -> Vec<String> {
    let me = module_of(path);
    let place = |module: &str| LAYERS.iter().position(|(name, _)| *name == module);
    let Some(my_place) = place(&me[0]) else {
        return vec![format!("the module `{}` has no layer: give it one in tests/layering.rs", me[0])];
    };
    let allowed = LAYERS[my_place].1;
    let mut complaints = Vec::new();
    for target in targets(&me, text) {
        let Some(their_place) = place(&target[0]) else { continue };
        let may = target[0] == me[0]
            || allowed.contains(&target[0].as_str())
            || (allowed == EVERYTHING_BELOW && their_place < my_place);
        let other_vendor = target[0] == me[0]
            && SIBLINGS.contains(&me[0].as_str())
            && me.len() > 1
            && target.len() > 1
            && target[1] != me[1]
            && !SHARED.contains(&[target[0].as_str(), target[1].as_str()].as_slice());
        if !may || other_vendor {
            complaints.push(format!("`{}` may not use `{}`", me.join("::"), target.join("::")));
        }
    }
    complaints
}

/// Every path inside the crate that `text`, the file of module `me`, names.
fn targets(me: &[String], text: &str) -> Vec<Vec<String>> {
    let mut targets = Vec::new();
    for mut path in paths(&production(text), &["crate", "super"]) {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let base = if ups == 0 { &[] } else { &me[..me.len().saturating_sub(ups)] };
        path.drain(..ups.max(1));
        let whole: Vec<String> = base.iter().cloned().chain(path).collect();
        if !whole.is_empty() {
            targets.push(whole);
        }
    }
    targets
}

fn impure_words(text: &str) -> Vec<String> {
    let text = production(text);
    let roots: Vec<&str> = IMPURE_PATHS.iter().map(|path| path.split("::").next().unwrap()).collect();
    let mut found = Vec::new();
    for path in paths(&text, &roots) {
        let named = |bad: &&&str| {
            bad.split("::").zip(&path).filter(|(a, b)| a == b).count() == bad.split("::").count()
        };
        found.extend(IMPURE_PATHS.iter().find(named).map(|bad| (*bad).to_owned()));
    }
    found.extend(IMPURE_WORDS.iter().filter(|word| text.contains(**word)).map(|word| (*word).to_owned()));
    found.dedup();
    found
}

/// The text without comments and without the inline tests at its end.
fn production(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.find("//").map_or(line, |comment| &line[..comment]));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path in `text` that begins with one of `roots` and `::`, groups in braces taken apart.
fn paths(text: &str, roots: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut roots: Vec<&str> = roots.to_vec();
    roots.sort_unstable();
    roots.dedup();
    for root in roots {
        for (at, _) in text.match_indices(&format!("{root}::")) {
            let before = text[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                expand(&text[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one tree of a `use` (or a plain path) and returns what follows it.
fn expand<'a>(text: &'a str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            match rest.chars().next() {
                None => return rest,
                Some('}') => return &rest[1..],
                Some(',') => rest = &rest[1..],
                Some(_) => rest = after_alias(expand(rest, prefix, found)),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if end == 0 {
        found.push(prefix.clone());
        return text.get(1..).unwrap_or_default();
    }
    prefix.push(text[..end].to_owned());
    let mut rest = &text[end..];
    if let Some(inner) = rest.strip_prefix("::") {
        rest = expand(inner, prefix, found);
    } else {
        found.push(prefix.clone());
    }
    prefix.pop();
    rest
}

/// Leaves out `as name`.
fn after_alias(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix("as ")
        .map_or(text, |alias| alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'))
}
