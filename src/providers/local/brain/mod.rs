//! The embedded receptionist: a language model made of rules, in Spanish and English.
//!
//! It keeps no state. From the messages it derives where the conversation stands ([`story`]): what the caller told in
//! all their turns ([`turn`], [`hear`]), which question was heard last ([`asks`]), what the tools answered ([`slots`]).
//! Then it decides what to say and what to call ([`decide`]), and how to begin ([`reply`]). It knows nothing but the data in the system message.

pub mod answers;
pub mod asks;
pub mod decide;
pub mod hear;
pub mod model;
pub mod reply;
pub mod says;
pub mod slots;
pub mod story;
pub mod told;
pub mod turn;
pub mod world;

pub use model::{Receptionist, answer};
