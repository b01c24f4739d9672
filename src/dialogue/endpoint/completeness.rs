//! How complete a caller's words are, as log-odds: 0 tells nothing, 1 speaks for the end, -2 plainly against it.
//!
//! The last full stop of a recogniser is no sign: it writes one behind every silence.

use super::{
    digits,
    slot::Slot,
    words::{HESITATIONS, is_one, plain},
};
use crate::base::language::Language;

/// Digits of the shortest document or telephone number that a caller says.
const SHORTEST_NUMBER: usize = 7;
/// Digits of a number that is no hour, no age and no price.
const NUMBER_BEGUN: usize = 4;
/// Digits behind which hardly any number goes on.
const LONGEST_NUMBER: usize = 10;
/// Words that a subordinate clause and its main clause need at least.
const TWO_CLAUSES: usize = 7;

/// Somebody looks for words.
const HESITATES: f32 = -2.6;
/// A word after which nobody stops.
const DANGLES: f32 = -2.5;
/// Less than what was asked for.
const TOO_LITTLE: f32 = -2.4;
/// A short telephone number, or a document without its last digit.
const SEVEN_DIGITS: f32 = -1.3;
/// The first letter of a word that is spelled, and what each letter adds.
const SPELLS: f32 = -2.0;
const A_LETTER: f32 = 0.15;
/// An announcement of what is to come.
const ANNOUNCES: f32 = -2.3;
/// A greeting, mostly followed by the matter.
const GREETS: f32 = -1.6;
/// A main clause is still missing.
const SUBORDINATE: f32 = -1.8;
/// A question.
const QUESTION: f32 = 1.1;
/// What was asked for.
const ANSWERS: f32 = 0.8;
/// All that there is to say.
const WHOLE: f32 = 1.5;
/// Yes or no, and nothing else: half of those go on.
const BARE: f32 = -1.45;
/// The same where it was asked for.
const BARE_ANSWER: f32 = -1.0;
/// What may be over or not, such as a first sentence: callers add to it after up to a second.
const MAYBE: f32 = -2.1;
/// What each word adds to that: the more was said, the less is missing.
const A_WORD: f32 = 0.14;
/// And all of them together at most.
const MANY_WORDS: f32 = 1.55;
/// Hours, addresses and ages go on: "a las diez y media".
const FIGURE: f32 = -0.3;
/// A day or an hour where one was asked for.
const NAMES_A_TIME: f32 = 0.3;

/// Words after which nobody stops: articles, prepositions, conjunctions, beginnings.
const DANGLING_ES: &str = "\
    el la los las un una unos unas de del a al ante para por con sin en entre sobre y e o u ni que porque pero \
    aunque mi mis su sus tu como cuando donde desde hasta hacia es soy son quiero quisiera necesito queria busco \
    muy arroba guion sino segun contra mientras durante tras bajo cada esta este prefiero \
    seria nuestro nuestra cuyo cual";
const DANGLING_EN: &str = "\
    the a an of to for with without in on at by from about into and or but because that which if so my your his \
    her our their is am are was want need i'd i'm it's would have very dot dash underscore maybe \
    before after until while since their than as under over between we i he she they it's there's";
/// Ways to begin that say nothing yet.
const ANNOUNCING: [&str; 33] = [
    "mire",
    "mira",
    "disculpe",
    "disculpa",
    "perdon",
    "oiga",
    "una consulta",
    "una pregunta",
    "resulta",
    "le cuento",
    "le comento",
    "a ver",
    "bueno",
    "pues",
    "o sea",
    "es decir",
    "el tema",
    "lo que pasa",
    "well",
    "look",
    "listen",
    "let me see",
    "a question",
    "excuse me",
    "no se",
    "un momento",
    "espere",
    "espereme",
    "a ver si",
    "hold on",
    "one moment",
    "one second",
    "not sure",
];
const GREETINGS: &str = "\
    hola buenas buenos buen dia dias tardes noches alo hello hi good morning afternoon evening";
/// Words that alone are an answer or a farewell.
const WHOLE_ANSWERS: &str = "\
    si no claro correcto exacto exactamente dale perfecto gracias muchas ok okay okey nada mas eso es todo adios \
    chau chao hasta luego bien bueno muy amable asi por favor vale listo seguro ninguno ninguna yes yeah correct \
    right sure fine great thanks thank you bye goodbye please nothing else";
/// What the last sentence of a turn often ends with.
const CLOSING: &str = "\
    gracias favor thanks please you adios chau chao luego bye goodbye todo amable bien perfecto perfect mejor right \
    acuerdo it fine actually";
const QUESTIONS: &str = "\
    cual cuales cuando cuanto cuanta cuantos cuantas donde quien quienes hay tienen atienden aceptan \
    podria podrian what which when where who how do does is are can could would may will why";
const SUBORDINATING: &str = "si cuando como aunque if when since although";
const WHEN_WORDS: &str = "\
    lunes martes miercoles jueves viernes sabado domingo hoy manana pasado mediodia tarde noche enero febrero \
    marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre monday tuesday wednesday thursday \
    friday saturday sunday today tomorrow morning afternoon noon evening cualquiera anytime";
/// What a name is introduced by.
const INTRODUCING: &str = "me llamo mi nombre es soy a de my name is i'm it's this";
const MAIL_ENDINGS: &str = "com ar es mx co cl pe uy net org edu gob gov us io";

/// The log-odds that a turn whose words are `text` is over, where the agent asked for `slot`.
pub(super) fn log_odds(text: &str, slot: Slot, language: Language) -> f32 {
    let words = plain(text);
    let Some(last) = words.last() else { return 0.0 };
    let dangling = match language {
        Language::Es => DANGLING_ES,
        Language::En => DANGLING_EN,
    };
    if is_one(HESITATIONS, last) || text.trim_end().ends_with(['…', '-']) {
        HESITATES
    } else if text.trim_end().ends_with('?') {
        QUESTION
    } else if is_only(&words, WHOLE_ANSWERS) && words.len() <= 5 {
        let closes = words.len() > 1 && is_one(CLOSING, last);
        match slot {
            _ if closes => WHOLE,
            Slot::YesNo => BARE_ANSWER,
            Slot::Open | Slot::When => BARE,
            // What was asked for is still to come.
            _ => TOO_LITTLE,
        }
    } else if is_one(dangling, last) {
        DANGLES
    } else if ANNOUNCING.iter().any(|way| ends_with(&words, way)) && words.len() <= 6 {
        ANNOUNCES
    } else if is_only(&words, GREETINGS) {
        GREETS
    } else if is_subordinate(text) && words.len() < TWO_CLAUSES {
        SUBORDINATE
    } else {
        in_slot(&words, slot)
    }
}

/// Words that dangle by no rule of the language, measured by what was asked for.
fn in_slot(words: &[String], slot: Slot) -> f32 {
    let digits = digits::count(words);
    let letters = spelled(words);
    if letters > 1 || slot == Slot::Spelling && letters > 0 {
        return SPELLS + letters.min(10) as f32 * A_LETTER;
    }
    match slot {
        Slot::Document | Slot::Phone if digits > 0 => number(digits),
        Slot::Email => email(words),
        Slot::Name => name(words),
        Slot::When if words.iter().any(|word| is_when(word)) => sentence(words) + NAMES_A_TIME,
        // Whoever was asked nothing of the kind and begins a number goes on with it.
        Slot::Open | Slot::YesNo if digits >= NUMBER_BEGUN && is_mostly_number(words) => number(digits),
        _ => sentence(words),
    }
}

/// Whether nearly all words are numbers, and none is of an hour or a day.
fn is_mostly_number(words: &[String]) -> bool {
    let numbers = words.iter().filter(|word| digits::is_number(word)).count();
    numbers * 4 > words.len() * 3 && !words.iter().any(|word| is_time(word))
}

/// How many letters stand alone at the end.
fn spelled(words: &[String]) -> usize {
    words.iter().rev().take_while(|word| word.chars().count() == 1 && !digits::is_number(word)).count()
}

fn number(digits: usize) -> f32 {
    if digits < SHORTEST_NUMBER {
        TOO_LITTLE
    } else if digits == SHORTEST_NUMBER {
        SEVEN_DIGITS
    } else if digits < LONGEST_NUMBER {
        -0.3
    } else {
        ANSWERS
    }
}

fn email(words: &[String]) -> f32 {
    let at = words.iter().any(|word| word.contains('@') || word == "arroba" || word == "at");
    let ends = words.last().is_some_and(|last| {
        let ending = last.rsplit('.').next().unwrap_or_default();
        is_one(MAIL_ENDINGS, ending) || ending == "punto" || ending == "dot"
    });
    let has_none = words.iter().any(|word| word == "no" || word == "tengo");
    match (at, ends) {
        (true, true) => ANSWERS,
        (false, _) if has_none => sentence(words),
        _ => TOO_LITTLE,
    }
}

fn name(words: &[String]) -> f32 {
    let is_name = |word: &&String| !is_one(INTRODUCING, word) && !is_one(WHOLE_ANSWERS, word);
    match words.iter().filter(is_name).count() {
        0 => TOO_LITTLE,
        1 => MAYBE,
        2 => -0.6,
        _ => ANSWERS,
    }
}

fn sentence(words: &[String]) -> f32 {
    let first = words.iter().find(|word| !is_one(WHOLE_ANSWERS, word));
    let first = first.map_or("", String::as_str);
    let asks = is_one(QUESTIONS, first) && words.len() >= 3;
    let ending = words.last().is_some_and(|last| is_one(CLOSING, last));
    if asks {
        QUESTION
    } else if ending && words.len() > 1 {
        // "…, por favor", "…, gracias", "… nada más".
        WHOLE
    } else {
        let figure = words.last().is_some_and(|last| digits::is_number(last));
        let number = if figure { FIGURE } else { 0.0 };
        MAYBE + number + (A_WORD * words.len() as f32).min(MANY_WORDS)
    }
}

/// Whether the text begins like a clause that another one follows. Accents count here: "sí" is an answer.
fn is_subordinate(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches(|c: char| matches!(c, '¿' | '¡' | '"')).to_lowercase();
    is_one(SUBORDINATING, &first)
}

fn is_when(word: &str) -> bool {
    is_time(word) || digits::is_number(word)
}

fn is_time(word: &str) -> bool {
    is_one(WHEN_WORDS, word) || matches!(word, "las" | "at")
}

fn is_only(words: &[String], list: &str) -> bool {
    words.iter().all(|word| is_one(list, word))
}

fn ends_with(words: &[String], way: &str) -> bool {
    let mut words = words.iter().rev();
    way.rsplit(' ').all(|end| words.next().is_some_and(|word| word == end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ordered(slot: Slot, language: Language, less_to_more: &[&str]) {
        let odds: Vec<f32> = less_to_more.iter().map(|text| log_odds(text, slot, language)).collect();
        assert!(odds.is_sorted_by(|one, next| one < next), "{less_to_more:?}: {odds:?}");
    }

    #[test]
    fn sentences_that_dangle_go_on_and_questions_are_over() {
        let es =
            ["Quiero un turno, eh", "Quiero un turno para", "Quiero un turno mañana", "¿Atienden mañana?"];
        ordered(Slot::Open, Language::Es, &es);
        let en =
            ["I need an appointment, um", "I need an", "I need an appointment today", "Do you take cards"];
        ordered(Slot::Open, Language::En, &en);
        ordered(
            Slot::Open,
            Language::Es,
            &["Mire", "Hola, buenas tardes", "Quiero un turno con la doctora Paz", "Eso es todo, gracias"],
        );
        ordered(Slot::Open, Language::Es, &["Si mi hijo tiene fiebre", "Mi hijo tiene fiebre"]);
    }

    #[test]
    fn a_full_stop_is_no_sign() {
        for text in ["Quiero un turno", "El turno es para", "28 400"] {
            let stopped = format!("{text}.");
            let odds = |text| log_odds(text, Slot::Open, Language::Es).to_bits();
            assert_eq!(odds(text), odds(stopped.as_str()));
        }
    }

    #[test]
    fn what_was_asked_for_must_be_whole() {
        ordered(Slot::Document, Language::Es, &["28 400", "28.400.512", "28 400 512 334"]);
        ordered(Slot::Phone, Language::En, &["five five five", "five five five zero one nine nine"]);
        ordered(Slot::Email, Language::Es, &["ana punto paz arroba", "ana arroba correo punto com"]);
        ordered(Slot::Name, Language::Es, &["Me llamo", "Ana", "Ana Paz", "Ana María Paz"]);
        ordered(Slot::When, Language::Es, &["Para el", "A las diez", "El jueves", "El jueves por la tarde"]);
        ordered(Slot::YesNo, Language::Es, &["Sí, pero", "Sí"]);
        ordered(Slot::Spelling, Language::Es, &["p", "p a z", "p a z o s"]);
    }
}
