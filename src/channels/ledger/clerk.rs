//! The one who writes the ledger.

use super::{
    NotKept,
    spool::{Spool, Spooled},
};
use crate::{
    base::clock,
    ports::store::{
        SharedStore, StoreError, Stored,
        calls::CallEntry,
        inbox::{Accepted, Event},
    },
    telemetry::metrics,
};
use std::{
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::{Instant as Moment, sleep_until},
};

/// Changes that are written in one transaction.
const TOGETHER: usize = 256;

/// A database that stays away is told of at most so often (reliability E7).
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// What the clerk is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    Note(Box<CallEntry>),
    /// The database did not take this event.
    Keep(Box<Event>, oneshot::Sender<Result<Accepted, NotKept>>),
    Settle(oneshot::Sender<()>),
}

/// Who hears that an event is safe.
type Waiting = oneshot::Sender<Result<Accepted, NotKept>>;

pub(super) struct Clerk {
    store: SharedStore,
    /// Absent only while another thread writes or reads it.
    spool: Option<Spool>,
    spooling: Arc<AtomicBool>,
    retry: Duration,
    /// When the database is tried again.
    next: Moment,
    told: Option<Instant>,
}

impl Clerk {
    pub(super) fn new(store: SharedStore, spool: Spool, spooling: Arc<AtomicBool>, retry: Duration) -> Self {
        Self { store, spool: Some(spool), spooling, retry, next: Moment::now(), told: None }
    }

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.next), if self.is_spooling() => self.catch_up().await,
                taken = queue.recv_many(&mut orders, TOGETHER) => {
                    if taken == 0 {
                        return;
                    }
                    self.carry_out(mem::take(&mut orders)).await;
                }
            }
        }
    }

    fn is_spooling(&self) -> bool {
        self.spooling.load(Ordering::Acquire)
    }

    async fn carry_out(&mut self, orders: Vec<Order>) {
        let (mut entries, mut events, mut settled) = (Vec::new(), Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::Note(entry) => entries.push(*entry),
                Order::Keep(event, waiting) => events.push((event, waiting)),
                Order::Settle(waiting) => settled.push(waiting),
            }
        }
        let mut spooled = Vec::new();
        if self.is_spooling() {
            spooled.extend(entries.into_iter().map(Spooled::Call));
        } else if let Err((left, error)) = write(&self.store, entries).await {
            self.away(&error);
            spooled.extend(left.into_iter().map(Spooled::Call));
        }
        let (events, waiting): (Vec<_>, Vec<Waiting>) = events.into_iter().unzip();
        spooled.extend(events.into_iter().map(|event| Spooled::Event(*event)));
        self.put_by(spooled, waiting).await;
        for waiting in settled {
            // Whoever asked may have given up.
            waiting.send(()).ok();
        }
    }

    /// Brings what the database did not take to the disk, and says so.
    async fn put_by(&mut self, spooled: Vec<Spooled>, waiting: Vec<Waiting>) {
        if spooled.is_empty() {
            return;
        }
        self.spooling.store(true, Ordering::Release);
        let lost = spooled.len();
        let done = self.with_spool(move |spool| spool.append(&spooled)).await;
        if let Err(error) = &done {
            tracing::error!(code = "SPOOL", %error, lost, "neither the database nor the disk takes what happens");
        }
        let failed = done.err().map(|error| error.to_string());
        for waiting in waiting {
            // Whoever sent the event may have hung up.
            waiting.send(failed.clone().map_or(Ok(Accepted::New), |why| Err(NotKept(why)))).ok();
        }
    }

    /// Brings what lies in the spool to the database, as far as that takes it.
    async fn catch_up(&mut self) {
        loop {
            match self.batch().await {
                Some(batch) if batch.is_empty() => break,
                Some(batch) => {
                    if let Err(error) = deliver(&self.store, batch).await {
                        // What was delivered of it is delivered again: nothing of it happens twice.
                        return self.away(&error);
                    }
                }
                None => return,
            }
            if let Err(error) = self.with_spool(Spool::advance).await {
                tracing::error!(code = "SPOOL", %error, "a file of the spool can't be deleted");
            }
        }
        self.spooling.store(false, Ordering::Release);
        if self.told.take().is_some() {
            tracing::info!(code = "STORE_UP", "the database is back, and has all that happened meanwhile");
        }
    }

    /// The next of the spool; `None` where it can't be read now.
    async fn batch(&mut self) -> Option<Vec<Spooled>> {
        let batch = self.with_spool(|spool| spool.next(TOGETHER)).await;
        if let Err(error) = &batch {
            tracing::error!(code = "SPOOL", %error, "the spool can't be read");
            self.next = Moment::now() + self.retry;
        }
        batch.ok()
    }

    fn away(&mut self, error: &StoreError) {
        self.next = Moment::now() + self.retry;
        let now = clock::now();
        if self.told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY) {
            self.told = Some(now);
            tracing::error!(code = "STORE_DOWN", %error, "what happens is kept on this disk until the database is back");
        }
    }

    async fn with_spool<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Spool) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let mut spool = self.spool.take().ok_or_else(|| io::Error::other("the spool is lost"))?;
        let (spool, done) = spawn_blocking(move || {
            let done = work(&mut spool);
            (spool, done)
        })
        .await?;
        metrics::spooled_bytes(spool.bytes());
        self.spool = Some(spool);
        done
    }
}

/// Writes the entries; where the database is away, returns those that it may not have taken.
async fn write(store: &SharedStore, entries: Vec<CallEntry>) -> Result<(), (Vec<CallEntry>, StoreError)> {
    if entries.is_empty() {
        return Ok(());
    }
    match store.write_calls(entries.clone()).await {
        Ok(useless) => {
            for (entry, _) in entries.iter().zip(useless).filter(|(_, useless)| *useless) {
                tracing::warn!(code = "FENCED", call.sid = %entry.sid(), "a change of a call came too late, or for a call that is not known");
            }
            Ok(())
        }
        Err(error) if error.is_temporary() => Err((entries, error)),
        Err(error) => one_by_one(store, entries, error).await,
    }
}

/// One entry that the database refuses must not take others with it.
async fn one_by_one(
    store: &SharedStore,
    entries: Vec<CallEntry>,
    error: StoreError,
) -> Result<(), (Vec<CallEntry>, StoreError)> {
    if let [entry] = entries.as_slice() {
        tracing::error!(code = "STORE", %error, call.sid = %entry.sid(), "the database refused a change of a call");
        return Ok(());
    }
    let mut left = entries.into_iter();
    while let Some(entry) = left.next() {
        match store.write_calls(vec![entry.clone()]).await {
            Ok(_) => {}
            Err(error) if error.is_temporary() => {
                return Err((std::iter::once(entry).chain(left).collect(), error));
            }
            Err(error) => {
                tracing::error!(code = "STORE", %error, call.sid = %entry.sid(), "the database refused a change of a call");
            }
        }
    }
    Ok(())
}

/// Writes what was spooled, in its order.
async fn deliver(store: &SharedStore, batch: Vec<Spooled>) -> Stored<()> {
    let mut entries = Vec::new();
    for spooled in batch {
        match spooled {
            Spooled::Call(entry) => entries.push(entry),
            Spooled::Event(event) => {
                write(store, mem::take(&mut entries)).await.map_err(|(_, error)| error)?;
                match store.accept(event).await {
                    Ok(_) => {}
                    Err(error) if error.is_temporary() => return Err(error),
                    Err(error) => tracing::error!(code = "STORE", %error, "the database refused an event"),
                }
            }
        }
    }
    write(store, entries).await.map_err(|(_, error)| error)
}
