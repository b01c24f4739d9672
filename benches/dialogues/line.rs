//! A call as its caller notices it: when the agent was audible, when it was silenced, when the own words went out.

use crate::performance::Utterance;
use centralita::{
    base::{
        clock,
        units::{FRAME, FRAME_SAMPLES},
    },
    testbed::{
        fakes::Fakes,
        hearing::is_audible,
        phone::{Call, CallRecord, HangUpStyle, PhoneEvent},
    },
};
use std::time::{Duration, Instant};

/// The phone tells a new onset after so much silence.
const PAUSE: Duration = Duration::from_millis(220);

/// A time during which the agent was audible without a pause of 200 ms and without `clear`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// Something that the caller said: when its first and its last frame went out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// What a caller has noticed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noticed {
    pub(crate) agent: Vec<Stretch>,
    pub(crate) clears: Vec<Instant>,
    pub(crate) said: Vec<Said>,
}

impl Noticed {
    /// When the agent began what was audible at `since` or later.
    pub(crate) fn onset(&self, since: Instant) -> Option<Instant> {
        self.agent.iter().find(|stretch| stretch.to > since).map(|stretch| stretch.from)
    }

    /// How long the agent was audible between two moments.
    pub(crate) fn audible(&self, from: Instant, to: Instant) -> Duration {
        let within = |stretch: &Stretch| stretch.to.min(to).saturating_duration_since(stretch.from.max(from));
        self.agent.iter().map(within).sum()
    }

    /// How long the agent has been silent; for ever when it was never audible.
    pub(crate) fn silent_for(&self) -> Duration {
        self.agent.last().map_or(Duration::MAX, |last| clock::now().saturating_duration_since(last.to))
    }
}

/// The caller's end of a call.
pub(crate) struct Line<'a> {
    call: Call,
    fakes: &'a Fakes,
    pub(crate) noticed: Noticed,
    /// The lengths of what was said and has not gone out yet.
    saying: Vec<Duration>,
    /// Nothing has begun to be audible since the agent was silenced.
    cleared: bool,
    pub(crate) over: bool,
}

impl<'a> Line<'a> {
    pub(crate) const fn new(call: Call, fakes: &'a Fakes) -> Self {
        let noticed = Noticed { agent: Vec::new(), clears: Vec::new(), said: Vec::new() };
        Self { call, fakes, noticed, saying: Vec::new(), cleared: false, over: false }
    }

    /// Notices until `done`, at the longest until `deadline`. Returns whether it is done.
    pub(crate) async fn until(&mut self, deadline: Instant, done: impl Fn(&Noticed) -> bool) -> bool {
        loop {
            if done(&self.noticed) {
                return true;
            }
            if self.over {
                return false;
            }
            tokio::select! {
                event = self.call.next() => self.notice(event),
                () = tokio::time::sleep_until(deadline.into()) => return false,
            }
        }
    }

    fn notice(&mut self, event: Option<PhoneEvent>) {
        let now = clock::now();
        match event {
            Some(PhoneEvent::AgentSpeaks { at }) => {
                self.noticed.agent.push(Stretch { from: at, to: at + FRAME });
                self.cleared = false;
            }
            Some(PhoneEvent::Heard(frame)) if is_audible(&frame) && !self.cleared => {
                // The first frame of a stretch may be heard before its onset is told: it is not the end of the one before.
                let last = self.noticed.agent.last_mut();
                if let Some(last) = last.filter(|last| now.saturating_duration_since(last.to) <= PAUSE) {
                    last.to = now;
                }
            }
            Some(PhoneEvent::Clear) => {
                self.noticed.clears.push(now);
                self.cleared = true;
            }
            Some(PhoneEvent::CallerSilent) if !self.saying.is_empty() => {
                let length = self.saying.remove(0);
                let from = now.checked_sub(length.saturating_sub(FRAME)).unwrap_or(now);
                self.noticed.said.push(Said { from, to: now });
            }
            Some(PhoneEvent::Ended(_)) | None => self.over = true,
            Some(_) => {}
        }
    }

    /// Begins to say something; the recogniser is told the words.
    pub(crate) async fn begin(&mut self, utterance: &Utterance) {
        let frames = utterance.audio.len().div_ceil(FRAME_SAMPLES);
        self.saying.push(FRAME * u32::try_from(frames).unwrap_or(u32::MAX));
        self.fakes.deepgram.dictate(utterance.words.clone());
        self.call.say(utterance.audio.clone()).await;
    }

    /// Says something to its end.
    pub(crate) async fn say(&mut self, utterance: &Utterance) -> Option<Said> {
        self.begin(utterance).await;
        let said = self.noticed.said.len() + self.saying.len();
        let deadline = clock::now() + Duration::from_mins(1);
        self.until(deadline, |noticed| noticed.said.len() == said).await;
        self.noticed.said.get(said - 1).copied()
    }

    pub(crate) async fn background(&self, audio: bytes::Bytes) {
        self.call.background(audio).await;
    }

    pub(crate) async fn hang_up(self) -> (Noticed, CallRecord) {
        self.call.hang_up(HangUpStyle::Stop).await;
        (self.noticed, self.call.end().await)
    }
}
