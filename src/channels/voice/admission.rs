//! Who is let in: one-time tokens bound to a call, the limit of calls, and how often a number may call.

use crate::{
    base::ids::{AccountSid, CallSid},
    ports::carrier::Arrival,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Debug)]
pub struct Admission {
    rules: Rules,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tickets: HashMap<CallSid, Entry>,
    callers: HashMap<String, VecDeque<Instant>>,
}

impl State {
    fn coming(&self, now: Instant) -> usize {
        self.tickets.values().filter(|entry| !entry.used && entry.until > now).count()
    }
}

struct Entry {
    token: String,
    ticket: Ticket,
    until: Instant,
    used: bool,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("used", &self.used).finish_non_exhaustive()
    }
}

impl Admission {
    /// Nobody is in yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, state: Mutex::default() }
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
            return Verdict::Welcome { token: entry.token.clone() };
        }
        if live + state.coming(now) >= self.rules.max_calls {
            return Verdict::Busy { code: "MAX_CALLS" };
        }
        if !self.may_call(&mut state, now, &arrival.from) {
            return Verdict::Busy { code: "CALLER_RATE" };
        }
        let token = self.ticket(&mut state, now, Ticket { agent: agent.to_owned(), arrival, epoch: 1 });
        Verdict::Welcome { token }
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

    fn ticket(&self, state: &mut State, now: Instant, ticket: Ticket) -> String {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let until = now + self.rules.token_life;
        let call = ticket.arrival.call.clone();
        state.tickets.insert(call, Entry { token: token.clone(), ticket, until, used: false });
        token
    }

    /// Consumes the token that a media socket brought for `call`: of two sockets with the same token one gets in.
    ///
    /// # Errors
    /// [`TokenRefused`]; the token keeps its state, so a stranger's guess does not lock the caller out.
    pub fn redeem(
        &self,
        now: Instant,
        call: &CallSid,
        account: &AccountSid,
        token: Option<&str>,
    ) -> Result<Ticket, TokenRefused> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenRefused::Missing)?;
        let mut state = self.lock();
        let entry = state.tickets.get_mut(call).filter(|entry| entry.until > now);
        let entry = entry.ok_or(TokenRefused::Unknown)?;
        if !bool::from(entry.token.as_bytes().ct_eq(token.as_bytes())) {
            return Err(TokenRefused::Unknown);
        }
        if entry.ticket.arrival.account != *account {
            return Err(TokenRefused::OtherAccount);
        }
        if std::mem::replace(&mut entry.used, true) {
            return Err(TokenRefused::Used);
        }
        Ok(entry.ticket.clone())
    }

    /// Calls that were let in and have no media socket yet.
    pub fn coming(&self, now: Instant) -> usize {
        self.lock().coming(now)
    }

    /// No token opens anything any more.
    pub fn forget_all(&self) {
        self.lock().tickets.clear();
    }

    /// The call is over: its token opens nothing any more.
    pub fn forget(&self, call: &CallSid) {
        self.lock().tickets.remove(call);
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

fn is_withheld(from: &str) -> bool {
    let digits = from.strip_prefix('+').unwrap_or(from);
    // No number that can be called back is shorter than five digits.
    digits.len() < 5 || !digits.bytes().all(|b| b.is_ascii_digit()) || WITHHELD.contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    fn arrival(number: u32, from: &str) -> Arrival {
        Arrival {
            call: format!("CA{number:032x}").parse().unwrap(),
            account: "AC0123456789abcdef0123456789abcdef".parse().unwrap(),
            from: from.to_owned(),
            to: "+34910123456".to_owned(),
        }
    }

    fn token(verdict: Verdict) -> String {
        match verdict {
            Verdict::Welcome { token } => token,
            Verdict::Busy { code } => panic!("busy: {code}"),
        }
    }

    #[test]
    fn the_same_call_gets_the_same_token_and_the_token_opens_once() {
        let (desk, now, call) = (Admission::new(Rules::default()), clock::now(), arrival(1, "+34600111222"));
        let first = token(desk.ask(now, 0, call.clone(), "clinica"));
        let again = token(desk.ask(now + Duration::from_secs(20), 0, call.clone(), "clinica"));
        assert_eq!(first, again);
        assert_eq!(first.len(), 43);
        let redeem = |token: &str| desk.redeem(now, &call.call, &call.account, Some(token));
        assert_eq!(redeem("guess"), Err(TokenRefused::Unknown));
        assert_eq!(redeem(&first).unwrap().arrival.from, "+34600111222");
        assert_eq!(redeem(&first), Err(TokenRefused::Used));
        assert_eq!(token(desk.ask(now + Duration::from_secs(21), 0, call, "clinica")), first);
    }

    #[test]
    fn a_token_is_bound_to_its_call_its_account_and_its_life() {
        let (desk, now, call) = (Admission::new(Rules::default()), clock::now(), arrival(1, "+34600111222"));
        let token = token(desk.ask(now, 0, call.clone(), "clinica"));
        let stranger = "ACffffffffffffffffffffffffffffffff".parse().unwrap();
        let other = arrival(2, "").call;
        assert_eq!(desk.redeem(now, &other, &call.account, Some(&token)), Err(TokenRefused::Unknown));
        assert_eq!(desk.redeem(now, &call.call, &stranger, Some(&token)), Err(TokenRefused::OtherAccount));
        assert_eq!(desk.redeem(now, &call.call, &call.account, None), Err(TokenRefused::Missing));
        let late = now + Duration::from_mins(1);
        assert_eq!(desk.redeem(late, &call.call, &call.account, Some(&token)), Err(TokenRefused::Unknown));
        desk.forget(&call.call);
        assert_eq!(desk.redeem(now, &call.call, &call.account, Some(&token)), Err(TokenRefused::Unknown));
    }

    #[test]
    fn a_call_that_comes_back_gets_another_token_and_the_former_is_dead() {
        let (desk, now, call) = (Admission::new(Rules::default()), clock::now(), arrival(1, "+34600111222"));
        let first = token(desk.ask(now, 0, call.clone(), "clinica"));
        let second = desk.ask_again(now, Ticket { arrival: call.clone(), agent: "clinica".into(), epoch: 2 });
        let redeem = |token: &str| desk.redeem(now, &call.call, &call.account, Some(token));
        assert_eq!(redeem(&first), Err(TokenRefused::Unknown));
        assert_eq!(desk.token_of(now, &call.call, 2).as_deref(), Some(second.as_str()));
        assert_eq!(redeem(&second).unwrap().epoch, 2);
        assert_eq!(desk.token_of(now, &call.call, 2), None);
    }

    #[test]
    fn calls_on_their_way_count_as_calls() {
        let desk = Admission::new(Rules { max_calls: 3, ..Rules::default() });
        let now = clock::now();
        let ask = |number: u32, at: Instant| desk.ask(at, 1, arrival(number, "anonymous"), "clinica");
        token(ask(1, now));
        token(ask(2, now));
        assert_eq!(ask(3, now), Verdict::Busy { code: "MAX_CALLS" });
        token(ask(3, now + Duration::from_secs(61)));
    }

    #[test]
    fn a_number_calls_six_times_a_minute_and_retries_are_not_counted() {
        let (desk, now) = (Admission::new(Rules::default()), clock::now());
        let ask = |number: u32, at: Instant| desk.ask(at, 0, arrival(number, "+34600111222"), "clinica");
        for number in 0..6 {
            token(ask(number, now));
            token(ask(number, now));
        }
        assert_eq!(ask(6, now), Verdict::Busy { code: "CALLER_RATE" });
        token(desk.ask(now, 0, arrival(7, "+34600111223"), "clinica"));
        token(ask(8, now + Duration::from_mins(1)));
    }

    #[test]
    fn withheld_numbers_share_one_limit() {
        let (desk, now) = (Admission::new(Rules::default()), clock::now());
        for number in 0..20 {
            let from = ["anonymous", "+266696687", "", "Restricted"][number as usize % 4];
            token(desk.ask(now, 0, arrival(number, from), "clinica"));
        }
        assert_eq!(
            desk.ask(now, 0, arrival(20, "unknown"), "clinica"),
            Verdict::Busy { code: "CALLER_RATE" }
        );
    }

    #[test]
    fn the_memory_of_numbers_is_bounded() {
        let desk =
            Admission::new(Rules { max_calls: usize::MAX, token_life: Duration::ZERO, ..Rules::default() });
        let now = clock::now();
        for number in 0..20_000 {
            token(desk.ask(now, 0, arrival(number, &format!("+34{number:09}")), "clinica"));
        }
        assert!(desk.lock().callers.len() <= NUMBERS_KNOWN);
    }
}
