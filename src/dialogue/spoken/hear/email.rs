//! E-mail addresses as they are dictated: "ana punto paz arroba gmail punto com", "con doble ele", "a n a".

use super::{
    Heard,
    host::{self, hosts},
    number,
    said::Said,
};
use crate::dialogue::spoken::{email::Email, letters, without_accent};

/// Signs and their names; `|` stands between those, the longer first.
const SIGNS: &[(char, &str)] = &[
    ('_', "guion bajo|barra baja|raya baja|sub guion|subguion|underscore|under score|underline"),
    ('-', "guion medio|guion del medio|guion|dash|hyphen|raya"),
    ('.', "punto|dot|point|period"),
    ('+', "mas|plus|signo mas"),
];
const AT: &str = "arroba|a roba|arrova|at sign|at symbol|at";

/// What is said about the spelling and adds no sign.
pub(super) const SILENT: &[&str] = &[
    "todo junto",
    "todo pegado",
    "todo seguido",
    "todo en minusculas",
    "todo en minuscula",
    "todo minuscula",
    "en minusculas",
    "en minuscula",
    "minusculas",
    "minuscula",
    "en mayusculas",
    "mayuscula",
    "sin espacios",
    "sin espacio",
    "sin acento",
    "sin tilde",
    "con minuscula",
    "all one word",
    "one word",
    "all together",
    "all lowercase",
    "all lower case",
    "lowercase",
    "in lowercase",
    "lower case",
    "no spaces",
    "capital",
    "eh",
    "um",
    "uh",
    "este",
    "coma",
    "la letra",
    "letra",
    "the letter",
    "letter",
    "el numero",
    "the number",
];

/// What stands before an address; the last of them begins it.
const INTRODUCES: &[&str] = &[
    "es",
    "is",
    "its",
    "correo",
    "mail",
    "email",
    "electronico",
    "seria",
    "anote",
    "anota",
    "apunte",
    "apunta",
    "address",
    "direccion",
];
/// Words at its beginning that are no part of it.
const FILLERS: &str = "si|claro|bueno|ok|okay|dale|mi|my|el|es|is|its|yes|sure|perfecto|a ver|well|the|it|so|pues|le|doy|e mail|\
     correo|electronico|por favor|gracias";

/// Words that would be taken for something else in the middle of an address.
const TAKEN: &[&str] = &[
    "con", "with", "sin", "without", "doble", "double", "triple", "de", "un", "una", "once", "y", "arroba",
    "at",
];

/// The address that was said; signs around an "arroba" that make none are told as they were understood.
pub fn email(text: &str) -> Heard<Email> {
    if let Some(email) = written(text) {
        return Heard::One(email);
    }
    let said = Said::new(&in_words(text));
    let ats = (0..said.len()).filter_map(|index| Some((index, said.starts_one_of(index, AT)?)));
    let Some((at, behind)) = ats.rev().find(|(at, end)| said.at(*at) != "at" || has_host(&said, *end)) else {
        return Heard::Nothing;
    };
    let locals = Local::read(&said, at);
    let hosts = hosts(&said, behind);
    let all = locals.iter().flat_map(|local| hosts.iter().map(move |host| format!("{local}@{host}")));
    let heard = Heard::of(all.filter_map(|address| Email::parse(&address)).collect());
    match (heard, locals.first()) {
        (Heard::Nothing, Some(local)) => {
            Heard::Misfit(format!("{local}@{}", hosts.first().map_or("", String::as_str)))
        }
        (heard, _) => heard,
    }
}

/// An address that the recogniser wrote whole, with nothing before it that could belong to it.
fn written(text: &str) -> Option<Email> {
    let place = text.find('@')?;
    let from = text.get(..place)?.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let (before, rest) = text.split_at_checked(from)?;
    let before = Said::new(before);
    let introduced = before.words.last().is_none_or(|word| {
        INTRODUCES.contains(&word.norm.as_str()) || FILLERS.split('|').any(|filler| filler == word.norm)
    });
    let address = rest.split_whitespace().next()?.trim_end_matches(|sign: char| !sign.is_alphanumeric());
    let address: String = address.to_lowercase().chars().map(without_accent).collect();
    Email::parse(&address).filter(|_| introduced)
}

/// Whether one word of an address is heard as it is written, and as nothing else.
pub fn is_heard_as_itself(word: &str) -> bool {
    let said = Said::new(word);
    let plain = said.len() == 1
        && said.at(0) == word
        && said.starts_one_of(0, FILLERS).is_none()
        && !INTRODUCES.contains(&word);
    plain
        && !TAKEN.contains(&word)
        && !SILENT.iter().any(|silent| silent.split(' ').next() == Some(word))
        && (word.len() == 1 || letters::heard(&said, 0).is_none())
        && super::lexicon::cardinal(word).is_none()
        && super::lexicon::scale(word).is_none()
        && sign(&said, 0).is_none()
        && !SIGNS.iter().any(|(_, names)| names.split('|').any(|name| name.split(' ').next() == Some(word)))
        && !host::is_part_of_known(word)
}

/// Written signs as words, so that "ana.paz@gmail.com" and its spoken form are read alike.
fn in_words(text: &str) -> String {
    let text: String = text.split_whitespace().map(apart).collect::<Vec<_>>().join(" ");
    let signs: Vec<char> = text.chars().collect();
    let mut words = String::with_capacity(text.len() + 16);
    for (place, sign) in signs.iter().enumerate() {
        let inside = place
            .checked_sub(1)
            .and_then(|before| signs.get(before))
            .is_some_and(|sign| sign.is_alphanumeric())
            && signs.get(place + 1).is_some_and(|sign| sign.is_alphanumeric());
        match sign {
            '@' => words.push_str(" arroba "),
            '_' => words.push_str(" underscore "),
            '.' if inside => words.push_str(" punto "),
            '-' if inside => words.push_str(" guion "),
            '+' => words.push_str(" plus "),
            other => words.push(*other),
        }
    }
    words
}

/// "A-N-A" and "eighty-five" are no hyphens of an address.
fn apart(chunk: &str) -> String {
    let sounds =
        |part: &str| part.chars().count() == 1 || super::lexicon::cardinal(&part.to_lowercase()).is_some();
    let torn = chunk.contains('-') && chunk.trim_end_matches(',').split('-').all(sounds);
    if torn { chunk.replace('-', " ") } else { chunk.to_owned() }
}

fn has_host(said: &Said, index: usize) -> bool {
    (index..said.len()).any(|index| matches!(said.at(index), "dot" | "punto"))
        || host::known_at(said, index).is_some()
}

pub(super) fn sign(said: &Said, index: usize) -> Option<(char, usize)> {
    SIGNS.iter().find_map(|(sign, names)| Some((*sign, said.starts_one_of(index, names)?)))
}

/// What stands before the `@`, in the readings that it may have.
struct Local<'a> {
    said: &'a Said,
    /// The readings so far.
    readings: Vec<String>,
    /// The word that was added last: "con doble ele" is said of it.
    last: String,
}

impl<'a> Local<'a> {
    fn read(said: &'a Said, until: usize) -> Vec<String> {
        let introduced = (0..until).rev().find(|index| {
            let goes_on = index + 1 < until && sign(said, index + 1).is_none();
            INTRODUCES.contains(&said.at(*index)) && goes_on
        });
        let mut index = introduced.map_or(0, |index| index + 1);
        while let Some(end) = said.starts_one_of(index, FILLERS) {
            if end >= until || sign(said, end).is_some() || spells(said, index) {
                break;
            }
            index = end;
        }
        let mut local = Self { said, readings: vec![String::new()], last: String::new() };
        while index < until {
            index = local.step(index);
        }
        local.readings
    }

    fn step(&mut self, index: usize) -> usize {
        let said = self.said;
        if let Some(end) = SILENT.iter().filter_map(|silent| said.starts(index, silent)).max() {
            return end;
        }
        if let Some((sign, end)) = sign(said, index) {
            self.push(&sign.to_string(), false);
            return end;
        }
        if let Some(end) = self.corrected(index) {
            return end;
        }
        if let Some((text, end)) = doubled(said, index) {
            self.push(&text, false);
            return end;
        }
        if let Some((letter, end)) = letters::heard_surely(said, index) {
            self.push(&without_accent(letter).to_string(), false);
            return end;
        }
        let is_number = !matches!(said.at(index), "un" | "una");
        let numbers = if is_number { number::numbers_at(said, index) } else { Vec::new() };
        if let Some(number) = numbers.last() {
            self.push(&number.digits, false);
            return number.end;
        }
        let word: String = said.at(index).chars().filter(char::is_ascii_alphanumeric).collect();
        self.push(&word, true);
        index + 1
    }

    fn push(&mut self, text: &str, is_word: bool) {
        for reading in &mut self.readings {
            reading.push_str(text);
        }
        self.last = if is_word { text.to_owned() } else { String::new() };
    }

    /// "con doble ele", "con zeta", "with a k", "sin hache": said of the word before.
    fn corrected(&mut self, index: usize) -> Option<usize> {
        let said = self.said;
        let with = said
            .starts_one_of(index, "con una|con|with a|with an|with")
            .or_else(|| said.starts_one_of(index, "se escribe con"));
        let without = said.starts_one_of(index, "sin|without");
        let at = with.or(without)?;
        let double = said
            .starts_one_of(at, "doble|double|dos|two")
            .filter(|_| letters::heard(said, at).is_none_or(|(letter, _)| letter != 'w'));
        let (letter, end) = letters::heard(said, double.unwrap_or(at))?;
        let end = said.starts_one_of(end, "al final|final|at the end").unwrap_or(end);
        let word = std::mem::take(&mut self.last);
        let spellings = match (with, double) {
            (Some(_), Some(_)) => with_double(&word, letter),
            (Some(_), None) => with_letter(&word, letter),
            (None, _) => vec![word.replacen(letter, "", 1)],
        };
        let readings = std::mem::take(&mut self.readings);
        for reading in &readings {
            let stem = reading.strip_suffix(word.as_str()).unwrap_or(reading);
            self.readings.extend(spellings.iter().map(|spelling| format!("{stem}{spelling}")));
        }
        Some(end)
    }
}

/// Whether letters are spelled from `index` on: "a n a".
fn spells(said: &Said, index: usize) -> bool {
    letters::heard(said, index).is_some_and(|(_, end)| letters::heard(said, end).is_some())
}

/// "doble ele", "double t", "triple w", "doble cero".
pub(super) fn doubled(said: &Said, index: usize) -> Option<(String, usize)> {
    let times = match said.at(index) {
        "doble" | "double" => 2,
        "triple" => 3,
        _ => return None,
    };
    if letters::heard(said, index).is_some() {
        return None; // "doble ve"
    }
    // "double oh seven"
    let is_nought = said.at(index + 1) == "oh" && number::number_at(said, index + 2).is_some();
    let (sign, end) = match letters::heard(said, index + 1).filter(|_| !is_nought) {
        Some((letter, end)) => (without_accent(letter).to_string(), end),
        None => number::numbers_at(said, index + 1)
            .into_iter()
            .next()
            .map(|number| (number.digits, number.end))?,
    };
    Some((sign.repeat(times), end))
}

/// The word with that letter doubled, wherever it stands once; as it is where it is doubled already.
fn with_double(word: &str, letter: char) -> Vec<String> {
    let doubled = format!("{letter}{letter}");
    if word.contains(&doubled) || !word.contains(letter) {
        return vec![word.to_owned()];
    }
    let places = word.match_indices(letter).map(|(place, _)| {
        let mut spelling = word.to_owned();
        spelling.insert(place, letter);
        spelling
    });
    places.collect()
}

/// Letters that sound alike.
const ALIKE: &[&str] = &["szc", "bv", "kqc", "yi", "gj", "mn"];

/// The word with that letter for one that sounds alike: "gonzales con zeta al final".
fn with_letter(word: &str, letter: char) -> Vec<String> {
    if letter == 'h' {
        return vec![if word.contains(letter) { word.to_owned() } else { format!("h{word}") }];
    }
    let like = ALIKE.iter().filter(|group| group.contains(letter)).flat_map(|group| group.chars());
    let like: Vec<char> = like.filter(|other| *other != letter).collect();
    // "gonzales con zeta": the end of a name is where it is usually in doubt.
    if let Some(stem) = word.strip_suffix(like.as_slice()) {
        return vec![format!("{stem}{letter}")];
    }
    if word.contains(letter) {
        return vec![word.to_owned()];
    }
    let mut spellings: Vec<String> = word
        .char_indices()
        .filter(|(_, sign)| like.contains(sign))
        .map(|(place, sign)| {
            let mut spelling = word.to_owned();
            spelling.replace_range(place..place + sign.len_utf8(), &letter.to_string());
            spelling
        })
        .collect();
    spellings.reverse();
    if spellings.is_empty() { vec![word.to_owned()] } else { spellings }
}
