//! Numbers in words, in figures, or both: "28 millones 400 mil 512".

use super::{lexicon, said::Said};

/// A number that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// What it is worth.
    pub value: u64,
    /// Its digits as they were said: figures keep their leading noughts.
    pub digits: String,
    /// The place behind it.
    pub end: usize,
}

/// The number that one word says, in words or plain digits; ordinals of dates included.
pub fn word(norm: &str) -> Option<u64> {
    if norm.len() <= 4 && norm.starts_with(|sign: char| sign.is_ascii_digit()) {
        let digits = norm.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h', 'º', '°']);
        return digits.parse().ok();
    }
    let english = |norm: &str| !norm.ends_with(['o', 'a']) || norm == "primero";
    lexicon::cardinal(norm)
        .or_else(|| lexicon::ordinal_word(norm).filter(|_| english(norm) && norm != "tercer"))
}

/// A number under a hundred at `index` ("treinta y cinco", "twenty five", "26"), and the place behind it.
///
/// Spanish tens and units need their "y", so that "las veinte cinco" is no twenty-fifth hour.
pub fn below_hundred(said: &Said, index: usize) -> Option<(u64, usize)> {
    let tens = word(said.at(index)).filter(|value| *value < 100)?;
    let is_digits = said.at(index).starts_with(|sign: char| sign.is_ascii_digit());
    if tens < 20 || tens % 10 != 0 || is_digits {
        return Some((tens, index + 1));
    }
    // "veinte y seis" is also heard for "veintiséis"; "las veinte y cinco" is 20:05, which nobody books.
    let unit_at = if said.at(index + 1) == "y" { index + 2 } else { index + 1 };
    let english = said.at(index).ends_with("ty");
    let unit = word(said.at(unit_at)).filter(|unit| (1..10).contains(unit));
    let unit = unit.filter(|_| !said.at(unit_at).starts_with(|sign: char| sign.is_ascii_digit()));
    match unit {
        Some(unit) if english != (unit_at == index + 2) => Some((tens + unit, unit_at + 1)),
        _ => Some((tens, index + 1)),
    }
}

/// The number at `index`, as long as it can be.
pub fn number_at(said: &Said, index: usize) -> Option<Number> {
    numbers_at(said, index).pop()
}

/// Every number that begins at `index`, the shortest first: "treinta dos" is 30 and more digits, or 32.
///
/// Nothing else is torn: "dos mil" is not two, nor "ciento veinte" a hundred.
pub fn numbers_at(said: &Said, index: usize) -> Vec<Number> {
    if let Some(half) = half(said, index) {
        return vec![half];
    }
    let mut reader =
        Reader { said, at: index, total: 0, group: None, room: 0, scale: u64::MAX, found: Vec::new() };
    while reader.step() {}
    reader.found
}

/// "medio millón", "half a million".
fn half(said: &Said, index: usize) -> Option<Number> {
    let at = said.starts_one_of(index, "half a|medio")?;
    let scale = lexicon::scale(said.at(at)).filter(|scale| *scale >= 1_000)?;
    Some(Number { value: scale / 2, digits: (scale / 2).to_string(), end: at + 1 })
}

struct Reader<'a> {
    said: &'a Said,
    at: usize,
    /// What the scales before have completed.
    total: u64,
    /// What was said since the last scale.
    group: Option<u64>,
    /// Less than this may be added to the group.
    room: u64,
    /// The last scale; only smaller numbers follow it.
    scale: u64,
    found: Vec<Number>,
}

impl Reader<'_> {
    /// Takes the next word or words; `false` when they are no part of the number.
    fn step(&mut self) -> bool {
        let word = self.said.at(self.at);
        if let Some(scale) = lexicon::scale(word) {
            return self.multiply(scale, 1);
        }
        if let Some(value) = lexicon::cardinal(word) {
            return self.add(value, 1);
        }
        match word {
            "y" if self.room == 10 => self.join(1, 10),
            "and" if self.group.is_none_or(|group| group % 100 == 0) && !self.found.is_empty() => {
                self.and_a_half() || self.join(1, 100)
            }
            "y" | "and" => self.and_a_half(),
            "coma" | "point" => self.tenths(),
            "a" if self.found.is_empty() && lexicon::scale(self.said.at(self.at + 1)).is_some() => {
                self.group = Some(1);
                self.at += 1;
                true
            }
            _ => self.figures(word),
        }
    }

    /// A number in figures: nothing is added to it, but a scale may follow.
    fn figures(&mut self, word: &str) -> bool {
        if let Some(value) =
            decimal_of_scale(word, self.said.at(self.at + 1)).filter(|_| self.found.is_empty())
        {
            self.total = value;
            self.at += 2;
            self.note();
            return false;
        }
        let thousands =
            word.strip_suffix('k').and_then(lexicon::figures).and_then(|value| value.checked_mul(1_000));
        let fits = |value: &u64| self.group.is_none() && *value < self.scale;
        let Some(value) = thousands.or_else(|| lexicon::figures(word)).filter(fits) else { return false };
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        self.found.clear();
        (self.group, self.room) = (Some(value), 0);
        self.at += 1;
        self.note();
        if thousands.is_none()
            && self.scale == u64::MAX
            && let Some(last) = self.found.last_mut()
        {
            last.digits = digits;
        }
        true
    }

    /// A word that is worth `value` stands `ahead` minus one places ahead.
    fn add(&mut self, value: u64, ahead: usize) -> bool {
        let group = match self.group {
            None => {
                self.found.clear();
                value
            }
            // "veinte, uno": a pause keeps them apart.
            Some(_) if self.said.paused_before(self.at) => return false,
            Some(group) if (1..self.room).contains(&value) && (self.room == 100 || value < 10) => {
                // English leaves "and" out, and dictates hundreds as groups: "eight hundred, five".
                if group.is_multiple_of(100) && self.said.before(self.at, 1) != "hundred" {
                    self.found.pop();
                }
                group + value
            }
            Some(_) => return false,
        };
        (self.group, self.room) = (Some(group), room(value));
        self.at += ahead;
        self.note();
        true
    }

    /// "y" and "and" join what stands around them for good.
    fn join(&mut self, ahead: usize, below: u64) -> bool {
        let next = self.said.at(self.at + ahead);
        let value = lexicon::cardinal(next).or_else(|| lexicon::figures(next));
        let Some(value) = value.filter(|value| (1..below).contains(value)) else { return false };
        let joined = self.add(value, ahead + 1);
        let last = self.found.pop().filter(|_| joined);
        if let Some(last) = last {
            self.found.clear();
            self.found.push(last);
        }
        joined
    }

    /// "un millón y medio", "two and a half million".
    fn and_a_half(&mut self) -> bool {
        let Some(end) = self.said.starts_one_of(self.at, "y medio|y media|and a half") else { return false };
        match (self.group, lexicon::scale(self.said.at(end))) {
            (Some(group), Some(scale)) if scale >= 1_000 => {
                self.total = self
                    .total
                    .saturating_add(group.saturating_mul(2).saturating_add(1).saturating_mul(scale / 2));
                (self.group, self.at) = (None, end + 1);
            }
            (None, None) if self.scale < u64::MAX => {
                self.total = self.total.saturating_add(self.scale / 2);
                self.at = end;
            }
            _ => return false,
        }
        self.found.clear();
        self.note();
        false
    }

    /// "uno coma cinco millones", "two point five million".
    fn tenths(&mut self) -> bool {
        let tenths = lexicon::cardinal(self.said.at(self.at + 1)).filter(|tenths| *tenths < 10);
        let scale = lexicon::scale(self.said.at(self.at + 2)).filter(|scale| *scale >= 1_000);
        if let (Some(group), Some(tenths), Some(scale)) = (self.group, tenths, scale) {
            let whole = group.saturating_mul(10).saturating_add(tenths);
            self.total = self.total.saturating_add(whole.saturating_mul(scale / 10));
            (self.group, self.at) = (None, self.at + 3);
            self.found.clear();
            self.note();
        }
        false
    }

    fn multiply(&mut self, scale: u64, ahead: usize) -> bool {
        if scale == 100 {
            let Some(group) = self.group.filter(|group| (1..100).contains(group)) else { return false };
            (self.group, self.room) = (Some(group * 100), 100);
        } else {
            if self.group.is_none() && self.total == 0 && self.said.at(self.at) != "mil" {
                return false;
            }
            let group = self.group.take();
            if scale < self.scale {
                let group = group.unwrap_or(1);
                self.total = self.total.saturating_add(group.saturating_mul(scale));
            } else if self.scale == 1_000 && self.total < scale {
                // "dos mil quinientos millones"
                self.total = self.total.saturating_add(group.unwrap_or(0)).saturating_mul(scale);
            } else {
                self.group = group;
                return false;
            }
            (self.scale, self.room) = (scale, 0);
        }
        self.at += ahead;
        self.found.clear();
        self.note();
        true
    }

    fn note(&mut self) {
        let value = self.total.saturating_add(self.group.unwrap_or(0));
        self.found.push(Number { value, digits: value.to_string(), end: self.at });
    }
}

/// What may follow within the same number: units after tens, anything under a hundred after hundreds.
const fn room(value: u64) -> u64 {
    match value {
        100.. => 100,
        20 | 30 | 40 | 50 | 60 | 70 | 80 | 90 => 10,
        _ => 0,
    }
}

/// "1,5 millones", "2.5 million".
fn decimal_of_scale(word: &str, next: &str) -> Option<u64> {
    let scale = lexicon::scale(next).filter(|scale| *scale >= 1_000)?;
    let (whole, fraction) = word.split_once([',', '.'])?;
    if fraction.is_empty() || fraction.len() > 2 {
        return None;
    }
    let places = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let hundredths: u64 = format!("{whole}{fraction}").parse().ok()?;
    hundredths.checked_mul(scale / places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_read() {
        for (text, value, words) in [
            ("treinta y cinco", 35, 3),
            ("veintiséis", 26, 1),
            ("26", 26, 1),
            ("26th", 26, 1),
            ("twenty-sixth", 26, 2),
            ("twenty six", 26, 2),
            ("fourteenth", 14, 1),
            ("diez y media", 10, 1),
            ("diez y cinco", 10, 1),
            ("treinta", 30, 1),
        ] {
            assert_eq!(below_hundred(&Said::new(text), 0), Some((value, words)), "{text}");
        }
        for text in ["", "jueves", "mil", "10:30", "28400512"] {
            assert_eq!(below_hundred(&Said::new(text), 0), None, "{text}");
        }
    }

    #[test]
    fn shorter_readings_stand_first_and_nothing_that_is_joined_is_torn() {
        let read = |text| numbers_at(&Said::new(text), 0).into_iter().map(|it| it.digits).collect::<Vec<_>>();
        assert_eq!(read("ciento veinte"), ["120"]);
        assert_eq!(read("ciento treinta dos"), ["130", "132"]);
        assert_eq!(read("treinta y dos"), ["32"]);
        assert_eq!(read("dos mil cinco"), ["2005"]);
        assert_eq!(read("011"), ["011"]);
        assert_eq!(read("veintiocho cuatrocientos"), ["28"]);
    }
}
