//! The telephone network's webhooks: who really sent a request, what it says, and how it is answered.

use crate::{
    base::{
        ids::{AccountSid, CallSid},
        secret::Masked,
    },
    dialogue::turns::Heard,
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// A carrier's requests and answers; pure. No request counts before it was verified.
///
/// The address that was signed follows from the configured public address and the path, never from `Host` or
/// `X-Forwarded-*`, which anybody can write.
pub trait Carrier: Send + Sync + 'static {
    /// Checks a webhook request; `body` is empty for GET. Returns its parameters, those of the body before those of
    /// the query.
    ///
    /// # Errors
    /// [`Denied`], to be answered with 403 and nothing else.
    fn verify_form(&self, path_and_query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Params, Denied>;

    /// Checks the request that opens a media socket; a query is not part of what was signed.
    ///
    /// # Errors
    /// [`Denied`], to be answered with 403 before any upgrade.
    fn verify_upgrade(&self, path: &str, headers: &HeaderMap) -> Result<(), Denied>;

    /// The call that a verified voice request announces.
    ///
    /// # Errors
    /// [`BadRequest`] when an identifier is missing or is none.
    fn arrival(&self, params: &Params) -> Result<Arrival, BadRequest>;

    /// The news of a verified status request.
    ///
    /// # Errors
    /// [`BadRequest`] when the call or its state is missing.
    fn news(&self, params: &Params) -> Result<News, BadRequest>;

    /// Connects the call to the media socket at `stream_path`; when the socket is gone, the call asks at `resume_path`.
    fn connect(&self, stream_path: &str, parameters: &[(&str, &str)], resume_path: &str) -> Answer;

    /// The call asks again in a second, at `path`, by when another node should answer.
    fn ask_again(&self, path: &str) -> Answer;

    /// Refuses the call as busy.
    fn busy(&self) -> Answer;

    /// Says `text` by the carrier's own voice, in the language of `tag` (BCP 47) or the nearest it speaks, and ends the
    /// call.
    fn goodbye(&self, tag: &str, text: &str) -> Answer;

    /// Ends the call without a word.
    fn hang_up(&self) -> Answer;

    /// Passes the call on; how that went is told at [`Dial::after`].
    fn dial(&self, dial: &Dial<'_>) -> Answer;

    /// Says `text` to whoever is on the line, in the language of `tag`, and lets what goes on go on.
    fn say(&self, tag: &str, text: &str) -> Answer;

    /// Whether the caller talked with whom they were passed on to, as a verified request to [`Dial::after`] tells it.
    fn was_put_through(&self, params: &Params) -> bool;

    /// Says `text` by the carrier's own voice and listens by its own recogniser, to words and keys. What was heard, or that nothing
    /// was for so long, comes to `path`; see [`Self::heard`].
    fn listen(&self, tongue: Tongue<'_>, text: &str, silence: Duration, path: &str) -> Answer;

    /// Says `text` by the carrier's own voice and asks at `path` how to go on.
    fn say_and_ask(&self, tongue: Tongue<'_>, text: &str, path: &str) -> Answer;

    /// Says `text` by the carrier's own voice and ends the call.
    fn say_and_end(&self, tongue: Tongue<'_>, text: &str) -> Answer;

    /// What the carrier heard since [`Self::listen`].
    fn heard(&self, params: &Params) -> Heard;
}

/// How a call is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial<'a> {
    /// The number that is dialled (E.164).
    pub number: &'a str,
    /// How long it rings.
    pub rings: Duration,
    /// Where the network asks what to say to whoever answers, before they are connected.
    pub whisper: Option<&'a str>,
    /// Where the call asks how to go on afterwards.
    pub after: &'a str,
}

/// How the carrier itself speaks and listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tongue<'a> {
    /// The language (BCP 47).
    pub tag: &'a str,
    /// The voice by the carrier's name; its usual one for the language where empty.
    pub voice: &'a str,
}

/// The parameters of a request, in the order they came; names may repeat.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(pub Vec<(String, String)>);

impl Params {
    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A request that the carrier did not send, or not for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// No signature, or something that is none.
    #[error("the request is not signed")]
    Unsigned,
    /// Signed with another key, or changed on its way.
    #[error("the signature does not fit the request")]
    Forged,
    /// Well signed, but for another account than ours.
    #[error("the request is for another account")]
    OtherAccount,
}

impl Denied {
    /// The stable code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsigned => "UNSIGNED",
            Self::Forged => "FORGED",
            Self::OtherAccount => "OTHER_ACCOUNT",
        }
    }
}

/// A well signed request that we can't make sense of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request says nothing usable: {0}")]
pub struct BadRequest(pub String);

/// A call that wants an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The call.
    pub call: CallSid,
    /// The account it belongs to.
    pub account: AccountSid,
    /// The caller's number; a word or nothing where it is withheld.
    pub from: String,
    /// The number that was called.
    pub to: String,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("call", &self.call)
            .field("from", &Masked(&self.from))
            .field("to", &Masked(&self.to))
            .finish_non_exhaustive()
    }
}

/// News of a call, as the network sees it. May arrive late, twice and out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The call.
    pub call: CallSid,
    /// Its state.
    pub state: CallState,
    /// Orders the news of one call, from 0, where the carrier tells.
    pub sequence: Option<u64>,
    /// How long the call lasted; only with [`CallState::Completed`].
    pub lasted: Option<Duration>,
}

/// What a status request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How a call fares.
    Progress(Progress),
    /// A word that nobody knows yet: the network may learn new ones.
    Unknown {
        /// The call.
        call: CallSid,
        /// The word, as it came.
        word: String,
    },
}

/// The states of a call at the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallState {
    /// Waits to be dialled.
    Queued,
    /// Is being dialled.
    Initiated,
    /// Rings.
    Ringing,
    /// Is being talked.
    InProgress,
    /// Ended after a talk.
    Completed,
    /// Ended: the other side was busy.
    Busy,
    /// Ended: nobody answered.
    NoAnswer,
    /// Ended: it could not be connected.
    Failed,
    /// Ended: the caller gave up before the answer.
    Canceled,
}

impl CallState {
    /// Whether the call is over.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled)
    }
}

/// The body of an answer to a webhook; its status is 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The media type.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}
