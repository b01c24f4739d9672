//! What a seed draws: who calls, what for, with which voice, and when they interrupt.

use crate::{
    base::{ids::CallSid, language::Language},
    dialogue::agent::Agent,
    providers::local::kokoro::VOICES,
    testbed::caller::{Lines, Scenario, Wish},
};
use anyhow::{Context as _, anyhow};
use jiff::{ToSpan as _, civil::DateTime};

/// Days from which an appointment is drawn, tomorrow first.
const DAYS: i64 = 10;
/// The caller interrupts between so many milliseconds after the answer began, and so many.
const INTERRUPT: (u64, u64) = (1_300, 2_300);

const NAMES_ES: [&str; 8] = [
    "Laura Fernández",
    "Martín González",
    "Ana Torres",
    "Carlos Ramírez",
    "Lucía Romero",
    "Diego Castro",
    "Elena Morales",
    "Pablo Herrera",
];
const NAMES_EN: [&str; 6] =
    ["Laura Miller", "Daniel Brown", "Anna Taylor", "Robert Wilson", "Emma Clark", "Peter Johnson"];

/// What was drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) wish: Wish,
    pub(super) scenario: Scenario,
    pub(super) agent_voice: &'static str,
}

/// The same for the same seed, agent and day. `now` is the clinic's time.
pub(super) fn draw(seed: u64, agent: &Agent, now: DateTime) -> anyhow::Result<Drawn> {
    let mut dice = Dice(seed);
    let specialty = dice.pick(&agent.clinic.specialties).context("the agent's data names no specialty")?;
    let mut free = Vec::new();
    for days in 1..=DAYS {
        free.extend(agent.clinic.starts(specialty, now.date().checked_add(days.days())?));
    }
    let start = *dice.pick(&free).ok_or_else(|| anyhow!("{} is never open", specialty.name))?;
    let names: &[&str] = if agent.language == Language::Es { &NAMES_ES } else { &NAMES_EN };
    let name = (*dice.pick(names).context("no name")?).to_owned();
    let document = (20_000_000 + dice.below(25_000_000)).to_string();
    let voices: Vec<&'static str> =
        VOICES.iter().filter(|voice| voice.language == agent.language).map(|voice| voice.name).collect();
    let agent_voice = *dice.pick(&voices).context("no voice")?;
    let others: Vec<&str> = voices.into_iter().filter(|voice| *voice != agent_voice).collect();
    let voice = (*dice.pick(&others).context("no second voice")?).to_owned();
    let (from, to) = INTERRUPT;
    let interrupt_after_ms = from + dice.below(to - from);

    let specialty_spoken = specialty.called(agent.language).to_owned();
    let wish = Wish { specialty: specialty.name.clone(), specialty_spoken, start, name, document };
    let call: CallSid = format!("CA{:032x}", rand::random::<u128>()).parse()?;
    let lines = Lines::new(&wish, &agent.tag);
    let scenario = Scenario { call, language: agent.tag.clone(), voice, lines, interrupt_after_ms };
    Ok(Drawn { wish, scenario, agent_voice })
}

/// Numbers from a seed (SplitMix64), the same in every version of every library.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let index = self.below(things.len() as u64);
        things.get(usize::try_from(index).ok()?)
    }
}
