//! What is not kept for ever: gone from the tables, and from the bytes of SQLite's files.

use crate::rig::{Rig, asks, began, call, connect, job, sid};
use centralita::ports::store::{
    calls::{CallEnd, CallRecords as _, NewCall, TurnRow},
    inbox::{Accepted, Event, Inbox as _},
    jobs::{JobCounts, Jobs as _, Outcome},
    notes::{NewNote, Notes as _},
    outbox::{DeliveryEnd, DeliveryState, NewDelivery, Outbox as _, Settle},
    people::People as _,
    retention::{Old, Retention as _},
};
use serde_json::json;
use sqlx::Connection as _;
use std::{fs, time::Duration};

facts! {
    what_was_said_is_forgotten_and_the_call_is_not,
    where_files_lay_is_forgotten_and_the_call_is_not,
    a_call_that_is_not_over_forgets_nothing,
    bodies_are_forgotten_and_keys_are_not,
    what_is_done_is_forgotten_and_what_is_to_be_done_is_not,
    what_was_given_up_is_forgotten_on_its_own,
    the_oldest_go_first_and_only_so_many,
}

const DAY: Duration = Duration::from_hours(24);
const EACH: [Old; 5] = [Old::Files, Old::Words, Old::Bodies, Old::Done, Old::GivenUp];

/// A call in which something was said, with a note that is to be delivered.
async fn live_through(rig: &Rig, number: u32) {
    let sid = sid(number);
    rig.store.call_began(began(number, "a", 1)).await.unwrap();
    let body = json!({"what": "caller", "at_ms": 1, "text": format!("words of {number}")}).to_string();
    let turn = TurnRow { epoch: 1, seq: 1, kind: "caller".to_owned(), at_ms: 1, body };
    rig.store.add_turns(sid.clone(), vec![turn]).await.unwrap();
    rig.store.command(sid.clone(), "hang_up".to_owned()).await.unwrap();
    let delivery = NewDelivery {
        target: "crm".to_owned(),
        settle: Settle::Key,
        key: format!("{sid}/summary"),
        payload: json!({"text": format!("words of {number}")}),
    };
    let note = NewNote {
        call: sid.to_string(),
        kind: "summary".to_owned(),
        text: format!("words of {number}"),
        deliveries: vec![delivery],
    };
    rig.store.write_note(note).await.unwrap();
}

async fn ends(rig: &Rig, number: u32) {
    let end = CallEnd { outcome: "goodbye".to_owned(), at: call(number).at, jobs: Vec::new() };
    rig.store.call_ended(sid(number), 1, end).await.unwrap();
}

/// By the database's clock the call ended so many days ago, and some seconds.
async fn ended_days_ago(rig: &Rig, number: u32, days: i64) {
    ends(rig, number).await;
    let now = if rig.is_sqlite() {
        "unixepoch() * 1000"
    } else {
        "CAST(extract(epoch FROM now()) * 1000 AS BIGINT)"
    };
    let ago = days * 86_400_000 + 5_000;
    rig.sql(&format!("UPDATE calls SET ended_at = {now} - {ago} WHERE sid = '{}'", sid(number))).await;
}

async fn what_was_said_is_forgotten_and_the_call_is_not(rig: &Rig) {
    for (number, days) in [(1, 90), (2, 89)] {
        live_through(rig, number).await;
        ended_days_ago(rig, number, days).await;
    }
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!(rig.store.forget(Old::Words, 90 * DAY, 9).await.unwrap(), 1);
    assert_eq!(rig.store.forget(Old::Words, 90 * DAY, 9).await.unwrap(), 0);
    assert!(rig.store.turns(sid(1)).await.unwrap().is_empty());
    assert!(rig.store.notes_of(sid(1).to_string()).await.unwrap().is_empty());
    assert_eq!(rig.number("SELECT count(*) FROM call_commands").await, 1);
    assert_eq!(rig.store.call(sid(1)).await.unwrap(), row);
    assert_eq!(rig.store.turns(sid(2)).await.unwrap().len(), 1);
    assert_eq!(rig.store.notes_of(sid(2).to_string()).await.unwrap().len(), 1);
}

async fn where_files_lay_is_forgotten_and_the_call_is_not(rig: &Rig) {
    for (number, days) in [(1, 30), (2, 29)] {
        live_through(rig, number).await;
        ended_days_ago(rig, number, days).await;
    }
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!(rig.store.forget(Old::Files, 30 * DAY, 9).await.unwrap(), 1);
    assert_eq!(rig.store.forget(Old::Files, 30 * DAY, 9).await.unwrap(), 0);
    let forgotten = rig.store.call(sid(1)).await.unwrap();
    assert_eq!(forgotten.files, [None, None]);
    assert_eq!(
        (forgotten.outcome, forgotten.ended_at, forgotten.call),
        (row.outcome, row.ended_at, row.call)
    );
    assert!(rig.store.call(sid(2)).await.unwrap().files.iter().all(Option::is_some));
    assert_eq!(rig.store.turns(sid(1)).await.unwrap().len(), 1);
}

async fn a_call_that_is_not_over_forgets_nothing(rig: &Rig) {
    live_through(rig, 1).await;
    let before = rig.dump().await;
    for what in EACH {
        assert_eq!(rig.store.forget(what, DAY, 9).await.unwrap(), 0, "{what:?}");
    }
    for what in [Old::Files, Old::Words] {
        assert_eq!(rig.store.forget(what, Duration::ZERO, 9).await.unwrap(), 0, "{what:?}");
    }
    assert_eq!(rig.dump().await, before);
}

async fn bodies_are_forgotten_and_keys_are_not(rig: &Rig) {
    let event = || Event {
        source: "vapi".to_owned(),
        key: "1".to_owned(),
        payload: b"body \xff\x00".to_vec(),
        response: Some(b"<Response/>".to_vec()),
        change: None,
        jobs: Vec::new(),
    };
    assert_eq!(rig.store.accept(event()).await.unwrap(), Accepted::New);
    assert_eq!(rig.store.forget(Old::Bodies, DAY, 9).await.unwrap(), 0);
    assert_eq!(rig.store.forget(Old::Bodies, Duration::ZERO, 9).await.unwrap(), 1);
    assert_eq!(rig.store.forget(Old::Bodies, Duration::ZERO, 9).await.unwrap(), 0);
    assert_eq!(rig.store.accept(event()).await.unwrap(), Accepted::Repeat { response: None });
    let kept = "SELECT count(*) FROM inbox WHERE payload IS NOT NULL OR response IS NOT NULL";
    assert_eq!(rig.number(kept).await, 0);
}

/// A job that is done, one that was given up, one that waits; a delivery of each kind with its own.
async fn work(rig: &Rig) {
    for number in 1..=3 {
        live_through(rig, number).await;
    }
    rig.store.enqueue(vec![job("done"), job("dead"), job("waits")]).await.unwrap();
    let mut deliveries = 0;
    for claim in rig.store.claim(asks("a")).await.unwrap() {
        let Some(id) = claim.payload["delivery"].as_str().map(str::to_owned) else {
            let outcome = match claim.key.as_str() {
                "done" => Outcome::Done,
                "dead" => Outcome::Dead { error: "never".to_owned() },
                _ => Outcome::Later { after: DAY },
            };
            rig.store.finish(claim, outcome).await.unwrap();
            continue;
        };
        deliveries += 1;
        rig.store.sending(id.clone(), claim.clone()).await.unwrap();
        let end = match deliveries {
            1 => DeliveryEnd::Sent { provider_ref: None },
            2 => DeliveryEnd::Dead { error: "never".to_owned() },
            _ => DeliveryEnd::Missed { error: "away".to_owned(), after: Some(DAY) },
        };
        rig.store.delivered(id, claim, end).await.unwrap();
    }
    assert_eq!(deliveries, 3);
}

async fn states(rig: &Rig) -> (JobCounts, [usize; 3]) {
    let of = async |state| rig.store.deliveries(state, 9).await.unwrap().len();
    let deliveries =
        [of(DeliveryState::Sent).await, of(DeliveryState::Dead).await, of(DeliveryState::Pending).await];
    (rig.store.job_counts(None).await.unwrap(), deliveries)
}

async fn what_is_done_is_forgotten_and_what_is_to_be_done_is_not(rig: &Rig) {
    work(rig).await;
    let (all, deliveries) = states(rig).await;
    assert_eq!(deliveries, [1, 1, 1]);
    assert_eq!(rig.store.forget(Old::Done, DAY, 9).await.unwrap(), 0);
    assert_eq!(rig.store.forget(Old::Done, Duration::ZERO, 9).await.unwrap(), all.done + 1);
    assert_eq!(states(rig).await, (JobCounts { done: 0, ..all }, [0, 1, 1]));
    assert_eq!((all.waiting, all.dead), (2, 2));
}

async fn what_was_given_up_is_forgotten_on_its_own(rig: &Rig) {
    work(rig).await;
    let (all, _) = states(rig).await;
    assert_eq!(rig.store.forget(Old::GivenUp, DAY, 9).await.unwrap(), 0);
    assert_eq!(rig.store.forget(Old::GivenUp, Duration::ZERO, 9).await.unwrap(), all.dead + 1);
    assert_eq!(states(rig).await, (JobCounts { dead: 0, ..all }, [1, 0, 1]));
}

async fn the_oldest_go_first_and_only_so_many(rig: &Rig) {
    for (number, days) in [(1, 91), (2, 94), (3, 92), (4, 93)] {
        live_through(rig, number).await;
        ended_days_ago(rig, number, days).await;
    }
    for left in [[true, false, true, false], [false, false, false, false]] {
        assert_eq!(rig.store.forget(Old::Words, 90 * DAY, 2).await.unwrap(), 2);
        for (number, left) in (1..).zip(left) {
            assert_eq!(!rig.store.turns(sid(number)).await.unwrap().is_empty(), left, "{number}");
        }
    }
    assert_eq!(rig.store.forget(Old::Files, 90 * DAY, 3).await.unwrap(), 3);
    assert_eq!(rig.store.forget(Old::Files, 90 * DAY, 3).await.unwrap(), 1);
}

/// Whether the text stands in SQLite's file or in its log.
fn is_in_the_bytes(rig: &Rig, text: &str) -> bool {
    let files = [rig.file(), centralita::storage::file::log_of(&rig.file())];
    files.iter().any(|file| {
        let bytes = fs::read(file).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_or_forgotten_is_in_no_byte_of_the_files() {
    let rig = Rig::sqlite().await.unwrap();
    let (ana, digits) = ("+34600987654", "600987654");
    // Pages that are split, joined and moved leave copies behind where they are not wiped.
    for number in 0..300 {
        let phone = if number % 7 == 0 { ana.to_owned() } else { format!("+34911{number:06}") };
        rig.store.call_arrived(NewCall { from: phone.clone(), ..call(number) }).await.unwrap();
        let mut began = began(number, "a", 1);
        began.call.from = phone.clone();
        rig.store.call_began(began).await.unwrap();
        let turns = (0..6).map(|seq| {
            let text = format!("it is {phone} {}", "and so on ".repeat(usize::try_from(seq).unwrap() * 7));
            TurnRow {
                epoch: 1,
                seq,
                kind: "caller".to_owned(),
                at_ms: seq,
                body: json!({"text": text}).to_string(),
            }
        });
        rig.store.add_turns(sid(number), turns.collect()).await.unwrap();
        let text = format!("{phone} called");
        let note = NewNote {
            call: sid(number).to_string(),
            kind: "summary".to_owned(),
            text,
            deliveries: Vec::new(),
        };
        rig.store.write_note(note).await.unwrap();
        let event = Event {
            source: "twilio_voice".to_owned(),
            key: sid(number).to_string(),
            payload: format!("From=%2B{}", &phone[1..]).into_bytes(),
            response: None,
            change: None,
            jobs: vec![job(&format!("look up {number}"))],
        };
        rig.store.accept(event).await.unwrap();
    }
    assert!(is_in_the_bytes(&rig, digits));
    let erased = rig.store.erase(ana.to_owned()).await.unwrap();
    assert_eq!((erased.contacts, erased.calls), (1, 43));
    // Whoever reads keeps the log.
    let mut reader = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM calls").execute(&mut reader).await.unwrap();
    rig.store.enqueue(vec![job("after")]).await.unwrap();
    assert!(!rig.store.scrub().await.unwrap());
    reader.close().await.unwrap();
    assert!(rig.store.scrub().await.unwrap());
    assert!(!is_in_the_bytes(&rig, digits), "the number of an erased person is readable");
    let other = "+34911000001";
    assert!(is_in_the_bytes(&rig, &format!("it is {other}")));
    for number in 0..300 {
        ends(&rig, number).await;
    }
    assert_eq!(rig.store.forget(Old::Words, Duration::ZERO, 1_000).await.unwrap(), 300);
    assert!(rig.store.scrub().await.unwrap());
    assert!(!is_in_the_bytes(&rig, "it is +"), "what was said is readable");
    assert!(is_in_the_bytes(&rig, other), "the call itself stays");
    rig.store.close().await;
}
