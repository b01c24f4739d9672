//! Twilio: signed webhooks answered with TwiML, Media Streams, and the REST API.

mod carrier;
mod gather;
mod keyring;
mod media;
mod rest;
mod signature;
mod twiml;
mod voice;
mod wire;

pub use self::{
    carrier::{BadPublicUrl, Twilio},
    keyring::Keyring,
    media::MediaStreams,
    rest::{Account, Rest, RestLimits},
    signature::{Keys, sign},
};
