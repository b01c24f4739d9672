//! What a test's own thread counts; a test runs on one with all its server.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The metrics of this thread.
pub(crate) struct Counted(PrometheusHandle);

impl Counted {
    /// Begins to count, for as long as the thread lives: a test has its own.
    pub(crate) fn begin() -> Self {
        let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        std::mem::forget(metrics::set_default_local_recorder(recorder));
        Self(recorder.handle())
    }

    /// The line of the metric of this name, as an operator sees it.
    pub(crate) fn line(&self, name: &str) -> Option<String> {
        self.0.render().lines().find(|line| line.starts_with(name)).map(str::to_owned)
    }
}
