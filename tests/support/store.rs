//! A store of its own for each rig: SQLite in a file that goes with the target folder.

use centralita::{
    channels::ledger::{Ledger, Settings},
    ports::{
        state::SharedState,
        store::{Owner, SharedStore},
    },
    storage::{Options, Place, SqlStore},
};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// A store, its ledger, and whose they are.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) store: SharedStore,
    pub(crate) ledger: Ledger,
    pub(crate) owner: Owner,
    pub(crate) state: SharedState,
}

/// An empty one.
pub(crate) async fn kept() -> Kept {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let number = STORES.fetch_add(1, Ordering::Relaxed);
    let folder = format!("store-{}-{number}", std::process::id());
    kept_in(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder)).await
}

/// What lies in `folder`.
pub(crate) async fn kept_in(folder: &Path) -> Kept {
    kept_with(folder, |_| ()).await
}

/// The same, with another spool.
pub(crate) async fn kept_with(folder: &Path, change: impl FnOnce(&mut Settings)) -> Kept {
    static PROCESSES: AtomicU32 = AtomicU32::new(0);
    fs::create_dir_all(folder).unwrap();
    let place = Place::File(folder.join("centralita.db"));
    let store = Arc::new(SqlStore::open(place, Options::default()).await.unwrap());
    let state = Arc::new(store.state());
    let store: SharedStore = store;
    let mut settings = Settings::in_folder(folder.join("spool"));
    change(&mut settings);
    let ledger = Ledger::open(store.clone(), &settings).unwrap();
    let owner = Owner(format!("test:{}", PROCESSES.fetch_add(1, Ordering::Relaxed)));
    Kept { store, ledger, owner, state }
}
