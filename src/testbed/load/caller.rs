//! One scripted caller: speaks about 40 % of the time, waits for answers, sometimes interrupts.

use super::voices::Voices;
use crate::{
    base::clock,
    testbed::phone::{Call, PhoneEvent},
};
use rand::{RngExt, rngs::StdRng};
use std::time::{Duration, Instant};

/// The share of the time that callers speak (design §9: 40 %), as speaking to everything else.
const SPEAKING: f64 = 0.4 / 0.6;

/// An answer that has not begun after so long counts as none.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a caller waits for a greeting.
const GREETING: Duration = Duration::from_secs(4);

/// How a caller behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The share of the agent's turns that are interrupted.
    pub(super) barge_in_share: f64,
    /// When to hang up.
    pub(super) until: Instant,
}

/// What a caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// The agent is speaking, or about to: for its silence.
    Turn,
    /// The agent is speaking: for the moment to interrupt.
    Moment(Instant),
    /// All is silent: for the moment to speak.
    Thought(Instant),
    /// Speaking: for the own end.
    Own,
    /// Has spoken: for the answer.
    Answer(Instant),
}

/// What became of a caller's conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Talked {
    /// Utterances that got no answer within [`PATIENCE`].
    pub(super) unanswered: u64,
    /// Time spent speaking.
    pub(super) spoke: Duration,
    /// The call ended before the caller hung up.
    pub(super) cut_off: bool,
}

/// One caller.
pub(super) struct Caller<'a> {
    pub(super) voices: &'a Voices,
    pub(super) voice: usize,
    pub(super) manner: Manner,
    pub(super) rng: StdRng,
}

impl Caller<'_> {
    /// Talks until it is time to hang up, or the call ends.
    pub(super) async fn talk(mut self, call: &mut Call) -> Talked {
        let mut talked = Talked::default();
        let mut spoke_last = clock::now();
        let mut waiting = Waiting::Thought(clock::now() + GREETING);
        loop {
            let moment = match waiting {
                Waiting::Moment(at) | Waiting::Thought(at) | Waiting::Answer(at) => at.min(self.manner.until),
                Waiting::Turn | Waiting::Own => self.manner.until,
            };
            let event = tokio::select! {
                event = call.next() => event,
                () = tokio::time::sleep_until(moment.into()) => {
                    let now = clock::now();
                    if now >= self.manner.until {
                        return talked;
                    }
                    if matches!(waiting, Waiting::Answer(_)) {
                        talked.unanswered += 1;
                    }
                    let length = match waiting {
                        Waiting::Moment(_) => Duration::from_millis(self.rng.random_range(1_200..2_500)),
                        _ => Self::length(now.duration_since(spoke_last)),
                    };
                    talked.spoke += length;
                    spoke_last = now + length;
                    call.say(self.voices.utterance(self.voice, length)).await;
                    waiting = Waiting::Own;
                    continue;
                }
            };
            let now = clock::now();
            waiting = match event {
                None | Some(PhoneEvent::Ended(_)) => {
                    talked.cut_off = true;
                    return talked;
                }
                Some(PhoneEvent::CallerSilent) if waiting == Waiting::Own => Waiting::Answer(now + PATIENCE),
                Some(PhoneEvent::AgentSpeaks { .. }) if waiting != Waiting::Own => self.listens(now),
                Some(PhoneEvent::AgentSilent)
                    if matches!(waiting, Waiting::Turn | Waiting::Moment(_) | Waiting::Thought(_)) =>
                {
                    Waiting::Thought(now + Duration::from_millis(self.rng.random_range(100..600)))
                }
                Some(_) => waiting,
            };
        }
    }

    /// The agent began to speak: hear it out, or not.
    fn listens(&mut self, now: Instant) -> Waiting {
        if self.rng.random_bool(self.manner.barge_in_share) {
            Waiting::Moment(now + Duration::from_millis(self.rng.random_range(800..2_500)))
        } else {
            Waiting::Turn
        }
    }

    /// How long to speak after having been silent for `silent`, to keep to the share.
    fn length(silent: Duration) -> Duration {
        silent.mul_f64(SPEAKING).clamp(Duration::from_millis(1_200), Voices::LONGEST)
    }
}
