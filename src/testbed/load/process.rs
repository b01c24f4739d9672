//! What a process on this machine uses, from `/proc` (Linux).

use std::{fs, path::Path, time::Duration};

/// Clock ticks per second of `utime` and `stime` (`USER_HZ`, 100 on every Linux that Rust runs on).
const TICKS_PER_SECOND: u64 = 100;

/// Time that all cores together spent since the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    idle: u64,
    all: u64,
}

impl Machine {
    /// Up to this moment.
    pub(super) fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The share of the cores' time since `earlier` in which something ran, 0 to 1.
    pub(super) fn busy_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        1.0 - self.idle.saturating_sub(earlier.idle) as f64 / all as f64
    }

    /// From a table like `/proc/stat`: user, nice, system, idle, waiting for a disk, interrupts, others' machines.
    fn read(table: &str) -> Option<Self> {
        let total = table.lines().next()?.strip_prefix("cpu ")?;
        let times: Vec<u64> =
            total.split_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { idle: times.get(3)? + times.get(4)?, all: times.iter().sum() })
    }
}

/// Bytes per page of `statm` on the machines that we measure.
const PAGE: u64 = 4_096;

/// A process that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// The process of this number.
    pub const fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// The process itself.
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// Its number.
    pub const fn pid(self) -> u32 {
        self.0
    }

    /// The process that listens on this TCP port of this machine, if we may see it.
    pub fn listening_on(port: u16) -> Option<Self> {
        let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .find_map(|table| listener(&fs::read_to_string(table).ok()?, port))?;
        let wanted = format!("socket:[{inode}]");
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.find(|pid| holds(*pid, &wanted)).map(Self)
    }

    /// User and system time so far; `None` when the process is gone.
    pub fn cpu(self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        cpu_of(&stat)
    }

    /// Resident memory in bytes; `None` when the process is gone.
    pub fn resident(self) -> Option<u64> {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.0)).ok()?;
        Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * PAGE)
    }

    /// Open file descriptors; `None` when the process is gone or another user's.
    pub fn descriptors(self) -> Option<usize> {
        Some(fs::read_dir(format!("/proc/{}/fd", self.0)).ok()?.count())
    }
}

/// The inode of the socket that listens on `port`, from a table like `/proc/net/tcp`.
fn listener(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        let local_port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
        (state == LISTEN && local_port == port).then(|| inode.parse().ok())?
    })
}

fn holds(pid: u32, socket: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == Path::new(socket)))
}

/// `utime` + `stime` of a `/proc/PID/stat`; the name before them may hold spaces and brackets.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_any_name() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 100 1000 200";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(2)));
    }

    #[test]
    fn waiting_for_a_disk_is_idle() {
        let earlier = Machine::read("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3").unwrap();
        let later = Machine::read("cpu  200 0 200 800 100 0 0 0 0 0").unwrap();
        assert!((later.busy_since(earlier) - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_listener_of_a_port_is_this_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Process::listening_on(port), Some(Process::own()));
        assert!(Process::own().resident().unwrap() > 1_000_000);
        assert!(Process::own().descriptors().unwrap() > 3);
    }
}
