//! PgBouncer in the mode that breaks what keeps a session: a connection is ours for one transaction.

use super::{
    address::{Parts, Port, moved_to},
    daemon::{Account, Daemon, Order},
    program, skip,
};
use std::{fmt::Write as _, fs, path::Path, process::Command};

/// A pool before a server. It asks for no password; the user `postgres` may also give orders to its database `pgbouncer`.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    url: String,
    daemon: Daemon,
    _port: Port,
}

impl PgBouncer {
    /// The pool size of most tests: enough to take turns, too few for a session each.
    pub(crate) const POOL: usize = 2;

    /// A pool of `pool_size` connections per database, by transaction, without prepared statements of its own, before the
    /// server of this URL (which may be a proxy's).
    ///
    /// All else is as it is installed: a parameter at the start of a session that it does not know is refused, also
    /// `extra_float_digits`. None, and it is said on a line of its own, where PgBouncer is not installed.
    pub(crate) async fn before(url: &str, pool_size: usize) -> Option<Self> {
        let Some(program) = program("pgbouncer") else {
            skip("PgBouncer", "pgbouncer");
            return None;
        };
        let mut daemon = Daemon::new("pgbouncer", Account::unprivileged());
        let port = Port::reserve();
        let folder = daemon.folder();
        fs::write(folder.join("users"), "\"postgres\" \"\"\n").unwrap();
        let mut settings = settings(url, &port, pool_size);
        if knows_prepared_statements(&program) {
            settings.push_str("max_prepared_statements = 0\n");
        }
        fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let arguments = vec!["pgbouncer.ini".to_owned()];
        daemon.run(&Order { program, arguments, ready: Some("process up: "), kill: "KILL" }).await;
        Some(Self { url: moved_to(port.address(), url), daemon, _port: port })
    }

    /// Of the same database, through the pool.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// Of its own database, which takes `SHOW POOLS`, `PAUSE`, `RESUME`, `KILL`.
    pub(crate) fn console(&self) -> String {
        let at = self.url.rsplit_once('/').expect("a URL with a database").0;
        format!("{at}/pgbouncer")
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}

fn settings(url: &str, port: &Port, pool_size: usize) -> String {
    let (host, at) = Parts::of(url).host.rsplit_once(':').expect("a URL with a port");
    let mut text = format!("[databases]\n* = host={host} port={at}\n[pgbouncer]\n");
    let number = port.number().to_string();
    let size = pool_size.to_string();
    for (name, value) in [
        ("listen_addr", "127.0.0.1"),
        ("listen_port", &number),
        ("unix_socket_dir", ""),
        ("auth_type", "trust"),
        ("auth_file", "users"),
        ("admin_users", "postgres"),
        ("pool_mode", "transaction"),
        ("default_pool_size", &size),
    ] {
        writeln!(text, "{name} = {value}").unwrap();
    }
    text
}

/// Since 1.21, and what is not known is an error in the file.
fn knows_prepared_statements(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = told.split_whitespace().nth(1).unwrap_or_default();
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(1), Some(21))
}
