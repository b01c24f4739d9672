//! Takes jobs from the store and runs them, a few at a time.

use super::{
    attempt::Attempt,
    cron::{self, BadSchedule, Schedule},
    job::Job,
};
use crate::{
    base::{
        clock::{self, WallClock},
        rate::{Meter, Rate},
    },
    ports::store::{
        Owner, StoreError, Stored,
        jobs::{Ask, Jobs},
    },
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// What the end of the last jobs may take beyond their time: the store's own patience (2 s), twice.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// How many jobs run, and how often the store is asked.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Jobs at a time in this process.
    pub places: usize,
    /// Jobs of one lane at a time, in all processes.
    pub lane: u32,
    /// How long a claim is ours unless it is prolonged (reliability §3.7: 30 s).
    pub lease: Duration,
    /// How long after it was last prolonged it is prolonged again.
    pub renew: Duration,
    /// How long after it was last prolonged the work is stopped. The rest of the lease is for what is on its way by then.
    pub stop: Duration,
    /// How long the store is left alone where nothing is due.
    pub poll: Duration,
    /// The first and the longest wait after an attempt that broke off: by a panic, by its time or by the store.
    pub again: [Duration; 2],
    /// How long a job waits whose kind this program does not know: a newer process may.
    pub unknown: Duration,
    /// How long to wait before the store is asked again when it was away.
    pub away: Duration,
    /// How often at most it is told that the store is away.
    pub tell: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            places: 4,
            lane: 2,
            lease: Duration::from_secs(30),
            renew: Duration::from_secs(10),
            stop: Duration::from_secs(20),
            poll: Duration::from_secs(1),
            again: [Duration::from_secs(5), Duration::from_mins(10)],
            unknown: Duration::from_mins(10),
            away: Duration::from_millis(500),
            tell: Duration::from_secs(10),
        }
    }
}

/// What all attempts of a runner share.
pub(super) struct Crew {
    pub(super) jobs: Arc<dyn Jobs>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) pace: Pace,
    /// Nothing is taken any more.
    pub(super) stop: CancellationToken,
    /// What runs is given back.
    pub(super) give_back: CancellationToken,
    owner: Owner,
    programs: BTreeMap<&'static str, Arc<dyn Job>>,
    wake: Wake,
    told: Mutex<Meter>,
}

impl Crew {
    /// Something is due, or will be earlier than the runner thinks.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }

    /// Tells that the store did not do it; while it is away, once in a while.
    pub(super) fn complain(&self, error: &StoreError) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.allows(Rate { most: 1, within: self.pace.tell }, clock::now()) {
            tracing::warn!(code = "JOBS_WAIT", %error, "jobs wait for the store");
        }
    }
}

/// Tells a [`Runner`] that something is due, so that it need not find out by itself.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Something is due now.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Runs jobs until it is drained. Dropping it cuts whatever runs, as the end of the process would: the leases run out, and
/// somebody takes those jobs again.
pub struct Runner {
    crew: Arc<Crew>,
    main: AbortOnDropHandle<()>,
    cron: AbortOnDropHandle<()>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("owner", &self.crew.owner).finish_non_exhaustive()
    }
}

impl Runner {
    /// Starts to run jobs of all these kinds. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// A job's schedule is no cron pattern.
    pub fn start(
        jobs: Arc<dyn Jobs>,
        owner: Owner,
        clock: Arc<dyn WallClock>,
        programs: impl IntoIterator<Item = Arc<dyn Job>>,
        pace: Pace,
    ) -> Result<Self, BadSchedule> {
        let programs: BTreeMap<_, _> = programs.into_iter().map(|job| (job.kind(), job)).collect();
        let schedules = programs.values().filter_map(|job| Schedule::of(job.as_ref()).transpose());
        let schedules = schedules.collect::<Result<Vec<_>, _>>()?;
        let crew = Arc::new(Crew {
            jobs,
            clock,
            pace,
            stop: CancellationToken::new(),
            give_back: CancellationToken::new(),
            owner,
            programs,
            wake: Wake::default(),
            told: Mutex::default(),
        });
        let main = AbortOnDropHandle::new(tokio::spawn(run(Arc::clone(&crew))));
        let cron = AbortOnDropHandle::new(tokio::spawn(cron::plan(Arc::clone(&crew), schedules)));
        Ok(Self { crew, main, cron })
    }

    /// What tells it that something is due.
    pub fn waker(&self) -> Wake {
        self.crew.wake.clone()
    }

    /// Takes no more jobs from now on; those that run go on.
    pub fn stop(&self) {
        self.crew.stop.cancel();
    }

    /// Takes no more jobs, gives those that run so much time, and gives back what is not done by then: it is due again at once,
    /// and the attempt does not count (reliability §3.9). Returns after 4 s more at the latest, also where the store is away.
    pub async fn drain(self, patience: Duration) {
        self.stop();
        drop(self.cron);
        let mut main = self.main;
        if timeout(patience, &mut main).await.is_ok() {
            return;
        }
        self.crew.give_back.cancel();
        if timeout(LAST_WORDS, main).await.is_err() {
            tracing::warn!(
                code = "JOBS_CUT",
                "some jobs could not be given back: they are due when their leases end"
            );
        }
    }
}

async fn run(crew: Arc<Crew>) {
    let mut running = JoinSet::new();
    while !crew.stop.is_cancelled() {
        // Not within the `select!`: what is claimed must not be dropped.
        let wait = take(&crew, &mut running).await;
        tokio::select! {
            biased;
            () = crew.stop.cancelled() => {}
            Some(_) = running.join_next() => {}
            () = crew.wake.0.notified() => {}
            () = sleep(wait) => {}
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// Takes as many jobs as there are free places, and returns how long to wait where nothing happens.
async fn take(crew: &Arc<Crew>, running: &mut JoinSet<()>) -> Duration {
    let pace = &crew.pace;
    let free = pace.places.saturating_sub(running.len());
    if free == 0 {
        return pace.poll;
    }
    let wait = async {
        if claim(crew, free, running).await? > 0 {
            // There may be more: one lane may have stood before the others.
            return Ok(Duration::ZERO);
        }
        let due = crew.jobs.next_due().await?.unwrap_or(pace.poll);
        if !due.is_zero() {
            return Ok(due.min(pace.poll));
        }
        // It has become due since, or it waits for a place in its lane.
        let taken = claim(crew, free, running).await?;
        Ok(if taken > 0 { Duration::ZERO } else { pace.poll })
    };
    wait.await.unwrap_or_else(|error| {
        crew.complain(&error);
        pace.away
    })
}

/// Claims at most `most` jobs and begins them; returns how many these were.
async fn claim(crew: &Arc<Crew>, most: usize, running: &mut JoinSet<()>) -> Stored<usize> {
    let claimed_at = clock::now();
    let Pace { lane, lease, .. } = crew.pace;
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let claims = crew.jobs.claim(Ask { owner: crew.owner.clone(), most, lane, lease }).await?;
    let count = claims.len();
    for claim in claims {
        let job = crew.programs.get(claim.kind.as_str()).map(Arc::clone);
        running.spawn(Attempt { crew: Arc::clone(crew), job, claim, claimed_at }.carry_out());
    }
    Ok(count)
}
