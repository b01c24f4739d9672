//! The live calls of this process: takes them, lists them, steers them.

use super::{
    actor::{Actor, Ended, Steer},
    call_log::{self, CallLog},
    calls::{CallStart, CallSummary, Calls, Next, NoSuchCall},
    disk::Disk,
    ear::Ear,
    ends::{may_come_back, name, next, opening, outcome},
    journal::{Journal, Recorder},
    melody::Melody,
    phrases::Book,
    record,
    sessions::Sessions,
    socket::{Line, LineEnd},
    staff::Staff,
    steps::Steps,
    watch,
};
use crate::{
    base::{clock, ids::CallSid, secret::Masked},
    channels::tools::Toolbox,
    dialogue::{
        agent::Agent,
        call::{Call, Setup},
        output::Ending,
        replay::Head,
        tools::{SEND_DIGITS, was_passed_on},
    },
    ports::{carrier::Progress, stt::SttSpec, tts::TtsSpec},
    telemetry::metrics,
};
use dashmap::DashMap;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};
use tracing::Instrument as _;

/// Wishes that may wait for a call.
const STEERS_WAITING: usize = 4;
/// How long it is known how a call ended.
const ENDINGS_KEPT: Duration = Duration::from_mins(5);
/// Normal closure, a breach of our rules (RFC 6455 §7.4.1), and a server that stops (IANA's registry of close codes).
const NORMAL: u16 = 1000;
const POLICY: u16 = 1008;
const RESTART: u16 = 1012;

#[derive(Debug)]
struct Live {
    began: Instant,
    steer: mpsc::Sender<Steer>,
    journal: Arc<Journal>,
    /// The disk has the record, or had its time.
    saved: CancellationToken,
}

impl Live {
    fn steer(&self, steer: Steer) {
        // A full queue means that the call was asked already, a closed one that it is over.
        if self.steer.try_send(steer).is_err() {
            tracing::debug!(call.sid = %self.journal.start.call, "the call was asked to end already");
        }
    }
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) staff: Staff,
    disk: Disk,
    live: DashMap<CallSid, Arc<Live>>,
    /// What follows calls whose socket we closed, and since when.
    next: DashMap<CallSid, (Instant, Next)>,
}

/// The calls of this process. Dropping it lets them go on; [`Calls::hang_up`] ends them.
#[derive(Debug)]
pub struct Desk {
    room: Arc<Room>,
    tasks: TaskTracker,
    _watch: AbortOnDropHandle<()>,
}

impl Desk {
    /// A desk without calls. Must be called within a tokio runtime.
    pub fn new(staff: Staff) -> Self {
        let room = Arc::new(Room { staff, disk: Disk::start(), live: DashMap::new(), next: DashMap::new() });
        let watch = AbortOnDropHandle::new(tokio::spawn(watch::watch(Arc::downgrade(&room))));
        Self { room, tasks: TaskTracker::new(), _watch: watch }
    }

    fn steer(&self, call: &CallSid, steer: Steer) -> Result<(), NoSuchCall> {
        if self.room.steer(call, steer) { Ok(()) } else { Err(NoSuchCall) }
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
        let by_turns = self.room.staff.turns.iter().flat_map(|turns| turns.list());
        let summary = |live: &Arc<Live>| CallSummary {
            call: live.journal.start.call.clone(),
            agent: live.journal.start.agent.clone(),
            from: Masked(&live.journal.start.from).to_string(),
            started_at: live.journal.started_at,
            seconds: now.saturating_duration_since(live.began).as_secs(),
        };
        live.iter().map(summary).chain(by_turns).collect()
    }

    fn count(&self) -> usize {
        self.tasks.len() + self.room.staff.turns.as_ref().map_or(0, |turns| turns.count())
    }

    fn show(&self, call: &CallSid) -> BoxFuture<'_, Option<Value>> {
        let live = self.room.live.get(call).map(|live| Arc::clone(&live));
        let (staff, call) = (&self.room.staff, call.clone());
        Box::pin(async move {
            match live {
                Some(live) if !live.journal.is_over() && live.journal.start.epoch == 1 => {
                    Some(live.journal.to_json())
                }
                live => {
                    if let Some(live) = live.filter(|live| live.journal.is_over()) {
                        live.saved.cancelled().await;
                    }
                    staff.ledger.settle().await;
                    record::read(&staff.store, call).await
                }
            }
        })
    }

    fn hang_up(&self, call: &CallSid) -> Result<(), NoSuchCall> {
        self.steer(call, Steer::End)
    }

    fn hand_over(&self, call: &CallSid) -> Result<(), NoSuchCall> {
        self.steer(call, Steer::HandOver)
    }

    fn next(&self, call: &CallSid) -> Option<Next> {
        self.room.next.get(call).map(|entry| entry.1.clone())
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
    live: Arc<Live>,
    outcome: &'static str,
}

impl<'a> Seat<'a> {
    /// Takes the place of the call, from an earlier stream of the same call where there is one.
    fn take(room: &'a Room, live: Live) -> Self {
        let call = live.journal.start.call.clone();
        let live = Arc::new(live);
        room.next.remove(&call);
        if let Some(earlier) = room.live.insert(call, Arc::clone(&live)) {
            earlier.steer(Steer::Fenced);
        }
        metrics::call_began();
        Self { room, live, outcome: "broken" }
    }

    fn call(&self) -> &CallSid {
        &self.live.journal.start.call
    }

    /// Whether no later stream of the call has taken the place.
    fn is_ours(&self) -> bool {
        self.room.live.get(self.call()).is_some_and(|live| Arc::ptr_eq(&live, &self.live))
    }

    /// From now on it is known how the call ended.
    fn ended(&mut self, ended: Ended, agent: &Agent) {
        self.outcome = outcome(ended);
        self.live.journal.ended(self.outcome);
        if self.is_ours() && !matches!(ended, Ended::Line(_) | Ended::Fenced | Ended::HandedOver) {
            let now = clock::now();
            let next = next(ended, agent);
            self.room.next.retain(|_, (at, _)| now.saturating_duration_since(*at) < ENDINGS_KEPT);
            self.room.next.insert(self.call().clone(), (now, next));
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.live.remove_if(self.call(), |_, live| Arc::ptr_eq(live, &self.live));
        self.live.saved.cancel();
        metrics::call_ended(self.outcome);
    }
}

impl Room {
    /// Asks a call to do something; `false` where it is not live here.
    pub(super) fn steer(&self, call: &CallSid, steer: Steer) -> bool {
        let live = self.live.get(call).map(|live| Arc::clone(&live));
        let Some(live) = live else {
            return self.staff.turns.as_ref().is_some_and(|turns| steer.by_turns(turns, call));
        };
        live.steer(steer);
        true
    }

    /// The live calls with their epochs.
    pub(super) fn live_calls(&self) -> Vec<(CallSid, i64)> {
        let by_turns = self.staff.turns.iter().flat_map(|turns| turns.live_calls());
        self.live.iter().map(|live| (live.key().clone(), live.journal.start.epoch)).chain(by_turns).collect()
    }

    /// Whether no live call here has had this media socket, or a later one.
    fn is_later(&self, start: &CallStart) -> bool {
        let present = self.live.get(&start.call).map(|live| live.journal.start.epoch);
        let passed = present.filter(|present| *present >= start.epoch);
        if let Some(present) = passed {
            tracing::warn!(
                code = "NOT_LATER",
                present,
                epoch = start.epoch,
                "a media socket of a call that has one was refused"
            );
        }
        passed.is_none()
    }

    async fn answer(&self, line: Line, start: CallStart) {
        if !self.is_later(&start) {
            return line.close(POLICY).await;
        }
        let agent = match self.staff.agents.find(&start.agent) {
            Ok(agent) => agent,
            Err(error) => {
                tracing::error!(code = "NO_AGENT", %error, "the call has no agent");
                line.close(NORMAL).await;
                return;
            }
        };
        let _live = self.staff.phrases.call_begins();
        let book = self.staff.phrases.book(&agent);
        let opened_at = self.staff.clock.now();
        let records = agent.record && (start.epoch == 1 || !self.staff.is_erased(&start.call).await);
        let recording = records.then(|| self.staff.folder.join(format!("{}.opus", name(&start))));
        let (began, now) = (clock::now(), opened_at.to_zoned(agent.zone.clone()));
        let mut setup = self.setup(&agent, &book, agent.system_message(&now, start.caller()));
        if start.epoch > 1 {
            setup.history = self.staff.recall(&start.call).await;
        }
        let nobody_answered = was_passed_on(&setup.history);
        let recorder = recording.as_deref().map(|file| {
            let head = Head::new(start.call.clone(), &start.agent, opened_at, setup.clone());
            let log = CallLog::begin(self.disk.clone(), call_log::beside(file), &head, began);
            Recorder::new(self.disk.clone(), file, log)
        });
        let log = recorder.as_ref().and_then(Recorder::log);
        self.staff.note_beginning(&start, opened_at, recording.as_deref());
        let ledger = self.staff.ledger.clone();
        let note = Box::new(move |entry| ledger.note(entry));
        let journal = Arc::new(Journal::new(start.clone(), opened_at, recording, log, note));
        let (wishes, steered) = mpsc::channel(STEERS_WAITING);
        let entry =
            Live { began, steer: wishes, journal: Arc::clone(&journal), saved: CancellationToken::new() };
        let mut seat = Seat::take(self, entry);

        let opening = opening(&agent, &start, now.hour(), nobody_answered);
        let actor = Box::new(Actor {
            call: Call::new(setup, began),
            line,
            sessions: self.sessions(&start, &agent, book),
            ear: Ear::new(self.staff.activity.as_deref()),
            melody: Melody::new(self.staff.turn_end.clone()),
            journal: Arc::clone(&journal),
            recorder,
            steer: steered,
            steps: Steps::default(),
        });
        tracing::info!("Call began");
        let (ended, line, recorder) = actor.run(opening).await;
        // The resume webhook may come as soon as the line closes: by then it must be known how the call ended.
        seat.ended(ended, &agent);
        let may_come_back = may_come_back(ended, &agent);
        // The calendar may be set while a call lives: it has lasted as long as it has.
        let lasted =
            SignedDuration::try_from(clock::now().saturating_duration_since(began)).unwrap_or_default();
        let ended_at = opened_at.saturating_add(lasted).unwrap_or(opened_at);
        self.staff.note_end(&start, ended_at, outcome(ended), may_come_back);
        self.hang_up(ended, &seat, line).await;
        self.save(recorder).await;
        drop(journal);
    }

    fn setup(&self, agent: &Agent, book: &Book, system: String) -> Setup {
        Setup {
            language: agent.language,
            patience: agent.patience.clone(),
            system,
            clips: book.clips(),
            by_utterance: self.staff.hearing.by_utterance(),
            sends_digits: agent.has_tool(SEND_DIGITS),
            else_by_turns: self.staff.turns.as_ref().is_some_and(|turns| turns.stand_in()),
            ..Setup::default()
        }
    }

    fn sessions(&self, start: &CallStart, agent: &Arc<Agent>, book: Arc<Book>) -> Sessions {
        let (staff, call) = (&self.staff, &start.call);
        let (language, tag) = (agent.language, agent.tag.clone());
        let hearing = staff.hearing.open(SttSpec { call: call.clone(), language, tag });
        let voice = staff.voice.open(TtsSpec::of(agent, call.clone()));
        let toolbox = Toolbox::new(
            staff.tools.clone(),
            staff.audit(),
            Arc::clone(agent),
            call.clone(),
            start.caller().map(str::to_owned),
        );
        let tools = Arc::clone(&agent.tools);
        let model = Arc::clone(&staff.model);
        Sessions::new(call.clone(), (hearing, voice), model, tools, Arc::new(toolbox), book)
    }

    /// Ends the call at the network where that was our decision, or where the way to the network is dead: it would
    /// wait for us, and the caller in silence. Closing the socket ends the call too, should REST fail.
    async fn hang_up(&self, ended: Ended, seat: &Seat<'_>, line: Line) {
        let ours = match ended {
            // The network asks how the call goes on once the socket is closed.
            Ended::Ours(Ending::Transfer(_) | Ending::ByTurns) => false,
            Ended::Ours(_) | Ended::Line(LineEnd::Idle | LineEnd::Slow) => true,
            _ => false,
        };
        if let Some(phone) = &self.staff.phone
            && ours
            && seat.is_ours()
            && !self.staff.is_elsewhere(&seat.live.journal.start).await
            && let Err(error) = phone.hang_up(seat.call().clone()).await
        {
            tracing::warn!(code = "TWILIO_REST", %error, "the call could not be ended by REST");
        }
        if ended == Ended::HandedOver {
            self.staff.is_known().await;
        }
        let code = match ended {
            Ended::Line(end) => end.close_code(),
            Ended::HandedOver => RESTART,
            _ => NORMAL,
        };
        line.close(code).await;
        tracing::info!(outcome = outcome(ended), "Call ended");
    }

    /// Writes what is left of the call. A disk that takes longer than [`Staff::saving`] does so later.
    async fn save(&self, recorder: Option<Recorder>) {
        let written = timeout(self.staff.saving, async {
            if let Some(recorder) = recorder {
                recorder.finish().await;
            }
            self.disk.settle().await;
            self.staff.ledger.settle().await;
        });
        if written.await.is_err() {
            tracing::error!(code = "RECORD", "the disk is too slow for the record of a call");
        }
    }
}
