//! Open files: what the system allows this process decides how many connections it can take beside its calls.

use crate::web::HttpLimits;

/// What a call holds open at most: the media socket, recogniser, model, voice, REST, recording, record, and one to spare.
const OF_A_CALL: usize = 8;

/// What the process holds open besides: listening socket, event queue, log, models, agents.
const OF_THE_PROCESS: usize = 64;

/// How many files must be open at a time for so many calls, and for those who look after the server.
pub fn files_for(calls: usize) -> u64 {
    let files = OF_THE_PROCESS + calls.saturating_mul(OF_A_CALL) + 2 * HttpLimits::default().reserved;
    u64::try_from(files).unwrap_or(u64::MAX)
}

/// Raises the limit as far as it goes, and returns it.
pub(super) fn raise() -> usize {
    match rlimit::increase_nofile_limit(rlimit::INFINITY) {
        Ok(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        Err(error) => {
            tracing::warn!(code = "OPEN_FILES", %error, "the limit of open files is not known");
            1_024
        }
    }
}

/// Fewer connections where `files` do not suffice for all and for `calls`, so that a crowd takes no file from a call.
pub(super) fn limits(mut wanted: HttpLimits, calls: usize, files: usize) -> HttpLimits {
    let left = files.saturating_sub(OF_THE_PROCESS + calls.saturating_mul(OF_A_CALL));
    let least = 2 * wanted.reserved;
    if left < least {
        let advice = "raise it (ulimit -n, LimitNOFILE) or lower MAX_CALLS";
        tracing::warn!(
            code = "OPEN_FILES",
            files,
            calls,
            "too few files may be open for so many calls: {advice}"
        );
    }
    wanted.connections = wanted.connections.min(left.max(least));
    // No address gets more than a quarter of what is not reserved.
    wanted.per_address = wanted.per_address.min((wanted.connections - wanted.reserved) / 4);
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_files_that_calls_leave_and_never_fewer_than_twice_the_reserve() {
        let connections = |calls, files| {
            let limits = limits(HttpLimits::default(), calls, files);
            (limits.connections, limits.per_address)
        };
        assert_eq!(connections(300, 1 << 20), (20_000, 200));
        assert_eq!(connections(300, 4_096), (4_096 - 64 - 2_400, 200));
        assert_eq!(connections(300, 1_024), (128, 16));
    }
}
