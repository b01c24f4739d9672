//! What the voice of a story does with its text.

use super::{Stage, VoiceActs};
use bytes::Bytes;
use centralita::{
    base::ids::TurnId,
    dialogue::{event::SpeechEvent, input::Input},
};

impl Stage {
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
            VoiceActs::Drips => self.voice_done_at.max(self.now_ms + self.voice_takes_ms),
            _ => return,
        };
        self.later(at, Input::Speech(SpeechEvent::Done { turn }));
    }
}
