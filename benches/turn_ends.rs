//! Written turns, with the pauses that callers make in them: how well do the words tell that a turn is over, and what does the
//! policy make of that? Nothing sounds, so it takes a second.
//!
//! `cargo bench --bench turn_ends` prints how the policy does on the turns that its weights were fitted to; with `-- --fit` also the weights of [`Sign`]s that a logistic
//! regression finds, and how well those do on dialogues that they were not fitted to. The dialogues of `benches/turn_ends` are
//! invented, names and numbers included: 330 with some 2,150 turns, in Spanish and English of many regions, written without
//! knowledge of the policy. `benches/corpus` has no part in the fit.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic and speaks to a person")]

use centralita::{
    base::language::Language,
    dialogue::{
        agent::EndOfTurn,
        endpoint::{Endpoint, Sign},
    },
};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// No answer sounds sooner behind the last word: the interim text comes after 100 ms, the model's first token 200 ms later, the
/// first sound 100 ms after that, and a frame.
const FLOOR: Duration = Duration::from_millis(430);
/// What 700 ms of silence and nothing else take to the first sound, model and voice included.
const SILENCE: Duration = Duration::from_millis(1_030);
/// A longer pause cuts off: who goes on later than this speaks into the answer (measured by `benches/dialogues`).
const SILENCE_CUTS: Duration = Duration::from_millis(905);
/// An answer that is about to sound is stopped in time by a word that begins so long before it.
const IN_TIME: Duration = Duration::from_millis(40);

/// The fit: steps, their size, and how strongly weights are drawn to zero.
const STEPS: usize = 1_500;
const RATE: f64 = 2.0;
const RIDGE: f64 = 0.33;
/// Parts of which each is judged by weights that were fitted to the others.
const PARTS: usize = 10;

#[derive(Deserialize)]
struct Dialogue {
    topic: String,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
struct Turn {
    agent: Option<String>,
    says: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Pause(u64),
    Words(String),
}

/// A silence of the caller.
struct Silence {
    dialogue: usize,
    signs: Vec<(Sign, f32)>,
    /// Nothing more was said.
    over: bool,
}

#[derive(Default)]
struct Figures {
    turns: u32,
    cut: u32,
    cut_by_silence: u32,
    response: Duration,
}

fn main() {
    let mut all = Vec::new();
    let (mut dialogues, mut figures) = (0, Figures::default());
    for (language, text) in [
        (Language::Es, include_str!("turn_ends/es.jsonl")),
        (Language::En, include_str!("turn_ends/en.jsonl")),
    ] {
        for line in text.lines() {
            let dialogue: Dialogue = serde_json::from_str(line).unwrap();
            assert!(!dialogue.topic.is_empty());
            hold(&dialogue, language, dialogues, &mut figures, &mut all);
            dialogues += 1;
        }
    }
    let Figures { turns, cut, cut_by_silence, response } = figures;
    let share = |count: u32| f64::from(count) * 100.0 / f64::from(turns);
    println!("{turns} turns of {dialogues} dialogues, {} pauses within them", all.len() - turns as usize);
    println!(
        "cut off: {:.1} %, by 700 ms of silence {:.1} %; mean response {} ms, {} ms shorter",
        share(cut),
        share(cut_by_silence),
        (response / turns).as_millis(),
        SILENCE.saturating_sub(response / turns).as_millis(),
    );
    if std::env::args().any(|argument| argument == "--fit") {
        fit(&all);
    }
}

/// Goes through a dialogue as the policy would.
fn hold(
    dialogue: &Dialogue,
    language: Language,
    number: usize,
    figures: &mut Figures,
    all: &mut Vec<Silence>,
) {
    let opening = match language {
        Language::Es => "Clínica Santa Lucía, ¿en qué puedo ayudarle?",
        Language::En => "Saint Lucy Clinic, how can I help you today?",
    };
    let mut endpoint = Endpoint::new(EndOfTurn::default(), language);
    for turn in &dialogue.turns {
        endpoint.after(turn.agent.as_deref().unwrap_or(opening));
        let (mut text, mut cut, mut cut_by_silence) = (String::new(), false, false);
        for (place, part) in turn.says.iter().enumerate() {
            let Part::Words(words) = part else { continue };
            // As recognisers write what they make final behind a pause.
            let words = words.trim_end_matches([',', ';', ':', '…']);
            let stop = if words.ends_with(['.', '?', '!']) { "" } else { "." };
            text = format!("{text} {words}{stop}");
            let answered = endpoint.silence(&text, true, None).max(FLOOR);
            let pause = turn.says.get(place + 1).map(|part| match part {
                Part::Pause(ms) => Duration::from_millis(*ms),
                Part::Words(_) => Duration::ZERO,
            });
            all.push(Silence { dialogue: number, signs: endpoint.signs(&text), over: pause.is_none() });
            if let Some(pause) = pause {
                cut |= pause + IN_TIME > answered;
                cut_by_silence |= pause > SILENCE_CUTS;
                endpoint.went_on_after(pause);
            } else {
                figures.response += answered + Duration::from_millis(30);
            }
        }
        figures.turns += 1;
        figures.cut += u32::from(cut);
        figures.cut_by_silence += u32::from(cut_by_silence);
    }
}

/// Prints the weights that fit best, and how well such weights tell ends from pauses elsewhere.
fn fit(all: &[Silence]) {
    let mut judged = Vec::new();
    for part in 0..PARTS {
        let (others, own): (Vec<_>, Vec<_>) =
            all.iter().partition(|silence| silence.dialogue % PARTS != part);
        let weights = weights(&others);
        judged.extend(own.iter().map(|silence| (odds(&weights, silence), silence.over)));
    }
    println!("chance to tell an end from a pause, in dialogues that were not fitted to: {:.3}", area(judged));
    for (sign, weight) in weights(&all.iter().collect::<Vec<_>>()) {
        println!("{sign:?} => {weight:.2}");
    }
}

fn odds(weights: &BTreeMap<Sign, f64>, silence: &Silence) -> f64 {
    silence.signs.iter().map(|(sign, value)| weights.get(sign).unwrap_or(&0.0) * f64::from(*value)).sum()
}

/// Logistic regression with a ridge, by gradient descent.
fn weights(all: &[&Silence]) -> BTreeMap<Sign, f64> {
    let mut weights = BTreeMap::new();
    for _ in 0..STEPS {
        let mut slope: BTreeMap<Sign, f64> = BTreeMap::new();
        for silence in all {
            let error = f64::from(u8::from(silence.over)) - 1.0 / (1.0 + (-odds(&weights, silence)).exp());
            for (sign, value) in &silence.signs {
                *slope.entry(*sign).or_default() += error * f64::from(*value);
            }
        }
        for (sign, slope) in slope {
            let weight = weights.entry(sign).or_insert(0.0);
            *weight += RATE / all.len() as f64 * (slope - RIDGE * *weight);
        }
    }
    weights
}

/// The area under the curve: how often an end has higher odds than a pause.
fn area(mut judged: Vec<(f64, bool)>) -> f64 {
    judged.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut pauses, mut ends, mut right) = (0.0, 0.0, 0.0);
    for (_, over) in judged {
        if over {
            ends += 1.0;
            right += pauses;
        } else {
            pauses += 1.0;
        }
    }
    right / (pauses * ends)
}
