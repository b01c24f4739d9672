//! What is written about calls and about what came from outside: without making a call wait, and without losing it while the
//! database is away.
//!
//! While it is, everything goes to a file of this process, the *spool*, in its order; once the database is back it goes from there to the
//! database, before anything newer does. The file of a process that died is taken over by the next one that starts.

mod clerk;
mod spool;

use crate::{
    ports::store::{
        SharedStore, StoreError,
        calls::CallEntry,
        inbox::{Accepted, Event},
    },
    telemetry::metrics,
};
use clerk::{Clerk, Order};
use spool::Spool;
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Changes that may wait for the clerk: about a minute of a hundred lively calls. Beyond that they are lost, and counted.
const WAITING: usize = 8_192;

/// How long an event may wait for the database or the disk; whoever sent it has given up soon after (Twilio after 15 s).
const KEEPING: Duration = Duration::from_secs(5);

/// How the ledger is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the spool lies.
    pub folder: PathBuf,
    /// How often a database that is away is tried again.
    pub retry: Duration,
    /// The most that the spool may hold, in bytes: 256 MiB are some 500,000 webhooks.
    pub most: u64,
}

impl Settings {
    /// The defaults, with the spool in `folder`.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, retry: Duration::from_secs(1), most: 256 << 20 }
    }
}

/// An event could neither be stored nor spooled: whoever sent it must send it again.
#[derive(Debug, thiserror::Error)]
#[error("the event could not be kept: {0}")]
pub struct NotKept(pub String);

/// The way to the clerk. The clerk ends with the last clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: SharedStore,
    orders: mpsc::Sender<Order>,
    flags: Arc<Flags>,
}

/// How the ledger fares.
#[derive(Debug, Default)]
struct Flags {
    /// What is new must queue up behind what is spooled.
    spooling: AtomicBool,
    /// The spool has, or soon has, no room.
    full: AtomicBool,
}

impl Ledger {
    /// Opens the ledger, with what earlier processes left in the spool. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The folder of the spool can't be made or read.
    pub fn open(store: SharedStore, settings: &Settings) -> io::Result<Self> {
        let spool = Spool::open(&settings.folder, settings.most)?;
        let flags = Arc::new(Flags { spooling: AtomicBool::new(!spool.is_empty()), ..Flags::default() });
        let (orders, queue) = mpsc::channel(WAITING);
        let clerk = Clerk::new(Arc::clone(&store), spool, Arc::clone(&flags), settings.retry);
        tokio::spawn(clerk.run(queue));
        Ok(Self { store, orders, flags })
    }

    /// Writes a change soon. Never waits.
    pub fn note(&self, entry: CallEntry) {
        if let Err(error) = self.orders.try_send(Order::Note(Box::new(entry))) {
            let Order::Note(entry) = error.into_inner() else { return };
            tracing::error!(code = "LEDGER_FULL", call.sid = %entry.sid(), "a part of a call's record is lost");
            metrics::ledger_dropped();
        }
    }

    /// Keeps an event: when this returns `Ok`, it outlives the process. Where the database is away, nobody knows whether the event
    /// is a repeat, and it counts as new. Dropping the future does not take the event back.
    ///
    /// # Errors
    /// [`NotKept`] when neither the database nor the disk takes it, or not in time; then it may be kept all the same.
    pub async fn keep(&self, event: Event) -> Result<Accepted, NotKept> {
        if !self.is_spooling() {
            match self.store.accept(event.clone()).await {
                Ok(accepted) => return Ok(accepted),
                Err(error) if error.is_temporary() => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        let (reply, kept) = oneshot::channel();
        let order = Order::Keep(Box::new(event), reply);
        self.orders.try_send(order).map_err(|_| NotKept("too much waits for the disk".to_owned()))?;
        match timeout(KEEPING, kept).await {
            Ok(kept) => kept.unwrap_or_else(|_| Err(NotKept("the clerk broke off".to_owned()))),
            Err(_) => Err(NotKept("the disk took too long".to_owned())),
        }
    }

    /// Waits until all that was noted before is in the database, or in the spool.
    pub async fn settle(&self) {
        let (reply, settled) = oneshot::channel();
        if self.orders.send(Order::Settle(reply)).await.is_ok() {
            // An error means that the clerk is gone, and with it all that waited.
            settled.await.ok();
        }
    }

    /// Whether the database is, or was just, away.
    pub fn is_spooling(&self) -> bool {
        self.flags.spooling.load(Ordering::Acquire)
    }

    /// Whether there is, or soon will be, no place for what happens: the database is away, and the spool takes nothing or is
    /// filled to four fifths. New calls should go elsewhere.
    pub fn is_full(&self) -> bool {
        self.flags.full.load(Ordering::Acquire)
    }
}

fn broken(error: &StoreError) -> NotKept {
    tracing::error!(code = "STORE", %error, "the database refused an event");
    NotKept(error.to_string())
}
