//! The calls that lie in the store, as the API shows them.

use super::{
    rig::{API_TOKEN, CALL, Rig},
    rows::{ANA, MAIN, OTHER, ask, deeds, key, live, open, open_in, over, sid},
    store::Kept,
    stub::Stub,
};
use centralita::{
    channels::ledger::{Ledger, Settings},
    ports::store::{SharedStore, keys::Scope},
    storage::{Options, Place, SqlStore},
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::sync::Arc;
use tokio::{join, sync::mpsc};

/// The calls in an answer, by their numbers at the network.
fn sids(answer: &Value) -> Vec<String> {
    let calls = answer["calls"].as_array().unwrap();
    calls.iter().map(|call| call["call"].as_str().unwrap().to_owned()).collect()
}

fn these(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| sid(number).to_string()).collect()
}

#[tokio::test]
async fn calls_come_newest_first_and_page_by_page() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    assert_eq!(ask(&rig, &reader, "GET /api/calls").await.json(), json!({"calls": [], "next": null}));
    for number in 1..=5 {
        over(&rig, number, MAIN, ANA, None).await;
    }
    let (mut seen, mut line) = (Vec::new(), "GET /api/calls?limit=2".to_owned());
    loop {
        let page = ask(&rig, &reader, &line).await.json();
        seen.push(sids(&page));
        let Some(next) = page["next"].as_str() else { break };
        line = format!("GET /api/calls?limit=2&before={next}");
    }
    assert_eq!(seen, [these([5, 4]), these([3, 2]), these([1])]);
    let all = ask(&rig, &reader, "GET /api/calls?limit=5").await.json();
    assert_eq!((sids(&all).len(), &all["next"]), (5, &Value::Null));
}

#[tokio::test]
async fn a_list_tells_who_called_and_how_far_each_call_is() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    over(&rig, 1, MAIN, ANA, Some("CA.opus")).await;
    live(&rig, 2, MAIN, "anonymous", None).await;
    let calls = ask(&rig, &reader, "GET /api/calls").await.json()["calls"].clone();
    let [lives, done] = [&calls[0], &calls[1]];
    assert_eq!(
        (&lives["state"], &lives["outcome"], &lives["contact"]),
        (&json!("live"), &Value::Null, &Value::Null)
    );
    assert!(lives["seconds"].as_i64().is_some() && lives["recording"].is_null(), "{lives}");
    let contact = done["contact"].as_str().unwrap();
    let expected = json!({
        "call": sid(1), "id": done["id"], "agent": "clinica", "direction": "inbound", "from": ANA, "to": "+5491155559999",
        "contact": contact, "state": "over", "outcome": "goodbye", "arrived_at": "2026-11-21T09:00:00Z",
        "started_at": "2026-11-21T09:00:05Z", "ended_at": "2026-11-21T09:01:15Z", "seconds": 70,
        "recording": format!("/api/calls/{}/recording", sid(1)), "network": null,
    });
    assert_eq!(*done, expected);
    let only = async |query: &str| sids(&ask(&rig, &reader, &format!("GET /api/calls?{query}")).await.json());
    assert_eq!(only("state=live").await, these([2]));
    assert_eq!(only("state=over").await, these([1]));
    assert_eq!(only("state=arrived").await, these([]));
    assert_eq!(only(&format!("contact={contact}&state=over")).await, these([1]));
    assert_eq!(only("contact=nobody").await, these([]));
    assert_eq!(
        sids(&ask(&rig, &reader, &format!("GET /api/contacts/{contact}/calls")).await.json()),
        these([1])
    );
}

#[tokio::test]
async fn a_call_is_told_with_its_words_its_times_and_its_notes() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    over(&rig, 1, MAIN, ANA, Some("/data/CA.opus")).await;
    let path = format!("GET /api/calls/{}", sid(1));
    let record = ask(&rig, &reader, &path).await.json();
    assert_eq!(
        (&record["from"], &record["outcome"], &record["sockets"]),
        (&json!(ANA), &json!("goodbye"), &json!(1))
    );
    assert_eq!(record["entries"], json!([{"what": "caller", "at_ms": 900, "text": "Quiero un turno."}]));
    assert_eq!(record["turns"], json!([{"turn": 1, "model_ms": 200}]));
    assert_eq!(record["files"], Value::Null, "where files lie on the server is not for everybody");
    let full = ask(&rig, API_TOKEN, &path).await.json();
    assert_eq!(full["files"], json!({"recording": "/data/CA.opus", "replay": null}));

    let turns = ask(&rig, &reader, &format!("{path}/turns")).await.json()["turns"].clone();
    assert_eq!(turns[0]["body"]["text"], "Quiero un turno.");
    assert_eq!(
        (&turns[1]["kind"], &turns[1]["socket"], &turns[1]["number"]),
        (&json!("times"), &json!(1), &json!(1))
    );
    let notes = ask(&rig, &reader, &format!("{path}/notes")).await.json()["notes"].clone();
    assert_eq!((&notes[0]["kind"], &notes[0]["text"]), (&json!("summary"), &json!("Pidió un turno.")));
    for unknown in
        [sid(9).to_string(), "CA1".to_owned(), "..%2f..%2fetc%2fpasswd".to_owned(), "%ff".to_owned()]
    {
        for part in ["", "/turns", "/notes", "/recording"] {
            let told = ask(&rig, &reader, &format!("GET /api/calls/{unknown}{part}")).await;
            assert_eq!((told.status, told.error().as_str()), (404, "no_such_call"), "{unknown}{part}");
        }
    }
}

#[tokio::test]
async fn a_key_sees_nothing_of_another_workspace() {
    let rig = open().await;
    let (ours, theirs) = (key(&rig, MAIN, Scope::Admin).await, key(&rig, OTHER, Scope::Admin).await);
    live(&rig, 1, MAIN, ANA, Some("CA.opus")).await;
    live(&rig, 2, OTHER, ANA, None).await;
    assert_eq!(sids(&ask(&rig, &ours, "GET /api/calls").await.json()), these([1]));
    assert_eq!(sids(&ask(&rig, &theirs, "GET /api/calls").await.json()), these([2]));
    for part in ["GET /turns", "GET /notes", "GET /recording", "POST /hangup", "GET "] {
        let (method, part) = part.split_once(' ').unwrap();
        let told = ask(&rig, &theirs, &format!("{method} /api/calls/{}{part}", sid(1))).await;
        assert_eq!((told.status, told.error().as_str()), (404, "no_such_call"), "{part}");
    }
    let contact =
        ask(&rig, &ours, "GET /api/contacts").await.json()["contacts"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        sids(&ask(&rig, &theirs, &format!("GET /api/calls?contact={contact}")).await.json()),
        these([])
    );
    assert_eq!(ask(&rig, &ours, "GET /api/appointments").await.json()["appointments"][0]["name"], "Ana");
    let book = ask(&rig, &theirs, "GET /api/appointments").await;
    assert_eq!((book.status, book.json()), (200, json!({"appointments": []})));
    assert_eq!(
        rig.store.commands(centralita::ports::store::Owner("elsewhere".to_owned())).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn whoever_looks_is_written_down_without_a_number() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    over(&rig, 1, MAIN, ANA, None).await;
    let path = format!("GET /api/calls/{}", sid(1));
    for part in ["", "/turns", "/notes"] {
        ask(&rig, &reader, &format!("{path}{part}")).await;
    }
    ask(&rig, &reader, "GET /api/calls").await;
    let (who, what): (Vec<_>, Vec<_>) = deeds(&rig, sid(1).as_str()).await.into_iter().unzip();
    assert_eq!(what, ["call.notes", "call.turns", "call.read"]);
    assert!(who.iter().all(|who| who.starts_with("read of main ")), "{who:?}");
    // Whoever asks by the number, with its sign or with the blank that this stands for, is told nothing and leaves none behind.
    for contact in [format!("%2B{}", &ANA[1..]), ANA.to_owned()] {
        let told = ask(&rig, &reader, &format!("GET /api/calls?contact={contact}")).await;
        assert_eq!((told.status, sids(&told.json())), (200, these([])));
    }
    assert_eq!(deeds(&rig, "calls").await.len(), 3);
    assert_eq!((deeds(&rig, ANA).await, deeds(&rig, &format!(" {}", &ANA[1..])).await), (vec![], vec![]));
    let contact = rig.store.known(MAIN.to_owned(), ANA.to_owned()).await.unwrap().id;
    ask(&rig, &reader, &format!("GET /api/calls?contact={contact}")).await;
    assert_eq!(deeds(&rig, &contact).await.len(), 1);
}

#[tokio::test]
async fn a_parameter_that_can_not_be_used_is_told_by_its_name() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    let cases = [
        ("/api/calls?limit=0", "limit: `0` is no whole number from 1 to 200"),
        ("/api/calls?limit=201", "limit"),
        ("/api/calls?limit=ten", "limit"),
        ("/api/calls?limit=1&limit=2", "limit"),
        ("/api/calls?pagesize=3", "pagesize"),
        ("/api/calls?state=ringing", "state"),
        ("/api/contacts?state=live", "state"),
        ("/api/appointments?before=1", "before"),
        (&format!("/api/calls/{CALL}?full=1"), "full"),
    ];
    for (path, name) in cases {
        let told = ask(&rig, &reader, &format!("GET {path}")).await;
        assert_eq!((told.status, told.error().as_str()), (400, "bad_parameter"), "{path} {told:?}");
        assert!(told.json()["detail"].as_str().unwrap().contains(name), "{path}: {told:?}");
        assert!(told.head.contains("content-type: application/problem+json"), "{}", told.head);
    }
}

#[tokio::test]
async fn a_call_is_ended_wherever_it_lives() {
    let rig = open().await;
    let writer = key(&rig, MAIN, Scope::Write).await;
    live(&rig, 1, MAIN, ANA, None).await;
    over(&rig, 2, MAIN, ANA, None).await;
    let hang_up = async |number| ask(&rig, &writer, &format!("POST /api/calls/{}/hangup", sid(number))).await;
    let told = hang_up(1).await;
    assert_eq!((told.status, told.json()), (202, json!({"call": sid(1)})));
    let owner = centralita::ports::store::Owner("elsewhere".to_owned());
    assert_eq!(rig.store.commands(owner).await.unwrap(), [(sid(1), "hang_up".to_owned())]);
    assert_eq!(hang_up(2).await.error(), "not_live");
    assert_eq!(hang_up(3).await.error(), "no_such_call");
    assert_eq!(deeds(&rig, sid(1).as_str()).await[0].1, "call.hang_up");
}

#[tokio::test]
async fn a_call_ends_when_it_is_wanted_to_though_the_database_is_away() {
    let folder = super::rows::folder();
    let place = Place::File(folder.join("centralita.db"));
    let database = Arc::new(SqlStore::open(place, Options::default()).await.unwrap());
    let store: SharedStore = database.clone();
    let ledger = Ledger::open(store.clone(), &Settings::in_folder(folder.join("spool"))).unwrap();
    let (owner, state) = (centralita::ports::store::Owner("test".to_owned()), Arc::new(database.state()));
    let kept = Kept { store, ledger, owner, state };
    let rig = Rig::keeping(kept, Arc::new(Stub::new(mpsc::channel(1).0)), |_| ()).await;
    database.close().await;
    let read = ask(&rig, API_TOKEN, "GET /api/calls").await;
    assert_eq!((read.status, read.error().as_str()), (503, "store"));
    assert!(read.head.contains("retry-after: 5"), "{}", read.head);
    assert_eq!(ask(&rig, API_TOKEN, &format!("POST /api/calls/{CALL}/hangup")).await.status, 202);
    assert_eq!(*rig.calls.hung_up.lock().unwrap(), [CALL]);
    assert_eq!(ask(&rig, API_TOKEN, &format!("POST /api/calls/{}/hangup", sid(1))).await.status, 503);
}

#[tokio::test]
async fn a_call_of_this_process_ends_when_it_is_wanted_to_though_somebody_holds_the_database() {
    let folder = super::rows::folder();
    let rig = open_in(&folder, |_| ()).await;
    rig.announce(CALL).await;
    live(&rig, 1, MAIN, ANA, None).await;
    assert_eq!(ask(&rig, API_TOKEN, &format!("GET /api/calls/{CALL}")).await.status, 200);
    let file = SqliteConnectOptions::new().filename(folder.join("centralita.db"));
    let mut holder = file.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    let (here, elsewhere) =
        (format!("POST /api/calls/{CALL}/hangup"), format!("POST /api/calls/{}/hangup", sid(1)));
    let (here, elsewhere) = join!(ask(&rig, API_TOKEN, &here), ask(&rig, API_TOKEN, &elsewhere));
    assert_eq!((here.status, elsewhere.status), (202, 503));
    assert_eq!(*rig.calls.hung_up.lock().unwrap(), [CALL]);
    sqlx::query("ROLLBACK").execute(&mut holder).await.unwrap();
}
