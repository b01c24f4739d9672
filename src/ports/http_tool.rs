//! Requests of an agent's own tools to servers of the business.

use crate::dialogue::tools::http::HttpRequest;
use futures_util::future::BoxFuture;
use serde_json::Value;

/// Why a server did not do it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpToolError {
    /// The operator has to mend something: a secret that is not set, an address that is not allowed.
    #[error("the tool is not set up: {0}")]
    NotSetUp(String),
    /// Nothing was done.
    #[error("the server refused: HTTP {0}")]
    Refused(u16),
    /// It is not known whether anything was done.
    #[error("the server did not answer: {0}")]
    NoAnswer(String),
}

/// Sends them.
pub trait HttpTools: Send + Sync + 'static {
    /// Sends one request, once, and returns what it was answered: JSON, or a text. Follows no redirect, reads at most 16 KiB,
    /// and takes at most 8 s.
    ///
    /// # Errors
    /// See [`HttpToolError`].
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<Value, HttpToolError>>;
}
