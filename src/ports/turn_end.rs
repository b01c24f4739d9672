//! A model that hears whether a caller has finished their turn.

use crate::base::units::PHONE_RATE;
use futures_util::future::BoxFuture;

/// The most sound that is judged: 8 s, one byte a sample.
pub const MOST_SOUND: usize = 8 * PHONE_RATE as usize;

/// The probability, 0..1, that the turn is over; `None` where the model failed. Dropping it withdraws the question: what has
/// not begun is not computed any more. Cancel-safe.
pub type Judgement = BoxFuture<'static, Option<f32>>;

/// A judge of turn ends; calls share it.
pub trait TurnEnd: Send + Sync + 'static {
    /// Its name in logs, such as `smart-turn`.
    fn name(&self) -> &'static str;
    /// Has `sound` judged: the caller up to the present pause, mu-law at 8 kHz, of which the newest [`MOST_SOUND`] bytes
    /// count. Never waits; `None` where so many questions wait that the answer would come too late.
    fn judge(&self, sound: Vec<u8>) -> Option<Judgement>;
}
