//! How much of an answer was spoken, so that another voice can go on with the next word. Pure.

use crate::{
    base::{ids::TurnId, units::PHONE_RATE},
    ports::tts::SpeechCommand,
};

/// Characters that a voice speaks in a second, until it has spoken a piece to its end: as the timeline of the call has it.
const CHARS_PER_SECOND: u64 = 14;

/// What a voice has spoken piece by piece, to know how fast it speaks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    chars: u64,
    samples: u64,
}

/// A piece of the answer.
#[derive(Debug)]
struct Piece {
    number: u32,
    /// What the present voice was asked to speak of it.
    text: String,
    samples: u64,
    done: bool,
}

/// The present answer.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each true once and for all")]
pub(super) struct Speech {
    pub(super) turn: TurnId,
    /// No more text will come.
    pub(super) finished: bool,
    /// Nobody is left who could speak it.
    pub(super) failed: bool,
    /// A part of it was spoken by another voice, so that word timings do not begin at the answer's first word.
    pub(super) resumed: bool,
    pieces: Vec<Piece>,
    /// Characters of which the present voice told that they were spoken, a blank between two pieces; `None` where it does
    /// not tell.
    told: Option<usize>,
    /// Sound of any voice.
    sounds: bool,
    /// Of the present voice.
    pub(super) pace: Pace,
}

impl Speech {
    pub(super) const fn new(turn: TurnId, pace: Pace) -> Self {
        Self {
            turn,
            finished: false,
            failed: false,
            resumed: false,
            pieces: Vec::new(),
            told: Some(0),
            sounds: false,
            pace,
        }
    }

    pub(super) fn say(&mut self, number: u32, text: &str) {
        self.pieces.push(Piece { number, text: text.trim().to_owned(), samples: 0, done: false });
    }

    /// The present voice has not begun with the piece that is next.
    pub(super) fn awaits_sound(&self) -> bool {
        self.pieces.iter().find(|piece| !piece.done).is_some_and(|piece| piece.samples == 0)
    }

    /// Something was to be spoken, and nothing was.
    pub(super) fn owes_sound(&self) -> bool {
        !self.sounds && !self.pieces.is_empty()
    }

    pub(super) fn hear(&mut self, number: u32, samples: u64, words: Option<&str>) {
        self.sounds |= samples > 0;
        self.told = self.told.zip(words).map(|(told, words)| told + words.chars().count());
        // A voice speaks in order: sound named after an earlier piece is more of the one that sounds.
        let sounding = self.pieces.iter().rposition(|piece| piece.samples > 0).unwrap_or(0);
        let named = self.pieces.iter().position(|piece| piece.number == number).unwrap_or(0);
        if let Some(piece) = self.pieces.get_mut(sounding.max(named)) {
            piece.samples += samples;
        }
    }

    pub(super) fn complete(&mut self, number: u32) {
        for piece in self.pieces.iter_mut().filter(|piece| piece.number <= number && !piece.done) {
            piece.done = true;
            if piece.samples > 0 {
                self.pace.chars += piece.text.chars().count() as u64;
                self.pace.samples += piece.samples;
            }
        }
    }

    /// What another voice has to speak: from the first word that is not whole yet.
    pub(super) fn resume(&mut self) -> Vec<SpeechCommand> {
        let spoken = self.spoken();
        self.resumed |= self.sounds;
        let mut left = Vec::new();
        for (piece, spoken) in std::mem::take(&mut self.pieces).into_iter().zip(spoken) {
            let text = from_word(&piece.text, spoken);
            if piece.done || text.is_empty() {
                continue;
            }
            left.push(SpeechCommand::Say { turn: self.turn, piece: piece.number, text: text.to_owned() });
            self.pieces.push(Piece { number: piece.number, text: text.to_owned(), samples: 0, done: false });
        }
        self.told = Some(0);
        self.pace = Pace::default();
        if self.finished {
            left.push(SpeechCommand::Finish { turn: self.turn });
        }
        left
    }

    /// How many characters of each piece were spoken.
    fn spoken(&self) -> Vec<usize> {
        let lengths = self.pieces.iter().map(|piece| piece.text.chars().count());
        if let Some(told) = self.told {
            let mut begin = 0;
            return lengths
                .map(|length| {
                    let spoken = told.saturating_sub(begin).min(length);
                    begin += length + 1;
                    spoken
                })
                .collect();
        }
        let sounding = self.pieces.iter().rposition(|piece| piece.samples > 0);
        (0..)
            .zip(&self.pieces)
            .zip(lengths)
            .map(|((at, piece), length)| match sounding {
                Some(sounding) if at < sounding => length,
                Some(sounding) if at == sounding => length.min(self.estimate(piece.samples)),
                _ => 0,
            })
            .collect()
    }

    /// Characters in so much sound, by the pieces that the voice has spoken to their end.
    fn estimate(&self, samples: u64) -> usize {
        let Pace { chars, samples: sound } = self.pace;
        let (chars, sound) =
            if sound == 0 { (CHARS_PER_SECOND, u64::from(PHONE_RATE)) } else { (chars, sound) };
        usize::try_from(samples * chars / sound).unwrap_or(usize::MAX)
    }
}

/// The text from the first word on that does not end within the first `spoken` characters.
fn from_word(text: &str, spoken: usize) -> &str {
    let mut seen = 0;
    let mut from = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        seen += word.trim_end().chars().count();
        if seen > spoken {
            break;
        }
        seen += word.chars().count() - word.trim_end().chars().count();
        from += word.len();
    }
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(pieces: &[&str]) -> Speech {
        let mut speech = Speech::new(TurnId(1), Pace::default());
        for (number, text) in (0..).zip(pieces) {
            speech.say(number, text);
        }
        speech
    }

    fn left(speech: &mut Speech) -> Vec<(u32, String)> {
        let said = speech.resume().into_iter().filter_map(|command| match command {
            SpeechCommand::Say { piece, text, .. } => Some((piece, text)),
            _ => None,
        });
        said.collect()
    }

    #[test]
    fn the_voices_own_words_tell_where_to_go_on() {
        for (told, first, count) in [
            ("", "Claro que sí.", 3),
            ("Cla", "Claro que sí.", 3),
            ("Claro", "que sí.", 3),
            ("Claro qu", "que sí.", 3),
            ("Claro que sí. ", "¿Para qué día?", 2),
            ("Claro que sí. ¿Para qué", "día?", 2),
            ("Claro que sí. ¿Para qué día?", "Dígame.", 1),
        ] {
            let mut speech = speech(&["Claro que sí.", "¿Para qué día?", "Dígame."]);
            speech.hear(0, 8_000, Some(told));
            let left = left(&mut speech);
            assert_eq!((&*left[0].1, left.len()), (first, count), "{told}");
        }
    }

    #[test]
    fn without_words_the_sound_is_measured_against_the_pieces_that_are_whole() {
        let mut speech = speech(&["aaaa bbbb c", "dddd eeee ffff"]);
        speech.hear(0, 11_000, None);
        speech.complete(0);
        speech.hear(1, 4_900, None);
        assert_eq!(left(&mut speech), [(1, "eeee ffff".to_owned())]);

        // None is whole yet: 14 characters a second.
        let mut speech = self::speech(&["Catorce letras y más."]);
        speech.hear(0, 8_000, None);
        assert_eq!(left(&mut speech), [(0, "y más.".to_owned())]);
    }

    #[test]
    fn each_piece_is_awaited_once_the_one_before_is_whole() {
        let mut speech = speech(&["Claro que sí.", "¿Para qué día?"]);
        let mut awaits = vec![speech.awaits_sound()];
        let acts: [fn(&mut Speech); 4] =
            [|s| s.hear(0, 100, None), |s| s.complete(0), |s| s.hear(1, 100, None), |s| s.complete(1)];
        for act in acts {
            act(&mut speech);
            awaits.push(speech.awaits_sound());
        }
        assert_eq!(awaits, [true, false, true, false, false]);
        speech.say(2, "Dígame.");
        assert!(speech.awaits_sound());
    }

    #[test]
    fn a_second_voice_that_fails_too_is_followed_from_where_it_was() {
        let mut speech = speech(&["uno dos tres cuatro"]);
        speech.hear(0, 100, Some("uno d"));
        assert_eq!(left(&mut speech), [(0, "dos tres cuatro".to_owned())]);
        speech.hear(0, 100, Some("dos "));
        assert_eq!(left(&mut speech), [(0, "tres cuatro".to_owned())]);
        speech.finished = true;
        assert_eq!(speech.resume().len(), 2);
    }
}
