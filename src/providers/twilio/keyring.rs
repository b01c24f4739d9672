//! The keys of an account while they change: whoever checks or signs has the present ones, and nothing restarts.

use super::signature::Keys;
use std::sync::{Arc, PoisonError, RwLock};

/// Keys that can be replaced while the server works. Clones share them.
#[derive(Clone, Debug)]
pub struct Keyring(Arc<RwLock<Arc<Keys>>>);

impl Keyring {
    /// The keys of this moment. Whoever holds them sees no change.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the return on only these keys open anything. Tells whether they are others than before.
    pub fn replace(&self, keys: Keys) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let others = **held != keys;
        *held = Arc::new(keys);
        others
    }
}

impl From<Keys> for Keyring {
    fn from(keys: Keys) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(keys))))
    }
}
