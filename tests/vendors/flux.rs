//! Deepgram's recognition by Flux, against the fake.

use crate::rig::{FIRST, SECOND, Server, burst, event, lines, send, stt_spec, within};
use centralita::{
    ports::stt::{HearingCommand, SpeechToText as _, SttEvent, SttSession},
    providers::deepgram::{Listen, Options},
    testbed::{
        deepgram::ListenFault,
        fakes::{FakeOptions, Fakes},
        log::Service,
        voice,
    },
};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const PATIENT: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_millis(350);

/// Flux lets nobody be silent for more than 5 s within a turn, so `final_after` is at most that.
async fn fakes(final_after: Duration) -> Fakes {
    let mut wanted = FakeOptions::default();
    wanted.deepgram.partial_every = Duration::ZERO;
    wanted.deepgram.final_after = final_after;
    wanted.deepgram.eager_after = Duration::from_millis(50);
    let fakes = Fakes::start(wanted).await.unwrap();
    fakes.deepgram.hears([FIRST, SECOND]);
    fakes
}

fn options(url: &str) -> Options {
    let mut options = Options::new(url.parse().unwrap(), "dg-key".to_owned().into());
    "flux-general-multi".clone_into(&mut options.listen.model);
    options.listen.line.first_pause = Duration::from_millis(1);
    options.listen.line.longest_pause = Duration::from_millis(4);
    options
}

fn open(fakes: &Fakes, eager: Option<f32>) -> SttSession {
    let mut options = options(&fakes.deepgram.url());
    options.listen.eager = eager;
    Listen::new(options).open(stt_spec())
}

fn speak(session: &SttSession) {
    send(session, &voice::caller(1, 5));
}

/// So many seconds at once: more than twice the patience, so that the turn is over by the clock of the audio.
fn be_silent(session: &SttSession, seconds: usize) {
    session.commands.push(HearingCommand::Audio(vec![0xFF; seconds * 8_000].into()));
}

/// What a turn was told to be until it was over.
#[derive(Debug, Default)]
struct Told {
    eager: u32,
    resumed: u32,
    lost: u32,
    text: String,
}

/// Follows the next turn to its end, whose order must hold; `eagerly` is told of each eager end.
async fn turn(session: &mut SttSession, mut eagerly: impl FnMut(&SttSession, u32)) -> Told {
    let mut told = Told::default();
    let (mut seems_over, mut words) = (false, String::new());
    loop {
        match event(session).await {
            SttEvent::Ready => {}
            SttEvent::Partial { text } => {
                assert!(!seems_over, "words behind an eager end are a resumption");
                words = text;
            }
            SttEvent::EagerEnd { text } => {
                assert!(!seems_over && text == words, "{text}");
                seems_over = true;
                told.eager += 1;
                eagerly(session, told.eager);
            }
            SttEvent::Resumed => {
                assert!(std::mem::take(&mut seems_over), "nothing had seemed to be over");
                told.resumed += 1;
            }
            SttEvent::Final { text, end_of_turn } => {
                assert!(end_of_turn, "Flux tells whole turns");
                told.text = text;
                return told;
            }
            SttEvent::Lost { fatal: false, .. } => {
                seems_over = false;
                told.lost += 1;
            }
            other => unreachable!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_turn_that_seems_over_goes_on_seems_over_again_and_ends() {
    let fakes = fakes(PATIENT).await;
    let mut session = open(&fakes, Some(0.5));
    speak(&session);
    let told = turn(&mut session, |session, eager| match eager {
        1 => speak(session),
        2 => be_silent(session, 12),
        _ => {}
    })
    .await;
    assert!(told.eager >= 2 && told.resumed >= 1, "{told:?}");
    assert_eq!(told.text, FIRST);
    speak(&session);
    be_silent(&session, 12);
    assert_eq!(turn(&mut session, |_, _| {}).await.text, SECOND);
    let opened = fakes.log().details(Service::Deepgram, "opened");
    assert_eq!(opened, ["/v2/listen"]);
    drop(session);
    within(fakes.log().until(|log| log.count(Service::Deepgram, "close-stream") == 1)).await;
    within(fakes.closed()).await;
}

#[tokio::test]
async fn nothing_is_eager_where_nobody_asked() {
    let fakes = fakes(SOON).await;
    let mut session = open(&fakes, None);
    // By the wall clock the fake has time for an eager end: no silence stands behind the words.
    speak(&session);
    let told = turn(&mut session, |_, _| {}).await;
    assert_eq!((told.eager, told.resumed, told.text.as_str()), (0, 0, FIRST));
}

#[tokio::test]
async fn an_error_ends_the_session_although_no_close_follows() {
    let server = Server::start().await;
    let mut session = Listen::new(options(&server.url())).open(stt_spec());
    let mut peer = server.upgrade().await;
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    for line in lines("deepgram/flux_v2_errors.jsonl") {
        peer.say(&line["msg"].to_string()).await;
    }
    let lost = SttEvent::Lost { fatal: false, reason: "INTERNAL_SERVER_ERROR".to_owned() };
    assert_eq!(event(&mut session).await, lost);
    server.upgrade().await;
    assert_eq!(event(&mut session).await, SttEvent::Ready);
}

#[tokio::test]
async fn a_line_without_sound_is_kept_open_by_silence() {
    let server = Server::start().await;
    let mut options = options(&server.url());
    options.listen.line.keep_alive = Duration::from_millis(20);
    let _session = Listen::new(options).open(stt_spec());
    let mut peer = server.upgrade().await;
    for _ in 0..2 {
        assert_eq!(peer.next().await, Some(Message::binary(vec![0xFF; 800])));
    }
}

#[tokio::test]
async fn a_turn_that_breaks_is_heard_once() {
    for fault in [ListenFault::CloseMidUtterance, ListenFault::CutMidUtterance] {
        let fakes = fakes(SOON).await;
        fakes.deepgram.listen_faults().next([fault]);
        let mut session = open(&fakes, Some(0.5));
        burst(&session);
        let told = turn(&mut session, |_, _| {}).await;
        assert_eq!((told.text.as_str(), told.lost), (FIRST, 1));
        assert_eq!(fakes.log().details(Service::Deepgram, "final"), [FIRST]);
    }
}

#[tokio::test]
async fn a_refusal_and_strange_messages_are_survived() {
    for (fault, lost) in [(ListenFault::Refuse(429), 1), (ListenFault::UnknownEvents, 0)] {
        let fakes = fakes(SOON).await;
        fakes.deepgram.listen_faults().next([fault]);
        let mut session = open(&fakes, Some(0.5));
        burst(&session);
        let told = turn(&mut session, |_, _| {}).await;
        assert_eq!((told.text.as_str(), told.lost), (FIRST, lost));
    }
}
