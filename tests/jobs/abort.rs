//! A job that takes its whole process with it.

use crate::{
    rig::{Folder, options},
    spy::{Seen, Spy},
    stage::{NEVER, Work, jobs, ms, pace, start},
};
use centralita::{
    jobs::Pace,
    ports::store::jobs::{Jobs as _, Outcome},
    storage::{Place, SqlStore},
};
use std::{process, sync::Arc};
use tokio::process::Command;

/// Where the process to be finds the database.
const DATABASE: &str = "CENTRALITA_TEST_DATABASE";

/// Reliability G2: the attempts are counted when the job is claimed.
#[tokio::test]
async fn a_job_that_ends_its_process_is_given_up_after_five_of_them() {
    let folder = Folder::new();
    let open = async || Arc::new(SqlStore::open(Place::File(folder.file()), options()).await.unwrap());
    let store = open().await;
    store.enqueue(jobs(["poison", "fine"])).await.unwrap();
    store.close().await;
    let mut aborted = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "abort::a_process_with_one_place"]).env(DATABASE, folder.file());
        let ended = child.kill_on_drop(true).output().await.unwrap();
        if ended.status.success() {
            break;
        }
        assert_eq!(
            ended.status.code(),
            None,
            "it ends by a signal: {}",
            String::from_utf8_lossy(&ended.stdout)
        );
        aborted += 1;
    }
    let store = open().await;
    let counts = store.job_counts(None).await.unwrap();
    assert_eq!((aborted, counts.done, counts.dead), (5, 1, 1));
    assert_eq!(store.dead_jobs(1).await.unwrap()[0].key, "poison");
}

/// A process of the test above; alone it has nothing to do.
#[tokio::test]
async fn a_process_with_one_place() {
    let Some(file) = std::env::var_os(DATABASE) else { return };
    let store = Arc::new(SqlStore::open(Place::File(file.into()), options()).await.unwrap());
    let spy = Spy::on(&store);
    let work = Work::new(|claim| async move {
        if claim.key == "poison" {
            process::abort();
        }
        Outcome::Done
    });
    let runner = start(&spy, "one", work.job(), Pace { places: 1, lease: ms(1), ..pace() });
    spy.until(|seen| seen.contains(&Seen::Idle)).await;
    runner.drain(NEVER).await;
}
