//! Who is let in: one-time tokens bound to a call, the limit of calls, what there must be room for, and how often a number may call.

mod shared;

use super::room::Scarce;
use crate::{
    base::ids::{AccountSid, CallSid},
    ports::{carrier::Arrival, state::SharedState},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq as _;

/// Numbers whose calls are counted at the same time. More within a window are forgotten all at once: such a crowd is
/// stopped by [`Rules::max_calls`], and memory must not grow with it.
const NUMBERS_KNOWN: usize = 10_000;

/// A socket that opens at all does so within seconds: for so long a call that was let in counts as one of this node.
const COMING: Duration = Duration::from_secs(10);

/// What some networks send where the caller withholds the number: the letters of ANONYMOUS, RESTRICTED, BLOCKED,
/// UNKNOWN and UNAVAILABLE on a keypad.
const WITHHELD: [&str; 5] = ["266696687", "7378742833", "2562533", "8656696", "86282452253"];

/// How many calls are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Calls at the same time, those on their way to the media socket included.
    pub max_calls: usize,
    /// How long a token lives.
    pub token_life: Duration,
    /// Calls of one number within [`Rules::window`].
    pub per_number: usize,
    /// Calls of withheld numbers together within [`Rules::window`].
    pub withheld: usize,
    /// The window of the two limits.
    pub window: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_calls: 300,
            token_life: Duration::from_mins(1),
            per_number: 6,
            withheld: 20,
            window: Duration::from_mins(1),
        }
    }
}

/// What a call gets.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may open a media socket with this token, once.
    Welcome {
        /// Letters, digits, `-` and `_`.
        token: String,
    },
    /// It is refused as busy.
    Busy {
        /// The stable code in the log.
        code: &'static str,
    },
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome { .. } => f.write_str("Welcome"),
            Self::Busy { code } => write!(f, "Busy({code})"),
        }
    }
}

/// What the voice webhook knew of the call whose socket was let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The call as it arrived.
    pub arrival: Arrival,
    /// The agent that takes it.
    pub agent: String,
    /// Which media socket of the call this is, from 1.
    pub epoch: i64,
}

/// Why a socket is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.code())]
pub enum TokenRefused {
    /// The start brought no token.
    Missing,
    /// Nobody got this token for this call, or it is too old.
    Unknown,
    /// A socket came with it already.
    Used,
    /// The token fits, but not the account.
    OtherAccount,
}

impl TokenRefused {
    /// The stable code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Unknown => "TOKEN_UNKNOWN",
            Self::Used => "TOKEN_USED",
            Self::OtherAccount => "TOKEN_OTHER_ACCOUNT",
        }
    }
}

/// Lets calls in. Shared by all requests; every step is atomic.
///
/// A token opens a socket at any node that has the same state store, where it was [shared](Self::share), and outlives this process.
#[derive(Debug)]
pub struct Admission {
    rules: Rules,
    state: Mutex<State>,
    others: SharedState,
}

#[derive(Debug, Default)]
struct State {
    tickets: HashMap<CallSid, Entry>,
    callers: HashMap<String, VecDeque<Instant>>,
    closed: bool,
    scarce: Option<Scarce>,
}

impl State {
    fn coming(&self, now: Instant) -> usize {
        self.tickets.values().filter(|entry| !entry.used && entry.until > now && entry.comes_by > now).count()
    }
}

struct Entry {
    token: String,
    ticket: Ticket,
    until: Instant,
    /// By now the socket has opened, here or at another node.
    comes_by: Instant,
    used: bool,
    /// Other nodes may have let somebody in with it.
    shared: bool,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("used", &self.used).finish_non_exhaustive()
    }
}

impl Admission {
    /// Nobody is in yet. Tokens are shared by way of `others`.
    pub fn new(rules: Rules, others: SharedState) -> Self {
        Self { rules, state: Mutex::default(), others }
    }

    /// The most calls at the same time.
    pub fn max_calls(&self) -> usize {
        self.rules.max_calls
    }

    /// Decides on a call that arrives while `live` calls have a line. The same call gets the same answer for
    /// [`Rules::token_life`], however often it asks, and is counted once.
    pub fn ask(&self, now: Instant, live: usize, arrival: Arrival, agent: &str) -> Verdict {
        let mut state = self.lock();
        state.tickets.retain(|_, entry| entry.until > now);
        if let Some(entry) = state.tickets.get(&arrival.call) {
            // A call that is further on keeps its ticket: whoever repeats its first question gets a token that opens nothing.
            let token = if entry.ticket.epoch == 1 { entry.token.clone() } else { random_token() };
            return Verdict::Welcome { token };
        }
        let others = live + state.coming(now);
        if others >= self.rules.max_calls {
            return Verdict::Busy { code: "MAX_CALLS" };
        }
        // An empty house takes a call in any case: it has nobody to protect, and refusing would not make it any emptier.
        if let Some(scarce) = state.scarce.filter(|_| others > 0) {
            return Verdict::Busy { code: scarce.code() };
        }
        if !self.may_call(&mut state, now, &arrival.from) {
            return Verdict::Busy { code: "CALLER_RATE" };
        }
        let token = self.ticket(&mut state, now, Ticket { agent: agent.to_owned(), arrival, epoch: 1 });
        Verdict::Welcome { token }
    }

    /// From now on new calls are refused for this, or no longer; see [`room`](super::room).
    pub fn lacks(&self, scarce: Option<Scarce>) {
        self.lock().scarce = scarce;
    }

    /// What new calls are refused for, besides [`Rules`].
    pub fn lacking(&self) -> Option<Scarce> {
        self.lock().scarce
    }

    /// Lets a call that was let in before open one more media socket, and returns its token; an earlier one opens nothing any more.
    /// Such a call is refused by no limit: whoever talks to us was counted already.
    pub fn ask_again(&self, now: Instant, ticket: Ticket) -> String {
        self.ticket(&mut self.lock(), now, ticket)
    }

    /// The token of a media socket of this epoch that has not opened yet: whoever asks again gets the same answer.
    pub fn token_of(&self, now: Instant, call: &CallSid, epoch: i64) -> Option<String> {
        let state = self.lock();
        let entry = state.tickets.get(call).filter(|entry| entry.until > now && !entry.used)?;
        (entry.ticket.epoch == epoch).then(|| entry.token.clone())
    }

    /// Takes back a token that was not given to anybody.
    pub fn withdraw(&self, call: &CallSid, token: &str) {
        let mut state = self.lock();
        if state.tickets.get(call).is_some_and(|entry| entry.token == token) {
            state.tickets.remove(call);
        }
    }

    fn ticket(&self, state: &mut State, now: Instant, ticket: Ticket) -> String {
        let token = random_token();
        let (until, comes_by) = (now + self.rules.token_life, now + COMING);
        let call = ticket.arrival.call.clone();
        let entry = Entry { token: token.clone(), ticket, until, comes_by, used: false, shared: false };
        state.tickets.insert(call, entry);
        token
    }

    /// Consumes the token that a media socket brought for `call`, where it was given out here; tells also whether others know it.
    fn redeem_here(
        &self,
        now: Instant,
        call: &CallSid,
        account: &AccountSid,
        token: &str,
    ) -> Result<(Ticket, bool), NotHere> {
        let mut state = self.lock();
        if state.closed {
            return Err(TokenRefused::Unknown.into());
        }
        let entry = state.tickets.get_mut(call).filter(|entry| entry.until > now);
        let entry = entry.ok_or(NotHere::Other { least: 1 })?;
        if !bool::from(entry.token.as_bytes().ct_eq(token.as_bytes())) {
            return Err(NotHere::Other { least: entry.ticket.epoch + i64::from(entry.used) });
        }
        if entry.ticket.arrival.account != *account {
            return Err(TokenRefused::OtherAccount.into());
        }
        if std::mem::replace(&mut entry.used, true) {
            return Err(TokenRefused::Used.into());
        }
        Ok((entry.ticket.clone(), entry.shared))
    }

    /// Calls that were let in and have no media socket yet.
    pub fn coming(&self, now: Instant) -> usize {
        self.lock().coming(now)
    }

    /// No token opens anything here any more.
    pub fn close(&self) {
        let mut state = self.lock();
        state.tickets.clear();
        state.closed = true;
    }

    /// The call is over: its token opens nothing here any more.
    pub fn forget(&self, call: &CallSid) {
        if let Some(entry) = self.lock().tickets.get_mut(call) {
            entry.used = true;
        }
    }

    fn may_call(&self, state: &mut State, now: Instant, from: &str) -> bool {
        let withheld = is_withheld(from);
        let (key, most) = if withheld { ("", self.rules.withheld) } else { (from, self.rules.per_number) };
        let recent = |at: &Instant| now.duration_since(*at) < self.rules.window;
        if state.callers.len() >= NUMBERS_KNOWN && !state.callers.contains_key(key) {
            state.callers.retain(|_, calls| calls.back().is_some_and(recent));
            if state.callers.len() >= NUMBERS_KNOWN {
                state.callers.clear();
            }
        }
        let calls = state.callers.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|at| !recent(at)) {
            calls.pop_front();
        }
        if calls.len() >= most {
            return false;
        }
        calls.push_back(now);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a token opens nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotHere {
    /// It was not given out here: another node may have let the call in, under this epoch or a later one.
    Other { least: i64 },
    /// It opens nothing anywhere.
    Refused(TokenRefused),
}

impl From<TokenRefused> for NotHere {
    fn from(refused: TokenRefused) -> Self {
        Self::Refused(refused)
    }
}

fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Whether a caller's number is not told: a word, nothing, or one of the numbers that stand for that.
pub(crate) fn is_withheld(from: &str) -> bool {
    let digits = from.strip_prefix('+').unwrap_or(from);
    // No number that can be called back is shorter than five digits.
    digits.len() < 5 || !digits.bytes().all(|b| b.is_ascii_digit()) || WITHHELD.contains(&digits)
}

#[cfg(test)]
mod tests;
