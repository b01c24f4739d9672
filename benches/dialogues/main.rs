//! Scripted dialogues against the server as it is composed in production: does it cut callers off, how long do they wait, does it
//! stop when spoken to, and only then? Two policies on the two halves of `benches/corpus`, each figure with its 95 % interval.
//!
//! `cargo bench --bench dialogues -- --half tuning --policy default --verbose` prints each turn. The first run speaks the
//! callers' words with the embedded voices and keeps them beside the models; it fetches 42 MB of recordings that people made
//! (Asterisk's core sounds, spoken by Allison Smith, CC-BY-SA-3.0) with `apt-get download`.
//!
//! Measured from the phone's side, in real time: a turn is cut off when the agent begins to be audible between its first and
//! its last voiced frame (an answer that the script talks into aside); the response is the time from the last voiced frame to
//! the first audible one; dead air is what of it is beyond 1 s; a false stop is a line that a sound other than an interruption
//! ended; a missed stop is an interruption after which the agent is audible for more than 500 ms.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic and speaks to a person")]

mod caller;
mod house;
mod judge;
mod line;
mod made;
mod performance;
mod statistics;
mod studio;
mod table;
mod tell;

use centralita::{
    base::language::Language,
    net::tls,
    testbed::corpus::{self, Half, Part},
};
use clap::Parser as _;
use house::{House, Policy};
use judge::{Outcome, judge};
use performance::Performance;
use statistics::mean;
use std::{collections::VecDeque, path::Path, sync::Arc};
use studio::Studio;
use table::Figures;
use tokio::{sync::Mutex, task::JoinSet};

#[derive(clap::Parser)]
struct Args {
    /// Only this half of the corpus.
    #[arg(long, value_parser = ["tuning", "held-out"])]
    half: Option<String>,
    /// Only this policy.
    #[arg(long)]
    policy: Option<Policy>,
    /// Only the dialogue of this name.
    #[arg(long)]
    file: Option<String>,
    /// Prints each turn.
    #[arg(long)]
    verbose: bool,
    /// Calls at the same time.
    #[arg(long, default_value_t = 14)]
    lanes: usize,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What came of one dialogue.
struct Judged {
    act: Arc<Performance>,
    outcomes: Vec<Outcome>,
    late: (usize, u64),
}

fn main() {
    let args = Args::parse();
    tls::install();
    let acts = performances(&args);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let policies = args.policy.map_or_else(|| vec![Policy::Default, Policy::Silence], |policy| vec![policy]);
    let mut all = Vec::new();
    for policy in policies {
        let judged = runtime.block_on(run(&acts, policy, args.lanes));
        if args.verbose {
            println!("\n{}", policy.name());
            for Judged { act, outcomes, .. } in &judged {
                for (place, outcome) in outcomes.iter().enumerate() {
                    println!("{}", tell::turn(act, place, outcome));
                }
            }
        }
        all.push((policy, judged));
    }
    for (half, title) in [(Half::Tuning, "Tuning half"), (Half::HeldOut, "Held-out half")] {
        let columns: Vec<(&str, Figures)> =
            all.iter().map(|(policy, judged)| (policy.name(), figures(judged, half))).collect();
        let turns = columns.first().map_or(0, |(_, figures)| figures.outcomes.len());
        if turns == 0 {
            continue;
        }
        let columns: Vec<(&str, &Figures)> = columns.iter().map(|(name, figures)| (*name, figures)).collect();
        table::show(&format!("{title}: {turns} turns"), &columns);
        if let [(_, ours), (_, silence)] = &columns[..] {
            let (cut, base) = (ours.cut().value(), silence.cut().value());
            let sooner = mean(&silence.responses()) - mean(&ours.responses());
            println!(
                "cut-offs: {:.2} of the other's; mean response {sooner:.0} ms shorter",
                cut / base.max(1e-9)
            );
        }
    }
}

/// The dialogues that are wanted, ready to be held; the longest first.
fn performances(args: &Args) -> Vec<Arc<Performance>> {
    let studio = Studio::open().unwrap();
    let mut dialogues =
        corpus::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/corpus"))).unwrap();
    if let Some(half) = &args.half {
        let half = if half == "tuning" { Half::Tuning } else { Half::HeldOut };
        dialogues.retain(|dialogue| dialogue.half == half);
    }
    if let Some(file) = &args.file {
        dialogues.retain(|dialogue| dialogue.name == *file);
    }
    if let Some(why) = studio.without_recordings() {
        let recorded = |part: &Part| matches!(part, Part::Recorded(_));
        dialogues.retain(|dialogue| {
            let needs = dialogue.script.turns.iter().flat_map(|turn| &turn.says).any(recorded);
            if needs {
                println!("!! {} is left out, for its recordings are not to be had: {why}", dialogue.name);
            }
            !needs
        });
    }
    let made = dialogues.into_iter().map(|dialogue| Arc::new(Performance::new(dialogue, &studio).unwrap()));
    let mut acts: Vec<Arc<Performance>> = made.collect();
    acts.sort_by_key(|act| std::cmp::Reverse(act.lasts()));
    acts
}

/// Holds all dialogues under a policy, several at a time.
async fn run(acts: &[Arc<Performance>], policy: Policy, lanes: usize) -> Vec<Judged> {
    let mut tasks = JoinSet::new();
    for (language, share) in [(Language::Es, 2), (Language::En, 1)] {
        let queue: VecDeque<_> =
            acts.iter().filter(|act| act.dialogue.language == language).cloned().collect();
        let lanes = (lanes * share / 3).clamp(1, queue.len().max(1));
        let queue = Arc::new(Mutex::new(queue));
        for lane in 0..lanes {
            let number = lane * 4 + share + if policy == Policy::Default { 1_000 } else { 0 };
            let house = House::open(language, policy, number).await.unwrap();
            tasks.spawn(lane_of(house, Arc::clone(&queue)));
        }
    }
    let mut judged: Vec<Judged> = tasks.join_all().await.into_iter().flatten().collect();
    judged.sort_by(|one, other| one.act.dialogue.name.cmp(&other.act.dialogue.name));
    judged
}

/// Holds one dialogue after the other while there are any.
async fn lane_of(house: House, queue: Arc<Mutex<VecDeque<Arc<Performance>>>>) -> Vec<Judged> {
    let mut judged = Vec::new();
    loop {
        let next = queue.lock().await.pop_front();
        let Some(act) = next else { return judged };
        let talk = caller::talk(&house, &act, judged.len()).await.unwrap();
        let outcomes = judge(&act, &talk);
        judged.push(Judged { act, outcomes, late: talk.late });
    }
}

fn figures(judged: &[Judged], half: Half) -> Figures {
    let mut figures = Figures::default();
    for judged in judged.iter().filter(|judged| judged.act.dialogue.half == half) {
        figures.outcomes.extend(judged.outcomes.iter().cloned());
        figures.late += judged.late.0;
        figures.frames += judged.late.1;
    }
    figures
}
