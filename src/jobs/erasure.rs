//! Erases a person wherever something lies: database, state store, appointment book, files. For the API and the command line.
//!
//! What lies outside of the database goes by its calls, before the database forgets whose they were: an erasure that is cut
//! short is whole once it is asked for again. It goes once more afterwards, since somebody may have called meanwhile.

use super::files;
use crate::{
    base::ids::CallSid,
    ports::{
        calendar::Calendar,
        state::{Key, Kind, StateStore, Use},
        store::{MAIN_WORKSPACE, Store, Stored, keys::Deed, people::Erased},
    },
};
use futures_util::future::join_all;
use std::{collections::BTreeSet, io, path::Path};
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// How often the database's log is tried to be emptied; each try waits a quarter of a second for those who read.
const TRIES: u32 = 40;

/// Keys that are removed from the state store at a time.
const AT_ONCE: usize = 32;

/// Where something of a person may lie.
#[derive(Clone, Copy)]
pub struct Where<'w> {
    /// The database.
    pub store: &'w dyn Store,
    /// What is kept for a while.
    pub state: &'w dyn StateStore,
    /// The appointment book.
    pub calendar: &'w dyn Calendar,
    /// Recordings and logs of calls.
    pub files: &'w Path,
}

impl std::fmt::Debug for Where<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Where").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug)]
pub struct Erasure {
    /// Identifies it in the audit log, as its proof: the log has no number.
    pub id: String,
    /// What the database no longer has.
    pub erased: Erased,
    /// What lay outside of it.
    pub outside: Outside,
    /// Whether the database's own log holds nothing of it any more. Where not, somebody read all the time: it is to be asked again.
    pub scrubbed: bool,
}

/// What lay outside of the database.
#[derive(Debug, Default)]
pub struct Outside {
    /// Files that are gone.
    pub files: u64,
    /// Files that should be gone, and are not.
    pub files_left: u64,
    /// Appointments that are gone from the book.
    pub appointments: u64,
    /// What is to be done by hand, in words; it names calls and no number.
    pub by_hand: Vec<String>,
}

/// Erases whoever has this number, in all workspaces; `who` is written down as the one who wanted it.
///
/// # Errors
/// Why the database did not do it: asked again, all of it is done.
pub async fn erase(all: Where<'_>, who: String, number: String) -> Stored<Erasure> {
    let id = Uuid::now_v7().simple().to_string();
    let workspace = MAIN_WORKSPACE.to_owned();
    all.store.audit(Deed { workspace, who, what: "person.erase".to_owned(), object: id.clone() }).await?;
    let mut calls: BTreeSet<CallSid> = all.store.calls_of(number.clone()).await?.into_iter().collect();
    let before = outside(all, &calls).await;
    let erased = all.store.erase(number).await?;
    calls.extend(erased.sids.iter().cloned());
    let after = outside(all, &calls).await;
    let outside = Outside {
        files: before.files + after.files,
        appointments: before.appointments + after.appointments,
        // What could not be done before may have been done now.
        ..after
    };
    Ok(Erasure { id, erased, outside, scrubbed: is_scrubbed(all.store).await })
}

/// Takes out what lies outside of the database.
async fn outside(all: Where<'_>, calls: &BTreeSet<CallSid>) -> Outside {
    let mut done = Outside::default();
    if calls.is_empty() {
        return done;
    }
    let named = || calls.iter().map(CallSid::as_str).collect::<Vec<_>>().join(", ");
    let (folder, theirs) = (all.files.to_owned(), calls.clone());
    let swept = spawn_blocking(move || files::delete(&folder, &theirs)).await;
    match swept.map_err(io::Error::other).flatten() {
        Ok(swept) => {
            (done.files, done.files_left) = (swept.deleted, swept.left);
            if swept.left > 0 {
                let (left, folder) = (swept.left, all.files.display());
                let how = format!("{left} files in {folder} can't be deleted: delete those of {}", named());
                done.by_hand.push(how);
            }
        }
        Err(error) => {
            done.files_left = calls.len() as u64;
            let folder = all.files.display();
            done.by_hand
                .push(format!("{folder} can't be read ({error}): delete the recordings of {}", named()));
        }
    }
    match all.calendar.forget(calls.clone()).await {
        Ok(appointments) => done.appointments = appointments,
        Err(error) => done.by_hand.push(format!("{error}: take out what was booked in {}", named())),
    }
    // The table of the database goes with the rest of it.
    if all.state.kind() == Kind::Redis && !forget_summaries(all.state, calls).await {
        done.by_hand.push("Redis is away, and keeps their summaries for a while: repeat it later".to_owned());
    }
    done
}

async fn forget_summaries(state: &dyn StateStore, calls: &BTreeSet<CallSid>) -> bool {
    let keys: Vec<Key> = calls.iter().map(|call| Key::new(Use::Summary, call.as_str())).collect();
    let mut whole = true;
    for some in keys.chunks(AT_ONCE) {
        let taken = join_all(some.iter().map(|key| state.take(key.clone()))).await;
        whole &= taken.iter().all(Result::is_ok);
    }
    whole && state.is_available().await
}

/// Whoever reads is waited for.
async fn is_scrubbed(store: &dyn Store) -> bool {
    for _ in 0..TRIES {
        match store.scrub().await {
            Ok(true) => return true,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(code = "ERASE", %error, "the database's log could not be emptied");
                return false;
            }
        }
    }
    false
}
