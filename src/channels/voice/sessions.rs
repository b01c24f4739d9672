//! The provider sessions of one call: what the core wants goes out, what they say comes back as [`Input`].

use super::phrases::Book;
use crate::{
    base::{
        ids::{CallSid, TurnId},
        units::{FRAME_SAMPLES, Samples},
    },
    channels::tools::Toolbox,
    dialogue::{
        event::{AnswerEvent, SpeechEvent, SttEvent},
        input::Input,
        message::{Message, ToolCall, ToolSpec},
        tools::Exchange,
    },
    ports::{
        llm::{AnswerStream, LanguageModel, Question},
        next_of,
        stt::{HearingCommand, SttSession},
        tts::{SpeechCommand, TtsSession},
    },
    telemetry::metrics,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::{collections::VecDeque, fmt, future::pending, sync::Arc};

/// An answer is cut after this many tokens (reliability C8).
const MOST_TOKENS: u32 = 800;

/// What a recogniser is given at a time while the caller is idle: 100 ms.
const IDLE_PIECE: usize = 5 * FRAME_SAMPLES;

/// A tool that runs: its turn, its identifier, its reply.
type Running = BoxFuture<'static, (TurnId, String, String)>;

/// The sessions. Dropping them closes everything.
pub(super) struct Sessions {
    call: CallSid,
    hearing: SttSession,
    hears: bool,
    /// Caller audio that was not told yet.
    silence: Vec<u8>,
    voice: TtsSession,
    speaks: bool,
    model: Arc<dyn LanguageModel>,
    tools: Arc<[ToolSpec]>,
    toolbox: Arc<Toolbox>,
    /// What was said last when the model was asked.
    exchange: Exchange,
    answer: Option<(TurnId, AnswerStream)>,
    running: FuturesUnordered<Running>,
    /// What we know without being told by a stream.
    known: VecDeque<Input>,
    /// What the voice is to be told once all is decided.
    decided: Vec<SpeechCommand>,
    book: Arc<Book>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Sessions {
    pub(super) fn new(
        call: CallSid,
        (hearing, voice): (SttSession, TtsSession),
        model: Arc<dyn LanguageModel>,
        tools: Arc<[ToolSpec]>,
        toolbox: Arc<Toolbox>,
        book: Arc<Book>,
    ) -> Self {
        Self {
            call,
            hearing,
            hears: true,
            silence: Vec::new(),
            voice,
            speaks: true,
            model,
            tools,
            toolbox,
            exchange: Exchange::default(),
            answer: None,
            running: FuturesUnordered::new(),
            known: VecDeque::new(),
            decided: Vec::new(),
            book,
        }
    }

    /// What comes back next. While `full`, the voice waits. Cancel-safe.
    pub(super) async fn next(&mut self, full: bool) -> Input {
        if let Some(input) = self.known.pop_front() {
            return input;
        }
        tokio::select! {
            biased;
            event = next_of(self.hears.then_some(&mut self.hearing.events)) => self.heard(event),
            event = next_of((self.speaks && !full).then_some(&mut self.voice.events)) => self.spoke(event),
            input = next_answer(&mut self.answer) => input,
            Some((turn, id, reply)) = self.running.next(), if !self.running.is_empty() => {
                Input::ToolReplied { turn, id, reply }
            }
        }
    }

    /// Caller audio for the recogniser; the oldest is lost when it does not keep up. While the caller is `idle` it goes
    /// in larger pieces: each costs a wake-up and a system call.
    pub(super) fn listen(&mut self, audio: Bytes, idle: bool) {
        if self.silence.is_empty() && !idle {
            self.tell(HearingCommand::Audio(audio));
            return;
        }
        if self.silence.is_empty() {
            self.silence.reserve_exact(IDLE_PIECE);
        }
        self.silence.extend_from_slice(&audio);
        if !idle {
            self.tell_silence();
        } else if self.silence.len() >= IDLE_PIECE {
            let audio = std::mem::take(&mut self.silence).into();
            self.tell(HearingCommand::Quiet(audio));
        }
    }

    pub(super) fn hint(&mut self, hint: HearingCommand) {
        if !self.silence.is_empty() {
            self.tell_silence();
        }
        self.tell(hint);
    }

    fn tell_silence(&mut self) {
        let audio = std::mem::take(&mut self.silence).into();
        self.tell(HearingCommand::Audio(audio));
    }

    fn tell(&self, command: HearingCommand) {
        if let Some(HearingCommand::Audio(lost) | HearingCommand::Quiet(lost)) =
            self.hearing.commands.push(command)
        {
            metrics::stt_dropped(Samples(lost.len() as u64).duration());
        }
    }

    pub(super) fn ask(&mut self, turn: TurnId, messages: Vec<Message>) {
        self.exchange = Exchange::of(&messages);
        let question = Question { messages, tools: Arc::clone(&self.tools), max_tokens: MOST_TOKENS };
        self.answer = Some((turn, self.model.ask(question)));
    }

    pub(super) fn cancel_model(&mut self, turn: TurnId) {
        if self.answer.as_ref().is_some_and(|(asked, _)| *asked == turn) {
            self.answer = None;
        }
    }

    /// Something for the voice; [`Sessions::commit`] tells it.
    pub(super) fn speak(&mut self, command: SpeechCommand) {
        self.decided.push(command);
    }

    /// All that happens at this moment is decided. A turn that is whole at once is a sentence of our own: where its sound is
    /// kept, no voice is asked.
    pub(super) fn commit(&mut self) {
        let mut decided = std::mem::take(&mut self.decided);
        if let Some(turn) = whole_turn(&decided) {
            let kept = self.kept(turn, &decided);
            metrics::phrase_spoken(kept.is_some());
            if let Some(kept) = kept {
                decided.retain(|command| command.turn() != turn);
                self.known.extend(kept.into_iter().map(Input::Speech));
            }
        }
        for command in decided.drain(..) {
            self.tell_voice(command);
        }
        self.decided = decided;
    }

    /// What the voice would tell of a turn whose every piece is kept.
    fn kept(&self, turn: TurnId, decided: &[SpeechCommand]) -> Option<Vec<SpeechEvent>> {
        let mut events = Vec::new();
        for command in decided {
            match command {
                SpeechCommand::Say { turn: of, piece, text } if *of == turn => {
                    let (audio, piece) = (self.book.sound(text)?, *piece);
                    events.push(SpeechEvent::Audio { turn, piece, audio, text: None });
                    events.push(SpeechEvent::PieceDone { turn, piece });
                }
                _ => {}
            }
        }
        events.push(SpeechEvent::Done { turn });
        Some(events)
    }

    /// A voice that takes nothing more has failed in this turn.
    fn tell_voice(&mut self, command: SpeechCommand) {
        let turn = command.turn();
        if self.voice.commands.try_send(command).is_err() {
            let reason = "the voice takes no more text".to_owned();
            self.known.push_back(Input::Speech(SpeechEvent::Failed { turn, reason }));
        }
    }

    pub(super) fn run(&self, turn: TurnId, tool: ToolCall) {
        let (toolbox, exchange) = (Arc::clone(&self.toolbox), self.exchange.clone());
        self.running.push(Box::pin(async move {
            let id = tool.id.clone();
            let reply = toolbox.run(turn, exchange, tool).await;
            (turn, id, reply)
        }));
    }

    fn heard(&mut self, event: Option<SttEvent>) -> Input {
        let event = event.unwrap_or_else(|| {
            self.hears = false;
            SttEvent::Lost { fatal: true, reason: "the recogniser gave up".to_owned() }
        });
        if let SttEvent::Lost { fatal, reason } = &event {
            // Nothing is told after it, and the end of the stream is no second loss.
            self.hears &= !fatal;
            metrics::call_trouble("stt", if *fatal { "refused" } else { "busy" });
            tracing::warn!(call.sid = %self.call, code = "STT_LOST", fatal, reason, "the recogniser is away");
        }
        Input::Hearing(event)
    }

    fn spoke(&mut self, event: Option<SpeechEvent>) -> Input {
        let Some(event) = event else {
            self.speaks = false;
            tracing::warn!(call.sid = %self.call, code = "TTS_GONE", "the voice is gone");
            return Input::Tick;
        };
        if let SpeechEvent::Failed { turn, reason } = &event {
            metrics::call_trouble("tts", "failed");
            tracing::warn!(call.sid = %self.call, turn.id = %turn, code = "TTS_FAILED", reason, "the voice failed");
        }
        Input::Speech(event)
    }
}

/// The turn of which the voice is told the beginning and the end at once.
fn whole_turn(decided: &[SpeechCommand]) -> Option<TurnId> {
    let begins = decided.iter().find(|command| matches!(command, SpeechCommand::Say { piece: 0, .. }))?;
    decided.contains(&SpeechCommand::Finish { turn: begins.turn() }).then(|| begins.turn())
}

async fn next_answer(answer: &mut Option<(TurnId, AnswerStream)>) -> Input {
    let Some((turn, stream)) = answer else { return pending().await };
    let turn = *turn;
    let item = stream.next().await;
    match item {
        Some(Ok(event)) => {
            if matches!(event, AnswerEvent::Done { .. }) {
                *answer = None;
            }
            Input::Answer { turn, event }
        }
        Some(Err(error)) => {
            *answer = None;
            metrics::call_trouble("llm", error.word());
            tracing::warn!(turn.id = %turn, code = "LLM_FAILED", %error, "the language model failed");
            Input::AnswerFailed { turn, again: error.may_pass() }
        }
        None => {
            // An answer that ends without saying so broke off.
            *answer = None;
            Input::AnswerFailed { turn, again: true }
        }
    }
}
