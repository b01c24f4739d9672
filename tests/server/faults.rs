//! Webhooks that come twice, in any order, late or with words that nobody knows, and a database that is away meanwhile.

use super::{
    desk::{all_gone, begins, listen, token},
    http::{api, get, post_signed},
    phone::{arrival, stop},
    rig::{CALL, Rig, soon},
    staff::Office,
    store::{Kept, kept_with},
};
use centralita::{
    base::{
        clock::{SystemClock, WallClock},
        ids::CallSid,
    },
    channels::{
        ledger::Settings,
        voice::{desk::Desk, staff::Staff},
    },
    ports::store::calls::{CallRow, CallState},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// A server whose database lies in a folder of the test's own.
struct Server {
    rig: Rig<Desk>,
    kept: Kept,
    folder: PathBuf,
    _office: Office,
}

impl Server {
    async fn start(change: impl FnOnce(&mut Staff)) -> Self {
        Self::start_with(|_| (), change).await
    }

    async fn start_with(spool: impl FnOnce(&mut Settings), change: impl FnOnce(&mut Staff)) -> Self {
        let folder = format!("faults-{}-{:016x}", std::process::id(), rand::random::<u64>());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let kept = kept_with(&folder, spool).await;
        let (office, mut staff) = Office::open().await;
        let Kept { store, ledger, owner, .. } = kept.clone();
        (staff.store, staff.ledger, staff.owner) = (store, ledger, owner);
        change(&mut staff);
        let rig = Rig::keeping(kept.clone(), Arc::new(Desk::new(staff)), |_| ()).await;
        Self { rig, kept, folder, _office: office }
    }

    /// Another process holds the database's file until this is dropped.
    async fn without_database(&self) -> SqliteConnection {
        let file = SqliteConnectOptions::new().filename(self.folder.join("centralita.db"));
        let mut other = file.busy_timeout(Duration::from_secs(20)).connect().await.unwrap();
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        other
    }

    /// What the network tells of the call, and how it is answered.
    async fn told(&self, sequence: u32, state: &str) -> u16 {
        let mut news = arrival(CALL);
        for (name, value) in &mut news {
            if name == "CallStatus" {
                state.clone_into(value);
            }
        }
        news.push(("SequenceNumber".to_owned(), sequence.to_string()));
        if state == "completed" {
            news.push(("CallDuration".to_owned(), "9".to_owned()));
        }
        post_signed(&self.rig, "/webhook/voice/status", &news).await.status
    }

    /// All that happened is in the database.
    async fn caught_up(&self) {
        soon(async {
            self.kept.ledger.settle().await;
            while self.kept.ledger.is_spooling() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// The keys of the jobs that wait, due or not.
    async fn jobs(&self) -> Vec<String> {
        let mut connection = {
            let file = SqliteConnectOptions::new().filename(self.folder.join("centralita.db"));
            file.connect().await.unwrap()
        };
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT dedupe_key FROM jobs").fetch_all(&mut connection).await.unwrap();
        rows.into_iter().map(|(key,)| key).collect()
    }

    /// How many events lie in the inbox in this state.
    async fn events(&self, state: &str) -> i64 {
        let file = SqliteConnectOptions::new().filename(self.folder.join("centralita.db"));
        let mut connection = file.connect().await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE state = $1").bind(state);
        count.fetch_one(&mut connection).await.unwrap()
    }

    async fn call(&self) -> CallRow {
        self.kept.store.call(call()).await.unwrap()
    }
}

fn call() -> CallSid {
    CALL.parse().unwrap()
}

/// Reliability A12.
#[tokio::test]
async fn doubled_and_reordered_news_end_a_call_once_and_sum_it_up_once() {
    let server = Server::start(|_| ()).await;
    let mut phone = server.rig.call(CALL).await;
    phone.hears().await;
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&server.rig).await;
    for (sequence, state) in [(3, "completed"), (1, "ringing"), (3, "completed"), (2, "in-progress")] {
        assert_eq!(server.told(sequence, state).await, 204, "{state}");
    }
    let row = server.call().await;
    assert_eq!(row.network, (Some("completed".to_owned()), Some(9)));
    assert_eq!((row.state, row.outcome.as_deref()), (CallState::Over, Some("caller_left")));
    assert_eq!(server.jobs().await, [format!("summary:{CALL}")]);
}

/// Reliability A18.
#[tokio::test]
async fn a_caller_who_gives_up_before_the_socket_costs_no_model_and_leaves_a_dead_token() {
    let server = Server::start(|_| ()).await;
    let twiml = post_signed(&server.rig, "/webhook/voice", &arrival(CALL)).await.body;
    assert!(token(&twiml).is_some());
    assert_eq!(server.told(1, "canceled").await, 204);
    assert_eq!(begins(&server.rig, &twiml).await.closed_with().await, 1008);
    let row = server.call().await;
    assert_eq!((row.state, row.outcome.as_deref()), (CallState::Over, Some("never_began")));
    assert_eq!(row.network.0.as_deref(), Some("canceled"));
    assert!(server.jobs().await.is_empty());
}

/// Reliability H9.
#[tokio::test]
async fn a_word_that_nobody_knows_is_kept_and_passed_over() {
    let server = Server::start(|_| ()).await;
    post_signed(&server.rig, "/webhook/voice", &arrival(CALL)).await;
    for _ in 0..2 {
        assert_eq!(server.told(1, "on-hold").await, 204);
    }
    assert_eq!(server.events("ignored").await, 1);
    assert_eq!(server.call().await.network.0, None);
}

/// Reliability E1, E7 and H10.
#[tokio::test]
async fn calls_come_and_go_while_the_database_is_away_and_are_there_in_order_afterwards() {
    let server = Server::start(|_| ()).await;
    let other = server.without_database().await;
    let mut phone = server.rig.call(CALL).await;
    phone.hears().await;
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    for sequence in [2, 3, 3] {
        assert_eq!(server.told(sequence, if sequence == 3 { "completed" } else { "in-progress" }).await, 204);
    }
    let ready = get(&server.rig, "/readyz", &[]).await;
    assert_eq!((ready.status, &ready.json()["database"]), (200, &"down".into()));
    assert_eq!(get(&server.rig, "/healthz", &[]).await.status, 200);
    drop(other);
    server.caught_up().await;
    all_gone(&server.rig).await;
    assert_eq!(get(&server.rig, "/readyz", &[]).await.json()["database"], "up");
    let record = api(&server.rig, &format!("GET /api/calls/{CALL}")).await.json();
    assert_eq!(record["outcome"], "caller_left");
    assert_eq!(record["entries"][0]["what"], "agent");
    assert_eq!(server.call().await.network, (Some("completed".to_owned()), Some(9)));
    assert_eq!(server.jobs().await, [format!("summary:{CALL}")]);
    // The announcement, two words of the network, and nothing twice.
    assert_eq!(server.events("kept").await, 3);
}

/// Reliability E2: the database is away, and the disk takes nothing either.
#[tokio::test]
async fn without_any_place_for_what_happens_calls_go_on_and_new_ones_should_go_elsewhere() {
    let server = Server::start_with(|settings| settings.most = 0, |_| ()).await;
    let mut phone = server.rig.call(CALL).await;
    phone.hears().await;
    let other = server.without_database().await;
    assert_eq!(server.told(2, "in-progress").await, 503);
    let ready = get(&server.rig, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.error().as_str()), (503, "disk_full"));
    assert_eq!(get(&server.rig, "/healthz", &[]).await.status, 200);
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    drop(other);
    server.caught_up().await;
    all_gone(&server.rig).await;
    // What the network was told to send again comes again; what was said was held.
    assert_eq!(server.told(2, "in-progress").await, 204);
    assert_eq!(get(&server.rig, "/readyz", &[]).await.json()["database"], "up");
    let record = api(&server.rig, &format!("GET /api/calls/{CALL}")).await.json();
    assert_eq!((&record["outcome"], &record["entries"][0]["what"]), (&"caller_left".into(), &"agent".into()));
}

/// A calendar that is set while calls live.
#[derive(Debug, Default)]
struct SetClock(AtomicI64);

impl WallClock for SetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Reliability J1.
#[tokio::test]
async fn a_calendar_that_is_set_back_makes_no_call_shorter_than_nothing() {
    for step in [-3_600, 3_600] {
        let clock = Arc::new(SetClock::default());
        let server = Server::start(|staff| staff.clock = Arc::clone(&clock) as _).await;
        let mut phone = server.rig.call(CALL).await;
        phone.hears().await;
        clock.0.store(step, Ordering::Relaxed);
        phone.say(&stop()).await;
        assert_eq!(listen(&mut phone).await, 1000);
        all_gone(&server.rig).await;
        let row = server.call().await;
        let lasted = row.ended_at.unwrap().duration_since(row.began_at.unwrap());
        assert!(lasted >= SignedDuration::ZERO && lasted < SignedDuration::from_mins(1), "{lasted:?}");
    }
}
