//! How Spanish is pronounced in Latin America (seseo, yeísmo), from its spelling alone.
//!
//! The signs are those of the International Phonetic Alphabet that the voice was trained on; the stress mark stands right
//! before its vowel. Sources for the rules: RAE, "Ortografía de la lengua española" (2010), chapters I.6 (letters) and II.3
//! (stress).

/// Words without a stress of their own.
const CLITICS: &[&str] = &[
    "a", "al", "con", "de", "del", "e", "el", "en", "la", "las", "le", "les", "lo", "los", "me", "mi", "mis",
    "ni", "nos", "o", "para", "pero", "por", "que", "se", "si", "sin", "su", "sus", "te", "tu", "tus", "u",
    "un", "y",
];

/// Words that write an x for a j.
const X_AS_J: &[&str] = &["méxico", "mexican", "texas", "oaxac", "ximena"];

/// One letter group and its sound.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sound {
    signs: &'static str,
    /// A vowel that carries a syllable.
    nucleus: bool,
    /// Written with an accent.
    accented: bool,
}

/// The phonemes of one word. Letters that Spanish does not have are left out.
pub(super) fn word(word: &str) -> String {
    let word = word.to_lowercase();
    if let Some(stem) = word.strip_suffix("mente").filter(|stem| stem.chars().count() > 3) {
        // An adverb keeps the stress of its adjective beside its own.
        return pronounced(stem, Some("ˌ")) + "mˈente";
    }
    let mark = if CLITICS.contains(&word.as_str()) { None } else { Some("ˈ") };
    pronounced(&word, mark)
}

fn pronounced(word: &str, mark: Option<&str>) -> String {
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
    let sounds = sounds(&letters);
    let stressed = mark.and_then(|mark| Some((mark, stressed(&sounds, letters.last().copied())?)));
    let mut out = String::new();
    for (index, sound) in sounds.iter().enumerate() {
        if let Some((mark, _)) = stressed.filter(|&(_, at)| at == index) {
            out.push_str(mark);
        }
        out.push_str(sound.signs);
    }
    out
}

/// The accent decides; else the last syllable but one after a vowel, n or s, and the last one after another consonant.
fn stressed(sounds: &[Sound], last: Option<char>) -> Option<usize> {
    if let Some(at) = sounds.iter().position(|sound| sound.accented) {
        return Some(at);
    }
    let mut nuclei = sounds.iter().enumerate().rev().filter(|(_, sound)| sound.nucleus).map(|(at, _)| at);
    let last_syllable = nuclei.next()?;
    let soft = last.is_none_or(|c| is_vowel(c) || c == 'n' || c == 's');
    if soft { nuclei.next().or(Some(last_syllable)) } else { Some(last_syllable) }
}

fn sounds(letters: &[char]) -> Vec<Sound> {
    let spelled: String = letters.iter().collect();
    let x_as_j = X_AS_J.iter().any(|start| spelled.starts_with(start));
    let mut sounds = Vec::with_capacity(letters.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let place = Place { letters, at };
        if place.is_vowel_here() {
            if let Some(sound) = vowel(place, sounds.last()) {
                sounds.push(sound);
            }
            at += 1;
        } else {
            let (signs, taken) = if letter == 'x' && x_as_j { ("x", 1) } else { consonant(place) };
            if !signs.is_empty() {
                sounds.push(Sound { signs, nucleus: false, accented: false });
            }
            at += taken;
        }
    }
    sounds
}

/// A letter with its neighbours.
#[derive(Clone, Copy)]
struct Place<'a> {
    letters: &'a [char],
    at: usize,
}

impl Place<'_> {
    fn here(self) -> char {
        self.letters.get(self.at).copied().unwrap_or(' ')
    }

    /// The letter `steps` after this one; a space where there is none.
    fn after(self, steps: usize) -> char {
        self.letters.get(self.at + steps).copied().unwrap_or(' ')
    }

    /// The letter before this one; a space at the beginning.
    fn before(self) -> char {
        self.at.checked_sub(1).and_then(|at| self.letters.get(at)).copied().unwrap_or(' ')
    }

    /// `y` is a vowel alone and at the end of a word.
    fn is_vowel_here(self) -> bool {
        is_vowel(self.here()) || (self.here() == 'y' && self.at + 1 == self.letters.len())
    }

    fn next_is_vowel(self) -> bool {
        Self { at: self.at + 1, ..self }.is_vowel_here()
    }
}

fn is_vowel(c: char) -> bool {
    "aeiouáéíóúü".contains(c)
}

/// A letter that makes c and g soft.
fn is_front(c: char) -> bool {
    "eiéí".contains(c)
}

/// A vowel or half vowel; `None` for the mute u of que, qui, gue, gui.
fn vowel(place: Place<'_>, before: Option<&Sound>) -> Option<Sound> {
    let here = place.here();
    if here == 'u' && matches!(place.before(), 'q' | 'g') && is_front(place.after(1)) {
        return None;
    }
    let (full, half) = match here {
        'a' | 'á' => ("a", ""),
        'e' | 'é' => ("e", ""),
        'o' | 'ó' => ("o", ""),
        'í' => ("i", ""),
        'ú' => ("u", ""),
        'i' | 'y' => ("i", "j"),
        _ => ("u", "w"),
    };
    let accented = "áéíóú".contains(here);
    let behind_nucleus = before.is_some_and(|sound| sound.nucleus) && is_vowel(place.before());
    let glides = !half.is_empty() && (place.next_is_vowel() || behind_nucleus);
    let signs = if glides { half } else { full };
    Some(Sound { signs, nucleus: !glides, accented })
}

/// The sound of a consonant and the letters that it takes.
fn consonant(place: Place<'_>) -> (&'static str, usize) {
    let (before, next) = (place.before(), place.after(1));
    let first = before == ' ';
    match place.here() {
        'w' => ("w", 1),
        'b' | 'v' => (if first || "mn".contains(before) { "b" } else { "β" }, 1),
        'c' if next == 'h' => ("ʧ", 2),
        'c' if is_front(next) => (if before == 's' { "" } else { "s" }, 1),
        'c' | 'k' | 'q' => ("k", if next == 'c' && !is_front(place.after(2)) { 2 } else { 1 }),
        'd' => (if first || "nl".contains(before) { "d" } else { "ð" }, 1),
        'g' if is_front(next) => ("x", 1),
        'g' => (if first || before == 'n' { "ɡ" } else { "ɣ" }, 1),
        'j' => ("x", 1),
        'l' if next == 'l' => ("ʝ", 2),
        'n' if is_velar(next, place.after(2)) => ("ŋ", 1),
        'n' => ("n", if next == 'n' { 2 } else { 1 }),
        'p' if first && matches!(next, 's' | 't') => ("", 1),
        'p' if next == 'h' => ("f", 2),
        'r' if next == 'r' => ("r", 2),
        'r' => (if first || "nls".contains(before) { "r" } else { "ɾ" }, 1),
        's' if next == 's' => ("s", 2),
        's' if next == 'h' => ("ʃ", 2),
        's' | 'z' | 'ç' => ("s", 1),
        't' if next == 'h' => ("t", 2),
        'x' => (if first { "s" } else { "ks" }, 1),
        'y' => ("ʝ", 1),
        'ñ' => ("ɲ", 1),
        'f' => ("f", 1),
        'l' => ("l", 1),
        'm' => ("m", 1),
        'p' => ("p", 1),
        't' => ("t", 1),
        _ => ("", 1),
    }
}

/// Whether the n before these letters is spoken at the back of the tongue.
fn is_velar(next: char, after: char) -> bool {
    matches!(next, 'g' | 'j' | 'k' | 'q') || (next == 'c' && !is_front(after) && after != 'h')
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_of_a_clinic_sound_as_they_should() {
        for (spelled, spoken) in [
            ("turno", "tˈuɾno"),
            ("cardiología", "kaɾðjoloxˈia"),
            ("doctor", "doktˈoɾ"),
            ("jueves", "xwˈeβes"),
            ("miércoles", "mjˈeɾkoles"),
            ("quiero", "kjˈeɾo"),
            ("guía", "ɡˈia"),
            ("pingüino", "piŋɡwˈino"),
            ("calle", "kˈaʝe"),
            ("mañana", "maɲˈana"),
            ("corre", "kˈore"),
            ("honra", "ˈonra"),
            ("ciudad", "sjuðˈað"),
            ("hoy", "ˈoj"),
            ("ley", "lˈej"),
            ("y", "i"),
            ("para", "paɾa"),
            ("piscina", "pisˈina"),
            ("acción", "aksjˈon"),
            ("examen", "eksˈamen"),
            ("México", "mˈexiko"),
            ("psicología", "sikoloxˈia"),
            ("rápidamente", "rˌapiðamˈente"),
            ("veintiún", "bejntjˈun"),
            ("cuidado", "kwiðˈaðo"),
            ("noche", "nˈoʧe"),
            ("leído", "leˈiðo"),
        ] {
            assert_eq!(word(spelled), spoken, "{spelled}");
        }
    }
}
