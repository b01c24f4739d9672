//! The socket of one call: opened early, opened again when it breaks, kept alive.

use super::{
    Options, headers,
    wire::{self, ToElevenLabs},
};
use crate::{
    base::clock,
    net::{
        refused::Refused,
        ws::{self, ConnectError, Message, Socket},
    },
    ports::tts::TtsSpec,
};
use futures_util::{SinkExt as _, StreamExt as _};
use http::Uri;
use std::time::Instant;
use tokio::time::{sleep, timeout};

/// A connection that may be absent.
pub(super) struct Link {
    address: Option<Uri>,
    socket: Option<Socket>,
    since: Instant,
    wrote: Instant,
    /// Why connecting is useless.
    refused: Option<String>,
}

impl Link {
    pub(super) fn new(options: &Options, spec: &TtsSpec) -> Self {
        let now = clock::now();
        Self { address: address(options, spec), socket: None, since: now, wrote: now, refused: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Why no connection will ever be had, if so.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Drops the socket; connecting again is useless where `lasting`.
    pub(super) fn drop_socket(&mut self, lasting: Option<&str>) {
        self.socket = None;
        if let Some(reason) = lasting {
            self.refused = Some(reason.to_owned());
        }
    }

    /// Whether the present or last connection lived long enough to be worth another one unasked.
    pub(super) fn was_settled(&self, options: &Options) -> bool {
        clock::now() >= self.since + options.settled
    }

    /// When a keep-alive is due; `None` without a socket.
    pub(super) fn keep_alive_at(&self, options: &Options) -> Option<Instant> {
        self.socket.as_ref().map(|_| self.wrote + options.keep_alive)
    }

    /// Connects unless connected; a quick failure is tried once more.
    ///
    /// # Errors
    /// The reason, without secrets.
    pub(super) async fn connect(&mut self, options: &Options) -> Result<(), String> {
        if self.socket.is_some() {
            return Ok(());
        }
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        let address = self.address.clone().ok_or_else(|| "the address cannot be used".to_owned())?;
        let began = clock::now();
        let first = ws::connect(&address, headers(&options.key), options.socket).await;
        let socket = match first {
            // What took long will take long again, and a caller waits.
            Err(error) if clock::now() < began + options.socket.connect / 2 && passes(&error) => {
                sleep(options.pause).await;
                ws::connect(&address, headers(&options.key), options.socket).await
            }
            first => first,
        };
        match socket {
            Ok(socket) => {
                self.socket = Some(socket);
                self.since = clock::now();
                self.wrote = self.since;
                Ok(())
            }
            Err(error) => {
                let refused = refused(&error);
                let reason = refused.as_ref().map_or_else(|| error.to_string(), Refused::to_string);
                match refused {
                    None => tracing::warn!(
                        provider = "elevenlabs",
                        code = "TTS_CONNECT",
                        reason,
                        "the voice can't be reached"
                    ),
                    Some(refused) if !refused.passes() => self.refused = Some(reason.clone()),
                    Some(_) => {}
                }
                Err(reason)
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Why the connection is lost; the socket is gone then.
    pub(super) async fn send(&mut self, message: ToElevenLabs<'_>, options: &Options) -> Result<(), String> {
        let socket = self.socket.as_mut().ok_or_else(|| "not connected".to_owned())?;
        let sent = timeout(options.closing, socket.send(Message::text(message.write()))).await;
        self.wrote = clock::now();
        let lost = match sent {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the voice has not read for {:?}", options.closing),
        };
        self.socket = None;
        Err(lost)
    }

    /// The next text message; an error means that the socket is gone. Waits for ever without a socket. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Message, String> {
        let Some(socket) = self.socket.as_mut() else { return std::future::pending().await };
        match socket.next().await {
            Some(Ok(message)) if !message.is_close() => Ok(message),
            last => {
                self.socket = None;
                Err(ws::ending(last))
            }
        }
    }

    /// Says goodbye and waits for the server's close, not for long.
    pub(super) async fn close(mut self, options: &Options) {
        if self.send(ToElevenLabs::close_socket(), options).await.is_ok()
            && let Some(socket) = self.socket.as_mut()
        {
            let polite = timeout(options.closing, ws::drain(socket)).await.is_ok();
            tracing::trace!(polite, "Voice closed");
        }
    }
}

/// What the server said, if it answered.
fn refused(error: &ConnectError) -> Option<Refused> {
    match error {
        ConnectError::Unreachable(_) => None,
        ConnectError::Answered { status, body } => {
            Some(Refused { status: *status, name: wire::error_name(body) })
        }
    }
}

/// Whether another try may succeed.
fn passes(error: &ConnectError) -> bool {
    refused(error).is_none_or(|refused| refused.passes())
}

/// The address with all settings; `None` where it is no URI, which a parsed base address cannot cause.
fn address(options: &Options, spec: &TtsSpec) -> Option<Uri> {
    let voice = if spec.voice.is_empty() { &options.voice } else { &spec.voice };
    let voice: String =
        voice.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let mut url = options.base_url.ws(&format!("/v1/text-to-speech/{voice}/multi-stream-input"));
    let mut query = url.query_pairs_mut();
    query
        .append_pair("model_id", &options.model)
        .append_pair("output_format", "ulaw_8000")
        .append_pair("auto_mode", "true");
    if wire::takes_language(&options.model) {
        query.append_pair("language_code", spec.language.code());
    }
    drop(query);
    url.as_str().parse().ok()
}
