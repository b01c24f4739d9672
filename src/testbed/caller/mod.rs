//! The mind of a simulated caller: what it wants, how it understands what it is asked, what it answers. Pure.

mod asked;
pub mod figures;
mod mind;
mod scenario;

pub use asked::Asked;
pub use mind::{Interruption, Mind, Move};
pub use scenario::{Lines, Scenario, Wish};
