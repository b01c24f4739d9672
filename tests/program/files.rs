//! A server that may open few files (reliability K1).

use super::{KEYS, Server, program};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

/// Files that the process may open: it has about forty of its own.
const FILES: u32 = 90;

/// Asks for health on a connection that stays open; the first line of the answer, or nothing where none comes.
fn asks(connection: &mut TcpStream) -> Option<String> {
    write!(connection, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        connection.read_exact(&mut byte).ok()?;
        answer.extend(byte);
    }
    String::from_utf8_lossy(&answer).lines().next().map(str::to_owned)
}

#[test]
fn who_is_there_is_served_while_no_file_is_left_and_others_are_once_one_is() {
    let direct = program(&["--port", "0"], KEYS);
    let mut limited = Command::new("sh");
    let order = format!("ulimit -n {FILES}; exec \"$0\" \"$@\"");
    limited.args(["-c", &order]).arg(direct.get_program()).args(direct.get_args());
    limited.env_clear().envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.env("MAX_CALLS", "1").current_dir(env!("CARGO_MANIFEST_DIR"));
    let server = Server::launch(limited);

    let mut first = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let patient = Duration::from_secs(20);
    first.set_read_timeout(Some(patient)).unwrap();
    assert_eq!(asks(&mut first).as_deref(), Some("HTTP/1.1 200 OK"));
    // The system takes them all; the server has files for some of them.
    let crowd: Vec<TcpStream> =
        (0..2 * FILES).map(|_| TcpStream::connect(("127.0.0.1", server.port)).unwrap()).collect();
    assert_eq!(asks(&mut first).as_deref(), Some("HTTP/1.1 200 OK"));
    drop(crowd);
    let mut new = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    new.set_read_timeout(Some(patient)).unwrap();
    assert_eq!(asks(&mut new).as_deref(), Some("HTTP/1.1 200 OK"));
    server.signal("TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("no connection could be accepted"), "the files were never used up: {log}");
}
