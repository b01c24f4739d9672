//! A bounded queue that drops its oldest entry when full: for caller audio, where the newest sound matters.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

#[derive(Debug)]
struct Inner<T> {
    entries: VecDeque<T>,
    reader: Option<Waker>,
    closed: bool,
}

#[derive(Debug)]
struct Shared<T> {
    inner: Mutex<Inner<T>>,
    limit: usize,
    dropped: AtomicU64,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that is written; never waits. Dropping the last one ends the reader's stream.
#[derive(Debug)]
pub struct Writer<T>(Arc<Shared<T>>);

/// The end that is read.
#[derive(Debug)]
pub struct Reader<T>(Arc<Shared<T>>);

/// A queue of at most `limit` entries.
pub fn drop_oldest<T>(limit: usize) -> (Writer<T>, Reader<T>) {
    let inner = Inner { entries: VecDeque::new(), reader: None, closed: false };
    let shared = Arc::new(Shared { inner: Mutex::new(inner), limit, dropped: AtomicU64::new(0) });
    (Writer(Arc::clone(&shared)), Reader(shared))
}

impl<T> Writer<T> {
    /// Appends `entry`; a full queue loses its oldest one, which is returned and counted.
    pub fn push(&self, entry: T) -> Option<T> {
        let mut inner = self.0.lock();
        let dropped = if inner.entries.len() >= self.0.limit {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            inner.entries.pop_front()
        } else {
            None
        };
        inner.entries.push_back(entry);
        let waker = inner.reader.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        dropped
    }

    /// How many entries were lost so far.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.closed = true;
        if let Some(waker) = inner.reader.take() {
            waker.wake();
        }
    }
}

impl<T> Reader<T> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.0.lock();
        if let Some(entry) = inner.entries.pop_front() {
            return Poll::Ready(Some(entry));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The oldest entry; `None` once the writer is gone and all is read. Cancel-safe.
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> + '_ {
        std::future::poll_fn(|cx| self.poll_recv(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_loses_its_oldest_entry_and_counts_it() {
        let (writer, mut reader) = drop_oldest(2);
        assert_eq!([writer.push(1), writer.push(2), writer.push(3)], [None, None, Some(1)]);
        assert_eq!(writer.dropped(), 1);
        drop(writer);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(reader.poll_recv(&mut cx), Poll::Ready(Some(2)));
        assert_eq!(reader.poll_recv(&mut cx), Poll::Ready(Some(3)));
        assert_eq!(reader.poll_recv(&mut cx), Poll::Ready(None));
    }
}
