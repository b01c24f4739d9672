//! What is done later, again or at fixed hours, and who is told of calls.

use super::{StartError, store::Kept};
use crate::{
    base::{clock::SystemClock, ids::CallSid},
    channels::voice::agents::Agents,
    config::Config,
    integrations::webhook::{self, Webhook},
    jobs::{
        Pace, Runner,
        call_back::CallBack,
        deliver::{Deliver, Waits},
        janitor::Janitor,
        job::Job,
        message::Message,
        retention::{Ages, Retention},
        summary::{AgentOf, Keep, Style, Summary},
    },
    ports::{
        llm::LanguageModel,
        state::{Key, SharedState, Use},
        target::Target,
    },
};
use futures_util::future::BoxFuture;
use std::{fmt::Display, sync::Arc, time::Duration};

/// What the only target so far is called, in the outbox, in logs and in metrics.
const NOTES: &str = "notes";

/// Starts to run jobs.
pub(super) fn start(
    config: &Config,
    kept: &Kept,
    model: Arc<dyn LanguageModel>,
    agents: Arc<Agents>,
    state: SharedState,
) -> Result<Runner, StartError> {
    let targets = targets(config)?;
    let agents: AgentOf = Arc::new(move |name: &str| agents.find(name).ok());
    let told: Vec<_> = targets.iter().map(|target| (target.name().to_owned(), target.settle())).collect();
    let call_back =
        CallBack { store: kept.store.clone(), agents: Arc::clone(&agents), targets: told.clone() };
    let message = Message { store: kept.store.clone(), targets: told.clone() };
    let summary = Summary {
        store: kept.store.clone(),
        model,
        agents,
        targets: told,
        keep: Some(Arc::new(Shared { state, life: config.state.ttl })),
        style: Style { prompts: Some(config.voice.prompts_dir.clone()), ..Style::default() },
    };
    let waits = Waits { settle: config.notes.find_after, ..Waits::default() };
    let deliver = Deliver::new(kept.store.clone(), targets, waits);
    let ledger = kept.ledger.clone();
    let is_behind = Arc::new(move || ledger.is_spooling());
    let janitor = Janitor::new(kept.store.clone(), Arc::new(SystemClock), is_behind);
    let retention = Retention { store: kept.store.clone(), ages: ages(config) };
    let jobs: [Arc<dyn Job>; 6] = [
        Arc::new(summary),
        Arc::new(call_back),
        Arc::new(message),
        Arc::new(deliver),
        Arc::new(janitor),
        Arc::new(retention),
    ];
    Runner::start(kept.store.clone(), kept.owner.clone(), Arc::new(SystemClock), jobs, Pace::default())
        .map_err(unusable)
}

fn ages(config: &Config) -> Ages {
    let crate::config::Retention { recordings, transcripts, payloads, .. } = config.retention;
    Ages { recordings, transcripts, payloads }
}

fn targets(config: &Config) -> Result<Vec<Arc<dyn Target>>, StartError> {
    let settings = &config.notes;
    let Some(url) = &settings.url else { return Ok(Vec::new()) };
    let mut options = webhook::Options::new(NOTES, url.clone());
    options.secret.clone_from(&settings.secret);
    options.token.clone_from(&settings.token);
    options.find_url.clone_from(&settings.find_url);
    options.settle = settings.settle;
    Ok(vec![Arc::new(Webhook::new(options, Arc::new(SystemClock)).map_err(unusable)?)])
}

fn unusable(error: impl Display) -> StartError {
    StartError::Provider(error.to_string())
}

/// The state store, where other nodes and later events find the summary of a call.
struct Shared {
    state: SharedState,
    life: Duration,
}

impl Keep for Shared {
    fn keep(&self, call: CallSid, text: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let key = Key::new(Use::Summary, call.as_str());
            self.state.put(key, text.into_bytes(), self.life).await.map_err(|error| error.to_string())
        })
    }
}
