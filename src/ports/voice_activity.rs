//! A model that hears whether a sound is speech.

/// One detector; calls share its weights, not its state.
pub trait VoiceActivity: Send + Sync + 'static {
    /// Its name in logs.
    fn name(&self) -> &'static str;
    /// Starts listening to one call.
    fn open(&self) -> Box<dyn VoiceDetector>;
}

/// The state of a detector for one call. Runs inline in the call's task: at most about 0.2 ms a frame.
pub trait VoiceDetector: Send {
    /// Takes one 20 ms frame at 8 kHz and returns the newest probability of speech (0..1).
    fn judge(&mut self, frame: &[i16]) -> f32;
    /// Forgets what was heard, after frames that were left out.
    fn reset(&mut self);
}
