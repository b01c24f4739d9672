//! Sound that waited here while nobody read it: of what a process that stood still finds, only the newest is heard. Pure.

use crate::base::units::{FRAME, FRAME_SAMPLES, Samples};
use std::time::{Duration, Instant};

/// So long what waits may take to begin to come faster than it sounds.
const GRACE: Duration = Duration::from_millis(500);

/// What is left of the sound that waited.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    /// When it began to be read; nothing where nothing waits.
    since: Option<Instant>,
    /// Still to be dropped.
    stale: Samples,
    dropped: Samples,
}

impl Backlog {
    /// From `now` on what came in `time`, in which nothing was read, comes at once: so much of it, `stale`, is dropped.
    pub(super) fn begin(&mut self, now: Instant, stale: Duration) {
        *self = Self { since: Some(now), stale: Samples::in_time(stale), dropped: Samples(0) };
    }

    /// Whether the next frame, read at `now`, is to be dropped.
    ///
    /// What comes at the pace of speech waited nowhere, as behind a network that stood still with us, or sent nothing meanwhile: from
    /// then on all is heard.
    pub(super) fn drops(&mut self, now: Instant) -> bool {
        let Some(since) = self.since else { return false };
        let waited = now.saturating_duration_since(since) <= self.dropped.duration() / 2 + GRACE;
        if !waited || self.stale.duration() < FRAME {
            self.since = None;
            return false;
        }
        let frame = Samples(FRAME_SAMPLES as u64);
        self.stale = self.stale - frame;
        self.dropped += frame;
        true
    }

    /// What was dropped since it [began](Self::begin).
    pub(super) const fn dropped(&self) -> Duration {
        self.dropped.duration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{clock, rate::Rate},
        channels::voice::{
            limits::Limits,
            peer::Peer,
            socket::{Line, LineEvent},
        },
        providers::twilio::MediaStreams,
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use futures_util::SinkExt as _;
    use serde_json::json;
    use std::sync::Arc;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{Message, protocol::Role},
    };

    /// Which of the frames that are read at these times, in milliseconds, are dropped: those of the first `stale_ms`.
    fn dropped(stale_ms: u64, at_ms: impl IntoIterator<Item = u64>) -> Vec<bool> {
        let (mut backlog, start) = (Backlog::default(), clock::now());
        backlog.begin(start, Duration::from_millis(stale_ms));
        at_ms.into_iter().map(|at| backlog.drops(start + Duration::from_millis(at))).collect()
    }

    #[test]
    fn of_what_waited_the_oldest_is_dropped_and_the_newest_heard() {
        assert_eq!(dropped(70, [0; 6]), [true, true, true, false, false, false]);
        // Also where it takes its time: half a second for a minute.
        let frames = dropped(59_000, (0..3_000).map(|frame| frame / 6));
        assert_eq!(frames.iter().filter(|dropped| **dropped).count(), 2_950);
        assert_eq!(frames[2_950..], [false; 50]);
    }

    #[test]
    fn where_nothing_waited_all_is_heard_again_soon() {
        let frames = dropped(29_000, (0..100).map(|frame| frame * 20));
        // A second, counted by the pace of both.
        assert_eq!(frames[..51], [true; 51]);
        assert_eq!(frames[51..], [false; 49]);
    }

    /// The first bytes of the frames that a line gives: its process stands still behind the first of sixty.
    async fn heard(limits: Limits) -> Vec<u8> {
        let (near, far) = tokio::io::duplex(1 << 20);
        let mut phone = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        for chunk in 1..=60_u8 {
            let (payload, timestamp) = (STANDARD.encode([chunk; 160]), (u32::from(chunk) - 1) * 20);
            let media = json!({"chunk": chunk, "timestamp": timestamp, "payload": payload});
            phone.send(Message::text(json!({"event": "media", "media": media}).to_string())).await.unwrap();
        }
        phone.send(Message::text(json!({"event": "stop"}).to_string())).await.unwrap();
        let ids = (format!("CA{:032x}", 1).parse().unwrap(), format!("MZ{:032x}", 1).parse().unwrap());
        let near = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
        let peer = Peer::new(Box::new(near), limits.clone());
        let mut line = Line::new(peer, Arc::new(MediaStreams), ids, limits, Vec::new());
        let mut heard = Vec::new();
        while let LineEvent::Audio(frame) = line.next().await {
            heard.push(frame[0]);
            if heard.len() == 1 {
                stand_still();
            }
        }
        heard
    }

    #[expect(clippy::disallowed_methods, reason = "the fault itself: nothing in this process goes on")]
    fn stand_still() {
        std::thread::sleep(Duration::from_millis(100));
    }

    #[tokio::test]
    async fn a_line_that_nobody_read_gives_the_newest_and_is_no_flood() {
        // The process may stand still for longer than it was told to.
        let messages = Rate { most: 60, within: Duration::from_hours(1) };
        let stale = Duration::from_millis(20);
        let frames = heard(Limits { messages, stale, ..Limits::default() }).await;
        let newest: Vec<u8> = (62 - u8::try_from(frames.len()).unwrap()..=60).collect();
        assert_eq!((frames[0], &frames[1..]), (1, &newest[..]));
        assert!(frames.len() < 60, "nothing was dropped");
        let stale = Duration::from_hours(1);
        assert_eq!(heard(Limits { stale, ..Limits::default() }).await, (1..=60).collect::<Vec<u8>>());
    }
}
