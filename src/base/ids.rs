//! Identifiers, parsed once at the border and trusted inside.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One answer of the agent, counted from 1 within a call. Everything asynchronous carries it; stale results are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TurnId(pub u32);

impl TurnId {
    /// The turn after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An identifier that is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{value}` is not a {kind} identifier: expected `{prefix}` and 32 hexadecimal digits")]
pub struct BadId {
    kind: &'static str,
    prefix: &'static str,
    value: String,
}

macro_rules! sid {
    ($name:ident, $prefix:literal, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as Twilio writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(value: String) -> Result<Self, BadId> {
                let digits = value.strip_prefix($prefix).unwrap_or_default();
                if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    Ok(Self(value))
                } else {
                    let value = value.chars().take(40).collect();
                    Err(BadId { kind: $kind, prefix: $prefix, value })
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;
            fn from_str(value: &str) -> Result<Self, BadId> {
                Self::try_from(value.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid!(CallSid, "CA", "call", "One phone call at Twilio.");
sid!(StreamSid, "MZ", "stream", "One media stream of a call.");
sid!(AccountSid, "AC", "account", "A Twilio account.");

impl CallSid {
    /// In the place of a call where there is none.
    pub fn nobody() -> Self {
        Self(format!("CA{:032}", 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_prefix_is_told_with_what_was_expected() {
        let error = CallSid::try_from("MZ123".to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`MZ123` is not a call identifier: expected `CA` and 32 hexadecimal digits"
        );
    }
}
