//! Redis: one for the whole test process, or one of a test's own that may be stopped, held up and filled.

use super::{
    address::{Port, address_of, moved_to},
    aside,
    daemon::{Daemon, Order},
    program, skip,
};
use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};
use tokio::sync::OnceCell;

const URL: &str = "redis://127.0.0.1:6379/";

/// How long a server that runs may take to answer before one is started instead.
const PROBE: Duration = Duration::from_secs(5);

/// A server without a password.
#[derive(Debug)]
pub(crate) struct Redis {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    daemon: Daemon,
    server: Order,
    _port: Port,
}

impl Redis {
    /// A server for all tests of this process: the one that runs on port 6379 if it answers, else one of our own.
    ///
    /// Its keys are everybody's: a test uses a prefix of its own and empties nothing. None, and it is said on a line of its
    /// own, where there is none and none is installed.
    pub(crate) async fn any() -> Option<&'static Self> {
        static ANY: OnceCell<Option<Redis>> = OnceCell::const_new();
        ANY.get_or_init(|| async {
            let pong = aside(|| ask(URL, &["PING"], PROBE)).await;
            let runs = pong.is_ok_and(|pong| pong == "PONG");
            if runs { Some(Self { url: URL.to_owned(), own: None }) } else { Self::own().await }
        })
        .await
        .as_ref()
    }

    /// An empty server of the test's own. It stores nothing: after a stop it is empty again.
    pub(crate) async fn own() -> Option<Self> {
        let Some(program) = program("redis-server") else {
            skip("Redis", "redis-server");
            return None;
        };
        let mut daemon = Daemon::new("redis", None);
        let port = Port::reserve();
        let folder = daemon.folder().to_str().unwrap().to_owned();
        let number = port.number().to_string();
        let settings =
            [("bind", "127.0.0.1"), ("port", &number), ("save", ""), ("appendonly", "no"), ("dir", &folder)];
        let arguments = settings.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]);
        let arguments = arguments.collect();
        let server = Order { program, arguments, ready: Some("Ready to accept connections"), kill: "KILL" };
        daemon.run(&server).await;
        Some(Self { url: moved_to(port.address(), URL), own: Some(Own { daemon, server, _port: port }) })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The number of its process: of one of the test's own.
    pub(crate) fn pid(&self) -> u32 {
        self.own.as_ref().expect("a server of one's own").daemon.pid()
    }

    /// Gives it one command. The items of a list stand on a line each.
    ///
    /// # Errors
    ///
    /// What the server answers (`OOM command not allowed …`), or why it was not reached. It is waited for 30 s at most.
    pub(crate) async fn ask(&self, words: &[&str]) -> Result<String, String> {
        let url = self.url.clone();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        aside(move || ask(&url, &words, Duration::from_secs(30))).await
    }

    /// Ends it. From the return on nobody listens, and connections are closed.
    pub(crate) async fn stop(&mut self) {
        self.mine().daemon.end("KILL").await;
    }

    /// Starts it after [`Self::stop`]: on the same port, empty. From the return on it answers.
    pub(crate) async fn start(&mut self) {
        let Own { daemon, server, .. } = self.mine();
        daemon.run(server).await;
    }

    /// Holds it up: the system still takes connections and bytes, nothing answers.
    pub(crate) fn pause(&mut self) {
        self.mine().daemon.signal("STOP");
    }

    /// Lets it go on; what it was asked in the meantime is answered.
    pub(crate) fn resume(&mut self) {
        self.mine().daemon.signal("CONT");
    }

    /// From the return on each command that needs memory fails by `OOM`; reading goes on.
    pub(crate) async fn fill(&mut self) {
        self.limit("1").await;
    }

    /// From the return on it has room again.
    pub(crate) async fn make_room(&mut self) {
        self.limit("0").await;
    }

    async fn limit(&mut self, bytes: &str) {
        self.mine();
        assert_eq!(self.ask(&["CONFIG", "SET", "maxmemory", bytes]).await.as_deref(), Ok("OK"));
    }

    fn mine(&mut self) -> &mut Own {
        // Nobody else has a server that can be changed: `any` lends it.
        self.own.as_mut().expect("a server of one's own")
    }
}

fn ask(url: &str, words: &[impl AsRef<str>], patience: Duration) -> Result<String, String> {
    let told = |error: std::io::Error| error.to_string();
    let mut socket = TcpStream::connect_timeout(&address_of(url), patience).map_err(told)?;
    socket.set_read_timeout(Some(patience)).map_err(told)?;
    let mut command = format!("*{}\r\n", words.len());
    for word in words.iter().map(AsRef::as_ref) {
        write!(command, "${}\r\n{word}\r\n", word.len()).unwrap();
    }
    socket.write_all(command.as_bytes()).map_err(told)?;
    answer(&mut BufReader::new(socket))
}

/// One answer of the protocol (RESP 2): a kind in one letter, then a word, a length or a count.
fn answer(from: &mut BufReader<TcpStream>) -> Result<String, String> {
    let mut line = String::new();
    from.read_line(&mut line).map_err(|error| error.to_string())?;
    let line = line.trim_end();
    let rest = line.get(1..).ok_or("the server has closed the connection")?;
    let count = || rest.parse::<usize>().unwrap_or(0);
    match &line[..1] {
        "+" | ":" => Ok(rest.to_owned()),
        "$" if rest == "-1" => Ok("(nil)".to_owned()),
        "$" => {
            let mut value = vec![0; count() + 2];
            from.read_exact(&mut value).map_err(|error| error.to_string())?;
            Ok(String::from_utf8_lossy(&value[..value.len() - 2]).into_owned())
        }
        "*" => {
            (0..count()).map(|_| answer(from)).collect::<Result<Vec<_>, _>>().map(|items| items.join("\n"))
        }
        _ => Err(rest.to_owned()),
    }
}
