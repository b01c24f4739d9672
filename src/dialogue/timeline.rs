//! Which words of an answer lie at which moment of its sound.

use crate::base::units::PHONE_RATE;

/// A stretch of sound and the stretch of text that it speaks.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// First sample of the stretch within the answer.
    sample: u64,
    /// Its length in samples.
    samples: u64,
    /// First character of the stretch within the answer's text.
    char: usize,
    /// Its length in characters.
    chars: usize,
}

/// A piece that the voice was asked to speak.
#[derive(Clone, Copy, Debug)]
struct Piece {
    char: usize,
    chars: usize,
    /// Where its sound begins, once any came.
    sample: Option<u64>,
    /// Its length in samples, once the voice said that it is complete.
    samples: Option<u64>,
}

/// Characters that a voice speaks in a second, until the length of the piece is known.
/// Measured on Kokoro and ElevenLabs Spanish: 13 to 16.
const CHARS_PER_SECOND: u64 = 14;

/// Text and sound of one answer, side by side. Positions count from the answer's first sample.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    text: String,
    pieces: Vec<Piece>,
    /// Sound whose very words the voice told; where present it beats the proportional estimate.
    aligned: Vec<Stretch>,
    samples: u64,
}

impl Timeline {
    /// The whole text asked for so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Sound received so far, in samples.
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Adds a piece of text that the voice will speak; pieces are joined by a space.
    pub fn ask(&mut self, text: &str) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        let char = self.text.chars().count();
        self.text.push_str(text);
        self.pieces.push(Piece { char, chars: text.chars().count(), sample: None, samples: None });
    }

    /// Whether the piece before `piece` has begun to sound, so that the voice owes no earlier one.
    pub fn sounds_up_to(&self, piece: u32) -> bool {
        let before = (piece as usize).checked_sub(1).and_then(|before| self.pieces.get(before));
        before.is_none_or(|before| before.sample.is_some())
    }

    /// Whether the voice said of every piece that its sound is complete.
    pub fn is_whole(&self) -> bool {
        self.pieces.iter().all(|piece| piece.samples.is_some())
    }

    /// Adds sound of `piece`, with its very words where the voice tells them.
    /// A voice speaks its pieces in order: sound named after a piece before the one that sounds counts as more of that one.
    pub fn hear(&mut self, piece: u32, samples: u64, words: Option<&str>) {
        let start = self.samples;
        self.samples += samples;
        let sounding = self.pieces.iter().rposition(|piece| piece.sample.is_some()).unwrap_or(0);
        if let Some(piece) = self.pieces.get_mut(sounding.max(piece as usize)) {
            piece.sample.get_or_insert(start);
        }
        if words.is_none() && !self.aligned.is_empty() {
            self.hear_more(start, samples, sounding.max(piece as usize));
        }
        if let Some(words) = words {
            let char = self.aligned.last().map_or(0, |last| last.char + last.chars);
            let chars = words.chars().count();
            self.aligned.push(Stretch { sample: start, samples, char, chars });
        }
    }

    /// Sound without words behind sound with words, as when another voice takes over: estimated within its piece.
    fn hear_more(&mut self, sample: u64, samples: u64, piece: usize) {
        let told = self.aligned.last().map_or(0, |last| last.char + last.chars);
        let (begin, end) = self.pieces.get(piece).map_or((told, told), |p| (p.char, p.char + p.chars));
        let char = told.max(begin);
        let chars = samples * CHARS_PER_SECOND / u64::from(PHONE_RATE);
        let chars = usize::try_from(chars).unwrap_or(usize::MAX).min(end.saturating_sub(char));
        self.aligned.push(Stretch { sample, samples, char, chars });
    }

    /// The voice said that `piece` is complete.
    pub fn complete(&mut self, piece: u32) {
        let piece = piece as usize;
        let end = self.pieces.iter().skip(piece + 1).find_map(|next| next.sample).unwrap_or(self.samples);
        if let Some(piece) = self.pieces.get_mut(piece) {
            piece.samples = piece.sample.map(|start| end - start);
        }
    }

    /// The voice said that the whole answer is complete.
    pub fn complete_all(&mut self) {
        let end = self.samples;
        let mut next = end;
        for piece in self.pieces.iter_mut().rev() {
            if let (Some(start), None) = (piece.sample, piece.samples) {
                piece.samples = Some(next - start);
            }
            next = piece.sample.unwrap_or(next);
        }
    }

    /// The text up to the last word of which more than half lies before `sample`.
    pub fn text_until(&self, sample: u64) -> &str {
        let chars = self.chars_until(sample);
        let mut end = 0;
        let mut seen = 0;
        for word in self.text.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            if seen + length.div_ceil(2) > chars || length == 0 {
                break;
            }
            end += word.len();
            seen += word.chars().count();
        }
        self.text.get(..end).unwrap_or_default().trim_end()
    }

    /// The first sample of the word that is being spoken at `sample`.
    pub fn word_start(&self, sample: u64) -> u64 {
        let chars = self.chars_until(sample);
        let mut start = 0;
        for (index, letter) in self.text.chars().enumerate().take(chars) {
            if letter == ' ' {
                start = index + 1;
            }
        }
        self.sample_of(start).min(sample)
    }

    fn chars_until(&self, sample: u64) -> usize {
        if sample >= self.samples && self.is_whole() {
            return self.text.chars().count();
        }
        let spans = self.spans();
        let Some(span) = spans.iter().rev().find(|span| span.sample < sample) else { return 0 };
        let into = (sample - span.sample).min(span.samples);
        let chars = span.chars as u64 * into / span.samples.max(1);
        span.char + usize::try_from(chars).unwrap_or(span.chars)
    }

    fn sample_of(&self, char: usize) -> u64 {
        let spans = self.spans();
        let Some(span) = spans.iter().rev().find(|span| span.char <= char) else { return 0 };
        let into = (char - span.char).min(span.chars) as u64;
        span.sample + span.samples * into / span.chars.max(1) as u64
    }

    /// The stretches that we know or estimate, in order.
    fn spans(&self) -> Vec<Stretch> {
        if !self.aligned.is_empty() {
            return self.aligned.clone();
        }
        let spoken = self.pieces.iter().filter_map(|piece| {
            let sample = piece.sample?;
            let estimate = piece.chars as u64 * u64::from(PHONE_RATE) / CHARS_PER_SECOND;
            let samples = piece.samples.unwrap_or_else(|| estimate.max(self.samples - sample));
            Some(Stretch { sample, samples, char: piece.char, chars: piece.chars })
        });
        spoken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_as_heard_when_more_than_half_of_it_was() {
        let mut line = Timeline::default();
        line.ask("Hola buenos días");
        line.hear(0, 16_000, None);
        line.complete(0);
        assert_eq!(line.text_until(0), "");
        assert_eq!(line.text_until(4_000), "Hola");
        assert_eq!(line.text_until(9_000), "Hola buenos");
        assert_eq!(line.text_until(16_000), "Hola buenos días");
    }

    #[test]
    fn the_vendors_own_alignment_beats_the_estimate() {
        let mut line = Timeline::default();
        line.ask("Uno dos.");
        line.hear(0, 8_000, Some("Uno "));
        line.hear(0, 800, Some("dos."));
        assert_eq!(line.text_until(7_900), "Uno");
        assert_eq!(line.text_until(8_790), "Uno dos.");
    }

    #[test]
    fn sound_of_another_voice_behind_aligned_words_is_estimated() {
        let mut line = Timeline::default();
        line.ask("Uno dos tres.");
        line.ask("Catorce letras y más.");
        line.hear(0, 4_000, Some("Uno dos"));
        line.hear(0, 8_000, None);
        assert_eq!(line.text_until(12_000), "Uno dos tres.");
        line.hear(1, 8_000, None);
        assert_eq!(line.text_until(20_000), "Uno dos tres. Catorce letras");
    }

    #[test]
    fn a_piece_that_is_still_coming_is_estimated_by_the_rate_of_speech() {
        let mut line = Timeline::default();
        line.ask("Catorce letras y otras catorce más aquí.");
        line.hear(0, 8_000, None);
        assert_eq!(line.text_until(8_000), "Catorce letras");
    }

    #[test]
    fn sound_that_comes_out_of_order_counts_for_the_piece_that_sounds() {
        let mut line = Timeline::default();
        line.ask("Uno dos.");
        line.ask("Tres.");
        line.hear(1, 8_000, None);
        line.hear(0, 8_000, None);
        line.complete(0);
        line.complete_all();
        assert_eq!(line.text_until(16_000), "Uno dos. Tres.");
        assert_eq!(line.sample_of(9), 0);
    }

    #[test]
    fn speech_resumes_at_the_start_of_the_word_that_was_cut() {
        let mut line = Timeline::default();
        line.ask("aaaa bbbb");
        line.hear(0, 9_000, None);
        line.complete(0);
        assert_eq!(line.word_start(7_000), 5_000);
        assert_eq!(line.word_start(2_000), 0);
    }
}
