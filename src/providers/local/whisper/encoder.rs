//! From mel columns to what the words attend to.

use super::{
    layers::{FeedForward, LAYERS, SelfAttention, WIDTH, norm},
    mel::BANDS,
    weights::{Weights, WeightsError},
};
use candle_core::{Result, Tensor};
use candle_nn::{Conv1d, Conv1dConfig, LayerNorm, Module};

/// Positions of a full window of 30 s; each stands for 20 ms.
pub(super) const POSITIONS: usize = 1500;

/// Two convolutions and six blocks.
#[derive(Debug)]
pub(super) struct Encoder {
    first: Conv1d,
    second: Conv1d,
    positions: Tensor,
    blocks: Vec<(SelfAttention, FeedForward)>,
    norm: LayerNorm,
}

impl Encoder {
    /// Takes its weights.
    pub(super) fn take(weights: &mut Weights) -> std::result::Result<Self, WeightsError> {
        let blocks = (0..LAYERS)
            .map(|layer| {
                let name = format!("encoder/layer_{layer}");
                Ok((
                    SelfAttention::take(weights, &format!("{name}/self_attention"))?,
                    FeedForward::take(weights, &format!("{name}/ffn"))?,
                ))
            })
            .collect::<std::result::Result<_, WeightsError>>()?;
        Ok(Self {
            first: convolution(weights, "encoder/conv1", BANDS, 1)?,
            second: convolution(weights, "encoder/conv2", WIDTH, 2)?,
            positions: weights.take("encoder/position_encodings/encodings", &[POSITIONS, WIDTH])?,
            blocks,
            norm: norm(weights, "encoder/layer_norm")?,
        })
    }

    /// What the sound says: `[BANDS, 2 n]` to `[n, WIDTH]`. Gives up between blocks when `stop` says so.
    pub(super) fn forward(&self, mel: &Tensor, stop: &dyn Fn() -> bool) -> Result<Option<Tensor>> {
        let states = self.first.forward(&mel.unsqueeze(0)?)?.gelu_erf()?;
        let states = self.second.forward(&states)?.gelu_erf()?.squeeze(0)?.t()?.contiguous()?;
        let mut states = (&states + self.positions.narrow(0, 0, states.dim(0)?)?)?;
        for (attention, net) in &self.blocks {
            if stop() {
                return Ok(None);
            }
            states = net.forward(&attention.forward(&states, None, None)?.0)?;
        }
        self.norm.forward(&states).map(Some)
    }
}

fn convolution(
    weights: &mut Weights,
    name: &str,
    inputs: usize,
    stride: usize,
) -> std::result::Result<Conv1d, WeightsError> {
    let weight = weights.take(&format!("{name}/weight"), &[WIDTH, inputs, 3])?;
    let bias = weights.take(&format!("{name}/bias"), &[WIDTH])?;
    Ok(Conv1d::new(weight, Some(bias), Conv1dConfig { padding: 1, stride, ..Conv1dConfig::default() }))
}
