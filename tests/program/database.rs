//! The database as a start finds it: not there, older, newer, damaged, not ours, or held by somebody.

use super::{
    KEYS,
    folder::{Folder, change, connect, damage, jobs},
    program,
};
use centralita::storage::SCHEMA;
use sqlx::Connection as _;
use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    process::{Command, Stdio},
};

#[test]
fn a_schema_is_made_when_it_is_asked_for_and_not_before() {
    let folder = Folder::new();
    let told = folder.done(&["migrate", "--dry-run"]);
    assert!(told.contains(&format!("to schema {SCHEMA} (")), "{told}");
    assert_eq!(folder.names(), [""; 0]);
    let told = folder.done(&["migrate"]);
    assert!(told.contains(&format!("from schema 0 to {SCHEMA}")), "{told}");
    for arguments in [&["migrate"][..], &["migrate", "--dry-run"]] {
        let told = folder.done(arguments);
        assert!(told.contains(&format!("is up to date: schema {SCHEMA}")), "{told}");
    }
}

#[test]
fn of_many_processes_one_makes_the_schema_and_the_others_wait() {
    let folder = Folder::new();
    let data = [("DATA_DIR", folder.0.to_str().unwrap())];
    let migrate = |_| program(&["migrate"], &data).stdout(Stdio::null()).spawn().unwrap();
    let processes: Vec<_> = (0..6).map(migrate).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert!(folder.done(&["migrate"]).contains("is up to date"));
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_numbers() {
    let folder = Folder::new();
    folder.filled(1).await;
    change(&folder.database(), "INSERT INTO schema (version, name, applied_at) VALUES (4242, 'future', 0)")
        .await;
    for command in ["serve", "migrate"] {
        let (code, told) = folder.run_with(&[command, "--port", "0"], KEYS);
        assert_eq!(code, Some(1), "{told}");
        let both = format!("database schema 4242 is newer than this build ({SCHEMA})");
        assert!(told.contains(&both) && !told.contains("listening"), "{told}");
    }
    assert!(folder.refused(&["migrate", "--dry-run"]).contains("4242"));
    assert_eq!(jobs(&folder.database()).await, ["0"]);
}

#[tokio::test]
async fn a_damaged_database_ends_the_start_and_is_left_as_it_is_until_a_backup_takes_its_place() {
    let folder = Folder::new();
    folder.filled(200).await;
    let copy = folder.0.join("copy.db");
    folder.done(&["backup", copy.to_str().unwrap()]);
    let damaged = damage(&folder.database(), 3);
    let (code, told) = folder.run_with(&["serve", "--port", "0"], KEYS);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("centralita.db is corrupt") && told.contains("restore a backup"), "{told}");
    assert!(!told.contains("listening"), "{told}");
    assert!(fs::read(folder.database()).unwrap() == damaged, "the file was changed");
    let told = folder.done(&["restore", copy.to_str().unwrap()]);
    let former = told.split("is kept as ").nth(1).unwrap().trim();
    assert!(fs::read(former).unwrap() == damaged, "the damaged file was not kept");
    assert_eq!(jobs(&folder.database()).await.len(), 200);
}

/// Root may do everything: there the program runs as nobody.
fn as_nobody(command: &mut Command) {
    const NOBODY: u32 = 65_534;
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
}

#[tokio::test]
async fn a_database_that_may_not_be_written_ends_the_start_with_its_path_and_owner() {
    let folder = Folder::new();
    folder.filled(1).await;
    let owner = fs::metadata(folder.database()).unwrap().uid();
    fs::set_permissions(folder.database(), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o555)).unwrap();
    let mut command = program(&["serve", "--port", "0"], KEYS);
    as_nobody(command.env("DATA_DIR", &folder.0));
    let output = command.output().unwrap();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    let told = super::told(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(folder.database().to_str().unwrap()), "{told}");
    assert!(told.contains(&format!("belongs to user {owner};")) && !told.contains("listening"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_operators_share_a_database() {
    let folder = Folder::new();
    let (one, other) = (folder.server(), folder.server());
    // Whoever holds it for a while is waited for.
    let mut holder = connect(&folder.database()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    let data = [("DATA_DIR", folder.0.to_str().unwrap())];
    let third = program(&["migrate"], &data).stdout(Stdio::null()).spawn().unwrap();
    for server in [&one, &other] {
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    }
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    assert!(third.wait_with_output().unwrap().status.success());
    for server in [one, other] {
        server.signal("TERM");
        assert_eq!(server.end().0, Some(0));
    }
}
