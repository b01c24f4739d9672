//! Logs: text for people or JSON for machines. A reader that stalls costs log lines, never a call's time.
//!
//! Lines go through a bounded queue to a thread of their own; what does not fit is counted and said.

use super::metrics;
use serde::Deserialize;
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use tracing_subscriber::{EnvFilter, filter::Directive, fmt::MakeWriter};

/// Lines that wait for the reader: a second of a very talkative process, about 1 MB.
const WAITING: usize = 4_096;

/// How long the end of the process waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The filter's directives cannot be read.
    #[error("`{filter}` is not a log filter: {source}")]
    Filter {
        /// As it was given.
        filter: String,
        /// Why not.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The writing thread could not be started.
    #[error("no thread for the log: {0}")]
    Thread(#[from] io::Error),
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    lost: u64,
    writing: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the subscriber writes to; never waits for the reader.
#[derive(Clone, Debug)]
struct Lines(Arc<Shared>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.lock();
        if queue.lines.len() >= WAITING {
            queue.lost += 1;
            drop(queue);
            metrics::log_lines_dropped(1);
        } else {
            queue.lines.push_back(line.to_vec());
            drop(queue);
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Keeps the last lines: dropping it waits up to a second until they are written.
#[derive(Debug)]
#[must_use = "the last lines are lost when it is dropped early"]
pub struct LogGuard(Arc<Shared>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        let pending = |queue: &mut Queue| !queue.lines.is_empty() || queue.writing;
        drop(self.0.changed.wait_timeout_while(self.0.lock(), LAST_LINES, pending));
    }
}

/// async-openai logs what it cannot read of an answer, which is what was said in a call.
fn silenced() -> Result<Directive, LogError> {
    const FILTER: &str = "async_openai=off";
    FILTER.parse().map_err(|source| LogError::Filter { filter: FILTER.to_owned(), source })
}

/// Starts the log of the process on `out`. A log that was started before stays.
///
/// # Errors
/// See [`LogError`].
pub fn start(filter: &str, style: Style, out: impl Write + Send + 'static) -> Result<LogGuard, LogError> {
    let directives = EnvFilter::builder()
        .parse(filter)
        .map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?
        .add_directive(silenced()?);
    let (lines, guard) = queue(out)?;
    let builder = tracing_subscriber::fmt().with_env_filter(directives).with_writer(lines);
    let started = match style {
        Style::Text => builder.with_ansi(false).try_init(),
        Style::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
    Ok(guard)
}

fn queue(out: impl Write + Send + 'static) -> io::Result<(Lines, LogGuard)> {
    let shared = Arc::new(Shared::default());
    let reader = Arc::clone(&shared);
    thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(&reader, out))?;
    Ok((Lines(Arc::clone(&shared)), LogGuard(shared)))
}

/// Lives as long as the process; a closed output (a pager that was left) makes it drop what comes.
fn write_lines(shared: &Shared, mut out: impl Write) {
    loop {
        let (lines, lost) = {
            let idle = |queue: &mut Queue| queue.lines.is_empty();
            let waited = shared.changed.wait_while(shared.lock(), idle);
            let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
            queue.writing = true;
            (std::mem::take(&mut queue.lines), std::mem::take(&mut queue.lost))
        };
        let mut failed = lines.iter().find_map(|line| out.write_all(line).err());
        if lost > 0 && failed.is_none() {
            failed = writeln!(out, "{lost} log lines were lost: the reader of the log is too slow").err();
        }
        if out.flush().is_err() || failed.is_some() {
            metrics::log_lines_dropped(lines.len() as u64);
        }
        shared.lock().writing = false;
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// An output that takes a line only when it is allowed to.
    struct Reader {
        allowed: Receiver<()>,
        seen: SyncSender<String>,
    }

    impl Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.allowed.recv().map_err(io::Error::other)?;
            self.seen.send(String::from_utf8_lossy(line).into_owned()).map_err(io::Error::other)?;
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_and_no_time() {
        let (allow, allowed) = sync_channel(3 * WAITING);
        let (seen, lines) = sync_channel(3 * WAITING);
        let (mut log, guard) = queue(Reader { allowed, seen }).unwrap();
        for number in 0..2 * WAITING + 10 {
            writeln!(log, "{number}").unwrap();
        }
        drop(log);
        for _ in 0..2 * WAITING + 20 {
            allow.send(()).unwrap();
        }
        drop(guard);
        let lines: String = lines.try_iter().collect();
        assert!(lines.starts_with("0\n1\n2\n"));
        assert!(lines.contains("log lines were lost"), "{}", lines.len());
    }

    #[test]
    fn the_last_lines_are_written_before_the_guard_is_gone() {
        let (allow, allowed) = sync_channel(2);
        let (seen, lines) = sync_channel(2);
        let (mut log, guard) = queue(Reader { allowed, seen }).unwrap();
        allow.send(()).unwrap();
        log.write_all(b"goodbye\n").unwrap();
        drop(guard);
        assert_eq!(lines.try_recv().unwrap(), "goodbye\n");
    }

    #[test]
    fn a_filter_that_is_none_is_told() {
        let error = start("loud=very", Style::Text, io::sink()).unwrap_err();
        assert!(error.to_string().starts_with("`loud=very` is not a log filter"), "{error}");
    }
}
