//! The figures of a set of turns, and how they are shown.

use crate::{
    caller::PATIENCE,
    judge::{Heard, Outcome},
    statistics::{Share, estimated, mean, percentile},
};
use std::time::Duration;

/// Silence before an answer is dead air beyond this.
const DEAD: Duration = Duration::from_secs(1);

/// All turns of one policy and one half.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) late: usize,
    pub(crate) frames: u64,
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

impl Figures {
    pub(crate) fn cut(&self) -> Share {
        Share::of(self.outcomes.iter().map(|outcome| outcome.cut.is_some()))
    }

    pub(crate) fn responses(&self) -> Vec<f64> {
        self.outcomes.iter().filter_map(|outcome| outcome.response).map(ms).collect()
    }

    fn dead(&self) -> Vec<f64> {
        let silence = |outcome: &Outcome| outcome.response.or(outcome.unanswered.then_some(PATIENCE));
        self.outcomes.iter().filter_map(silence).map(|silence| ms(silence.saturating_sub(DEAD))).collect()
    }

    fn lines(&self, is: impl Fn(Heard) -> bool) -> Share {
        Share::of(self.outcomes.iter().filter_map(|outcome| outcome.line).map(is))
    }

    /// One row for each measure.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let (responses, dead) = (self.responses(), self.dead());
        let clears: Vec<f64> = self.outcomes.iter().flat_map(|it| &it.clears).copied().map(ms).collect();
        let silences: Vec<f64> = (self.outcomes.iter())
            .filter_map(
                |it| if let Some(Heard::Resumed(silence)) = it.line { Some(ms(silence)) } else { None },
            )
            .collect();
        let missed = self.outcomes.iter().filter_map(|it| it.interruption).map(|it| it.missed);
        vec![
            ("turns cut off", self.cut().to_string()),
            ("turns without an answer", Share::of(self.outcomes.iter().map(|it| it.unanswered)).to_string()),
            ("response, mean", estimated(&responses, "ms", mean)),
            ("response, p50", estimated(&responses, "ms", percentile(0.5))),
            (
                "response, p95",
                format!("{} (of {})", estimated(&responses, "ms", percentile(0.95)), responses.len()),
            ),
            ("dead air beyond 1 s, all", format!("{:.1} s", dead.iter().sum::<f64>() / 1_000.0)),
            ("dead air beyond 1 s, mean", estimated(&dead, "ms", mean)),
            ("false stops (lines with sounds)", self.lines(|heard| heard == Heard::Stopped).to_string()),
            ("pauses that resumed", self.lines(|heard| matches!(heard, Heard::Resumed(_))).to_string()),
            ("  silence of those, p50", estimated(&silences, "ms", percentile(0.5))),
            ("missed stops (interruptions)", Share::of(missed).to_string()),
            ("speech over the agent to `clear`, p50", estimated(&clears, "ms", percentile(0.5))),
            (
                "speech over the agent to `clear`, p95",
                format!("{} (of {})", estimated(&clears, "ms", percentile(0.95)), clears.len()),
            ),
            ("frames over 20 ms late", format!("{} of {}", self.late, self.frames)),
        ]
    }
}

/// A table of several columns.
pub(crate) fn show(title: &str, columns: &[(&str, &Figures)]) {
    println!("\n{title}");
    print!("{:<40}", "");
    for (name, _) in columns {
        print!("{name:<36}");
    }
    println!();
    let rows: Vec<Vec<(&str, String)>> = columns.iter().map(|(_, figures)| figures.rows()).collect();
    for (place, (name, _)) in rows.first().into_iter().flatten().enumerate() {
        print!("{name:<40}");
        for row in &rows {
            print!("{:<36}", row.get(place).map(|(_, value)| value.as_str()).unwrap_or_default());
        }
        println!();
    }
}
