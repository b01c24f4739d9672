//! Texts that end long before the sound does: greedy Whisper sometimes believes after a pause that all was said.

use crate::{audio::level::rms_dbfs_f32, providers::local::mel::RATE};

/// 20 ms.
const FRAME: usize = RATE / 50;
/// Frames within so many dB of the loudest one are voiced.
const VOICED: f32 = 30.0;
/// Shorter speech than this, in seconds, is never cut.
const SHORT: f32 = 2.5;
/// Letters per voiced second below which words must be missing: speech has 13 to 16 characters.
const FEWEST: f32 = 5.0;
/// Letters of a spoken digit: "cuatro", "two".
const PER_DIGIT: usize = 4;
/// The window that must be quiet where a sound is cut: 200 ms.
const PAUSE: usize = 10;

/// Whether `text` can't be all that is said in `pcm` (16 kHz, -1..1). No text at all is: noise has none.
pub(super) fn is_unfinished(pcm: &[f32], text: &str) -> bool {
    let seconds = voiced(pcm);
    !text.is_empty() && seconds > SHORT && (letters(text) as f32) < seconds * FEWEST
}

/// The two parts of `pcm`, cut in the quietest place of its middle.
pub(super) fn halves(pcm: &[f32]) -> (&[f32], &[f32]) {
    let levels: Vec<f32> = pcm.chunks(FRAME).map(|frame| rms_dbfs_f32(frame).0).collect();
    let middle = levels.len() / 5..levels.len() - levels.len() / 5;
    let quietest = levels
        .get(middle.clone())
        .into_iter()
        .flat_map(|levels| levels.windows(PAUSE))
        .map(|window| window.iter().sum::<f32>())
        .enumerate()
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(levels.len() / 2, |(place, _)| middle.start + place + PAUSE / 2);
    pcm.split_at((quietest * FRAME).min(pcm.len()))
}

/// Seconds in which somebody speaks.
fn voiced(pcm: &[f32]) -> f32 {
    let levels = || pcm.chunks(FRAME).map(|frame| rms_dbfs_f32(frame).0);
    let loudest = levels().fold(f32::NEG_INFINITY, f32::max);
    levels().filter(|level| *level >= loudest - VOICED).count() as f32 * FRAME as f32 / RATE as f32
}

fn letters(text: &str) -> usize {
    text.chars()
        .map(|letter| if letter.is_ascii_digit() { PER_DIGIT } else { usize::from(letter.is_alphanumeric()) })
        .sum()
}

/// The longer of a text and the texts of its halves.
pub(super) fn fuller(whole: String, first: &str, second: &str) -> String {
    let both = format!("{} {}", first.trim(), second.trim());
    if letters(&both) > letters(&whole) { both.trim().to_owned() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(tenths: usize) -> Vec<f32> {
        (0..tenths * RATE / 10).map(|n| if n % 80 < 40 { 0.2 } else { -0.2 }).collect()
    }

    fn silence(tenths: usize) -> Vec<f32> {
        vec![0.0; tenths * RATE / 10]
    }

    #[test]
    fn few_letters_for_much_speech_are_not_all() {
        let sound = [tone(30), silence(40)].concat();
        assert!(is_unfinished(&sound, "Gracias."));
        assert!(!is_unfinished(&sound, "Gracias. Le repito los datos."));
        assert!(!is_unfinished(&sound, "4-1-780-235."), "digits are long words");
        assert!(!is_unfinished(&sound, ""), "noise");
        assert!(!is_unfinished(&tone(20), "Sí."), "short speech may be a hesitation");
    }

    #[test]
    fn a_sound_is_cut_in_its_pause() {
        let sound = [tone(30), silence(5), tone(25)].concat();
        let (first, second) = halves(&sound);
        assert!((3.0..3.5).contains(&(first.len() as f32 / RATE as f32)), "{}", first.len());
        assert_eq!(first.len() + second.len(), sound.len());
    }

    #[test]
    fn the_halves_count_only_where_they_say_more() {
        assert_eq!(fuller("Gracias.".into(), "Gracias.", " Le repito."), "Gracias. Le repito.");
        assert_eq!(fuller("Gracias.".into(), "", ""), "Gracias.");
    }
}
