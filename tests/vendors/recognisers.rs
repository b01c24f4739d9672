//! Recognisers in order: who is lost is replaced, and what the caller said becomes final once.

use crate::rig::{stt_spec, within};
use bytes::Bytes;
use centralita::{
    ports::stt::{HearingCommand, SpeechToText, SttEvent, SttSession},
    providers::{
        deepgram::{Listen, Options},
        failover::Recognisers,
    },
    testbed::{
        deepgram::ListenFault,
        fakes::{FakeOptions, Fakes},
        log::Service,
        voice,
    },
};
use futures_util::StreamExt as _;
use std::{sync::Arc, time::Duration};

const FIRST: &str = "Quiero una cita.";
const SECOND: &str = "Para el martes.";

/// No test comes near it.
const NEVER: Duration = Duration::from_mins(10);

/// Two recognisers, and a call that is open at them.
struct Two {
    first: Fakes,
    second: Fakes,
    recognisers: Recognisers,
}

impl Two {
    async fn start() -> Self {
        let mut wanted = FakeOptions::default();
        wanted.deepgram.partial_every = Duration::ZERO;
        let first = Fakes::start(wanted.clone()).await.unwrap();
        let second = Fakes::start(wanted).await.unwrap();
        let listen = |fakes: &Fakes| -> Arc<dyn SpeechToText> {
            let mut options = Options::new(fakes.deepgram.url().parse().unwrap(), "key".to_owned().into());
            options.listen.first_pause = Duration::from_millis(1);
            options.listen.longest_pause = Duration::from_millis(4);
            Arc::new(Listen::new(options))
        };
        let recognisers = Recognisers::new([listen(&first), listen(&second)]).with_patience(NEVER);
        Self { first, second, recognisers }
    }

    fn finals(&self) -> (Vec<String>, Vec<String>) {
        let finals = |fakes: &Fakes| fakes.log().details(Service::Deepgram, "final");
        (finals(&self.first), finals(&self.second))
    }
}

/// Speech and a second of silence, as the telephone sends it, but all at once.
fn speak(session: &SttSession) {
    let mut audio = voice::caller(1, 5);
    audio.resize(audio.len() + 8_000, 0xFF);
    for frame in audio.chunks(160) {
        session.commands.push(HearingCommand::Audio(Bytes::copy_from_slice(frame)));
    }
}

/// Waits for the next end of a turn; returns its words and how often a recogniser was lost before.
async fn turn(session: &mut SttSession) -> (String, u32) {
    let (mut words, mut losses) = (String::new(), 0);
    loop {
        match within(session.events.next()).await.expect("somebody listens") {
            SttEvent::Final { text, end_of_turn } => {
                words += &text;
                if end_of_turn {
                    return (words, losses);
                }
            }
            SttEvent::Lost { fatal, reason } => {
                assert!(!fatal, "{reason}");
                losses += 1;
            }
            SttEvent::Ready
            | SttEvent::Partial { .. }
            | SttEvent::EagerEnd { .. }
            | SttEvent::Resumed
            | SttEvent::UtteranceEnd => {}
        }
    }
}

#[tokio::test]
async fn who_refuses_is_replaced_and_no_word_is_lost() {
    let two = Two::start().await;
    two.first.deepgram.listen_faults().always(ListenFault::Refuse(401));
    two.second.deepgram.hears([FIRST, SECOND]);
    let mut session = two.recognisers.open(stt_spec());
    speak(&session);
    assert_eq!(turn(&mut session).await.0, FIRST);
    speak(&session);
    assert_eq!(turn(&mut session).await, (SECOND.to_owned(), 0));
    assert_eq!(two.first.log().count(Service::Deepgram, "refused"), 2);
    assert_eq!(two.finals(), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
    drop(session);
    within(two.second.closed()).await;
}

#[tokio::test]
async fn who_is_away_for_too_long_is_replaced() {
    let mut two = Two::start().await;
    two.first.deepgram.shut().await;
    two.recognisers = two.recognisers.with_patience(Duration::from_millis(50));
    two.second.deepgram.hears([FIRST]);
    let mut session = two.recognisers.open(stt_spec());
    speak(&session);
    assert_eq!(turn(&mut session).await.0, FIRST);
}

#[tokio::test]
async fn who_breaks_in_mid_utterance_again_is_replaced_and_the_utterance_is_heard_whole() {
    for fault in [ListenFault::CloseMidUtterance, ListenFault::CutMidUtterance] {
        let two = Two::start().await;
        two.first.deepgram.listen_faults().always(fault);
        two.second.deepgram.hears([FIRST]);
        let mut session = two.recognisers.open(stt_spec());
        speak(&session);
        assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 2));
        assert_eq!(two.finals(), (vec![], vec![FIRST.to_owned()]));
    }
}

/// The first one makes [`FIRST`] final and then refuses; the second one hears `then`. Returns the second turn's words.
async fn after_a_final(two: &Two, then: &str) -> String {
    two.first.deepgram.hears([FIRST]);
    two.second.deepgram.hears([then]);
    let mut session = two.recognisers.open(stt_spec());
    speak(&session);
    assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 0));
    two.first.deepgram.listen_faults().always(ListenFault::Refuse(403));
    two.first.deepgram.close_sockets(1011, "NET-0001");
    speak(&session);
    turn(&mut session).await.0
}

#[tokio::test]
async fn what_was_made_final_is_not_heard_again() {
    let two = Two::start().await;
    assert_eq!(after_a_final(&two, SECOND).await, SECOND);
    assert_eq!(two.finals(), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
}

#[tokio::test]
async fn a_final_that_comes_again_is_told_once() {
    let two = Two::start().await;
    assert_eq!(after_a_final(&two, "Quiero una cita para el martes.").await, "para el martes.");
}

#[tokio::test]
async fn when_nobody_is_left_the_call_learns_it() {
    let two = Two::start().await;
    for fakes in [&two.first, &two.second] {
        fakes.deepgram.listen_faults().always(ListenFault::Refuse(401));
    }
    let mut session = two.recognisers.open(stt_spec());
    let mut fatal = Vec::new();
    while let Some(event) = within(session.events.next()).await {
        let SttEvent::Lost { fatal: for_good, .. } = event else { continue };
        fatal.push(for_good);
        if for_good {
            break;
        }
    }
    assert_eq!(fatal.iter().filter(|fatal| **fatal).count(), 1);
    let refused = |fakes: &Fakes| fakes.log().count(Service::Deepgram, "refused");
    assert!((1..=2).contains(&refused(&two.first)) && (1..=2).contains(&refused(&two.second)));
}
