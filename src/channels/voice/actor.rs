//! The shell of one call: the only place of it that waits and reads the clock. It knows nothing about conversation.

use super::{
    alarm::Alarm,
    ear::Ear,
    journal::{Journal, Recorder},
    melody::Melody,
    sessions::Sessions,
    socket::{Line, LineEnd, LineEvent, LineOver},
    steps::Steps,
};
use crate::{
    base::clock,
    dialogue::{
        call::Call,
        input::Input,
        output::{Ending, Output, Outputs},
        record::Entry,
    },
    ports::{stt::HearingCommand, tts::SpeechCommand},
    telemetry::metrics,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// So many inputs in a row are taken before a timer that is due and the providers get their turn, whatever the line sends.
const BURST: u32 = 16;

/// What others ask of a live call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steer {
    /// Say goodbye and end.
    End,
    /// The network says that the caller is gone.
    Over,
    /// The call goes on at another socket: not a word more.
    Fenced,
    /// This process stops, and another one takes the call: the network brings it there when the socket closes.
    HandOver,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// We hung up.
    Ours(Ending),
    /// The caller hung up, or the line was lost.
    Line(LineEnd),
    /// The network said that it is over.
    Network,
    /// Another socket has the call.
    Fenced,
    /// Another process is to take it.
    HandedOver,
}

/// Everything that one call works with.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) call: Call,
    pub(super) line: Line,
    pub(super) sessions: Sessions,
    pub(super) ear: Ear,
    pub(super) melody: Melody,
    pub(super) journal: Arc<Journal>,
    pub(super) recorder: Option<Recorder>,
    pub(super) steer: mpsc::Receiver<Steer>,
    pub(super) steps: Steps,
}

impl Actor {
    /// Talks until the call is over, and closes the sessions. Returns the line and the recording for their closing.
    pub(super) async fn run(mut self: Box<Self>, opening: String) -> (Ended, Line, Option<Recorder>) {
        let mut out = Outputs::default();
        let mut alarm = Alarm::default();
        let mut input = Input::Begin { opening };
        let mut row = 0;
        let ended = 'call: loop {
            self.decide(input, &mut out);
            // Where the line is over it tells why when it is asked next.
            if let Ok(Some(ending)) = self.act(&mut out).await {
                break 'call Ended::Ours(ending);
            }
            if let Some(deadline) = self.call.next_deadline() {
                alarm.set(deadline);
            }
            let full = self.call.is_full_of_speech();
            input = loop {
                let waited = row >= BURST;
                row = if waited { 0 } else { row + 1 };
                if waited && self.call.next_deadline().is_some_and(|due| due <= clock::now()) {
                    break Input::Tick;
                }
                tokio::select! {
                    biased;
                    event = self.line.next(), if !waited => match event {
                        LineEvent::Audio(frame) => {
                            let voice = self.ear.judge(&frame);
                            self.melody.hear(&frame);
                            if let Some(recorder) = &mut self.recorder {
                                recorder.caller_heard(&frame);
                            }
                            self.sessions.listen(frame, self.ear.is_idle());
                            break Input::Frame(voice);
                        }
                        LineEvent::Dtmf(digit) => break Input::Digit(digit),
                        LineEvent::Mark(name) => break Input::Mark(name),
                        LineEvent::Ended(end) => break 'call Ended::Line(end),
                    },
                    steer = self.steer.recv() => match steer {
                        Some(Steer::End) => break Input::EndAsked,
                        Some(Steer::Over) | None => break 'call Ended::Network,
                        Some(Steer::Fenced) => break 'call Ended::Fenced,
                        Some(Steer::HandOver) => break 'call Ended::HandedOver,
                    },
                    input = self.sessions.next(full) => break input,
                    probability = self.melody.judged() => break Input::SoundsOver(probability),
                    () = alarm.rings() => break Input::Tick,
                    // Nothing else waits: back to the line.
                    () = std::future::ready(()), if waited => {}
                }
            };
        };
        self.decide(Input::LineEnded, &mut out);
        for output in out.drain() {
            self.keep(output);
        }
        (ended, self.line, self.recorder)
    }

    /// Has the core decide what follows from `input`; a recorded call notes both.
    fn decide(&mut self, input: Input, out: &mut Outputs) {
        let now = clock::now();
        if let Some(recorder) = &mut self.recorder {
            recorder.told(now, &input);
        }
        self.call.handle(now, input, out);
        if !self.call.caller_pauses() {
            self.melody.goes_on();
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.decided(out.as_slice());
        }
    }

    /// Carries out what the core decided, in order. Once the line is over nothing is done any more, but all is kept.
    async fn act(&mut self, out: &mut Outputs) -> Result<Option<Ending>, LineOver> {
        let mut ended = None;
        let mut outputs = out.drain();
        while let Some(output) = outputs.next() {
            if let Output::HangUp(ending) = output {
                ended = Some(ending);
            } else if let Err(over) = self.carry_out(output).await {
                outputs.for_each(|rest| self.keep(rest));
                return Err(over);
            }
        }
        self.sessions.commit();
        self.line.flush().await?;
        Ok(ended)
    }

    async fn carry_out(&mut self, output: Output) -> Result<(), LineOver> {
        self.steps.begin(&output);
        match output {
            Output::Play(frame) => {
                self.melody.agent_speaks();
                if let Some(recorder) = &mut self.recorder {
                    recorder.agent_sent(&frame);
                }
                self.line.play(&frame).await?;
            }
            Output::Mark(name) => self.line.mark(&name).await?,
            Output::Clear => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.agent_cleared();
                }
                self.line.clear().await?;
            }
            Output::CallerPaused => {
                self.sessions.hint(HearingCommand::Paused);
                // Over our voice, or when the turn is over already, nothing is to be decided by it.
                if self.call.caller_pauses() {
                    self.melody.pauses();
                }
            }
            Output::CallerTurnOver => self.sessions.hint(HearingCommand::TurnOver),
            Output::AskModel { turn, messages } => self.sessions.ask(turn, messages),
            Output::CancelModel { turn } => self.sessions.cancel_model(turn),
            Output::Say { turn, piece, text } => {
                self.sessions.speak(SpeechCommand::Say { turn, piece, text });
            }
            Output::FinishSpeech { turn } => self.sessions.speak(SpeechCommand::Finish { turn }),
            Output::CancelSpeech { turn } => self.sessions.speak(SpeechCommand::Cancel { turn }),
            Output::RunTool { turn, call } => self.sessions.run(turn, call),
            kept => self.keep(kept),
        }
        Ok(())
    }

    fn keep(&mut self, output: Output) {
        match output {
            Output::Record(entry) => {
                match &entry {
                    Entry::Paused { after_ms: Some(after_ms), .. } => {
                        metrics::barge_in_cleared(Duration::from_millis(*after_ms));
                    }
                    Entry::Recovered { floor, .. } => {
                        tracing::error!(code = "RECOVERED", floor, "nobody had the floor");
                        metrics::call_recovered();
                    }
                    _ => {}
                }
                self.journal.record(entry);
            }
            Output::Report(report) => {
                self.steps.told(&report);
                self.journal.report(*report);
            }
            Output::Wasted(waste) => metrics::draft_wasted(waste.tokens, waste.characters),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::ids::{CallSid, StreamSid},
        channels::{
            tools::{Toolbox, Tools},
            voice::{
                calls::CallStart,
                limits::Limits,
                peer::{Peer, Socket},
            },
        },
        dialogue::{agent::Agent, call::Setup},
        ports::{
            llm::{AnswerStream, LanguageModel, Question},
            stt::SttSession,
            tts::TtsSession,
        },
        providers::twilio::MediaStreams,
        testbed::voice,
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use futures_util::{Sink, Stream, StreamExt as _, stream};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use serde_json::json;
    use std::{
        collections::VecDeque,
        pin::Pin,
        task::{Context, Poll},
    };
    use tokio_tungstenite::tungstenite::{Error, Message};

    /// A socket that is gone for who writes, and silent for who reads.
    struct Gone;

    impl Stream for Gone {
        type Item = Result<Message, Error>;
        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Pending
        }
    }

    impl Sink<Message> for Gone {
        type Error = Error;
        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Ready(Err(Error::AlreadyClosed))
        }
        fn start_send(self: Pin<&mut Self>, _: Message) -> Result<(), Error> {
            Ok(())
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Pending
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Pending
        }
    }

    /// A phone that says this and then nothing, and reads whatever it is sent.
    struct Says(VecDeque<Message>);

    impl Stream for Says {
        type Item = Result<Message, Error>;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.pop_front().map_or(Poll::Pending, |message| Poll::Ready(Some(Ok(message))))
        }
    }

    impl Sink<Message> for Says {
        type Error = Error;
        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Ready(Ok(()))
        }
        fn start_send(self: Pin<&mut Self>, _: Message) -> Result<(), Error> {
            Ok(())
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Ready(Ok(()))
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
            Poll::Ready(Ok(()))
        }
    }

    struct NoModel;

    impl LanguageModel for NoModel {
        fn name(&self) -> &'static str {
            "none"
        }
        fn ask(&self, _: Question) -> AnswerStream {
            stream::pending().boxed()
        }
    }

    /// A call whose recogniser takes nothing of what waits for it.
    fn actor(socket: impl Socket + 'static) -> Actor {
        let call: CallSid = format!("CA{:032x}", 1).parse().unwrap();
        let stream: StreamSid = format!("MZ{:032x}", 1).parse().unwrap();
        let (text, data) =
            (include_str!("../../../prompts/clinica.md"), include_str!("../../../prompts/clinica.toml"));
        let agent = Arc::new(Agent::parse("clinica", text, data).unwrap());
        let setup = Setup { patience: agent.patience.clone(), ..Setup::default() };
        let hearing = SttSession { commands: SttSession::queue().0, events: stream::pending().boxed() };
        let voice = TtsSession { commands: mpsc::channel(1).0, events: stream::pending().boxed() };
        let audit = Arc::new(drop);
        let toolbox = Toolbox::new(Tools::none(), audit, Arc::clone(&agent), call.clone(), None);
        let peer = Peer::new(Box::new(socket), Limits::default());
        let ids = (call.clone(), stream);
        let (from, to, agent_name) = (String::new(), String::new(), agent.name.clone());
        let account = format!("AC{:032x}", 1).parse().unwrap();
        let start = CallStart {
            call: call.clone(),
            stream: ids.1.clone(),
            account,
            from,
            to,
            agent: agent_name,
            epoch: 1,
        };
        Actor {
            call: Call::new(setup, clock::now()),
            line: Line::new(peer, Arc::new(MediaStreams), ids, Limits::default(), Vec::new()),
            sessions: Sessions::new(
                call,
                (hearing, voice),
                Arc::new(NoModel),
                Arc::clone(&agent.tools),
                Arc::new(toolbox),
                Arc::default(),
            ),
            ear: Ear::new(None),
            melody: Melody::new(None),
            journal: Arc::new(Journal::new(start, jiff::Timestamp::UNIX_EPOCH, None, None, Box::new(drop))),
            recorder: None,
            steer: mpsc::channel(1).1,
            steps: Steps::default(),
        }
    }

    #[tokio::test]
    async fn what_is_decided_together_with_a_message_that_cannot_be_sent_is_kept() {
        let (mut actor, mut out) = (actor(Gone), Outputs::default());
        out.push(Output::Clear);
        out.push(Output::Record(Entry::Digit { at_ms: 7, digit: '5' }));
        assert_eq!(actor.act(&mut out).await, Err(LineOver));
        assert_eq!(actor.journal.to_json()["entries"][0]["digit"], "5");
    }

    #[tokio::test]
    async fn a_recogniser_that_does_not_read_keeps_nobody_from_reading_the_phone_and_misses_the_oldest_sound()
    {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _counting = ::metrics::set_default_local_recorder(&recorder);
        let speech = voice::caller(1, 40);
        let said = speech.chunks_exact(160).take(300).zip(1_u64..).map(|(frame, chunk)| {
            let (payload, timestamp) = (STANDARD.encode(frame), (chunk - 1) * 20);
            json!({"event": "media", "media": {"chunk": chunk, "timestamp": timestamp, "payload": payload}})
        });
        let messages = said.chain([json!({"event": "stop"})]);
        let phone = Says(messages.map(|message| Message::text(message.to_string())).collect());
        // Whoever steers the call is there, and wants nothing.
        let (_steering, steer) = mpsc::channel(1);
        let actor = Box::new(Actor { steer, ..actor(phone) });
        let (ended, ..) = actor.run("Hola.".to_owned()).await;
        assert_eq!(ended, Ended::Line(LineEnd::Stopped));
        // Of 6 s the newest 5 s wait.
        let counted = recorder.handle().render();
        assert!(counted.contains("stt_dropped_ms_total 1000\n"), "{counted}");
    }
}
