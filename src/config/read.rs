//! How single values are read.

use crate::base::secret::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{fmt::Display, str::FromStr, time::Duration};

pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// An empty text is nothing.
pub(super) fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(if text.is_empty() { None } else { Some(SecretString::from(text)) })
}

/// More hours than fit into a duration are a mistake of the rules.
pub(super) fn hours<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs(u64::deserialize(from)?.saturating_mul(3_600)))
}

/// Zero is nothing.
pub(super) fn unless_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(Some(u64::deserialize(from)?).filter(|number| *number > 0))
}

/// Zero is nothing.
pub(super) fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    Ok(unless_zero(from)?.map(Duration::from_millis))
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs(u64::deserialize(from)?))
}
