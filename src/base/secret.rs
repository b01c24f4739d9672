//! What must not reach a log.

use std::fmt;

pub use secrecy::{ExposeSecret, SecretString};

/// A phone number as it may be logged: country code and the last four digits.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars: Vec<char> = self.0.chars().collect();
        if chars.len() < 9 {
            return f.write_str("***");
        }
        let head: String = chars.iter().take(4).collect();
        let tail: String = chars.iter().skip(chars.len() - 4).collect();
        write!(f, "{head}***{tail}")
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_country_and_four_digits() {
        assert_eq!(Masked("+15550100100").to_string(), "+155***0100");
        assert_eq!(Masked("911").to_string(), "***");
    }
}
