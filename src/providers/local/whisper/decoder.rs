//! From the sound and the words so far to the next word's scores.

use super::{
    layers::{CrossAttention, FeedForward, KeyValue, LAYERS, SelfAttention, WIDTH, norm, turned},
    tokens::VOCABULARY,
    weights::{Weights, WeightsError},
};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{LayerNorm, Module};

/// The longest text, prompt included (`n_text_ctx`).
pub(super) const CONTEXT: usize = 448;

/// Six blocks over words.
#[derive(Debug)]
pub(super) struct Decoder {
    /// As 16-bit floats, which they were: one row is read at a time, and 50 MB are saved.
    words: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    /// The rows of `words` that may be said, transposed: `[WIDTH, allowed]`.
    scores: Tensor,
}

#[derive(Debug)]
struct Block {
    itself: SelfAttention,
    sound: CrossAttention,
    net: FeedForward,
}

/// What is remembered of one utterance.
#[derive(Debug)]
pub(super) struct Memory {
    /// Per block: the words so far, and the sound.
    blocks: Vec<(Option<KeyValue>, KeyValue)>,
    said: usize,
}

impl Decoder {
    /// Takes its weights; only the tokens of `allowed` get scores.
    pub(super) fn take(weights: &mut Weights, allowed: &[u32]) -> std::result::Result<Self, WeightsError> {
        let blocks = (0..LAYERS)
            .map(|layer| {
                let name = format!("decoder/layer_{layer}");
                Ok(Block {
                    itself: SelfAttention::take(weights, &format!("{name}/self_attention"))?,
                    sound: CrossAttention::take(weights, &format!("{name}/attention"))?,
                    net: FeedForward::take(weights, &format!("{name}/ffn"))?,
                })
            })
            .collect::<std::result::Result<_, WeightsError>>()?;
        let words = weights.take("decoder/embeddings/weight", &[VOCABULARY, WIDTH])?;
        let scores = Tensor::new(allowed, &Device::Cpu)
            .and_then(|allowed| words.index_select(&allowed, 0))
            .map_err(|error| WeightsError::Misfit(error.to_string()))?;
        let words = words.to_dtype(DType::F16).map_err(|error| WeightsError::Misfit(error.to_string()))?;
        Ok(Self {
            words,
            positions: weights.take("decoder/position_encodings/encodings", &[CONTEXT, WIDTH])?,
            blocks,
            norm: norm(weights, "decoder/layer_norm")?,
            scores: turned(&scores)?,
        })
    }

    /// Begins an utterance: what every block needs of the encoded sound.
    pub(super) fn begin(&self, sound: &Tensor) -> Result<Memory> {
        let blocks =
            self.blocks.iter().map(|block| Ok((None, block.sound.listen(sound)?))).collect::<Result<_>>()?;
        Ok(Memory { blocks, said: 0 })
    }

    /// Hears `tokens` after what was said before; gives the scores of the allowed tokens behind each of them:
    /// `[tokens, allowed]`. At most [`CONTEXT`] tokens per utterance.
    pub(super) fn forward(&self, tokens: &[u32], memory: &mut Memory) -> Result<Tensor> {
        let count = tokens.len();
        let words = self.words.index_select(&Tensor::new(tokens, &Device::Cpu)?, 0)?.to_dtype(DType::F32)?;
        let mut states = (words + self.positions.narrow(0, memory.said, count)?)?;
        let mask = if count > 1 { Some(future(count, memory.said)?) } else { None };
        for (block, (words, sound)) in self.blocks.iter().zip(&mut memory.blocks) {
            let (after, all) = block.itself.forward(&states, words.as_ref(), mask.as_ref())?;
            *words = Some(all);
            states = block.net.forward(&block.sound.forward(&after, sound)?)?;
        }
        memory.said += count;
        self.norm.forward(&states)?.matmul(&self.scores)
    }
}

/// Hides from each of `count` tokens the ones after it; the `before` earlier ones are seen.
fn future(count: usize, before: usize) -> Result<Tensor> {
    let hidden = (0..count).flat_map(|row| {
        (0..before + count).map(move |column| if column > before + row { f32::NEG_INFINITY } else { 0.0 })
    });
    Tensor::from_iter(hidden, &Device::Cpu)?.reshape((count, before + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_see_the_ones_after_it() {
        let mask = future(2, 1).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(mask, [[0.0, 0.0, f32::NEG_INFINITY], [0.0, 0.0, 0.0]]);
    }
}
