//! The line: a call's media socket as the call's task reads and writes it.

use super::{
    alarm::Alarm,
    backlog::Backlog,
    limits::Limits,
    peer::{Gone, Peer, Received, Unsent},
    reframe::Reframer,
};
use crate::{
    base::{
        clock,
        ids::{CallSid, StreamSid},
        rate::Meter,
    },
    ports::media::{FromPhone, MediaCodec, MediaError, Oddity, ToPhone},
    telemetry::metrics,
};
use axum::extract::ws::close_code;
use bytes::Bytes;
use std::{collections::VecDeque, fmt, sync::Arc, time::Instant};

pub use super::peer::Socket;

/// What the phone brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEvent {
    /// 20 ms of the caller's sound: exactly 160 bytes of mu-law, in order and without gaps.
    Audio(Bytes),
    /// The caller pressed a key.
    Dtmf(char),
    /// A mark came back: all before it was played, or thrown away by a clear.
    Mark(String),
    /// The line is over; nothing else will come.
    Ended(LineEnd),
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEnd {
    /// The phone said that the stream is over: the caller hung up, or the network ended the call.
    Stopped,
    /// The socket was closed without a word before.
    Closed,
    /// The connection broke.
    Broken,
    /// No message came for [`Limits::idle`].
    Idle,
    /// The phone did not read what we sent for [`Limits::send`].
    Slow,
    /// The other side did what it may not.
    Violation {
        /// The close code it is owed (RFC 6455 §7.4).
        close: u16,
        /// The stable code in the log.
        code: &'static str,
    },
}

impl LineEnd {
    /// The stable code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Closed => "WS_CLOSED",
            Self::Broken => "WS_ABORT",
            Self::Idle => "MEDIA_IDLE",
            Self::Slow => "SLOW_PEER",
            Self::Violation { code, .. } => code,
        }
    }

    /// The code to close the socket with.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Violation { close, .. } => close,
            Self::Idle | Self::Slow => close_code::AWAY,
            Self::Stopped | Self::Closed | Self::Broken => close_code::NORMAL,
        }
    }
}

impl From<Gone> for LineEnd {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Closed => Self::Closed,
            Gone::Broken => Self::Broken,
            Gone::Violation { close, code } => Self::Violation { close, code },
        }
    }
}

/// The line is over: nothing can be played on it. [`Line::next`] tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line is over")]
pub struct LineOver;

/// A call's media socket after its handshake. Dropping it cuts the connection; [`Line::close`] ends it in order.
pub struct Line {
    peer: Peer,
    codec: Arc<dyn MediaCodec>,
    call: CallSid,
    stream: StreamSid,
    limits: Limits,
    reframer: Reframer,
    ready: VecDeque<LineEvent>,
    digits: Meter,
    told: Vec<Oddity>,
    /// Reused for every message that comes and goes.
    audio: Vec<u8>,
    text: String,
    /// Something was taken and not flushed.
    unsent: bool,
    heard_at: Instant,
    /// When the socket was seen to last, whether anything came or not.
    awake_at: Instant,
    backlog: Backlog,
    pinged: bool,
    early_since: Option<Instant>,
    alarm: Alarm,
    ended: Option<LineEnd>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("call", &self.call).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Line {
    pub(super) fn new(
        peer: Peer,
        codec: Arc<dyn MediaCodec>,
        (call, stream): (CallSid, StreamSid),
        limits: Limits,
        told: Vec<Oddity>,
    ) -> Self {
        Self {
            peer,
            codec,
            call,
            stream,
            reframer: Reframer::new(limits.gap),
            ready: VecDeque::new(),
            digits: Meter::default(),
            told,
            audio: Vec::new(),
            text: String::new(),
            unsent: false,
            heard_at: clock::now(),
            awake_at: clock::now(),
            backlog: Backlog::default(),
            pinged: false,
            early_since: None,
            alarm: Alarm::default(),
            ended: None,
            limits,
        }
    }

    /// What the phone brings next; after [`LineEvent::Ended`] the same end for ever. Cancel-safe.
    pub async fn next(&mut self) -> LineEvent {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            if let Some(end) = self.ended {
                return LineEvent::Ended(end);
            }
            self.alarm.set(self.due());
            tokio::select! {
                biased;
                received = self.peer.receive() => match received {
                    Received::Text(text) => self.take(&text),
                    Received::Over(gone) => self.end(gone.into()),
                },
                () = self.alarm.rings() => self.overdue().await,
            }
        }
    }

    /// Plays `audio` (mu-law, 8 kHz, any length, not empty) after what was sent before; [`Line::flush`] sends it.
    ///
    /// Waits only where much is unsent, at most [`Limits::send`]; when dropped half way, the message is taken or not, whole.
    ///
    /// # Errors
    /// [`LineOver`] when the phone is gone or does not read.
    pub async fn play(&mut self, audio: &[u8]) -> Result<(), LineOver> {
        self.queue(ToPhone::Audio(audio)).await
    }

    /// A mark that comes back when all before it was played or thrown away; [`Line::flush`] sends it.
    ///
    /// # Errors
    /// As [`Line::play`].
    pub async fn mark(&mut self, name: &str) -> Result<(), LineOver> {
        self.queue(ToPhone::Mark(name)).await
    }

    /// Makes the phone throw away what it did not play yet; [`Line::flush`] sends it.
    ///
    /// # Errors
    /// As [`Line::play`].
    pub async fn clear(&mut self) -> Result<(), LineOver> {
        self.queue(ToPhone::Clear).await
    }

    /// Sends what was taken since the last time, in one piece: one system call for a frame and its mark.
    ///
    /// # Errors
    /// As [`Line::play`].
    pub async fn flush(&mut self) -> Result<(), LineOver> {
        if !std::mem::take(&mut self.unsent) {
            return Ok(());
        }
        let flushed = self.peer.flush().await;
        self.outcome(flushed)
    }

    /// Closes the socket with `code` (RFC 6455 §7.4) and waits for the other side, at most twice [`Limits::closing`].
    pub async fn close(self, code: u16) {
        self.peer.close(code).await;
    }

    async fn queue(&mut self, message: ToPhone<'_>) -> Result<(), LineOver> {
        if self.ended.is_some() {
            return Err(LineOver);
        }
        self.codec.write(&self.stream, &message, &mut self.text);
        self.unsent = true;
        let queued = self.peer.queue(&self.text).await;
        self.outcome(queued)
    }

    fn outcome(&mut self, sent: Result<(), Unsent>) -> Result<(), LineOver> {
        sent.map_err(|unsent| {
            self.end(if unsent == Unsent::Slow { LineEnd::Slow } else { LineEnd::Broken });
            LineOver
        })
    }

    fn take(&mut self, text: &str) {
        self.heard_at = clock::now();
        self.pinged = false;
        self.wake();
        match self.codec.read(text, &mut self.audio) {
            Ok(FromPhone::Media(mark)) if mark.inbound => {
                let (ready, backlog, now) = (&mut self.ready, &mut self.backlog, self.heard_at);
                let (lost, stale) = (self.reframer.tally().lost, backlog.dropped());
                self.reframer.push(mark, &self.audio, |frame| {
                    if !backlog.drops(now) {
                        ready.push_back(LineEvent::Audio(frame));
                    }
                });
                metrics::media_stale(backlog.dropped().saturating_sub(stale));
                self.count_lost(lost);
                self.watch_early();
            }
            Ok(FromPhone::Media(_) | FromPhone::Connected) => {}
            Ok(FromPhone::Dtmf(digit)) => {
                if self.digits.allows(self.limits.digits, self.heard_at) {
                    self.ready.push_back(LineEvent::Dtmf(digit));
                }
            }
            Ok(FromPhone::Mark(name)) => self.ready.push_back(LineEvent::Mark(name)),
            Ok(FromPhone::Stop) => {
                self.release();
                self.end(LineEnd::Stopped);
            }
            Ok(FromPhone::Start(_)) | Err(MediaError::Refuse { .. }) => {
                self.end(LineEnd::Violation { close: close_code::POLICY, code: "SECOND_START" });
            }
            Ok(FromPhone::Unknown { event }) => {
                tell(&mut self.told, &self.call, Oddity::UnknownEvent, &event);
            }
            Err(MediaError::Skip(oddity)) => tell(&mut self.told, &self.call, oddity, ""),
        }
    }

    /// Notes that the socket is seen to. That nothing was read for long shows by the alarm, which did not ring in its time: a silent
    /// network does not keep it from ringing.
    fn wake(&mut self) {
        let now = clock::now();
        let away = now.saturating_duration_since(std::mem::replace(&mut self.awake_at, now));
        let stale = away.saturating_sub(self.limits.stale);
        if !stale.is_zero() {
            self.peer.was_not_read(away);
            self.backlog.begin(now, stale);
        }
    }

    fn due(&self) -> Instant {
        let quiet = if self.pinged { self.limits.idle } else { self.limits.ping.min(self.limits.idle) };
        let quiet = (self.heard_at + quiet).min(self.awake_at + self.limits.stale / 2);
        self.early_since.map_or(quiet, |since| quiet.min(since + self.limits.reorder))
    }

    async fn overdue(&mut self) {
        self.wake();
        let now = clock::now();
        if self.early_since.is_some_and(|since| now >= since + self.limits.reorder) {
            self.release();
        }
        if now >= self.heard_at + self.limits.idle {
            self.end(LineEnd::Idle);
        } else if !self.pinged && now >= self.heard_at + self.limits.ping {
            self.pinged = true;
            self.peer.ping().await;
        }
    }

    fn release(&mut self) {
        let ready = &mut self.ready;
        let lost = self.reframer.tally().lost;
        self.reframer.release(|frame| ready.push_back(LineEvent::Audio(frame)));
        self.count_lost(lost);
        self.early_since = None;
    }

    fn watch_early(&mut self) {
        if !self.reframer.is_waiting() {
            self.early_since = None;
        } else if self.early_since.is_none() {
            self.early_since = Some(self.heard_at);
        }
    }

    fn count_lost(&self, before: u64) {
        let lost = self.reframer.tally().lost - before;
        if lost > 0 {
            metrics::media_gaps(lost);
        }
    }

    fn end(&mut self, end: LineEnd) {
        if self.ended.is_none() {
            self.ended = Some(end);
            if end == LineEnd::Stopped {
                tracing::debug!(call.sid = %self.call, "the phone ended the stream");
            } else {
                tracing::warn!(call.sid = %self.call, code = end.code(), "the line ended");
            }
        }
    }
}

/// Logs an oddity, the first of its kind in a call. `detail` comes from outside and is shown quoted.
pub(super) fn tell(told: &mut Vec<Oddity>, call: &CallSid, oddity: Oddity, detail: &str) {
    if !told.contains(&oddity) {
        told.push(oddity);
        tracing::warn!(call.sid = %call, code = oddity.code(), detail = ?detail, "{oddity} was passed over");
    }
}
