//! The languages that the product speaks.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Spanish or English; the regional tag (`es-MX`) stays with the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Spanish, Latin American, "usted".
    #[default]
    Es,
    /// English.
    En,
}

impl Language {
    /// Reads a tag such as `es`, `es-MX` or `en-US` (BCP 47); `None` for another language.
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The two-letter code (ISO 639-1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
