//! The figures of a load, and how they are shown.

use crate::testbed::phone::Measured;
use serde::Serialize;
use std::{
    fmt::{self, Write as _},
    time::Duration,
};

/// The delays of the fakes in sequence: final 350, first token 200, first byte 100 ms (design §9).
pub(super) const FAKES: Duration = Duration::from_millis(650);

/// An interruption with this much of the agent's speech after it and no `clear` was not heard by the server.
const MISSED: Duration = Duration::from_millis(600);

/// How figures are spread, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The least.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// 95 of 100 are not above it.
    pub p95: f64,
    /// 99 of 100 are not above it.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of signed milliseconds.
    pub(super) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let place = (figures.len() * share).div_ceil(1_000).saturating_sub(1);
            figures.get(place).copied().unwrap_or_default()
        };
        let max = figures.last().copied().unwrap_or_default();
        Self { count: figures.len(), min: at(0), p50: at(500), p95: at(950), p99: at(990), max }
    }
}

/// All that a load measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadReport {
    /// Calls at the same time.
    pub calls: usize,
    /// Calls placed in all.
    pub placed: usize,
    /// Calls that ended otherwise than by their caller, with the reasons.
    pub failed: Vec<String>,
    /// Utterances without an answer within 8 s.
    pub unanswered: u64,
    /// Length of the measured window, seconds.
    pub seconds: f64,
    /// Calls at the same time, on average over the window.
    pub concurrent: f64,
    /// The share of the time that callers spoke.
    pub speaking_share: f64,
    /// Last voiced frame sent to first audible frame played, ms.
    pub response: Spread,
    /// The same less the delays of the fakes, ms.
    pub added: Spread,
    /// First voiced frame sent to `clear`, ms.
    pub barge_in: Spread,
    /// Interruptions without a `clear` though the agent went on for 600 ms.
    pub barge_in_missed: usize,
    /// Frames of 20 ms that were played.
    pub frames: u64,
    /// How late a frame came, 99.9 of 100, ms.
    pub late_p999: f64,
    /// How late a frame came at most, ms.
    pub late_max: f64,
    /// Times that the playout ran dry for more than 20 ms within the agent's speech.
    pub underruns: usize,
    /// Server CPU (user and system) per second of call, ms.
    pub cpu_ms_per_call_second: Option<f64>,
    /// Server memory per call: resident during less idle, KiB.
    pub kib_per_call: Option<f64>,
    /// Server memory before the first call, MiB.
    pub idle_mib: Option<f64>,
    /// Server memory 5 s after the last call, MiB.
    pub after_mib: Option<f64>,
    /// Server file descriptors before the first and 5 s after the last call.
    pub descriptors: Option<(usize, usize)>,
    /// CPU of this tool per second of call, ms.
    pub own_cpu_ms_per_call_second: f64,
    /// The share of all cores' time in which anything ran, 0 to 1.
    pub machine_busy: Option<f64>,
    /// Events that callers took too late to count.
    pub events_lost: u64,
}

impl LoadReport {
    /// Adds what the phones measured.
    pub(super) fn measure(&mut self, calls: &[Measured]) {
        let ms = |d: &Duration| d.as_secs_f64() * 1_000.0;
        let responses: Vec<f64> = calls.iter().flat_map(|c| &c.responses).map(ms).collect();
        self.added = Spread::of(responses.iter().map(|r| r - ms(&FAKES)).collect());
        self.response = Spread::of(responses);
        let interruptions = calls.iter().flat_map(|c| &c.interruptions);
        let cleared = interruptions
            .clone()
            .filter_map(|i| i.cleared.map(|at| ms(&at.saturating_duration_since(i.first_voiced))));
        self.barge_in = Spread::of(cleared.collect());
        self.barge_in_missed = interruptions
            .filter(|i| i.cleared.is_none())
            .filter(|i| i.audible_until.saturating_duration_since(i.first_voiced) > MISSED)
            .count();
        self.frames = calls.iter().map(|c| c.frames).sum();
        let mut late: Vec<f64> = calls.iter().flat_map(|c| &c.late).map(ms).collect();
        late.sort_by(|a, b| b.total_cmp(a));
        // All frames that were not late were late by nothing.
        let place = usize::try_from(self.frames / 1_000).unwrap_or(usize::MAX);
        self.late_p999 = late.get(place).copied().unwrap_or_default();
        self.late_max = late.first().copied().unwrap_or_default();
        self.underruns = late.iter().filter(|ms| **ms > 20.0).count();
    }

    /// Whether every call was held to its end and every utterance answered.
    pub fn is_well(&self) -> bool {
        self.failed.is_empty() && self.unanswered == 0 && self.response.count > 0
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<(&str, String)> = Vec::new();
        let spread = |s: &Spread| {
            format!(
                "p50 {:.0}  p95 {:.0}  p99 {:.0}  max {:.0}  (of {})",
                s.p50, s.p95, s.p99, s.max, s.count
            )
        };
        let maybe = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "not measured".to_owned(), |v| format!("{v:.2} {unit}"))
        };
        let calls = format!(
            "{} at a time, {} placed, {} failed, {:.0} s measured",
            self.calls,
            self.placed,
            self.failed.len(),
            self.seconds
        );
        rows.push(("calls", calls));
        rows.push(("callers speak", format!("{:.0} % of the time", self.speaking_share * 100.0)));
        rows.push(("response, ms", spread(&self.response)));
        rows.push(("added, ms", spread(&self.added)));
        rows.push(("unanswered", self.unanswered.to_string()));
        rows.push(("barge-in to clear, ms", spread(&self.barge_in)));
        rows.push(("barge-in missed", self.barge_in_missed.to_string()));
        let late = format!(
            "p99.9 {:.1}  max {:.1}  underruns over 20 ms: {}  (of {} frames)",
            self.late_p999, self.late_max, self.underruns, self.frames
        );
        rows.push(("frame lateness, ms", late));
        rows.push(("server CPU", maybe(self.cpu_ms_per_call_second, "ms per call-second")));
        rows.push(("server memory", maybe(self.kib_per_call, "KiB per call")));
        let mib = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |v| format!("{v:.1}"));
        let resident = format!("idle {} MiB, after {} MiB", mib(self.idle_mib), mib(self.after_mib));
        rows.push(("server resident", resident));
        if let Some((before, after)) = self.descriptors {
            rows.push(("server descriptors", format!("{before} before, {after} after")));
        }
        rows.push(("load tool CPU", format!("{:.2} ms per call-second", self.own_cpu_ms_per_call_second)));
        let busy = self.machine_busy.map_or_else(|| "?".to_owned(), |busy| format!("{:.0} %", busy * 100.0));
        rows.push(("all cores busy", busy));
        let mut table = String::new();
        for (name, value) in rows {
            writeln!(table, "{name:<24}{value}")?;
        }
        for reason in self.failed.iter().take(5) {
            writeln!(table, "failed: {reason}")?;
        }
        f.write_str(table.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_figures_that_occurred() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect());
        let shown = format!("{} {} {} {}", spread.min, spread.p50, spread.p95, spread.max);
        assert_eq!(shown, "1 50 95 100");
        assert_eq!(Spread::of(vec![]), Spread::default());
    }

    #[test]
    fn lateness_counts_frames_in_time_as_nothing() {
        let late = |count: usize| Measured {
            frames: 10_000,
            late: vec![Duration::from_millis(30); count],
            ..Measured::default()
        };
        let mut report = LoadReport::default();
        report.measure(&[late(10)]);
        let shown = |report: &LoadReport| format!("{} {}", report.late_p999, report.late_max);
        assert_eq!((shown(&report).as_str(), report.underruns), ("0 30", 10));
        report.measure(&[late(11)]);
        assert_eq!(shown(&report), "30 30");
    }
}
