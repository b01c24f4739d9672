//! Ten thousand jobs that are due when the server starts: what live calls notice of them (reliability G5).

use crate::{
    CALLS, LATER,
    processes::{House, Load},
};
use std::{process::ExitCode, time::Duration};

/// Calls that were lost in an outage. Of each a summary and a note to call back are due.
const LOST: u64 = 5_000;

const HEAD: &str = "\
| jobs due at the start | done meanwhile | live calls | frame lateness p99.9 | underruns > 20 ms |
|--:|--:|--:|--:|--:|";

/// The same calls at a server that has nothing else to do, and at one that has all that to do.
pub(crate) async fn run(window: Duration) -> ExitCode {
    println!("{HEAD}");
    let (alone, _) = beside(0, window).await;
    let (both, done) = beside(LOST, window).await;
    let heard = both.is_well && both.late <= alone.late + LATER;
    println!("\ncalls undisturbed: {heard}");
    if heard && done > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Calls at a server that has just started, after so many were lost.
async fn beside(lost: u64, window: Duration) -> (Load, u64) {
    let mut house = House::after_losing(lost).await;
    let load = house.calls(CALLS, 1, window).await;
    let done = house.end().await;
    let told = if lost > 0 { done.to_string() } else { "–".to_owned() };
    println!("| {} | {told} | {CALLS} | {:.1} ms | {} |", 2 * lost, load.late, load.underruns);
    (load, done)
}
