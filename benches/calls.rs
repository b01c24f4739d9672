//! N calls in one process: the server as it is composed in production, the fakes and the callers on one runtime. What a
//! call costs all three together, and what it adds to the fakes' 650 ms; `centralita load` measures the server apart.
//!
//! `cargo bench --bench calls -- 1 10 50` takes other numbers of calls.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic and speaks to a person")]

use centralita::{
    boot,
    config::{Config, Sources},
    net::tls,
    telemetry::metrics,
    testbed::{
        fakes::{FakeOptions, Fakes},
        load::{self, HangUps, LoadOptions, LoadReport},
    },
};
use std::{env, time::Duration};
use tokio::net::TcpListener;

const AUTH_TOKEN: &str = "12345678901234567890123456789012";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const WINDOW: Duration = Duration::from_secs(20);

fn main() {
    let wanted: Vec<usize> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rows = if wanted.is_empty() { vec![1, 10, 50] } else { wanted };
    tls::install();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("calls  turns  added p50  added p95  clear p95  CPU per call-second, all together");
    for calls in rows {
        let report = runtime.block_on(row(calls));
        assert!(report.is_well(), "{report}");
        println!(
            "{calls:>5}  {:>5}  {:>6.0} ms  {:>6.0} ms  {:>6.0} ms  {:>6.2} ms",
            report.added.count,
            report.added.p50,
            report.added.p95,
            report.barge_in.p95,
            report.own_cpu_ms_per_call_second,
        );
    }
}

async fn row(calls: usize) -> LoadReport {
    let data = env::temp_dir().join(format!("centralita-bench-{}", std::process::id()));
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public = format!("http://{}", listener.local_addr().unwrap());
    let own = [
        ("BIND", "127.0.0.1".to_owned()),
        ("PUBLIC_URL", public.clone()),
        ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("PROMPTS_DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/prompts").to_owned()),
        ("MAX_MEMORY_PERCENT", "0".to_owned()),
        ("MAX_LATE_MS", "0".to_owned()),
        ("DATA_DIR", data.display().to_string()),
    ];
    let settings = own.into_iter().chain(fakes.environment());
    let environment = settings.map(|(name, value)| (name.to_owned(), value)).collect();
    let config = Config::read(&Sources { environment, ..Sources::default() }).unwrap();
    let server = boot::start_on(listener, &config, metrics::install().unwrap()).await.unwrap();
    let options = LoadOptions {
        calls,
        webhook: format!("{public}/webhook/voice"),
        auth_token: AUTH_TOKEN.to_owned().into(),
        account: ACCOUNT.parse().unwrap(),
        pid: None,
        window: WINDOW,
        ramp: Duration::from_secs_f64(calls as f64 / 25.0),
        barge_in_share: 0.2,
        hang_ups: HangUps::AtTheEnd,
        seed: 1,
    };
    let report = load::run(options, |_, _| ()).await.unwrap();
    drop((server, fakes));
    drop(std::fs::remove_dir_all(&data));
    report
}
