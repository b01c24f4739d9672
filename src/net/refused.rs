//! A server that answers, but not with what was asked for.

use std::fmt;

/// A refusal by its status and the name that the vendor gives it; fit for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The vendor's short name for it, such as `invalid_api_key`; empty where it gives none.
    pub name: String,
}

impl Refused {
    /// Whether another try may succeed: a time-out (408), too much at once (429) or a fault of the server. Anything else is
    /// about us: key, plan, address or settings.
    pub const fn passes(&self) -> bool {
        self.status >= 500 || matches!(self.status, 408 | 429)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " {}", self.name) }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_its_status_and_whether_it_passes() {
        let refused = |status, name: &str| Refused { status, name: name.to_owned() };
        assert_eq!(refused(401, "INVALID_AUTH").to_string(), "HTTP 401 INVALID_AUTH");
        assert_eq!(refused(503, "").to_string(), "HTTP 503");
        assert!([408, 429, 500, 503].into_iter().all(|status| refused(status, "").passes()));
        assert!(![200, 301, 400, 401, 403, 404, 422].into_iter().any(|status| refused(status, "").passes()));
    }
}
