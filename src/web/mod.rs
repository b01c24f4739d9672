//! HTTP: the carrier's webhooks and media sockets, the API, health and metrics. Knows ports, never a vendor.

mod access;
mod api;
mod arrivals;
mod body;
mod client;
mod extract;
mod health;
mod limits;
mod media;
mod problem;
mod router;
mod serve;
mod slots;
mod state;
mod turns;
mod voice;

pub use self::{
    limits::HttpLimits,
    router::router,
    serve::serve,
    state::{AgentNow, MetricsFor, Parts, Web},
};
