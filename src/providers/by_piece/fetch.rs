//! One piece of speech: one HTTP request, its sound handed on as it comes.

use super::{Patience, Speaker, sound::Sound};
use crate::{
    base::clock,
    net::{
        http,
        patience::within,
        raw_audio::{self, WrongFormat},
        refused::Refused,
    },
};
use bytes::Bytes;
use reqwest::{Request, Response, header::CONTENT_TYPE};
use std::time::Instant;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::task::AbortOnDropHandle;

/// The longest stretch of sound handed on at once: 250 ms, so that nothing ahead of the call holds much.
const LONGEST_STRETCH: usize = 2_000;
/// Stretches that wait for the call before the network is no longer read: 4 s.
const STRETCHES_WAITING: usize = 16;

/// A piece that is being fetched; dropping it cancels the request.
#[derive(Debug)]
pub(super) struct Fetch {
    sound: mpsc::Receiver<Result<Bytes, String>>,
    _task: AbortOnDropHandle<()>,
}

/// Why a try failed.
enum Failure {
    /// Before any sound, and another try may succeed.
    Passing(String),
    /// For good.
    Lasting(String),
}

impl Fetch {
    /// Begins to fetch.
    pub(super) fn start<V: Speaker>(client: reqwest::Client, request: Request, patience: Patience) -> Self {
        let (sender, sound) = mpsc::channel(STRETCHES_WAITING);
        let task = tokio::spawn(async move {
            if let Err(reason) = fetch::<V>(&client, request, patience, &sender).await {
                // Nobody is left to tell when this fails: the piece was cancelled.
                sender.send(Err(reason)).await.ok();
            }
        });
        Self { sound, _task: AbortOnDropHandle::new(task) }
    }

    /// The next stretch of sound, `None` at the end of the piece. An error is the last. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, String>> {
        self.sound.recv().await
    }
}

async fn fetch<V: Speaker>(
    client: &reqwest::Client,
    request: Request,
    patience: Patience,
    sound: &mpsc::Sender<Result<Bytes, String>>,
) -> Result<(), String> {
    let deadline = clock::now() + patience.first_byte;
    let again = request.try_clone();
    match attempt::<V>(client, request, patience, deadline, sound).await {
        Ok(()) => Ok(()),
        Err(Failure::Lasting(reason)) => Err(reason),
        Err(Failure::Passing(reason)) => {
            let Some(again) = again else { return Err(reason) };
            sleep(patience.pause).await;
            match attempt::<V>(client, again, patience, deadline, sound).await {
                Ok(()) => Ok(()),
                Err(Failure::Passing(reason) | Failure::Lasting(reason)) => Err(reason),
            }
        }
    }
}

async fn attempt<V: Speaker>(
    client: &reqwest::Client,
    request: Request,
    patience: Patience,
    deadline: Instant,
    heard: &mpsc::Sender<Result<Bytes, String>>,
) -> Result<(), Failure> {
    let late = || Failure::Lasting(format!("no sound within {:?}", patience.first_byte));
    let mut response = within(deadline, open::<V>(client, request)).await.map_err(|_| late())??;
    let mut sound = Sound::new(V::CODING).map_err(|error| Failure::Lasting(error.to_string()))?;
    let mut spoken = false;
    loop {
        let chunk = if spoken {
            let stalled = || Failure::Lasting(format!("the sound stalled for {:?}", patience.stall));
            within(clock::now() + patience.stall, response.chunk()).await.map_err(|_| stalled())?
        } else {
            within(deadline, response.chunk()).await.map_err(|_| late())?
        };
        let (mut stretch, last) = match chunk {
            Ok(Some(bytes)) => (sound.admit(bytes).map_err(|wrong| no_sound::<V>(&wrong))?, false),
            Ok(None) => (sound.rest(), true),
            Err(error) if spoken => return Err(Failure::Lasting(http::innermost(&error))),
            Err(error) => return Err(Failure::Passing(http::innermost(&error))),
        };
        while !stretch.is_empty() {
            spoken = true;
            let part = stretch.split_to(stretch.len().min(LONGEST_STRETCH));
            if heard.send(Ok(part)).await.is_err() {
                return Ok(()); // cancelled
            }
        }
        if last {
            return if spoken { Ok(()) } else { Err(Failure::Lasting("no sound at all".to_owned())) };
        }
    }
}

async fn open<V: Speaker>(client: &reqwest::Client, request: Request) -> Result<Response, Failure> {
    let response = client.execute(request).await.map_err(|error| {
        let (away, reason) = (error.is_connect(), http::innermost(&error));
        if away {
            tracing::warn!(provider = V::NAME, code = "TTS_CONNECT", reason, "the voice can't be reached");
        }
        Failure::Passing(reason)
    })?;
    let status = response.status();
    if status.is_success() {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        raw_audio::content_type(kind).map_err(|wrong| no_sound::<V>(&wrong))?;
        return Ok(response);
    }
    let status = status.as_u16();
    let refused = Refused { status, name: V::refusal(&http::error_body(response).await) };
    let passes = refused.passes() && !V::lasts(&refused.name);
    let reason = refused.to_string();
    Err(if passes { Failure::Passing(reason) } else { Failure::Lasting(reason) })
}

/// What came is no sound: the caller hears nothing of it.
fn no_sound<V: Speaker>(wrong: &WrongFormat) -> Failure {
    tracing::warn!(provider = V::NAME, code = "TTS_FORMAT", %wrong, "the voice's sound is refused");
    Failure::Lasting(wrong.to_string())
}
