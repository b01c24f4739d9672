//! Any call that was logged is lived through once more with the same outputs, bit for bit.

use crate::{
    random,
    script::{AGAIN, GOODBYE, HOLD, LOOKUP, says},
    stage::{Stage, head, hearing},
};
use bytes::Bytes;
use centralita::{
    base::{clock, ids::TurnId, language::Language, units::Decibels},
    dialogue::{
        agent::{EndOfTurn, Patience},
        call::{Call, Clips, Setup},
        event::{AnswerEvent, SpeechEvent, SttEvent},
        input::{Input, Voice},
        message::ToolCall,
        output::{Output, Outputs},
        record::{Clip, Entry},
        replay::{End, Log, Next, Played, Unreadable, VERSION, Verdict, Writer, replay},
    },
};
use proptest::prelude::*;
use std::{fs, path::Path, sync::Arc, time::Duration};

/// What stands before the first block, and before the payload of each.
const PREAMBLE: usize = 18;
const BLOCK_HEAD: usize = 8;

/// Replays, and returns what was decided this time beside what came of it.
fn again(bytes: &[u8]) -> (Verdict, Vec<(Duration, Input, Vec<Output>)>) {
    let mut moments = Vec::new();
    let told = |played: Played<'_>| moments.push((played.at, played.input.clone(), played.outputs.to_vec()));
    let verdict = replay(&mut Log::open(bytes).unwrap(), clock::now(), told);
    (verdict, moments)
}

/// A call in which the caller says two sentences whose end the recogniser does not tell.
fn patient() -> Stage {
    let mut stage = Stage::open([says("Sí, claro. ¿Algo más?"), says("Muy bien.")]).logged();
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(1_000);
    for text in ["¿Hay turno?", "No, gracias."] {
        let end = stage.ms() + 800;
        stage.speak_until(end).later(end + 300, crate::stage::heard(text, false));
        stage.until(end + 5_000);
    }
    stage.now(Input::LineEnded);
    stage
}

/// Where each block of a log begins.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let (mut begins, mut at) = (Vec::new(), PREAMBLE);
    while let Some(length) = bytes.get(at..at + 4) {
        begins.push(at);
        at += BLOCK_HEAD + u32::from_le_bytes(length.try_into().unwrap()) as usize;
    }
    assert_eq!(at, bytes.len());
    begins
}

fn block(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    [&length[..], &crc32fast::hash(payload).to_le_bytes(), payload].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The log holds no more than inputs and their times; the outputs themselves are compared here, not their checksums.
    #[test]
    fn any_call_with_any_fault_replays_bit_for_bit(call in random::call(6)) {
        let mut stage = call.stage().logged();
        call.happens(&mut stage);
        let (bytes, happened) = stage.take_log().finish();
        let (verdict, moments) = again(&bytes);
        prop_assert_eq!(&verdict.difference, &None);
        prop_assert!(moments == happened);
        let outputs = happened.iter().map(|(_, _, outputs)| outputs.len() as u64).sum();
        prop_assert_eq!((verdict.inputs, verdict.outputs), (happened.len() as u64, outputs));
        prop_assert_eq!(&verdict.end, &Some(End::Whole { inputs: verdict.inputs, outputs }));
        prop_assert!(verdict.holds());
    }

    #[test]
    fn a_log_that_is_cut_anywhere_replays_up_to_there(cut in any::<prop::sample::Index>()) {
        let (bytes, happened) = patient().take_log().finish();
        let begins = blocks(&bytes);
        let cut = cut.index(bytes.len());
        let Ok(_) = Log::open(&bytes[..cut]) else {
            prop_assert!(cut < begins[1]);
            return Ok(());
        };
        let (verdict, moments) = again(&bytes[..cut]);
        prop_assert_eq!(&verdict.end, &Some(End::Early));
        prop_assert!(verdict.holds() && moments == happened[..moments.len()]);
        // A block holds a second at the most, and only the last one is lost.
        let whole = begins.iter().filter(|begin| **begin <= cut).count() as u64;
        prop_assert!(moments.last().is_none_or(|(at, _, _)| *at <= Duration::from_millis(whole * 1_020)));
    }

    #[test]
    fn a_changed_bit_is_noticed_and_what_comes_before_it_replays(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let (mut bytes, happened) = patient().take_log().finish();
        let place = place.index(bytes.len());
        let begins = blocks(&bytes);
        bytes[place] ^= 1 << bit;
        if place < begins[1] {
            prop_assert!(Log::open(&bytes).is_err());
            return Ok(());
        }
        let (verdict, moments) = again(&bytes);
        let byte = *begins.iter().rfind(|begin| **begin <= place).unwrap();
        // A length that reaches beyond the end looks like a cut.
        let length_changed = place < byte + 4;
        let noticed = verdict.end == Some(End::Damaged { byte }) || length_changed && verdict.end == Some(End::Early);
        prop_assert!(noticed && moments == happened[..moments.len()], "{:?}", verdict);
    }

    /// The checksum keeps chance away from what is behind it, so it is right here.
    #[test]
    fn no_bytes_at_all_make_the_reader_fail(
        head in any::<bool>(),
        payloads in prop::collection::vec(prop::collection::vec(prop_oneof![3 => 0..9_u8, 1 => any::<u8>()], 0..60), 0..4),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let (whole, _) = patient().take_log().finish();
        let mut bytes = whole[..if head { blocks(&whole)[1] } else { PREAMBLE }].to_vec();
        bytes.extend(payloads.iter().flat_map(|payload| block(payload)));
        bytes.extend(rest);
        if let Ok(mut log) = Log::open(&bytes) {
            while let Next::Moment(moment) = log.next() {
                drop(moment.outputs.iter().map(ToString::to_string).collect::<String>());
            }
            let end = log.next();
            prop_assert_eq!(log.next(), end);
        }
    }
}

#[test]
fn what_is_decided_otherwise_is_told_with_input_and_time() {
    let (bytes, happened) = patient().take_log().finish();
    let mut log = Log::open(&bytes).unwrap();
    log.head.setup.patience.end_of_turn.least += Duration::from_millis(200);
    let verdict = replay(&mut log, clock::now(), |_| {});
    let ends = |output: &Output| matches!(output, Output::Record(Entry::Caller { .. }));
    let (index, first) =
        happened.iter().enumerate().find(|(_, (_, _, outputs))| outputs.iter().any(ends)).unwrap();
    let difference = verdict.difference.as_ref().unwrap();
    assert!(!verdict.holds());
    assert_eq!((difference.input, difference.at, difference.output), (index as u64 + 1, first.0, 1));
    let was = Output::Record(Entry::Caller { at_ms: 1_800, text: "¿Hay turno?".to_owned() });
    assert_eq!((&difference.was, &difference.is), (&Some(format!("{was:?}")), &None));
    let told = difference.to_string();
    assert!(told.ends_with(", and is nothing more") && told.contains(" at 2.100 s, Frame("), "{told}");
}

#[test]
fn other_sound_and_another_long_output_are_told_too() {
    let (bytes, _) = patient().take_log().finish();
    let differs = |change: fn(&mut Setup)| {
        let mut log = Log::open(&bytes).unwrap();
        change(&mut log.head.setup);
        let difference = replay(&mut log, clock::now(), |_| {}).difference;
        difference.map(|difference| (difference.was.unwrap(), difference.is.unwrap()))
    };
    assert_eq!(differs(|_| {}), None);
    let (was, is) = differs(|setup| setup.system = "s".repeat(5_000)).unwrap();
    assert!(was.starts_with("AskModel { turn: TurnId(2), messages: [System"), "{was}");
    assert!(is.starts_with("AskModel (5") && is.contains(" bytes, "), "{is}");
}

#[test]
fn a_log_holds_the_standard_phrases_that_were_played_and_each_once() {
    let mut stage = Stage::open([]).logged();
    stage.now(Input::Begin { opening: "Hola.".to_owned() }).until(2_000);
    stage.say("¿Atienden hoy?", 1_000).until(25_000).say("¿Y mañana?", 600).until(40_000);
    stage.now(Input::LineEnded);
    let (bytes, _) = stage.take_log().finish();
    assert!(again(&bytes).0.holds());
    // Each sounds for a second; there are three ways to ask for patience.
    let held = |mark: u8| bytes.windows(8_000).filter(|sound| sound.iter().all(|byte| *byte == mark)).count();
    assert_eq!([HOLD, AGAIN, LOOKUP, GOODBYE].map(held), [3, 1, 0, 0]);
    assert!(blocks(&bytes)[1] < 2_000, "{}", blocks(&bytes)[1]);
}

#[test]
fn a_log_of_another_form_and_what_is_no_log_are_refused_with_the_reason() {
    let (mut bytes, _) = patient().take_log().finish();
    assert_eq!(Log::open(b"RIFF").unwrap_err(), Unreadable::Foreign);
    assert_eq!(Log::open(&bytes[..17]).unwrap_err(), Unreadable::Damaged);
    let other = [&bytes[..PREAMBLE], &block(b"\x81\xa7program\xa50.0.0")].concat();
    let told = Log::open(&other).unwrap_err().to_string();
    assert!(told.contains("missing field `call`") && told.contains("centralita 0.0.0"), "{told}");
    bytes[PREAMBLE - 2..PREAMBLE].copy_from_slice(&(VERSION + 1).to_le_bytes());
    assert_eq!(Log::open(&bytes).unwrap_err(), Unreadable::OtherForm(VERSION + 1));
}

#[test]
fn a_frame_costs_a_handful_of_bytes_and_keeps_every_bit() {
    let mut stage = Stage::open([]).logged();
    let sounds = [-0.0, 0.1, f32::MIN_POSITIVE, 1.0 / 3.0, f32::INFINITY, f32::NAN];
    for (index, sound) in sounds.into_iter().enumerate() {
        stage.at(index as u64 * 20, Input::Frame(Voice { level: Decibels(-sound), speech: sound }));
    }
    stage.frames_flow = false;
    let (bytes, _) = stage.take_log().finish();
    let mut log = Log::open(&bytes).unwrap();
    let mut read = Vec::new();
    while let Next::Moment(moment) = log.next() {
        if let Input::Frame(Voice { level, speech }) = moment.input {
            read.push((level.0.to_bits(), speech.to_bits()));
        }
    }
    for sound in sounds {
        assert!(read.contains(&((-sound).to_bits(), sound.to_bits())), "{sound}");
    }
    let begins = blocks(&bytes);
    assert!(bytes.len() - begins[1] - 2 * BLOCK_HEAD < read.len() * 16);
}

// === logs of the past ===

/// One of each input, as a call might bring them.
fn every_input() -> Vec<Input> {
    let turn = TurnId(1);
    let tool = ToolCall { id: "x".to_owned(), name: "book".to_owned(), arguments: "{}".to_owned() };
    let answers = [
        AnswerEvent::Text("Sí, ".to_owned()),
        AnswerEvent::Working,
        AnswerEvent::Switched,
        AnswerEvent::ToolCall(tool),
        AnswerEvent::Done { truncated: false },
    ];
    let sound = Bytes::from_static(&[0x10; 200]);
    let (text, reason) = (Some("Hola.".to_owned()), "gone".to_owned());
    let speech = [
        SpeechEvent::Audio { turn, piece: 0, audio: sound.clone(), text },
        SpeechEvent::Audio { turn, piece: 0, audio: sound, text: None },
        SpeechEvent::PieceDone { turn, piece: 0 },
        SpeechEvent::Switched { turn },
        SpeechEvent::Done { turn },
        SpeechEvent::Failed { turn, reason: reason.clone() },
    ];
    let heard = [
        SttEvent::Ready,
        SttEvent::UtteranceEnd,
        SttEvent::Lost { fatal: false, reason: reason.clone() },
        SttEvent::Listener { by_utterance: false },
        SttEvent::EagerEnd { text: "¿Hay?".to_owned() },
        SttEvent::Resumed,
        SttEvent::Final { text: "hay".to_owned(), end_of_turn: true },
    ];
    let mut inputs = vec![
        Input::Begin { opening: "Hola.".to_owned() },
        // A standard phrase takes its place.
        Input::Speech(SpeechEvent::Failed { turn, reason: reason.clone() }),
        Input::Frame(Voice { level: Decibels(-20.5), speech: 0.9 }),
        Input::SoundsOver(0.75),
        Input::Digit('5'),
        Input::Mark("0:1:end".to_owned()),
        hearing("¿Hay…"),
    ];
    inputs.extend(heard.map(Input::Hearing));
    inputs.extend(speech.map(Input::Speech));
    inputs.extend(answers.map(|event| Input::Answer { turn, event }));
    inputs.extend([
        Input::AnswerFailed { turn, again: true },
        Input::ToolReplied { turn, id: "t0001c001".to_owned(), reply: "{}".to_owned() },
        Input::EndAsked,
        Input::Tick,
        Input::LineEnded,
    ]);
    inputs
}

/// Whether the first of the golden logs, which was made before the setup told who may press keys, holds it.
const fn is_in_the_first(input: &Input) -> bool {
    !matches!(
        input,
        Input::Hearing(SttEvent::Listener { .. } | SttEvent::EagerEnd { .. } | SttEvent::Resumed)
    )
}

/// `tests/stories/golden*.replay`: logs that people kept must stay readable, whatever the policy has become. Where this fails
/// a type has lost or renamed something that logs hold, or has grown something without `#[serde(default)]`. If that cannot be
/// helped, raise [`VERSION`], let the older files go and make the newest anew: `BLESS=1 cargo test --test stories golden`.
#[test]
fn golden_logs_are_still_read() {
    let end_of_turn = EndOfTurn { least: Duration::from_millis(200), most: Duration::from_millis(1_600) };
    let setup = Setup {
        patience: Patience { end_of_turn, reprompts: 3, ..Patience::default() },
        system: "Sistema.".to_owned(),
        clips: Arc::new(Clips::new(Language::Es, |clip, _| match clip {
            Clip::Help => Bytes::from_static(&[0xA0; 160]),
            _ => Bytes::new(),
        })),
        by_utterance: true,
        ..Setup::default()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let (first, newest) = (folder.join("golden.replay"), folder.join("golden-2.replay"));
    let step = Duration::from_millis(20);
    if std::env::var_os("BLESS").is_some() {
        let began = clock::now();
        let (mut writer, mut bytes) = Writer::begin(&head(setup.clone()), began).unwrap();
        let (mut call, mut out) = (Call::new(setup.clone(), began), Outputs::default());
        for (input, count) in every_input().into_iter().zip(1..) {
            writer.input(began + step * count, &input);
            call.handle(began + step * count, input, &mut out);
            writer.outputs(out.as_slice());
            out.drain().for_each(drop);
        }
        bytes.extend(writer.end());
        fs::write(&newest, bytes).unwrap();
    }
    let inputs_of_the_first = every_input().into_iter().filter(is_in_the_first).collect();
    for (file, inputs) in [(first, inputs_of_the_first), (newest, every_input())] {
        let bytes = fs::read(file).unwrap();
        let mut log = Log::open(&bytes).unwrap();
        assert_eq!((log.head.agent.as_str(), &log.head.setup), ("prueba", &setup));
        for (input, count) in inputs.into_iter().zip(1..) {
            let Next::Moment(moment) = log.next() else {
                panic!("it ends before {input:?}: {:?}", log.next())
            };
            assert_eq!((moment.at, moment.input), (step * count, input));
        }
        assert!(matches!(log.next(), Next::End(End::Whole { .. })));
    }
}
