//! What lies in a server's store before it is asked: calls, people, keys, another workspace.

use super::{
    http::{Answer, request},
    phone::call_number,
    rig::{ACCOUNT, Rig, Setup},
    store::kept_in,
    stub::Stub,
};
use centralita::{
    base::{ids::CallSid, secret::ExposeSecret as _},
    ports::store::{
        Owner,
        calls::{CallBegan, CallEnd, NewCall, TurnRow},
        keys::{NewKey, Scope, draw, hash},
        notes::NewNote,
    },
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

pub(crate) const ANA: &str = "+5491155550100";
pub(crate) const OTHER: &str = "other";
pub(crate) const MAIN: &str = "main";

/// A folder of a test's own.
pub(crate) fn folder() -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let name = format!("api-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A server with two workspaces, whose files lie in `folder`.
pub(crate) async fn open_in(folder: &Path, change: impl FnOnce(&mut Setup)) -> Rig {
    let kept = kept_in(folder).await;
    let file = SqliteConnectOptions::new().filename(folder.join("centralita.db"));
    let sql = "INSERT INTO workspaces (id, name, created_at) VALUES ('other', 'other', 0)";
    sqlx::query(AssertSqlSafe(sql)).execute(&mut file.connect().await.unwrap()).await.unwrap();
    let calls = Arc::new(Stub::new(mpsc::channel(1).0));
    Rig::keeping(kept, calls, |setup| {
        folder.clone_into(&mut setup.files);
        change(setup);
    })
    .await
}

pub(crate) async fn open() -> Rig {
    open_in(&folder(), |_| ()).await
}

/// A key with one scope.
pub(crate) async fn key(rig: &Rig, workspace: &str, scope: Scope) -> String {
    key_for(rig, workspace, scope, None).await
}

pub(crate) async fn key_for(rig: &Rig, workspace: &str, scope: Scope, life: Option<Duration>) -> String {
    let key = draw().expose_secret().to_owned();
    let name = format!("{} of {workspace}", scope.as_str());
    let new = NewKey { workspace: workspace.to_owned(), name, hash: hash(&key), scopes: vec![scope], life };
    rig.store.make_key(new).await.unwrap();
    key
}

/// Asks with a key.
pub(crate) async fn ask(rig: &Rig, key: &str, line: &str) -> Answer {
    request(rig, line, &[("authorization", &format!("Bearer {key}"))], "").await
}

/// Sends JSON with a key, and more fields of the head.
pub(crate) async fn send(rig: &Rig, key: &str, line: &str, head: &[(&str, &str)], body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let ours = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    request(rig, line, &[&ours, head].concat(), &body.to_string()).await
}

pub(crate) fn sid(number: u32) -> CallSid {
    call_number(number).parse().unwrap()
}

/// The call of this number in a workspace, from `from`, with a caller's turn and one of times; it lives.
pub(crate) async fn live(rig: &Rig, number: u32, workspace: &str, from: &str, recording: Option<&str>) {
    let call = NewCall {
        sid: sid(number),
        workspace: workspace.to_owned(),
        agent: "clinica".to_owned(),
        direction: "inbound".to_owned(),
        from: from.to_owned(),
        to: "+5491155559999".to_owned(),
        account: ACCOUNT.to_owned(),
        at: "2026-11-21T09:00:00Z".parse().unwrap(),
    };
    let files = [recording, None].map(|file| file.map(str::to_owned));
    let at = "2026-11-21T09:00:05Z".parse().unwrap();
    let owner = Owner("elsewhere".to_owned());
    rig.store.call_began(CallBegan { call, owner, epoch: 1, at, files }).await.unwrap();
    let said = json!({"what": "caller", "at_ms": 900, "text": "Quiero un turno."});
    let turn = |seq, kind: &str, body: &Value| TurnRow {
        epoch: 1,
        seq,
        kind: kind.to_owned(),
        at_ms: 900,
        body: body.to_string(),
    };
    let turns = vec![turn(0, "caller", &said), turn(1, "times", &json!({"turn": 1, "model_ms": 200}))];
    rig.store.add_turns(sid(number), turns).await.unwrap();
}

/// The same, over, with its summary.
pub(crate) async fn over(rig: &Rig, number: u32, workspace: &str, from: &str, recording: Option<&str>) {
    live(rig, number, workspace, from, recording).await;
    let at = "2026-11-21T09:01:15Z".parse().unwrap();
    let end = CallEnd { outcome: "goodbye".to_owned(), at, jobs: Vec::new() };
    rig.store.call_ended(sid(number), 1, end).await.unwrap();
    let note = NewNote {
        call: sid(number).to_string(),
        kind: "summary".to_owned(),
        text: "Pidió un turno.".to_owned(),
        deliveries: Vec::new(),
    };
    rig.store.write_note(note).await.unwrap();
}

/// What was done with an object, the newest first: who and what.
pub(crate) async fn deeds(rig: &Rig, object: &str) -> Vec<(String, String)> {
    let deeds = rig.store.deeds(object.to_owned(), 100).await.unwrap();
    deeds.into_iter().map(|(_, deed)| (deed.who, deed.what)).collect()
}
