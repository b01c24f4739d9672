//! The greedy search: the likeliest token, again and again, until the text is over.

use super::{
    decoder::Decoder,
    guard,
    tokens::{self, Tokens},
};
use crate::base::language::Language;
use candle_core::{Result, Tensor};

/// From this probability on the sound is believed to hold no speech (`no_speech_threshold` of Whisper) …
const NO_SPEECH: f32 = 0.6;
/// … unless the words found have a mean log-probability above this (`logprob_threshold`).
const DOUBTFUL: f32 = -1.0;
/// Tokens said per second at most: fast Spanish has about five; a loop has no end.
const PER_SECOND: f32 = 8.0;
/// Tokens for punctuation and short sounds.
const AT_LEAST: usize = 10;
/// Tokens of the longest text: half the decoder's context, as in Whisper.
const AT_MOST: usize = 224;

/// What one step chose.
struct Choice {
    token: u32,
    /// Its log-probability among the allowed tokens.
    certainty: f32,
}

/// The text of `sound` (`[positions, WIDTH]`) that lasts `seconds`; `None` where `stop` said so between two tokens.
///
/// # Errors
/// Only where memory is missing.
pub(super) fn greedy(
    decoder: &Decoder,
    tokens: &Tokens,
    sound: &Tensor,
    seconds: f32,
    language: Language,
    stop: &dyn Fn() -> bool,
) -> Result<Option<String>> {
    let limit = limit(seconds);
    let mut memory = decoder.begin(sound)?;
    let scores = decoder.forward(&tokens::prompt(language), &mut memory)?;
    let no_speech = probability_of_no_speech(&scores)?;
    let mut scores = last_row(&scores)?;
    let mut said: Vec<u32> = Vec::new();
    let mut certainty = 0.0;
    loop {
        let first = said.is_empty();
        let choice = best(tokens, &scores, |token| first && (token == tokens::END || tokens.is_blank(token)));
        certainty += choice.certainty;
        if choice.token == tokens::END {
            break;
        }
        said.push(choice.token);
        if guard::cut_loop(&mut said) || said.len() >= limit {
            break;
        }
        if stop() {
            return Ok(None);
        }
        scores = last_row(&decoder.forward(&[choice.token], &mut memory)?)?;
    }
    let mean = certainty / (said.len() + 1) as f32;
    if no_speech > NO_SPEECH && mean < DOUBTFUL {
        return Ok(Some(String::new()));
    }
    Ok(Some(tokens.text(&said)))
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred")]
fn limit(seconds: f32) -> usize {
    ((seconds * PER_SECOND) as usize + AT_LEAST).min(AT_MOST)
}

fn last_row(scores: &Tensor) -> Result<Vec<f32>> {
    scores.get(scores.dim(0)? - 1)?.to_vec1()
}

/// The likeliest of the allowed tokens that is not `suppressed`. [`tokens::NO_SPEECH`] is never said.
fn best(tokens: &Tokens, scores: &[f32], suppressed: impl Fn(u32) -> bool) -> Choice {
    let mut choice = (tokens::END, f32::NEG_INFINITY);
    for (&token, &score) in tokens.allowed().iter().zip(scores) {
        if score > choice.1 && token != tokens::NO_SPEECH && !suppressed(token) {
            choice = (token, score);
        }
    }
    let sum: f32 = scores.iter().map(|score| (score - choice.1).exp()).sum();
    Choice { token: choice.0, certainty: -sum.ln() }
}

/// Read behind the first token of the prompt, as Whisper does; it is the last of the allowed tokens.
fn probability_of_no_speech(scores: &Tensor) -> Result<f32> {
    let probabilities = candle_nn::ops::softmax_last_dim(&scores.narrow(0, 0, 1)?)?;
    let columns = probabilities.dim(1)?;
    probabilities.get(0)?.get(columns - 1)?.to_scalar()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_bounded_by_the_length_of_the_sound() {
        assert_eq!([limit(0.5), limit(3.0), limit(60.0)], [14, 34, AT_MOST]);
    }
}
