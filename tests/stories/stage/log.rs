//! A story that is logged, as a recorded call is.

use super::Stage;
use centralita::dialogue::{
    call::Setup,
    input::Input,
    output::Output,
    replay::{Head, Writer},
};
use std::time::{Duration, Instant};

/// What the log of a story begins with.
pub(crate) fn head(setup: Setup) -> Head {
    let call = format!("CA{:032x}", 7).parse().unwrap();
    Head::new(call, "prueba", "2026-11-20T14:00:00Z".parse().unwrap(), setup)
}

/// What really happened at a moment of the call.
pub(crate) type Moment = (Duration, Input, Vec<Output>);

/// The log of a story, and what it should hold.
#[derive(Debug)]
pub(crate) struct Logged {
    writer: Writer,
    began: Instant,
    bytes: Vec<u8>,
    moments: Vec<Moment>,
}

impl Logged {
    pub(super) fn told(&mut self, now: Instant, input: &Input) {
        self.writer.input(now, input);
        self.moments.push((now - self.began, input.clone(), Vec::new()));
    }

    pub(super) fn decided(&mut self, outputs: &[Output]) {
        self.writer.outputs(outputs);
        if let Some((_, _, decided)) = self.moments.last_mut() {
            decided.extend_from_slice(outputs);
        }
        if self.writer.is_due() {
            self.bytes.extend(self.writer.take_block());
        }
    }

    /// The whole log, and what happened.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<Moment>) {
        let Self { writer, mut bytes, moments, .. } = self;
        bytes.extend(writer.end());
        (bytes, moments)
    }
}

impl Stage {
    /// From here on, which must be the beginning, the call is logged.
    pub(crate) fn logged(mut self) -> Self {
        let (writer, bytes) = Writer::begin(&head(self.setup.clone()), self.start).unwrap();
        self.log = Some(Logged { writer, began: self.start, bytes, moments: Vec::new() });
        self
    }

    /// The log of the call that is over.
    pub(crate) fn take_log(&mut self) -> Logged {
        self.log.take().unwrap()
    }
}
