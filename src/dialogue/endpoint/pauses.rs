//! What pauses the caller makes within a turn: learned in the call, so that who speaks slowly is given time.

use std::time::Duration;

/// Pauses up to this long are everybody's, and change nothing.
const USUAL: Duration = Duration::from_millis(500);
/// A caller of pauses this long is waited for longest.
const LONG: Duration = Duration::from_secs(1);
/// How much longer everything is then waited for.
const MOST_STRETCH: f32 = 0.3;
/// The weight of the newest pause.
const NEWEST: f32 = 0.35;

/// The pauses of one caller, of the length that ends a turn of others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pauses {
    /// Their running mean, in seconds.
    mean: Option<f32>,
}

impl Pauses {
    /// The caller went on after a pause within a turn.
    pub(super) fn went_on_after(&mut self, pause: Duration) {
        let pause = pause.min(LONG * 2).as_secs_f32();
        self.mean = Some(self.mean.map_or(pause, |mean| mean + (pause - mean) * NEWEST));
    }

    /// How much longer than others this caller is waited for: 1 to 1.3.
    pub(super) fn stretch(self) -> f32 {
        let (usual, long) = (USUAL.as_secs_f32(), LONG.as_secs_f32());
        let over = self.mean.map_or(0.0, |mean| (mean - usual) / (long - usual));
        1.0 + MOST_STRETCH * over.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pauses_stretch_the_patience_and_short_ones_bring_it_back() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.stretch().to_bits(), 1.0_f32.to_bits());
        pauses.went_on_after(Duration::from_secs(1));
        assert_eq!(pauses.stretch().to_bits(), (1.0 + MOST_STRETCH).to_bits());
        for _ in 0..10 {
            pauses.went_on_after(Duration::from_millis(250));
        }
        assert_eq!(pauses.stretch().to_bits(), 1.0_f32.to_bits());
    }
}
