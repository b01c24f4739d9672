//! Every provider behind 200 ms of network each way that loses 2 % of what is sent: what comes late is covered, and the conversation
//! gets to its end (reliability K4, LB3).
//!
//! A connection loses nothing: it is late, by the time until the loss is noticed, and so is all that was sent behind it.

use crate::{
    script::{Reply, heard, hearing},
    stage::{Stage, plain},
};
use centralita::dialogue::{
    event::AnswerEvent,
    message::{Message, ToolCall},
    record::{Clip, Entry},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Conversations, each with its own losses.
const SEEDS: u64 = 300;

/// One way through the network, in milliseconds.
const WAY: u64 = 200;
/// What is lost, and how long until it is sent again.
const LOST: f64 = 0.02;
const RETRANSMISSION: std::ops::RangeInclusive<u64> = 200..=1_000;

/// The longest silence of our turn (LB3), in milliseconds.
const LONGEST_SILENCE: u64 = 4_000;

/// A direction of a connection.
#[derive(Default)]
struct Way {
    /// When the last that was sent arrives.
    last: u64,
}

impl Way {
    /// When something arrives that is sent at this time: behind all that was sent before.
    fn sent(&mut self, rng: &mut StdRng, at: u64) -> u64 {
        let again = if rng.random_bool(LOST) { rng.random_range(RETRANSMISSION) } else { 0 };
        self.last = self.last.max(at + WAY + again);
        self.last
    }
}

/// There and back again, after so long at the other side.
fn round_trip(rng: &mut StdRng, takes: u64) -> u64 {
    let there = Way::default().sent(rng, 0);
    Way::default().sent(rng, there + takes)
}

struct Conversation {
    stage: Stage,
    rng: StdRng,
    /// To the recogniser and back.
    to: Way,
    from: Way,
    /// The words that the caller has said.
    said: Vec<String>,
    /// The longest silence of all our turns so far.
    silence: u64,
}

impl Conversation {
    fn open(seed: u64, stage: Stage) -> Self {
        let (rng, to, from) = (StdRng::seed_from_u64(seed), Way::default(), Way::default());
        Self { stage: stage.greet(), rng, to, from, said: Vec::new(), silence: 0 }
    }

    /// A model that begins 200 ms after it was asked and gives a word each 20 ms, then perhaps calls a tool.
    fn reply(&mut self, text: &str, tool: Option<&str>) -> Reply {
        let mut back = Way::default();
        let mut at = Way::default().sent(&mut self.rng, 0) + 200;
        let mut events: Vec<AnswerEvent> =
            text.split_inclusive(' ').map(|word| AnswerEvent::Text(word.to_owned())).collect();
        events.extend(tool.map(|name| {
            let (id, name) = (format!("{name}-1"), name.to_owned());
            AnswerEvent::ToolCall(ToolCall { id, name, arguments: "{}".to_owned() })
        }));
        events.push(AnswerEvent::Done { truncated: false });
        let late = |event| {
            at += 20;
            (back.sent(&mut self.rng, at), Ok(event))
        };
        events.into_iter().map(late).collect()
    }

    /// The caller says a text, a word each 350 ms, and hears all that we have to say to it.
    fn says(&mut self, text: &str) {
        let begin = self.stage.ms() + 500;
        let words: Vec<&str> = text.split_inclusive(' ').collect();
        let end = begin + 350 * words.len() as u64;
        for known in 1..=words.len() {
            let told = self.to.sent(&mut self.rng, begin + 350 * known as u64) + 100;
            let told = self.from.sent(&mut self.rng, told);
            self.stage.later(told, hearing(words[..known].concat().trim()));
        }
        let told = self.to.sent(&mut self.rng, end + 300) + 50;
        let told = self.from.sent(&mut self.rng, told);
        self.stage.later(told, heard(text, true));
        self.said.push(text.to_owned());
        self.stage.voice_takes_ms = round_trip(&mut self.rng, 150);
        self.stage.until(begin).speak_until(end);
        let limit = end + 60_000;
        while self.stage.ms() < limit && !self.stage.ended {
            let next = self.stage.ms() + 20;
            self.stage.until(next);
            if next > told && self.stage.call.floor() == "listening" {
                break;
            }
        }
        assert!(self.stage.ms() < limit, "our turn does not end: {}", self.stage.story());
        let mut silent_since = end;
        for (at, _) in self.stage.sent.iter().filter(|(at, _)| *at > end) {
            self.silence = self.silence.max(at - silent_since);
            silent_since = *at;
        }
    }

    /// The standard phrases that were heard.
    fn phrases(&self) -> Vec<Clip> {
        let phrases = self.stage.record.iter().filter_map(|entry| match entry {
            Entry::Clip { clip, .. } => Some(*clip),
            _ => None,
        });
        phrases.collect()
    }

    /// What the caller was understood to say, as the model read it last.
    fn understood(&self) -> Vec<&str> {
        let users = self.stage.questions.last().unwrap().iter().filter_map(|message| match message {
            Message::User { content } => Some(content.as_str()),
            _ => None,
        });
        users.collect()
    }

    /// The answers that the caller heard, whole.
    fn answers(&self) -> Vec<&str> {
        assert!(self.stage.answers().iter().all(|(_, interrupted)| !interrupted), "{}", self.stage.story());
        self.stage.answers().into_iter().map(|(heard, _)| heard).collect()
    }

    fn is_well(&self, seed: u64) {
        let told = || format!("seed {seed}:\n{}", self.stage.story());
        assert!(self.silence <= LONGEST_SILENCE, "{} ms of silence, {}", self.silence, told());
        let only_fillers = self.phrases().iter().all(|clip| matches!(clip, Clip::Hold | Clip::Lookup));
        assert!(only_fillers, "{:?}, {}", self.phrases(), told());
        assert_eq!(self.understood(), self.said, "{}", told());
        assert!(self.stage.story().ends_with("hang up: goodbye"), "{}", told());
    }
}

const SLOTS: &str = "Tengo un lugar el martes a las diez de la mañana. ¿Se lo reservo?";
const BOOKED: &str = "Listo, queda reservado para el martes a las diez.";
const FAREWELL: &str = "Gracias por llamar. Hasta luego.";

/// How many fillers a conversation needed in which tools are called.
fn books(seed: u64) -> usize {
    let mut call = Conversation::open(seed, Stage::open_with(plain(600), []));
    // A word that is told early is the same as when it is told for good: each question is asked once.
    for (said, tool, answer) in
        [("Cardiología.", "find_slots", SLOTS), ("Resérvelo.", "book_appointment", BOOKED)]
    {
        call.stage.tool_delay_ms = Some(300);
        let replies = [call.reply("", Some(tool)), call.reply(answer, None)];
        call.stage.replies.extend(replies);
        call.says(said);
    }
    let farewell = call.reply(FAREWELL, Some("end_call"));
    call.stage.replies.push_back(farewell);
    call.says("Gracias.");
    call.is_well(seed);
    assert_eq!(call.answers(), ["Hola.", SLOTS, BOOKED, FAREWELL], "seed {seed}");
    let tools: Vec<&str> = call.stage.tools.iter().map(|(_, call)| call.name.as_str()).collect();
    assert_eq!(tools, ["find_slots", "book_appointment"], "seed {seed}");
    call.phrases().len()
}

/// How many fillers a conversation needed whose answers are begun before a turn is surely over, and taken back where the words go
/// on.
fn talks(seed: u64) -> usize {
    const ANSWER: &str = "Sí, los sábados atendemos desde las ocho de la mañana hasta el mediodía.";
    let mut call = Conversation::open(seed, Stage::open([]));
    for said in ["¿Atienden los sábados por la mañana?", "¿Y hasta qué hora atienden?"] {
        let replies: Vec<Reply> = (0..12).map(|_| call.reply(ANSWER, None)).collect();
        call.stage.replies.extend(replies);
        call.says(said);
        call.stage.replies.clear();
    }
    let farewells: Vec<Reply> = (0..12).map(|_| call.reply(FAREWELL, Some("end_call"))).collect();
    call.stage.replies.extend(farewells);
    call.says("Muchas gracias, nada más.");
    call.is_well(seed);
    assert_eq!(call.answers(), ["Hola.", ANSWER, ANSWER, FAREWELL], "seed {seed}");
    call.phrases().len()
}

#[test]
fn a_conversation_with_tools_gets_to_its_end_and_no_silence_of_ours_is_long() {
    let fillers: usize = (0..SEEDS).map(books).sum();
    assert!(fillers > 0, "nothing was ever late");
}

#[test]
fn answers_that_are_begun_early_sound_once_and_no_silence_of_ours_is_long() {
    let fillers: usize = (0..SEEDS).map(talks).sum();
    assert!(fillers > 0, "nothing was ever late");
}
