//! Two servers on one store: what one begins the other one may go on with, and what is asked of one reaches the other.

use super::{
    desk::{all_gone, begins, listen, token},
    http::{api, post_signed},
    phone::{arrival, connected, start},
    rig::{ACCOUNT, CALL, Rig, soon},
    staff::{Office, Seen},
    store::{Kept, kept, kept_in},
};
use centralita::{
    base::{clock, ids::CallSid},
    channels::voice::{admission::Ticket, desk::Desk},
    ports::{carrier::Arrival, store::calls::CallState},
};
use std::{path::Path, sync::Arc};

/// A server on what `kept` keeps.
async fn serve(kept: Kept) -> (Rig<Desk>, Office) {
    let (office, mut staff) = Office::open().await;
    let Kept { store, ledger, owner, .. } = kept.clone();
    (staff.store, staff.ledger, staff.owner) = (store, ledger, owner);
    (Rig::keeping(kept, Arc::new(Desk::new(staff)), |_| ()).await, office)
}

/// Two servers on one database, each with connections, a ledger and a name of its own.
async fn two() -> [(Rig<Desk>, Office); 2] {
    let folder = format!("nodes-{}-{:016x}", std::process::id(), rand::random::<u64>());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    [serve(kept_in(&folder).await).await, serve(kept_in(&folder).await).await]
}

async fn is_live(rig: &Rig<Desk>) {
    let sid: CallSid = CALL.parse().unwrap();
    soon(async {
        while rig.store.call(sid.clone()).await.unwrap().state != CallState::Live {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_that_one_server_let_in_opens_its_socket_at_another_once() {
    let [(a, _first), (b, _second)] = two().await;
    let token = a.announce(CALL).await;
    let mut phone = b.socket().await;
    phone.say(&connected()).await;
    phone.say(&start(CALL, &token)).await;
    phone.hears().await;
    for rig in [&a, &b] {
        let mut thief = rig.socket().await;
        thief.say(&connected()).await;
        thief.say(&start(CALL, &token)).await;
        assert_eq!(thief.closed_with().await, 1008);
    }
    drop(phone);
    all_gone(&b).await;
}

#[tokio::test]
async fn a_call_that_lost_its_socket_here_and_asked_there_may_open_the_next_one_here() {
    let [(a, _first), (b, _second)] = two().await;
    let first = post_signed(&a, "/webhook/voice", &arrival(CALL)).await.body;
    let mut phone = begins(&a, &first).await;
    phone.hears().await;
    is_live(&b).await;
    drop(phone);
    all_gone(&a).await;
    let second = post_signed(&b, &format!("/webhook/voice/resume?c={CALL}&e=1"), &arrival(CALL)).await.body;
    begins(&a, &second).await.hears().await;
    // What was passed stays closed, wherever it knocks.
    for rig in [&a, &b] {
        assert_eq!(begins(rig, &first).await.closed_with().await, 1008);
        assert_eq!(begins(rig, &second).await.closed_with().await, 1008);
    }
    all_gone(&a).await;
}

#[tokio::test]
async fn a_hang_up_that_is_asked_of_one_server_reaches_the_call_of_another() {
    let [(a, mut office), (b, _second)] = two().await;
    let mut phone = a.call(CALL).await;
    phone.hears().await;
    is_live(&b).await;
    assert_eq!(api(&b, &format!("POST /api/calls/{CALL}/hangup")).await.status, 202);
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&a).await;
    let record = api(&b, &format!("GET /api/calls/{CALL}")).await.json();
    assert_eq!(record["outcome"], "asked");
    office.sees().await;
}

#[tokio::test]
async fn a_call_that_goes_on_elsewhere_is_let_go_and_may_come_back() {
    let [(a, _first), (b, _second)] = two().await;
    let mut phone = a.call(CALL).await;
    phone.hears().await;
    is_live(&b).await;
    // The way to `a` is broken, which does not know it yet.
    let resume = |epoch: i64| format!("/webhook/voice/resume?c={CALL}&e={epoch}");
    let twiml = post_signed(&b, &resume(1), &arrival(CALL)).await.body;
    let mut second = begins(&b, &twiml).await;
    second.hears().await;
    // It says that it lives, and learns that it does not.
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&a).await;
    assert_eq!(b.store.call(CALL.parse().unwrap()).await.unwrap().state, CallState::Live);
    let twiml = post_signed(&a, &resume(2), &arrival(CALL)).await.body;
    assert!(twiml.contains("&amp;e=3#"), "{twiml}");
}

/// It hears late that another server has its call, as one that stood still does: the network is not asked to end what lives there.
#[tokio::test]
async fn a_server_ends_no_call_that_another_one_has() {
    let [(a, mut office), (b, _second)] = two().await;
    let mut phone = a.call(CALL).await;
    phone.hears().await;
    is_live(&b).await;
    let twiml = post_signed(&b, &format!("/webhook/voice/resume?c={CALL}&e=1"), &arrival(CALL)).await.body;
    assert!(twiml.contains("&amp;e=2#"), "{twiml}");
    assert_eq!(api(&a, &format!("POST /api/calls/{CALL}/hangup")).await.status, 202);
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&a).await;
    assert_eq!(office.sees().await, Seen::HearingClosed);
    office.sees_no_more();
    begins(&b, &twiml).await.hears().await;
}

/// Reliability §3.9 and I7.
#[tokio::test]
async fn the_calls_of_a_server_that_stops_go_on_at_another() {
    let [(a, mut office), (b, _second)] = two().await;
    let mut phone = a.call(CALL).await;
    phone.hears().await;
    is_live(&b).await;
    a.web.drain();
    a.web.others_serve(true);
    let new = post_signed(&a, "/webhook/voice", &arrival(CALL)).await.body;
    assert!(new.contains("<Pause length=\"1\"/><Redirect") && new.contains("/webhook/voice#rc=5"), "{new}");
    a.web.hand_over();
    assert_eq!(listen(&mut phone).await, 1012);
    all_gone(&a).await;
    let resume = format!("/webhook/voice/resume?c={CALL}&e=1");
    let still = post_signed(&a, &resume, &arrival(CALL)).await.body;
    assert!(still.contains("<Pause length=\"1\"/><Redirect") && still.contains("&amp;e=1#rc=5"), "{still}");
    let twiml = post_signed(&b, &resume, &arrival(CALL)).await.body;
    let mut phone = begins(&b, &twiml).await;
    phone.hears().await;
    let row = b.store.call(CALL.parse().unwrap()).await.unwrap();
    assert_eq!((row.state, row.epoch, row.outcome), (CallState::Live, 2, None));
    // The network was not asked to end the call.
    assert_eq!(office.sees().await, Seen::HearingClosed);
    office.sees_no_more();
    drop(phone);
    all_gone(&b).await;
}

#[tokio::test]
async fn the_first_question_asked_again_gets_the_first_answer_and_harms_no_call() {
    let (rig, _office) = serve(kept().await).await;
    let call: CallSid = CALL.parse().unwrap();
    let first = post_signed(&rig, "/webhook/voice", &arrival(CALL)).await.body;
    let mut phone = begins(&rig, &first).await;
    phone.hears().await;
    for _ in 0..2 {
        // As after the life of the ticket.
        rig.admission.withdraw(&call, token(&first).unwrap());
        assert_eq!(post_signed(&rig, "/webhook/voice", &arrival(CALL)).await.body, first);
    }
    assert_eq!(begins(&rig, &first).await.closed_with().await, 1008);
    // Nor does a token help that is good, but not for a later socket.
    let arrival = Arrival {
        call: call.clone(),
        account: ACCOUNT.parse().unwrap(),
        from: String::new(),
        to: String::new(),
    };
    let token = rig.admission.ask_again(clock::now(), Ticket { arrival, agent: "clinica".into(), epoch: 1 });
    let mut second = rig.socket().await;
    second.say(&connected()).await;
    second.say(&start(CALL, &token)).await;
    assert_eq!(listen(&mut second).await, 1008);
    phone.hears().await;
}
