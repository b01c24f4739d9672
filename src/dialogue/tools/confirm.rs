//! Whether the caller agreed to what is about to be done. The model's word for it does not count: only what the caller heard and
//! then said does (reliability SEC76).

use crate::{
    base::language::Language,
    dialogue::{
        message::Message,
        spoken::{self, plain},
    },
};

/// So many of the agent's last turns may have told what the caller agrees to.
const TURNS_HEARD: usize = 3;

/// What was said last: the caller's turn, and the agent's words before it as far as they were heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the agent said in the turns before it, a question about something else between them.
    pub agent: String,
    /// The caller's last turn.
    pub caller: String,
}

impl Exchange {
    /// The end of a conversation.
    pub fn of(messages: &[Message]) -> Self {
        let is_caller = |message: &Message| matches!(message, Message::User { .. });
        let Some(last) = messages.iter().rposition(is_caller) else { return Self::default() };
        let (before, after) = messages.split_at(last);
        let turns = before.iter().enumerate().rev().filter(|(_, message)| is_caller(message));
        let from = turns.map(|(at, _)| at).nth(TURNS_HEARD - 1).unwrap_or(0);
        let mut agent = String::new();
        for message in before.iter().skip(from) {
            if let Message::Assistant { content, .. } = message {
                agent.push_str(content);
                agent.push(' ');
            }
        }
        let caller = after.first().map(|message| match message {
            Message::User { content } => content.clone(),
            _ => String::new(),
        });
        Self { agent, caller: caller.unwrap_or_default() }
    }

    /// Whether the caller heard these values and agreed.
    pub fn confirms(&self, language: Language, values: &[String]) -> bool {
        is_agreement(&self.caller)
            && !values.is_empty()
            && values.iter().all(|value| self.tells(language, value))
    }

    /// Whether the agent said `value`: as it is written, digit by digit, or with other marks between its digits.
    fn tells(&self, language: Language, value: &str) -> bool {
        let said = plain(&self.agent);
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let said_digits = || self.agent.chars().filter(char::is_ascii_digit).collect::<String>();
        let says = |words: &str| !words.is_empty() && format!(" {said} ").contains(&format!(" {words} "));
        says(&plain(value))
            || says(&plain(&spoken::digits(language, value)))
            || digits.len() >= 4 && said_digits().contains(&digits)
    }
}

/// Words that agree.
const AGREES: [&str; 40] = [
    "si",
    "sip",
    "claro",
    "correcto",
    "correcta",
    "exacto",
    "exactamente",
    "dale",
    "confirmo",
    "confirmado",
    "perfecto",
    "de acuerdo",
    "asi es",
    "eso es",
    "esta bien",
    "esta perfecto",
    "muy bien",
    "ok",
    "okay",
    "okey",
    "vale",
    "bueno",
    "listo",
    "aja",
    "por supuesto",
    "adelante",
    "hagalo",
    "yes",
    "yeah",
    "yep",
    "right",
    "correct",
    "sure",
    "exactly",
    "go ahead",
    "please do",
    "sounds good",
    "of course",
    "thats fine",
    "perfect",
];

/// Words that take an agreement back, or put something else in its place.
const DOUBTS: [&str; 34] = [
    "dejeme",
    "pensarlo",
    "para las",
    "a las",
    "cant",
    "cannot",
    "unsure",
    "make it",
    "no",
    "nada",
    "espere",
    "espera",
    "pero",
    "mejor",
    "cambie",
    "cambiar",
    "equivocado",
    "equivoco",
    "mal",
    "todavia",
    "aun",
    "otro",
    "otra",
    "wait",
    "dont",
    "not",
    "but",
    "wrong",
    "change",
    "instead",
    "rather",
    "another",
    "different",
    "nope",
];

/// Whether `text` says yes, and nothing else that would have to be asked about.
pub fn is_agreement(text: &str) -> bool {
    // "that's" is one word, as it sounds.
    let asks = text.contains('?');
    let text = plain(&text.replace(['\'', '’'], ""));
    let says = |phrase: &str| format!(" {text} ").contains(&format!(" {phrase} "));
    !asks && AGREES.into_iter().any(says) && !DOUBTS.into_iter().any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(agent: &str, caller: &str) -> Exchange {
        Exchange { agent: agent.to_owned(), caller: caller.to_owned() }
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        for yes in ["Sí.", "Sí, por favor", "Dale, perfecto", "Así es.", "That's fine.", "Yes, go ahead"] {
            assert!(is_agreement(yes), "{yes}");
        }
        for other in [
            "",
            "Hola",
            "No",
            "Sí, pero a las diez",
            "No, está bien",
            "yes but not then",
            "siempre",
            "¿Bueno?",
            "Sí, para las once",
            "Bueno, déjeme pensarlo",
            "Sure, make it Tuesday",
        ] {
            assert!(!is_agreement(other), "{other}");
        }
    }

    #[test]
    fn the_caller_agrees_to_what_they_heard_only() {
        let values = ["Ana Paz".to_owned(), "28400512".to_owned()];
        let spoken =
            "El jueves a las diez, Ana Paz, documento dos ocho cuatro cero cero cinco uno dos. ¿Correcto?";
        for (agent, caller, agreed) in [
            (spoken, "Sí.", true),
            ("A nombre de Ana Paz, 28.400.512.", "Correcto", true),
            (spoken, "¿Cómo?", false),
            ("¿A nombre de Ana Paz?", "Sí", false),
            ("Documento 28400513, Ana Paz.", "Sí", false),
            ("", "Sí", false),
        ] {
            assert_eq!(exchange(agent, caller).confirms(Language::Es, &values), agreed, "{agent} {caller}");
        }
    }

    #[test]
    fn an_exchange_is_the_callers_last_turn_and_what_they_had_heard_before_it() {
        let user = |text: &str| Message::User { content: text.to_owned() };
        let agent = |text: &str| Message::Assistant { content: text.to_owned(), tool_calls: Vec::new() };
        let messages = [
            agent("Hola."),
            user("Un turno"),
            agent("¿El lunes?"),
            user("¿Con quién?"),
            agent("Con Paz."),
            user("¿Dónde?"),
            agent("Acá."),
            user("Sí"),
        ];
        assert_eq!(Exchange::of(&messages), exchange("¿El lunes? Con Paz. Acá. ", "Sí"));
        // What the model says after the caller's turn was not what they agreed to.
        let more = [messages.as_slice(), &[agent("Confirma que sí.")]].concat();
        assert_eq!(Exchange::of(&more), exchange("¿El lunes? Con Paz. Acá. ", "Sí"));
        assert_eq!(Exchange::of(&[agent("Hola.")]), Exchange::default());
    }
}
