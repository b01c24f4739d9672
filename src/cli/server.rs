//! A server of our own in another process: the same program, started as in production, and its API.

use crate::config::{FILE, VARIABLES};
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

/// The models are loaded by then; they were fetched before.
const START: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const ANSWER: Duration = Duration::from_secs(5);

/// A server that runs; dropping it ends it.
pub(super) struct Server {
    child: Child,
    client: reqwest::Client,
    api_token: String,
    /// Signs the requests of the caller.
    pub(super) auth_token: String,
    /// Where it answers.
    pub(super) url: String,
    log: PathBuf,
}

/// What the server is started with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) agent: &'a Path,
    pub(super) data: &'a Path,
    pub(super) models: &'a Path,
    /// More of its environment.
    pub(super) settings: &'a [(String, String)],
}

impl Server {
    /// Starts it on a free port of this machine; its log goes to a file.
    pub(super) fn start(order: Order<'_>) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let (api_token, auth_token) = (token(), token());
        let log = order.data.join("server.log");
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = program()?;
        command
            .arg("serve")
            .env("BIND", Ipv4Addr::LOCALHOST.to_string())
            .env("PORT", port.to_string())
            .env("PUBLIC_URL", &url)
            .env("TWILIO_AUTH_TOKEN", &auth_token)
            .env("API_TOKEN", &api_token)
            .env("DATA_DIR", order.data)
            .env("MODEL_DIR", order.models)
            .env("AGENT", order.agent)
            // Each of its calls is wanted, and some are there to show what happens at the limit.
            .env("MAX_MEMORY_PERCENT", "0")
            .env("MAX_LATE_MS", "0")
            .envs(order.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command.spawn().context("the server could not be started")?;
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        Ok(Self { child, client, api_token, auth_token, url, log })
    }

    /// Waits until it takes calls.
    pub(super) async fn ready(&mut self) -> anyhow::Result<()> {
        let limit = Instant::now() + START;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}); its log is {}", self.log.display());
            }
            let answer = self.client.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        bail!("the server was not ready in {} s; its log is {}", START.as_secs(), self.log.display());
    }

    /// Its process.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What the API says at `path`; nothing where it does not know it.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.api_token);
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&answer.bytes().await?)?))
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// This program, without the settings of whoever started this process.
pub(super) fn program() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program does not know its file")?);
    for (name, _) in VARIABLES {
        command.env_remove(name).env_remove(format!("{name}{FILE}"));
    }
    command.kill_on_drop(true);
    Ok(command)
}

fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
