//! The server, the stand-ins and the callers, each in a process of its own.

use centralita::{
    base::{clock::SystemClock, clock::WallClock as _, ids::CallSid},
    ports::store::{
        MAIN_WORKSPACE, Owner,
        calls::{CallBegan, CallEnd, CallEntry, CallRecords as _, NewCall},
        inbox::Inbox as _,
        jobs::{Jobs as _, NewJob},
        notes::{CALL_BACK, SUMMARY, call_back_job, summary_job},
    },
    storage::{Options, Place, SqlStore},
    testbed::load::Process,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::sleep,
};

pub(crate) const AUTH_TOKEN: &str = "12345678901234567890123456789012";
pub(crate) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// Over which time the live calls begin, and how long before and after the webhooks they live.
pub(crate) const RAMP: Duration = Duration::from_secs(3);

/// What is measured, and what it is measured with.
pub(crate) struct House {
    folder: PathBuf,
    _fakes: Child,
    server: Child,
    log: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    seeded: Vec<String>,
}

/// What live calls noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How late a frame came, 99.9 of 100, in milliseconds.
    pub(crate) late: f64,
    pub(crate) underruns: u64,
    /// Every call was held to its end, and every caller answered.
    pub(crate) is_well: bool,
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_centralita"));
    command.args(arguments).env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).kill_on_drop(true);
    command.env("TWILIO_AUTH_TOKEN", AUTH_TOKEN).env("TWILIO_ACCOUNT_SID", ACCOUNT);
    command
}

impl House {
    /// A server on SQLite that knows so many calls, which are over.
    pub(crate) async fn open(calls: u64) -> Self {
        Self::after(calls, |_| Vec::new()).await
    }

    /// A server on SQLite with all that is to be done after so many calls were lost.
    pub(crate) async fn after_losing(calls: u64) -> Self {
        let jobs = |sid: &CallSid| vec![summary_job(sid, Duration::ZERO), call_back_job(sid, Duration::ZERO)];
        Self::after(calls, jobs).await
    }

    async fn after(calls: u64, jobs: impl Fn(&CallSid) -> Vec<NewJob>) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("webhooks-{}", std::process::id()));
        for part in ["data", "models"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let seeded = seed(&folder.join("data/centralita.db"), calls, jobs).await;
        let mut fakes = program(&["fakes"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(fakes.stdout.take().unwrap()).lines();
        let mut settings = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let Some(setting) = line.strip_prefix("export ") else { break };
            let (name, value) = setting.split_once('=').unwrap();
            settings.push((name.to_owned(), value.to_owned()));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut command = program(&["serve"]);
        command.envs(settings).env("BIND", "127.0.0.1").env("PORT", address.port().to_string());
        command.env("PUBLIC_URL", format!("http://{address}")).env("LOG", "warn,centralita::boot=info");
        command.env("MAX_MEMORY_PERCENT", "0").env("MAX_LATE_MS", "0");
        command.env("DATA_DIR", folder.join("data")).env("MODEL_DIR", folder.join("models"));
        command.stderr(File::create(folder.join("errors.log")).unwrap()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut log = BufReader::new(server.stdout.take().unwrap()).lines();
        while !log.next_line().await.unwrap().unwrap().contains("listening on ") {}
        Self { folder, _fakes: fakes, server, log, address, seeded }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The calls that can be told of.
    pub(crate) fn seeded(&self) -> &[String] {
        &self.seeded
    }

    /// What the server has used so far.
    pub(crate) fn server_cpu(&self) -> Duration {
        Process::of(self.server.id().unwrap()).cpu().unwrap()
    }

    /// Holds so many calls for so long; other ones with another seed.
    pub(crate) async fn calls(&self, calls: u32, seed: u32, window: Duration) -> Load {
        let report = self.folder.join("load.json");
        let mut command = program(&["load", &calls.to_string()]);
        command.args(["--url", &format!("http://{}/webhook/voice", self.address)]);
        command.args(["--seconds", &window.as_secs().to_string(), "--ramp", &RAMP.as_secs().to_string()]);
        command
            .args(["--seed", &seed.to_string()])
            .arg("--json")
            .arg(&report)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let is_well = command.status().await.unwrap().success();
        let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        let underruns = report["underruns"].as_u64().unwrap();
        Load { late: report["late_p999"].as_f64().unwrap(), underruns, is_well }
    }

    /// Waits until the calls that have just begun are all there.
    pub(crate) async fn calls_are_up(&self) {
        sleep(2 * RAMP).await;
    }

    /// Kills the server, shows what it complained of, and tells whether it has kept at least so many events.
    pub(crate) async fn close(&mut self, acknowledged: u64) -> bool {
        let store = self.killed().await;
        let kept = store.events("twilio_status".to_owned()).await.unwrap();
        eprintln!("{kept} events are kept, {acknowledged} were acknowledged in time");
        self.is_over(store).await;
        kept >= acknowledged
    }

    /// Kills the server, shows what it complained of, and returns how many of the jobs that were due at its start it has done.
    pub(crate) async fn end(&mut self) -> u64 {
        let store = self.killed().await;
        let mut done = 0;
        for kind in [SUMMARY, CALL_BACK] {
            let counts = store.job_counts(Some(kind.to_owned())).await.unwrap();
            assert_eq!(counts.dead, 0, "no {kind} is given up");
            done += counts.done;
        }
        self.is_over(store).await;
        done
    }

    async fn killed(&mut self) -> SqlStore {
        self.server.kill().await.unwrap();
        while let Some(line) = self.log.next_line().await.unwrap() {
            eprintln!("{line}");
        }
        let place = Place::File(self.folder.join("data/centralita.db"));
        SqlStore::open(place, Options::default()).await.unwrap()
    }

    async fn is_over(&self, store: SqlStore) {
        store.close().await;
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Calls whose callers have just hung up: what the network tells of them is still to come.
async fn seed(file: &Path, calls: u64, jobs: impl Fn(&CallSid) -> Vec<NewJob>) -> Vec<String> {
    let patient = Options { patience: Duration::from_mins(1), ..Options::default() };
    let store = SqlStore::open(Place::File(file.to_owned()), patient).await.unwrap();
    // No caller of the load has such an identifier.
    let sids: Vec<String> = (0..calls).map(|number| format!("CAbe{number:030x}")).collect();
    for sids in sids.chunks(1_000) {
        let calls = sids.iter().map(|sid| sid.parse().unwrap());
        let entries = calls.flat_map(|sid| {
            let jobs = jobs(&sid);
            call(sid, jobs)
        });
        let entries = entries.collect();
        store.write_calls(entries).await.unwrap();
    }
    store.close().await;
    sids
}

fn call(sid: CallSid, jobs: Vec<NewJob>) -> [CallEntry; 2] {
    let at = SystemClock.now();
    let call = NewCall {
        sid: sid.clone(),
        workspace: MAIN_WORKSPACE.to_owned(),
        agent: "clinica".to_owned(),
        direction: "inbound".to_owned(),
        from: "+15550100200".to_owned(),
        to: "+15550100100".to_owned(),
        account: ACCOUNT.to_owned(),
        at,
    };
    let owner = Owner("bench".to_owned());
    let outcome = if jobs.is_empty() { "caller_left" } else { "lost" };
    let end = CallEnd { outcome: outcome.to_owned(), at, jobs };
    [
        CallEntry::Began(CallBegan { call, owner, epoch: 1, at, files: [None, None] }),
        CallEntry::Ended { sid, epoch: 1, end },
    ]
}
