//! What is started does not outlive the test process, and what is missing is said.

use super::{
    GUARD, refused,
    services::{PgBouncer, Postgres, Redis, skip},
};
use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

/// Set where this program is run by its own tests.
const ROLE: &str = "CENTRALITA_SERVICES_ROLE";

/// This program, with one test alone.
fn again(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact"]).env(ROLE, test);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_run_again(test: &str) -> bool {
    env::var_os(ROLE).is_some_and(|role| role == test)
}

/// Starts one of each, tells where they are, and waits for its end.
async fn hold() {
    let (Some(mut redis), Some(postgres)) = (Redis::own().await, Postgres::own().await) else { return };
    let Some(pool) = PgBouncer::before(postgres.url(), PgBouncer::POOL).await else { return };
    // One that reacts to no signal that a program can see.
    redis.pause();
    for (url, pid) in [(redis.url(), redis.pid()), (postgres.url(), postgres.pid()), (pool.url(), pool.pid())]
    {
        io::stdout().write_all(format!("\nHELD {url} {pid}\n").as_bytes()).unwrap();
    }
    // Nor does it outlive the test that is to kill it.
    io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_no_server_and_no_folder() {
    const SELF: &str = "ends::a_process_that_is_killed_leaves_no_server_and_no_folder";
    if is_run_again(SELF) {
        return hold().await;
    }
    let mut victim = again(SELF).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.filter_map(|line| line.strip_prefix("HELD ").map(str::to_owned)).take(3);
    let servers: Vec<(String, PathBuf)> = told
        .map(|line| {
            line.split_once(' ').map(|(url, pid)| (url.to_owned(), Path::new("/proc").join(pid))).unwrap()
        })
        .collect();
    if servers.is_empty() {
        // The other tests say what is missing.
        assert!(victim.wait().unwrap().success());
        return;
    }
    let folders: Vec<PathBuf> =
        servers.iter().map(|(_, process)| fs::read_link(process.join("cwd")).unwrap()).collect();
    for ((url, process), folder) in servers.iter().zip(&folders) {
        assert!(!refused(url) && process.exists() && folder.exists(), "{url}");
    }

    // By the signal that nobody can see either.
    victim.kill().unwrap();
    // Its standard error is also the watchers': it ends when the last of them has done its work.
    let (told, complaints) = mpsc::channel();
    let mut stderr = victim.stderr.take().unwrap();
    thread::spawn(move || told.send(io::read_to_string(&mut stderr)));
    let complaints = complaints.recv_timeout(GUARD).expect("somebody is left").unwrap();
    assert!(!victim.wait().unwrap().success());
    assert_eq!(complaints, "");
    assert_eq!(servers.len(), 3);
    for ((url, process), folder) in servers.iter().zip(&folders) {
        assert!(refused(url) && !process.exists() && !folder.exists(), "{url} {}", folder.display());
    }
}

#[tokio::test]
async fn a_server_ends_with_the_test_that_fails() {
    let Some(redis) = Redis::own().await else { return };
    let url = redis.url().to_owned();
    let failed = tokio::spawn(async move {
        let _held = redis;
        std::panic::resume_unwind(Box::new("as a failed assertion does"));
    });
    assert!(failed.await.unwrap_err().is_panic());
    assert!(refused(&url));
}

#[test]
fn what_is_missing_is_said_once_on_a_line_of_its_own_although_the_test_passes() {
    const SELF: &str = "ends::what_is_missing_is_said_once_on_a_line_of_its_own_although_the_test_passes";
    if is_run_again(SELF) {
        skip("Redis", "redis-server");
        return skip("Redis", "redis-server");
    }
    let output = again(SELF).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "\nSKIPPED tests with Redis, which is not installed: apt-get install redis-server\n");
}

#[tokio::test]
async fn a_program_that_is_nowhere_is_missing() {
    const SELF: &str = "ends::a_program_that_is_nowhere_is_missing";
    if is_run_again(SELF) {
        assert!(Redis::own().await.is_none());
        return;
    }
    let output = again(SELF).env("PATH", "/nowhere").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.starts_with(b"\nSKIPPED tests with Redis"), "{output:?}");
}
