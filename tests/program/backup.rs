//! Backups: of a server that runs, and put in the place of a database.

use super::folder::{Folder, change, connect, damage, job, jobs};
use centralita::{ports::store::jobs::Jobs as _, storage::SCHEMA};
use sqlx::Connection as _;
use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::task::spawn_blocking;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_server_holds_what_was_there_and_disturbs_no_write() {
    let folder = Arc::new(Folder::new());
    folder.filled(2_000).await;
    let server = spawn_blocking({
        let folder = Arc::clone(&folder);
        move || folder.server()
    });
    let server = server.await.unwrap();
    let (store, over) = (folder.store().await, Arc::new(AtomicBool::new(false)));
    let writer = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut written = 0;
            while !over.load(Ordering::Relaxed) {
                store.enqueue(vec![job(&format!("while {written}"))]).await.unwrap();
                written += 1;
            }
            store.close().await;
            written
        }
    });
    let file = folder.0.join("copies.db");
    let back_up = {
        let (folder, file) = (Arc::clone(&folder), file.clone());
        move || {
            let told = folder.done(&["backup", text(&file)]);
            assert!(told.contains("checked") && told.contains(&format!("schema {SCHEMA}")), "{told}");
        }
    };
    spawn_blocking(back_up).await.unwrap();
    over.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    let kept = jobs(&file).await;
    // Some of what came meanwhile is there, but nothing that came after something that is not.
    assert!(kept.len() >= 2_000 && kept.len() <= 2_000 + written, "{}", kept.len());
    for (number, key) in kept.iter().skip(2_000).enumerate() {
        assert_eq!(*key, format!("while {number}"));
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.names().iter().any(|name| name.contains(".part")), "{:?}", folder.names());
    drop(server);
}

#[tokio::test]
async fn a_backup_replaces_nothing_without_force_and_leaves_no_half_of_one() {
    let folder = Folder::new();
    let file = folder.0.join("copy.db");
    let told = folder.refused(&["backup", text(&file)]);
    assert!(told.contains("there is no database") && told.contains("DATA_DIR"), "{told}");
    assert_eq!(folder.names(), [""; 0]);
    folder.filled(3).await;
    fs::write(&file, "precious").unwrap();
    let told = folder.refused(&["backup", text(&file)]);
    assert!(told.contains("copy.db") && told.contains("--force"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    folder.done(&["backup", text(&file), "--force"]);
    assert_eq!(jobs(&file).await, ["0", "1", "2"]);
    damage(&folder.database(), 3);
    let told = folder.refused(&["backup", text(&file), "--force"]);
    assert!(told.contains("damaged") || told.contains("corrupt") || told.contains("not sound"), "{told}");
    assert_eq!(jobs(&file).await, ["0", "1", "2"]);
    assert!(!folder.names().iter().any(|name| name.contains(".part")), "{:?}", folder.names());
    folder.refused(&["backup", "/nowhere/copy.db"]);
}

#[tokio::test]
async fn no_backup_takes_the_place_of_the_database_or_a_part_of_it() {
    let (folder, other) = (Folder::new(), Folder::new());
    folder.filled(3).await;
    let link = other.0.join("link.db");
    symlink(folder.database(), &link).unwrap();
    symlink(&folder.0, other.0.join("data")).unwrap();
    let before = fs::metadata(folder.database()).unwrap().ino();
    let mut targets = vec![folder.database(), link, other.0.join("data/centralita.db")];
    targets.extend(
        ["./centralita.db", "centralita.db-wal", "centralita.db-shm"].map(|name| folder.0.join(name)),
    );
    for file in targets {
        for force in [&[][..], &["--force"]] {
            let told = folder.refused(&[&["backup", text(&file)], force].concat());
            assert!(told.contains("the database itself") && told.contains("FILE is the backup"), "{told}");
        }
    }
    assert_eq!(fs::metadata(folder.database()).unwrap().ino(), before);
    assert_eq!(jobs(&folder.database()).await, ["0", "1", "2"]);
    assert!(!folder.names().iter().any(|name| name.contains(".part")), "{:?}", folder.names());
}

#[tokio::test]
async fn what_a_killed_backup_has_left_is_deleted_by_the_next() {
    let folder = Folder::new();
    folder.filled(1).await;
    let [left, running, others] = ["copy.db.0123abcd.part", "copy.db.4567abcd.part", "copy.db.old.part"]
        .map(|name| folder.0.join(name));
    for file in [&left, &running, &others] {
        fs::write(file, "half").unwrap();
    }
    let held = File::open(&running).unwrap();
    held.lock().unwrap();
    folder.done(&["backup", text(&folder.0.join("copy.db"))]);
    assert_eq!([left.exists(), running.exists(), others.exists()], [false, true, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_is_the_database_and_the_former_one_is_kept() {
    let folder = Folder::new();
    folder.filled(3).await;
    let file = folder.0.join("copy.db");
    folder.done(&["backup", text(&file)]);
    let server = folder.server();
    let store = folder.store().await;
    store.enqueue(vec![job("later")]).await.unwrap();
    store.close().await;
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("is in use: stop the server"), "{told}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
    // Something else has it open, that knows of no lock.
    let mut other = connect(&folder.database()).await;
    sqlx::raw_sql("BEGIN; SELECT * FROM jobs").execute(&mut other).await.unwrap();
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("is in use"), "{told}");
    other.close().await.unwrap();
    assert_eq!(jobs(&folder.database()).await.len(), 4);
    let told = folder.done(&["restore", text(&file)]);
    assert!(
        told.contains("revoke and erase them again") && told.contains("delete it when all is well"),
        "{told}"
    );
    assert_eq!(jobs(&folder.database()).await, ["0", "1", "2"]);
    let former = told.split("is kept as ").nth(1).unwrap().trim();
    assert_eq!(jobs(Path::new(former)).await, ["0", "1", "2", "later"]);
    let server = folder.server();
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[tokio::test]
async fn what_a_killed_server_left_in_its_log_is_kept_with_the_former_database() {
    let folder = Folder::new();
    folder.filled(3).await;
    let file = folder.0.join("copy.db");
    folder.done(&["backup", text(&file)]);
    let store = folder.store().await;
    store.enqueue(vec![job("in the log")]).await.unwrap();
    let log = folder.0.join("centralita.db-wal");
    let logged = fs::read(&log).unwrap();
    store.close().await;
    // So damaged that the log can't be taken in.
    damage(&folder.database(), 1);
    fs::write(&log, &logged).unwrap();
    let told = folder.done(&["restore", text(&file)]);
    let former = told.split("is kept as ").nth(1).unwrap().trim();
    assert_eq!(fs::read(format!("{former}-wal")).unwrap(), logged);
    assert_eq!(jobs(&folder.database()).await, ["0", "1", "2"]);
}

#[tokio::test]
async fn a_log_that_outlived_its_database_adds_nothing_to_the_restored_one() {
    let folder = Folder::new();
    folder.filled(3).await;
    let file = folder.0.join("copy.db");
    folder.done(&["backup", text(&file)]);
    let server = folder.server();
    let store = folder.store().await;
    store.enqueue(vec![job("in the log")]).await.unwrap();
    server.signal("KILL");
    server.end();
    let [log, index] = ["centralita.db-wal", "centralita.db-shm"].map(|name| folder.0.join(name));
    let [logged, indexed] = [&log, &index].map(|part| fs::read(part).unwrap());
    store.close().await;
    fs::remove_file(folder.database()).unwrap();
    fs::write(&log, &logged).unwrap();
    fs::write(&index, &indexed).unwrap();
    let told = folder.done(&["restore", text(&file)]);
    let kept = told.split("is kept as ").nth(1).unwrap().trim();
    assert!(fs::read(kept).unwrap() == logged, "the log was not kept");
    assert!(!log.exists() && !index.exists(), "{:?}", folder.names());
    assert_eq!(jobs(&folder.database()).await, ["0", "1", "2"]);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_not_told_to_be_in_use() {
    let (folder, other) = (Folder::new(), Folder::new());
    other.filled(1).await;
    let file = other.0.join("copy.db");
    other.done(&["backup", text(&file)]);
    fs::create_dir(folder.database()).unwrap();
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("cannot tell whether") && !told.contains("stop the server"), "{told}");
}

#[tokio::test]
async fn what_is_no_sound_backup_is_refused_and_nothing_changes() {
    let folder = Folder::new();
    folder.filled(200).await;
    let before = fs::read(folder.database()).unwrap();
    let file = folder.0.join("copy.db");
    let copy = |spoil: &str| {
        folder.done(&["backup", text(&file), "--force"]);
        assert!(file.exists(), "{spoil}");
    };
    copy("damaged");
    damage(&file, 5);
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("copy.db is damaged") && told.contains("another backup"), "{told}");
    copy("newer");
    change(&file, "INSERT INTO schema (version, name, applied_at) VALUES (4242, 'future', 0)").await;
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains(&format!("schema 4242, which is newer than this build ({SCHEMA})")), "{told}");
    fs::write(&file, "no database").unwrap();
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("copy.db is damaged"), "{told}");
    fs::remove_file(&file).unwrap();
    change(&file, "CREATE TABLE other (id INTEGER)").await;
    let told = folder.refused(&["restore", text(&file)]);
    assert!(told.contains("no database of this program"), "{told}");
    let told = folder.refused(&["restore", "/nowhere/copy.db"]);
    assert!(told.contains("there is no file /nowhere/copy.db"), "{told}");
    assert!(fs::read(folder.database()).unwrap() == before, "the database was changed");
    assert!(!folder.names().iter().any(|name| name.contains(".part")), "{:?}", folder.names());
}

#[test]
fn a_postgres_database_is_left_to_its_own_programs_and_the_password_is_not_told() {
    let folder = Folder::new();
    let url = [("DATABASE_URL", "postgres://me:canary@db.example.com/calls")];
    let ask = |command| {
        let (code, told) = folder.run_with(&[command, "calls.dump"], &url);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("calls.dump") && !told.contains("canary"), "{told}");
        told
    };
    let told = ask("backup");
    assert!(told.contains("pg_dump") && told.contains("'postgres://me@db.example.com/calls'"), "{told}");
    // Into a database in which nothing is left of another schema, whole or not at all.
    let told = ask("restore");
    let (_, made) = told.split_once("createdb").unwrap();
    let (made, filled) = made.split_once("pg_restore").unwrap();
    let new = made.split_whitespace().last().unwrap();
    assert!(
        made.contains("'postgres://me@db.example.com/postgres'") && new.starts_with("calls_20"),
        "{told}"
    );
    assert!(filled.contains(&format!("--dbname='postgres://me@db.example.com/{new}'")), "{told}");
    assert!(filled.contains("--single-transaction --exit-on-error") && !filled.contains("--clean"), "{told}");
}
