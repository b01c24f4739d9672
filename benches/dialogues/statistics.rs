//! Shares, means and percentiles, each with its 95 % interval.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::fmt;

/// Times that figures are drawn anew for an interval.
const DRAWS: usize = 1_000;
/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_964;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) count: usize,
    pub(crate) of: usize,
}

impl Share {
    pub(crate) fn of(facts: impl Iterator<Item = bool>) -> Self {
        facts.fold(Self::default(), |share, is| Self {
            count: share.count + usize::from(is),
            of: share.of + 1,
        })
    }

    pub(crate) fn value(self) -> f64 {
        self.count as f64 / self.of.max(1) as f64
    }

    /// Wilson's interval.
    fn interval(self) -> (f64, f64) {
        let (share, of) = (self.value(), self.of.max(1) as f64);
        let spread = Z * Z / of;
        let middle = (share + spread / 2.0) / (1.0 + spread);
        let half = Z / (1.0 + spread) * (share * (1.0 - share) / of + spread / (4.0 * of)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval();
        let percent = |share: f64| share * 100.0;
        let (count, of) = (self.count, self.of);
        write!(f, "{count}/{of} = {:.1} % [{:.1}, {:.1}]", percent(self.value()), percent(low), percent(high))
    }
}

/// The mean; nothing of nothing.
pub(crate) fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len().max(1) as f64
}

/// The figure below which a share of them lies.
pub(crate) fn percentile(share: f64) -> impl Fn(&[f64]) -> f64 {
    move |figures: &[f64]| {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, reason = "a place in a short list")]
        let place = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// A figure of figures with its interval, by drawing them anew.
pub(crate) fn estimated(figures: &[f64], unit: &str, of: impl Fn(&[f64]) -> f64) -> String {
    if figures.is_empty() {
        return "-".to_owned();
    }
    let mut rng = StdRng::seed_from_u64(1);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let again: Vec<f64> = figures
                .iter()
                .map(|_| figures.get(rng.random_range(0..figures.len())).copied().unwrap_or(0.0))
                .collect();
            of(&again)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |place: usize| drawn.get(place).copied().unwrap_or_default();
    format!("{:.0} {unit} [{:.0}, {:.0}]", of(figures), at(DRAWS / 40), at(DRAWS - DRAWS / 40 - 1))
}
