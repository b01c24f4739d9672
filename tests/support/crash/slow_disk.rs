//! A server whose disk takes half a second for each `fsync` (reliability K7).
//!
//! A shim in C, preloaded into the real program, makes the disk slow and counts. What is judged are counts, and that nothing is
//! acknowledged before an `fsync` has returned; the times are for whoever reads them.

use super::{Database, GUARD, live, network, world::World};
use centralita::{
    base::clock,
    testbed::{
        openai::Answer,
        phone::{Ended, HangUpStyle, PhoneFaults},
    },
};
use futures_util::future::join_all;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// News of calls that comes at once. One transaction takes in 128.
const NEWS: u32 = 100;

/// How long the shim makes an `fsync` take.
const SYNC: Duration = Duration::from_millis(500);

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct SlowDisk {
    /// How long each acknowledgement took, the shortest first.
    acks: Vec<Duration>,
    /// All that waited for the disk meanwhile.
    syncs: usize,
    /// By how much the latest frame of a call came too late.
    late: Duration,
}

impl fmt::Display for SlowDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.acks[0], self.acks[self.acks.len() - 1]);
        let Self { acks, syncs, late } = self;
        write!(
            f,
            "{} webhooks at once were acknowledged after {first:?} to {last:?}, with {syncs} fsyncs of {SYNC:?}; \
             the latest frame of a call came {late:?} late",
            acks.len()
        )
    }
}

/// The shim, and the switch that it counts in.
struct Shim {
    library: PathBuf,
    switch: PathBuf,
}

impl Shim {
    async fn make(folder: &Path) -> Self {
        let (library, switch) = (folder.join("slow_disk.so"), folder.join("slow"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/crash/slow_disk.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
        assert!(compiler.status().await.unwrap().success(), "a C compiler makes the shim");
        Self { library, switch }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let (library, switch) = (self.library.display().to_string(), self.switch.display().to_string());
        vec![("LD_PRELOAD", library), ("SLOW_DISK", switch)]
    }

    /// From now on the disk is slow.
    fn on(&self) {
        fs::write(&self.switch, "").unwrap();
    }

    /// The disk is as it was; how many were slow.
    fn off(&self) -> usize {
        let syncs = fs::read(&self.switch).unwrap().len();
        fs::remove_file(&self.switch).unwrap();
        syncs
    }
}

/// Many webhooks at once share a few `fsync`s, each of them is on the disk when it is acknowledged, and a call goes on meanwhile.
pub(crate) async fn webhooks_share_the_disk() -> SlowDisk {
    let mut world = World::open(Database::Sqlite, "key", live::quiet()).await;
    world.fakes.openai.answers_only(Answer::text("Muy bien."));
    let shim = Shim::make(world.folder()).await;
    world.settings = shim.settings();
    let mut server = world.start();
    server.listens().await;
    let sid = world.next_call();
    let mut call = network::dial(&world, &sid, 1, PhoneFaults::default());
    live::hears_something(&mut call).await;

    shim.on();
    let news = join_all((1..=NEWS).map(|sequence| acknowledged(&world, &sid, sequence.into())));
    let (acks, ()) = tokio::join!(timeout(GUARD, news), live::says_something(&mut call, 1));
    let (mut acks, syncs) = (acks.unwrap(), shim.off());
    call.hang_up(HangUpStyle::Stop).await;
    let record = live::ends(call).await;
    assert_eq!(record.ended, Ended::ByCaller);
    world.no_call_is_open().await;
    server.kill().await;

    let mut next = world.start();
    next.listens().await;
    let keys = world.promised().kept.iter().map(|key| format!("'{key}'")).collect::<Vec<_>>().join(",");
    let there =
        format!("SELECT count(*) FROM inbox WHERE source = 'twilio_status' AND dedupe_key IN ({keys})");
    world.none_is_left(&format!("SELECT 'acknowledged news' WHERE ({there}) < {NEWS}")).await;
    drop(next);
    world.is_over();

    acks.sort_unstable();
    let measured = SlowDisk { acks, syncs, late: record.measured.late.into_iter().max().unwrap_or_default() };
    assert!(measured.acks[0] >= SYNC, "something was acknowledged before it was on the disk: {measured}");
    assert!((1..=NEWS as usize / 4).contains(&measured.syncs), "{measured}");
    measured
}

/// Sends a piece of news, and returns how long its acknowledgement took.
async fn acknowledged(world: &World, sid: &str, sequence: u64) -> Duration {
    let sent = clock::now();
    assert!(
        network::post(world, sid, "in-progress", sequence).await,
        "the news {sequence} was not acknowledged"
    );
    sent.elapsed()
}
