//! What the agent says of its own accord, in both languages.

use crate::base::language::Language;

/// Asks whether the caller is still there; `count` is how often it was asked before.
pub const fn still_there(language: Language, count: u32) -> &'static str {
    match (language, count) {
        (Language::Es, 0) => "¿Sigue ahí?",
        (Language::Es, _) => "No le escucho. ¿Me oye bien?",
        (Language::En, 0) => "Are you still there?",
        (Language::En, _) => "I can't hear you. Can you hear me?",
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
