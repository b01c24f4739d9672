//! What a decision costs, and how long a caller waits in virtual time: the conversation alone, with providers that answer after
//! fixed delays (design: recogniser 350 ms after the last word, model 200 ms, voice 100 ms).
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic and speaks to a person")]

use bytes::Bytes;
use centralita::{
    base::{clock, ids::TurnId, language::Language, units::Decibels},
    dialogue::{
        call::{Call, Clips, Setup},
        event::{AnswerEvent, SpeechEvent, SttEvent},
        input::{Input, Voice},
        output::{Output, Outputs},
    },
};
use divan::{Bencher, black_box};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

fn main() {
    let mut table = Table::open();
    let waits: Vec<u64> = (0..20).map(|_| table.turn()).collect();
    let mean = waits.iter().sum::<u64>() / waits.len() as u64;
    println!(
        "from the last voiced frame to the first sound: {mean} ms over {} turns, of which 650 are the providers'",
        waits.len()
    );
    divan::main();
}

const FRAME: Duration = Duration::from_millis(20);
const FINAL: u64 = 350;
const MODEL: u64 = 200;
const VOICE: u64 = 100;

/// A call with the providers of its script.
struct Table {
    call: Call,
    now: Instant,
    out: Outputs,
    later: BTreeMap<(Instant, u32), Input>,
    serial: u32,
    /// When sound was first sent since it was last asked.
    sounded: Option<Instant>,
}

impl Table {
    fn open() -> Self {
        let clips = Clips::new(Language::Es, |_, _| Bytes::from(vec![0x10; 8_000]));
        let (system, clips) = ("Sistema.".to_owned(), Arc::new(clips));
        let setup = Setup { system, clips, ..Setup::default() };
        let now = clock::now();
        let mut table = Self {
            call: Call::new(setup, now),
            now,
            out: Outputs::default(),
            later: BTreeMap::new(),
            serial: 0,
            sounded: None,
        };
        table.feed(Input::Begin { opening: "Hola.".to_owned() });
        table.frames(100, false);
        table
    }

    fn after(&mut self, milliseconds: u64, input: Input) {
        self.serial += 1;
        self.later.insert((self.now + Duration::from_millis(milliseconds), self.serial), input);
    }

    fn feed(&mut self, input: Input) {
        let mut out = std::mem::take(&mut self.out);
        self.call.handle(self.now, input, &mut out);
        for output in out.drain() {
            match output {
                Output::AskModel { turn, .. } => {
                    let text = "Claro que sí, le cuento.".to_owned();
                    self.after(MODEL, Input::Answer { turn, event: AnswerEvent::Text(text) });
                    self.after(MODEL, Input::Answer { turn, event: AnswerEvent::Done { truncated: false } });
                }
                Output::Say { turn, piece, .. } => {
                    let audio = Bytes::from(vec![0x10; 8_000]);
                    self.after(VOICE, Input::Speech(SpeechEvent::Audio { turn, piece, audio, text: None }));
                }
                Output::FinishSpeech { turn } => self.after(VOICE, Input::Speech(SpeechEvent::Done { turn })),
                Output::Play(_) => drop(self.sounded.get_or_insert(self.now)),
                Output::Mark(name) => self.after(200, Input::Mark(name)),
                _ => {}
            }
        }
        self.out = out;
    }

    /// Lets `count` frames of the caller pass, with all that falls due meanwhile.
    fn frames(&mut self, count: u32, speaks: bool) {
        for _ in 0..count {
            let next = self.now + FRAME;
            loop {
                let planned = self.later.first_key_value().map(|((at, _), _)| *at);
                let due = planned.into_iter().chain(self.call.next_deadline()).min();
                let Some(due) = due.filter(|due| *due <= next) else { break };
                self.now = due.max(self.now);
                let input =
                    if planned == Some(due) { self.later.pop_first().unwrap().1 } else { Input::Tick };
                self.feed(input);
            }
            self.now = next;
            self.feed(Input::Frame(voice(speaks)));
        }
    }

    /// The caller speaks for a second and is answered; the milliseconds between.
    fn turn(&mut self) -> u64 {
        self.frames(50, true);
        let last = self.now;
        self.after(
            FINAL,
            Input::Hearing(SttEvent::Final { text: "Quiero un turno.".to_owned(), end_of_turn: true }),
        );
        self.sounded = None;
        self.frames(150, false);
        let sounded = self.sounded.unwrap();
        u64::try_from((sounded - last).as_millis()).unwrap()
    }
}

fn voice(speaks: bool) -> Voice {
    let (level, speech) = if speaks { (-20.0, 0.9) } else { (-70.0, 0.0) };
    Voice { level: Decibels(level), speech }
}

/// One frame of the caller's speech: is it still a turn?
#[divan::bench]
fn frame_of_speech(bencher: Bencher<'_, '_>) {
    let mut table = Table::open();
    table.frames(10, true);
    let mut out = Outputs::default();
    bencher.bench_local(|| {
        table.now += FRAME;
        table.call.handle(black_box(table.now), Input::Frame(voice(true)), &mut out);
        out.drain().count()
    });
}

/// A word that the recogniser told.
#[divan::bench]
fn partial_text(bencher: Bencher<'_, '_>) {
    let mut table = Table::open();
    table.frames(10, true);
    let mut out = Outputs::default();
    bencher
        .with_inputs(|| SttEvent::Partial { text: "quiero un turno para el jueves".to_owned() })
        .bench_local_values(|event| {
            table.call.handle(table.now, Input::Hearing(black_box(event)), &mut out);
            out.drain().count()
        });
}

/// A whole turn of four seconds: 200 frames, the text, the answer, its sound and marks.
#[divan::bench]
fn whole_turn(bencher: Bencher<'_, '_>) {
    let mut table = Table::open();
    bencher.bench_local(|| table.turn());
}

/// The voice is another turn's: ignored.
#[divan::bench]
fn stale_event(bencher: Bencher<'_, '_>) {
    let mut table = Table::open();
    let mut out = Outputs::default();
    bencher.bench_local(|| {
        let event = SpeechEvent::Done { turn: black_box(TurnId(9_999)) };
        table.call.handle(table.now, Input::Speech(event), &mut out);
        out.drain().count()
    });
}
