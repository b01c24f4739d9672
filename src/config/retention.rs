//! What is not kept for ever.

use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// The longest time that is not for ever: a hundred years of 365 days.
pub(super) const LONGEST: Duration = Duration::from_hours(36_500 * 24);

/// How long what is kept; `None`: for ever. Calls with their times and outcomes stay in any case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Retention {
    /// Recordings and logs of calls.
    #[serde(rename = "recordings_days", deserialize_with = "days")]
    pub recordings: Option<Duration>,
    /// What was said: transcripts and notes.
    #[serde(rename = "transcripts_days", deserialize_with = "days")]
    pub transcripts: Option<Duration>,
    /// What came from outside, word by word.
    #[serde(rename = "payloads_days", deserialize_with = "days")]
    pub payloads: Option<Duration>,
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let days = u64::deserialize(from)?;
    // More than fit into a duration are a mistake of the rules.
    Ok((days > 0).then(|| Duration::from_secs(days.saturating_mul(24 * 3_600))))
}
