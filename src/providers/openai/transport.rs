//! The service below `async-openai`: one try, errors by their consequence, answers of bounded length.

use super::wire::ErrorName;
use crate::{
    net::{
        http::{self, innermost},
        refused::Refused,
    },
    ports::llm::LlmError,
};
use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, future::BoxFuture, stream};
use reqwest::{Body, Client, Response};
use std::{
    io,
    task::{Context, Poll},
};

/// The longest answer, in bytes of event stream: a hundred times a long one.
const LONGEST: usize = 8 << 20;
/// What ends a stream properly.
const DONE: &[u8] = b"[DONE]";

/// Sends a request once.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) client: Client,
    /// What the server is called in logs.
    pub(super) name: &'static str,
}

impl tower::Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let Self { client, name: provider } = self.clone();
        Box::pin(async move {
            let response = client.execute(request.build().await?).await.inspect_err(|error| {
                if error.is_connect() {
                    let reason = innermost(error);
                    tracing::warn!(
                        provider,
                        code = "LLM_CONNECT",
                        reason,
                        "the language model can't be reached"
                    );
                }
            })?;
            if response.status().is_success() {
                return Ok(guarded(response));
            }
            let status = response.status().as_u16();
            let name = ErrorName::read(&http::error_body(response).await).0;
            Err(OpenAIError::Boxed(Box::new(Refused { status, name })))
        })
    }
}

/// The same response, whose body ends in an error when it is cut before `[DONE]` or too long: `async-openai` ends its
/// stream silently in both cases.
fn guarded(response: Response) -> Response {
    let status = response.status();
    let body = Body::wrap_stream(guard(response.bytes_stream()));
    let mut guarded = ::http::Response::new(body);
    *guarded.status_mut() = status;
    guarded.into()
}

fn guard(
    body: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let state = (Box::pin(body), Vec::with_capacity(DONE.len() * 4), 0_usize);
    stream::unfold(Some(state), async move |state| {
        let (mut body, mut tail, length) = state?;
        match body.next().await {
            Some(Ok(bytes)) if length + bytes.len() <= LONGEST => {
                tail.extend_from_slice(&bytes);
                tail.drain(..tail.len().saturating_sub(DONE.len() * 4));
                let length = length + bytes.len();
                Some((Ok(bytes), Some((body, tail, length))))
            }
            Some(Ok(_)) => Some((Err(io::Error::other("the answer is too long")), None)),
            Some(Err(error)) => Some((Err(io::Error::other(error)), None)),
            None if tail.windows(DONE.len()).any(|window| window == DONE) => None,
            None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
        }
    })
}

/// What an error means before anything of the answer came.
pub(super) fn consequence(error: &OpenAIError) -> LlmError {
    match error {
        OpenAIError::Boxed(boxed) => match boxed.downcast_ref::<Refused>() {
            Some(refused) => told(refused),
            None => LlmError::Busy { reason: "the request failed".to_owned() },
        },
        OpenAIError::Reqwest(error) if error.is_connect() => LlmError::Busy {
            reason: if error.is_timeout() { innermost(error) } else { "no connection".to_owned() },
        },
        OpenAIError::Reqwest(_) | OpenAIError::StreamError(_) => {
            LlmError::Busy { reason: "the connection broke".to_owned() }
        }
        _ => LlmError::Declined { reason: "the request could not be built".to_owned() },
    }
}

fn told(refused: &Refused) -> LlmError {
    let reason = refused.to_string();
    if ErrorName(refused.name.clone()).is_quota() || matches!(refused.status, 401..=404) {
        LlmError::Refused { reason }
    } else if refused.passes() || matches!(refused.status, 409 | 425) {
        LlmError::Busy { reason }
    } else {
        // The service works, but not with this request: one conversation says nothing about the others.
        LlmError::Declined { reason }
    }
}
