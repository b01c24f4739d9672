//! Networks that drop the first packet: whatever we connect to, it is known within two seconds that there is no connection.

#[path = "../support/black_hole.rs"]
mod hole;

use crate::{
    log::Log,
    rig::{event, hear, stt_spec, tts_spec, within},
};
use centralita::{
    base::{clock::SystemClock, connecting, ids::TurnId},
    dialogue::message::Message,
    integrations::webhook::{self, Webhook},
    net::{http::Timeouts, ws::Limits},
    ports::{
        llm::{LanguageModel as _, LlmError, Question},
        phone::{Phone as _, PhoneError},
        store::{
            StoreError,
            outbox::{Delivery, DeliveryState, Settle},
        },
        stt::{SpeechToText, SttEvent},
        target::{DeliveryError, Target as _},
        tts::{SpeechCommand, TextToSpeech},
    },
    providers::{
        by_piece::Patience,
        deepgram::{self, Listen, Speak},
        elevenlabs::{self, ElevenLabs, Scribe, ScribeOptions},
        openai::{self, Chat, Speech, SpeechOptions},
        twilio::{Account, Keys, Rest, RestLimits},
    },
    storage::{
        self, Place, SqlStore,
        state::{Redis, RedisOptions, try_redis},
    },
};
use futures_util::StreamExt as _;
use hole::BlackHole;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// How long the connections of these tests may take. Nothing else of them is in a hurry.
const BRIEF: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_hours(1);

/// What is told of a connection that did not come about in time, by those who know how long that was.
const LATE: &str = "no connection within 20";
/// And by HTTP clients.
const NO_CONNECTION: &str = "no connection in time";

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const CALL: &str = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f";

fn timeouts() -> Timeouts {
    Timeouts { connect: BRIEF, ..Timeouts::default() }
}

fn patience() -> Patience {
    Patience { http: timeouts(), first_byte: NEVER, pause: Duration::from_millis(1), ..Patience::default() }
}

fn url(hole: &BlackHole) -> String {
    format!("http://{}", hole.address())
}

#[test]
fn no_connection_may_take_longer_than_two_seconds() {
    let (base, key) = ("https://example.com", || "key".to_owned().into());
    let base = || base.parse().unwrap();
    let deepgram = deepgram::Options::new(base(), key());
    let speech = SpeechOptions::new(base(), None, String::new(), String::new());
    let limits = [
        connecting::LIMIT,
        Limits::default().connect,
        Timeouts::default().connect,
        deepgram.listen.line.socket.connect,
        deepgram.speak.patience.http.connect,
        ScribeOptions::new(base(), key()).line.socket.connect,
        elevenlabs::Options::new(base(), key(), String::new()).socket.connect,
        openai::Options::new(base(), None, String::new()).http.connect,
        speech.patience.http.connect,
        RestLimits::default().connect,
        webhook::Options::new("notes", base()).connecting,
        RedisOptions::default().connecting,
        storage::Options::default().connecting,
    ];
    assert!(limits.iter().all(|limit| *limit <= Duration::from_secs(2)), "{limits:?}");
    // A try to end a call ends later than its connection: else it could not be told what failed.
    assert!(RestLimits::default().connect < RestLimits::default().attempt);
}

async fn is_not_heard(recogniser: &dyn SpeechToText) {
    let mut session = recogniser.open(stt_spec());
    // Later tries belong to the same outage.
    match event(&mut session).await {
        SttEvent::Lost { fatal: false, reason } => assert!(reason.starts_with(LATE), "{reason}"),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_recogniser_in_a_black_hole_is_lost_for_now() {
    let hole = BlackHole::open();
    let (base, key) = (|| url(&hole).parse().unwrap(), || "key".to_owned().into());
    let mut options = deepgram::Options::new(base(), key());
    options.listen.line.socket.connect = BRIEF;
    is_not_heard(&Listen::new(options)).await;
    let mut options = ScribeOptions::new(base(), key());
    options.line.socket.connect = BRIEF;
    is_not_heard(&Scribe::new(options)).await;
}

async fn does_not_speak(voice: &dyn TextToSpeech, why: &str) {
    let mut session = voice.open(tts_spec());
    let (turn, text) = (TurnId(1), "Buenos días.".to_owned());
    session.commands.send(SpeechCommand::Say { turn, piece: 0, text }).await.unwrap();
    session.commands.send(SpeechCommand::Finish { turn }).await.unwrap();
    let heard = hear(&mut session, turn).await;
    assert!(heard.audio.is_empty());
    assert!(heard.failed.as_ref().unwrap().starts_with(why), "{}: {:?}", voice.name(), heard.failed);
}

#[tokio::test]
async fn a_voice_in_a_black_hole_fails_before_the_caller_has_waited_long() {
    let hole = BlackHole::open();
    let (base, key) = (|| url(&hole).parse().unwrap(), || "key".to_owned().into());
    let mut options = elevenlabs::Options::new(base(), key(), "voice".to_owned());
    (options.socket.connect, options.first_audio) = (BRIEF, NEVER);
    does_not_speak(&ElevenLabs::new(options), LATE).await;
    let mut options = deepgram::Options::new(base(), key());
    options.speak.patience = patience();
    does_not_speak(&Speak::new(options).unwrap(), NO_CONNECTION).await;
    let mut options = SpeechOptions::new(base(), None, "tts-m".to_owned(), "coral".to_owned());
    options.patience = patience();
    does_not_speak(&Speech::new(options).unwrap(), NO_CONNECTION).await;
}

#[tokio::test]
async fn a_model_in_a_black_hole_is_busy() {
    let hole = BlackHole::open();
    let mut options = openai::Options::new(url(&hole).parse().unwrap(), None, "gpt-test".to_owned());
    (options.http, options.first_token, options.total) = (timeouts(), NEVER, NEVER);
    let messages = vec![Message::User { content: "Quiero una cita".to_owned() }];
    let question = Question { messages, tools: [].into(), max_tokens: 300 };
    let answer = within(Chat::new(options).unwrap().ask(question).next()).await.unwrap();
    assert!(matches!(&answer, Err(LlmError::Busy { reason }) if reason == NO_CONNECTION), "{answer:?}");
}

#[tokio::test]
async fn a_carrier_in_a_black_hole_is_asked_again_and_it_is_told_why() {
    Log::begin();
    let hole = BlackHole::open();
    let account = Account {
        sid: ACCOUNT.parse().unwrap(),
        keys: Keys { tokens: vec!["token".to_owned().into()], shared: Vec::new() }.into(),
        base_url: url(&hole).parse().unwrap(),
    };
    let rest = Rest::within(account, RestLimits { connect: BRIEF, attempt: NEVER }).unwrap();
    let ended = within(rest.hang_up(CALL.parse().unwrap())).await;
    assert!(matches!(&ended, Err(PhoneError::Busy(_))), "{ended:?}");
    let log = Log::text();
    assert!(log.contains(&format!("attempt=1 reason=\"{NO_CONNECTION}\"")), "{log}");
}

#[tokio::test]
async fn a_target_in_a_black_hole_was_surely_not_told() {
    let hole = BlackHole::open();
    let mut options = webhook::Options::new("notes", url(&hole).parse().unwrap());
    options.find_url = Some(options.url.clone());
    (options.connecting, options.patience) = (BRIEF, NEVER);
    let webhook = Webhook::new(options, Arc::new(SystemClock)).unwrap();
    let delivery = Delivery {
        id: "d1".to_owned(),
        target: "notes".to_owned(),
        settle: Settle::Key,
        key: "k1".to_owned(),
        payload: json!({}),
        state: DeliveryState::Sending,
        tries: 1,
        since: None,
        provider_ref: None,
        error: None,
    };
    let why = NO_CONNECTION.to_owned();
    let delivered = within(webhook.deliver(&delivery)).await;
    assert_eq!(delivered, Err(DeliveryError::NotSent { why, after: None }));
    assert_eq!(within(webhook.find("ref:d1")).await.unwrap_err().to_string(), NO_CONNECTION);
}

/// However long the database may take for the rest.
#[tokio::test]
async fn a_database_in_a_black_hole_is_away() {
    let hole = BlackHole::open();
    let place = || Place::Server(format!("postgres://nobody@{}/nothing", hole.address()));
    let options = storage::Options { patience: NEVER, connecting: BRIEF, ..storage::Options::default() };
    let tries = [
        within(Box::pin(SqlStore::open(place(), options.clone()))).await.map(drop),
        within(Box::pin(SqlStore::attach(place(), options.clone()))).await.map(drop),
        within(Box::pin(storage::schema(&place(), &options))).await.map(drop),
    ];
    for tried in tries {
        assert!(
            matches!(&tried, Err(StoreError::Unavailable { why, full: false }) if why.starts_with(LATE)),
            "{tried:?}"
        );
    }
}

#[tokio::test]
async fn a_redis_in_a_black_hole_is_away() {
    Log::begin();
    let hole = BlackHole::open();
    let url = format!("redis://{}", hole.address());
    let options = RedisOptions { connecting: BRIEF, ..RedisOptions::default() };
    let redis = Redis::open(&url, options).unwrap();
    within(redis.until(false)).await;
    let log = Log::text();
    assert!(log.contains("REDIS_DOWN") && log.contains(LATE), "{log}");
    let tried = within(try_redis(&url, BRIEF)).await.unwrap_err();
    assert!(tried.to_string().contains(NO_CONNECTION), "{tried}");
}
