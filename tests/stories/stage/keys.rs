//! An agent that may press keys.

use super::{Call, Stage};

impl Stage {
    /// From here on, which must be the beginning, the agent may press keys.
    pub(crate) fn presses_keys(mut self) -> Self {
        self.setup.sends_digits = true;
        self.call = Call::new(self.setup.clone(), self.start);
        self
    }
}
