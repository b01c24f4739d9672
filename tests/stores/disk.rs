//! SQLite's file: held by others, full, damaged.

use crate::{
    log::Log,
    rig::{Folder, Rig, ask, asks, claimed, connect, job, options},
};
use centralita::{
    ports::store::{StoreError, Stored, jobs::Jobs as _, retention::Retention as _},
    storage::{Options, Place, SqlStore},
};
use futures_util::future::join_all;
use sqlx::Connection as _;
use std::{fs, time::Duration};

async fn rig() -> Rig {
    Rig::sqlite().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_lost_patience_with_another_process_does_not_happen_later() {
    let rig = rig().await;
    let store = rig.with(Options { patience: Duration::from_millis(300), ..options() }).await;
    store.enqueue(vec![job("before")]).await.unwrap();
    let mut other = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let jobs: Vec<_> = (0..20).map(|n| job(&n.to_string())).collect();
    let given_up = join_all(jobs.into_iter().map(|job| store.enqueue(vec![job]))).await;
    for done in &given_up {
        assert!(matches!(done, Err(StoreError::Unavailable { full: false, .. })), "{done:?}");
    }
    // Whoever reads goes on.
    assert_eq!(store.job_counts(None).await.unwrap().waiting, 1);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(claimed(&store, asks("a")).await, ["before"]);
    assert_eq!(store.enqueue(vec![job("after")]).await.unwrap(), 1);
    assert_eq!(claimed(&store, asks("a")).await, ["after"]);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_while_another_process_writes() {
    let rig = rig().await;
    let brief = rig.with(Options { patience: Duration::from_millis(300), ..options() }).await;
    let mut other = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let store = rig.store.clone();
    let written = tokio::spawn(async move { store.enqueue(vec![job("a")]).await });
    // Time goes by until this one is given up.
    brief.enqueue(vec![job("b")]).await.unwrap_err();
    brief.close().await;
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(written.await.unwrap().unwrap(), 1);
    rig.store.close().await;
}

fn full<T>(done: &Stored<T>) -> bool {
    matches!(done, Err(StoreError::Unavailable { full: true, .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_room_heals_it() {
    let Some(disk) = Disk::small() else { return };
    let store = SqlStore::open(Place::File(disk.0.join("centralita.db")), options()).await.unwrap();
    store.enqueue(vec![job("before")]).await.unwrap();
    disk.fill();
    let mut kept = vec!["before".to_owned()];
    let mut told = 0;
    for round in 0..400 {
        let (first, second) = (format!("{round} a"), format!("{round} b"));
        let big = |key: &str| {
            let mut job = job(key);
            job.payload = serde_json::json!("x".repeat(20_000));
            job
        };
        let done = join_all([&first, &second].map(|key| store.enqueue(vec![big(key)]))).await;
        for (key, done) in [first, second].into_iter().zip(done) {
            match done {
                Ok(new) => kept.extend((new == 1).then_some(key)),
                done => {
                    assert!(full(&done), "{done:?}");
                    told += 1;
                }
            }
        }
        if told > 10 {
            break;
        }
    }
    assert!(told > 10, "the disk is never full");
    assert_eq!(store.job_counts(None).await.unwrap().waiting, kept.len() as u64);
    disk.free();
    assert_eq!(store.enqueue(vec![job("after")]).await.unwrap(), 1);
    kept.push("after".to_owned());
    assert_eq!(claimed(&store, asks("a")).await, kept);
    store.close().await;
}

/// A file system of 4 MiB with a file that takes up what is free.
#[derive(Debug)]
struct Disk(std::path::PathBuf, #[expect(dead_code, reason = "kept until the disk is gone")] Folder);

impl Disk {
    fn small() -> Option<Self> {
        let folder = Folder::new();
        let path = folder.file().with_file_name("disk");
        fs::create_dir(&path).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            crate::services::skip("a file system of its own", "mount, and the right to use it");
        }
        mounted.then_some(Self(path, folder))
    }

    fn fill(&self) {
        // What fits, down to the last page.
        drop(fs::write(self.0.join("ballast"), vec![0; 3 << 20]));
    }

    fn free(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").args(["-l"]).arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    for page in [1, 3] {
        let folder = Folder::new();
        let file = folder.file();
        let store = SqlStore::open(Place::File(file.clone()), options()).await.unwrap();
        store.enqueue((0..200).map(|n| job(&n.to_string())).collect()).await.unwrap();
        store.close().await;
        let mut bytes = fs::read(&file).unwrap();
        for byte in &mut bytes[(page - 1) * 4_096..page * 4_096] {
            *byte ^= 0x5a;
        }
        fs::write(&file, &bytes).unwrap();
        let refused = SqlStore::open(Place::File(file.clone()), options()).await.map(drop);
        let Err(StoreError::Broken(why)) = refused else { panic!("page {page}: {refused:?}") };
        assert!(why.to_string().contains("restore a backup"), "{why}");
        assert!(fs::read(&file).unwrap() == bytes, "the file was changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_with_a_log_is_left_as_it_is() {
    let folder = Folder::new();
    let (file, log) = (folder.file(), folder.file().with_extension("db-wal"));
    let store = SqlStore::open(Place::File(file.clone()), options()).await.unwrap();
    store.enqueue((0..200).map(|n| job(&n.to_string())).collect()).await.unwrap();
    store.close().await;
    // A process that was killed leaves a log behind.
    let other = SqlStore::open(Place::File(file.clone()), options()).await.unwrap();
    other.enqueue(vec![job("in the log")]).await.unwrap();
    let (mut bytes, logged) = (fs::read(&file).unwrap(), fs::read(&log).unwrap());
    other.close().await;
    for byte in &mut bytes[2 * 4_096..3 * 4_096] {
        *byte ^= 0x5a;
    }
    fs::write(&file, &bytes).unwrap();
    fs::write(&log, &logged).unwrap();
    SqlStore::open(Place::File(file.clone()), options()).await.map(drop).unwrap_err();
    assert!(fs::read(&file).unwrap() == bytes, "the file was changed");
    assert!(fs::read(&log).unwrap() == logged, "the log was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_is_away() {
    let rig = rig().await;
    rig.store.close().await;
    for why in [
        rig.store.enqueue(vec![job("a")]).await.unwrap_err().to_string(),
        rig.store.job_counts(None).await.unwrap_err().to_string(),
    ] {
        assert_eq!(why, "the database is away: the connection is closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_wait_is_refused_at_once() {
    let rig = rig().await;
    let store = rig.with(Options { waiting: 4, ..options() }).await;
    let mut other = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    // Some are with the writer already, four wait, the rest is refused.
    let store = std::sync::Arc::new(store);
    let mut writes: Vec<_> = (0..400)
        .map(|n| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.enqueue(vec![job(&n.to_string())]).await })
        })
        .collect();
    let refused = futures_util::future::select_all(writes.drain(..)).await;
    assert!(matches!(refused.0.unwrap(), Err(StoreError::Unavailable { full: false, .. })));
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let mut written = 0;
    for write in refused.2 {
        written += u64::from(write.await.unwrap().is_ok());
    }
    assert!(written >= 4);
    assert_eq!(store.job_counts(None).await.unwrap().waiting, written);
    store.close().await;
    assert_eq!(ask(&rig.file(), "PRAGMA integrity_check").await, [[Some("ok".to_owned())]]);
}

/// On one thread, whose log is read.
#[tokio::test]
async fn a_log_that_grows_because_somebody_reads_for_long_is_told_once() {
    let rig = rig().await;
    let store = rig.with(Options { long_log: 1 << 20, ..options() }).await;
    Log::begin();
    let mut reader = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM jobs").execute(&mut reader).await.unwrap();
    let grow = async |round: &str| {
        for number in 0..40 {
            let mut job = job(&format!("{round} {number}"));
            job.payload = serde_json::json!("x".repeat(100_000));
            store.enqueue(vec![job]).await.unwrap();
        }
        Log::text().matches("LONG_LOG").count()
    };
    assert_eq!(grow("first").await, 1);
    assert_eq!(grow("second").await, 0);
    reader.close().await.unwrap();
    assert!(store.scrub().await.unwrap());
    store.enqueue(vec![job("short")]).await.unwrap();
    let mut reader = connect(&rig.file()).await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM jobs").execute(&mut reader).await.unwrap();
    assert_eq!(grow("third").await, 1);
    reader.close().await.unwrap();
    store.close().await;
}
