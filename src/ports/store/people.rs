//! The people who call and write.

use super::Stored;
use crate::base::ids::CallSid;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// A person in one workspace, whatever the channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Identifies the person; sorts by time.
    pub id: String,
    /// Where.
    pub workspace: String,
    /// The number (E.164).
    pub phone: String,
    /// The full name.
    pub name: Option<String>,
    /// The document: digits and letters only.
    pub document: Option<String>,
    /// The language they speak, such as `es`.
    pub language: Option<String>,
    /// Grows with each change.
    pub version: i64,
    /// When we first met.
    pub since: Timestamp,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What is to be changed of a contact: what is absent stays, and an empty text takes away what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// The full name.
    pub name: Option<String>,
    /// The document.
    pub document: Option<String>,
    /// The language.
    pub language: Option<String>,
}

/// Stands where something of an erased person stood.
pub const ERASED: &str = "erased";

/// What of a person is no longer there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Contacts, in all workspaces.
    pub contacts: u64,
    /// Calls that keep only times and outcome.
    pub calls: u64,
    /// Notes.
    pub notes: u64,
    /// Messages.
    pub messages: u64,
    /// Appointments.
    pub appointments: u64,
    /// Which calls: their recordings and logs are to be deleted as files.
    pub sids: Vec<CallSid>,
}

/// The people.
pub trait People: Send + Sync {
    /// The person with this number, who is made known where nobody was.
    fn meet(&self, workspace: String, phone: String) -> BoxFuture<'_, Stored<Contact>>;

    /// Changes a contact, where it still has `version`; `None` changes it whatever its version.
    ///
    /// # Errors
    /// `Unknown` where the workspace has no such contact, `Conflict` where it was changed meanwhile.
    fn change_contact(
        &self,
        workspace: String,
        id: String,
        version: Option<i64>,
        change: ContactChange,
    ) -> BoxFuture<'_, Stored<Contact>>;

    /// One contact.
    ///
    /// # Errors
    /// `Unknown` where the workspace has no such contact.
    fn contact(&self, workspace: String, id: String) -> BoxFuture<'_, Stored<Contact>>;

    /// The contact with this number.
    ///
    /// # Errors
    /// `Unknown` where the workspace knows nobody with it.
    fn known(&self, workspace: String, phone: String) -> BoxFuture<'_, Stored<Contact>>;

    /// Contacts, the newest first, older than `before`.
    fn contacts(
        &self,
        workspace: String,
        before: Option<String>,
        most: u32,
    ) -> BoxFuture<'_, Stored<Vec<Contact>>>;

    /// The calls of a number, in all workspaces. What lies outside of the store goes by them, before [`erase`](Self::erase) takes
    /// the number out: whoever then gets no answer in time has lost nothing.
    fn calls_of(&self, phone: String) -> BoxFuture<'_, Stored<Vec<CallSid>>>;

    /// Erases whoever has this number, in all workspaces: what was said and written, names, numbers. Times and outcomes of calls
    /// stay, so that totals do not change.
    fn erase(&self, phone: String) -> BoxFuture<'_, Stored<Erased>>;
}
