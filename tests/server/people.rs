//! The people who call, as the API shows, changes and forgets them.

use super::{
    http::api,
    rig::{API_TOKEN, Rig},
    rows::{ANA, MAIN, OTHER, ask, deeds, folder, key, open, open_in, over, send, sid},
    store::{Kept, kept},
    stub::Stub,
};
use centralita::ports::{
    state::{Key, Kind, Use},
    store::keys::Scope,
};
use serde_json::{Value, json};
use std::{fs, sync::Arc, time::Duration};
use tokio::sync::mpsc;

async fn ana(rig: &Rig) -> String {
    rig.store.meet(MAIN.to_owned(), ANA.to_owned()).await.unwrap().id
}

#[tokio::test]
async fn contacts_come_newest_first_and_page_by_page() {
    let rig = open().await;
    let reader = key(&rig, MAIN, Scope::Read).await;
    for number in 1..=3 {
        rig.store.meet(MAIN.to_owned(), format!("+549115555000{number}")).await.unwrap();
    }
    rig.store.meet(OTHER.to_owned(), ANA.to_owned()).await.unwrap();
    let first = ask(&rig, &reader, "GET /api/contacts?limit=2").await.json();
    let phones = |page: &Value| -> Vec<String> {
        page["contacts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["phone"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(phones(&first), ["+5491155550003", "+5491155550002"]);
    let next = first["next"].as_str().unwrap();
    let rest = ask(&rig, &reader, &format!("GET /api/contacts?before={next}")).await.json();
    assert_eq!((phones(&rest), &rest["next"]), (vec!["+5491155550001".to_owned()], &Value::Null));
}

#[tokio::test]
async fn a_contact_changes_only_as_whoever_changes_it_has_seen_it() {
    let rig = open().await;
    let writer = key(&rig, MAIN, Scope::Write).await;
    let id = ana(&rig).await;
    let shown = ask(&rig, &writer, &format!("GET /api/contacts/{id}")).await;
    assert!(shown.head.contains("etag: \"1\""), "{}", shown.head);
    let line = format!("PATCH /api/contacts/{id}");
    let change =
        async |version: &str, body: Value| send(&rig, &writer, &line, &[("if-match", version)], &body).await;
    let changed = change("\"1\"", json!({"name": "Ana Gómez", "document": "30111222"})).await;
    assert_eq!((changed.status, &changed.json()["name"]), (200, &json!("Ana Gómez")));
    assert!(changed.head.contains("etag: \"2\""), "{}", changed.head);

    let late = change("\"1\"", json!({"name": "Eva"})).await;
    assert_eq!((late.status, late.error().as_str()), (412, "changed"));
    assert_eq!(change("W/\"2\"", json!({"name": "Eva"})).await.status, 412);
    let blind = send(&rig, &writer, &line, &[], &json!({"name": "Eva"})).await;
    assert_eq!((blind.status, blind.error().as_str()), (428, "no_version"));

    let taken = change("*", json!({"document": null, "language": "es"})).await.json();
    assert_eq!(
        (&taken["name"], &taken["document"], &taken["language"]),
        (&json!("Ana Gómez"), &Value::Null, &json!("es"))
    );
    for (body, field) in [
        (json!({"phone": "+5491155550101"}), "phone"),
        (json!({"workspace": "other"}), "workspace"),
        (json!({"document": "30.111.222"}), "document"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"language": 1}), "language"),
    ] {
        let told = change("*", body).await;
        assert_eq!((told.status, told.error().as_str()), (422, "bad_body"), "{told:?}");
        assert!(told.json()["detail"].as_str().unwrap().contains(field), "{told:?}");
    }
    let what: Vec<String> = deeds(&rig, &id).await.into_iter().map(|(_, what)| what).collect();
    assert_eq!(what.last().unwrap(), "contact.read");
    assert!(what.contains(&"contact.change".to_owned()));
}

#[tokio::test]
async fn a_contact_of_another_workspace_is_not_there() {
    let rig = open().await;
    let stranger = key(&rig, OTHER, Scope::Admin).await;
    let id = ana(&rig).await;
    for line in [format!("GET /api/contacts/{id}"), format!("GET /api/contacts/{id}/calls")] {
        assert_eq!(ask(&rig, &stranger, &line).await.error(), "no_such_contact");
    }
    let line = format!("PATCH /api/contacts/{id}");
    let changed = send(&rig, &stranger, &line, &[("if-match", "*")], &json!({"name": "Eva"})).await;
    assert_eq!(changed.error(), "no_such_contact");
    assert_eq!(rig.store.contact(MAIN.to_owned(), id).await.unwrap().name, None);
}

#[tokio::test]
async fn a_person_is_forgotten_with_the_recordings() {
    let folder = folder();
    let rig = open_in(&folder, |_| ()).await;
    let admin = key(&rig, MAIN, Scope::Admin).await;
    let [ours, theirs] = [1, 2].map(|number| folder.join(format!("{}.opus", sid(number))));
    let later = folder.join(format!("{}-2.opus", sid(1)));
    for file in [&ours, &later, &theirs] {
        fs::write(file, "sound").unwrap();
    }
    // Where no files are named in the record, as in that of a call whose recording was swept, they are found all the same.
    over(&rig, 1, MAIN, ANA, None).await;
    over(&rig, 2, MAIN, "+5491155550199", theirs.to_str()).await;
    let contact =
        api(&rig, &format!("GET /api/calls/{}", sid(1))).await.json()["contact"].as_str().unwrap().to_owned();

    let person = json!({"number": "+54 9 11 5555-0100"});
    let told = send(&rig, &admin, "POST /api/contacts/erase", &[], &person).await;
    assert_eq!(told.status, 200, "{told:?}");
    let told = told.json();
    let counts =
        ["contacts", "calls", "notes", "files", "files_left"].map(|what| told[what].as_u64().unwrap());
    assert_eq!((counts, &told["scrubbed"]), ([1, 1, 1, 2, 0], &json!(true)));
    assert!(!ours.exists() && !later.exists() && theirs.exists());
    assert_eq!(api(&rig, &format!("GET /api/contacts/{contact}")).await.status, 404);
    let record = api(&rig, &format!("GET /api/calls/{}", sid(1))).await;
    assert!(
        record.status == 200 && !record.body.contains("Quiero") && !record.body.contains(ANA),
        "{record:?}"
    );
    let proof = deeds(&rig, told["erasure"].as_str().unwrap()).await;
    assert_eq!(proof[0].1, "person.erase");

    // Again is as good.
    let again = send(&rig, &admin, "POST /api/contacts/erase", &[], &person).await.json();
    assert_eq!((&again["contacts"], &again["files"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn the_summaries_that_redis_has_go_too() {
    let (here, elsewhere) = (kept().await, kept().await);
    let redis = elsewhere.state.clone();
    let calls = Arc::new(Stub::new(mpsc::channel(1).0));
    let kept = Kept { state: elsewhere.state, ..here };
    let rig = Rig::keeping(kept, calls, |setup| setup.state.kind = Kind::Redis).await;
    let keys = [1, 2].map(|number| Key::new(Use::Summary, sid(number).as_str()));
    for (number, key) in (1..).zip(&keys) {
        over(&rig, number, MAIN, &format!("+549115555010{number}"), None).await;
        redis.put(key.clone(), b"words".to_vec(), Duration::from_hours(1)).await.unwrap();
    }
    let person = json!({"number": "+5491155550101"});
    assert_eq!(send(&rig, API_TOKEN, "POST /api/contacts/erase", &[], &person).await.status, 200);
    let [of_ana, of_another] = keys;
    assert_eq!(redis.get(of_ana).await.unwrap(), None);
    assert!(redis.get(of_another).await.unwrap().is_some());
}

#[tokio::test]
async fn only_a_number_is_forgotten_and_only_by_who_may() {
    let rig = open().await;
    let id = ana(&rig).await;
    for number in ["", "5491155550100", "+54", "anonymous", "+549115555010000000", "+54 9 11 5555-01OO"] {
        let told = send(&rig, API_TOKEN, "POST /api/contacts/erase", &[], &json!({"number": number})).await;
        assert_eq!((told.status, told.error().as_str()), (422, "bad_body"), "{number}");
    }
    let stranger = key(&rig, OTHER, Scope::Admin).await;
    let told = send(&rig, &stranger, "POST /api/contacts/erase", &[], &json!({"number": ANA})).await;
    assert_eq!((told.status, told.error().as_str()), (403, "not_here"));
    assert!(rig.store.contact(MAIN.to_owned(), id).await.is_ok());
}
