//! What the process tells about itself: logs for people, metrics for machines.

pub mod logs;
pub mod metrics;
