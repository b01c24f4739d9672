//! Signed status webhooks on SQLite: how many a second are on the disk before they are acknowledged, how soon that is, and what live
//! calls notice of it. The server, the stand-ins for the providers, the callers and the telephone network that posts are processes
//! of their own, on the same machine.
//!
//! `cargo bench --bench webhooks -- RATE SECONDS` posts at another rate and for another time; with `jobs` in the place of the rate, jobs
//! are due instead of webhooks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may panic and speaks to a person"
)]

mod jobs;
mod network;
mod processes;

use network::{Acks, Mail, Pace, post};
use processes::{House, Load};
use std::{env, process::ExitCode, time::Duration};

/// What must hold (design §9).
const RATE: u64 = 1_500;
const ACK: Duration = Duration::from_millis(150);
const LATER: f64 = 2.0;

/// Live calls beside the webhooks.
const CALLS: u32 = 25;

const HEAD: &str = "\
| webhooks | live calls | acknowledged | ack p50 | ack p99 | ack max | server CPU per webhook | frame lateness p99.9 | underruns > 20 ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|";

fn main() -> ExitCode {
    let numbers: Vec<u64> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if env::args().any(|argument| argument == "jobs") {
        return runtime.block_on(jobs::run(Duration::from_secs(numbers.first().copied().unwrap_or(20))));
    }
    let rate = numbers.first().copied().unwrap_or(RATE);
    let window = Duration::from_secs(numbers.get(1).copied().unwrap_or(20));
    let steady = Pace::Steady { rate };
    runtime.block_on(async {
        let mut house = House::open(network::calls(rate, window)).await;
        let mut mail = Mail::new(&house);
        println!("{HEAD}");
        let alone = house.calls(CALLS, 1, window).await;
        row("none", CALLS, None, Some(&alone));
        let quiet = measured(&house, &mut mail, steady, window).await;
        row(&format!("{rate} a second"), 0, Some(&quiet), None);
        let (both, beside) = tokio::join!(house.calls(CALLS, 2, window + 2 * processes::RAMP), async {
            house.calls_are_up().await;
            measured(&house, &mut mail, steady, window).await
        });
        row(&format!("{rate} a second"), CALLS, Some(&beside), Some(&both));
        let most = measured(&house, &mut mail, Pace::AsFastAsItGoes, window / 4).await;
        row("as many as it takes", 0, Some(&most), None);
        let acknowledged = [&quiet, &beside, &most].iter().map(|acks| acks.count() as u64).sum();
        let durable = house.close(acknowledged).await;
        let kept = [&quiet, &beside].iter().all(|acks| acks.p99() <= ACK && acks.keeps_up_with(rate));
        let heard = both.is_well && both.late <= alone.late + LATER;
        println!(
            "\nsoon enough: {kept}; calls undisturbed: {heard}; all acknowledged events kept: {durable}"
        );
        if kept && heard && durable && most.a_second() >= rate as f64 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    })
}

/// Posts for so long, and tells what it cost the server.
async fn measured(house: &House, mail: &mut Mail, pace: Pace, window: Duration) -> Acks {
    let before = house.server_cpu();
    let mut acks = post(house.address(), mail, pace, window).await;
    acks.cpu = house.server_cpu().saturating_sub(before);
    acks
}

fn row(name: &str, calls: u32, acks: Option<&Acks>, load: Option<&Load>) {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let of_acks = acks.map_or_else(
        || ["–"; 5].map(str::to_owned),
        |acks| {
            // With calls beside them nobody knows whose the processor's time was.
            let cpu = acks.cpu.as_secs_f64() * 1e6 / acks.count() as f64;
            let cpu = if calls == 0 { format!("{cpu:.0} µs") } else { "–".to_owned() };
            [format!("{:.0} a second", acks.a_second()), ms(acks.p50()), ms(acks.p99()), ms(acks.max()), cpu]
        },
    );
    let of_load = load.map_or_else(
        || ["–"; 2].map(str::to_owned),
        |load| [format!("{:.1} ms", load.late), load.underruns.to_string()],
    );
    println!("| {name} | {calls} | {} | {} |", of_acks.join(" | "), of_load.join(" | "));
}
