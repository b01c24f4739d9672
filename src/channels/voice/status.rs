//! What the network says of each call: in any order, any number of times, settled on one truth.

use crate::{
    base::ids::CallSid,
    ports::carrier::{CallState, Progress},
};
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Calls whose news is kept; the oldest is forgotten first.
const CALLS_KNOWN: usize = 10_000;

/// The newest that is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its state at the network.
    pub state: CallState,
    /// How long it lasted, once it is over and the network told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    #[serde(skip)]
    sequence: Option<u64>,
}

impl Status {
    /// Takes in one piece of news and tells whether the call is over by it, which is so at most once.
    ///
    /// A final state is never left; otherwise the higher sequence number counts, and without numbers the later arrival.
    fn learn(&mut self, news: &Progress) -> bool {
        let seconds = news.lasted.map(|lasted| lasted.as_secs());
        if self.state.is_final() {
            if news.state == self.state {
                self.seconds = self.seconds.or(seconds);
            }
            return false;
        }
        let newer = match (news.sequence, self.sequence) {
            (Some(news), Some(known)) => news > known,
            _ => true,
        };
        if newer || news.state.is_final() {
            *self = Self { state: news.state, seconds, sequence: news.sequence };
        }
        news.state.is_final()
    }
}

/// The news of the last 10,000 calls.
#[derive(Debug, Default)]
pub struct StatusBook(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    calls: HashMap<CallSid, Status>,
    order: VecDeque<CallSid>,
}

impl StatusBook {
    /// Takes in one piece of news and tells whether the call is over by it, which is so at most once per call.
    pub fn learn(&self, news: &Progress) -> bool {
        let mut pages = self.lock();
        if let Some(status) = pages.calls.get_mut(&news.call) {
            return status.learn(news);
        }
        if pages.order.len() >= CALLS_KNOWN
            && let Some(oldest) = pages.order.pop_front()
        {
            pages.calls.remove(&oldest);
        }
        let seconds = news.lasted.map(|lasted| lasted.as_secs());
        pages.order.push_back(news.call.clone());
        pages.calls.insert(news.call.clone(), Status { state: news.state, seconds, sequence: news.sequence });
        news.state.is_final()
    }

    /// What is known of a call.
    pub fn of(&self, call: &CallSid) -> Option<Status> {
        self.lock().calls.get(call).copied()
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn news(state: CallState, sequence: u64) -> Progress {
        let lasted = (state == CallState::Completed).then_some(Duration::from_secs(82));
        let call = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f".parse().unwrap();
        Progress { call, state, sequence: Some(sequence), lasted }
    }

    #[test]
    fn reordered_and_doubled_news_settle_on_the_final_state_once() {
        use CallState::{Completed, InProgress, Ringing};
        let book = StatusBook::default();
        let story = [(Completed, 3), (Ringing, 1), (Completed, 3), (InProgress, 2)];
        let over: Vec<bool> =
            story.iter().map(|(state, sequence)| book.learn(&news(*state, *sequence))).collect();
        assert_eq!(over, [true, false, false, false]);
        let status = book.of(&news(Completed, 3).call).unwrap();
        assert_eq!((status.state, status.seconds), (Completed, Some(82)));
    }

    #[test]
    fn earlier_news_that_comes_later_changes_nothing() {
        let book = StatusBook::default();
        book.learn(&news(CallState::InProgress, 2));
        book.learn(&news(CallState::Ringing, 1));
        assert_eq!(book.of(&news(CallState::Ringing, 1).call).unwrap().state, CallState::InProgress);
    }
}
