//! The records of calls.

use crate::rig::{Rig, asks, began, call, claimed, job, owner, sid};
use centralita::{
    base::ids::CallSid,
    ports::store::{
        StoreError,
        calls::{CallEnd, CallFilter, CallRecords as _, CallRow, CallState, HANDED_OVER, NewCall, TurnRow},
        jobs::Jobs as _,
        people::People as _,
    },
};
use futures_util::future::join_all;
use std::time::Duration;

facts! {
    an_announced_call_is_kept_as_it_came,
    the_same_announcement_again_changes_nothing,
    a_caller_without_a_number_is_nobodys_contact,
    a_call_may_begin_before_it_was_announced,
    a_call_that_begins_is_live_and_owned,
    a_later_socket_takes_the_call_over,
    an_earlier_socket_is_fenced_off,
    a_call_is_over_once_and_its_first_end_stands,
    an_end_brings_its_jobs_once,
    the_end_of_an_unknown_call_is_told,
    turns_stay_as_they_were_written_first,
    turns_of_an_old_epoch_are_written_all_the_same,
    turns_of_an_unknown_call_are_refused,
    a_heartbeat_tells_which_calls_are_ours_no_longer,
    silent_calls_are_closed_the_longest_silent_first,
    a_call_that_never_began_is_silent_too,
    a_call_that_lost_its_socket_gets_its_next_epoch,
    a_call_that_ended_well_is_not_taken_up_again,
    many_at_once_get_the_same_next_epoch,
    calls_come_newest_first_and_page_by_page,
}

fn end(outcome: &str, jobs: &[&str]) -> CallEnd {
    CallEnd {
        outcome: outcome.to_owned(),
        at: "2026-11-20T10:05:00Z".parse().unwrap(),
        jobs: jobs.iter().map(|key| job(key)).collect(),
    }
}

fn turn(epoch: i64, seq: i64, body: &str) -> TurnRow {
    TurnRow { epoch, seq, kind: "caller".to_owned(), at_ms: 10 * seq, body: body.to_owned() }
}

async fn an_announced_call_is_kept_as_it_came(rig: &Rig) {
    assert!(matches!(rig.store.call(sid(1)).await, Err(StoreError::Unknown)));
    rig.store.call_arrived(call(1)).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!(row.call, call(1));
    assert_eq!((row.state, row.epoch, row.owner, row.outcome), (CallState::Arrived, 0, None, None));
    assert_eq!((row.began_at, row.ended_at, row.files), (None, None, [None, None]));
    let contact = rig.store.contact("main".to_owned(), row.contact.unwrap()).await.unwrap();
    assert_eq!(contact.phone, "+34600100200");
}

async fn the_same_announcement_again_changes_nothing(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    let first = rig.store.call(sid(1)).await.unwrap();
    rig.store
        .call_arrived(NewCall { from: "+34600999999".to_owned(), agent: "leo".to_owned(), ..call(1) })
        .await
        .unwrap();
    assert_eq!(rig.store.call(sid(1)).await.unwrap(), first);
    let contacts = rig.store.contacts("main".to_owned(), None, 10).await.unwrap();
    assert_eq!(contacts.iter().map(|contact| contact.phone.as_str()).collect::<Vec<_>>(), ["+34600100200"]);
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.call_arrived(call(1)).await.unwrap();
    assert_eq!(rig.store.call(sid(1)).await.unwrap().state, CallState::Live);
}

async fn a_caller_without_a_number_is_nobodys_contact(rig: &Rig) {
    for (number, from) in
        [(1, "anonymous"), (2, ""), (3, "+266696687"), (4, "+34 600"), (5, "sip:ana@example.org")]
    {
        rig.store.call_arrived(NewCall { from: from.to_owned(), ..call(number) }).await.unwrap();
        assert_eq!(rig.store.call(sid(number)).await.unwrap().contact, None, "{from}");
    }
}

async fn a_call_may_begin_before_it_was_announced(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.call_arrived(call(1)).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.call), (CallState::Live, call(1)));
    assert!(row.contact.is_some());
}

async fn a_call_that_begins_is_live_and_owned(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    for _ in 0..2 {
        rig.store.call_began(began(1, "a", 1)).await.unwrap();
        let row = rig.store.call(sid(1)).await.unwrap();
        assert_eq!((row.state, row.epoch, row.owner), (CallState::Live, 1, Some(owner("a"))));
        assert_eq!(row.began_at, Some(began(1, "a", 1).at));
        assert_eq!(row.files, began(1, "a", 1).files);
    }
}

async fn a_later_socket_takes_the_call_over(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    let mut later = began(1, "b", 2);
    (later.at, later.files) = ("2026-11-20T10:01:00Z".parse().unwrap(), [Some("2.wav".to_owned()), None]);
    rig.store.call_began(later).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.epoch, row.owner), (2, Some(owner("b"))));
    assert_eq!((row.began_at, row.files), (Some(began(1, "a", 1).at), began(1, "a", 1).files));
    // Its former owner may have ended it meanwhile.
    rig.store.call_ended(sid(1), 2, end("caller_left", &[])).await.unwrap();
    rig.store.call_began(began(1, "c", 3)).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.outcome, row.ended_at), (CallState::Live, None, None));
}

async fn an_earlier_socket_is_fenced_off(rig: &Rig) {
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    assert!(matches!(rig.store.call_began(began(1, "a", 1)).await, Err(StoreError::Fenced)));
    assert!(matches!(
        rig.store.call_ended(sid(1), 1, end("goodbye", &["late"])).await,
        Err(StoreError::Fenced)
    ));
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.epoch, row.owner), (CallState::Live, 2, Some(owner("b"))));
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 0);
}

async fn a_call_is_over_once_and_its_first_end_stands(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.call_ended(sid(1), 1, end("goodbye", &[])).await.unwrap();
    let over = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((over.state, over.outcome.as_deref()), (CallState::Over, Some("goodbye")));
    assert_eq!(over.ended_at, Some(end("", &[]).at));
    let again = CallEnd { at: "2026-11-20T11:00:00Z".parse().unwrap(), ..end("lost", &[]) };
    rig.store.call_ended(sid(1), 1, again).await.unwrap();
    assert_eq!(rig.store.call(sid(1)).await.unwrap(), over);
    // Nor is it opened again by its own beginning, written again, or by another socket of the same epoch.
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    assert!(matches!(rig.store.call_began(began(1, "b", 1)).await, Err(StoreError::Fenced)));
    assert_eq!(rig.store.call(sid(1)).await.unwrap(), over);
}

async fn an_end_brings_its_jobs_once(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    for _ in 0..2 {
        rig.store.call_ended(sid(1), 1, end("goodbye", &["summary", "usage"])).await.unwrap();
    }
    assert_eq!(claimed(&rig.store, asks("a")).await, ["summary", "usage"]);
}

async fn the_end_of_an_unknown_call_is_told(rig: &Rig) {
    let ended = rig.store.call_ended(sid(1), 1, end("goodbye", &["job"])).await;
    assert!(matches!(ended, Err(StoreError::Unknown)), "{ended:?}");
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 0);
}

async fn turns_stay_as_they_were_written_first(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.add_turns(sid(1), vec![turn(1, 2, "two"), turn(1, 1, "one")]).await.unwrap();
    rig.store.add_turns(sid(1), vec![turn(1, 2, "other"), turn(1, 3, "three \0")]).await.unwrap();
    rig.store.add_turns(sid(1), Vec::new()).await.unwrap();
    let turns = rig.store.turns(sid(1)).await.unwrap();
    assert_eq!(turns, [turn(1, 1, "one"), turn(1, 2, "two"), turn(1, 3, "three \u{FFFD}")]);
    assert!(rig.store.turns(sid(2)).await.unwrap().is_empty());
}

async fn turns_of_an_old_epoch_are_written_all_the_same(rig: &Rig) {
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    rig.store.add_turns(sid(1), vec![turn(2, 1, "after")]).await.unwrap();
    rig.store.add_turns(sid(1), vec![turn(1, 7, "before")]).await.unwrap();
    assert_eq!(rig.store.turns(sid(1)).await.unwrap(), [turn(1, 7, "before"), turn(2, 1, "after")]);
}

async fn turns_of_an_unknown_call_are_refused(rig: &Rig) {
    let added = rig.store.add_turns(sid(1), vec![turn(1, 1, "hello")]).await;
    assert!(matches!(added, Err(StoreError::Unknown)), "{added:?}");
}

async fn a_heartbeat_tells_which_calls_are_ours_no_longer(rig: &Rig) {
    for (number, epoch) in [(1, 1), (2, 1), (3, 1), (4, 1)] {
        rig.store.call_began(began(number, "a", epoch)).await.unwrap();
    }
    rig.store.call_began(began(2, "b", 2)).await.unwrap();
    rig.store.call_ended(sid(3), 1, end("goodbye", &[])).await.unwrap();
    rig.sql("UPDATE calls SET heartbeat_at = 0").await;
    let ours = [1, 2, 3, 4, 5].map(|number| (sid(number), 1)).to_vec();
    assert_eq!(rig.store.heartbeat(owner("a"), ours).await.unwrap(), [sid(2), sid(3), sid(5)]);
    assert_eq!(rig.number("SELECT count(*) FROM calls WHERE heartbeat_at > 0").await, 2);
    // Another process is another owner, also under the right epoch.
    assert_eq!(rig.store.heartbeat(owner("b"), vec![(sid(1), 1)]).await.unwrap(), [sid(1)]);
}

async fn closed(rig: &Rig, for_s: u64, most: u32) -> Vec<(CallSid, String)> {
    let jobs = |call: &CallRow| vec![job(&format!("{}:{:?}", call.call.sid, call.state))];
    let at = "2026-11-20T11:00:00Z".parse().unwrap();
    let rows = rig.store.close_silent(Duration::from_secs(for_s), at, jobs, most).await.unwrap();
    assert!(rows.iter().all(|row| row.state == CallState::Over && row.ended_at == Some(at)));
    let mut closed: Vec<_> = rows.into_iter().map(|row| (row.call.sid, row.outcome.unwrap())).collect();
    closed.sort();
    closed
}

fn lost(number: u32) -> (CallSid, String) {
    (sid(number), "lost".to_owned())
}

async fn silent_calls_are_closed_the_longest_silent_first(rig: &Rig) {
    for number in 1..=5 {
        rig.store.call_began(began(number, "a", 1)).await.unwrap();
    }
    rig.sql("UPDATE calls SET heartbeat_at = heartbeat_at - 60000").await;
    rig.sql(&format!("UPDATE calls SET heartbeat_at = heartbeat_at - 5000 WHERE sid = '{}'", sid(3))).await;
    rig.store.call_ended(sid(2), 1, end("goodbye", &[])).await.unwrap();
    rig.store.heartbeat(owner("a"), vec![(sid(4), 1)]).await.unwrap();
    assert!(closed(rig, 3_600, 10).await.is_empty());
    assert_eq!(closed(rig, 30, 1).await, [lost(3)]);
    assert_eq!(closed(rig, 30, 10).await, [lost(1), lost(5)]);
    assert_eq!(closed(rig, 0, 10).await, [lost(4)]);
    assert!(closed(rig, 0, 10).await.is_empty());
    let mut follow = claimed(&rig.store, asks("a")).await;
    follow.sort();
    assert_eq!(follow, [1, 3, 4, 5].map(|number| format!("{}:Over", sid(number))));
    // The others' word stands, and who lives all the same says so.
    assert_eq!(rig.store.call(sid(2)).await.unwrap().outcome.unwrap(), "goodbye");
    assert!(rig.store.heartbeat(owner("a"), vec![(sid(1), 1)]).await.unwrap().is_empty());
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.outcome, row.ended_at), (CallState::Live, None, None));
}

async fn a_call_that_never_began_is_silent_too(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    assert_eq!(closed(rig, 0, 10).await, [(sid(1), "never_began".to_owned())]);
    assert!(closed(rig, 0, 10).await.is_empty());
}

async fn a_call_that_lost_its_socket_gets_its_next_epoch(rig: &Rig) {
    assert!(matches!(rig.store.resume_call(sid(1), 0).await, Err(StoreError::Unknown)));
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    let resumed = rig.store.resume_call(sid(1), 1).await.unwrap();
    assert_eq!((resumed.epoch, resumed.since_last), (2, None));
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.state, row.epoch, row.owner), (CallState::Live, 2, None));
    // Whoever held it is fenced from then on, before the next socket opens.
    assert_eq!(rig.store.heartbeat(owner("a"), vec![(sid(1), 1)]).await.unwrap(), [sid(1)]);
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    // We may know of epochs that the store does not.
    let resumed = rig.store.resume_call(sid(1), 6).await.unwrap();
    assert_eq!(resumed.epoch, 7);
    assert!(resumed.since_last.unwrap() < Duration::from_mins(5));
    rig.sql("UPDATE calls SET resumed_at = resumed_at - 3600000").await;
    let resumed = rig.store.resume_call(sid(1), 7).await.unwrap();
    assert_eq!((resumed.epoch, resumed.handed_over), (8, false));
    assert!(resumed.since_last.unwrap() >= Duration::from_hours(1));
    // Its process stops, and gives it away.
    rig.store.call_began(began(1, "b", 8)).await.unwrap();
    rig.store.call_ended(sid(1), 8, end(HANDED_OVER, &[])).await.unwrap();
    let resumed = rig.store.resume_call(sid(1), 8).await.unwrap();
    assert_eq!((resumed.epoch, resumed.handed_over), (9, true));
}

async fn a_call_that_ended_well_is_not_taken_up_again(rig: &Rig) {
    for (number, outcome, is_over) in [(1, "goodbye", true), (2, "caller_left", false), (3, "lost", false)] {
        rig.store.call_began(began(number, "a", 1)).await.unwrap();
        rig.store.call_ended(sid(number), 1, end(outcome, &[])).await.unwrap();
        let resumed = rig.store.resume_call(sid(number), 1).await;
        assert_eq!(matches!(resumed, Err(StoreError::Unknown)), is_over, "{outcome}: {resumed:?}");
    }
}

async fn many_at_once_get_the_same_next_epoch(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    let resumed = join_all((0..8).map(|_| {
        let store = rig.store.clone();
        tokio::spawn(async move { store.resume_call(sid(1), 1).await.unwrap().epoch })
    }));
    let mut epochs: Vec<i64> = resumed.await.into_iter().map(Result::unwrap).collect();
    epochs.sort_unstable();
    assert_eq!(epochs, [2; 8], "it is one question, however often it is asked");
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    let late = rig.store.resume_call(sid(1), 1).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert_eq!(
        rig.store.heartbeat(owner("b"), vec![(sid(1), 2)]).await.unwrap(),
        [],
        "the call is not stolen"
    );
}

async fn calls_come_newest_first_and_page_by_page(rig: &Rig) {
    for number in 1..=5 {
        let from = format!("+3460010020{}", number % 2);
        rig.store.call_arrived(NewCall { from, ..call(number) }).await.unwrap();
    }
    let page = async |filter: CallFilter| rig.store.calls(filter).await.unwrap();
    let sids = |rows: &[CallRow]| -> Vec<_> { rows.iter().map(|row| row.call.sid.clone()).collect() };
    let first = page(CallFilter { most: 2, ..CallFilter::default() }).await;
    assert_eq!(sids(&first), [sid(5), sid(4)]);
    let next = page(CallFilter { most: 9, before: Some(first[1].id.clone()), ..CallFilter::default() }).await;
    assert_eq!(sids(&next), [sid(3), sid(2), sid(1)]);
    let theirs =
        page(CallFilter { most: 9, contact: next[0].contact.clone(), ..CallFilter::default() }).await;
    assert_eq!(sids(&theirs), [sid(5), sid(3), sid(1)]);
    let elsewhere = CallFilter { most: 9, workspace: Some("other".to_owned()), ..CallFilter::default() };
    assert!(page(elsewhere).await.is_empty());
    let so_far =
        async |state| page(CallFilter { most: 9, state: Some(state), ..CallFilter::default() }).await.len();
    assert_eq!([so_far(CallState::Arrived).await, so_far(CallState::Live).await], [5, 0]);
    assert_eq!(
        page(CallFilter { most: 9, workspace: Some("main".to_owned()), ..CallFilter::default() }).await.len(),
        5
    );
}
