//! The tones of a telephone's keys (ITU-T Q.23): two sines at once, one for the row of the key and one for its column.

use super::g711::{SILENCE, encode};
use std::f64::consts::TAU;

/// Samples a second.
const RATE: f64 = 8_000.0;
/// The tones of the rows, in hertz.
const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// The tones of the columns, in hertz.
const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The keys, row by row.
const KEYS: [&str; 4] = ["123A", "456B", "789C", "*0#D"];
/// A key sounds for 100 ms, and is followed by as much silence.
const SOUNDS: usize = 800;
/// Half a second of nothing.
const WAITS: usize = 4_000;
/// Each sine has −8 dBm0; a full one of 32 124 has 3.17 dBm0.
const PEAK: f64 = 8_879.0;

/// The sound of `keys` as mu-law at 8 kHz, in whole frames of 20 ms: `0`–`9`, `*`, `#`, `A`–`D`, and `w` for half a second of
/// nothing. `None` where something else is among them.
pub fn tones(keys: &str) -> Option<Vec<u8>> {
    let mut sound = Vec::new();
    for key in keys.chars() {
        if key == 'w' {
            sound.resize(sound.len() + WAITS, SILENCE);
            continue;
        }
        let (row, column) = frequencies(key)?;
        sound.extend((0..SOUNDS).map(|sample| tone(row, column, sample)));
        sound.resize(sound.len() + SOUNDS, SILENCE);
    }
    Some(sound)
}

fn frequencies(key: char) -> Option<(f64, f64)> {
    KEYS.iter().zip(ROWS).find_map(|(keys, row)| {
        let place = keys.chars().position(|each| each == key)?;
        COLUMNS.get(place).map(|column| (row, *column))
    })
}

#[expect(clippy::cast_possible_truncation, reason = "two sines of 8,879 fit into 16 bits")]
fn tone(row: f64, column: f64, sample: usize) -> u8 {
    let sine = |hertz: f64| PEAK * (TAU * hertz * sample as f64 / RATE).sin();
    encode((sine(row) + sine(column)) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711::decode;

    /// The amplitude of one frequency in `sound`, by Goertzel's algorithm.
    fn amplitude(sound: &[u8], hertz: f64) -> f64 {
        let factor = 2.0 * (TAU * hertz / RATE).cos();
        let (mut last, mut before) = (0.0, 0.0);
        for code in sound {
            (last, before) = (f64::from(decode(*code)) + factor * last - before, last);
        }
        let power = last * last + before * before - factor * last * before;
        2.0 * power.sqrt() / sound.len() as f64
    }

    #[test]
    fn each_key_is_detected_by_its_two_tones_and_no_other() {
        for (keys, row) in KEYS.iter().zip(ROWS) {
            for (key, column) in keys.chars().zip(COLUMNS) {
                let sound = tones(&key.to_string()).unwrap();
                let (on, off) = sound.split_at(800);
                assert_eq!((off.len(), off.iter().all(|code| *code == SILENCE)), (800, true));
                for hertz in ROWS.into_iter().chain(COLUMNS) {
                    let amplitude = amplitude(on, hertz);
                    if [row, column].contains(&hertz) {
                        assert!((amplitude / PEAK - 1.0).abs() < 0.1, "{key}: {amplitude} at {hertz} Hz");
                    } else {
                        assert!(amplitude < PEAK / 8.0, "{key}: {amplitude} at {hertz} Hz");
                    }
                }
                assert!(on.iter().all(|code| decode(*code).unsigned_abs() < 20_000));
            }
        }
    }

    #[test]
    fn keys_come_one_after_the_other_with_pauses_between() {
        let sound = tones("1w2").unwrap();
        assert_eq!((sound.len(), sound.len() % 160), (1_600 + 4_000 + 1_600, 0));
        assert_eq!(sound[..1_600], tones("1").unwrap());
        assert!(sound[1_600..5_600].iter().all(|code| *code == SILENCE));
        assert_eq!(sound[5_600..], tones("2").unwrap());
        for wrong in ["x", "1 2", "a", "W", "ñ"] {
            assert_eq!(tones(wrong), None, "{wrong}");
        }
    }
}
