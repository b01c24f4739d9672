//! A call that goes on by turns and began elsewhere: at a process that is gone, or on a media stream.

use super::{
    desk::listen,
    http::post_signed,
    phone::arrival,
    rig::{CALL, soon},
    store::{kept, kept_in},
    turns::{Stage, kinds, said, silence},
};
use centralita::{
    ports::stt::{SpeechToText, SttEvent, SttSession, SttSpec},
    providers::local::brain::Receptionist,
};
use futures_util::{StreamExt as _, stream};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::runtime::Runtime;

/// What was said last has reached the store.
async fn is_written(stage: &Stage, rows: usize) {
    let sid = || CALL.parse().unwrap();
    soon(async {
        while stage.rig.store.turns(sid()).await.unwrap().len() < rows {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn folder() -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("turns-{}-{number}", std::process::id()))
}

/// Says one thing to a server that is killed then; where the network asks next.
fn killed_after(folder: &Path, text: &str) -> String {
    let first = Runtime::new().unwrap();
    let next = first.block_on(async {
        let kept = kept_in(folder).await;
        let mut stage = Stage::on(kept, Arc::new(Receptionist), Duration::from_secs(20)).await;
        stage.asks(&arrival(CALL)).await;
        stage.hears(text).await;
        // The greeting, the caller, the answer, its times.
        is_written(&stage, 4).await;
        stage.next
    });
    first.shutdown_background();
    next
}

#[test]
fn a_call_goes_on_at_the_next_process_with_what_was_said_before() {
    let folder = folder();
    let next = killed_after(&folder, "Hola, quiero sacar un turno para cardiología.");
    Runtime::new().unwrap().block_on(async {
        let mut stage =
            Stage::on(kept_in(&folder).await, Arc::new(Receptionist), Duration::from_secs(20)).await;
        stage.next = next;
        let heard = stage.hears("El jueves a las diez y media, por favor.").await;
        assert!(heard.contains("el jueves veintiséis de noviembre a las diez y media"), "{heard}");
        assert!(stage.next.contains("&e=2&n=3"), "{}", stage.next);
        let record = stage.record().await;
        assert_eq!(kinds(&record), ["agent", "caller", "agent", "caller", "tool", "agent"]);
    });
}

#[test]
fn who_waited_for_a_process_that_is_gone_is_asked_again() {
    let folder = folder();
    let next = killed_after(&folder, "Hola, quiero sacar un turno para cardiología.");
    Runtime::new().unwrap().block_on(async {
        let mut stage =
            Stage::on(kept_in(&folder).await, Arc::new(Receptionist), Duration::from_secs(20)).await;
        stage.next = format!("{next}&w=1");
        let heard = said(&stage.asks(&silence()).await);
        assert_eq!(heard, "Disculpe, se cortó la comunicación por un momento. ¿Me decía?");
        let heard = stage.hears("El jueves a las diez y media.").await;
        assert!(heard.contains("el jueves veintiséis de noviembre"), "{heard}");
    });
}

/// A recogniser that refuses us.
struct Refused;

impl SpeechToText for Refused {
    fn name(&self) -> &'static str {
        "refused"
    }

    fn open(&self, _: SttSpec) -> SttSession {
        let (commands, _) = SttSession::queue();
        let lost = SttEvent::Lost { fatal: true, reason: "401".to_owned() };
        SttSession { commands, events: stream::iter([lost]).chain(stream::pending()).boxed() }
    }
}

#[tokio::test]
async fn a_call_whose_recogniser_refuses_goes_on_by_turns() {
    let patient = Duration::from_secs(20);
    let mut stage = Stage::set(kept().await, Arc::new(Receptionist), patient, |staff, _| {
        staff.hearing = Arc::new(Refused);
    })
    .await;
    let mut phone = stage.rig.call(CALL).await;
    assert_eq!(listen(&mut phone).await, 1000);
    stage.next = format!("/webhook/voice/resume?c={CALL}&e=1");
    let resume = stage.next.clone();
    let first = stage.asks(&arrival(CALL)).await;
    assert_eq!(said(&first), "Disculpe, tuve un inconveniente técnico. ¿En qué puedo ayudarle?");
    assert_eq!(post_signed(&stage.rig, &resume, &arrival(CALL)).await.body, first);
    let heard = stage.hears("Quiero un turno para cardiología.").await;
    assert!(heard.ends_with("¿Qué día y a qué hora le conviene?"), "{heard}");
    let record = stage.record().await;
    assert_eq!((record["outcome"].as_str(), record["sockets"].as_i64()), (None, Some(2)));
    // What was heard of the greeting, then by turns.
    assert_eq!(kinds(&record), ["trouble", "agent", "agent", "caller", "agent"]);
}
