//! Metrics: one function each, so that names, units and labels stand in one place. None has a label per call.
//!
//! Calling them before [`install`] does nothing, and costs nothing.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

const CALLS_ACTIVE: &str = "calls_active";
const CALLS_TOTAL: &str = "calls_total";
const TURN_LATENCY: &str = "turn_latency_ms";
const BARGE_IN_CLEAR: &str = "barge_in_clear_ms";
const DRAFTS: &str = "drafts_total";
const WASTED_TOKENS: &str = "llm_tokens_wasted_total";
const WASTED_CHARACTERS: &str = "tts_characters_wasted_total";
const CALLS_RECOVERED: &str = "calls_recovered_total";
const FRAMES_LATE: &str = "frames_late_total";
const ADMISSION_CLOSED: &str = "admission_closed";
const MEMORY_USED: &str = "memory_used_percent";
const PACING_LATE: &str = "pacing_late_total";
const STT_DROPPED: &str = "stt_dropped_ms_total";
const TURN_ENDS_UNJUDGED: &str = "turn_ends_unjudged_total";
const PROVIDER_ERRORS: &str = "provider_errors_total";
const CALL_TROUBLES: &str = "call_troubles_total";
const PROVIDER_FAILOVERS: &str = "provider_failovers_total";
const PROVIDER_RESTING: &str = "provider_resting";
const PHRASES: &str = "phrases_total";
const HTTP_REQUESTS: &str = "http_requests_total";
const MEDIA_GAPS: &str = "media_gap_total";
const MEDIA_STALE: &str = "media_stale_ms_total";
const MEDIA_REFUSED: &str = "media_sockets_refused_total";
const CONNECTIONS_REFUSED: &str = "connections_refused_total";
const REDIS_UP: &str = "redis_up";
const REDIS_FAILURES: &str = "redis_failures_total";
const JOBS_RUNNING: &str = "jobs_running";
const JOBS: &str = "jobs_total";
const DELIVERIES: &str = "deliveries_total";
const LOG_LINES_DROPPED: &str = "log_lines_dropped_total";
const LEDGER_DROPPED: &str = "journal_dropped_total";
const SPOOLED: &str = "spooled_bytes";
const TASKS_ALIVE: &str = "tokio_alive_tasks";

/// Upper edges in milliseconds, dense where the budgets lie.
const MILLISECONDS: &[f64] = &[
    5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 450.0, 700.0, 1_000.0, 1_500.0, 2_000.0,
    3_000.0, 4_000.0, 8_000.0,
];

/// A part of the time between the caller's last word and the agent's first sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Last voiced frame to the recogniser's last text.
    SttFinal,
    /// Last voiced frame to the decision that the turn is over.
    Endpoint,
    /// The question to the model's first token.
    ModelFirstToken,
    /// The model's first token to the first piece of text that can be spoken.
    FirstPiece,
    /// The first piece of text to the voice's first byte.
    SpeechFirstByte,
    /// Last voiced frame to the first audible frame sent.
    Response,
    /// Last voiced frame to the moment from which on the caller heard us, as the network's marks tell.
    Heard,
}

impl Step {
    const fn label(self) -> &'static str {
        match self {
            Self::SttFinal => "stt_final",
            Self::Endpoint => "endpoint",
            Self::ModelFirstToken => "model_first_token",
            Self::FirstPiece => "first_piece",
            Self::SpeechFirstByte => "speech_first_byte",
            Self::Response => "response",
            Self::Heard => "heard",
        }
    }
}

/// A call began.
pub fn call_began() {
    metrics::gauge!(CALLS_ACTIVE).increment(1.0);
}

/// A call that had begun is over; `outcome` is one of a few fixed words.
pub fn call_ended(outcome: &'static str) {
    metrics::gauge!(CALLS_ACTIVE).decrement(1.0);
    metrics::counter!(CALLS_TOTAL, "outcome" => outcome).increment(1);
}

/// A call was not taken.
pub fn call_refused(reason: &'static str) {
    metrics::counter!(CALLS_TOTAL, "outcome" => reason).increment(1);
}

/// Whether new calls are refused for this `reason`, one of a few fixed words.
pub fn admission_closed(reason: &'static str, closed: bool) {
    metrics::gauge!(ADMISSION_CLOSED, "reason" => reason).set(f64::from(u8::from(closed)));
}

/// So much of the memory that may be used is used.
pub fn memory_used(percent: u64) {
    metrics::gauge!(MEMORY_USED).set(percent as f64);
}

/// Timers of this process that came too late for sound.
pub fn pacing_late(count: u64) {
    metrics::counter!(PACING_LATE).increment(count);
}

/// How long one step of a turn took.
pub fn turn_step(step: Step, took: Duration) {
    metrics::histogram!(TURN_LATENCY, "step" => step.label()).record(milliseconds(took));
}

/// The caller's first voiced frame to our `clear`.
pub fn barge_in_cleared(took: Duration) {
    metrics::histogram!(BARGE_IN_CLEAR).record(milliseconds(took));
}

/// An answer that was begun before the caller's turn was surely over was spoken.
pub fn draft_spoken() {
    metrics::counter!(DRAFTS, "outcome" => "spoken").increment(1);
}

/// Such an answer was dropped, with so many tokens of the model and characters of the voice.
pub fn draft_wasted(tokens: u32, characters: u32) {
    metrics::counter!(DRAFTS, "outcome" => "dropped").increment(1);
    metrics::counter!(WASTED_TOKENS).increment(tokens.into());
    metrics::counter!(WASTED_CHARACTERS).increment(characters.into());
}

/// A part of a call's record was lost, because neither the database nor the disk kept up.
pub fn ledger_dropped() {
    metrics::counter!(LEDGER_DROPPED).increment(1);
}

/// So much waits on this disk for a database that is away.
pub fn spooled_bytes(bytes: u64) {
    metrics::gauge!(SPOOLED).set(bytes as f64);
}

/// By a fault of ours a call waited for nothing, and the caller was asked to repeat.
pub fn call_recovered() {
    metrics::counter!(CALLS_RECOVERED).increment(1);
}

/// Outbound frames that callers missed while the sound waited here.
pub fn frames_late(count: u64) {
    metrics::counter!(FRAMES_LATE).increment(count);
}

/// So much of the caller's sound never reached a recogniser, because it did not keep up. What is counted is whole milliseconds.
pub fn stt_dropped(sound: Duration) {
    metrics::counter!(STT_DROPPED).increment(u64::try_from(sound.as_millis()).unwrap_or(u64::MAX));
}

/// A pause was not judged by the model of turn ends, which was busy with others.
pub fn turn_end_unjudged() {
    metrics::counter!(TURN_ENDS_UNJUDGED).increment(1);
}

/// A call was left without a provider, whoever stands for it; `part` is `stt`, `llm` or `tts`, `kind` as below.
pub fn call_trouble(part: &'static str, kind: &'static str) {
    metrics::counter!(CALL_TROUBLES, "part" => part, "kind" => kind).increment(1);
}

/// One of several providers failed; `kind` is one of a few fixed words such as `busy` or `refused`.
pub fn provider_error(provider: &'static str, kind: &'static str) {
    metrics::counter!(PROVIDER_ERRORS, "provider" => provider, "kind" => kind).increment(1);
}

/// The provider `to` was asked in the place of `from`, or beside it; `kind` is `stt`, `llm` or `tts`.
pub fn provider_failover(kind: &'static str, from: &'static str, to: &'static str) {
    metrics::counter!(PROVIDER_FAILOVERS, "kind" => kind, "from" => from, "to" => to).increment(1);
}

/// Whether a provider rests since it failed again and again: it is asked only where nobody else is well. `kind` as above.
pub fn provider_resting(kind: &'static str, provider: &'static str, rests: bool) {
    metrics::gauge!(PROVIDER_RESTING, "kind" => kind, "provider" => provider).set(f64::from(u8::from(rests)));
}

/// A sentence of the agent's own was spoken: with the sound that was `kept`, or by the voice.
pub fn phrase_spoken(kept: bool) {
    let from = if kept { "kept" } else { "voice" };
    metrics::counter!(PHRASES, "from" => from).increment(1);
}

/// A request was answered; `route` is the pattern, not the path.
pub fn http_request(route: &str, status: u16) {
    metrics::counter!(HTTP_REQUESTS, "route" => route.to_owned(), "status" => status.to_string())
        .increment(1);
}

/// Pieces of callers' sound that never came.
pub fn media_gaps(count: u64) {
    metrics::counter!(MEDIA_GAPS).increment(count);
}

/// Callers' sound that waited for so long that nobody heard it.
pub fn media_stale(sound: Duration) {
    if !sound.is_zero() {
        metrics::counter!(MEDIA_STALE).increment(u64::try_from(sound.as_millis()).unwrap_or(u64::MAX));
    }
}

/// A media socket was closed before it became a line; `code` is one of a few fixed words.
pub fn media_refused(code: &'static str) {
    metrics::counter!(MEDIA_REFUSED, "code" => code).increment(1);
}

/// A connection was turned away before its first request; `reason` is one of a few fixed words.
pub fn connection_refused(reason: &'static str) {
    metrics::counter!(CONNECTIONS_REFUSED, "reason" => reason).increment(1);
}

/// Whether Redis answers and writes.
pub fn redis_up(answers: bool) {
    metrics::gauge!(REDIS_UP).set(f64::from(u8::from(answers)));
}

/// Redis did not do what it was asked; `kind` is one of a few fixed words.
pub fn redis_failure(kind: &'static str) {
    metrics::counter!(REDIS_FAILURES, "kind" => kind).increment(1);
}

/// An attempt at a job began.
pub fn job_began() {
    metrics::gauge!(JOBS_RUNNING).increment(1.0);
}

/// An attempt that had begun is over, however it ended.
pub fn job_over() {
    metrics::gauge!(JOBS_RUNNING).decrement(1.0);
}

/// How an attempt at a job ended; `outcome` is one of a few fixed words.
pub fn job_ended(kind: &'static str, outcome: &'static str) {
    metrics::counter!(JOBS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// What became of a try to deliver something to `target`, a name in the configuration; `outcome` is one of a few fixed words.
pub fn delivery_tried(target: &str, outcome: &'static str) {
    metrics::counter!(DELIVERIES, "target" => target.to_owned(), "outcome" => outcome).increment(1);
}

/// Log lines that nobody will read.
pub(super) fn log_lines_dropped(count: u64) {
    metrics::counter!(LOG_LINES_DROPPED).increment(count);
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Renders what was counted. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            metrics::gauge!(TASKS_ALIVE).set(runtime.metrics().num_alive_tasks() as f64);
        }
        self.0.render()
    }

    /// Sums up what histograms have taken in; without it (every few seconds) they grow until the next reading.
    pub fn keep_up(&self) {
        self.0.run_upkeep();
    }
}

/// Starts counting; the second time in a process it returns the counters of the first.
///
/// # Errors
/// Somebody else has installed another recorder.
pub fn install() -> Result<Metrics, BuildError> {
    static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = installed.as_ref() {
        return Ok(metrics.clone());
    }
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), MILLISECONDS)?;
    let metrics = Metrics(builder.install_recorder()?);
    describe();
    *installed = Some(metrics.clone());
    Ok(metrics)
}

fn describe() {
    metrics::describe_gauge!(CALLS_ACTIVE, "Calls that are being held.");
    metrics::gauge!(CALLS_ACTIVE).set(0.0);
    metrics::describe_counter!(CALLS_TOTAL, "Calls that are over or were not taken, by outcome.");
    metrics::describe_gauge!(
        ADMISSION_CLOSED,
        "1 while new calls are refused, by what there is too little of."
    );
    metrics::describe_gauge!(MEMORY_USED, "Memory that is used, in per cent of its limit.");
    metrics::describe_counter!(PACING_LATE, "Timers, 20 a second, that came too late for sound.");
    metrics::describe_histogram!(TURN_LATENCY, "Time from the caller's last word, by step of the answer.");
    metrics::describe_histogram!(BARGE_IN_CLEAR, "From the caller's first voiced frame to our clear.");
    metrics::describe_counter!(
        DRAFTS,
        "Answers begun before the caller's turn was surely over, by whether they were spoken."
    );
    metrics::describe_counter!(WASTED_TOKENS, "Tokens of answers that were begun and dropped.");
    metrics::describe_counter!(
        WASTED_CHARACTERS,
        "Characters spoken for answers that were begun and dropped."
    );
    metrics::describe_counter!(CALLS_RECOVERED, "Times that a call waited for nothing by a fault of ours.");
    metrics::describe_counter!(
        FRAMES_LATE,
        "Outbound frames of 20 ms that callers missed while the sound waited here."
    );
    metrics::describe_counter!(
        STT_DROPPED,
        "Milliseconds of callers' sound lost before a recogniser that did not keep up."
    );
    metrics::describe_counter!(
        TURN_ENDS_UNJUDGED,
        "Pauses that the model of turn ends did not judge because it was busy."
    );
    metrics::describe_counter!(
        CALL_TROUBLES,
        "Times that a call was left without its recogniser, model or voice, by kind."
    );
    metrics::describe_counter!(
        PROVIDER_ERRORS,
        "Failures of providers that others stand in for, by provider and kind."
    );
    metrics::describe_counter!(
        PROVIDER_FAILOVERS,
        "Providers replaced by the next one within a call, by kind."
    );
    metrics::describe_gauge!(
        PROVIDER_RESTING,
        "1 while a provider that failed again and again rests, by kind."
    );
    metrics::describe_counter!(PHRASES, "Sentences that were whole at once, by where their sound came from.");
    metrics::describe_counter!(HTTP_REQUESTS, "Answered requests, by route and status.");
    metrics::describe_counter!(MEDIA_GAPS, "Pieces of callers' sound that never came.");
    metrics::describe_counter!(MEDIA_REFUSED, "Media sockets closed before a call began, by reason.");
    metrics::describe_counter!(CONNECTIONS_REFUSED, "Connections turned away, by reason.");
    metrics::describe_counter!(
        LEDGER_DROPPED,
        "Parts of calls' records that neither database nor disk took."
    );
    metrics::describe_gauge!(SPOOLED, "What waits on this disk for a database that is away.");
    metrics::describe_gauge!(REDIS_UP, "1 while Redis answers and writes, 0 while the database stands in.");
    metrics::describe_counter!(REDIS_FAILURES, "Questions to Redis that came to nothing, by kind.");
    metrics::describe_gauge!(JOBS_RUNNING, "Jobs that run.");
    metrics::gauge!(JOBS_RUNNING).set(0.0);
    metrics::describe_counter!(JOBS, "Attempts at jobs, by kind and how they ended.");
    metrics::describe_counter!(DELIVERIES, "Tries to deliver, by target and what became of them.");
    metrics::describe_gauge!(TASKS_ALIVE, "Tasks of the runtime that have not ended.");
    metrics::describe_counter!(LOG_LINES_DROPPED, "Log lines lost because the log's reader was too slow.");
}

#[cfg(test)]
mod tests;
