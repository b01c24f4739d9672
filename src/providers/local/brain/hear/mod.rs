//! What the caller said, made sense of: words, numbers, days, hours, documents, names, intents.
//!
//! All of it is pure and takes text as a recogniser writes it: without accents, misspelt, digits or words.

pub mod days;
pub mod document;
mod given;
pub mod hours;
pub mod intents;
pub mod names;
pub mod numbers;
pub mod phrases;
pub mod things;
pub mod words;
