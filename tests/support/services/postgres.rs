//! Postgres: one for the whole test process, or one of a test's own that may be stopped; and a fresh database per test.

use super::{
    GUARD,
    address::{Port, moved_to},
    aside,
    daemon::{Account, Daemon, Order},
    program, skip,
    sql::{Session, sql},
};
use std::{fs, path::PathBuf, time::Duration};
use tokio::sync::OnceCell;

/// The superuser that every server here lets in without a password.
const URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// How long a server that runs may take to let us in before one is started instead.
const PROBE: Duration = Duration::from_secs(5);

/// A server. Its user `postgres` may do everything and has no password.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    daemon: Daemon,
    server: Order,
    _port: Port,
}

impl Postgres {
    /// A server for all tests of this process: the one that runs on port 5432 if it lets us in, else one of our own.
    ///
    /// None, and it is said on a line of its own, where there is none and none is installed.
    pub(crate) async fn any() -> Option<&'static Self> {
        static ANY: OnceCell<Option<Postgres>> = OnceCell::const_new();
        ANY.get_or_init(|| async {
            let runs = aside(|| Session::open(URL, PROBE).is_ok()).await;
            if runs { Some(Self { url: URL.to_owned(), own: None }) } else { Self::own().await }
        })
        .await
        .as_ref()
    }

    /// A fresh server of the test's own, which may be stopped and started again. It takes a second or two.
    ///
    /// It does not wait for the disk (`fsync=off`): what it has committed outlives its own crash, but not the machine's.
    pub(crate) async fn own() -> Option<Self> {
        Self::own_with(&[]).await
    }

    /// The same with settings of the server, for instance `("fsync", "on")` or `("max_connections", "5")`.
    pub(crate) async fn own_with(settings: &[(&str, &str)]) -> Option<Self> {
        let Some(programs) = programs() else {
            skip("Postgres", "postgresql");
            return None;
        };
        let mut daemon = Daemon::new("postgres", Account::unprivileged());
        let port = Port::reserve();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let make = "--pgdata=data --username=postgres --auth=trust --encoding=UTF8 --no-locale --no-sync";
        let initdb =
            Order { program: programs.join("initdb"), arguments: words(make), ready: None, kill: "KILL" };
        daemon.run(&initdb).await;
        let mut arguments = words("-D data -h 127.0.0.1 -k");
        arguments.push(daemon.folder().to_str().unwrap().to_owned());
        arguments.extend(["-p".to_owned(), port.number().to_string()]);
        let ours = [("fsync", "off"), ("full_page_writes", "off"), ("shared_buffers", "16MB")];
        for (name, value) in ours.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        let server = Order {
            program: programs.join("postgres"),
            arguments,
            ready: Some("database system is ready to accept connections"),
            // At once, and with all its children, also those that are busy.
            kill: "QUIT",
        };
        daemon.run(&server).await;
        Some(Self { url: moved_to(port.address(), URL), own: Some(Own { daemon, server, _port: port }) })
    }

    /// Of its database `postgres`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The number of its process: of one of the test's own.
    pub(crate) fn pid(&self) -> u32 {
        self.own.as_ref().expect("a server of one's own").daemon.pid()
    }

    /// Stops it: sessions are ended (`57P01`), what they had not committed is lost. From the return on nobody listens.
    pub(crate) async fn stop(&mut self) {
        self.mine().daemon.end("INT").await;
    }

    /// Ends it as a crash would: it must recover from its log when it starts. From the return on nobody listens.
    pub(crate) async fn crash(&mut self) {
        self.mine().daemon.end("QUIT").await;
    }

    /// Starts it after [`Self::stop`] or [`Self::crash`], on the same port, with the same data. From the return on it answers.
    pub(crate) async fn start(&mut self) {
        let Own { daemon, server, .. } = self.mine();
        daemon.run(server).await;
    }

    /// What it logged since it was started.
    pub(crate) fn log(&self) -> String {
        self.own.as_ref().expect("a server of one's own").daemon.log()
    }

    fn mine(&mut self) -> &mut Own {
        // Nobody else has a server that can be changed: `any` lends it.
        self.own.as_mut().expect("a server of one's own")
    }
}

/// The folder with `initdb` and `postgres`, newest version first: Debian puts none of them into `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists() && folder.join("postgres").exists())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, folder)| folder);
    newest.or_else(|| {
        Some(program("initdb")?.parent()?.to_owned()).filter(|folder| folder.join("postgres").exists())
    })
}

/// A database of a test's own; dropped with the guard, whoever is still connected.
#[derive(Debug)]
pub(crate) struct Database {
    url: String,
    server: String,
    name: String,
}

impl Database {
    /// A fresh one on the server of this URL.
    ///
    /// The URL must lead to the server straight: the drop blocks, so a [`Proxy`](super::Proxy) in this process could not
    /// pass it on. Put proxies and pools before [`Self::url`].
    pub(crate) async fn on(server: &str) -> Self {
        let name = format!("centralita_{:016x}", rand::random::<u64>());
        sql(server, &format!("CREATE DATABASE {name}")).await.unwrap();
        let at = server.rsplit_once('/').expect("a URL with a database").0;
        Self { url: format!("{at}/{name}"), server: server.to_owned(), name }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its name: `centralita_` and 16 hexadecimal digits.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A server that the test has stopped keeps it, and goes itself.
        drop(Session::open(&self.server, GUARD).and_then(|mut session| session.ask(&statement)));
    }
}
