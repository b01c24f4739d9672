//! Amounts in words.

use super::number::{Agreement, counted, number};
use crate::{
    base::language::Language,
    dialogue::spoken::{
        locale::Locale,
        money::{Currency, Money},
    },
};

/// The amount: "mil doscientos pesos con cincuenta centavos", "twelve dollars and fifty cents".
///
/// Whose peso it is is said only where it is not the country's own.
pub fn money(locale: Locale, money: Money) -> String {
    let Money { cents, currency } = money;
    let (whole, cents) = (cents / 100, cents % 100);
    let minor = minor(locale.language, currency, cents == 1);
    let count = |value| match locale.language {
        Language::Es => counted(value, gender(currency)),
        Language::En => number(Language::En, value),
    };
    // "un centavo", also of the feminine pound.
    let few = |value| match locale.language {
        Language::Es => counted(value, Agreement::Masculine),
        Language::En => number(Language::En, value),
    };
    let name = name(locale, currency, whole);
    match (locale.language, whole, cents) {
        (_, _, 0) => format!("{} {name}", count(whole)),
        (_, 0, _) => format!("{} {minor}{}", few(cents), whose(locale, currency)),
        (Language::Es, ..) => format!("{} {name} con {} {minor}", count(whole), few(cents)),
        (Language::En, ..) => format!("{} {name} and {} {minor}", count(whole), few(cents)),
    }
}

fn gender(currency: Currency) -> Agreement {
    let [one, _] = currency.names().spanish;
    if one.ends_with('a') { Agreement::Feminine } else { Agreement::Masculine }
}

/// The currency's name for `whole` of it, with "de" behind round millions in Spanish.
fn name(locale: Locale, currency: Currency, whole: u64) -> String {
    let names = currency.names();
    let [spanish_of, english_of] = names.of;
    let foreign = currency.is_peso() && locale.country.currency() != currency;
    match locale.language {
        Language::Es => {
            let [one, many] = names.spanish;
            let of = if whole >= 1_000_000 && whole.is_multiple_of(1_000_000) { "de " } else { "" };
            match (whole, foreign) {
                (1, true) => format!("{one} {}", spanish_of.trim_end_matches('s')),
                (1, false) => one.to_owned(),
                (_, true) => format!("{of}{many} {spanish_of}"),
                (_, false) => format!("{of}{many}"),
            }
        }
        Language::En => {
            let [one, many] = names.english;
            let name = if whole == 1 { one } else { many };
            if foreign { format!("{english_of} {name}") } else { name.to_owned() }
        }
    }
}

fn minor(language: Language, currency: Currency, one: bool) -> &'static str {
    match (language, currency, one) {
        (Language::Es, Currency::Pen | Currency::Eur, true) => "céntimo",
        (Language::Es, Currency::Pen | Currency::Eur, false) => "céntimos",
        (Language::Es, Currency::Gbp, true) => "penique",
        (Language::Es, Currency::Gbp, false) => "peniques",
        (Language::Es, _, true) => "centavo",
        (Language::Es, _, false) => "centavos",
        (Language::En, Currency::Gbp, true) => "penny",
        (Language::En, Currency::Gbp, false) => "pence",
        (Language::En, _, true) => "cent",
        (Language::En, _, false) => "cents",
    }
}

/// Hundredths alone do not tell their currency: "cincuenta centavos de dólar", where it is not the country's own.
fn whose(locale: Locale, currency: Currency) -> String {
    if locale.country.currency() == currency || currency == Currency::Gbp {
        return String::new();
    }
    match locale.language {
        Language::Es => format!(" de {}", name(locale, currency, 1)),
        Language::En => format!(" of a {}", name(locale, currency, 1)),
    }
}
