//! What the voice of a story does with its text.

use super::{Stage, VoiceActs};
use crate::script::BURST;
use bytes::Bytes;
use centralita::{
    base::ids::TurnId,
    dialogue::{event::SpeechEvent, input::Input},
};

/// How much sound is in it, in bytes.
pub(super) fn length(input: &Input) -> usize {
    match input {
        Input::Speech(SpeechEvent::Audio { audio, .. }) => audio.len(),
        _ => 0,
    }
}

impl Stage {
    /// Sound that the call has and has not sent, in milliseconds; of a call that threw none away and played no phrase.
    pub(crate) fn held_ms(&self) -> usize {
        self.given / 8 - self.sent.len() * 20
    }

    /// What happens now: the first of what is due, and of a voice nothing while the call has enough, as its shell does it.
    pub(super) fn take_due(&mut self) -> Option<Input> {
        let full = self.call.is_full_of_speech();
        let mut due = self.later.iter().take_while(|((at, _), _)| *at <= self.now_ms);
        let (key, _) = due.find(|(_, input)| !full || !matches!(input, Input::Speech(_)))?;
        let key = *key;
        self.later.remove(&key)
    }

    /// When something is next due.
    pub(super) fn next_due(&self) -> Option<u64> {
        let full = self.call.is_full_of_speech();
        let mut later = self.later.iter().filter(|(_, input)| !full || !matches!(input, Input::Speech(_)));
        later.next().map(|((at, _), _)| *at)
    }

    pub(super) fn voice_says(&mut self, turn: TurnId, piece: u32, text: String) {
        self.tell(&format!("say {turn}.{piece} “{text}”"));
        let samples = text.chars().count() * 8_000 / 14;
        match self.voice {
            VoiceActs::Well | VoiceActs::Stalls => {
                let samples = if self.voice == VoiceActs::Stalls { 2_400 } else { samples };
                let audio = Bytes::from(vec![0x10; samples]);
                let sound = SpeechEvent::Audio { turn, piece, audio, text: None };
                self.later(self.now_ms + self.voice_takes_ms, Input::Speech(sound));
                if self.voice == VoiceActs::Well {
                    self.later(
                        self.now_ms + self.voice_takes_ms,
                        Input::Speech(SpeechEvent::PieceDone { turn, piece }),
                    );
                }
            }
            VoiceActs::Drips => {
                for chunk in 0..samples / 56 {
                    let audio = Bytes::from_static(&[0x10; 56]);
                    let at = self.now_ms + self.voice_takes_ms + 5 * chunk as u64;
                    self.later(at, Input::Speech(SpeechEvent::Audio { turn, piece, audio, text: None }));
                    self.voice_done_at = at;
                }
            }
            VoiceActs::Bursts => {
                for chunk in 0..240 {
                    let audio = Bytes::from_static(&[BURST; 2_000]);
                    let at = self.now_ms + self.voice_takes_ms + 200 * chunk / 240;
                    self.later(at, Input::Speech(SpeechEvent::Audio { turn, piece, audio, text: None }));
                    self.voice_done_at = at;
                }
            }
            VoiceActs::Refuses => {
                let failed = SpeechEvent::Failed { turn, reason: "refused".to_owned() };
                self.later(self.now_ms + 10, Input::Speech(failed));
            }
            VoiceActs::Silent => {}
        }
        self.asked.push((turn, piece, text));
    }

    pub(super) fn voice_finishes(&mut self, turn: TurnId) {
        let at = match self.voice {
            VoiceActs::Well => self.now_ms + self.voice_takes_ms,
            VoiceActs::Drips | VoiceActs::Bursts => self.voice_done_at.max(self.now_ms + self.voice_takes_ms),
            _ => return,
        };
        self.later(at, Input::Speech(SpeechEvent::Done { turn }));
    }
}
