//! A thread for one model whose answers are soon worthless: what it could not begin in time is not taken at all.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

/// The thread. Dropping it ends it after what it was given.
#[derive(Debug)]
pub(super) struct OwnThread {
    /// Of one thread, which the arithmetic underneath takes for all there are.
    pool: ThreadPool,
    places: Arc<Semaphore>,
}

impl OwnThread {
    /// A thread called `name` that holds at most `places` pieces of work, the one that runs included.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub(super) fn new(name: &'static str, places: usize) -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(|_| name.to_owned())
            .panic_handler(move |_| tracing::error!(thread = name, "A model panicked; its work is lost"))
            .build()?;
        Ok(Self { pool, places: Arc::new(Semaphore::new(places)) })
    }

    /// Runs `work` behind what was given before; `None` at once where no place is left. `work` is given a question whose answer
    /// is true once the receiver is gone, and is not begun then. A receiver without a sender: it gave nothing, or panicked.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> Option<T> + Send + 'static,
    ) -> Option<oneshot::Receiver<T>> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (done, result) = oneshot::channel();
        self.pool.spawn(move || {
            // Given back before the answer, and before its end in a panic: who has it may ask again.
            let place = place;
            let value = if done.is_closed() { None } else { work(&|| done.is_closed()) };
            drop(place);
            if let Some(value) = value {
                // Who asked may be gone by now.
                done.send(value).ok();
            }
        });
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Work that waits for a word.
    fn busy(thread: &OwnThread) -> (mpsc::Sender<()>, Option<oneshot::Receiver<u32>>) {
        let (word, comes) = mpsc::channel();
        (word, thread.run(move |_| comes.recv().ok().map(|()| 7)))
    }

    #[test]
    fn what_finds_no_place_is_refused_at_once_and_a_place_comes_back() {
        let thread = OwnThread::new("test", 2).unwrap();
        let ((first, first_result), (second, second_result)) = (busy(&thread), busy(&thread));
        assert!(thread.run(|_| Some(1)).is_none());
        for (word, result) in [(first, first_result), (second, second_result)] {
            word.send(()).unwrap();
            assert_eq!(result.unwrap().blocking_recv(), Ok(7));
        }
        assert_eq!(thread.run(|_| Some(1)).unwrap().blocking_recv(), Ok(1));
    }

    #[test]
    fn what_nobody_waits_for_is_not_begun_and_what_runs_is_told() {
        let thread = OwnThread::new("test", 4).unwrap();
        let (word, comes) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let (tell_begun, begun) = mpsc::channel();
        let running = thread.run(move |withdrawn| {
            tell_begun.send(()).unwrap();
            comes.recv().unwrap();
            tell.send(withdrawn()).unwrap();
            None::<u32>
        });
        begun.recv().unwrap();
        let withdrawn = thread.run(|_| -> Option<u32> { panic!("nobody waits for this") });
        drop((running, withdrawn));
        word.send(()).unwrap();
        assert!(told.recv().unwrap());
        assert_eq!(thread.run(|_| Some(1)).unwrap().blocking_recv(), Ok(1));
    }

    #[test]
    fn work_that_panics_gives_nothing_and_its_place_back() {
        let thread = OwnThread::new("test", 1).unwrap();
        assert!(
            thread.run(|_| -> Option<u32> { panic!("as a model may") }).unwrap().blocking_recv().is_err()
        );
        assert_eq!(thread.run(|_| Some(1)).map(|result| result.blocking_recv()), Some(Ok(1)));
    }
}
