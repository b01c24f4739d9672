//! What goes into the audit log.

use crate::ports::store::{SharedStore, keys::Deed};
use std::sync::Arc;
use tracing::warn;

/// Takes what goes into the audit log; must not wait.
pub type Audit = Arc<dyn Fn(Deed) + Send + Sync>;

/// Writes the audit log of `store` beside the call, which waits for nothing. Must be called within a tokio runtime.
pub fn audit_in(store: SharedStore) -> Audit {
    Arc::new(move |deed| {
        let store = store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.audit(deed).await {
                warn!(code = "AUDIT", %error, "what a tool did is missing in the audit log");
            }
        });
    })
}
