//! Where a service lives: the base address as its vendor documents it, and whether we may talk to it.

use reqwest::Url;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An http(s) base address such as `https://api.openai.com/v1`; WebSocket addresses follow from it.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is not a base address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadAddress {
    /// Not a URL at all.
    #[error("`{0}` is not an address; write it like https://api.example.com")]
    NotAUrl(String),
    /// Another scheme than http and https, such as `wss`.
    #[error("`{0}` must begin with http:// or https://; the WebSocket address follows from it")]
    Scheme(String),
    /// A user name, password, query or fragment, where secrets like to hide.
    #[error("the address of {0} must hold no user name, password, `?` or `#`")]
    Extra(String),
}

/// The host stands in a private network, which the operator did not allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{host} is in a private network: a mistaken or planted address could reach internal services. Allow it with --allow-private-upstreams"
)]
pub struct PrivateUpstream {
    host: String,
}

/// Where a host stands, judged by its name alone (no look-up).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Loopback,
    Private,
    Public,
}

impl BaseUrl {
    /// The address of a resource below the base; `path` begins with `/`.
    pub fn http(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// The same as a WebSocket address: `ws` for `http`, `wss` for `https`.
    pub fn ws(&self, path: &str) -> Url {
        let url = self.http(path);
        let text = url.as_str().replacen("http", "ws", 1);
        Url::parse(&text).unwrap_or(url)
    }

    /// The base without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The computer that this program runs on.
    pub fn is_loopback(&self) -> bool {
        reach(&self.0) == Reach::Loopback
    }

    /// Refuses hosts in private networks unless `allow_private`; loopback is always allowed (design §10).
    ///
    /// A public name that resolves to a private address passes: base addresses are the operator's own words, and only
    /// typing mistakes and copied settings are to be caught.
    ///
    /// # Errors
    /// [`PrivateUpstream`], which names the host and the switch.
    pub fn permit(&self, allow_private: bool) -> Result<(), PrivateUpstream> {
        if allow_private || reach(&self.0) != Reach::Private {
            return Ok(());
        }
        Err(PrivateUpstream { host: self.0.host_str().unwrap_or_default().to_owned() })
    }
}

impl FromStr for BaseUrl {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let shown = || text.chars().take(80).collect::<String>();
        let url = Url::parse(text).map_err(|_| BadAddress::NotAUrl(shown()))?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(BadAddress::Extra(url.host_str().unwrap_or("this service").to_owned()));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadAddress::Scheme(shown()));
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BadAddress;
    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// This machine or one of a private network: where proxies and container networks stand, which bring the requests of
/// many clients from one address.
pub fn is_near(address: IpAddr) -> bool {
    reach_ip(address) != Reach::Public
}

fn reach_ip(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach(url: &Url) -> Reach {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return reach_ip(address);
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return Reach::Loopback;
    }
    // Names that the public name system does not know (RFC 6762 and 8375, ICANN's `internal`), and bare container names.
    let private = [".local", ".internal", ".lan", ".home.arpa"].iter().any(|end| host.ends_with(end));
    if private || !host.contains('.') { Reach::Private } else { Reach::Public }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && (second & 0xC0) == 64; // RFC 6598
    if address.is_loopback() {
        Reach::Loopback
    } else if shared
        || address.is_private()
        || address.is_link_local()
        || first == 0
        || address.is_broadcast()
    {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified() {
        Reach::Private
    } else {
        Reach::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn websocket_addresses_follow_from_the_documented_base() {
        assert_eq!(
            base("https://api.deepgram.com").ws("/v1/listen").as_str(),
            "wss://api.deepgram.com/v1/listen"
        );
        assert_eq!(base("http://127.0.0.1:9/x/").ws("/v1").as_str(), "ws://127.0.0.1:9/x/v1");
        assert_eq!(base("https://api.openai.com/v1/").as_str(), "https://api.openai.com/v1");
    }

    #[test]
    fn loopback_is_allowed_and_private_networks_need_a_switch() {
        for host in
            ["localhost:1", "127.8.0.1", "[::1]:5", "fakes.localhost", "[::ffff:127.0.0.1]", "2130706433"]
        {
            let url = base(&format!("http://{host}"));
            assert!(url.is_loopback() && url.permit(false).is_ok(), "{host}");
        }
        for host in [
            "10.0.0.1",
            "192.168.1.4:11434",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "[fd00::1]",
            "[fe80::1]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "ollama",
            "gpu.lan",
            "metadata.google.internal",
            "0xA9FEA9FE",
        ] {
            let url = base(&format!("http://{host}"));
            assert!(url.permit(false).is_err() && url.permit(true).is_ok(), "{host}");
        }
        assert_eq!(base("https://api.eu.deepgram.com").permit(false), Ok(()));
    }

    #[test]
    fn what_is_no_base_address_is_told() {
        assert!(matches!("wss://api.deepgram.com".parse::<BaseUrl>(), Err(BadAddress::Scheme(_))));
        assert!(matches!("api.deepgram.com".parse::<BaseUrl>(), Err(BadAddress::NotAUrl(_))));
        let error = "https://me:secret@example.com".parse::<BaseUrl>().unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!("https://example.com?key=1".parse::<BaseUrl>().is_err());
    }
}
