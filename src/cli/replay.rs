//! `centralita replay`: lives through a recorded call once more, tells its story, and says whether it went the same way.

use super::terminal::{complain, say};
use crate::{
    base::clock,
    dialogue::{
        input::Input,
        output::Output,
        record::Entry,
        replay::{self, End, Head, Log, Played, Verdict},
        stats::TurnReport,
    },
};
use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

/// Which call.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The log of a call: CALL.replay beside its recording in DATA_DIR, where the agent's front matter says `record = true`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prints each input and each output as a line of JSON instead of the story.
    #[arg(long)]
    json: bool,
}

/// Replays; succeeds only if all that the log holds came out the same.
pub fn run(args: &Args) -> ExitCode {
    match replayed(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn replayed(args: &Args) -> anyhow::Result<bool> {
    let name = || args.file.display().to_string();
    let bytes = fs::read(&args.file).with_context(name)?;
    let mut log = Log::open(&bytes).with_context(name)?;
    let verdict = if args.json {
        replay::replay(&mut log, clock::now(), |played| tell_json(&played))
    } else {
        tell_head(&log.head);
        let mut story = Story::default();
        let verdict = replay::replay(&mut log, clock::now(), |played| story.add(&played));
        story.tell();
        verdict
    };
    tell_verdict(&verdict, args.json);
    Ok(verdict.holds())
}

fn tell_head(head: &Head) {
    let Head { call, agent, program, started_at, .. } = head;
    say(format_args!("Call {call}, answered by {agent} at {started_at:.0} (centralita {program})\n"));
}

fn tell_verdict(verdict: &Verdict, json: bool) {
    let Verdict { inputs, outputs, difference, end } = verdict;
    if json {
        let difference = difference.as_ref().map(ToString::to_string);
        let end = end.as_ref().map(ToString::to_string);
        let same = verdict.holds();
        say(
            json!({"inputs": inputs, "outputs": outputs, "same": same, "difference": difference, "end": end}),
        );
        return;
    }
    if let Some(difference) = difference {
        say(format_args!("\nNot as in the call: {difference}"));
        return;
    }
    let whole = match end {
        Some(End::Whole { inputs: all_inputs, outputs: all_outputs }) => {
            if !verdict.holds() {
                say(format_args!(
                    "\nNot as in the call: it had {all_inputs} inputs and {all_outputs} outputs, the log has {inputs} and {outputs}"
                ));
                return;
            }
            ""
        }
        _ => " so far",
    };
    say(format_args!("\n{inputs} inputs, {outputs} outputs, all as in the call{whole}"));
    if let Some(end) = end.as_ref().filter(|_| !whole.is_empty()) {
        complain(end);
    }
}

/// A line for the input and one for each output.
fn tell_json(played: &Played<'_>) {
    let Played { number, at, input, outputs } = played;
    let at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
    say(json!({"number": number, "at_us": at_us, "input": shown(input)}));
    for output in *outputs {
        say(json!({"number": number, "at_us": at_us, "output": shown(output)}));
    }
}

/// The value as JSON; sound as its length.
fn shown(value: &impl Serialize) -> Value {
    fn without_sound(value: &mut Value) {
        match value {
            Value::Array(items) if items.first().is_some_and(Value::is_number) => {
                *value = json!({"bytes": items.len()});
            }
            Value::Array(items) => items.iter_mut().for_each(without_sound),
            Value::Object(map) => map.values_mut().for_each(without_sound),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value).unwrap_or_default();
    without_sound(&mut value);
    value
}

/// What people would tell of the call. Decisions come when they are made, what they are about lies before: the lines are
/// sorted in the end.
#[derive(Debug, Default)]
struct Story(Vec<(Duration, String)>);

impl Story {
    fn add(&mut self, played: &Played<'_>) {
        match played.input {
            Input::Begin { .. } => self.line(played.at, "", "[the line is open]"),
            Input::EndAsked => self.line(played.at, "", "[somebody asked for the end]"),
            Input::LineEnded => self.line(played.at, "", "[the line is closed]"),
            _ => {}
        }
        for output in played.outputs {
            match output {
                Output::Record(entry) => self.entry(entry),
                Output::Report(report) => self.line(played.at, "", &format!("[{}]", latencies(report))),
                Output::HangUp(ending) => {
                    self.line(played.at, "", &format!("[the agent hangs up: {ending}]"));
                }
                _ => {}
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let at = |ms: &u64| Duration::from_millis(*ms);
        match entry {
            Entry::Caller { at_ms, text } => self.line(at(at_ms), "caller", text),
            Entry::Amended { at_ms, text } => {
                self.line(at(at_ms), "", &format!("[the caller had said: {text}]"));
            }
            Entry::Agent { at_ms, heard, meant, interrupted, .. } => {
                let unheard = meant.strip_prefix(heard.as_str()).unwrap_or(meant).trim();
                let note = match (interrupted, unheard) {
                    (false, "") => String::new(),
                    (true, "") => "[interrupted]".to_owned(),
                    (true, unheard) => format!("[interrupted; unheard: {unheard}]"),
                    (false, unheard) => format!("[unheard: {unheard}]"),
                };
                let dash = if heard.is_empty() || note.is_empty() { "" } else { " — " };
                self.line(at(at_ms), "agent", &format!("{heard}{dash}{note}"));
            }
            Entry::Clip { at_ms, text, .. } => self.line(at(at_ms), "agent", &format!("[phrase: {text}]")),
            Entry::Tool { at_ms, name, arguments, reply } => {
                self.line(at(at_ms), "", &format!("[tool {name} {arguments} → {reply}]"));
            }
            Entry::Digit { at_ms, digit } => self.line(at(at_ms), "caller", &format!("[key {digit}]")),
            Entry::Paused { at_ms, .. } => {
                self.line(at(at_ms), "", "[the caller makes a sound: the agent pauses]");
            }
            Entry::Resumed { at_ms } => {
                self.line(at(at_ms), "", "[it was no interruption: the agent goes on]");
            }
            Entry::Recovered { at_ms, floor } => {
                self.line(at(at_ms), "", &format!("[nobody had the floor, which was with: {floor}]"));
            }
            Entry::Trouble { at_ms, kind } => self.line(at(at_ms), "", &format!("[trouble: {kind}]")),
        }
    }

    fn line(&mut self, at: Duration, who: &str, text: &str) {
        let (seconds, millis) = (at.as_secs(), at.subsec_millis());
        let line = format!("  {:2}:{:02}.{millis:03}  {who:<7} {text}", seconds / 60, seconds % 60);
        self.0.push((at, line));
    }

    fn tell(mut self) {
        self.0.sort_by_key(|(at, _)| *at);
        for (_, line) in self.0 {
            say(line);
        }
    }
}

/// How long each step of a turn took since the caller's last sound.
fn latencies(report: &TurnReport) -> String {
    let steps = [
        ("text", report.text_ms),
        ("end of turn", report.endpoint_ms),
        ("first token", report.first_token_ms),
        ("first piece", report.first_piece_ms),
        ("first sound", report.first_sound_ms),
        ("answer sent", report.response_ms),
        ("answer heard", report.heard_ms),
    ];
    let known = steps.iter().filter_map(|(name, ms)| Some(format!("{name} {} ms", (*ms)?)));
    let turn = report.turn;
    format!("turn {turn}: {}", known.collect::<Vec<_>>().join(", "))
}
