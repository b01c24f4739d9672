//! Jobs that are due at fixed hours.

use super::{job::Job, runner::Crew};
use crate::ports::store::jobs::NewJob;
use croner::{Cron, errors::CronError};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use std::{str::FromStr as _, sync::Arc, time::Duration};
use tokio::time::sleep;

/// How long at most until the calendar is looked at again: it may have been set.
const LOOK: Duration = Duration::from_mins(1);

/// A schedule that is none.
#[derive(Debug, thiserror::Error)]
#[error("the schedule `{pattern}` of the job `{kind}` is no cron pattern: {source}")]
pub struct BadSchedule {
    kind: &'static str,
    pattern: String,
    source: CronError,
}

/// When a job is due.
pub(super) struct Schedule {
    kind: &'static str,
    cron: Cron,
    /// The instant whose job lies in the store.
    planned: Option<Timestamp>,
}

impl Schedule {
    /// The schedule of a job that has one.
    pub(super) fn of(job: &dyn Job) -> Result<Option<Self>, BadSchedule> {
        let (kind, Some(pattern)) = (job.kind(), job.schedule()) else { return Ok(None) };
        match Cron::from_str(pattern) {
            Ok(cron) => Ok(Some(Self { kind, cron, planned: None })),
            Err(source) => Err(BadSchedule { kind, pattern: pattern.to_owned(), source }),
        }
    }

    /// The first instant after `now`; none where there is none for years.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let now = now.to_zoned(TimeZone::UTC);
        self.cron.find_next_occurrence(&now, false).ok().map(|next| next.timestamp())
    }

    /// The job that is to be made now.
    fn due(&self, now: Timestamp) -> Option<(Timestamp, NewJob)> {
        if self.planned.is_some_and(|planned| planned > now) {
            return None;
        }
        let at = self.next(now)?;
        let mut job = NewJob::new(self.kind, format!("cron:{}:{at}", self.kind), json!({ "at": at }));
        // One that takes longer than its period is not overtaken by the next one (reliability G6).
        job.order = Some(format!("cron:{}", self.kind));
        job.after = until(at, now);
        Some((at, job))
    }
}

/// Keeps the next job of each schedule in the store, whichever process writes it first.
pub(super) async fn plan(crew: Arc<Crew>, mut schedules: Vec<Schedule>) {
    if schedules.is_empty() {
        return;
    }
    loop {
        let now = crew.clock.now();
        let due: Vec<_> = schedules.iter().map(|schedule| schedule.due(now)).collect();
        let jobs: Vec<NewJob> = due.iter().flatten().map(|(_, job)| job.clone()).collect();
        if !jobs.is_empty() {
            if let Err(error) = crew.jobs.enqueue(jobs).await {
                crew.complain(&error);
                sleep(crew.pace.away).await;
                continue;
            }
            // The runner may have gone to sleep for longer than the new job waits.
            crew.wake();
        }
        for (schedule, due) in schedules.iter_mut().zip(due) {
            schedule.planned = due.map(|(at, _)| at).or(schedule.planned);
        }
        let next = schedules.iter().filter_map(|schedule| schedule.planned).min();
        sleep(next.map_or(LOOK, |at| until(at, now).min(LOOK))).await;
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    at.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}
