//! How much memory is used of what there may be: in a container by the kernel's own count, else by what this process holds (Linux).
//!
//! Of a control group (cgroup) all of it counts, since its last process is ended like its first when the limit is reached. Files that the
//! kernel keeps in memory do not: it lets go of them before it ends anybody, and a database fills the rest of any limit with them.
//! Docs: <https://docs.kernel.org/admin-guide/cgroup-v2.html>, `memory.max`, `memory.current` and `memory.stat`;
//! <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html> (read 2026-11).

use std::fs;

/// Limits of this size and more are none: the first version of control groups writes the highest number of pages.
const NO_LIMIT: u64 = 1 << 60;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The control group of this process, or the one around it that is fuller.
    Container,
    /// What this process holds itself, against so many bytes.
    Own(u64),
}

impl Memory {
    /// What is used, in per cent of the limit; `None` where there is no limit, or nothing can be read.
    pub(super) fn percent(self) -> Option<u64> {
        let read = |path: &str| fs::read_to_string(path).ok();
        match self {
            Self::Container => container(&read),
            Self::Own(limit) => Some(percent(own(&read)?, limit)),
        }
    }
}

/// Reads a file; `None` where there is none.
type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

const fn percent(used: u64, limit: u64) -> u64 {
    match used.saturating_mul(100).checked_div(limit) {
        Some(percent) => percent,
        None => 100,
    }
}

/// What the process holds for itself: not the files that are mapped, such as the program.
fn own(read: Read<'_>) -> Option<u64> {
    let status = read("/proc/self/status")?;
    let kib = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    };
    Some((kib("RssAnon:")? + kib("RssShmem:")?) * 1_024)
}

/// The files of one version of control groups.
struct Files {
    root: &'static str,
    limit: &'static str,
    used: &'static str,
    /// Files in memory, in use lately and not.
    cache: [&'static str; 2],
}

const VERSION_1: Files = Files {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: ["total_active_file ", "total_inactive_file "],
};

const VERSION_2: Files = Files {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    cache: ["active_file ", "inactive_file "],
};

/// The fullest of the group and those around it.
fn container(read: Read<'_>) -> Option<u64> {
    let groups = read("/proc/self/cgroup")?;
    let of = |is_it: fn(&str) -> bool| {
        let mut lines = groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        lines.find(|(controllers, _)| is_it(controllers)).map(|(_, path)| path)
    };
    let first = of(|controllers| controllers.split(',').any(|name| name == "memory"));
    let (files, mut path) = match first {
        Some(path) => (VERSION_1, path),
        None => (VERSION_2, of(str::is_empty)?),
    };
    let mut fullest = None;
    // In a container the path may be the host's: what is not there is passed over, and the root is the container's own.
    loop {
        path = path.trim_end_matches('/');
        fullest = fullest.max(group(&files, path, read));
        match path.rsplit_once('/') {
            Some((around, _)) => path = around,
            None => return fullest,
        }
    }
}

fn group(files: &Files, path: &str, read: Read<'_>) -> Option<u64> {
    let text = |file: &str| read(&format!("{}{path}/{file}", files.root));
    let number = |file: &str| text(file)?.trim().parse::<u64>().ok();
    let limit = number(files.limit).filter(|limit| *limit < NO_LIMIT)?;
    let stat = text("memory.stat")?;
    let cached =
        |name: &&str| stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let cache: u64 = files.cache.iter().filter_map(cached).sum();
    Some(percent(number(files.used)?.saturating_sub(cache), limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// What a machine with these files says.
    fn of<T>(files: &[(&str, &str)], ask: impl FnOnce(Read<'_>) -> T) -> T {
        let files: BTreeMap<_, _> = files.iter().copied().collect();
        ask(&|path| files.get(path).map(|text| (*text).to_owned()))
    }

    #[test]
    fn a_container_counts_without_the_files_that_the_kernel_keeps() {
        let files = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/sys/fs/cgroup/memory.max", "268435456\n"),
            ("/sys/fs/cgroup/memory.current", "260000000\n"),
            (
                "/sys/fs/cgroup/memory.stat",
                "anon 1\nfile 2\ninactive_anon 3\ninactive_file 20000000\nactive_file 40000000\n",
            ),
        ];
        assert_eq!(of(&files, container), Some(74));
    }

    #[test]
    fn the_fullest_group_around_the_process_counts() {
        let files = [
            ("/proc/self/cgroup", "0::/calls.slice/centralita.service\n"),
            ("/sys/fs/cgroup/calls.slice/centralita.service/memory.max", "max\n"),
            ("/sys/fs/cgroup/calls.slice/centralita.service/memory.current", "900\n"),
            ("/sys/fs/cgroup/calls.slice/centralita.service/memory.stat", ""),
            ("/sys/fs/cgroup/calls.slice/memory.max", "1000\n"),
            ("/sys/fs/cgroup/calls.slice/memory.current", "910\n"),
            ("/sys/fs/cgroup/calls.slice/memory.stat", ""),
        ];
        assert_eq!(of(&files, container), Some(91));
        assert_eq!(of(&files[..4], container), None, "without a limit there is nothing to compare with");
        assert_eq!(of(&[], container), None);
    }

    #[test]
    fn the_first_version_writes_a_number_where_there_is_no_limit() {
        let files = [
            ("/proc/self/cgroup", "9:name=systemd:/\n4:hugetlb,memory:/docker/4f2a\n0::/\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "700\n"),
            (
                "/sys/fs/cgroup/memory/memory.stat",
                "active_file 1\ntotal_inactive_file 150\ntotal_active_file 50\n",
            ),
        ];
        assert_eq!(of(&files, container), Some(50));
        let mut unlimited = files;
        unlimited[1].1 = "9223372036854771712\n";
        assert_eq!(of(&unlimited, container), None);
    }

    #[test]
    fn the_process_counts_what_it_holds_for_itself() {
        let status = "Name:\tcentralita\nVmRSS:\t  900 kB\nRssAnon:\t  300 kB\nRssFile:\t  500 kB\nRssShmem:\t  100 kB\n";
        assert_eq!(of(&[("/proc/self/status", status)], own), Some(400 * 1_024));
        assert_eq!(percent(400, 0), 100);
    }
}
