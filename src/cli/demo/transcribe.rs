//! Writes down the agent's side of a recording, sentence by sentence.

use crate::{
    audio::{
        g711,
        opus::{self, Channels, Form, Limits},
    },
    base::{
        language::Language,
        units::{FRAME_SAMPLES, PHONE_RATE},
    },
    ports::stt::{HearingCommand, SpeechToText, SttEvent, SttSpec},
    testbed::{caller::Scenario, hearing::is_audible},
};
use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use std::{fs, path::Path, time::Duration};
use tokio::time::timeout;

/// Frames of silence that separate two stretches: 600 ms.
const PAUSE: usize = 30;
/// Frames kept around a stretch: 200 ms.
const MARGIN: usize = 10;
/// More than any call of the demo.
const LONGEST: Duration = Duration::from_mins(30);
/// A stretch may take so long to be decoded.
const DECODING: Duration = Duration::from_mins(1);

/// What the recogniser understands of the right channel of the recording at `path`.
pub(super) async fn agent(
    path: &str,
    scenario: &Scenario,
    recogniser: &dyn SpeechToText,
) -> anyhow::Result<String> {
    let codes = right_channel(Path::new(path)).with_context(|| format!("the recording `{path}`"))?;
    let language = Language::of_tag(&scenario.language).unwrap_or_default();
    let spec = SttSpec { call: scenario.call.clone(), language, tag: scenario.language.clone() };
    let mut session = recogniser.open(spec);
    let mut text = String::new();
    for stretch in stretches(&codes) {
        drop(session.commands.push(HearingCommand::Audio(stretch.to_vec().into())));
        drop(session.commands.push(HearingCommand::TurnOver));
        loop {
            match timeout(DECODING, session.events.next()).await {
                Ok(Some(SttEvent::Final { text: part, end_of_turn })) => {
                    text.push_str(&part);
                    text.push(' ');
                    if end_of_turn {
                        break;
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => bail!("the recogniser does not answer"),
            }
        }
    }
    Ok(text)
}

fn right_channel(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = fs::read(path)?;
    let form = Form { rate: PHONE_RATE, channels: Channels::Stereo };
    let sound = opus::decode(&file, form, Limits { bytes: file.len(), length: LONGEST })?;
    ensure!(!sound.damaged, "it is cut off after {} s", sound.length().as_secs());
    let (pairs, _) = sound.samples.as_chunks::<2>();
    let right: Vec<i16> = pairs.iter().map(|&[_, right]| right).collect();
    let mut codes = Vec::with_capacity(right.len());
    g711::encode_into(&right, &mut codes);
    Ok(codes)
}

/// The parts in which somebody speaks.
fn stretches(codes: &[u8]) -> Vec<&[u8]> {
    let audible: Vec<usize> = codes
        .chunks_exact(FRAME_SAMPLES)
        .enumerate()
        .filter(|(_, frame)| is_audible(frame))
        .map(|(place, _)| place)
        .collect();
    let together = |a: &usize, b: &usize| b - a < PAUSE;
    audible
        .chunk_by(together)
        .filter_map(|run| {
            let from = run.first()?.saturating_sub(MARGIN) * FRAME_SAMPLES;
            let to = ((run.last()? + 1 + MARGIN) * FRAME_SAMPLES).min(codes.len());
            codes.get(from..to)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::voice;

    #[test]
    fn a_recording_is_cut_at_long_silences_only() {
        let silence = |frames| vec![g711::SILENCE; frames * FRAME_SAMPLES];
        let speech = voice::agent(0, 50 * FRAME_SAMPLES);
        let codes =
            [&silence(40)[..], &speech[..], &silence(20), &speech, &silence(60), &speech, &silence(5)]
                .concat();
        let lengths: Vec<usize> = stretches(&codes).iter().map(|part| part.len() / FRAME_SAMPLES).collect();
        assert_eq!(lengths, [140, 65]);
    }
}
