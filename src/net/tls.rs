//! One TLS set-up for the whole process: ring, Mozilla's roots, TLS 1.2 and 1.3, sessions resumed across calls.
//!
//! The roots are compiled in, so a container without a certificate store works, and a connection need not parse them anew.

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
};
use std::sync::{Arc, LazyLock};

/// Makes ring the process's cryptography. May be called any number of times, from any thread.
///
/// Two providers are linked in by accident easily; then libraries that ask for "the default" panic. Naming one ends that.
pub fn install() {
    if CryptoProvider::get_default().is_none() && ring::default_provider().install_default().is_err() {
        tracing::debug!("Another thread installed the cryptography provider first");
    }
}

/// The configuration of WebSocket clients: no ALPN, because a WebSocket needs HTTP/1.1.
pub fn websocket() -> Arc<ClientConfig> {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| Arc::new(config()));
    Arc::clone(&CONFIG)
}

/// The configuration of HTTP clients: HTTP/2 where the server has it.
pub fn http() -> ClientConfig {
    static CONFIG: LazyLock<ClientConfig> = LazyLock::new(|| {
        let mut config = config();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    });
    CONFIG.clone()
}

fn config() -> ClientConfig {
    install();
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>();
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

#[cfg(test)]
mod tests {
    #[test]
    fn installing_twice_is_harmless() {
        super::install();
        super::install();
        assert_eq!(super::http().alpn_protocols.len(), 2);
        assert!(super::websocket().alpn_protocols.is_empty());
    }
}
