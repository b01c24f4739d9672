//! The program in a process of its own.

use super::GUARD;
use std::{fs::File, io::Write as _, path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

/// A server; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    listens: watch::Receiver<bool>,
    log: JoinHandle<()>,
}

impl Server {
    /// Starts it; what it tells is added to the file.
    pub(super) fn start(environment: &[(&str, String)], log: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_centralita"));
        command.env_clear().arg("serve").envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let file = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command.stderr(file.try_clone().unwrap()).spawn().unwrap();
        let (tell, listens) = watch::channel(false);
        let log = tokio::spawn(follow(child.stdout.take().unwrap(), file, tell));
        Self { child, listens, log }
    }

    /// Waits until it takes calls.
    pub(super) async fn listens(&mut self) {
        let listens = timeout(GUARD, self.listens.wait_for(|listens| *listens)).await;
        assert!(listens.is_ok_and(|told| told.is_ok()), "the server ended before it listened; see its log");
    }

    /// Kills it, and returns when it is gone.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.log.await.unwrap();
    }

    /// Tells it something.
    pub(super) async fn signal(&self, name: &str) {
        let order = format!("kill -{name} {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &order]).status().await.unwrap().success());
    }

    /// Waits for its end, which it was told; its exit code.
    pub(super) async fn exits(mut self) -> Option<i32> {
        let status = timeout(GUARD, self.child.wait()).await.unwrap().unwrap();
        self.log.await.unwrap();
        status.code()
    }
}

async fn follow(stdout: ChildStdout, mut file: File, tell: watch::Sender<bool>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("listening on ") {
            tell.send_replace(true);
        }
        writeln!(file, "{line}").unwrap();
    }
}
