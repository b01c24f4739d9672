//! What calls leave behind in the server's process: nothing, however they end.

use super::Server;
use centralita::{
    base::ids::CallSid,
    dialogue::{agent::Agent, phrases},
    testbed::{
        fakes::{FakeOptions, Fakes},
        load::Process,
        log::Service,
        phone::{HangUpStyle, Phone, PhoneEvent, PhoneFaults, PhoneOptions},
        voice,
    },
};
use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::{fs, path::Path, sync::Arc, time::Duration};
use tokio::{
    task::{spawn_blocking, yield_now},
    time::timeout,
};

/// How long the server may take to put everything away.
const GUARD: Duration = Duration::from_mins(1);

/// Calls at a time.
const AT_ONCE: u64 = 10;

/// How much more memory the second hundred calls may leave than the first.
const MORE_MEMORY: u64 = 2 << 20;

/// What a process holds besides memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    tasks: u64,
    calls: u64,
}

async fn held(server: &Arc<Server>, process: Process) -> Held {
    let server = Arc::clone(server);
    let metrics = spawn_blocking(move || server.get("/metrics")).await.unwrap();
    let gauge = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is missing in\n{metrics}")).parse().unwrap()
    };
    Held {
        descriptors: process.descriptors().unwrap(),
        tasks: gauge("tokio_alive_tasks"),
        calls: gauge("calls_active"),
    }
}

/// One caller: says something, and hangs up at a moment and in a way that `rng` draws.
async fn call(phone: &Phone, server: &Server, number: u64, mut rng: StdRng) {
    let mut call = phone.dial(PhoneOptions {
        webhook: format!("http://127.0.0.1:{}/webhook/voice", server.port),
        status_callback: None,
        auth_token: server.signing_token().to_owned().into(),
        from: format!("+1555{number:07}"),
        to: "+15550100100".to_owned(),
        account: format!("AC{:032x}", 1).parse().unwrap(),
        call: CallSid::try_from(format!("CA{number:032x}")).unwrap(),
        calls: None,
        record: false,
        listen: true,
        agent_silent_after: Duration::from_millis(300),
        faults: PhoneFaults::default(),
    });
    // 20 ms each: from before the greeting to the answer.
    for frame in 0..rng.random_range(0..120) {
        if frame == 30 {
            call.say(voice::caller(number, 4)).await;
        }
        if matches!(call.next().await, None | Some(PhoneEvent::Ended(_))) {
            break;
        }
    }
    let styles = [HangUpStyle::Stop, HangUpStyle::CloseWithoutStop, HangUpStyle::Reset];
    call.hang_up(*styles.choose(&mut rng).unwrap()).await;
    call.end().await;
}

async fn hundred_calls(phone: &Phone, server: &Server, hundred: u64) {
    join_all((0..AT_ONCE).map(async |place| {
        for row in 0..100 / AT_ONCE {
            let number = hundred * 100 + row * AT_ONCE + place;
            call(phone, server, number, StdRng::seed_from_u64(number)).await;
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_with_random_hang_ups_leave_nothing_behind() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("leaks-{}", std::process::id()));
    let mut environment = fakes.environment();
    environment.push(("DATA_DIR", data.display().to_string()));
    environment.extend(
        [
            ("KEEP_CONNECTIONS_S", "1"),
            // Nobody reads on: a full pipe would be another test.
            ("LOG", "off,centralita::boot=info"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let server = spawn_blocking(move || {
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Arc::new(Server::start(&environment))
    });
    let server = server.await.unwrap();
    let process = Process::of(server.child.id());
    // The agent's own phrases are made before the first call.
    let agent = include_str!("../../prompts/clinica.md");
    let agent = Agent::parse("clinica", agent, include_str!("../../prompts/clinica.toml")).unwrap();
    let all = phrases::all(&agent).len() as u64;
    let made = fakes.log().until(|log| log.count(Service::ElevenLabs, "speak") >= all);
    timeout(GUARD, made).await.unwrap();
    timeout(GUARD, fakes.closed()).await.unwrap();
    let before = held(&server, process).await;
    let mut memory = Vec::new();
    for hundred in 0..2 {
        // Its connections go with it.
        hundred_calls(&Phone::new().unwrap(), &server, hundred).await;
        let put_away = async {
            while held(&server, process).await != before {
                yield_now().await;
            }
        };
        let in_time = timeout(GUARD, put_away).await.is_ok();
        assert!(in_time, "before: {before:?}, now: {:?}", held(&server, process).await);
        memory.push(process.resident().unwrap());
    }
    for (service, what) in
        [(Service::Deepgram, "opened"), (Service::OpenAi, "request"), (Service::ElevenLabs, "speak")]
    {
        let times = fakes.log().count(service, what);
        assert!(times > 50, "{times} times {what} at {service:?}");
    }
    assert!(memory[1] <= memory[0] + MORE_MEMORY, "resident bytes after each hundred: {memory:?}");
    fs::remove_dir_all(data).unwrap();
}
