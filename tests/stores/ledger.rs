//! The ledger, while its database is away, far away, or refuses for good.

use crate::{
    rig::{Folder, Rig, began, connect, options, sid},
    services::{Proxy, moved_to},
};
use centralita::{
    channels::ledger::{Ledger, Settings},
    ports::store::{
        SharedStore,
        calls::{CallEntry, CallRecords as _, CallState, TurnRow},
        inbox::{Accepted, Event, Inbox as _},
    },
    storage::{Options, Place, SqlStore},
};
use sqlx::SqliteConnection;
use std::{fs, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::timeout;

/// The guard of every event.
const GUARD: Duration = Duration::from_mins(1);

/// A file with a store that soon loses patience, and a ledger on it that tries again at once.
struct Book {
    rig: Rig,
    ledger: Ledger,
    spool: Folder,
}

impl Book {
    async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Rig::sqlite().await.unwrap(), Folder::new(), change).await
    }

    async fn on(rig: Rig, spool: Folder, change: impl FnOnce(&mut Settings)) -> Self {
        let store = rig.with(Options { patience: Duration::from_millis(100), ..options() }).await;
        let mut settings =
            Settings { retry: Duration::from_millis(1), ..Settings::in_folder(folder(&spool)) };
        change(&mut settings);
        let ledger = Ledger::open(Arc::new(store), &settings).unwrap();
        Self { rig, ledger, spool }
    }

    /// Another process holds the file: nothing can be written.
    async fn away(&self) -> SqliteConnection {
        let mut other = connect(&self.rig.file()).await;
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        other
    }

    async fn caught_up(&self) {
        caught_up(&self.ledger).await;
    }

    /// The files of the spool with this ending.
    fn files(&self, ending: &str) -> usize {
        let files = fs::read_dir(folder(&self.spool)).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|is| is == ending)).count()
    }
}

fn folder(spool: &Folder) -> PathBuf {
    spool.file().parent().unwrap().to_owned()
}

/// The database has all that was written.
async fn caught_up(ledger: &Ledger) {
    let caught_up = async {
        ledger.settle().await;
        while ledger.is_spooling() {
            tokio::task::yield_now().await;
        }
    };
    timeout(GUARD, caught_up).await.expect("the ledger does not catch up");
}

fn event(key: &str) -> Event {
    Event {
        source: "test".to_owned(),
        key: key.to_owned(),
        payload: key.into(),
        response: None,
        change: None,
        jobs: Vec::new(),
    }
}

fn said(call: u32, seq: i64) -> CallEntry {
    let turn = TurnRow { epoch: 1, seq, kind: "caller".to_owned(), at_ms: seq * 20, body: "{}".to_owned() };
    CallEntry::Turns { sid: sid(call), turns: vec![turn] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_the_database_is_away_is_there_in_order_afterwards() {
    let book = Book::open(|_| ()).await;
    let other = book.away().await;
    book.ledger.note(CallEntry::Began(began(1, "a", 1)));
    for seq in 0..600 {
        book.ledger.note(said(1, seq));
    }
    // Nobody knows whether it is a repeat.
    for key in ["a", "b", "a"] {
        assert_eq!(book.ledger.keep(event(key)).await.unwrap(), Accepted::New);
    }
    book.ledger.settle().await;
    assert!(book.ledger.is_spooling());
    assert_eq!(book.files("spool"), 1);
    drop(other);
    book.caught_up().await;
    assert_eq!(book.files("spool"), 0);
    assert_eq!(book.rig.store.events("test".to_owned()).await.unwrap(), 2);
    let turns = book.rig.store.turns(sid(1)).await.unwrap();
    assert!(turns.iter().map(|turn| turn.seq).eq(0..600));
    assert!(matches!(book.ledger.keep(event("a")).await.unwrap(), Accepted::Repeat { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_while_the_ledger_catches_up_is_kept() {
    let book = Book::open(|_| ()).await;
    let other = book.away().await;
    book.ledger.note(CallEntry::Began(began(1, "a", 1)));
    for key in 0..400 {
        book.ledger.keep(event(&key.to_string())).await.unwrap();
    }
    drop(other);
    assert_eq!(timeout(GUARD, book.ledger.keep(event("new"))).await.unwrap().unwrap(), Accepted::New);
    book.caught_up().await;
    assert_eq!(book.rig.store.events("test".to_owned()).await.unwrap(), 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_database_and_disk_calls_are_held_and_senders_are_told() {
    let book = Book::open(|settings| settings.most = 0).await;
    let other = book.away().await;
    book.ledger.note(CallEntry::Began(began(1, "a", 1)));
    for seq in 0..40 {
        book.ledger.note(said(1, seq));
    }
    let kept = book.ledger.keep(event("a")).await;
    assert_eq!(kept.unwrap_err().to_string(), "the event could not be kept: the spool is full");
    drop(other);
    book.caught_up().await;
    assert_eq!(book.rig.store.call(sid(1)).await.unwrap().state, CallState::Live);
    assert_eq!(book.rig.store.turns(sid(1)).await.unwrap().len(), 40);
    assert_eq!(book.rig.store.events("test".to_owned()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_left_is_taken_over_and_what_is_not_understood_is_put_aside() {
    let spool = Folder::new();
    let strange = rmp_serde::to_vec_named(&("from another time", 7)).unwrap();
    let mut record = u32::try_from(strange.len()).unwrap().to_le_bytes().to_vec();
    record.extend(crc32fast::hash(&strange).to_le_bytes());
    record.extend(strange);
    fs::write(folder(&spool).join("left.spool"), &record).unwrap();
    let book = Book::on(Rig::sqlite().await.unwrap(), spool, |_| ()).await;
    book.caught_up().await;
    assert_eq!((book.files("spool"), book.files("strange")), (0, 1));
    assert_eq!(fs::read(folder(&book.spool).join("left.strange")).unwrap(), record);
}

/// Six milliseconds for a round trip, as between two cities, and a database that counts as away after two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_far_away_is_not_taken_for_one_that_is_away() {
    let Some(rig) = Rig::postgres().await else { return };
    let Place::Server(url) = rig.place() else { panic!("there is no server") };
    let address = url.rsplit_once('@').unwrap().1.split('/').next().unwrap().parse().unwrap();
    let proxy = Proxy::before(address);
    proxy.delay(Duration::from_millis(3), Duration::from_millis(3));
    let place = Place::Server(moved_to(proxy.address(), &url));
    let store: SharedStore = Arc::new(SqlStore::open(place, Options::default()).await.unwrap());
    let spool = Folder::new();
    let ledger = Ledger::open(store.clone(), &Settings::in_folder(folder(&spool))).unwrap();
    for number in 0..20 {
        ledger.note(CallEntry::Began(began(number, "a", 1)));
    }
    for seq in 0..50 {
        for number in 0..20 {
            ledger.note(said(number, seq));
        }
    }
    caught_up(&ledger).await;
    for number in 0..20 {
        assert_eq!(rig.store.turns(sid(number)).await.unwrap().len(), 50);
    }
    let calls = (0..300).map(|number| (sid(number), 1)).collect();
    let lost = store.heartbeat(crate::rig::owner("a"), calls).await.unwrap();
    assert!(lost.into_iter().eq((20..300).map(sid)));
}
