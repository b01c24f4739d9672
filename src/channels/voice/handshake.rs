//! The first messages of a media socket: nobody is let in, and no provider is touched, before they are right.

use super::{
    admission::{Admission, Ticket, TokenRefused},
    calls::CallStart,
    limits::Limits,
    peer::{Gone, Peer, Received},
    socket::{Line, LineEnd, Socket},
};
use crate::{
    base::clock,
    ports::media::{FromPhone, MediaCodec, MediaError, Oddity, StreamStart},
    telemetry::metrics,
};
use axum::extract::ws::close_code;
use std::sync::Arc;
use tokio::time::timeout;

/// The name of the parameter that carries the token.
pub const TOKEN: &str = "token";

/// A media socket that was closed before it became a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media socket was refused: {code}")]
pub struct Refused {
    /// The code it was closed with (RFC 6455 §7.4).
    pub close: u16,
    /// The stable code in the log.
    pub code: &'static str,
}

/// Waits for the start of the stream, checks it, and makes the line of it.
///
/// A socket that is refused is closed here. Not cancel-safe: dropping it cuts the connection.
///
/// # Errors
/// [`Refused`], already logged.
pub async fn accept(
    socket: impl Socket + 'static,
    codec: Arc<dyn MediaCodec>,
    admission: &Admission,
    limits: &Limits,
) -> Result<(Line, CallStart), Refused> {
    let mut peer = Peer::new(Box::new(socket), limits.clone());
    let mut told = Vec::new();
    let first = timeout(limits.start, first_start(&mut peer, &*codec, &mut told)).await;
    let start = first.unwrap_or(Err(refused(close_code::POLICY, "NO_START")));
    let admitted = match start {
        Ok(start) => admit(*start, admission).await,
        Err(refused) => Err(refused),
    };
    match admitted {
        Ok(start) => {
            let ids = (start.call.clone(), start.stream.clone());
            Ok((Line::new(peer, codec, ids, limits.clone(), told), start))
        }
        Err(refused) => {
            tracing::warn!(code = refused.code, "a media socket was refused");
            metrics::media_refused(refused.code);
            peer.close(refused.close).await;
            Err(refused)
        }
    }
}

async fn first_start(
    peer: &mut Peer,
    codec: &dyn MediaCodec,
    told: &mut Vec<Oddity>,
) -> Result<Box<StreamStart>, Refused> {
    let mut audio = Vec::new();
    loop {
        let text = match peer.receive().await {
            Received::Text(text) => text,
            Received::Over(Gone::Violation { close, code }) => return Err(refused(close, code)),
            Received::Over(gone) => return Err(refused(close_code::NORMAL, LineEnd::from(gone).code())),
        };
        match codec.read(&text, &mut audio) {
            Ok(FromPhone::Start(start)) => return Ok(start),
            Ok(FromPhone::Stop) => return Err(refused(close_code::NORMAL, "STOPPED")),
            Ok(FromPhone::Media(_) | FromPhone::Dtmf(_) | FromPhone::Mark(_)) => {
                return Err(refused(close_code::POLICY, "NO_START"));
            }
            Ok(FromPhone::Connected) => {}
            Ok(FromPhone::Unknown { event }) => odd(told, Oddity::UnknownEvent, &event),
            Err(MediaError::Skip(oddity)) => odd(told, oddity, ""),
            Err(MediaError::Refuse { reason }) => {
                tracing::debug!(reason, "the start of a stream can't be served");
                return Err(refused(close_code::POLICY, "BAD_START"));
            }
        }
    }
}

async fn admit(start: StreamStart, admission: &Admission) -> Result<CallStart, Refused> {
    if !start.format.is_phone() {
        tracing::warn!(call.sid = %start.call, format = ?start.format, "the sound is not mu-law, 8 kHz, one channel");
        return Err(refused(close_code::POLICY, "MEDIA_FORMAT"));
    }
    let token = start.parameters.get(TOKEN).map(String::as_str);
    let Ticket { arrival, agent, epoch } = admission
        .redeem(clock::now(), &start.call, &start.account, token)
        .await
        .map_err(|why: TokenRefused| refused(close_code::POLICY, why.code()))?;
    Ok(CallStart {
        call: start.call,
        stream: start.stream,
        account: start.account,
        from: arrival.from,
        to: arrival.to,
        agent,
        epoch,
    })
}

fn odd(told: &mut Vec<Oddity>, oddity: Oddity, detail: &str) {
    if !told.contains(&oddity) {
        told.push(oddity);
        tracing::warn!(code = oddity.code(), detail = ?detail, "{oddity} was passed over before the start");
    }
}

const fn refused(close: u16, code: &'static str) -> Refused {
    Refused { close, code }
}
