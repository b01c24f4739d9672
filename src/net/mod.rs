//! How adapters reach the network: addresses, TLS, HTTP and WebSocket clients with time limits.

pub mod address;
pub mod http;
pub mod patience;
pub mod raw_audio;
pub mod refused;
pub mod tls;
pub mod ws;
