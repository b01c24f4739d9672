//! What the agent says of its own accord, in both languages.

use crate::{
    base::language::Language,
    dialogue::{agent::Agent, pieces::Pieces, record::Clip},
};

/// Asks whether the caller is still there; `count` is how often it was asked before.
pub const fn still_there(language: Language, count: u32) -> &'static str {
    match (language, count) {
        (Language::Es, 0) => "¿Sigue ahí?",
        (Language::Es, _) => "No le escucho. ¿Me oye bien?",
        (Language::En, 0) => "Are you still there?",
        (Language::En, _) => "I can't hear you. Can you hear me?",
    }
}

/// Offers the keypad to who is asked for a number.
pub const fn keypad(language: Language) -> &'static str {
    match language {
        Language::Es => "También puede marcarlo en el teclado y terminar con numeral.",
        Language::En => "You can also type it on your keypad and end with the pound key.",
    }
}

/// The goodbye to a silent caller.
pub const fn silent_goodbye(language: Language) -> &'static str {
    match language {
        Language::Es => {
            "Como no le escucho, voy a terminar la llamada. Puede volver a llamarnos cuando quiera. Hasta luego."
        }
        Language::En => "I can't hear you, so I'll end the call now. Please call us again any time. Goodbye.",
    }
}

/// The goodbye when the call has lasted as long as it may, or the server stops.
pub const fn time_is_up(language: Language) -> &'static str {
    match language {
        Language::Es => "Tengo que terminar la llamada. Gracias por comunicarse. Hasta luego.",
        Language::En => "I have to end the call now. Thank you for calling. Goodbye.",
    }
}

/// The goodbye of a model that ended the call without a word.
pub const fn goodbye(language: Language) -> &'static str {
    match language {
        Language::Es => "Gracias por llamar. Hasta luego.",
        Language::En => "Thank you for calling. Goodbye.",
    }
}

/// What is said before the call is passed on, where the model says nothing.
pub const fn passes_on(language: Language) -> &'static str {
    match language {
        Language::Es => "Le comunico. Un momento, por favor.",
        Language::En => "I'm putting you through. One moment, please.",
    }
}

/// The ways to say a standard phrase; they take turns, so that a caller who waits does not hear the same words again.
pub const fn clip(language: Language, clip: Clip) -> &'static [&'static str] {
    match language {
        Language::Es => spanish(clip),
        Language::En => english(clip),
    }
}

const fn spanish(clip: Clip) -> &'static [&'static str] {
    match clip {
        Clip::Hold => {
            &["Un momento, por favor.", "Deme un segundo, por favor.", "Enseguida estoy con usted."]
        }
        Clip::Lookup => {
            &["Déjeme revisar la agenda, por favor.", "Permítame un momento, estoy viendo la agenda."]
        }
        Clip::Repeat => &["Disculpe, no le escuché bien. ¿Me lo puede repetir?"],
        Clip::Again => &["Disculpe, tuve un inconveniente técnico. ¿Puede repetirlo, por favor?"],
        Clip::Help => &["Disculpe, tuve un inconveniente técnico. ¿En qué puedo ayudarle?"],
        Clip::Deaf => &["Disculpe, en este momento no le escucho. Espere un momento, por favor."],
        Clip::Trouble => &["Disculpe, estamos teniendo un inconveniente técnico."],
        Clip::Goodbye => &["Le pedimos que vuelva a llamar más tarde. Hasta luego."],
    }
}

const fn english(clip: Clip) -> &'static [&'static str] {
    match clip {
        Clip::Hold => &["One moment, please.", "Just a second, please.", "I'll be right with you."],
        Clip::Lookup => &["Let me check the schedule.", "Bear with me, I'm looking at the calendar."],
        Clip::Repeat => &["Sorry, I didn't catch that. Could you say it again?"],
        Clip::Again => &["I'm sorry, I had a technical problem. Could you say that again, please?"],
        Clip::Help => &["I'm sorry, I had a technical problem. How can I help you?"],
        Clip::Deaf => &["I'm sorry, I can't hear you right now. Please hold on a moment."],
        Clip::Trouble => &["I'm sorry, we are having a technical problem."],
        Clip::Goodbye => &["Please call us again later. Goodbye."],
    }
}

/// All that `agent` says of its own accord, the most urgent first, each text once: standard phrases as a whole, sentences in
/// the pieces in which the voice gets them.
pub fn all(agent: &Agent) -> Vec<String> {
    let language = agent.language;
    let openings = [9, 15, 21].map(|hour| pieces(&agent.opening(hour)));
    let reopening = pieces(agent.reopening());
    let clips = Clip::ALL.into_iter().flat_map(|each| clip(language, each)).map(|&text| text.to_owned());
    let scripts = [
        still_there(language, 0),
        still_there(language, 1),
        keypad(language),
        silent_goodbye(language),
        goodbye(language),
        time_is_up(language),
    ];
    let mut all = Vec::new();
    for text in openings
        .into_iter()
        .flatten()
        .chain(reopening)
        .chain(clips)
        .chain(scripts.into_iter().flat_map(pieces))
    {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// A sentence of ours as it is given to the voice.
pub fn pieces(text: &str) -> Vec<String> {
    let (mut pieces, mut out) = (Pieces::default(), Vec::new());
    pieces.push(text, &mut out);
    pieces.finish(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_what_is_said_at_any_hour() {
        let (text, data) =
            (include_str!("../../prompts/clinica.md"), include_str!("../../prompts/clinica.toml"));
        let agent = Agent::parse("clinica", text, data).unwrap();
        let all = all(&agent);
        for said in (0..24).map(|hour| agent.opening(hour)) {
            assert!(pieces(&said).iter().all(|piece| all.contains(piece)), "{said}");
        }
        for count in 0..9 {
            assert!(pieces(still_there(agent.language, count)).iter().all(|piece| all.contains(piece)));
        }
        assert!(pieces(keypad(agent.language)).iter().all(|piece| all.contains(piece)));
        assert_eq!(all[0], "Buenos días.");
        assert!(all.contains(&clip(agent.language, Clip::Again)[0].to_owned()));
    }
}
