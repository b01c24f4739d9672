//! What stays of a person who was erased: nothing but totals.

use crate::rig::{Rig, asks, began, call, job, sid};
use centralita::ports::state::{Key, StateStore as _, Use};
use centralita::ports::store::{
    StoreError,
    calls::{CallEnd, CallFilter, CallRecords as _, NetworkNews, NewCall, TurnRow},
    inbox::{Accepted, Event, Inbox as _},
    jobs::{Jobs as _, NewJob},
    keys::{Deed, Keys as _},
    notes::{NewNote, Notes as _},
    outbox::{DeliveryEnd, DeliveryState, NewDelivery, Outbox as _, Settle},
    people::{ContactChange, Erased, People as _},
};
use serde_json::json;
use std::time::Duration;

facts! {
    nothing_of_the_person_is_left_in_any_table,
    totals_do_not_change,
    others_keep_what_is_theirs,
    what_was_erased_does_not_come_back,
    what_was_to_go_outside_does_not_go,
    who_is_erased_twice_or_unknown_is_nobody,
    a_call_that_goes_on_keeps_no_files,
    somebody_is_erased_among_very_many_calls,
}

const ANA: &str = "+34600100200";
const LEO: &str = "+34600300400";

fn main() -> String {
    "main".to_owned()
}

/// A call from `phone` with all that can be known of it; whatever is personal contains the number's last nine digits, or `name`.
async fn live_through(rig: &Rig, number: u32, phone: &str, name: &str) {
    let sid = sid(number);
    let mut began = began(number, "a", 1);
    phone.clone_into(&mut began.call.from);
    began.files = [Some(format!("{name}.wav")), Some(format!("{name}.log"))];
    let form = format!("CallSid={sid}&From=%2B{}&CallerName={name}", &phone[1..]);
    for (source, key) in
        [("twilio_voice", format!("{sid}:voice")), ("elevenlabs", format!("conversation {number}"))]
    {
        let event = Event {
            source: source.to_owned(),
            key: key.clone(),
            payload: form.clone().into_bytes(),
            response: Some(format!("<Say>{name}</Say>").into_bytes()),
            change: None,
            jobs: vec![NewJob::new("look_up", key, json!({"call": sid, "from": phone, "name": name}))],
        };
        assert_eq!(rig.store.accept(event).await.unwrap(), Accepted::New);
    }
    rig.store.call_began(began).await.unwrap();
    let contact = rig.store.meet(main(), phone.to_owned()).await.unwrap();
    let change =
        ContactChange { name: Some(name.to_owned()), document: Some(format!("{name} 1Z")), language: None };
    rig.store.change_contact(main(), contact.id, None, change).await.unwrap();
    let turn =
        TurnRow { epoch: 1, seq: 1, kind: "caller".to_owned(), at_ms: 1, body: format!("I am {name}") };
    rig.store.add_turns(sid.clone(), vec![turn]).await.unwrap();
    rig.store.command(sid.clone(), format!("whisper {name}")).await.unwrap();
    let news = NetworkNews {
        sid: sid.clone(),
        state: "completed".to_owned(),
        is_final: true,
        sequence: None,
        seconds: Some(60),
        at: call(number).at,
        jobs: Vec::new(),
    };
    rig.store.network_news(news).await.unwrap();
    let end = CallEnd {
        outcome: "goodbye".to_owned(),
        at: call(number).at,
        jobs: vec![job(&format!("summary:{sid}"))],
    };
    rig.store.call_ended(sid.clone(), 1, end).await.unwrap();
    let deliveries = ["crm", "hook", "mail"].map(|target| NewDelivery {
        target: target.to_owned(),
        settle: Settle::Key,
        key: format!("{target}/{sid}/summary"),
        payload: json!({"text": name, "phone": phone}),
    });
    let text = format!("{name} ({phone}) wants an appointment");
    let note =
        NewNote { call: sid.to_string(), kind: "summary".to_owned(), text, deliveries: deliveries.to_vec() };
    rig.store.write_note(note).await.unwrap();
    let tables = format!(
        "INSERT INTO conversations (id, workspace_id, contact_id, channel, agent, state, started_at, last_at) \
           SELECT 'v{number}', 'main', id, 'whatsapp', 'clara', 'open', 0, 0 FROM contacts WHERE phone = '{phone}'; \
         INSERT INTO messages (id, workspace_id, conversation_id, direction, body, state, created_at) \
           VALUES ('m{number}', 'main', 'v{number}', 'in', 'I am {name}', 'done', 0); \
         INSERT INTO appointments (id, workspace_id, call_sid, specialty, professional, starts_at, ends_at, zone, name, \
                                   document, state, created_at) \
           VALUES ('p{number}', 'main', '{sid}', 'skin', 'Dr', {number}, {number} + 1, 'UTC', '{name}', '{name} 1Z', 'booked', 0)"
    );
    rig.sql(&tables).await;
    let summary = Key::new(Use::Summary, sid.as_str());
    let life = Duration::from_hours(1);
    rig.store.state().put(summary, format!("{name} was in pain").into_bytes(), life).await.unwrap();
    let deed = Deed {
        workspace: main(),
        who: "operator".to_owned(),
        what: "call.read".to_owned(),
        object: sid.to_string(),
    };
    rig.store.audit(deed).await.unwrap();
}

/// One delivery arrives, one fails, one waits.
async fn deliver(rig: &Rig, name: &str) {
    for claim in rig.store.claim(asks("a")).await.unwrap() {
        let Some(id) = claim.payload["delivery"].as_str().map(str::to_owned) else { continue };
        let error = format!("{name}: no such patient");
        let end = match rig.store.delivery(id.clone()).await.unwrap().target.as_str() {
            "crm" => DeliveryEnd::Sent { provider_ref: Some(format!("crm/{name}")) },
            "hook" => DeliveryEnd::Held { error },
            _ => DeliveryEnd::Missed { error, after: Some(Duration::from_hours(1)) },
        };
        rig.store.sending(id.clone(), claim.clone()).await.unwrap();
        rig.store.delivered(id, claim, end).await.unwrap();
    }
}

async fn nothing_of_the_person_is_left_in_any_table(rig: &Rig) {
    live_through(rig, 1, ANA, "Aurelia").await;
    rig.store.call_arrived(NewCall { from: LEO.to_owned(), to: ANA.to_owned(), ..call(2) }).await.unwrap();
    deliver(rig, "Aurelia").await;
    let before = rig.dump().await;
    assert!(before.contains("Aurelia") && before.contains("600100200"));
    assert_eq!(rig.store.calls_of(ANA.to_owned()).await.unwrap(), [sid(1), sid(2)]);
    let erased = rig.store.erase(ANA.to_owned()).await.unwrap();
    let expected =
        Erased { contacts: 1, calls: 2, notes: 1, messages: 1, appointments: 1, sids: vec![sid(1), sid(2)] };
    assert_eq!(erased, expected);
    let after = rig.dump().await;
    let left: Vec<&str> =
        after.lines().filter(|line| line.contains("Aurelia") || line.contains("600100200")).collect();
    assert!(left.is_empty(), "{left:#?}");
}

async fn totals_do_not_change(rig: &Rig) {
    live_through(rig, 1, ANA, "Aurelia").await;
    let totals = "SELECT count(*), count(began_at), sum(network_s), count(ended_at), min(outcome), count(id) FROM calls";
    let before = rig.sql(totals).await;
    let events = rig.store.events("twilio_voice".to_owned()).await.unwrap();
    rig.store.erase(ANA.to_owned()).await.unwrap();
    assert_eq!(rig.sql(totals).await, before);
    assert_eq!(rig.store.events("twilio_voice".to_owned()).await.unwrap(), events);
    let rows = rig.store.calls(CallFilter { most: 9, ..CallFilter::default() }).await.unwrap();
    assert_eq!((rows.len(), rows[0].contact.clone(), rows[0].outcome.as_deref()), (1, None, Some("goodbye")));
    assert_eq!(rig.store.deeds(sid(1).to_string(), 9).await.unwrap().len(), 1);
}

async fn others_keep_what_is_theirs(rig: &Rig) {
    live_through(rig, 2, LEO, "Leonardo").await;
    let before = rig.dump().await;
    live_through(rig, 1, ANA, "Aurelia").await;
    rig.store.erase(ANA.to_owned()).await.unwrap();
    let after = rig.dump().await;
    let lost: Vec<&str> = before.lines().filter(|line| !after.contains(*line)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

async fn what_was_erased_does_not_come_back(rig: &Rig) {
    live_through(rig, 1, ANA, "Aurelia").await;
    rig.store.erase(ANA.to_owned()).await.unwrap();
    // What a spool still held, and what the network sends again.
    rig.store.call_arrived(call(1)).await.unwrap();
    let turn =
        TurnRow { epoch: 1, seq: 2, kind: "caller".to_owned(), at_ms: 2, body: "Aurelia again".to_owned() };
    rig.store.add_turns(sid(1), vec![turn]).await.unwrap();
    let text = "Aurelia again".to_owned();
    let note = NewNote { call: sid(1).to_string(), kind: "late".to_owned(), text, deliveries: Vec::new() };
    assert!(matches!(rig.store.write_note(note).await, Err(StoreError::Unknown)));
    let after = rig.dump().await;
    let back: Vec<&str> =
        after.lines().filter(|line| line.contains("Aurelia") || line.contains("600100200")).collect();
    assert!(back.is_empty(), "{back:#?}");
}

async fn what_was_to_go_outside_does_not_go(rig: &Rig) {
    live_through(rig, 1, ANA, "Aurelia").await;
    let claims = rig.store.claim(asks("a")).await.unwrap();
    let sends = claims.into_iter().find(|claim| claim.payload["delivery"].is_string()).unwrap();
    let id = sends.payload["delivery"].as_str().unwrap().to_owned();
    rig.store.erase(ANA.to_owned()).await.unwrap();
    assert!(matches!(rig.store.sending(id.clone(), sends).await, Err(StoreError::Fenced)));
    let dead = rig.store.deliveries(DeliveryState::Dead, 9).await.unwrap();
    assert_eq!(
        dead.iter().map(|dead| dead.payload.clone()).collect::<Vec<_>>(),
        [json!({}), json!({}), json!({})]
    );
    // Nor does it by a person's mistake.
    assert!(matches!(rig.store.decide(id, true).await, Err(StoreError::Unknown)));
    rig.sql("UPDATE jobs SET run_at = 0").await;
    let due = rig.store.claim(asks("a")).await.unwrap();
    assert!(!due.iter().any(|claim| claim.kind == "deliver"), "{due:?}");
    assert_eq!(rig.store.next_due().await.unwrap().filter(|wait| *wait < Duration::from_secs(1)), None);
}

async fn who_is_erased_twice_or_unknown_is_nobody(rig: &Rig) {
    live_through(rig, 1, ANA, "Aurelia").await;
    assert_eq!(rig.store.erase(LEO.to_owned()).await.unwrap(), Erased::default());
    assert!(rig.dump().await.contains("Aurelia"));
    rig.store.erase(ANA.to_owned()).await.unwrap();
    assert_eq!(rig.store.erase(ANA.to_owned()).await.unwrap(), Erased::default());
}

async fn a_call_that_goes_on_keeps_no_files(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.erase(call(1).from).await.unwrap();
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.epoch, row.files), (2, [None, None]));
}

/// Half of the calls are hers, and each left something everywhere: whoever looks at all calls for each row does not come to an end.
async fn somebody_is_erased_among_very_many_calls(rig: &Rig) {
    let sid = "'CA' || substr('00000000000000000000000000000000', 1, 32 - length(CAST(i AS TEXT))) || i";
    let whose = format!("CASE WHEN i % 2 = 0 THEN '{ANA}' ELSE '{LEO}' END");
    let name = "CASE WHEN i % 2 = 0 THEN 'Aurelia' ELSE 'Leonardo' END";
    let bytes = if rig.is_sqlite() { "BLOB" } else { "BYTEA" };
    let json = format!(r#"'{{"call":"' || {sid} || '","name":"' || {name} || '"}}'"#);
    let tables = [
        (
            "calls (sid, id, workspace_id, agent, direction, from_number, to_number, account, state, epoch, arrived_at)",
            format!(
                "{sid}, 'c' || i, 'main', 'clara', 'inbound', {whose}, '+34910000000', 'AC1', 'over', 1, 0"
            ),
        ),
        (
            "notes (id, workspace_id, call_sid, kind, text, created_at)",
            format!("'n' || i, 'main', {sid}, 'summary', {name}, 0"),
        ),
        (
            "outbox (id, workspace_id, target, mode, dedupe_key, payload, state, tries, created_at)",
            format!(
                "'o' || i, 'main', 'crm', 'key', 'note:' || {sid} || ':summary', {name}, 'pending', 0, 0"
            ),
        ),
        (
            "jobs (workspace_id, kind, dedupe_key, payload, state, run_at, attempts, most, epoch, created_at)",
            format!("'main', 'deliver', 'deliver:o' || i, {name}, 'waiting', 0, 0, 5, 0, 0"),
        ),
        (
            "jobs (workspace_id, kind, dedupe_key, payload, state, run_at, attempts, most, epoch, created_at)",
            format!("'main', 'odd', 'odd:' || i, {json}, 'waiting', 0, 0, 5, 0, 0"),
        ),
        (
            "inbox (source, dedupe_key, received_at, payload, state)",
            format!("'twilio_voice', {sid} || ':voice', 0, CAST({name} AS {bytes}), 'kept'"),
        ),
        (
            "inbox (source, dedupe_key, received_at, payload, state)",
            format!("'twilio_status', {sid} || ':1:ringing', 0, CAST({name} AS {bytes}), 'kept'"),
        ),
    ];
    for (table, row) in tables {
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
        rig.sql(&format!("INSERT INTO {table} {numbers} SELECT {row} FROM n")).await;
    }
    let erased = rig.store.erase(ANA.to_owned()).await.unwrap();
    assert_eq!((erased.calls, erased.notes, erased.sids.len()), (5_000, 5_000, 5_000));
    let after = rig.dump().await;
    assert!(!after.contains("Aurelia") && !after.contains(ANA));
    for (rows, left) in [
        ("calls WHERE from_number = 'erased'", 5_000),
        ("notes", 5_000),
        ("outbox WHERE state = 'pending' AND payload = 'Leonardo'", 5_000),
        ("jobs WHERE state = 'waiting' AND payload LIKE '%Leonardo%'", 10_000),
        ("inbox WHERE state = 'kept' AND payload IS NOT NULL", 10_000),
    ] {
        assert_eq!(rig.number(&format!("SELECT count(*) FROM {rows}")).await, left, "{rows}");
    }
}
