//! The vendor's side of a recognition: what it is told, and what its messages mean.

use crate::{net::ws::Message, ports::stt::SttEvent};
use bytes::Bytes;
use http::{HeaderMap, Uri};
use std::time::Duration;

/// What a silent line sends so that the vendor does not close it.
#[derive(Clone, Debug)]
pub(in crate::providers) enum SignOfLife {
    /// This message.
    Message(Message),
    /// A little silence, as part of the audio.
    Silence,
}

/// What a message of the vendor says.
#[derive(Debug, Default)]
pub(in crate::providers) struct Said {
    /// What the call is told, in order.
    pub(in crate::providers) events: Vec<SttEvent>,
    /// It recognises: a result came, even an empty one.
    pub(in crate::providers) result: bool,
    /// What audio need not be heard again.
    pub(in crate::providers) covered: Option<Covered>,
    /// The connection is of no more use.
    pub(in crate::providers) refusal: Option<Refusal>,
}

/// What a message says of the connection's audio whose words the call was told.
#[derive(Clone, Copy, Debug)]
pub(in crate::providers) enum Covered {
    /// It ends at this second.
    To(f64),
    /// It ends at least so long before the end of what was sent; a later message tells where, unless the connection is over
    /// before.
    SentBut(Duration),
}

impl Said {
    pub(in crate::providers) fn event(event: impl Into<Option<SttEvent>>) -> Self {
        Self { events: event.into().into_iter().collect(), ..Self::default() }
    }
}

/// Why a vendor does not listen.
#[derive(Debug)]
pub(in crate::providers) struct Refusal {
    /// For the log; holds no secret.
    pub(in crate::providers) reason: String,
    /// It is about us (key, plan, settings): after the second one trying again is useless.
    pub(in crate::providers) ours: bool,
}

/// The vendor's side of one call's recognition.
pub(in crate::providers) trait Listener: Send + Sync + 'static {
    /// Its name in logs.
    const NAME: &'static str;
    /// So much sound in one stretch makes a result due, even an empty one.
    const SOUND: Duration = Duration::from_millis(200);
    /// The address with all settings; `None` where it is no URI.
    fn address(&self) -> Option<Uri>;
    /// What carries the key.
    fn headers(&self) -> HeaderMap;
    /// The short name that the body of a refused upgrade gives it; empty where it gives none.
    fn refusal(body: &[u8]) -> String;
    /// A connection is there; what the call is told of it.
    fn connected(&mut self) -> Option<SttEvent> {
        Some(SttEvent::Ready)
    }
    /// Caller audio, as it is sent.
    fn audio(&self, frame: Bytes) -> Message;
    /// What a silent line sends.
    fn sign_of_life(&self) -> SignOfLife;
    /// What asks to make final what was heard, where words wait for it.
    fn turn_over(&self) -> Option<Message>;
    /// What says that the audio is over, where the vendor wants to be told.
    fn farewell() -> Option<Message>;
    /// Reads a text message; never fails.
    fn read(&mut self, text: &str) -> Said;
}
