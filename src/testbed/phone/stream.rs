//! One media stream in real time: frames out on the grid, sound in through the playout.

use super::{
    line::Command,
    network::Caller,
    oddities::Oddities,
    options::{HangUpStyle, Oddity, PhoneEvent},
    playout::{Played, Playout},
    recorder::Recorder,
    signing::sign,
    wire::{FromServer, Writer},
    witness::Noticed,
};
use crate::base::{clock, secret::ExposeSecret, units::FRAME};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderValue, Request},
        protocol::WebSocketConfig,
    },
};

/// How long a server may take to accept the socket, and to take a frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the peer's close frame is waited for.
const CLOSING: Duration = Duration::from_secs(2);

/// Why a stream is over.
#[derive(Debug)]
pub(super) enum Over {
    Caller(HangUpStyle),
    Rest,
    Server,
    NotOpened(String),
}

/// So many bytes the system holds for a phone that does not read.
const HELD_UNREAD: usize = 4 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Stream<'a> {
    caller: &'a mut Caller,
    socket: Socket,
    writer: Writer,
    sid: String,
    parameters: &'a [(String, String)],
    playout: Playout,
    recorder: Recorder,
    next_frame: Instant,
    odd: Oddities,
    said_silent: bool,
    was_speaking: bool,
    played: Vec<Played>,
    noticed: Vec<Noticed>,
}

/// Opens the stream and holds it to its end.
pub(super) async fn run(caller: &mut Caller, url: &str, parameters: &[(String, String)]) -> Over {
    let request = match upgrade(caller, url) {
        Ok(request) => request,
        Err(why) => return Over::NotOpened(why),
    };
    let config = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(0);
    let socket = match timeout(PATIENCE, connect_async_with_config(request, Some(config), true)).await {
        Ok(Ok((socket, _))) => socket,
        Ok(Err(error)) => return Over::NotOpened(format!("31920: {error}")),
        Err(_) => return Over::NotOpened("31901: no answer".to_owned()),
    };
    let now = clock::now();
    let next_frame = on_grid(caller.grid, now);
    // The stream's identifier differs with each stream of a call.
    let number = now.duration_since(caller.grid).subsec_nanos();
    let sid = format!("MZ{}{number:08x}", caller.options.call.as_str().get(2..26).unwrap_or_default());
    let mut writer = Writer::new(caller.options.account.as_str(), caller.options.call.as_str(), &sid);
    writer.numbers = caller.options.faults.numbers;
    let recorder = Recorder::new(next_frame, caller.options.record, caller.options.listen);
    let mut stream = Stream {
        socket,
        writer,
        sid,
        parameters: if caller.options.faults.no_parameters { &[] } else { parameters },
        playout: Playout::default(),
        recorder,
        next_frame,
        odd: Oddities::default(),
        said_silent: true,
        was_speaking: false,
        played: Vec::new(),
        noticed: Vec::new(),
        caller,
    };
    let over = stream.hold().await;
    stream.close(over).await
}

/// The next instant of a grid with a step of 20 ms.
fn on_grid(grid: Instant, now: Instant) -> Instant {
    let steps = now.saturating_duration_since(grid).as_micros() / FRAME.as_micros() + 1;
    grid + FRAME * u32::try_from(steps).unwrap_or(u32::MAX)
}

fn upgrade(caller: &Caller, url: &str) -> Result<Request<()>, String> {
    if !(url.starts_with("wss://") || url.starts_with("ws://")) {
        return Err(format!("31922: `{url}` is not a WebSocket address"));
    }
    // Twilio opens the socket without the query.
    let url = url.split('?').next().unwrap_or(url);
    let mut signature = sign(caller.options.auth_token.expose_secret(), url, &[]);
    if caller.options.faults.bad_upgrade_signature {
        signature = sign("not the token", url, &[]);
    }
    let mut request = url.into_client_request().map_err(|error| format!("31920: {error}"))?;
    let signature = HeaderValue::from_str(&signature).map_err(|error| error.to_string())?;
    request.headers_mut().insert("x-twilio-signature", signature);
    request.headers_mut().insert("user-agent", HeaderValue::from_static("Twilio.TmeWs/1.0"));
    Ok(request)
}

impl Stream<'_> {
    async fn hold(&mut self) -> Over {
        self.caller.tell(PhoneEvent::StreamStarted);
        let started = Writer::connected();
        if self.send(started).await.is_err() {
            return Over::Server;
        }
        if !self.caller.options.faults.no_start {
            let start = self.writer.start(self.parameters);
            if self.send(start).await.is_err() {
                return Over::Server;
            }
        }
        for order in std::mem::take(&mut self.caller.early) {
            if let Some(over) = self.obey(Some(order)).await {
                return over;
            }
        }
        let rest = self.caller.rest.clone();
        loop {
            let mark = self.playout.next_mark();
            let frame = self.odd.due(self.next_frame);
            let due = mark.map_or(frame, |mark| mark.min(frame));
            let over = tokio::select! {
                biased;
                () = rest.cancelled() => Some(Over::Rest),
                order = self.caller.orders.recv() => self.obey(order).await,
                received = self.socket.next(), if self.odd.reading => match received {
                    Some(Ok(message)) => self.take(message).await,
                    Some(Err(_)) | None => Some(Over::Server),
                },
                () = tokio::time::sleep_until(due.into()) => self.tick().await,
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), ()> {
        self.send_message(Message::text(text)).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), ()> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(()),
        }
    }

    async fn obey(&mut self, order: Option<Command>) -> Option<Over> {
        match order {
            Some(Command::Say(audio)) => self.caller.microphone.say(audio),
            Some(Command::Hush) => {
                if self.caller.microphone.hush() {
                    self.caller.witness.hushed(clock::now());
                }
            }
            Some(Command::Background(audio)) => self.caller.microphone.background(&audio),
            Some(Command::Press(digit)) => {
                let dtmf = self.writer.dtmf(digit);
                return self.send(dtmf).await.is_err().then_some(Over::Server);
            }
            Some(Command::Inject(oddity)) => return self.inject(oddity).await,
            Some(Command::HangUp(style)) => return Some(Over::Caller(style)),
            // Nobody holds the call any more.
            None => return Some(Over::Caller(HangUpStyle::Stop)),
        }
        None
    }

    async fn inject(&mut self, oddity: Oddity) -> Option<Over> {
        let sent = match oddity {
            Oddity::Text(text) => self.send(text).await,
            Oddity::Binary(bytes) => self.send_message(Message::Binary(bytes)).await,
            Oddity::SecondStart => {
                let start = self.writer.start(self.parameters);
                self.send(start).await
            }
            Oddity::Stall(time) => {
                self.odd.hold(clock::now(), time);
                Ok(())
            }
            Oddity::StopSending => {
                self.odd.sending = false;
                Ok(())
            }
            Oddity::StopReading => {
                self.odd.reading = false;
                self.hold_little();
                Ok(())
            }
            Oddity::OutboundTrack => {
                self.writer.outbound_track = true;
                Ok(())
            }
            next => {
                self.odd.queue(next);
                Ok(())
            }
        };
        sent.is_err().then_some(Over::Server)
    }

    /// A system that may would take minutes of sound for a phone that does not read, and the server would never notice.
    fn hold_little(&self) {
        if let MaybeTlsStream::Plain(stream) = self.socket.get_ref()
            && let Err(error) = SockRef::from(stream).set_recv_buffer_size(HELD_UNREAD)
        {
            tracing::warn!(%error, "what the phone does not read is held by the system, however much it is");
        }
    }

    async fn take(&mut self, message: Message) -> Option<Over> {
        let now = clock::now();
        let text = match &message {
            Message::Text(text) => text.as_str(),
            Message::Close(_) => return Some(Over::Server),
            Message::Binary(_) => {
                self.caller.tell(PhoneEvent::Warning("31951: a binary frame".to_owned()));
                return None;
            }
            _ => return None,
        };
        let Ok(message) = serde_json::from_str::<FromServer<'_>>(text) else {
            self.caller.tell(PhoneEvent::Warning("31951: not a message".to_owned()));
            return None;
        };
        if message.stream_sid.as_deref() != Some(&self.sid) {
            self.caller.tell(PhoneEvent::Warning("31951: another stream's `streamSid`".to_owned()));
            return None;
        }
        match (message.event.as_ref(), message.media, message.mark) {
            ("media", Some(media), _) => match STANDARD.decode(media.payload.as_bytes()) {
                Ok(audio) if audio.starts_with(b"RIFF") => {
                    self.caller.tell(PhoneEvent::Warning("31924: a WAV header".to_owned()));
                }
                Ok(audio) => self.playout.sound(now, audio.into(), &mut self.played),
                Err(_) => {
                    self.caller.tell(PhoneEvent::Warning("31951: the payload is not base64".to_owned()));
                }
            },
            ("mark", _, Some(mark)) => self.playout.mark(now, mark.name.into_owned(), &mut self.played),
            ("clear", ..) => {
                self.playout.clear(now, &mut self.played);
                let over = self.account().await;
                self.caller.witness.cleared(now);
                self.caller.tell(PhoneEvent::Clear);
                return over;
            }
            (event, ..) => {
                let event = event.to_owned();
                self.caller.tell(PhoneEvent::Warning(format!("31951: unknown event `{event}`")));
            }
        }
        self.account().await
    }

    /// Draws the consequences of what was played.
    async fn account(&mut self) -> Option<Over> {
        let mut over = None;
        for played in std::mem::take(&mut self.played) {
            self.caller.witness.played(&played, &mut self.noticed);
            match played {
                Played::Sound { at, audio } => self.recorder.heard(at, &audio),
                Played::Gap { .. } => {}
                Played::Mark { name, flushed } => {
                    if !self.caller.options.faults.swallow_marks {
                        let mark = self.writer.mark(&name);
                        over = over.or(self.send(mark).await.is_err().then_some(Over::Server));
                    }
                    self.caller.tell(PhoneEvent::Mark { name, flushed });
                }
            }
        }
        for Noticed::Speaks(at) in std::mem::take(&mut self.noticed) {
            self.said_silent = false;
            self.caller.tell(PhoneEvent::AgentSpeaks { at });
        }
        over
    }

    /// What is due by the clock.
    async fn tick(&mut self) -> Option<Over> {
        let now = clock::now();
        self.playout.advance(now, &mut self.played);
        if let Some(over) = self.account().await {
            return Some(over);
        }
        while self.odd.due(self.next_frame) <= now {
            self.next_frame += FRAME;
            if self.send_frame().await.is_err() {
                return Some(Over::Server);
            }
        }
        let silent_for = self.caller.witness.silent_for(now);
        if !self.said_silent && silent_for.is_some_and(|t| t >= self.caller.options.agent_silent_after) {
            self.said_silent = true;
            self.caller.tell(PhoneEvent::AgentSilent);
        }
        for frame in self.recorder.frames(now) {
            self.caller.tell(PhoneEvent::Heard(frame));
        }
        None
    }

    async fn send_frame(&mut self) -> Result<(), ()> {
        let frame = self.caller.microphone.next_frame();
        if self.odd.sending {
            self.send_audio(&frame.audio).await?;
        }
        let (now, playing) = (clock::now(), self.playout.is_playing());
        self.caller.witness.sent(now, &frame, playing);
        let speaking = self.caller.microphone.is_speaking();
        if std::mem::replace(&mut self.was_speaking, speaking) && !speaking {
            self.caller.tell(PhoneEvent::CallerSilent);
        }
        Ok(())
    }

    async fn send_audio(&mut self, audio: &Bytes) -> Result<(), ()> {
        for text in self.odd.write(&mut self.writer, audio).into_iter().flatten() {
            self.send(text).await?;
        }
        Ok(())
    }

    async fn close(mut self, over: Over) -> Over {
        let now = clock::now();
        self.playout.advance(now, &mut self.played);
        for played in std::mem::take(&mut self.played) {
            self.caller.witness.played(&played, &mut self.noticed);
            if let Played::Sound { at, audio } = played {
                self.recorder.heard(at, &audio);
            }
        }
        for frame in self.recorder.frames(now) {
            self.caller.tell(PhoneEvent::Heard(frame));
        }
        self.caller.witness.stream_ended();
        let rest = self.recorder.rest();
        if !rest.is_empty() {
            self.caller.tell(PhoneEvent::Heard(rest));
        }
        self.caller.heard.extend(self.recorder.into_kept());
        let stop = self.writer.stop();
        match &over {
            Over::Caller(HangUpStyle::Reset) => {
                if let MaybeTlsStream::Plain(stream) = self.socket.get_ref()
                    && let Err(error) = stream.set_zero_linger()
                {
                    tracing::warn!(%error, "the connection will be closed instead of reset");
                }
                return over;
            }
            Over::Caller(HangUpStyle::Stop) | Over::Rest => {
                // A server that is gone needs no farewell.
                drop(timeout(PATIENCE, self.socket.send(Message::text(stop))).await);
            }
            Over::Caller(HangUpStyle::CloseWithoutStop) | Over::Server | Over::NotOpened(_) => {}
        }
        drop(timeout(CLOSING, self.socket.close(None)).await);
        let drained = async { while let Some(Ok(_)) = self.socket.next().await {} };
        drop(timeout(CLOSING, drained).await);
        over
    }
}
