//! The program as an operator meets it: exit codes, messages, signals. Real processes on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod agents;
mod backup;
mod calls;
mod database;
mod doctor;
mod files;
mod folder;
mod keys;
mod leaks;
mod rotation;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Providers by key at an address where nobody answers: no model file is needed, and no call is made.
const KEYS: &[(&str, &str)] = &[
    ("DEEPGRAM_API_KEY", "canary-deepgram"),
    ("DEEPGRAM_BASE_URL", "http://127.0.0.1:9"),
    ("OPENAI_API_KEY", "canary-openai"),
    ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
    ("ELEVENLABS_API_KEY", "canary-elevenlabs"),
    ("ELEVENLABS_BASE_URL", "http://127.0.0.1:9"),
];

fn program(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_centralita"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).env("DATA_DIR", env!("CARGO_TARGET_TMPDIR"));
    command.envs(environment.iter().copied()).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server on a free port; killed when the test is over.
struct Server {
    child: Child,
    log: BufReader<ChildStdout>,
    /// The log until it listened.
    begun: String,
    port: u16,
}

impl Server {
    fn start(environment: &[(&str, &str)]) -> Self {
        let mut command = program(&["--port", "0"], KEYS);
        command.envs(environment.iter().copied());
        Self::launch(command)
    }

    fn launch(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut begun = String::new();
        while !begun.contains("listening on ") {
            assert!(log.read_line(&mut begun).unwrap() > 0, "the server ended before it listened: {begun}");
        }
        let address = begun.split("listening on ").nth(1).unwrap().split_whitespace().next().unwrap();
        let port = address.rsplit(':').next().unwrap().trim_end_matches('"').parse().unwrap();
        Self { child, log, begun, port }
    }

    /// What requests are signed by where no auth token is set.
    fn signing_token(&self) -> &str {
        let (_, after) = self.begun.split_once("requests signed by ").unwrap();
        after.split_whitespace().next().unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        // The shell's own: slim images have no other.
        let order = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// The rest of the log, once the process has ended.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails where the process has ended already.
        drop(self.child.kill());
    }
}

#[test]
fn bad_configuration_stops_the_start_with_every_mistake_and_no_secret() {
    let prompts = format!("{}/broken-prompts", env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&prompts).unwrap();
    std::fs::write(format!("{prompts}/clinica.md"), "+++\nlanguage = \"fr-FR\"\n+++\nBonjour").unwrap();
    let bad = [
        ("PORT", "x"),
        ("BIND", "0.0.0.0"),
        ("API_TOKEN", "hush-hush"),
        ("DEEPGRAM_API_KEY", "hush hush"),
        ("DEEPGRAM_BASE_URL", "ftp://canary"),
        ("PROMPTS_DIR", &prompts),
    ];
    for arguments in [&[][..], &["serve"], &["check"]] {
        let begun = begun();
        let output = program(arguments, &bad).output().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(78));
        let told = told(&output);
        let places =
            ["server.port", "server.bind", "server.api_token", "deepgram.api_key", "deepgram.base_url"];
        for place in places.iter().chain(&["clinica.md line 2"]) {
            assert!(told.contains(&format!("\n  {place}")), "{place} is missing in\n{told}");
        }
        assert!(!told.contains("hush"), "{told}");
    }
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_mistake() {
    let output = program(&["check", "--config", "/nowhere.toml"], &[("PORT", "x")]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = told(&output);
    assert!(
        told.contains("2 mistakes") && told.contains("server.port") && told.contains("/nowhere.toml"),
        "{told}"
    );
}

#[test]
fn a_server_that_others_reach_prints_no_key_to_its_api() {
    let open = [("TWILIO_AUTH_TOKEN", "canary"), ("PUBLIC_URL", "https://voice.example.com")];
    for (environment, opens) in [(&open[..], false), (&[], true)] {
        let server = Server::start(environment);
        let refused = server.get("/api/calls");
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
        assert_eq!(server.begun.contains("the API opens with"), opens, "{}", server.begun);
        assert!(server.begun.contains("API_TOKEN is not set"), "{}", server.begun);
    }
}

#[test]
fn the_example_is_a_configuration_that_passes_its_own_check() {
    let output = program(&["check", "--example"], &[]).output().unwrap();
    let file = format!("{}/example.toml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, &output.stdout).unwrap();
    let output = program(&["check", "--config", &file], KEYS).output().unwrap();
    let told = told(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("Deepgram nova-3 at http://127.0.0.1:9"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_call_that_cannot_be_placed_is_told_at_once_and_fails() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{nobody}");
    let broken = format!("{}/broken.wav", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&broken, "not a recording").unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&[], "--token or in TWILIO_AUTH_TOKEN"),
        (&["--token", "x", "--url", &url], "start a server with `centralita serve`"),
        (&["--token", "x", "--url", &nobody], "write it like http://"),
        (&["--token", "x", "--wav", "nowhere.wav"], "nowhere.wav: No such file"),
        (&["--token", "x", "--wav", &broken], "broken.wav: not a usable WAV file"),
        (&["--token", "x", "--language", "fr"], "es and en are"),
        (&["--token", "x", "--voice", "nobody"], "ef_dora, em_alex"),
        (&["--token", "x", "--voice", "ef_dora", "--language", "en"], "ef_dora speaks es and not en"),
    ];
    for (arguments, remedy) in cases {
        let output =
            program(&[&["call", "--model-dir", "/nowhere"], arguments].concat(), &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(remedy), "{arguments:?}: {}", told(&output));
    }
}

#[test]
fn a_demo_finds_its_agent_as_a_server_does() {
    let output = program(&["demo", "--agent", "nobody", "--model-dir", "/nowhere"], &[]).output().unwrap();
    assert!(output.status.code() == Some(1) && told(&output).contains("`nobody`"), "{}", told(&output));
    for agent in ["dental", "prompts/dental.md"] {
        let output =
            program(&["demo", "--agent", agent, "--model-dir", "/proc/nowhere"], &[]).output().unwrap();
        // The agent was found: the models are what fails.
        assert!(told(&output).contains("/proc/nowhere"), "{agent}: {}", told(&output));
    }
}

#[test]
fn a_port_that_is_taken_ends_the_start_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program(&["--port", &port], KEYS).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains(&port), "{}", told(&output));
}

#[test]
fn an_agent_that_does_not_exist_ends_the_start_and_is_named() {
    for command in ["serve", "check"] {
        let output = program(&[command, "--agent", "nobody"], KEYS).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", told(&output));
        assert!(told(&output).contains("`nobody`"), "{}", told(&output));
    }
}

#[test]
fn a_signal_ends_an_idle_server_at_once_and_in_order() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(&[]);
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
        let port = server.port.to_string();
        let health = program(&["check", "--health", "--port", &port], KEYS).output().unwrap();
        assert_eq!(health.status.code(), Some(0), "{}", told(&health));
        server.signal(signal);
        let (code, log) = server.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("canary"), "{log}");
    }
}

#[test]
fn a_server_that_is_not_there_is_not_well() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let output = program(&["check", "--health", "--port", &free], &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains(&free));
}

#[expect(clippy::disallowed_methods, reason = "the program's own speed is measured")]
fn begun() -> Instant {
    Instant::now()
}
