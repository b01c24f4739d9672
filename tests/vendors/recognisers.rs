//! Recognisers in order: who is lost is replaced, and what the caller said becomes final once.

use crate::{
    log::Log,
    rig::{FIRST, Peer, SECOND, Server, burst, event, http, last, stt_spec, within},
};
use centralita::{
    base::queue::Writer,
    ports::stt::{HearingCommand, SpeechToText, SttEvent, SttSession, SttSpec},
    providers::{
        deepgram::{Listen, ListenOptions, Options},
        failover::Recognisers,
    },
    testbed::{
        deepgram::ListenFault,
        fakes::{FakeOptions, Fakes},
        log::Service,
    },
};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use std::{ops::RangeInclusive, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

/// No test comes near it.
const NEVER: Duration = Duration::from_mins(10);

/// Two recognisers, and a call that is open at them.
struct Two {
    first: Fakes,
    second: Fakes,
    recognisers: Recognisers,
}

/// Deepgram at that address, which connects again at once.
fn listen(url: &str, change: impl FnOnce(&mut ListenOptions)) -> Arc<dyn SpeechToText> {
    let mut options = Options::new(url.parse().unwrap(), "key".to_owned().into());
    options.listen.line.first_pause = Duration::from_millis(1);
    options.listen.line.longest_pause = Duration::from_millis(4);
    change(&mut options.listen);
    Arc::new(Listen::new(options))
}

impl Two {
    async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// The first one has these settings.
    async fn with(first_has: impl FnOnce(&mut ListenOptions)) -> Self {
        let mut wanted = FakeOptions::default();
        wanted.deepgram.partial_every = Duration::ZERO;
        let first = Fakes::start(wanted.clone()).await.unwrap();
        let second = Fakes::start(wanted).await.unwrap();
        let both = [listen(&first.deepgram.url(), first_has), listen(&second.deepgram.url(), |_| ())];
        let recognisers = Recognisers::new(both).with_patience(NEVER);
        Self { first, second, recognisers }
    }

    fn finals(&self) -> (Vec<String>, Vec<String>) {
        let finals = |fakes: &Fakes| fakes.log().details(Service::Deepgram, "final");
        (finals(&self.first), finals(&self.second))
    }
}

/// Waits for the next end of a turn; returns its words and how often a recogniser was lost before.
async fn turn(session: &mut SttSession) -> (String, u32) {
    let (mut words, mut losses) = (String::new(), 0);
    loop {
        match event(session).await {
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
            | SttEvent::Listener { .. }
            | SttEvent::Partial { .. }
            | SttEvent::EagerEnd { .. }
            | SttEvent::Resumed
            | SttEvent::UtteranceEnd => {}
        }
    }
}

/// The first one does not listen: at its second refusal, a first pause (at most 250 ms) behind the first one, the second one
/// takes its place and hears all that was said.
async fn is_replaced(two: Two) -> Fakes {
    two.second.deepgram.hears([FIRST, SECOND]);
    let mut session = two.recognisers.open(stt_spec());
    burst(&session);
    assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 2));
    burst(&session);
    assert_eq!(turn(&mut session).await, (SECOND.to_owned(), 0));
    assert_eq!(two.finals(), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
    drop(session);
    within(two.second.closed()).await;
    two.first
}

#[tokio::test]
async fn who_refuses_is_replaced_and_no_word_is_lost() {
    for status in [401, 429, 503] {
        let two = Two::start().await;
        two.first.deepgram.listen_faults().always(ListenFault::Refuse(status));
        let first = is_replaced(two).await;
        assert_eq!(first.log().count(Service::Deepgram, "refused"), 2, "{status}");
    }
}

#[tokio::test]
async fn who_is_out_of_reach_is_replaced_and_no_word_is_lost() {
    let two = Two::start().await;
    two.first.deepgram.shut().await;
    Log::begin();
    is_replaced(two).await;
    let log = Log::text();
    for code in ["STT_CONNECT", "PROVIDER_FAILOVER"] {
        assert!(log.contains(&format!("code=\"{code}\"")), "{code} is missing:\n{log}");
    }
}

#[tokio::test]
async fn who_is_away_for_too_long_is_replaced() {
    // It is lost once, and nothing more is heard of it.
    let mut two =
        Two::with(|first| (first.line.first_pause, first.line.longest_pause) = (NEVER, NEVER)).await;
    two.first.deepgram.shut().await;
    two.recognisers = two.recognisers.with_patience(Duration::from_millis(50));
    two.second.deepgram.hears([FIRST]);
    let mut session = two.recognisers.open(stt_spec());
    burst(&session);
    assert_eq!(turn(&mut session).await.0, FIRST);
}

#[tokio::test]
async fn who_breaks_in_mid_utterance_again_is_replaced_and_the_utterance_is_heard_whole() {
    for fault in [ListenFault::CloseMidUtterance, ListenFault::CutMidUtterance] {
        let two = Two::start().await;
        two.first.deepgram.listen_faults().always(fault);
        two.second.deepgram.hears([FIRST]);
        let mut session = two.recognisers.open(stt_spec());
        burst(&session);
        assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 2));
        assert_eq!(two.finals(), (vec![], vec![FIRST.to_owned()]));
    }
}

#[tokio::test]
async fn a_turn_that_was_made_final_is_not_heard_again() {
    let two = Two::start().await;
    two.first.deepgram.hears([FIRST]);
    two.second.deepgram.hears([SECOND]);
    let mut session = two.recognisers.open(stt_spec());
    burst(&session);
    assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 0));
    two.first.deepgram.listen_faults().always(ListenFault::Refuse(403));
    two.first.deepgram.close_sockets(1011, "NET-0001");
    burst(&session);
    assert_eq!(turn(&mut session).await.0, SECOND);
    assert_eq!(two.finals(), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
}

#[tokio::test]
async fn who_failed_may_take_over_again_once_somebody_was_understood() {
    let two = Two::start().await;
    two.first.deepgram.listen_faults().always(ListenFault::Refuse(401));
    two.second.deepgram.hears([FIRST]);
    let mut session = two.recognisers.open(stt_spec());
    burst(&session);
    assert_eq!(turn(&mut session).await.0, FIRST);
    two.first.deepgram.listen_faults().clear();
    two.first.deepgram.hears([SECOND]);
    two.second.deepgram.listen_faults().always(ListenFault::Refuse(403));
    two.second.deepgram.close_sockets(1011, "NET-0001");
    burst(&session);
    assert_eq!(turn(&mut session).await.0, SECOND);
}

#[tokio::test]
async fn who_takes_sound_and_gives_no_words_is_replaced_and_the_words_are_not_lost() {
    let two = Two::with(|first| {
        first.line.patience = Duration::from_millis(50);
        first.line.keep_alive = Duration::from_millis(20);
    })
    .await;
    two.first.deepgram.listen_faults().always(ListenFault::Silent);
    two.second.deepgram.hears([FIRST, SECOND]);
    let mut session = two.recognisers.open(stt_spec());
    burst(&session);
    let mut told = Vec::new();
    while told.last() != Some(&SttEvent::Ready) || told.len() < 3 {
        told.push(within(session.events.next()).await.unwrap());
    }
    assert!(matches!(told[..], [SttEvent::Ready, SttEvent::Lost { fatal: false, .. }, SttEvent::Ready]));
    // It may still be telling them.
    session.commands.push(HearingCommand::TurnOver);
    burst(&session);
    session.commands.push(HearingCommand::Audio(vec![0xFF; 1_600].into()));
    session.commands.push(HearingCommand::TurnOver);
    assert_eq!(turn(&mut session).await, (FIRST.to_owned(), 1));
    assert_eq!(turn(&mut session).await, (SECOND.to_owned(), 0));
    assert_eq!(two.finals().1, [FIRST, SECOND]);
}

/// Two recognisers that say what the test says. The first one has heard a second of sound, has made some words of it final
/// within the turn, and is gone.
struct ByHand {
    commands: Writer<HearingCommand>,
    told: mpsc::Receiver<SttEvent>,
    /// Who listens.
    peer: Peer,
}

impl ByHand {
    async fn after(finals: &[&str]) -> Self {
        let (first, second) = (Server::start().await, Server::start().await);
        let both = [&first, &second].map(|server| listen(&server.url(), |_| ()));
        let SttSession { commands, mut events } =
            Recognisers::new(both).with_patience(NEVER).open(stt_spec());
        // A session moves only while somebody listens to it.
        let (tell, told) = mpsc::channel(100);
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                tell.send(event).await.unwrap();
            }
        });
        let mut this = Self { commands, told, peer: first.upgrade().await };
        assert_eq!(this.told().await, SttEvent::Ready);
        this.hears(1..=50).await;
        for words in finals {
            this.says(words, false).await;
        }
        drop(this.peer);
        first.answer(&http(503, "text/plain", "")).await;
        this.peer = second.upgrade().await;
        while this.told().await != SttEvent::Ready {}
        this.is_given(1..=50).await;
        this
    }

    async fn told(&mut self) -> SttEvent {
        within(self.told.recv()).await.unwrap()
    }

    /// Frames of 20 ms of these values come from the caller and reach who listens.
    async fn hears(&mut self, frames: RangeInclusive<u8>) {
        for frame in frames.clone() {
            self.commands.push(HearingCommand::Audio(vec![frame; 160].into()));
        }
        self.is_given(frames).await;
    }

    async fn is_given(&mut self, frames: RangeInclusive<u8>) {
        for frame in frames {
            assert_eq!(self.peer.next().await, Some(Message::binary(vec![frame; 160])));
        }
    }

    /// Who listens makes `words` final, and the call is told so.
    async fn says(&mut self, words: &str, end_of_turn: bool) {
        self.makes_final(words, end_of_turn).await;
        assert_eq!(self.told().await, last(words, end_of_turn));
    }

    async fn makes_final(&mut self, words: &str, end_of_turn: bool) {
        self.hears_words(words, true, end_of_turn).await;
    }

    async fn hears_words(&mut self, words: &str, is_final: bool, end_of_turn: bool) {
        let result = json!({
            "type": "Results", "start": 0.0, "duration": 1.0, "is_final": is_final, "speech_final": end_of_turn,
            "channel": {"alternatives": [{"transcript": words}]},
        });
        self.peer.say(&result.to_string()).await;
    }
}

#[tokio::test]
async fn within_a_turn_all_is_heard_again_and_told_once() {
    let mut call = ByHand::after(&["Quiero una cita"]).await;
    call.makes_final("Quiero una cita para el martes.", true).await;
    let new = last("para el martes.", true);
    assert_eq!(call.told().await, new);
    call.says("Quiero una cita para el jueves.", true).await;
}

#[tokio::test]
async fn words_that_come_again_in_other_parts_are_told_once_and_end_no_turn_before_the_last() {
    let mut call = ByHand::after(&["cinco cinco", "dos cuatro"]).await;
    for (words, is_final) in
        [("Cinco", false), ("cinco cinco", false), ("Cinco, cinco.", true), ("dos", false)]
    {
        call.hears_words(words, is_final, is_final).await;
    }
    call.makes_final("Dos, cuatro, siete.", true).await;
    assert_eq!(call.told().await, last("siete.", true));
    call.says("Cinco, cinco.", true).await;
}

#[tokio::test]
async fn a_partial_that_was_no_news_after_all_is_taken_back() {
    let mut call = ByHand::after(&["cinco cinco", "dos cuatro"]).await;
    call.hears_words("cinco pinos", false, false).await;
    assert_eq!(call.told().await, SttEvent::Partial { text: "cinco pinos".to_owned() });
    call.makes_final("cinco cinco", true).await;
    assert_eq!(call.told().await, last("", false));
    call.makes_final("dos cuatro", true).await;
    assert_eq!(call.told().await, last("", true));
}

#[tokio::test]
async fn a_word_alone_and_words_that_come_later_are_no_echo() {
    ByHand::after(&["Sí"]).await.says("Sí.", true).await;
    let mut call = ByHand::after(&["Quiero una cita"]).await;
    call.hears(1..=101).await;
    call.says("Quiero una cita", true).await;
}

/// A recogniser by utterance, as far as the order sees it: asked for its text, it tells how much sound it has heard.
struct ByUtterance;

impl SpeechToText for ByUtterance {
    fn name(&self) -> &'static str {
        "by-utterance"
    }

    fn by_utterance(&self) -> bool {
        true
    }

    fn open(&self, _: SttSpec) -> SttSession {
        let (commands, heard) = SttSession::queue();
        let ready = stream::iter([SttEvent::Ready]);
        let finals = stream::unfold((heard, 0), async |(mut heard, mut samples)| {
            loop {
                match heard.recv().await? {
                    HearingCommand::Audio(sound) | HearingCommand::Quiet(sound) => samples += sound.len(),
                    HearingCommand::Paused => {}
                    HearingCommand::TurnOver => {
                        let text = format!("{samples} muestras");
                        return Some((SttEvent::Final { text, end_of_turn: true }, (heard, 0)));
                    }
                }
            }
        });
        SttSession { commands, events: ready.chain(finals).boxed() }
    }
}

#[tokio::test]
async fn the_call_learns_how_it_is_heard_and_one_by_utterance_is_asked_for_what_the_other_one_missed() {
    let first = Fakes::start(FakeOptions::default()).await.unwrap();
    let both: [Arc<dyn SpeechToText>; 2] = [listen(&first.deepgram.url(), |_| ()), Arc::new(ByUtterance)];
    let recognisers = Recognisers::new(both).with_patience(NEVER);
    assert!(!recognisers.by_utterance());
    let mut session = recognisers.open(stt_spec());
    assert_eq!(within(session.events.next()).await, Some(SttEvent::Ready));

    first.deepgram.listen_faults().always(ListenFault::Refuse(401));
    first.deepgram.close_sockets(1011, "NET-0001");
    let sound = HearingCommand::Audio(vec![0x90; 1_600].into());
    (0..5).for_each(|_| drop(session.commands.push(sound.clone())));
    session.commands.push(HearingCommand::TurnOver);
    session.commands.push(sound);
    let mut told = Vec::new();
    while !matches!(told.last(), Some(SttEvent::Final { .. })) {
        told.push(within(session.events.next()).await.unwrap());
    }
    told.retain(|event| !matches!(event, SttEvent::Lost { fatal: false, .. }));
    let text = "8000 muestras".to_owned();
    let how = SttEvent::Listener { by_utterance: true };
    let all = [how, SttEvent::Ready, SttEvent::Final { text, end_of_turn: true }];
    assert_eq!(told, all);
}

#[tokio::test]
async fn when_nobody_is_left_the_call_learns_it() {
    let two = Two::start().await;
    for fakes in [&two.first, &two.second] {
        fakes.deepgram.listen_faults().always(ListenFault::Refuse(401));
    }
    let mut session = two.recognisers.open(stt_spec());
    let mut told = Vec::new();
    while let Some(event) = within(session.events.next()).await {
        told.push(event);
    }
    let fatal = |event: &SttEvent| matches!(event, SttEvent::Lost { fatal: true, .. });
    assert_eq!(told.iter().position(fatal), Some(told.len() - 1), "{told:?}");
    let refused = |fakes: &Fakes| fakes.log().count(Service::Deepgram, "refused");
    assert!((1..=2).contains(&refused(&two.first)) && (1..=2).contains(&refused(&two.second)));
}
