//! Places the calls, watches the server, collects the figures.

use super::{
    caller::{Caller, Manner, Talked},
    process::{Machine, Process},
    report::LoadReport,
    voices::Voices,
};
use crate::{
    base::{
        clock,
        ids::{AccountSid, CallSid},
        secret::SecretString,
    },
    testbed::phone::{CallRecord, Ended, HangUpStyle, Phone, PhoneError, PhoneFaults, PhoneOptions},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How long the server gets to put away the last call before its memory is read again.
const AFTER: Duration = Duration::from_secs(5);

/// Idle calls are watched this often.
const SAMPLE: Duration = Duration::from_millis(500);

/// How calls end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUps {
    /// All at the end, properly.
    AtTheEnd,
    /// Each after a random time, properly, by closing or by a reset; another call takes the place.
    Random,
}

/// What load to make.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Calls at the same time.
    pub calls: usize,
    /// The server's voice webhook.
    pub webhook: String,
    /// Signs the requests.
    pub auth_token: SecretString,
    /// The account that calls belong to.
    pub account: AccountSid,
    /// The server's process; found by its port when it runs on this machine and none is given.
    pub pid: Option<u32>,
    /// How long to measure, once all calls are up.
    pub window: Duration,
    /// Over which time the calls begin.
    pub ramp: Duration,
    /// The share of the agent's turns that are interrupted, 0 to 1.
    pub barge_in_share: f64,
    /// How calls end.
    pub hang_ups: HangUps,
    /// Draws voices, moments and lengths.
    pub seed: u64,
}

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The simulated phone could not be made.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// The webhook's address names no port of this machine.
    #[error("`{0}` is not a usable webhook address")]
    Webhook(String),
}

/// What one place of the load brought.
#[derive(Debug, Default)]
struct Brought {
    records: Vec<CallRecord>,
    talked: Vec<Talked>,
}

/// What all callers share.
#[derive(Debug)]
struct Shared {
    options: LoadOptions,
    phone: Phone,
    voices: Voices,
    until: Instant,
}

/// Makes the load and measures; `progress` is told now and then how many seconds are over.
///
/// # Errors
/// Only when nothing can be begun; calls that fail are in the report. Not cancel-safe in the sense that a dropped future breaks
/// all its calls.
pub async fn run(options: LoadOptions, progress: impl Fn(u64, u64)) -> Result<LoadReport, LoadError> {
    let url =
        reqwest::Url::parse(&options.webhook).map_err(|_| LoadError::Webhook(options.webhook.clone()))?;
    let port = url.port_or_known_default().ok_or_else(|| LoadError::Webhook(options.webhook.clone()))?;
    let server = options.pid.map(Process::of).or_else(|| Process::listening_on(port));
    if let Some(server) = server {
        tracing::info!(pid = server.pid(), "watching the server");
    }
    let voices = Voices::new();
    let idle = server.and_then(Process::resident);
    let descriptors = server.and_then(Process::descriptors);
    let began = clock::now();
    let (ramp, window, calls) = (options.ramp, options.window, options.calls);
    let measured_from = began + ramp + Duration::from_secs(1);
    let until = measured_from + window;
    let phone = Phone::new()?;
    let shared = Arc::new(Shared { options, phone, voices, until });
    let mut places = JoinSet::new();
    for place in 0..calls {
        let start = began + ramp.mul_f64(place as f64 / calls.max(1) as f64);
        places.spawn(hold_place(Arc::clone(&shared), place, start));
    }
    tokio::time::sleep_until(measured_from.into()).await;
    let (cpu, own, machine) = (server.and_then(Process::cpu), Process::own().cpu(), Machine::now());
    let mut resident = Vec::new();
    let window_began = clock::now();
    while clock::now() < until {
        tokio::time::sleep(SAMPLE.min(until.saturating_duration_since(clock::now()))).await;
        resident.extend(server.and_then(Process::resident));
        progress(window_began.elapsed().as_secs(), window.as_secs());
    }
    let over = window_began.elapsed().as_secs_f64();
    let cpu_after = server.and_then(Process::cpu);
    let own_after = Process::own().cpu();
    let busy = Machine::now().zip(machine).map(|(after, before)| after.busy_since(before));
    let brought = places.join_all().await;
    // The phone keeps its connections for the next request; they are not the server's to give up.
    drop(shared);
    tokio::time::sleep(AFTER).await;
    let mut report = collect(calls, brought);
    report.seconds = over;
    report.machine_busy = busy;
    let call_seconds = over * calls as f64;
    report.concurrent = calls as f64;
    let per = |from: Option<Duration>, to: Option<Duration>| {
        Some(to?.saturating_sub(from?).as_secs_f64() * 1_000.0 / call_seconds)
    };
    report.cpu_ms_per_call_second = per(cpu, cpu_after);
    report.own_cpu_ms_per_call_second = per(own, own_after).unwrap_or_default();
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    report.idle_mib = idle.map(mib);
    report.after_mib = server.and_then(Process::resident).map(mib);
    report.kib_per_call = resident
        .iter()
        .max()
        .zip(idle)
        .map(|(during, idle)| (*during as f64 - idle as f64) / 1_024.0 / calls.max(1) as f64);
    report.descriptors = descriptors.zip(server.and_then(Process::descriptors));
    Ok(report)
}

/// Keeps one call up until the end, whatever hangs up in between.
async fn hold_place(shared: Arc<Shared>, place: usize, start: Instant) -> Brought {
    let mut brought = Brought::default();
    let mut rng = StdRng::seed_from_u64(shared.options.seed ^ ((place as u64) << 20));
    tokio::time::sleep_until(start.into()).await;
    let mut number = 0;
    while clock::now() < shared.until {
        let (until, style) = match shared.options.hang_ups {
            HangUps::AtTheEnd => (shared.until, HangUpStyle::Stop),
            HangUps::Random => {
                let after = Duration::from_millis(rng.random_range(500..15_000));
                let styles = [HangUpStyle::Stop, HangUpStyle::CloseWithoutStop, HangUpStyle::Reset];
                let style = styles.get(rng.random_range(0..styles.len())).copied();
                ((clock::now() + after).min(shared.until), style.unwrap_or(HangUpStyle::Stop))
            }
        };
        let Some(options) = dialling(&shared.options, place, number) else { break };
        number += 1;
        let mut call = shared.phone.dial(options);
        let manner = Manner { barge_in_share: shared.options.barge_in_share, until };
        let caller = Caller { voices: &shared.voices, voice: place, manner, rng: StdRng::from_rng(&mut rng) };
        let talked = caller.talk(&mut call).await;
        if !talked.cut_off {
            call.hang_up(style).await;
        }
        let record = call.end().await;
        brought.talked.push(talked);
        let failed = record.ended != Ended::ByCaller;
        brought.records.push(record);
        if failed {
            // A server that refuses is not asked in a tight loop.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    brought
}

fn dialling(options: &LoadOptions, place: usize, number: u64) -> Option<PhoneOptions> {
    let call = format!("CA{:08x}{:08x}{:016x}", options.seed & 0xFFFF_FFFF, place, number);
    Some(PhoneOptions {
        webhook: options.webhook.clone(),
        status_callback: None,
        auth_token: options.auth_token.clone(),
        from: format!("+1555{place:07}"),
        to: "+15550100100".to_owned(),
        account: options.account.clone(),
        call: CallSid::try_from(call).ok()?,
        calls: None,
        record: false,
        listen: false,
        agent_silent_after: Duration::from_millis(500),
        faults: PhoneFaults::default(),
    })
}

fn collect(calls: usize, brought: Vec<Brought>) -> LoadReport {
    let mut report = LoadReport { calls, ..LoadReport::default() };
    let mut measured = Vec::new();
    let (mut spoke, mut lasted) = (Duration::ZERO, Duration::ZERO);
    for Brought { records, talked } in brought {
        report.placed += records.len();
        for talked in talked {
            report.unanswered += talked.unanswered;
            spoke += talked.spoke;
        }
        for record in records {
            lasted += record.lasted;
            report.events_lost += record.events_lost;
            match record.ended {
                Ended::ByCaller => {}
                other => report.failed.push(format!("{other:?} after {:.1} s", record.lasted.as_secs_f64())),
            }
            measured.push(record.measured);
        }
    }
    report.speaking_share = spoke.as_secs_f64() / lasted.as_secs_f64().max(1e-9);
    report.measure(&measured);
    report
}
