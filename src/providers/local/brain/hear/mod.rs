//! What the caller said, made sense of: days, documents, names, intents.
//!
//! What means the same to everybody is read by [`crate::dialogue::spoken::hear`]. All of it is pure and takes text as a recogniser writes it: without accents, misspelt, digits or words.

pub mod days;
pub mod document;
mod given;
pub mod intents;
pub mod names;
pub mod phrases;
pub mod things;
