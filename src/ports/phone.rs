//! The telephone network, beyond the media socket.

use crate::base::ids::CallSid;
use futures_util::future::BoxFuture;

/// Why the network did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// A network error, a time-out, 429 or 5xx after the tries that a live call allows.
    #[error("the telephone network is briefly unavailable: {0}")]
    Busy(String),
    /// Credentials or arguments were refused.
    #[error("the telephone network refused: {0}")]
    Refused(String),
}

/// Controls calls from outside their media stream.
pub trait Phone: Send + Sync + 'static {
    /// Ends the call. A call that is already over counts as success. At most 5 s, retries included.
    fn hang_up(&self, call: CallSid) -> BoxFuture<'static, Result<(), PhoneError>>;
}
