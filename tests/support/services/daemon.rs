//! A server as a process of ours, which does not outlive us: also not where the test process is killed.
//!
//! Its parent is a shell that reads from a pipe whose other end we hold. When we end, in whatever manner, the system closes
//! the pipe: the shell kills the server, waits until it is gone and removes its folder.

use super::GUARD;
use std::{
    collections::VecDeque,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};
use tokio::sync::watch;

/// The watcher: `$1` is the folder, `$2` how a server that is up is killed, the rest the server.
///
/// - A server that is not up yet may not have taken its signals in hand: it is killed outright.
/// - Orders: the server is `up`; it has `ended`; `leave` it and the folder to another watcher.
/// - A server that we have held up (`STOP`) is let go by the system when we end, and its whole group is told by `HUP`.
/// - Its standard error is ours, so whoever reads that to its end knows that nothing is left.
/// - Postgres' own children may write for a moment after a parent that was killed outright, hence the second try.
const WATCHER: &str = r#"
trap '' HUP
folder=$1 how=$2 kill=KILL
shift 2
/bin/sh -c 'echo "$$"; exec "$@"' sh "$@" < /dev/null 2>&1 &
server=$!
exec > /dev/null
while read -r order; do
  case $order in
    up) kill=$how ;;
    ended) wait "$server" 2> /dev/null; server= ;;
    leave) exit ;;
  esac
done
if [ -n "$server" ]; then
  kill -s "$kill" "$server"
  wait "$server" 2> /dev/null
fi
rm -rf "$folder" 2> /dev/null || { sleep 1; rm -rf "$folder"; }
"#;

/// Lines of a server's log that are kept, the oldest go first.
const LOG_LINES: usize = 2_000;

/// A user of the machine without rights, where we are root: Postgres and PgBouncer refuse to run as root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// `postgres`, which the Debian package makes, or `nobody`; none where we are not root.
    pub(super) fn unprivileged() -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let numbers = ["postgres:", "nobody:"].iter().find_map(|name| {
            let mut fields = users.lines().find_map(|line| line.strip_prefix(name))?.split(':').skip(1);
            Some(Self { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
        });
        Some(numbers.expect("a user `postgres` or `nobody` in /etc/passwd"))
    }
}

/// What is run, and how it tells that it is up.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// In the line of its log by which it is up; none for a program that does its work and ends.
    pub(super) ready: Option<&'static str>,
    /// The signal that ends it and its children at once.
    pub(super) kill: &'static str,
}

#[derive(Debug, Default)]
struct Output {
    lines: VecDeque<String>,
    pid: Option<u32>,
    up: bool,
    ended: bool,
}

/// A server in a folder of its own; it and the folder are gone after the drop.
#[derive(Debug)]
pub(super) struct Daemon {
    folder: PathBuf,
    account: Option<Account>,
    watcher: Option<Child>,
    output: watch::Receiver<Output>,
}

impl Daemon {
    /// A folder for the server called `name`, and nothing in it yet.
    pub(super) fn new(name: &str, account: Option<Account>) -> Self {
        let folder = std::env::temp_dir().join(format!("centralita-{name}-{:016x}", rand::random::<u64>()));
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        if let Some(Account { user, group }) = account {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        Self { folder, account, watcher: None, output: watch::channel(Output::default()).1 }
    }

    /// The server's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process that runs, or ran last.
    pub(super) fn pid(&self) -> u32 {
        self.output.borrow().pid.expect("a server that was started")
    }

    /// Starts it and waits until it is up, or until it has ended if it tells nothing.
    ///
    /// # Panics
    ///
    /// With its log, where it ends before it is up.
    pub(super) async fn run(&mut self, order: &Order) {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCHER, "sh"]).arg(&self.folder).arg(order.kill);
        command.arg(&order.program).args(&order.arguments);
        // A group of its own: what a terminal sends to ours must not end the watcher before its work is done.
        command.process_group(0).current_dir(&self.folder).env("LC_ALL", "C");
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        let mut watcher = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = watcher.stdout.take().unwrap();
        if let Some(former) = self.watcher.replace(watcher) {
            tell(&former, "leave");
            bury(former);
        }
        let (told, output) = watch::channel(Output::default());
        self.output = output;
        let ready = order.ready;
        thread::spawn(move || follow(stdout, ready, &told));
        self.until(|output| output.up || output.ended).await;
        let (up, ended) = (self.output.borrow().up, self.output.borrow().ended);
        assert!(up || ready.is_none(), "{} ended: {}", order.program.display(), self.log());
        self.tell(if ended { "ended" } else { "up" });
    }

    /// Sends a signal; from the return on it is on its way.
    pub(super) fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.pid());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Ends it by this signal and waits until it is gone with all its children. The folder stays.
    pub(super) async fn end(&mut self, signal: &str) {
        self.signal(signal);
        self.until(|output| output.ended).await;
        self.tell("ended");
    }

    /// What it wrote since it was started.
    pub(super) fn log(&self) -> String {
        self.output.borrow().lines.iter().flat_map(|line| ["\n", line]).collect()
    }

    async fn until(&mut self, met: impl FnMut(&Output) -> bool) {
        let waited = tokio::time::timeout(GUARD, self.output.wait_for(met)).await;
        let fine = waited.is_ok_and(|told| told.is_ok());
        assert!(fine, "nothing happened for {GUARD:?}: {}", self.log());
    }

    fn tell(&self, word: &str) {
        tell(self.watcher.as_ref().unwrap(), word);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        match self.watcher.take() {
            Some(watcher) => bury(watcher),
            // Nobody was started: what was not removed is an empty folder among the temporary ones.
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

fn tell(watcher: &Child, word: &str) {
    writeln!(watcher.stdin.as_ref().unwrap(), "{word}").unwrap();
}

/// Closes the pipe and waits until the watcher has done its work.
fn bury(mut watcher: Child) {
    drop(watcher.stdin.take());
    // An error means that it is gone.
    drop(watcher.wait());
}

/// Reads what a server writes until all of its processes have ended, so that it is never held up by a full pipe.
fn follow(stdout: ChildStdout, ready: Option<&str>, told: &watch::Sender<Output>) {
    for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        told.send_modify(|output| {
            if output.pid.is_none() {
                output.pid = line.parse().ok();
                return;
            }
            output.up |= ready.is_some_and(|ready| line.contains(ready));
            if output.lines.len() == LOG_LINES {
                output.lines.pop_front();
            }
            output.lines.push_back(line);
        });
    }
    told.send_modify(|output| output.ended = true);
}
