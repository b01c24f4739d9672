//! The messages of a media socket, as a codec: pure, one implementation per carrier.

use crate::base::ids::{AccountSid, CallSid, StreamSid};
use std::{collections::BTreeMap, time::Duration};

/// Reads and writes the text frames of a media socket. Holds no state: order, gaps and limits are the line's business.
pub trait MediaCodec: Send + Sync + 'static {
    /// Reads one text frame. `audio` is emptied, and holds the sound when the answer is [`FromPhone::Media`].
    ///
    /// # Errors
    /// [`MediaError::Skip`] for a message to be passed over, [`MediaError::Refuse`] for a start that can't be served.
    fn read(&self, text: &str, audio: &mut Vec<u8>) -> Result<FromPhone, MediaError>;

    /// Replaces `text` by one message to the phone; allocates only while `text` is still growing.
    fn write(&self, stream: &StreamSid, message: &ToPhone<'_>, text: &mut String);
}

/// What the carrier tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromPhone {
    /// The socket is open; nothing is known of the call yet.
    Connected,
    /// The stream of a call begins.
    Start(Box<StreamStart>),
    /// A piece of sound; its bytes are in the buffer given to [`MediaCodec::read`].
    Media(MediaMark),
    /// The caller pressed a key: `0`-`9`, `*`, `#`, `A`-`D`.
    Dtmf(char),
    /// Everything sent before the mark of this name was played, or thrown away.
    Mark(String),
    /// The stream is over; the carrier closes the socket next.
    Stop,
    /// A message this version does not know.
    Unknown {
        /// Its name as it came, at most 40 characters.
        event: String,
    },
}

/// How a stream begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The stream, to be named in all that is sent.
    pub stream: StreamSid,
    /// The call it carries.
    pub call: CallSid,
    /// The account that the call belongs to.
    pub account: AccountSid,
    /// How the sound is coded.
    pub format: MediaFormat,
    /// What our own answer to the voice webhook gave along.
    pub parameters: BTreeMap<String, String>,
}

/// How sound is coded. What the carrier leaves out has the documented value: mu-law, 8 kHz, one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFormat {
    /// The media type, such as `audio/x-mulaw`.
    pub encoding: String,
    /// Samples per second.
    pub rate: u64,
    /// How many channels.
    pub channels: u64,
}

impl MediaFormat {
    /// Whether this is telephone sound as the rest of the program expects it: mu-law, 8 kHz, one channel.
    pub fn is_phone(&self) -> bool {
        self.encoding.eq_ignore_ascii_case("audio/x-mulaw") && self.rate == 8_000 && self.channels == 1
    }
}

/// Where a piece of sound belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaMark {
    /// The caller's sound; otherwise our own, sent back to us.
    pub inbound: bool,
    /// Counts the pieces of the track, where the carrier tells.
    pub chunk: Option<u64>,
    /// When the piece begins, since the start of the stream.
    pub at: Option<Duration>,
}

/// What we tell the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToPhone<'a> {
    /// Sound to be played after what was sent before: mu-law, 8 kHz, no header.
    Audio(&'a [u8]),
    /// A mark that comes back when all before it was played.
    Mark(&'a str),
    /// Throw away what was not played yet.
    Clear,
}

/// A message that brings nothing, by what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// Pass it over; the call goes on.
    #[error("a message was passed over: {0}")]
    Skip(Oddity),
    /// A start whose identifiers can't be trusted: the socket is to be closed.
    #[error("the stream can't be served: {reason}")]
    Refuse {
        /// For the log.
        reason: String,
    },
}

/// What was wrong with a message; each kind is logged once per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// Not JSON, or JSON of another shape.
    #[error("not a message")]
    NotAMessage,
    /// The sound is not base64.
    #[error("sound that is not base64")]
    BadAudio,
    /// An event without its content, or a key that no telephone has.
    #[error("a message without its content")]
    NoContent,
    /// An event of a name we do not know.
    #[error("an unknown event")]
    UnknownEvent,
}

impl Oddity {
    /// The stable code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAMessage => "BAD_MESSAGE",
            Self::BadAudio => "BAD_AUDIO",
            Self::NoContent => "NO_CONTENT",
            Self::UnknownEvent => "UNKNOWN_EVENT",
        }
    }
}
