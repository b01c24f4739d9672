//! What the caller of a story does.

use super::{Stage, heard};
use centralita::dialogue::input::Input;

impl Stage {
    /// The caller speaks from now until `ms` and pauses then.
    pub(crate) fn speak_until(&mut self, ms: u64) -> &mut Self {
        self.speaking = true;
        self.until(ms);
        self.speaking = false;
        self
    }

    /// So many frames of speech and then of silence, which were held back, come at once; from here on frames flow.
    pub(crate) fn burst(&mut self, voiced: u32, silent: u32) {
        for frame in 0..voiced + silent {
            self.speaking = frame < voiced;
            self.frame();
        }
        self.frames_flow = true;
        self.next_frame_ms = self.now_ms + 20;
    }

    /// The process stands still until `ms` and looks at its timers first: what others did meanwhile waits, and of the caller's sound
    /// the newest second.
    pub(crate) fn stand_still_until(&mut self, ms: u64) -> &mut Self {
        self.now_ms = ms;
        self.next_frame_ms = ms - 980;
        self.feed(Input::Tick);
        self
    }

    /// The caller says `text` for `length_ms`; the recogniser gives its final with `speech_final` 350 ms later.
    pub(crate) fn say(&mut self, text: &str, length_ms: u64) -> &mut Self {
        let end = self.now_ms + length_ms;
        self.speak_until(end);
        self.later(end + 350, heard(text, true));
        self
    }
}
