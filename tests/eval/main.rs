//! The calls of prompts/eval, held in text with the embedded receptionist.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod wire;

use centralita::{
    channels::voice::agents::Agents,
    cli::eval::{Tried, attempt},
    ports::llm::LanguageModel,
    providers::local::brain::Receptionist,
    testbed::eval,
};
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// What the receptionist is known not to do yet, with the reasons.
const MISSES: &str = include_str!("../../src/docs/evaluation.md");

/// Holds all calls.
async fn tried(model: Arc<dyn LanguageModel>) -> Vec<Tried> {
    let agents = Agents::open("prompts").unwrap();
    let mut tried = Vec::new();
    for name in agents.names() {
        let agent = agents.find(&name).unwrap();
        for scenario in eval::read_all(&Path::new("prompts/eval").join(&name)).unwrap() {
            tried.push(attempt(&agent, &model, &scenario).await);
        }
    }
    tried
}

/// The names in the list of the document: lines such as "- `clinica/move`: …".
fn known() -> BTreeSet<String> {
    let listed = MISSES.lines().filter_map(|line| line.strip_prefix("- `")?.split_once('`'));
    listed.map(|(name, _)| name.to_owned()).collect()
}

/// All calls end as they should, but those that are known.
fn all_right(tried: &[Tried]) {
    let spanish = tried.iter().filter(|each| each.agent != "clinic-en").count();
    assert!(spanish >= 25 && tried.len() - spanish >= 8, "{spanish} of {}", tried.len());
    let missed: BTreeSet<String> =
        tried.iter().filter(|each| !each.misses.is_empty()).map(Tried::name).collect();
    let other = |each: &&Tried| missed.contains(&each.name()) != known().contains(&each.name());
    let told: Vec<String> =
        tried.iter().filter(other).flat_map(|each| [each.line(), each.transcript()]).collect();
    assert_eq!(missed, known(), "src/docs/evaluation.md must list exactly what misses\n{}", told.join("\n"));
}

#[tokio::test]
async fn the_receptionist_handles_all_calls_but_those_that_are_known() {
    all_right(&tried(Arc::new(Receptionist)).await);
}

#[tokio::test]
async fn it_handles_the_same_calls_through_the_wire_of_a_language_model() {
    let (fakes, model) = wire::receptionist().await;
    all_right(&tried(model).await);
    fakes.closed().await;
}
