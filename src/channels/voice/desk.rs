//! The live calls of this process: takes them, lists them, steers them.

use super::{
    actor::{Actor, Ended, Steer},
    agents::Agents,
    calls::{CallStart, CallSummary, Calls, NoSuchCall},
    ear::Ear,
    journal::{Journal, Recorder},
    sessions::Sessions,
    socket::Line,
    tools::Toolbox,
};
use crate::{
    base::{
        clock::{self, WallClock},
        ids::CallSid,
        language::Language,
        secret::Masked,
    },
    dialogue::{
        agent::Agent,
        call::{Call, Clips, Setup},
        output::Ending,
    },
    ports::{
        calendar::Calendar,
        carrier::Progress,
        llm::LanguageModel,
        phone::Phone,
        stt::{SpeechToText, SttSpec},
        tts::{TextToSpeech, TtsSpec},
        voice_activity::VoiceActivity,
    },
    telemetry::metrics,
};
use dashmap::DashMap;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Wishes that may wait for a call.
const STEERS_WAITING: usize = 4;
/// How long it is known how a call ended.
const ENDINGS_KEPT: Duration = Duration::from_mins(5);
/// Records that are written at a time: many calls may end at once, and each writer is a thread.
const SAVES: usize = 4;
/// Normal closure (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;

/// Frames count as speech from this probability on while we are silent (Silero's own default).
const THRESHOLD: f32 = 0.5;
/// The same while we speak: tones and noises stay below 0.25 where two judges agree, and voices pass within 120 ms.
const RAISED_THRESHOLD: f32 = 0.6;

/// Who listens, thinks, speaks and keeps the book.
pub struct Staff {
    /// The recogniser.
    pub hearing: Arc<dyn SpeechToText>,
    /// The language model.
    pub model: Arc<dyn LanguageModel>,
    /// The voice.
    pub voice: Arc<dyn TextToSpeech>,
    /// The judge of speech; without one the gate decides alone.
    pub activity: Option<Arc<dyn VoiceActivity>>,
    /// Ends calls at the network; without one, closing the media socket does.
    pub phone: Option<Arc<dyn Phone>>,
    /// The appointment book.
    pub calendar: Arc<dyn Calendar>,
    /// The agents.
    pub agents: Arc<Agents>,
    /// The standard phrases of each language.
    pub clips: fn(Language) -> Arc<Clips>,
    /// Calendar time.
    pub clock: Arc<dyn WallClock>,
    /// Where records and recordings go.
    pub folder: PathBuf,
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staff").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Live {
    start: CallStart,
    started_at: Timestamp,
    began: Instant,
    steer: mpsc::Sender<Steer>,
    journal: Arc<Journal>,
}

#[derive(Debug)]
struct Room {
    staff: Staff,
    live: DashMap<CallSid, Arc<Live>>,
    /// When calls ended, and whether nothing was left to be said.
    ended: DashMap<CallSid, (Instant, bool)>,
    saves: Semaphore,
}

/// The calls of this process. Dropping it lets them go on; [`Calls::hang_up`] ends them.
#[derive(Debug)]
pub struct Desk {
    room: Arc<Room>,
    tasks: TaskTracker,
}

impl Desk {
    /// A desk without calls.
    pub fn new(staff: Staff) -> Self {
        let room = Arc::new(Room {
            staff,
            live: DashMap::new(),
            ended: DashMap::new(),
            saves: Semaphore::new(SAVES),
        });
        Self { room, tasks: TaskTracker::new() }
    }

    fn steer(&self, call: &CallSid, steer: Steer) -> Result<(), NoSuchCall> {
        let live = self.room.live.get(call).map(|live| Arc::clone(&live)).ok_or(NoSuchCall)?;
        // A full queue means that the call was asked already.
        if live.steer.try_send(steer).is_err() {
            tracing::debug!(call.sid = %call, "the call was asked to end already");
        }
        Ok(())
    }
}

impl Calls for Desk {
    fn take(&self, line: Line, start: CallStart) {
        let span = tracing::info_span!("call", call.sid = %start.call, agent.name = %start.agent);
        let room = Arc::clone(&self.room);
        self.tasks.spawn(async move { room.answer(line, start).await }.instrument(span));
    }

    fn list(&self) -> Vec<CallSummary> {
        let mut live: Vec<Arc<Live>> = self.room.live.iter().map(|entry| Arc::clone(&entry)).collect();
        live.sort_by_key(|live| live.began);
        let now = clock::now();
        let summary = |live: &Arc<Live>| CallSummary {
            call: live.start.call.clone(),
            agent: live.start.agent.clone(),
            from: Masked(&live.start.from).to_string(),
            started_at: live.started_at,
            seconds: now.saturating_duration_since(live.began).as_secs(),
        };
        live.iter().map(summary).collect()
    }

    fn count(&self) -> usize {
        self.room.live.len()
    }

    fn show(&self, call: &CallSid) -> BoxFuture<'_, Option<Value>> {
        if let Some(live) = self.room.live.get(call) {
            let record = live.journal.to_json();
            return Box::pin(async { Some(record) });
        }
        let path = self.room.staff.folder.join(format!("{call}.json"));
        Box::pin(async move { serde_json::from_slice(&tokio::fs::read(path).await.ok()?).ok() })
    }

    fn hang_up(&self, call: &CallSid) -> Result<(), NoSuchCall> {
        self.steer(call, Steer::End)
    }

    fn ended_well(&self, call: &CallSid) -> bool {
        self.room.ended.get(call).is_some_and(|ended| ended.1)
    }

    fn is_over(&self, news: &Progress) {
        if self.steer(&news.call, Steer::Over).is_err() {
            tracing::debug!(call.sid = %news.call, "the network tells the end of a call that is not live");
        }
    }
}

/// A call's place in the registry; leaving gives it back, even when the call panics.
struct Seat<'a> {
    room: &'a Room,
    call: CallSid,
    well: bool,
    outcome: &'static str,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let now = clock::now();
        self.room.live.remove(&self.call);
        self.room.ended.retain(|_, (at, _)| now.saturating_duration_since(*at) < ENDINGS_KEPT);
        self.room.ended.insert(self.call.clone(), (now, self.well));
        metrics::call_ended(self.outcome);
    }
}

impl Room {
    async fn answer(&self, line: Line, start: CallStart) {
        let agent = match self.staff.agents.find(&start.agent) {
            Ok(agent) => agent,
            Err(error) => {
                tracing::error!(code = "NO_AGENT", %error, "the call has no agent");
                line.close(NORMAL).await;
                return;
            }
        };
        let opened_at = self.staff.clock.now();
        let recording = agent.record.then(|| self.staff.folder.join(format!("{}.wav", start.call)));
        let journal = Arc::new(Journal::new(start.clone(), opened_at, recording.clone()));
        let (wishes, steered) = mpsc::channel(STEERS_WAITING);
        let entry = Live {
            start: start.clone(),
            started_at: opened_at,
            began: clock::now(),
            steer: wishes,
            journal: Arc::clone(&journal),
        };
        self.live.insert(start.call.clone(), Arc::new(entry));
        metrics::call_began();
        let mut place = Seat { room: self, call: start.call.clone(), well: false, outcome: "broken" };

        let now = opened_at.to_zoned(agent.zone.clone());
        let opening = agent.opening(now.hour());
        let caller = start.from.starts_with('+').then_some(start.from.as_str());
        let actor = Actor {
            call: Call::new(self.setup(&agent, agent.system_message(&now, caller)), clock::now()),
            line,
            sessions: self.sessions(&start.call, &agent),
            ear: Ear::new(self.staff.activity.as_deref()),
            journal: Arc::clone(&journal),
            recorder: recording.map(Recorder::new),
            steer: steered,
        };
        tracing::info!("Call began");
        let (ended, line) = actor.run(opening).await;
        place.outcome = outcome(ended);
        place.well = !matches!(ended, Ended::Line(_));
        journal.ended(place.outcome);
        self.save(journal).await;
        // The resume webhook may come as soon as the line closes: by then it must be known how the call ended.
        drop(place);
        self.hang_up(ended, start.call, line).await;
    }

    fn setup(&self, agent: &Agent, system: String) -> Setup {
        Setup {
            language: agent.language,
            patience: agent.patience.clone(),
            system,
            clips: (self.staff.clips)(agent.language),
            threshold: THRESHOLD,
            raised_threshold: RAISED_THRESHOLD,
        }
    }

    fn sessions(&self, call: &CallSid, agent: &Arc<Agent>) -> Sessions {
        let staff = &self.staff;
        let (language, tag) = (agent.language, agent.tag.clone());
        let hearing = staff.hearing.open(SttSpec { call: call.clone(), language, tag });
        let voice = staff.voice.open(TtsSpec { call: call.clone(), language, voice: agent.voice.clone() });
        let toolbox = Toolbox::new(Arc::clone(agent), Arc::clone(&staff.calendar), Arc::clone(&staff.clock));
        let tools = Arc::clone(&agent.tools);
        Sessions::new(call.clone(), (hearing, voice), Arc::clone(&staff.model), tools, Arc::new(toolbox))
    }

    async fn save(&self, journal: Arc<Journal>) {
        let folder = self.staff.folder.clone();
        let _place = self.saves.acquire().await;
        let saved = tokio::task::spawn_blocking(move || journal.save(&folder)).await;
        if let Err(error) = saved.unwrap_or_else(|broken| Err(std::io::Error::other(broken))) {
            tracing::error!(code = "RECORD", %error, "the record of a call could not be written");
        }
    }

    /// Ends the call at the network where that was our decision; closing the socket does it too, should REST fail.
    async fn hang_up(&self, ended: Ended, call: CallSid, line: Line) {
        if let (Ended::Ours(_), Some(phone)) = (ended, &self.staff.phone)
            && let Err(error) = phone.hang_up(call).await
        {
            tracing::warn!(code = "TWILIO_REST", %error, "the call could not be ended by REST");
        }
        let code = if let Ended::Line(end) = ended { end.close_code() } else { NORMAL };
        line.close(code).await;
        tracing::info!(outcome = outcome(ended), "Call ended");
    }
}

const fn outcome(ended: Ended) -> &'static str {
    match ended {
        Ended::Ours(Ending::Goodbye) => "goodbye",
        Ended::Ours(Ending::Silence) => "silence",
        Ended::Ours(Ending::TooLong) => "too_long",
        Ended::Ours(Ending::Trouble) => "trouble",
        Ended::Ours(Ending::Asked) => "asked",
        Ended::Line(_) => "caller_left",
        Ended::Network => "network",
    }
}
