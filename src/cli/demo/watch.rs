//! Shows the call while it goes on: the caller's own words, and the agent's from the server's API.

use crate::cli::server::Server;
use crate::cli::terminal::say;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    time::{MissedTickBehavior, interval, timeout},
};

const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How long the record of an ended call may take to be written.
const RECORD: Duration = Duration::from_secs(10);

/// A screen that shows one call.
pub(super) struct Screen<'a> {
    server: &'a Server,
    path: String,
    shown: usize,
    record: Value,
}

impl<'a> Screen<'a> {
    pub(super) fn new(server: &'a Server, call: &str) -> Self {
        Self { server, path: format!("/api/calls/{call}"), shown: 0, record: Value::Null }
    }

    /// Shows the call until the caller's process has ended; the call's record as it was saved.
    pub(super) async fn show(mut self, mut caller: Child) -> anyhow::Result<Value> {
        let mut lines = caller.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while lines.is_some() {
            tokio::select! {
                line = next(&mut lines) => match line {
                    Some(line) => told(&line),
                    None => lines = None,
                },
                _ = ticks.tick() => self.look().await,
            }
        }
        let saved = timeout(RECORD, async {
            while self.record.get("outcome").is_none_or(Value::is_null) {
                ticks.tick().await;
                self.look().await;
            }
        });
        if saved.await.is_err() {
            say("The server did not finish the record of the call.");
        }
        caller.wait().await?;
        Ok(self.record)
    }

    async fn look(&mut self) {
        // The next look may succeed; what is missing in the end is told then.
        let Ok(Some(record)) = self.server.get(&self.path).await else { return };
        let entries = record.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        for entry in entries.iter().skip(self.shown) {
            show_entry(entry);
        }
        self.shown = self.shown.max(entries.len());
        self.record = record;
    }
}

async fn next(lines: &mut Option<Lines<BufReader<ChildStdout>>>) -> Option<String> {
    lines.as_mut()?.next_line().await.ok().flatten()
}

/// A line of the caller's process.
fn told(line: &str) {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    let text = text_of(&event, "text");
    match text_of(&event, "event") {
        "said" => line_of(&event, "caller", text),
        "heard" => {}
        what => line_of(&event, "", &format!("[{what}: {text}]")),
    }
}

fn show_entry(entry: &Value) {
    match text_of(entry, "what") {
        "agent" => {
            let cut = entry.get("interrupted").and_then(Value::as_bool).unwrap_or_default();
            let heard = text_of(entry, "heard");
            line_of(entry, "agent", &if cut { format!("{heard} — [interrupted]") } else { heard.to_owned() });
        }
        "caller" | "amended" => {
            line_of(entry, "", &format!("[the agent understood: {}]", text_of(entry, "text")));
        }
        "tool" => line_of(
            entry,
            "",
            &format!("[{} → {}]", text_of(entry, "name"), shortened(text_of(entry, "reply"))),
        ),
        "clip" => line_of(entry, "agent", &format!("[phrase: {}]", text_of(entry, "text"))),
        what => line_of(entry, "", &format!("[{what}]")),
    }
}

fn line_of(event: &Value, who: &str, text: &str) {
    let seconds = event.get("at_ms").and_then(Value::as_u64).unwrap_or_default() / 1_000;
    say(format_args!("  {:2}:{:02}  {who:<7} {text}", seconds / 60, seconds % 60));
}

/// The text at `key`; empty where there is none.
pub(super) fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Where a file of the call lies.
pub(super) fn file_of<'a>(record: &'a Value, which: &str) -> &'a str {
    record.get("files").map_or("", |files| text_of(files, which))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 90;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}
