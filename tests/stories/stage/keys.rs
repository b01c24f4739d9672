//! An agent that may press keys.

use super::{Call, Stage};
use crate::script::Reply;

impl Stage {
    /// As [`Stage::open`], with such an agent.
    pub(crate) fn pressing_keys(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut stage = Self::open(replies);
        stage.setup.sends_digits = true;
        stage.call = Call::new(stage.setup.clone(), stage.start);
        stage
    }
}
