//! `/v2/listen`: turns as Flux tells them, made of what the recogniser decides. Pure but for the sending.

use super::{
    super::{
        ListenFault,
        query::Flux,
        refusal::REQUEST_ID,
        wire::{FlatWord, ToClient, TurnInfo},
    },
    Session, say_nonsense,
};
use crate::testbed::{
    recogniser::Decided,
    socket::{self, Over},
};
use axum::extract::ws::WebSocket;
use std::time::{Duration, Instant};

/// The turns of one socket.
#[derive(Debug)]
pub(super) struct Turns {
    wanted: Flux,
    eager_after: Duration,
    index: u32,
    sequence: u32,
    open: Option<Open>,
    /// Where the last turn ended.
    end: f64,
}

/// A turn that is not over.
#[derive(Debug)]
struct Open {
    from: f64,
    to: f64,
    text: String,
    newest: Instant,
    /// An `EagerEndOfTurn` was told and no `TurnResumed` since.
    seems_over: bool,
}

impl Turns {
    /// An eager end comes so long after the newest text.
    pub(super) fn new(wanted: Flux, eager_after: Duration) -> Self {
        Self { wanted, eager_after, index: 0, sequence: 0, open: None, end: 0.0 }
    }

    /// The first message of a socket.
    pub(super) fn connected() -> ToClient {
        ToClient::Connected { request_id: REQUEST_ID, sequence_id: 0 }
    }

    /// What Flux says where the recogniser has decided this at `now`.
    pub(super) fn take(&mut self, now: Instant, decided: Decided) -> Vec<TurnInfo> {
        match decided {
            Decided::Started { at } if self.open.is_none() => {
                vec![self.info("Update", "", (self.end, at), 0.01)]
            }
            Decided::Partial { text, from, to } => {
                let (event, confidence) = match &self.open {
                    None => ("StartOfTurn", 0.02),
                    Some(Open { seems_over: true, .. }) => ("TurnResumed", 0.08),
                    Some(_) => ("Update", 0.04),
                };
                let told = self.info(event, &text, (from, to), confidence);
                self.open = Some(Open { from, to, text, newest: now, seems_over: false });
                vec![told]
            }
            Decided::Final { text, from, to } => {
                let begun = self.open.take().is_some();
                if text.is_empty() {
                    return Vec::new();
                }
                let start = (!begun).then(|| self.info("StartOfTurn", &text, (from, to), 0.02));
                let sure = (self.wanted.end + 0.11).min(0.99);
                let end = self.info("EndOfTurn", &text, (from, to), sure);
                (self.index, self.end) = (self.index + 1, to);
                start.into_iter().chain([end]).collect()
            }
            Decided::Started { .. } | Decided::UtteranceEnd { .. } => Vec::new(),
        }
    }

    /// What is due at `now` without audio.
    pub(super) fn tick(&mut self, now: Instant) -> Option<TurnInfo> {
        if self.next_deadline()? > now {
            return None;
        }
        let open = self.open.as_mut()?;
        open.seems_over = true;
        let (text, window) = (open.text.clone(), (open.from, open.to));
        let confidence = self.wanted.eager.unwrap_or_default() + 0.03;
        Some(self.info("EagerEndOfTurn", &text, window, confidence))
    }

    /// When [`Turns::tick`] is next due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.wanted.eager?;
        let open = self.open.as_ref().filter(|open| !open.seems_over)?;
        Some(open.newest + self.eager_after)
    }

    fn info(&mut self, event: &'static str, text: &str, (from, to): (f64, f64), confidence: f64) -> TurnInfo {
        self.sequence += 1;
        let hinted = Some(self.wanted.hints.clone()).filter(|hints| !hints.is_empty());
        TurnInfo {
            request_id: REQUEST_ID,
            sequence_id: self.sequence,
            event,
            turn_index: self.index,
            audio_window_start: from,
            audio_window_end: to,
            transcript: text.to_owned(),
            words: text.split_whitespace().map(FlatWord::of).collect(),
            end_of_turn_confidence: confidence,
            languages: hinted.as_ref().and_then(|hints| hints.first()).map(|first| vec![first.clone()]),
            languages_hinted: hinted,
        }
    }
}

impl Session {
    /// Says what the turns have come to, with the fault that holds.
    pub(super) async fn tell_turns(&mut self, socket: &mut WebSocket, now: Instant) -> Option<Over> {
        let fault = self.fault.now();
        let decided = std::mem::take(&mut self.decided);
        let turns = self.turns.as_mut()?;
        let mut told: Vec<TurnInfo> =
            decided.into_iter().flat_map(|decided| turns.take(now, decided)).collect();
        told.extend(turns.tick(now));
        for mut info in told {
            let (over, begun) = (info.event == "EndOfTurn", !info.transcript.is_empty());
            if over {
                self.visit.note("final", info.transcript.clone());
            }
            match fault {
                ListenFault::Silent => continue,
                ListenFault::PartialsOnly if over => continue,
                ListenFault::HugeText if begun => info.transcript = socket::huge(),
                ListenFault::UnknownEvents if !say_nonsense(socket).await => return Some(Over::Gone),
                _ => {}
            }
            if !socket::send(socket, &ToClient::TurnInfo(info)).await {
                return Some(Over::Gone);
            }
            match fault {
                ListenFault::CloseMidUtterance if begun && !over => {
                    return Some(Over::Close(1011, "NET-0000".to_owned()));
                }
                ListenFault::CutMidUtterance if begun && !over => return Some(Over::Gone),
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    const EAGER: Duration = Duration::from_millis(250);

    fn turns(query: &str) -> Turns {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Turns::new(Flux::read(&pairs).unwrap(), EAGER)
    }

    fn partial(text: &str) -> Decided {
        Decided::Partial { text: text.to_owned(), from: 0.2, to: 1.0 }
    }

    fn last(text: &str) -> Decided {
        Decided::Final { text: text.to_owned(), from: 0.2, to: 2.0 }
    }

    fn told(infos: impl IntoIterator<Item = TurnInfo>) -> Vec<String> {
        infos.into_iter().map(|i| format!("{} {} {}", i.turn_index, i.event, i.transcript)).collect()
    }

    #[test]
    fn a_turn_seems_over_goes_on_and_ends() {
        let now = clock::now();
        let mut turns =
            turns("model=flux-general-multi&encoding=mulaw&sample_rate=8000&eager_eot_threshold=0.5");
        assert_eq!(told(turns.take(now, Decided::Started { at: 0.22 })), ["0 Update "]);
        assert_eq!(told(turns.take(now, partial("Quiero"))), ["0 StartOfTurn Quiero"]);
        assert_eq!(told(turns.take(now, partial("Quiero una"))), ["0 Update Quiero una"]);
        assert_eq!(turns.next_deadline(), Some(now + EAGER));
        assert_eq!(told(turns.tick(now + EAGER)), ["0 EagerEndOfTurn Quiero una"]);
        assert_eq!((turns.next_deadline(), told(turns.tick(now + 2 * EAGER))), (None, vec![]));
        assert_eq!(told(turns.take(now, partial("Quiero una cita"))), ["0 TurnResumed Quiero una cita"]);
        assert_eq!(told(turns.tick(now + EAGER)), ["0 EagerEndOfTurn Quiero una cita"]);
        assert_eq!(told(turns.take(now, last("Quiero una cita."))), ["0 EndOfTurn Quiero una cita."]);
        assert_eq!(told(turns.take(now, last(""))), [""; 0], "a click is no turn");
        assert_eq!(told(turns.take(now, last("Sí."))), ["1 StartOfTurn Sí.", "1 EndOfTurn Sí."]);
    }

    #[test]
    fn nothing_is_eager_unasked() {
        let now = clock::now();
        let mut turns = turns("model=flux-general-en&encoding=mulaw&sample_rate=8000");
        turns.take(now, partial("Yes"));
        assert_eq!((turns.next_deadline(), told(turns.tick(now + 2 * EAGER))), (None, vec![]));
    }
}
