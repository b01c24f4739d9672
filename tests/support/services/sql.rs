//! Just enough of Postgres' protocol 3.0 to see that a server lets us in and to give it a statement.

use super::{address::Parts, aside};
use std::{
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};

/// The rows of an answer, each value as text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Gives a server one statement, or several with `;` between, by itself: nothing of the code under test takes part.
///
/// # Errors
///
/// What the server answers, with its code (`ERROR 3D000: database "x" does not exist`), or why it was not reached. It is
/// waited for 30 s at most.
pub(crate) async fn sql(url: &str, statement: &str) -> Result<Rows, String> {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    aside(move || Session::open(&url, Duration::from_secs(30))?.ask(&statement)).await
}

/// One connection. It blocks.
pub(super) struct Session(TcpStream);

/// The version in the first packet: 3.0.
const PROTOCOL: u32 = 3 << 16;

impl Session {
    /// Connects without a password. `patience` is what each answer may take.
    pub(super) fn open(url: &str, patience: Duration) -> Result<Self, String> {
        let Parts { user, host, path, .. } = Parts::of(url);
        let address = host.to_socket_addrs().map_err(told)?.next().ok_or("no such host")?;
        let socket = TcpStream::connect_timeout(&address, patience).map_err(told)?;
        socket.set_read_timeout(Some(patience)).map_err(told)?;
        let mut session = Self(socket);
        let mut hello = PROTOCOL.to_be_bytes().to_vec();
        for word in ["user", user.unwrap_or("postgres"), "database", path, ""] {
            hello.extend(word.bytes().chain([0]));
        }
        session.send(&hello)?;
        session.until_ready()?;
        Ok(session)
    }

    /// One answer to one statement, or the rows of all of them.
    pub(super) fn ask(&mut self, statement: &str) -> Result<Rows, String> {
        self.0.write_all(b"Q").map_err(told)?;
        let mut text = statement.as_bytes().to_vec();
        text.push(0);
        self.send(&text)?;
        self.until_ready()
    }

    /// A body behind its length, which counts itself.
    fn send(&mut self, body: &[u8]) -> Result<(), String> {
        let length = u32::try_from(body.len() + 4).unwrap();
        self.0.write_all(&length.to_be_bytes()).and_then(|()| self.0.write_all(body)).map_err(told)
    }

    fn until_ready(&mut self) -> Result<Rows, String> {
        let mut rows = Rows::new();
        let mut failed = None;
        loop {
            let (kind, body) = self.message()?;
            match kind {
                b'R' if body != [0; 4] => return Err("the server asks for a password".to_owned()),
                b'D' => rows.push(row(&body)),
                b'E' => failed = Some(complaint(&body)),
                b'Z' => return failed.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    fn message(&mut self) -> Result<(u8, Vec<u8>), String> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head).map_err(told)?;
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        // Whoever answers with more is not Postgres.
        let length =
            length.checked_sub(4).filter(|length| *length < 1 << 24).ok_or("no Postgres answers there")?;
        let mut body = vec![0; length as usize];
        self.0.read_exact(&mut body).map_err(told)?;
        Ok((head[0], body))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: io::Error) -> String {
    error.to_string()
}

/// A count of two bytes, then each value behind its length of four; -1 is null.
fn row(body: &[u8]) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = &body[2..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, after) = after.split_at(length.unwrap_or(0));
        values.push(length.map(|_| String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    values
}

/// Fields that end with a zero, each behind a letter: `S` severity, `C` code, `M` message.
fn complaint(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let field = |letter| text.split('\0').find_map(|field| field.strip_prefix(letter)).unwrap_or_default();
    format!("{} {}: {}", field('S'), field('C'), field('M'))
}
