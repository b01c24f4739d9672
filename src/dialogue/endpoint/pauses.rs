//! How long the caller pauses within a turn: learned in the call, so that who speaks slowly is given time.
//!
//! The caller's own mean is drawn towards everybody's, the more the less was heard of it (both of the logarithm).

use std::time::Duration;

/// Shorter ones end no turn, and everybody makes them.
const SHORTEST: Duration = Duration::from_millis(400);
/// Longer ones are another matter: somebody looks for a paper.
const LONGEST: Duration = Duration::from_millis(1_500);
/// The usual pause, of those between the two.
const USUAL: Duration = Duration::from_millis(635);
/// So many pauses of a caller count as much as what is known of all: callers' means differ by 8 %, one caller's pauses by 29 %.
const KNOWN: f32 = 13.0;
/// Nobody is waited for shorter or longer than this (natural logarithms: 0.9 to 1.35 times).
const RANGE: (f32, f32) = (-0.1, 0.3);

/// The pauses of one caller.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pauses {
    count: u16,
    /// Of the logarithms, against the usual.
    sum: f32,
}

impl Pauses {
    /// The caller went on after a pause within a turn.
    pub(super) fn went_on_after(&mut self, pause: Duration) {
        if (SHORTEST..=LONGEST).contains(&pause) {
            self.count = self.count.saturating_add(1);
            self.sum += pause.div_duration_f32(USUAL).ln();
        }
    }

    /// How much longer than others this caller is waited for.
    pub(super) fn stretch(self) -> f32 {
        (self.sum / (f32::from(self.count) + KNOWN)).clamp(RANGE.0, RANGE.1).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pauses: &[u64]) -> f32 {
        let mut learned = Pauses::default();
        for pause in pauses {
            learned.went_on_after(Duration::from_millis(*pause));
        }
        learned.stretch()
    }

    #[test]
    fn who_pauses_long_is_waited_for_longer_and_one_pause_proves_little() {
        assert_eq!(after(&[]).to_bits(), 1.0_f32.to_bits());
        let stretches = [after(&[450; 8]), after(&[]), after(&[900]), after(&[900; 4]), after(&[900; 12])];
        assert!(stretches.is_sorted_by(|one, next| one < next), "{stretches:?}");
        assert!(after(&[1_000]) < 1.05);
        assert_eq!(after(&[1_400; 60]).to_bits(), RANGE.1.exp().to_bits());
    }

    #[test]
    fn the_breath_between_two_words_and_the_search_for_a_paper_tell_nothing() {
        assert_eq!(after(&[250, 3_000, 250, 5_000]).to_bits(), 1.0_f32.to_bits());
    }
}
