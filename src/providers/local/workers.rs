//! One thread for each model at work, and no more at once than the machine has cores.
//!
//! Two threads on a busy machine made a decoding ten times as slow as one: the arithmetic underneath waits for both halves.
//! So every piece of work runs on a pool of its own with a single thread, where that arithmetic finds nothing to share.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::{
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The threads. Shared by recogniser and voice of all calls of the process.
#[derive(Debug)]
pub(super) struct Workers {
    pools: Vec<ThreadPool>,
    idle: Mutex<Vec<usize>>,
    permits: Arc<Semaphore>,
}

/// A thread that is taken; gives itself back.
struct Taken {
    workers: Arc<Workers>,
    index: usize,
    /// Goes back after the index, or another could find no thread.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.workers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.index);
    }
}

impl Workers {
    /// As many as there are cores.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub(super) fn new() -> Result<Self, ThreadPoolBuildError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let pools = (0..cores)
            .map(|index| {
                ThreadPoolBuilder::new()
                    .num_threads(1)
                    .thread_name(move |_| format!("speech-{index}"))
                    .panic_handler(|_| tracing::error!("A speech model panicked; its work is lost"))
                    .build()
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { pools, idle: Mutex::new((0..cores).collect()), permits: Arc::new(Semaphore::new(cores)) })
    }

    /// Runs `work` on a free thread, waiting for one; `None` where it panicked. Not cancelled by dropping once it began:
    /// give it a flag to look at.
    pub(super) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        let index = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let taken = Taken { workers: Arc::clone(&self), index, _permit: permit };
        let (done, result) = oneshot::channel();
        self.pools.get(index)?.spawn(move || {
            let value = work();
            drop(taken);
            // Nobody waits any more where the call has ended.
            done.send(value).ok();
        });
        result.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_one_thread_and_gives_it_back() {
        let workers = Arc::new(Workers::new().unwrap());
        for _ in 0..20 {
            let threads = Arc::clone(&workers).run(rayon::current_num_threads).await;
            assert_eq!(threads, Some(1));
        }
        let lost: Option<()> = Arc::clone(&workers).run(|| panic!("told to")).await;
        assert_eq!(lost, None);
        let cores = workers.pools.len();
        assert_eq!(workers.permits.available_permits(), cores);
        assert_eq!(workers.idle.lock().unwrap().len(), cores);
    }
}
