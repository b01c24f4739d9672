//! What a simulated phone is told, and what it tells.

use super::{twiml::BadTwiml, witness::Measured};
use crate::{
    base::{
        ids::{AccountSid, CallSid},
        secret::SecretString,
    },
    testbed::twilio_rest::CallBook,
};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// One call to place.
#[derive(Clone, Debug)]
pub struct PhoneOptions {
    /// The address that the number is configured with, such as `http://127.0.0.1:8080/webhook/voice`.
    pub webhook: String,
    /// Where the end of the call is reported; `/status` below the webhook when absent.
    pub status_callback: Option<String>,
    /// Signs the requests.
    pub auth_token: SecretString,
    /// Who calls.
    pub from: String,
    /// Whom they call.
    pub to: String,
    /// The account that the number belongs to.
    pub account: AccountSid,
    /// This call.
    pub call: CallSid,
    /// Where the call can be hung up over REST, if anywhere.
    pub calls: Option<CallBook>,
    /// Keep what the caller hears: 8 kB per second.
    pub record: bool,
    /// Give what the caller hears also while it is heard, as [`PhoneEvent::Heard`] every 20 ms.
    pub listen: bool,
    /// Tell [`PhoneEvent::AgentSilent`] after so much silence.
    pub agent_silent_after: Duration,
    /// What this phone does wrong.
    pub faults: PhoneFaults,
}

/// What a phone does wrong from the beginning; what happens once is an [`Oddity`].
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent faults, not a state")]
pub struct PhoneFaults {
    /// Counters are numbers instead of strings.
    pub numbers: bool,
    /// `start` is never sent.
    pub no_start: bool,
    /// Marks never come back.
    pub swallow_marks: bool,
    /// The socket's upgrade is signed wrongly.
    pub bad_upgrade_signature: bool,
    /// The custom parameters of the stream are left out, the token among them.
    pub no_parameters: bool,
    /// The end of the call is not reported.
    pub no_status_callback: bool,
    /// The call is over with a stream that broke: nobody asks what comes next.
    pub no_next_verb: bool,
    /// Nobody answers where the call is passed on to.
    pub nobody_answers: bool,
}

/// What can be sent in the midst of a call that no well-behaved network sends, or not so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// So many frames are counted and not sent.
    Gap(u32),
    /// The next frame is sent twice.
    Duplicate,
    /// The next two frames are sent in the wrong order.
    Swap,
    /// A frame whose payload is not base64.
    BadBase64,
    /// A frame without payload.
    EmptyPayload,
    /// A frame of so many bytes.
    LongFrame(usize),
    /// The following frames are said to be of the track `outbound`.
    OutboundTrack,
    /// This text as a frame of the socket.
    Text(String),
    /// These bytes as a binary frame of the socket.
    Binary(Bytes),
    /// A second `start`.
    SecondStart,
    /// Nothing is sent for this time, then all at once.
    Stall(Duration),
    /// Nothing is sent any more; the connection stays.
    StopSending,
    /// Nothing is read any more; the connection stays.
    StopReading,
}

/// How the caller's side ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpStyle {
    /// `stop`, then the socket is closed.
    Stop,
    /// The socket is closed without `stop`.
    CloseWithoutStop,
    /// The connection is reset (TCP RST).
    Reset,
}

/// What a phone tells while a call goes on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PhoneEvent {
    /// A media stream was opened.
    StreamStarted,
    /// The agent begins to be audible.
    AgentSpeaks {
        /// When its first audible frame began to be played.
        at: Instant,
    },
    /// The agent has been silent for [`PhoneOptions::agent_silent_after`].
    AgentSilent,
    /// 20 ms of what the caller hears, silence included; less at the end of the stream.
    Heard(Bytes),
    /// All that [`super::Call::say`] was given has been sent.
    CallerSilent,
    /// The server threw its sound away.
    Clear,
    /// A mark was sent back.
    Mark {
        /// Its name.
        name: String,
        /// Its sound was thrown away, not played.
        flushed: bool,
    },
    /// The network itself speaks (TwiML `Say`).
    NetworkSays(String),
    /// The call is passed on to this number, which rings.
    Dials(String),
    /// What who answers there is told before they are connected.
    Whisper(String),
    /// The stream is over; the call goes on with the TwiML behind it.
    StreamEnded,
    /// The server sent what Twilio would warn about (31951).
    Warning(String),
    /// The call is over; nothing follows.
    Ended(Ended),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The caller hung up.
    ByCaller,
    /// The server hung up over REST.
    ByRest,
    /// The server closed the stream and no verb followed, or `Hangup` did.
    ByTwiml,
    /// The server rejected the call by TwiML.
    Rejected,
    /// The server could not be understood or reached.
    Failed(String),
}

/// What remains of a call.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// How it ended.
    pub ended: Ended,
    /// From dialling to the end.
    pub lasted: Duration,
    /// The measurements.
    pub measured: Measured,
    /// What the caller heard, from the stream's start on, if recorded: mu-law, 8 kHz.
    pub heard: Vec<u8>,
    /// Texts that the network spoke itself.
    pub network_said: Vec<String>,
    /// Events that nobody took in time.
    pub events_lost: u64,
    /// HTTP status of the status callback, if it was sent and answered.
    pub status_answer: Option<u16>,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The webhook could not be reached in time.
    #[error("{url} could not be reached: {}", innermost(source))]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The webhook answered with another status than 200.
    #[error("{url} answered {status}{}", advice(*status))]
    Status {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The webhook's answer is not TwiML.
    #[error(transparent)]
    Twiml(#[from] BadTwiml),
    /// A URL cannot be used.
    #[error("`{0}` is not a usable URL")]
    Url(String),
    /// The phone could not be set up.
    #[error("no HTTP client: {0}")]
    Client(#[source] reqwest::Error),
}

fn advice(status: u16) -> &'static str {
    match status {
        403 => ": the token is not the server's, or the address is not its PUBLIC_URL",
        404 => ": the voice webhook of a server is at /webhook/voice",
        _ => "",
    }
}

/// The outer ones only repeat the address.
fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    error.source().map_or(error, innermost)
}
