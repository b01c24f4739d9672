//! Names of people.

use super::{given, things};
use crate::dialogue::spoken::hear::{
    calendar, number,
    said::{Said, Word},
};

/// A name has at most this many words.
const LONGEST: usize = 6;

/// What people say before their name.
const TRIGGERS: &[&str] = &[
    "me llamo",
    "mellamo",
    "melamo",
    "me yamo",
    "me amo",
    "mi nombre completo es",
    "mi nombre es",
    "el nombre completo es",
    "el nombre es",
    "mi apellido es",
    "el apellido es",
    "nombre completo",
    "a nombre de",
    "se llama",
    "le habla",
    "habla",
    "soy",
    "nombre",
    "my full name is",
    "my name is",
    "the name is",
    "my last name is",
    "the last name is",
    "under the name",
    "i am",
    "im",
];

/// Words that are no part of a name.
const NO_NAME: &[&str] = &[
    "a",
    "al",
    "ahi",
    "ahora",
    "anda",
    "aqui",
    "asi",
    "atender",
    "bien",
    "bueno",
    "buenas",
    "buenos",
    "cita",
    "claro",
    "como",
    "con",
    "consulta",
    "correcto",
    "cual",
    "cuando",
    "cuanto",
    "dale",
    "de",
    "dia",
    "dias",
    "disculpe",
    "dni",
    "doctor",
    "doctora",
    "documento",
    "donde",
    "eh",
    "ehm",
    "el",
    "ella",
    "en",
    "era",
    "es",
    "eso",
    "espere",
    "esta",
    "este",
    "gracias",
    "hasta",
    "hola",
    "hora",
    "la",
    "las",
    "le",
    "lo",
    "los",
    "manana",
    "mas",
    "me",
    "medico",
    "mi",
    "mire",
    "momento",
    "muy",
    "nada",
    "necesito",
    "no",
    "nombre",
    "nuevo",
    "nueva",
    "numero",
    "o",
    "ok",
    "otra",
    "otro",
    "paciente",
    "para",
    "perdon",
    "perfecto",
    "pero",
    "por",
    "puede",
    "puedo",
    "que",
    "quien",
    "quiero",
    "se",
    "seguro",
    "senor",
    "senora",
    "si",
    "sin",
    "su",
    "tambien",
    "tarde",
    "tardes",
    "tengo",
    "tiene",
    "todo",
    "turno",
    "un",
    "una",
    "uno",
    "usted",
    "y",
    "ya",
    "yo",
    "and",
    "appointment",
    "but",
    "document",
    "hello",
    "is",
    "name",
    "number",
    "of",
    "please",
    "sure",
    "thanks",
    "that",
    "the",
    "with",
    "yes",
    "mejor",
    "prefiero",
    "cambiar",
    "cambio",
    "digo",
    "entonces",
    "solo",
    "solamente",
    "sola",
    "quisiera",
    "queria",
    "podria",
    "hay",
    "estoy",
    "estan",
    "voy",
    "vamos",
    "digame",
    "favor",
    "ayuda",
    "hablar",
    "especialidad",
    "horario",
    "dijo",
    "dice",
    "entiendo",
    "entendi",
    "se",
    "hace",
    "cosa",
    "apellido",
    "what",
    "want",
    "would",
    "sorry",
    "wait",
    "can",
    "you",
    "my",
    "it",
    "to",
    "not",
    "dont",
    "think",
    "know",
    "going",
    "calling",
    "just",
    "here",
    "there",
    "fine",
    "good",
    "great",
    "ok",
    "okay",
    "listo",
    "bye",
    "adios",
    "chau",
    "llamo",
    "algo",
    "nadie",
    "ninguno",
    "eso",
    "esa",
    "ese",
    "todavia",
    "nunca",
    "siempre",
    "cuanta",
    "mucho",
    "mucha",
    "muchas",
    "atienden",
    "atiende",
    "tienen",
    "tiene",
    "trabajan",
    "aceptan",
    "abren",
    "cierran",
    "quien",
    "cuales",
];

/// Small words inside a name.
const PARTICLES: [&str; 9] = ["de", "la", "las", "los", "del", "da", "di", "van", "dos"];

/// What may stand before a name that is said alone.
const FILLERS: &[&str] = &[
    "si", "bueno", "claro", "eh", "ehm", "este", "a", "ver", "es", "el", "la", "nombre", "mi", "de", "no",
    "perdon", "dale", "ok", "hola", "por", "supuesto", "yes", "sure", "well", "um", "uh", "its", "it", "is",
    "the", "of", "course", "okay",
];

/// A name behind words such as "me llamo"; marks them as used.
pub fn introduced(said: &mut Said) -> Option<String> {
    for trigger in TRIGGERS {
        let Some(range) = said.find(trigger) else { continue };
        let mut from = range.end;
        while matches!(said.at(from), "es" | "el" | "la" | "senor" | "senora" | "eh" | "is") {
            from += 1;
        }
        if let Some((name, to)) = name_at(said, from) {
            // "I am looking for": a verb is no name.
            if !(matches!(*trigger, "i am" | "im") && said.at(from).ends_with("ing")) {
                said.take(range.start..to);
                return Some(name);
            }
        }
    }
    None
}

/// A name that is all that was said, where one was asked for.
pub fn alone(said: &mut Said) -> Option<String> {
    let mut from = 0;
    while FILLERS.contains(&said.at(from)) || said.is_used(from) && from < said.len() {
        from += 1;
    }
    let (name, to) = name_at(said, from)?;
    let rest = (to..said.len()).filter(|index| !said.is_used(*index)).count();
    // A long rest means that the words were something else.
    if rest > 4 {
        return None;
    }
    said.take(from..to);
    Some(name)
}

/// The name at `from`, and the place behind it.
fn name_at(said: &Said, from: usize) -> Option<(String, usize)> {
    let mut parts: Vec<&Word> = Vec::new();
    let mut index = from;
    while parts.len() < LONGEST && !said.is_used(index) {
        let Some(word) = said.words.get(index) else { break };
        let joins = !parts.is_empty() && PARTICLES.contains(&word.norm.as_str()) && leads_on(said, index);
        if !joins && !is_name(&word.norm) {
            break;
        }
        parts.push(word);
        index += 1;
        if word.pause {
            break;
        }
    }
    if parts.is_empty() {
        return None;
    }
    if let [word] = parts.as_slice()
        && let Some(length) = given::length(&word.norm)
    {
        let first: String = word.raw.chars().take(length).collect();
        let last: String = word.raw.chars().skip(length).collect();
        return Some((format!("{} {}", capitalised(&first), capitalised(&last)), index));
    }
    let name: Vec<String> = parts.iter().map(|word| capital(word)).collect();
    Some((name.join(" "), index))
}

/// Whether a name follows the small words at `index`.
fn leads_on(said: &Said, index: usize) -> bool {
    let next = (index..index + 4).find(|index| !PARTICLES.contains(&said.at(*index)));
    next.is_some_and(|index| is_name(said.at(index)))
}

fn is_name(norm: &str) -> bool {
    norm.chars().count() >= 2
        && norm.chars().all(char::is_alphabetic)
        && !NO_NAME.contains(&norm)
        && !things::is_field(norm)
        && number::word(norm).is_none()
        && calendar::weekday(norm).is_none()
}

fn capital(word: &Word) -> String {
    if PARTICLES.contains(&word.norm.as_str()) {
        return word.norm.clone();
    }
    capitalised(&word.raw)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters.flat_map(char::to_lowercase)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn introduced_names_are_read() {
        for (text, name) in [
            ("Me llamo Marcela Fernández.", "Marcela Fernández"),
            ("Me llamo, Marcela Fernández.", "Marcela Fernández"),
            ("Me llamo Martíngonzales.", "Martín Gonzales"),
            ("Melamo Marcela Fernández", "Marcela Fernández"),
            ("me llamo Julio dos Santos, dos ocho", "Julio dos Santos"),
            ("hola soy juan perez y quiero un turno", "Juan Perez"),
            ("a nombre de María de los Ángeles Ruiz, por favor", "María de los Ángeles Ruiz"),
            ("mi nombre es José de la Cruz", "José de la Cruz"),
            ("My name is Anne Miller and my number is five", "Anne Miller"),
            ("I'm John Smith", "John Smith"),
        ] {
            assert_eq!(introduced(&mut Said::new(text)).as_deref(), Some(name), "{text}");
        }
        for text in
            ["soy paciente nuevo", "I'm looking for a doctor", "soy de OSDE", "habla con el doctor", "hola"]
        {
            assert_eq!(introduced(&mut Said::new(text)), None, "{text}");
        }
    }

    #[test]
    fn a_name_may_be_all_that_is_said() {
        for (text, name) in [
            ("Marcela Fernández.", "Marcela Fernández"),
            ("Sí, claro, Marcela Fernández", "Marcela Fernández"),
            ("eh... es Ana Paz", "Ana Paz"),
            ("GARCÍA", "García"),
        ] {
            assert_eq!(alone(&mut Said::new(text)).as_deref(), Some(name), "{text}");
        }
        for text in ["", "sí", "no sé", "el jueves", "28400512", "qué dijo"] {
            assert!(alone(&mut Said::new(text)).is_none(), "{text}");
        }
    }
}
