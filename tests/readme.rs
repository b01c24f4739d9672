//! What the README shows is true: its commands exist, its configuration is valid, its variables are read.

use centralita::{
    cli,
    config::{Config, Environment, Sources, VARIABLES},
};

const README: &str = include_str!("../README.md");

/// The fenced blocks of one language, unindented.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if line.trim() == format!("```{language}") {
            let inside = lines.by_ref().take_while(|line| line.trim() != "```");
            blocks.push(inside.map(str::trim_start).collect::<Vec<_>>().join("\n"));
        }
    }
    blocks
}

#[test]
fn the_first_two_commands_are_the_demo_and_the_tests() {
    let blocks = blocks("sh");
    assert_eq!(blocks[..2], ["cargo run -- demo", "cargo test"]);
    let ci = include_str!("../.ci/run");
    assert!(ci.contains(&format!("step {} 2>&1", blocks[1])), ".ci/run runs the second command");
}

#[test]
fn every_command_exists() {
    let mut seen = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let Some(arguments) = line.strip_prefix("cargo run") else { continue };
        let arguments = arguments.split_once(" -- ").map_or("", |(_, after)| after);
        let words = std::iter::once("centralita").chain(arguments.split_whitespace());
        if let Err(error) = cli::command().try_get_matches_from(words) {
            assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "`{line}`: {error}");
        }
        seen += 1;
    }
    assert!(seen >= 3, "the README shows {seen} commands");
}

#[test]
fn every_configuration_is_valid() {
    let environment: Environment = [("TWILIO_AUTH_TOKEN".to_owned(), "token".to_owned())].into();
    let blocks = blocks("toml");
    assert!(!blocks.is_empty());
    for text in &blocks {
        let sources = Sources {
            file: Some(("README.md", text)),
            environment: environment.clone(),
            ..Sources::default()
        };
        if let Err(complaints) = Config::read(&sources) {
            panic!("{complaints}");
        }
    }
}

#[test]
fn every_exported_variable_is_read() {
    let mut exported = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        for word in line.strip_prefix("export ").unwrap_or_default().split_whitespace() {
            let name = word.split_once('=').unwrap().0;
            assert!(VARIABLES.iter().any(|(known, _)| *known == name), "{name}");
            exported += 1;
        }
    }
    assert!(exported >= 6);
}

#[test]
fn every_variable_is_in_the_table_or_the_example() {
    for (name, _) in VARIABLES {
        let told = README.contains(&format!("`{name}`"))
            || centralita::config::DEFAULTS.contains(&format!("[{name}]"));
        assert!(told, "{name}");
    }
}
