//! From when on new calls are refused for want of room.

use crate::{
    channels::voice::{
        admission::Admission,
        room::{Bounds, Memory, Watch},
    },
    config::Config,
};
use std::sync::Arc;

/// Begins to watch over the room for calls.
pub(super) async fn watch(config: &Config, admission: Arc<Admission>) -> Watch {
    let voice = &config.voice;
    let bounds = Bounds { memory_percent: voice.max_memory, late: voice.max_late };
    let memory = voice.memory_limit.map_or(Memory::Container, |mib| Memory::Own(mib.saturating_mul(1 << 20)));
    Watch::begin(admission, bounds, memory).await
}
