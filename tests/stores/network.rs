//! What the network says of calls, in any order and twice.

use crate::rig::{Rig, asks, began, call, claimed, job, sid};
use centralita::ports::store::{
    StoreError,
    calls::{CallEnd, CallEntry, CallRecords as _, CallState, NetworkNews},
    inbox::{Event, Inbox as _},
    jobs::Jobs as _,
};
use futures_util::future::join_all;

facts! {
    news_in_order_leave_the_last_word,
    reordered_and_doubled_news_settle_on_one_truth,
    a_final_state_is_never_left,
    a_call_that_never_began_is_over_by_its_final_state,
    a_call_that_has_a_socket_is_left_to_its_owner,
    a_call_that_waits_for_its_next_socket_is_over_by_its_final_state,
    of_many_final_news_at_once_one_ends_the_call,
    a_socket_that_opens_at_the_same_time_is_not_lost,
    a_call_the_network_has_ended_is_not_taken_up_again,
    news_of_an_unknown_call_are_told,
    news_of_a_call_that_comes_later_wait_for_it,
}

fn news(state: &str, sequence: Option<i64>) -> NetworkNews {
    let is_final = matches!(state, "completed" | "busy" | "no-answer" | "failed" | "canceled");
    NetworkNews {
        sid: sid(1),
        state: state.to_owned(),
        is_final,
        sequence,
        seconds: (state == "completed").then_some(61),
        at: "2026-11-20T10:09:00Z".parse().unwrap(),
        jobs: vec![job("summary")],
    }
}

async fn state(rig: &Rig) -> (Option<String>, Option<i64>) {
    rig.store.call(sid(1)).await.unwrap().network
}

fn told(state: &str, seconds: Option<i64>) -> (Option<String>, Option<i64>) {
    (Some(state.to_owned()), seconds)
}

async fn news_in_order_leave_the_last_word(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    assert_eq!(state(rig).await, (None, None));
    for (sequence, word) in (0..).zip(["initiated", "ringing", "in-progress"]) {
        assert!(!rig.store.network_news(news(word, Some(sequence))).await.unwrap());
        assert_eq!(state(rig).await, told(word, None));
    }
    assert!(rig.store.network_news(news("completed", Some(3))).await.unwrap());
    assert_eq!(state(rig).await, told("completed", Some(61)));
}

async fn reordered_and_doubled_news_settle_on_one_truth(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.network_news(news("in-progress", Some(2))).await.unwrap();
    for (word, sequence) in [("ringing", 1), ("initiated", 0), ("in-progress", 2), ("ringing", 1)] {
        assert!(!rig.store.network_news(news(word, Some(sequence))).await.unwrap());
        assert_eq!(state(rig).await, told("in-progress", None));
    }
}

async fn a_final_state_is_never_left(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    // Final, whatever its place.
    rig.store.network_news(news("in-progress", Some(5))).await.unwrap();
    assert!(rig.store.network_news(news("completed", Some(3))).await.unwrap());
    for (word, sequence) in
        [("ringing", Some(9)), ("in-progress", None), ("failed", Some(9)), ("completed", Some(3))]
    {
        assert!(!rig.store.network_news(news(word, sequence)).await.unwrap());
        assert_eq!(state(rig).await, told("completed", Some(61)));
    }
}

async fn a_call_that_never_began_is_over_by_its_final_state(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    assert!(!rig.store.network_news(news("ringing", Some(1))).await.unwrap());
    assert!(rig.store.network_news(news("no-answer", Some(2))).await.unwrap());
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.outcome.as_deref()), (CallState::Over, Some("never_began")));
    assert_eq!(row.ended_at, Some(news("", None).at));
    // Nothing was said, so nothing is to be summed up.
    assert!(claimed(&rig.store, asks("a")).await.is_empty());
}

async fn a_call_that_has_a_socket_is_left_to_its_owner(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.network_news(news("completed", Some(1))).await.unwrap();
    assert_eq!(rig.store.call(sid(1)).await.unwrap().state, CallState::Live);
    let end = CallEnd { outcome: "goodbye".to_owned(), at: news("", None).at, jobs: vec![job("summary")] };
    rig.store.call_ended(sid(1), 1, end).await.unwrap();
    assert_eq!(rig.store.call(sid(1)).await.unwrap().outcome.as_deref(), Some("goodbye"));
    assert_eq!(claimed(&rig.store, asks("a")).await, ["summary"]);
}

async fn a_call_that_waits_for_its_next_socket_is_over_by_its_final_state(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.resume_call(sid(1), 1).await.unwrap();
    assert!(rig.store.network_news(news("completed", Some(1))).await.unwrap());
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.outcome.as_deref()), (CallState::Over, Some("lost")));
    assert_eq!(claimed(&rig.store, asks("a")).await, [format!("call_back:{}", sid(1)), "summary".to_owned()]);
}

async fn of_many_final_news_at_once_one_ends_the_call(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    let all = join_all((0..8).map(|n| {
        let store = rig.store.clone();
        tokio::spawn(async move { store.network_news(news("failed", Some(n))).await.unwrap() })
    }));
    let over = all.await.into_iter().map(Result::unwrap).filter(|is_over| *is_over).count();
    assert_eq!(over, 1);
}

async fn a_socket_that_opens_at_the_same_time_is_not_lost(rig: &Rig) {
    for number in 0..20 {
        rig.store.call_arrived(call(number)).await.unwrap();
        let news = NetworkNews { sid: sid(number), jobs: Vec::new(), ..news("failed", Some(1)) };
        let (opened, heard) = tokio::join!(
            tokio::spawn({
                let store = rig.store.clone();
                async move { store.call_began(began(number, "a", 1)).await }
            }),
            tokio::spawn({
                let store = rig.store.clone();
                async move { store.network_news(news).await }
            }),
        );
        opened.unwrap().unwrap();
        heard.unwrap().unwrap();
        assert_eq!(rig.store.call(sid(number)).await.unwrap().state, CallState::Live);
    }
}

async fn a_call_the_network_has_ended_is_not_taken_up_again(rig: &Rig) {
    for word in ["completed", "failed"] {
        rig.store.call_began(began(1, "a", 1)).await.unwrap();
        rig.store.network_news(news(word, Some(1))).await.unwrap();
        assert!(matches!(rig.store.resume_call(sid(1), 1).await, Err(StoreError::Unknown)), "{word}");
        rig.sql("DELETE FROM calls").await;
    }
}

async fn news_of_an_unknown_call_are_told(rig: &Rig) {
    assert!(matches!(rig.store.network_news(news("ringing", None)).await, Err(StoreError::Unknown)));
    assert!(matches!(rig.store.network_news(news("completed", None)).await, Err(StoreError::Unknown)));
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 0);
}

async fn news_of_a_call_that_comes_later_wait_for_it(rig: &Rig) {
    let event = |key: &str, change| Event {
        source: "test".to_owned(),
        key: key.to_owned(),
        payload: Vec::new(),
        response: None,
        change: Some(change),
        jobs: Vec::new(),
    };
    rig.store.accept(event("1", CallEntry::News(news("completed", Some(3))))).await.unwrap();
    rig.store.write_calls(vec![CallEntry::News(news("ringing", Some(1)))]).await.unwrap();
    rig.store.accept(event("2", CallEntry::Arrived(call(1)))).await.unwrap();
    assert_eq!(state(rig).await, told("completed", Some(61)));
    // What its own node has to say comes all the same, and is summed up once.
    let end = CallEnd { outcome: "goodbye".to_owned(), at: news("", None).at, jobs: vec![job("summary")] };
    let ended = CallEntry::Ended { sid: sid(1), epoch: 1, end };
    assert_eq!(
        rig.store.write_calls(vec![CallEntry::Began(began(1, "a", 1)), ended]).await.unwrap(),
        [false, false]
    );
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.outcome.as_deref()), (CallState::Over, Some("goodbye")));
    assert_eq!(claimed(&rig.store, asks("a")).await, ["summary"]);
    assert_eq!(rig.number("SELECT count(*) FROM early_news").await, 0);
}
