//! What the words of a turn tell about its end: a few signs, each with a weight, added to log-odds.
//!
//! The weights were fitted together (logistic regression) to the turns of `benches/turn_ends`; `cargo bench --bench turn_ends`
//! prints what a fit gives, and how the policy does with the weights that stand here. The last full stop of a recogniser is
//! no sign: it writes one behind every silence.

use super::{
    digits,
    slot::{Asked, Manner, Slot},
    vocabulary::{
        AGREEING, ANNOUNCING, BEGINNING, CLOSING, DANGLING_EN, DANGLING_ES, GREETINGS, INTRODUCING,
        LETTERS_ES, MAIL_ENDINGS, QUESTIONS, STRANDED_EN, SUBJECTS_EN, TIMES, WHOLE_ANSWERS,
    },
    words::{HESITATIONS, is_one, plain},
};
use crate::base::language::Language;

/// Digits of a number that is no hour, no age and no price.
const NUMBER_BEGUN: usize = 4;
/// The longest greeting, in words.
const GREETING: usize = 5;
/// So little that a word such as "well" announces the rest.
const A_BEGINNING: usize = 3;
/// Of more letters than this the number tells nothing.
const MANY_LETTERS: usize = 10;

/// A sign. The first ones exclude each other: each text has exactly one of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// Ends with a sound of thinking.
    Hesitates,
    /// Ends with a question mark.
    Question,
    /// Ends with single letters.
    Spells,
    /// Yes or no, and nothing else.
    Bare,
    /// The same where it was asked for.
    BareAnswer,
    /// Ends with a word after which nobody stops.
    Dangles,
    /// Says that something is to come.
    Announces,
    /// A greeting, mostly followed by the matter.
    Greets,
    /// A number of fewer than six digits, where a longer one is to be expected.
    FewDigits,
    /// Of six or seven.
    SomeDigits,
    /// Of eight or nine.
    ManyDigits,
    /// Of ten or more.
    AllDigits,
    /// An e-mail address without its end.
    PartOfEmail,
    /// One with its end.
    Email,
    /// Somebody's name, where it was asked for.
    Name,
    /// Ends as last sentences do: "por favor", "no, gracias".
    Closes,
    /// A sentence in answer to "how can I help you".
    Matter,
    /// A sentence in answer to another question.
    Answer,
    /// A sentence behind a statement.
    Remark,

    /// How many letters stand at the end, 0..1.
    Letters,
    /// A document of eight digits or more.
    LongDocument,
    /// The natural logarithm of the words of a name.
    NameWords,
    /// Of the words of a sentence.
    Words,
    /// Of those of the last sentence, and one.
    LastWords,
    /// Of the words of a matter.
    MatterWords,
    /// Begins with yes or no.
    Agrees,
    /// Begins as questions do, without the mark.
    Inquires,
    /// Ends with a number.
    Figure,
    /// A day or an hour was asked for.
    WantsTime,
    /// And is named.
    NamesTime,
    /// A number, an address or letters were asked for, and are not among the words.
    WantsElse,
}

impl Sign {
    /// What it adds to the log-odds that the turn is over, for each of its units.
    #[expect(clippy::match_same_arms, reason = "each has a weight of its own, which a fit may change")]
    const fn weight(self) -> f32 {
        match self {
            Self::Hesitates => -3.85,
            Self::Question => 1.90,
            Self::Spells => -2.35,
            Self::Bare => -1.10,
            Self::BareAnswer => -0.25,
            Self::Dangles => -2.20,
            Self::Announces => -2.20,
            Self::Greets => -4.20,
            Self::FewDigits => -3.20,
            Self::SomeDigits => -0.80,
            Self::ManyDigits => 0.20,
            Self::AllDigits => 1.85,
            Self::PartOfEmail => -1.90,
            Self::Email => 1.25,
            Self::Name => -0.55,
            Self::Closes => 1.10,
            Self::Matter => -5.80,
            Self::Answer => -1.70,
            Self::Remark => -1.65,
            Self::Letters => 3.25,
            Self::LongDocument => 1.00,
            Self::NameWords => 0.95,
            Self::Words => 0.55,
            Self::LastWords => 0.55,
            Self::MatterWords => 1.65,
            Self::Agrees => 0.35,
            Self::Inquires => 0.35,
            Self::Figure => -0.30,
            Self::WantsTime => -0.70,
            Self::NamesTime => 0.85,
            Self::WantsElse => -1.20,
        }
    }
}

/// The log-odds that a turn whose words are `text` is over, where the agent asked for `asked`.
pub(super) fn log_odds(text: &str, asked: Asked, language: Language) -> f32 {
    let mut odds = 0.0;
    read(text, asked, language, &mut |sign, value| odds += sign.weight() * value);
    odds
}

/// Tells `found` the signs of a text with their values.
pub(super) fn read(text: &str, asked: Asked, language: Language, found: &mut impl FnMut(Sign, f32)) {
    let words = plain(text);
    let Some(last) = words.last() else { return };
    let letters = letters(&words, asked.slot, language);
    let digits = digits::count(&words);
    let class = if is_one(HESITATIONS, last) || text.trim_end().ends_with(['…', '-']) {
        Sign::Hesitates
    } else if text.trim_end().ends_with('?') {
        Sign::Question
    } else if letters > 1 || asked.slot == Slot::Spelling && letters > 0 {
        found(Sign::Letters, ratio(letters.min(MANY_LETTERS), MANY_LETTERS));
        Sign::Spells
    } else if dangles(text, &words, language) {
        Sign::Dangles
    } else if is_only(&words, WHOLE_ANSWERS) && words.len() <= 5 {
        match asked.slot {
            _ if words.len() > 1 && is_one(CLOSING, last) => Sign::Closes,
            Slot::YesNo => Sign::BareAnswer,
            _ => Sign::Bare,
        }
    } else if announces(&words) {
        Sign::Announces
    } else if asked.manner == Manner::Opening && greets(&words) {
        Sign::Greets
    } else if is_number(&words, asked.slot, digits) {
        if asked.slot == Slot::Document && digits >= 8 {
            found(Sign::LongDocument, 1.0);
        }
        match digits {
            0..6 => Sign::FewDigits,
            6..8 => Sign::SomeDigits,
            8..10 => Sign::ManyDigits,
            _ => Sign::AllDigits,
        }
    } else if asked.slot == Slot::Email && !declines(&words) {
        if is_email(&words) { Sign::Email } else { Sign::PartOfEmail }
    } else if asked.slot == Slot::Name {
        let is_name = |word: &&String| !is_one(INTRODUCING, word) && !is_one(WHOLE_ANSWERS, word);
        match words.iter().filter(is_name).count() {
            0 => Sign::Announces,
            count => {
                found(Sign::NameWords, logarithm(count));
                Sign::Name
            }
        }
    } else if words.len() > 1 && is_one(CLOSING, last) {
        Sign::Closes
    } else {
        sentence(text, &words, asked, found)
    };
    found(class, 1.0);
}

/// The signs of a sentence that has no plainer ones.
fn sentence(text: &str, words: &[String], asked: Asked, found: &mut impl FnMut(Sign, f32)) -> Sign {
    let newest =
        text.trim_end().trim_end_matches(['.', '!']).rsplit(['.', '!', '?']).next().unwrap_or_default();
    found(Sign::Words, logarithm(words.len()));
    found(Sign::LastWords, logarithm(plain(newest).len() + 1));
    let mut tell = |sign, is: bool| {
        if is {
            found(sign, 1.0);
        }
    };
    let first = words.first().map_or("", String::as_str);
    let begins = words.iter().find(|word| !is_one(WHOLE_ANSWERS, word)).map_or("", String::as_str);
    tell(Sign::Agrees, is_one(AGREEING, first));
    tell(Sign::Inquires, is_one(QUESTIONS, begins) && words.len() > 2);
    tell(Sign::Figure, words.last().is_some_and(|last| digits::is_number(last)));
    tell(Sign::WantsTime, asked.slot == Slot::When);
    let is_time = |word: &String| is_one(TIMES, word) || digits::is_number(word);
    tell(Sign::NamesTime, asked.slot == Slot::When && words.iter().any(is_time));
    tell(Sign::WantsElse, matches!(asked.slot, Slot::Phone | Slot::Document | Slot::Email | Slot::Spelling));
    match asked.manner {
        Manner::Opening => {
            found(Sign::MatterWords, logarithm(words.len()));
            Sign::Matter
        }
        Manner::Question => Sign::Answer,
        Manner::Statement => Sign::Remark,
    }
}

fn dangles(text: &str, words: &[String], language: Language) -> bool {
    let [before @ .., last] = words else { return false };
    let before = before.last().map_or("", String::as_str);
    match language {
        Language::Es => {
            let accented = text
                .split_whitespace()
                .next_back()
                .is_some_and(|word| word.contains(['á', 'é', 'í', 'ó', 'ú']));
            // "A la una" is an hour.
            is_one(DANGLING_ES, last) && !accented && !(last == "una" && before == "la")
        }
        Language::En => {
            is_one(DANGLING_EN, last) && !(is_one(STRANDED_EN, last) && is_one(SUBJECTS_EN, before))
        }
    }
}

fn announces(words: &[String]) -> bool {
    ANNOUNCING.iter().any(|way| ends_with(words, way))
        || words.len() <= A_BEGINNING && words.last().is_some_and(|last| is_one(BEGINNING, last))
}

fn greets(words: &[String]) -> bool {
    words.len() <= GREETING && words.iter().take(3).any(|word| is_one(GREETINGS, word))
}

/// Whether a long number is being said: where one was asked for any digit begins it.
fn is_number(words: &[String], slot: Slot, digits: usize) -> bool {
    let numbers = words.iter().filter(|word| digits::is_number(word)).count();
    let is_time = |word: &String| is_one(TIMES, word);
    match slot {
        Slot::Document | Slot::Phone => digits > 0,
        Slot::Open | Slot::YesNo => {
            digits >= NUMBER_BEGUN && numbers * 4 > words.len() * 3 && !words.iter().any(is_time)
        }
        _ => false,
    }
}

/// How many letters stand at the end, by themselves or by their names.
fn letters(words: &[String], slot: Slot, language: Language) -> usize {
    let named = language == Language::Es && matches!(slot, Slot::Spelling | Slot::Name);
    let is_letter = |word: &&String| {
        word.chars().count() == 1 && !digits::is_number(word) || named && is_one(LETTERS_ES, word)
    };
    match words {
        // An hour.
        [.., half, last] if matches!(half.as_str(), "a" | "p") && last == "m" => 0,
        _ => words.iter().rev().take_while(is_letter).count(),
    }
}

/// Who has no address says a sentence.
fn declines(words: &[String]) -> bool {
    !has_at(words) && words.iter().any(|word| word == "no" || word == "tengo")
}

fn has_at(words: &[String]) -> bool {
    words.iter().any(|word| word.contains('@') || word == "arroba" || word == "at")
}

fn is_email(words: &[String]) -> bool {
    has_at(words)
        && words.last().is_some_and(|last| is_one(MAIL_ENDINGS, last.rsplit('.').next().unwrap_or_default()))
}

fn is_only(words: &[String], list: &str) -> bool {
    words.iter().all(|word| is_one(list, word))
}

fn ends_with(words: &[String], way: &str) -> bool {
    let mut words = words.iter().rev();
    way.rsplit(' ').all(|end| words.next().is_some_and(|word| word == end))
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn logarithm(count: usize) -> f32 {
    (count as f32).ln()
}

#[expect(clippy::cast_precision_loss, reason = "counts of letters")]
fn ratio(count: usize, of: usize) -> f32 {
    count as f32 / of as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ordered(said: &str, language: Language, less_to_more: &[&str]) {
        let odds: Vec<f32> =
            less_to_more.iter().map(|text| log_odds(text, Asked::by(said), language)).collect();
        assert!(odds.is_sorted_by(|one, next| one < next), "{less_to_more:?}: {odds:?}");
    }

    const HELP: &str = "¿En qué puedo ayudarle?";

    #[test]
    fn sentences_that_dangle_go_on_and_questions_are_over() {
        ordered(
            "Queda reservado.",
            Language::Es,
            &["Quiero un turno, eh", "Quiero un turno para", "Quiero un turno mañana", "¿Atienden mañana?"],
        );
        ordered(
            "What's the matter?",
            Language::En,
            &["I need an appointment, um", "I need an", "I need an appointment today", "Do you take cards?"],
        );
        ordered(
            HELP,
            Language::Es,
            &["Hola, buenas tardes", "Quiero un turno con la doctora Paz", "Eso es todo, gracias"],
        );
        ordered("¿Qué le pasa?", Language::Es, &["Mire", "Me duele", "Me duele la rodilla desde ayer"]);
    }

    #[test]
    fn a_full_stop_is_no_sign() {
        for text in ["Quiero un turno", "El turno es para", "28 400"] {
            let stopped = format!("{text}.");
            let odds = |text| log_odds(text, Asked::by(HELP), Language::Es).to_bits();
            assert_eq!(odds(text), odds(stopped.as_str()));
        }
    }

    #[test]
    fn the_same_letters_may_be_another_word() {
        for (text, language) in [
            ("A la una.", Language::Es),
            ("Ya está.", Language::Es),
            ("Yes, it is.", Language::En),
            ("I am.", Language::En),
            ("At ten A M.", Language::En),
        ] {
            let mut signs = Vec::new();
            read(text, Asked::by("¿Sí?"), language, &mut |sign, _| signs.push(sign));
            assert!(signs.contains(&Sign::Answer), "{text}: {signs:?}");
        }
    }

    #[test]
    fn what_was_asked_for_must_be_whole() {
        ordered("¿Su documento?", Language::Es, &["28 400", "28.400.5", "28.400.512"]);
        ordered("Your phone?", Language::En, &["five five five", "five five five zero one nine nine"]);
        ordered("¿Su correo?", Language::Es, &["ana punto paz arroba", "ana arroba correo punto com"]);
        ordered("¿Su nombre?", Language::Es, &["Me llamo", "Ana", "Ana Paz", "Ana María Paz"]);
        ordered("¿Qué día?", Language::Es, &["Para el", "Jueves", "El jueves por la tarde"]);
        ordered("¿Es correcto?", Language::Es, &["Sí, pero", "Sí"]);
        ordered("¿Me lo deletrea?", Language::Es, &["p", "p a z", "pe a zeta o ese"]);
    }
}
