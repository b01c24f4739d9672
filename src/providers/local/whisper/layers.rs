//! The parts that encoder and decoder share: attention, the feed-forward net, their weights.

use super::weights::{Weights, WeightsError};
use candle_core::{D, Result, Tensor};
use candle_nn::{LayerNorm, Module as _};

/// Width of every state in Whisper base (`n_audio_state`, `n_text_state`).
pub(super) const WIDTH: usize = 512;
/// Attention heads.
pub(super) const HEADS: usize = 8;
/// Blocks in the encoder, and in the decoder.
pub(super) const LAYERS: usize = 6;
/// Width inside the feed-forward net.
const WIDE: usize = 4 * WIDTH;
const HEAD: usize = WIDTH / HEADS;
/// What PyTorch adds to a variance by default.
const EPSILON: f64 = 1e-5;

/// A linear layer. Its weights are kept as `[inputs, outputs]`: the product is half as fast again as with the transposed
/// view that `candle_nn::Linear` makes.
#[derive(Debug)]
pub(super) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Takes `{name}/weight` (`[outputs, inputs]`) and `{name}/bias`.
    pub(super) fn take(
        weights: &mut Weights,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            weight: turned(&weights.take(&format!("{name}/weight"), &[outputs, inputs])?)?,
            bias: weights.take(&format!("{name}/bias"), &[outputs])?,
        })
    }

    /// `[n, inputs]` to `[n, outputs]`.
    pub(super) fn forward(&self, states: &Tensor) -> Result<Tensor> {
        states.matmul(&self.weight)?.broadcast_add(&self.bias)
    }

    /// Puts the attention's factor 1/sqrt(HEAD) into the first [`WIDTH`] outputs, the queries: one product less per use.
    fn with_scaled_queries(self) -> std::result::Result<Self, WeightsError> {
        let scale = |tensor: &Tensor| -> Result<Tensor> {
            let queries = (tensor.narrow(D::Minus1, 0, WIDTH)? / (HEAD as f64).sqrt())?;
            let rest = tensor.dim(D::Minus1)? - WIDTH;
            Tensor::cat(&[&queries, &tensor.narrow(D::Minus1, WIDTH, rest)?], D::Minus1)
        };
        Ok(Self { weight: scale(&self.weight).map_err(misfit)?, bias: scale(&self.bias).map_err(misfit)? })
    }
}

/// A matrix with rows and columns changed, laid out anew.
pub(super) fn turned(matrix: &Tensor) -> std::result::Result<Tensor, WeightsError> {
    matrix.t().and_then(|matrix| matrix.contiguous()).map_err(misfit)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn misfit(error: candle_core::Error) -> WeightsError {
    WeightsError::Misfit(error.to_string())
}

/// A layer norm over the states, its weights named `{name}/gamma` and `{name}/beta`.
pub(super) fn norm(weights: &mut Weights, name: &str) -> std::result::Result<LayerNorm, WeightsError> {
    let gamma = weights.take(&format!("{name}/gamma"), &[WIDTH])?;
    let beta = weights.take(&format!("{name}/beta"), &[WIDTH])?;
    Ok(LayerNorm::new(gamma, beta, EPSILON))
}

/// The states cut into heads, as a view: `[n, WIDTH]` to `[HEADS, n, HEAD]`.
fn heads(states: &Tensor) -> Result<Tensor> {
    let rows = states.dim(0)?;
    states.reshape((rows, HEADS, HEAD))?.transpose(0, 1)
}

/// Keys and values of one attention, cut into heads. The keys are kept as `[HEADS, HEAD, n]`, for the same reason.
#[derive(Debug, Clone)]
pub(super) struct KeyValue {
    keys: Tensor,
    values: Tensor,
}

impl KeyValue {
    /// From projected states.
    pub(super) fn new(keys: &Tensor, values: &Tensor) -> Result<Self> {
        Ok(Self { keys: heads(keys)?.t()?.contiguous()?, values: heads(values)?.contiguous()? })
    }

    /// With what came later appended.
    pub(super) fn and(&self, later: &Self) -> Result<Self> {
        Ok(Self {
            keys: Tensor::cat(&[&self.keys, &later.keys], 2)?,
            values: Tensor::cat(&[&self.values, &later.values], 1)?,
        })
    }

    /// What `queries` (`[n, WIDTH]`, already scaled) find. `mask` is added to the scores.
    pub(super) fn attend(&self, queries: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let rows = queries.dim(0)?;
        let scores = heads(queries)?.contiguous()?.matmul(&self.keys)?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let found = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&self.values)?;
        found.transpose(0, 1)?.reshape((rows, WIDTH))
    }
}

/// Attention of a sequence to itself; query, key and value are one product.
#[derive(Debug)]
pub(super) struct SelfAttention {
    norm: LayerNorm,
    project: Linear,
    out: Linear,
}

impl SelfAttention {
    /// Takes its weights from `{name}/…`.
    pub(super) fn take(weights: &mut Weights, name: &str) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            norm: norm(weights, &format!("{name}/layer_norm"))?,
            project: Linear::take(weights, &format!("{name}/linear_0"), WIDTH, 3 * WIDTH)?
                .with_scaled_queries()?,
            out: Linear::take(weights, &format!("{name}/linear_1"), WIDTH, WIDTH)?,
        })
    }

    /// The states after it, and the keys and values for `earlier` of the next call.
    pub(super) fn forward(
        &self,
        states: &Tensor,
        earlier: Option<&KeyValue>,
        mask: Option<&Tensor>,
    ) -> Result<(Tensor, KeyValue)> {
        let projected = self.project.forward(&self.norm.forward(states)?)?;
        let part = |index: usize| projected.narrow(D::Minus1, index * WIDTH, WIDTH);
        let newest = KeyValue::new(&part(1)?, &part(2)?)?;
        let all = match earlier {
            Some(earlier) => earlier.and(&newest)?,
            None => newest,
        };
        let found = all.attend(&part(0)?, mask)?;
        Ok(((states + self.out.forward(&found)?)?, all))
    }
}

/// Attention of the words to the sound.
#[derive(Debug)]
pub(super) struct CrossAttention {
    norm: LayerNorm,
    query: Linear,
    project: Linear,
    out: Linear,
}

impl CrossAttention {
    /// Takes its weights from `{name}/…`.
    pub(super) fn take(weights: &mut Weights, name: &str) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            norm: norm(weights, &format!("{name}/layer_norm"))?,
            query: Linear::take(weights, &format!("{name}/linear_0"), WIDTH, WIDTH)?.with_scaled_queries()?,
            project: Linear::take(weights, &format!("{name}/linear_1"), WIDTH, 2 * WIDTH)?,
            out: Linear::take(weights, &format!("{name}/linear_2"), WIDTH, WIDTH)?,
        })
    }

    /// What the sound offers; made once per utterance.
    pub(super) fn listen(&self, sound: &Tensor) -> Result<KeyValue> {
        let projected = self.project.forward(sound)?;
        KeyValue::new(&projected.narrow(1, 0, WIDTH)?, &projected.narrow(1, WIDTH, WIDTH)?)
    }

    /// The states after it.
    pub(super) fn forward(&self, states: &Tensor, sound: &KeyValue) -> Result<Tensor> {
        let queries = self.query.forward(&self.norm.forward(states)?)?;
        states + self.out.forward(&sound.attend(&queries, None)?)?
    }
}

/// The net after each attention.
#[derive(Debug)]
pub(super) struct FeedForward {
    norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
}

impl FeedForward {
    /// Takes its weights from `{name}/…`.
    pub(super) fn take(weights: &mut Weights, name: &str) -> std::result::Result<Self, WeightsError> {
        Ok(Self {
            norm: norm(weights, &format!("{name}/layer_norm"))?,
            widen: Linear::take(weights, &format!("{name}/linear_0"), WIDTH, WIDE)?,
            narrow: Linear::take(weights, &format!("{name}/linear_1"), WIDE, WIDTH)?,
        })
    }

    /// The states after it.
    pub(super) fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let wide = self.widen.forward(&self.norm.forward(states)?)?.gelu_erf()?;
        states + self.narrow.forward(&wide)?
    }
}
