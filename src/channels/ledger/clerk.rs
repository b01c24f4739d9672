//! The one who writes the ledger.

use super::{
    Flags, NotKept,
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
use futures_util::future::join_all;
use std::{
    collections::VecDeque,
    io, mem,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::{Instant as Moment, sleep_until},
};

/// Changes that are written in one transaction, where the database takes so many in its time; fewer over a slow line.
const TOGETHER: usize = 256;

/// Records of the spool that are delivered before it is looked what is new: events are a transaction each, of some tens of
/// milliseconds where the database is far away, though side by side.
const IN_A_ROW: usize = 32;

/// Changes that wait in memory while neither the database nor the disk takes them; beyond them the newest are lost, and counted.
const HELD: usize = 8_192;

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
    flags: Arc<Flags>,
    /// What the disk did not take either; newer than what is spooled.
    held: VecDeque<CallEntry>,
    /// The disk did not take what came last.
    refused: bool,
    retry: Duration,
    /// When the database is tried again.
    next: Moment,
    /// Changes that it takes in its time.
    together: usize,
    told: Option<Instant>,
}

impl Clerk {
    pub(super) fn new(store: SharedStore, spool: Spool, flags: Arc<Flags>, retry: Duration) -> Self {
        let (held, next) = (VecDeque::new(), Moment::now());
        Self {
            store,
            spool: Some(spool),
            flags,
            held,
            refused: false,
            retry,
            next,
            together: TOGETHER,
            told: None,
        }
    }

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.next), if self.is_spooling() => {
                    self.catch_up().await;
                    // Whoever waits for the disk is served between two steps.
                    while orders.len() < TOGETHER && let Ok(order) = queue.try_recv() {
                        orders.push(order);
                    }
                }
                taken = queue.recv_many(&mut orders, TOGETHER) => {
                    if taken == 0 {
                        return;
                    }
                }
            }
            self.carry_out(mem::take(&mut orders)).await;
        }
    }

    fn is_spooling(&self) -> bool {
        self.flags.spooling.load(Ordering::Acquire)
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
        let mut left = entries;
        if !self.is_spooling()
            && let Err((refused, error)) = write(&self.store, mem::take(&mut left)).await
        {
            self.away(&error);
            left = refused;
        }
        let mut spooled: Vec<Spooled> = left.into_iter().map(Spooled::Call).collect();
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
        self.flags.spooling.store(true, Ordering::Release);
        let mut all: Vec<Spooled> = mem::take(&mut self.held).into_iter().map(Spooled::Call).collect();
        all.extend(spooled);
        let (all, done) = match self.with_spool(move |spool| Ok((spool.append(&all), all))).await {
            Ok((done, all)) => (all, done),
            Err(error) => (Vec::new(), Err(error)),
        };
        let failed = done.err().map(|error| error.to_string());
        self.refused = failed.is_some();
        self.flags.full.fetch_or(self.refused, Ordering::AcqRel);
        if let Some(error) = &failed {
            self.hold(all, error);
        }
        for waiting in waiting {
            // Whoever sent the event may have hung up.
            waiting.send(failed.clone().map_or(Ok(Accepted::New), |why| Err(NotKept(why)))).ok();
        }
    }

    /// Keeps the changes in memory until the database or the disk takes them. Who sent an event is told, and sends it again.
    fn hold(&mut self, spooled: Vec<Spooled>, error: &str) {
        let calls = spooled.into_iter().filter_map(|spooled| match spooled {
            Spooled::Call(entry) => Some(entry),
            Spooled::Event(_) => None,
        });
        let mut lost = 0_usize;
        for entry in calls {
            if self.held.len() < HELD {
                self.held.push_back(entry);
            } else {
                lost += 1;
                metrics::ledger_dropped();
            }
        }
        let held = self.held.len();
        tracing::error!(
            code = "SPOOL",
            error,
            held,
            lost,
            "neither the database nor the disk takes what happens"
        );
    }

    /// Brings the next of what lies in the spool to the database, and once that is empty what is held.
    async fn catch_up(&mut self) {
        let most = self.together.min(IN_A_ROW);
        let Some(batch) = self.batch(most).await else { return };
        let empty = batch.is_empty();
        let batch =
            if empty { self.held.iter().take(most).cloned().map(Spooled::Call).collect() } else { batch };
        let count = batch.len();
        if let Err(error) = deliver(&self.store, batch).await {
            // What was delivered of it is delivered again: nothing of it happens twice.
            self.together = (self.together / 2).max(1);
            return self.away(&error);
        }
        self.together = (self.together * 2).min(TOGETHER);
        if empty {
            self.held.drain(..count);
            if self.held.is_empty() {
                self.is_back();
            }
        } else if let Err(error) = self.with_spool(Spool::advance).await {
            tracing::error!(code = "SPOOL", %error, "a file of the spool can't be deleted");
        }
    }

    fn is_back(&mut self) {
        self.refused = false;
        self.flags.full.store(false, Ordering::Release);
        self.flags.spooling.store(false, Ordering::Release);
        if self.told.take().is_some() {
            tracing::info!(code = "STORE_UP", "the database is back, and has all that happened meanwhile");
        }
    }

    /// The next of the spool; `None` where it can't be read now.
    async fn batch(&mut self, most: usize) -> Option<Vec<Spooled>> {
        let batch = self.with_spool(move |spool| spool.next(most)).await;
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
        self.flags.full.store(self.refused || spool.is_nearly_full(), Ordering::Release);
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
    let (mut entries, mut events) = (Vec::new(), Vec::new());
    for spooled in batch {
        match spooled {
            Spooled::Call(entry) => {
                accept(store, mem::take(&mut events)).await?;
                entries.push(entry);
            }
            Spooled::Event(event) => {
                write(store, mem::take(&mut entries)).await.map_err(|(_, error)| error)?;
                events.push(event);
            }
        }
    }
    accept(store, events).await?;
    write(store, entries).await.map_err(|(_, error)| error)
}

/// Accepts events side by side: in whatever order they come, they settle on one truth, and the database shares its waits among them.
async fn accept(store: &SharedStore, events: Vec<Event>) -> Stored<()> {
    for accepted in join_all(events.into_iter().map(|event| store.accept(event))).await {
        match accepted {
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => tracing::error!(code = "STORE", %error, "the database refused an event"),
            Ok(_) => {}
        }
    }
    Ok(())
}
