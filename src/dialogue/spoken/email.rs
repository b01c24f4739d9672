//! E-mail addresses.

use std::fmt;

/// An address that could exist: a local part, `@`, and a host with a top-level domain. Lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads a written address. Case is dropped; quoted local parts and bare addresses of hosts are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (local, host) = text.split_once('@')?;
        let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "._+-".contains(sign);
        let local_ok = !local.is_empty() && local.len() <= 64 && local.chars().all(is_sign);
        let local_ok = local_ok && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let (name, top) = host.rsplit_once('.')?;
        let top_ok = top.len() >= 2 && top.chars().all(|sign| sign.is_ascii_lowercase());
        (local_ok && top_ok && name.split('.').all(label_ok)).then_some(Self(text))
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// What stands behind the `@`.
    pub fn host(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, host)| host)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_an_address_is_one() {
        assert_eq!(Email::parse("Ana.Paz@Gmail.com").unwrap().to_string(), "ana.paz@gmail.com");
        for text in
            ["", "ana", "ana@", "@x.com", "ana@gmail", "a..b@x.com", "ana@-x.com", "ana paz@x.com", "a@x.c1"]
        {
            assert_eq!(Email::parse(text), None, "{text}");
        }
    }
}
