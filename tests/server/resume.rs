//! A call whose media socket, or whose whole server, is gone: it goes on at the next one that the network asks.

use super::{
    desk::{all_gone, begins, listen},
    http::{api, post_signed},
    phone::{Phone, arrival, stop},
    rig::{CALL, Rig, soon},
    staff::Office,
    store::{Kept, kept_in},
};
use centralita::{base::ids::CallSid, channels::voice::desk::Desk, ports::store::calls::CallState};
use std::{path::Path, sync::Arc};
use tokio::runtime::Runtime;

/// A server on the store in `folder`.
async fn serve(folder: &Path) -> (Rig<Desk>, Office) {
    let kept = kept_in(folder).await;
    let (office, mut staff) = Office::open().await;
    let Kept { store, ledger, owner, .. } = kept.clone();
    (staff.store, staff.ledger, staff.owner) = (store, ledger, owner);
    (Rig::keeping(kept, Arc::new(Desk::new(staff)), |_| ()).await, office)
}

/// What the network gets when the socket of this epoch is gone.
async fn asks_again(rig: &Rig<Desk>, epoch: u32) -> String {
    let path = format!("/webhook/voice/resume?c={CALL}&e={epoch}");
    post_signed(rig, &path, &arrival(CALL)).await.body
}

async fn goes_on(rig: &Rig<Desk>, twiml: &str) -> Phone {
    let mut phone = begins(rig, twiml).await;
    phone.hears().await;
    phone
}

/// The store knows that the call lives.
async fn is_known(rig: &Rig<Desk>) {
    let sid: CallSid = CALL.parse().unwrap();
    soon(async {
        while rig.store.call(sid.clone()).await.unwrap().state != CallState::Live {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[test]
fn a_call_of_a_server_that_was_killed_goes_on_at_the_next_one() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{}", std::process::id()));
    let first = Runtime::new().unwrap();
    first.block_on(async {
        let (rig, _office) = serve(&folder).await;
        let mut phone = rig.call(CALL).await;
        phone.hears().await;
        is_known(&rig).await;
    });
    // Nothing of it says goodbye, closes a file or writes a last word.
    first.shutdown_background();

    let second = Runtime::new().unwrap();
    second.block_on(async {
        let (rig, _office) = serve(&folder).await;
        let twiml = asks_again(&rig, 1).await;
        assert!(twiml.contains(&format!("resume?c={CALL}&amp;e=2#rc=5&amp;rp=all")), "{twiml}");
        assert_eq!(asks_again(&rig, 1).await, twiml, "whoever did not get the answer gets the same again");
        let mut phone = goes_on(&rig, &twiml).await;
        phone.say(&stop()).await;
        assert_eq!(listen(&mut phone).await, 1000);
        all_gone(&rig).await;
        let record = api(&rig, &format!("GET /api/calls/{CALL}")).await.json();
        assert_eq!((&record["sockets"], &record["outcome"]), (&2.into(), &"caller_left".into()));
        let said = &record["entries"].as_array().unwrap().last().unwrap()["meant"];
        assert_eq!(*said, "Disculpe, se cortó la comunicación por un momento. ¿Me decía?");
    });
}

#[tokio::test]
async fn a_call_that_comes_back_at_once_again_is_ended_with_a_word() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("often-{}", std::process::id()));
    let (rig, _office) = serve(&folder).await;
    drop(rig.call(CALL).await);
    let twiml = asks_again(&rig, 1).await;
    drop(goes_on(&rig, &twiml).await);
    let twiml = asks_again(&rig, 2).await;
    assert!(twiml.contains("Lo sentimos, se cortó la comunicación."), "{twiml}");
}

#[tokio::test]
async fn a_call_that_the_network_has_ended_does_not_come_back() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ended-{}", std::process::id()));
    let (rig, _office) = serve(&folder).await;
    drop(rig.call(CALL).await);
    let mut news = arrival(CALL);
    for (name, value) in &mut news {
        if name == "CallStatus" {
            "completed".clone_into(value);
        }
    }
    news.push(("CallDuration".to_owned(), "9".to_owned()));
    assert_eq!(post_signed(&rig, "/webhook/voice/status", &news).await.status, 204);
    let twiml = asks_again(&rig, 1).await;
    assert!(twiml.ends_with("<Response><Hangup/></Response>"), "{twiml}");
}

#[tokio::test]
async fn a_call_whose_caller_was_erased_goes_on_without_a_recording() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("erased-{}", std::process::id()));
    let (rig, office) = serve(&folder).await;
    let mut phone = rig.call(CALL).await;
    phone.hears().await;
    drop(phone);
    is_known(&rig).await;
    let erased = rig.store.erase("+34600111222".to_owned()).await.unwrap();
    assert_eq!(erased.calls, 1);
    let twiml = asks_again(&rig, 1).await;
    let mut phone = goes_on(&rig, &twiml).await;
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&rig).await;
    assert!(office.folder.join(format!("{CALL}.opus")).exists(), "it was recorded before");
    for file in [format!("{CALL}-2.opus"), format!("{CALL}-2.replay")] {
        assert!(!office.folder.join(&file).exists(), "{file}");
    }
    assert_eq!(rig.store.call(CALL.parse().unwrap()).await.unwrap().files, [None, None]);
}
