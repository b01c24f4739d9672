//! The messages of Deepgram's live recognition (Nova and Flux), written from its published interface description (read 2026-11).

use serde::{Deserialize, Serialize};

/// What a client may send as text.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum FromClient {
    KeepAlive,
    Finalize,
    CloseStream,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum ToClient {
    Results(Results),
    SpeechStarted {
        channel: [u8; 2],
        timestamp: f64,
    },
    UtteranceEnd {
        channel: [u8; 2],
        last_word_end: f64,
    },
    Metadata {
        transaction_key: &'static str,
        request_id: String,
        sha256: &'static str,
        created: &'static str,
        duration: f64,
        channels: u8,
        models: [&'static str; 1],
    },
    Connected {
        request_id: &'static str,
        sequence_id: u32,
    },
    TurnInfo(TurnInfo),
    Error {
        sequence_id: u32,
        code: &'static str,
        description: &'static str,
    },
}

/// What Flux believes of a turn; its window in seconds of received audio.
#[derive(Debug, Serialize)]
pub(super) struct TurnInfo {
    pub(super) request_id: &'static str,
    pub(super) sequence_id: u32,
    pub(super) event: &'static str,
    pub(super) turn_index: u32,
    pub(super) audio_window_start: f64,
    pub(super) audio_window_end: f64,
    pub(super) transcript: String,
    pub(super) words: Vec<FlatWord>,
    pub(super) end_of_turn_confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) languages: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) languages_hinted: Option<Vec<String>>,
}

/// A word of Flux, which has no times.
#[derive(Debug, Serialize)]
pub(super) struct FlatWord {
    word: String,
    confidence: f64,
}

impl FlatWord {
    pub(super) fn of(word: &str) -> Self {
        Self { word: word.to_owned(), confidence: 0.98 }
    }
}

/// One result; `start`, `duration` and word times in seconds of received audio.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    pub(super) channel_index: [u8; 2],
    pub(super) duration: f64,
    pub(super) start: f64,
    pub(super) is_final: bool,
    pub(super) speech_final: bool,
    pub(super) channel: Channel,
    pub(super) metadata: ResultMetadata,
    pub(super) from_finalize: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Channel {
    pub(super) alternatives: [Alternative; 1],
}

#[derive(Debug, Serialize)]
pub(super) struct Alternative {
    pub(super) transcript: String,
    pub(super) confidence: f64,
    pub(super) words: Vec<Word>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) confidence: f64,
    pub(super) punctuated_word: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ResultMetadata {
    pub(super) request_id: String,
    pub(super) model_info: ModelInfo,
    pub(super) model_uuid: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ModelInfo {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) arch: &'static str,
}

/// The body of a refusal.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) err_code: &'static str,
    pub(super) err_msg: String,
    pub(super) request_id: String,
}
